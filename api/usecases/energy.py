"""To read energy: which series and days are meant, and their figures under one view."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

import figures
from api.caller import Caller
from api.moments import moment_at
from api.ranges import check_days, check_order, local_date
from figures import AsOf, Balance, Energy, Parts, Period, SharedPart, View, Worth
from metering import items
from metering.book import SeriesKey
from metering.errors import InvalidInput
from metering.factor import USUAL_BASES, Bases
from metering.localtime import DAY_MIN, local_day
from metering.registry import Node, Registry


class Step(StrEnum):
    """How finely energy is read."""

    NATIVE = "native"
    QUARTER = "15min"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


MOST_DAYS = 1100
"""Of an answer by day."""
MOST_PERIODS = 9_000
"""Of an answer that tells every period with the rows it rests on: a year of hours."""
NAMED_DAYS = 62
"""Up to this many days silent meters are looked for."""


class Days(NamedTuple):
    """Local days of a range, both included."""

    first: date
    last: date


@dataclass(frozen=True)
class Head:
    """What an answer is of."""

    key: SeriesKey
    zone: str
    days: Days
    revision: int
    registry_version: int


@dataclass(frozen=True)
class Valued:
    """Periods at one step [minutes; None where it has no such step], with what each is worth."""

    step_min: int | None
    values: list[tuple[Period, Worth]]


@dataclass(frozen=True)
class EnergyTold:
    """A figure by step; with its remainder it is the whole figure."""

    head: Head
    own: Valued
    remainder: list[Valued]
    """What is booked at steps coarser than the one asked, a series for each."""
    silent: list[str] | None
    """Meters of the scope that say nothing; None where they are not looked for."""


def series_of(caller: Caller, node: str | None, meter: str | None, item: str | None) -> SeriesKey:
    """The booked series a request means, if it lies in the scope on any day; the view shows those
    of the scope. It names the institution of the last of them."""
    if (node is None) == (meter is None):
        raise InvalidInput(
            "exactly one of node and meter is needed",
            field="node",
            value=node,
            fix="?node=CODE&item=01000 or ?meter=CODE",
        )
    if meter is not None:
        found = caller.reach.meter(meter)
        if item is not None and items.check_item(item) != found.item:
            raise InvalidInput(
                "this meter measures another item",
                field="item",
                value=item,
                fix=f"use {found.item}, or leave it out",
            )
        return SeriesKey(caller.reach.institution_of(found.node), "meter", meter, found.item)
    code = caller.reach.node(str(node)).code
    named = items.check_item(item or "01000")
    return SeriesKey(caller.reach.institution_of(code), "node", code, named)


def zone_of_series(registry: Registry, key: SeriesKey) -> str:
    """The zone in which a series' days are local."""
    return registry.zone(registry.meters[key.code].node if key.kind == "meter" else key.code)


def days_of(caller: Caller, key: SeriesKey, start: str | None, end: str | None) -> Days:
    """The series' local days that a range means, as `range_of`; InvalidInput for too many."""
    days = range_of(caller, key, start, end)
    count = (days.last - days.first).days + 1
    check_days(count, MOST_DAYS, f"at most {MOST_DAYS} days; ask for parts")
    return days


def range_of(caller: Caller, key: SeriesKey, start: str | None, end: str | None) -> Days:
    """The series' local days that a range means, however many; the last seven by default."""
    zone = zone_of_series(caller.reach.registry, key)
    today = local_day(caller.platform.now_us(), zone)
    after = today + timedelta(days=1) if end is None else local_date(end, "end")
    first = after - timedelta(days=7) if start is None else local_date(start, "start")
    check_order(first, after, first < after)
    return Days(first, after - timedelta(days=1))


