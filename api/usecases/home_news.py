"""What changed at a place since an instant: cases, restatements, dead letters, gateways."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from api.caller import Caller
from api.usecases.findings import CasesWanted, find
from api.usecases.gateways import states_of_all
from api.usecases.messages import letters_of
from metering.book import Restatement
from metering.finding import Case
from metering.gateway_life import ManagedGateway
from metering.localtime import HOUR_US

SILENT_US: Final = HOUR_US
MOST_CASES: Final = 50
MOST_LETTERS: Final = 100
MOST_RESTATED: Final = 50


@dataclass(frozen=True)
class HomeNews:
    """Since an instant; of each kind no more than a person looks at."""

    opened: Sequence[Case]
    reopened: Sequence[Case]
    closed: Sequence[Case]
    """Those that stand no more."""
    restated: Sequence[Restatement]
    """Days of the place's own figures, newest first."""
    letters: int
    silent: Sequence[ManagedGateway]
    """Gateways of the place that were heard since then, and have been silent for an hour."""

    @property
    def any(self) -> bool:
        """Whether anything changed."""
        lists = (self.opened, self.reopened, self.closed, self.restated, self.silent)
        return any(lists) or self.letters > 0


def home_news(caller: Caller, node: str, institution: str, since_us: int) -> HomeNews:
    """Of a node of the scope and all below it; dead letters are those of the whole scope."""
    wanted = CasesWanted(changed_us=since_us, told=True, under=node)
    cases = find(caller, wanted, limit=MOST_CASES)
    opened = [one for one in cases if one.opened_us >= since_us]
    others = [one for one in cases if one.opened_us < since_us and one.state_us >= since_us]
    letters = letters_of(caller, None, None, MOST_LETTERS)
    return HomeNews(
        [one for one in opened if one.stands],
        [one for one in others if one.stands and one.relapsed_us],
        [one for one in (*opened, *others) if not one.stands],
        _restated(caller, node, institution, since_us),
        sum(one.arrived_us >= since_us for one in letters),
        _silent(caller, node, since_us),
    )


def _restated(caller: Caller, node: str, institution: str, since_us: int) -> list[Restatement]:
    """The newest ones: by serial they are in the order in which they were recorded."""
    books, reach = caller.platform.books, caller.reach
    after = _last_before(caller, institution, since_us)
    found: list[Restatement] = []
    while page := books.restatements(institution, after=after, limit=500):
        after = page[-1][0]
        found += [
            one
            for _, one in page
            if one.recorded_us >= since_us
            and (one.key.kind, one.key.code) == ("node", node)
            and reach.holds(one.key, one.day)
        ]
    return found[::-1][:MOST_RESTATED]


def _last_before(caller: Caller, institution: str, since_us: int) -> int:
    """A serial behind which all restatements since an instant stand, and few others."""
    books = caller.platform.books

    def next_one(serial: int) -> Restatement | None:
        page = books.restatements(institution, after=serial, limit=1)
        return page[0][1] if page else None

    def is_before(serial: int) -> bool:
        found = next_one(serial)
        return found is not None and found.recorded_us < since_us

    low, high = 0, 1
    if not is_before(0):
        return 0
    while is_before(high):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if is_before(middle) else (low, middle)
    return low


def _silent(caller: Caller, node: str, since_us: int) -> list[ManagedGateway]:
    subtree, now_us = caller.reach.registry.subtree(node), caller.platform.now_us()
    return [
        one
        for one in states_of_all(caller)
        if one.gateway.site in subtree
        and since_us <= one.counts.last_arrival_us < now_us - SILENT_US
    ]
