"""Gateways are asked for what did not come of them.

    intake     gaps that are due, of gateways that are there ─▶ asked, with when and how often
    collector  gaps that were just asked for ─▶ the gateway's command topic

The intake decides, and notes it before anybody is told: so a gap is asked for once in each pause,
whoever dies in between. The collector, which is open to the outside, only reads.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from collector import Receiver
from greenoffice.folder import DataFolder
from greenoffice.gateway_passwords import database_there
from greenoffice.stores import open_requests
from metering.delivery import OLDEST_US, Gap, asked, ended
from metering.localtime import iso
from metering.ports import Requests, Resending

ASK_S = 5.0
"""Between two looks for what is due, and for what was asked [s]."""
TELL_US = 60_000_000
"""For so long a collector tries to tell a gateway that does not listen yet [us]."""


@dataclass(frozen=True)
class AskingWork:
    """Asks for the gaps that are due, and gives up those of which that is in vain."""

    store: Resending
    writers: Sequence[int]
    """Of the ways in by which a gateway can be told something."""
    now_us: Callable[[], int]
    after_s: int
    """What is missing is asked for once nothing of it came for so long."""
    tries: int
    """How often at most; 0: the platform asks for nothing by itself."""

    def __call__(self) -> bool:
        """False: there is time until the next look."""
        now_us = self.now_us()
        for gap in self.store.due(now_us, self.after_s * 1_000_000, self.writers):
            most = 1 if gap.kind == "hand" else self.tries
            if gap.tries >= most or gap.found_us < now_us - OLDEST_US:
                self.store.settle(ended(gap, "given_up", now_us), gap)
            else:
                self.store.settle(asked(gap, now_us), gap)
        return False


@dataclass
class Telling:
    """Tells gateways what they are asked for. `news` may wait for the database; `tell` belongs to
    the loop of the receivers."""

    receivers: Mapping[int, Receiver]
    """By number of their writers."""
    now_us: Callable[[], int]
    store: Callable[[], Requests]
    since_us: int
    """What was asked for before is left: who told it may have been another process."""
    _known: dict[int, int] = field(default_factory=dict, init=False)
    """When each was asked for that was told."""

    def news(self) -> list[tuple[int, Gap]]:
        """What was asked for since, by writer. Raises what opening the database does."""
        store, since_us = self.store(), max(self.since_us, self.now_us() - TELL_US)
        return [
            (writer_no, gap)
            for writer_no in self.receivers
            for gap in store.asked(since_us, [writer_no])
        ]

    def tell(self, news: Sequence[tuple[int, Gap]]) -> None:
        """Tell those that listen; one that does not is told later, as long as it is news."""
        self._known = {id: at for id, at in self._known.items() if at > self.now_us() - 2 * TELL_US}
        for writer_no, gap in news:
            receiver = self.receivers[writer_no]
            if self._known.get(gap.id) != gap.asked_us and receiver.hears(gap.gateway):
                self._known[gap.id] = gap.asked_us
                receiver.command(gap.gateway, command_of(gap))


def command_of(gap: Gap) -> bytes:
    """What a gateway is told on its command topic."""
    told: dict[str, object] = {"command": "resend", "id": gap.id}
    if (numbers := gap.numbers) is not None:
        told |= {"session": gap.session, "seq": list(numbers)}
    elif (times := gap.times_us) is not None:
        told |= {"from": iso(times[0]), "until": iso(times[1])}
    return json.dumps(told).encode()


@dataclass
class RequestsOfFolder:
    """The requests of a data folder's database, opened when they are first asked for, and again
    where another file took its place."""

    folder: DataFolder
    _store: Requests | None = field(default=None, init=False)
    _there: object = field(default=None, init=False)

    def __call__(self) -> Requests:
        """Raises what `open_requests` does: another call tries again."""
        there = database_there(self.folder)
        if self._store is None or there != self._there:
            self._store, self._there = open_requests(self.folder), there
        return self._store