def intervals_of(registry: Registry, key: SeriesKey, step: Step, days: int) -> int:
    """How many periods a series has at a step on so many days; its days where they are more."""
    if step is Step.NATIVE:  # a node's may be any
        minutes = registry.meters[key.code].step_min if key.kind == "meter" else 15
    else:
        minutes = {Step.QUARTER: 15, Step.HOUR: 60}.get(step, DAY_MIN)
    return days * max(1, DAY_MIN // minutes)


def check_periods(registry: Registry, key: SeriesKey, step: Step, days: Days) -> None:
    """InvalidInput where an answer would tell too many periods with their rows."""
    count = intervals_of(registry, key, step, (days.last - days.first).days + 1)
    if count > MOST_PERIODS:
        raise InvalidInput(
            f"more than {MOST_PERIODS} intervals with all that they rest on",
            field="end",
            value=count,
            fix="name fields, such as fields=quantity,money, for columns; or ask for fewer days, "
            "or a wider step",
        )


def energy_of(
    caller: Caller,
    key: SeriesKey,
    step: Step,
    days: Days,
    as_of: str | None = None,
    bases: Bases = USUAL_BASES,
) -> EnergyTold:
    """Energy and worth of a series by step, at one revision: the present one where none is
    named."""
    key, moment = moment_of(caller, key, days, as_of)
    named = key.kind == "node" and (days.last - days.first).days < NAMED_DAYS
    with caller.view(moment, bases) as view:
        found = figures.energy(view, key, *days, str(step), name_silent=named)
        return EnergyTold(
            Head(key, view.zone(key), days, found.revision, view.registry.version),
            _valued(view, found),
            [_valued(view, one) for one in found.remainder],
            [m for m in found.silent if m in caller.reach.meters] if named else None,
        )


def parts_of_node(
    caller: Caller,
    key: SeriesKey,
    days: Days,
    as_of: str | None = None,
    bases: Bases = USUAL_BASES,
) -> tuple[Head, Parts]:
    """A node's figure with its sub-items and the difference, at one revision: the present one
    where none is named."""
    key, moment = moment_of(caller, key, days, as_of)
    with caller.view(moment, bases) as view:
        found = figures.parts(view, key, *days)
        return head_of(view, key, days), found


def moment_of(
    caller: Caller, key: SeriesKey, days: Days, as_of: str | None
) -> tuple[SeriesKey, AsOf | None]:
    """The moment that is asked for, with the series under the institution whose it is: of a
    revision, the one that the place is of on the last of the days. InvalidInput where the place
    is never of it."""
    meters = caller.reach.registry.meters
    node = meters[key.code].node if key.kind == "meter" else key.code
    moment = moment_at(caller, as_of, node, days.last)
    if moment is None:
        return key, None
    if moment.institution not in caller.reach.registry.institutions(node):
        raise InvalidInput(
            "revisions are of one institution",
            field="as_of",
            value=as_of,
            fix=f"ask for figures of {moment.institution} alone",
        )
    return replace(key, institution=moment.institution), moment


def shared_with(
    caller: Caller, key: SeriesKey, days: Days, as_of: str | None = None
) -> tuple[Head, list[tuple[Node, SharedPart]]]:
    """What a node has of the places that it shares with others, at one revision: the present one
    where none is named."""
    key, moment = moment_of(caller, key, days, as_of)
    with caller.view(moment) as view:
        found = figures.shared_parts(view, key, *days)
        return head_of(view, key, days), [(view.registry.node(one.place), one) for one in found]


def balance_of(
    caller: Caller, key: SeriesKey, days: Days, as_of: str | None = None
) -> tuple[Head, Balance]:
    """A node's total against what it should hold, at one revision: the present one where none is
    named."""
    key, moment = moment_of(caller, key, days, as_of)
    with caller.view(moment) as view:
        found = figures.balance(view, key, *days)
        return head_of(view, key, days), found


def head_of(view: View, key: SeriesKey, days: Days) -> Head:
    """Of a series of the view."""
    revision = view.revision(key.institution)
    return Head(key, view.zone(key), days, revision, view.registry.version)


def _valued(view: View, energy: Energy) -> Valued:
    worth = figures.worth_of_each(view, energy)
    return Valued(energy.step_min, list(zip(figures.periods(energy), worth, strict=True)))
