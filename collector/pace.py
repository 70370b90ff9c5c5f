"""How closely the budgets of gateways bind, by what waits for the intake.

While the intake follows, nobody needs to be slowed down, however much comes in at once. When it
falls behind, those that brought more than their budget wait, so that what is journalled before
everybody's next readings stays a matter of a second or two; whoever keeps within it never does.
"""

from __future__ import annotations

from enum import IntEnum

LEAST_ROOM = 4_000.0
"""Records that may always wait for the intake."""
FAR = 3
"""Times the room: so far behind, half a budget is enough to wait."""
KEPT = 0.8
"""Share of what the intake once managed that is still believed when it is told anew."""


class Bound(IntEnum):
    """What a gateway that has spent its budget may do."""

    FREE = 0
    """Go on: the intake follows."""
    BUDGET = 1
    """Go on at the rate of its budget."""
    WAIT = 2
    """Nothing, as one that has spent more than half of it: budgets alone were too much."""


class Pace:
    """Follows the intake. Until it is told how far that is, budgets bind."""

    def __init__(self) -> None:
        self.bound = Bound.BUDGET
        self._room = LEAST_ROOM
        self._behind: int | None = None
        self._put = 0

    def put(self, records: int) -> Bound:
        """So many records more wait for the intake."""
        self._put += records
        return self._bind()

    def told(self, behind: int | None) -> Bound:
        """So many records wait at this moment; None where nobody can say, because the intake does
        not run or has stopped: then the journal takes what gateways could not keep."""
        if behind is not None and self._behind is not None:
            taken = max(0, self._behind + self._put - behind)
            self._room = max(LEAST_ROOM, 2.0 * taken, KEPT * self._room)
        self._behind, self._put = behind, 0
        return self._bind()

    def _bind(self) -> Bound:
        """Twice what the intake takes between two tellings may wait, and half of that is left when
        all are let go on: so it never has nothing to do while somebody is held."""
        if self._behind is None:
            self.bound = Bound.BUDGET
            return self.bound
        waiting = self._behind + self._put
        up = (waiting > self._room) + (waiting > FAR * self._room)
        down = (waiting > self._room / 2) + (waiting > (FAR - 1) * self._room)
        self.bound = Bound(min(max(self.bound, up), down))
        return self.bound
