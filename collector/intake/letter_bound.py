"""So many dead letters of one gateway, reason and day are kept; what comes beyond is counted.

The count is a letter of its own, `seen` as often as there were more. It holds the place of the
first of them: the journal keeps them all, and once the reason is gone they are read again from
there on (`collector.intake.rereading`).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace

from metering.errors import InvalidInput
from metering.intake import DeadLetter
from metering.ports import IntakeReader

KEPT = 1_000
"""Letters of one gateway, reason and day."""
DAY_US = 86_400_000_000
BEYOND = "beyond "
_REMEMBERED = 64
_Of = tuple[str, str, int]


def is_beyond(letter: DeadLetter) -> bool:
    """Whether it stands for all that came beyond those that are kept."""
    return letter.digest.startswith(BEYOND)


class LetterBound:
    """Which letters are kept. store: where those lie that were kept before."""

    def __init__(self, store: IntakeReader, most: int = KEPT) -> None:
        self._store = store
        self._most = most
        self._kept: OrderedDict[_Of, set[tuple[str, int]]] = OrderedDict()

    def forget(self) -> None:
        """The store was emptied."""
        self._kept.clear()

    def bounded(self, letters: Iterable[DeadLetter]) -> list[DeadLetter]:
        """The letters, those beyond the bound as such; the same again for the same letters."""
        found = [letter if self._keeps(letter) else _beyond(letter) for letter in letters]
        while len(self._kept) > _REMEMBERED:  # not sooner: these are not stored yet
            self._kept.popitem(last=False)
        return found

    def _keeps(self, letter: DeadLetter) -> bool:
        kept = self._known((letter.gateway, letter.reason, letter.arrived_us // DAY_US))
        same = (letter.digest, letter.index)
        if same in kept:
            return True
        if len(kept) >= self._most:
            return False
        kept.add(same)
        return True

    def _known(self, of: _Of) -> set[tuple[str, int]]:
        if of not in self._kept:
            self._kept[of] = self._stored(*of)
        self._kept.move_to_end(of)
        return self._kept[of]

    def _stored(self, gateway: str, reason: str, day: int) -> set[tuple[str, int]]:
        """Kept before; of a gateway whose letters came late some may be overlooked, never more
        than are kept of one day."""
        newest = self._store.dead_letters(
            frozenset((gateway,)), reason=reason, limit=2 * self._most
        )
        return {
            (letter.digest, letter.index)
            for letter in newest
            if letter.arrived_us // DAY_US == day and not is_beyond(letter)
        }


_MORE = InvalidInput(
    "more for this reason than are kept of one day: they are counted here",
    field="seen",
    fix="mend the reason by the letters that are kept; the journal keeps all of them,"
    " and what the registry mends is read again from here on",
)


def _beyond(letter: DeadLetter) -> DeadLetter:
    day, writer_no = letter.arrived_us // DAY_US, letter.segment >> 24
    return replace(
        letter,
        message=_MORE.message,
        field="seen",
        value="",
        fix=_MORE.fix or "",
        index=-1,
        digest=f"{BEYOND}{letter.reason} {day} {writer_no}",
        point="",
        read_by="",
        preview=b"",
    )
