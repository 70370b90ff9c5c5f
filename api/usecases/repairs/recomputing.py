"""A stretch of days computed again because somebody asks for it, and how far that is.

Nothing is changed by asking: what comes out equal stays as it is, the rest is restated with the
cause `asked`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from api.caller import Caller
from api.ranges import check_days
from metering.book import ASKED_CAUSE, DirtyMark
from metering.errors import InvalidInput, NotFound
from metering.localtime import day_bounds
from metering.registry import Registry

MOST_DAYS = 3660
WRITER = 0
"""No journal's: these marks are ready at once."""


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

    meters: int
    waiting: bool
    """Whether some of it is not booked yet."""
    revision: int
    """Of the books of its institution now."""


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
    caller.platform.marks.mark(
        [
            DirtyMark(point, start_us, end_us - 1, ASKED_CAUSE)
            for point, (start_us, end_us) in _spans(registry, points, asked).items()
        ],
        writer_no=WRITER,
        ready=True,
    )
    span = f"{asked.first} to {asked.last}"
    caller.trace("books.recompute", f"{asked.code} {span}", asked.reason)
    return recomputing(caller, asked)


def recomputing(caller: Caller, asked: RecomputingAsked) -> Recomputing:
    """How far it is: whether anything of its institution waits to be booked in those days."""
    meters = _meters(caller, asked)
    registry = caller.reach.registry
    node = registry.meters[meters[0]].node if meters else asked.code
    institution, zone = registry.institution(node), registry.zone(node)
    start_us, end_us = day_bounds(asked.first, zone)[0], day_bounds(asked.last, zone)[1]
    with caller.view() as view:
        waits = view.is_being_booked(institution, start_us, end_us)
        return Recomputing(len(meters), waits, view.revision(institution))


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


def _spans(
    registry: Registry, points: dict[int, str], asked: RecomputingAsked
) -> dict[int, tuple[int, int]]:
    """[start, end) of the days by point [us], in the zone of its meter."""
    zones = {point: registry.zone(registry.meters[meter].node) for point, meter in points.items()}
    return {
        point: (day_bounds(asked.first, zone)[0], day_bounds(asked.last, zone)[1])
        for point, zone in zones.items()
    }
