"""A stretch of days computed again because somebody asks for it, and how far that is.

    asked ─▶ the audit log: who, why, at which revisions of the books
         └─▶ marks, a few days each ─▶ the ledger books them, oldest days first ─▶ gone

Days that no mark is left of are done: nothing else is kept, so that it is told whatever process
was started anew meanwhile. Nothing is changed by asking: what comes out equal stays as it is, the
rest is restated with the cause `asked`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from api.caller import Caller
from api.ranges import check_days
from metering.access import AuditEntry
from metering.book import ASKED_CAUSE, DirtyMark
from metering.errors import InvalidInput, NotFound
from metering.localtime import day_bounds, days_between
from metering.registry import Registry
from metering.waiting import touch

MOST_DAYS: Final = 3660
WRITER: Final = 0
"""No journal's: these marks are ready at once."""
ACTION: Final = "books.recompute"
"""In the audit log."""
PIECE_DAYS, MOST_PIECES = 7, 53
"""A mark is of so many days, or of more where there were more marks than that of a point."""
MOST_LOG: Final = 2_000
"""Entries of the audit log that are looked through."""
MOST_TOLD: Final = 20
"""Computations that are listed, the latest."""


@dataclass(frozen=True)
class RecomputingAsked:
    """What is to be computed again: a meter, else all meters at a place and below it; local days,
    both included."""

    node: str | None
    meter: str | None
    first: date
    last: date
    reason: str = ""

    @property
    def code(self) -> str:
        """Of the meter or the place."""
        return self.meter or self.node or ""


@dataclass(frozen=True)
class Recomputing:
    """How far it is."""

    asked: RecomputingAsked
    meters: tuple[str, ...]
    days_done: int
    """Of the days that were asked for; the others are not booked yet."""
    revision: int
    """Of the books of its institution now."""
    entry: AuditEntry | None = None
    """Who asked for it last, when and why; None where the latest entries of the audit log do not
    say."""

    @property
    def days(self) -> int:
        """How many are asked for."""
        return (self.asked.last - self.asked.first).days + 1

    @property
    def waiting(self) -> bool:
        """Whether some of it is not booked yet."""
        return self.days_done < self.days


def recompute(caller: Caller, asked: RecomputingAsked) -> Recomputing:
    """Have it done; the ledger begins at once. InvalidInput for days that are no range, or too
    many; NotFound for what is not reached, and where no meter there has a register."""
    meters = _meters(caller, asked)
    registry = caller.reach.registry
    points = _points(registry, meters)
    if not points:
        raise NotFound(
            "no meter there has a register",
            field="node" if asked.meter is None else "meter",
            value=asked.code,
            fix="register what its meters are read by; see /v1/repairs",
        )
    revisions = _revisions(caller, meters)
    caller.platform.marks.mark(
        [
            DirtyMark(point, day_bounds(first, zone)[0], day_bounds(last, zone)[1] - 1, ASKED_CAUSE)
            for point, zone in _zones(registry, points).items()
            for first, last in pieces(asked.first, asked.last)
        ],
        writer_no=WRITER,
        ready=True,
    )
    caller.trace(
        ACTION,
        f"{asked.code} {asked.first} to {asked.last}",
        asked.reason,
        _institution(caller, asked),
        {
            "node": asked.node,
            "meter": asked.meter,
            "from": asked.first.isoformat(),
            "to": asked.last.isoformat(),
            "revisions": revisions,
        },
    )
    return recomputing(caller, asked)


