"""What was refused, for the gateways that sent it: a word or two, however much there was.

    dead letters ─note▶ by gateway, reason, topic ─told▶ a notice at once, then one in five minutes

Who has the connections brings the notices to the gateways, in another process: it reads what is
told each second. A notice is told for a minute, and numbered, so that it is brought once.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from metering.intake import DeadLetter, RefusalNotice

EVERY_US = 5 * 60 * 1_000_000
"""Between two notices of one gateway, reason and topic."""
TOLD_US = 60 * 1_000_000
LATE_US = 24 * 3600 * 1_000_000
"""What arrived longer ago is of no use to its gateway any more."""
MOST, MOST_OF_ONE = 1_000, 20
"""Reasons with their topics that are known at a time, of all gateways and of one; a gateway that
has more hears of these."""
MOST_TOLD = 200
LONGEST = 300
"""Characters of each text."""

_Kind = tuple[str, str, str]
"""(gateway, reason, topic)"""


@dataclass(frozen=True)
class _Counted:
    letter: DeadLetter
    count: int = 0
    first_us: int = 0
    told_us: int | None = None


class Refusals:
    """Those of one process. Safe to share between threads.

    now_us: the clock [us since the epoch].
    """

    def __init__(self, now_us: Callable[[], int]) -> None:
        self.run = secrets.token_hex(4)
        """Names the process: numbers begin anew with it."""
        self._now_us = now_us
        self._kinds: OrderedDict[_Kind, _Counted] = OrderedDict()
        self._of: dict[str, int] = {}
        """How many kinds each gateway has."""
        self._told: deque[RefusalNotice] = deque(maxlen=MOST_TOLD)
        self._number = 0
        self._lock = threading.Lock()

    def note(self, letters: Iterable[DeadLetter]) -> None:
        """These were refused, and are stored."""
        since_us = self._now_us() - LATE_US
        with self._lock:
            for letter in letters:
                if letter.gateway and letter.arrived_us >= since_us:
                    self._count(letter)

    def told(self) -> list[RefusalNotice]:
        """Notices of the last minute, by number."""
        now_us = self._now_us()
        with self._lock:
            for kind, one in list(self._kinds.items()):
                if one.told_us is not None and abs(now_us - one.told_us) < EVERY_US:
                    continue
                if one.count:
                    self._tell(kind, one, now_us)
                else:
                    self._forget(kind)
            while self._told and abs(now_us - self._told[0].at_us) > TOLD_US:
                self._told.popleft()
            return list(self._told)

    def _count(self, letter: DeadLetter) -> None:
        kind = (letter.gateway, letter.reason, letter.route)
        one = self._kinds.get(kind)
        if one is None:
            if self._of.get(letter.gateway, 0) >= MOST_OF_ONE:
                return
            self._of[letter.gateway] = self._of.get(letter.gateway, 0) + 1
            one = _Counted(letter)
        first_us = one.first_us if one.count else letter.arrived_us
        self._kinds[kind] = _Counted(letter, one.count + 1, first_us, one.told_us)
        if len(self._kinds) > MOST:
            self._forget(next(iter(self._kinds)))

    def _tell(self, kind: _Kind, one: _Counted, now_us: int) -> None:
        self._number += 1
        letter = one.letter
        self._told.append(
            RefusalNotice(
                number=self._number,
                at_us=now_us,
                gateway=letter.gateway,
                reason=letter.reason,
                topic=letter.route[:LONGEST],
                message=letter.message[:LONGEST],
                field=letter.field[:LONGEST],
                value=letter.value[:LONGEST],
                fix=letter.fix[:LONGEST],
                count=one.count,
                first_us=one.first_us,
                last_us=letter.arrived_us,
            )
        )
        self._kinds[kind] = _Counted(letter, told_us=now_us)
        self._kinds.move_to_end(kind)

    def _forget(self, kind: _Kind) -> None:
        del self._kinds[kind]
        self._of[kind[0]] -= 1
        if not self._of[kind[0]]:
            del self._of[kind[0]]