def pieces(first: date, last: date) -> Iterator[tuple[date, date]]:
    """The days first..last in pieces, each done with on its own: first and last day of each."""
    days = (last - first).days + 1
    size = timedelta(max(PIECE_DAYS, -(-days // MOST_PIECES)))
    while first <= last:
        yield first, min(first + size - timedelta(1), last)
        first += size


def recomputing(caller: Caller, asked: RecomputingAsked) -> Recomputing:
    """How far it is: of how many of its days no mark is left. Errors as of `recompute`, but for
    meters without a register."""
    meters = _meters(caller, asked)
    found = [one for one in _log(caller) if _asked_in(one) == _of_whom(asked)]
    return _told(caller, asked, meters, found[0] if found else None)


def recomputations(caller: Caller) -> list[Recomputing]:
    """The latest that were asked for of what the caller reaches, newest first, each days of a place
    or a meter once."""
    latest: dict[RecomputingAsked, AuditEntry] = {}
    for entry in _log(caller):
        asked = _asked_in(entry)
        if asked is not None and len(latest) < MOST_TOLD and _reaches(caller, asked):
            latest.setdefault(asked, entry)
    return [_told(caller, asked, _meters(caller, asked), entry) for asked, entry in latest.items()]


def _institution(caller: Caller, asked: RecomputingAsked) -> str:
    """Whose audit log tells of it; '' where it is of several."""
    registry = caller.reach.registry
    node = asked.code if asked.meter is None else registry.meters[asked.meter].node
    return registry.institution(node)


def _revisions(caller: Caller, meters: Iterable[str]) -> dict[str, int]:
    """Of the books before anything is computed, by institution."""
    registry = caller.reach.registry
    bodies = {registry.institution(registry.meters[one].node) for one in meters}
    with caller.view() as view:
        return {one: view.revision(one) for one in sorted(bodies)}


def _log(caller: Caller) -> list[AuditEntry]:
    """Who asked for what, newest first."""
    scope = caller.reach.scope
    bodies = None if scope.whole else frozenset(caller.reach.institutions)
    entries = caller.platform.access.entries(bodies, limit=MOST_LOG)
    return [one for one in entries if one.action == ACTION and one.detail]


def _asked_in(entry: AuditEntry) -> RecomputingAsked | None:
    """What an entry of the log asked for."""
    told = entry.detail
    try:
        days = date.fromisoformat(told["from"]), date.fromisoformat(told["to"])
        return RecomputingAsked(told["node"], told["meter"], *days)
    except (KeyError, TypeError, ValueError):
        return None


def _of_whom(asked: RecomputingAsked) -> RecomputingAsked:
    return replace(asked, reason="")


def _reaches(caller: Caller, asked: RecomputingAsked) -> bool:
    """Whether it is of the caller's scope, and still there."""
    if asked.meter is not None:
        return asked.meter in caller.reach.meters
    return asked.node in caller.reach.scope.nodes & caller.reach.registry.nodes.keys()


def _told(
    caller: Caller, asked: RecomputingAsked, meters: list[str], entry: AuditEntry | None
) -> Recomputing:
    registry = caller.reach.registry
    node = registry.meters[meters[0]].node if meters else asked.code
    institution, zone = registry.institution(node), registry.zone(node)
    start_us, end_us = day_bounds(asked.first, zone)[0], day_bounds(asked.last, zone)[1]
    with caller.view() as view:
        left = view.asked(_points(registry, meters), start_us, end_us)
        revision = view.revision(institution)
    done = sum(
        not touch(left, *day_bounds(day, zone)) for day in days_between(asked.first, asked.last)
    )
    return Recomputing(asked, tuple(meters), done, revision, entry)


def _meters(caller: Caller, asked: RecomputingAsked) -> list[str]:
    """The meter, or all that are reached at the place and below it."""
    if asked.first > asked.last:
        raise InvalidInput(
            "the range ends before it begins",
            field="to",
            value=asked.last,
            fix="a day from `from` on",
        )
    days = (asked.last - asked.first) / timedelta(days=1) + 1
    check_days(int(days), MOST_DAYS, f"at most {MOST_DAYS} days; ask for parts")
    if (asked.meter is None) is (asked.node is None):
        raise InvalidInput(
            "name a meter or a node, one of them",
            field="node",
            value=asked.node,
            fix="a code of /v1/nodes, or of /v1/meters as meter",
        )
    if asked.meter is not None:
        return [caller.reach.meter(asked.meter).code]
    below = caller.reach.registry.subtree(caller.reach.node(asked.code).code)
    return [meter.code for meter in caller.reach.meters.values() if meter.node in below]


def _points(registry: Registry, meters: Iterable[str]) -> dict[int, str]:
    """Points that ever serve the meters, or those that these are made of, each with a meter."""
    found: dict[int, str] = {}
    seen: set[str] = set()
    queue = list(meters)
    while queue:
        code = queue.pop()
        if code in seen:
            continue
        seen.add(code)
        queue += [one for formula in registry.formulas_of(code) for one in formula.read.members]
        found |= {one.point: code for one in registry.installations_of(code)}
    return found


def _zones(registry: Registry, points: dict[int, str]) -> dict[int, str]:
    """The zone of the meter of each point."""
    return {point: registry.zone(registry.meters[meter].node) for point, meter in points.items()}
