"""Which changes of the registry reach into months that were complete.

days_touched(change)      the local days on which the fact says otherwise than before
institutions_of(change)   whose figures it may alter
into_past(changes, ...)   the changes that need a reason, with the months they reach into
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, cast

from metering.calendar import CalendarDay
from metering.registry.differences import Change, Fact
from metering.registry.facts.accounts import KIND as ACCOUNT
from metering.registry.facts.accounts import Account
from metering.registry.facts.charges import Charge
from metering.registry.facts.power_factors import PowerFactorBand
from metering.registry.facts.tiers import Tier
from metering.registry.installed import days_of_turns, undated
from metering.registry.kinds import KIND_OF
from metering.registry.model import (
    Gateway,
    Installation,
    Meter,
    MeterFormula,
    Node,
    Point,
    Registry,
    Route,
    SpaceEdge,
    SupplyEdge,
)
from metering.tariff import TariffRow
from metering.validity import Validity


def days_touched(change: Change) -> list[Validity]:
    """Local days on which the fact says otherwise than before; [] where only names differ,
    and for facts of `metering.registry.facts` on which no figure and no bill depends.

    Where nothing but its dates differ, the days between the old dates and the new ones.
    """
    kind = KIND_OF[change.kind]
    if not kind.held and not kind.billed:
        return []
    was, becomes = change.was, change.becomes
    if was is not None and becomes is not None and _said(was) == _said(becomes):
        days = _valid(was).except_for(_valid(becomes))
        if isinstance(was, Installation) and isinstance(becomes, Installation):
            days += days_of_turns(was, becomes)
        return days
    if was is None and isinstance(becomes, Node | Point):
        return []  # it counts only through the edges and installations that name it
    present = (one for one in (was, becomes) if one is not None)
    return [_valid(one) for one in present if not isinstance(one, Gateway | Route)]


def _said(fact: Fact) -> object:
    """The fact without its dates and without what no figure depends on."""
    match fact:
        case CalendarDay():
            return fact.kind
        case Point():
            return (fact.kind, fact.unit)
        case Node():
            return replace(fact, name_zh="", name_en="")
        case Gateway() | Route():
            return None  # what is read anew comes as readings, and books itself
        case Meter():
            return replace(fact, name_zh="", name_en="", valid=Validity())
        case Installation():
            return undated(fact)
    return replace(cast("Any", fact), valid=Validity())


def _valid(fact: Fact) -> Validity:
    match fact:
        case CalendarDay():
            return Validity(fact.day, fact.day + timedelta(days=1))
        case Node() | Point() | Gateway():
            return Validity()
    return fact.valid


def months_of(change: Change) -> frozenset[int]:
    """Months of the year in which the fact holds at all: those of a tariff's row, else all."""
    rows = [one for one in (change.was, change.becomes) if isinstance(one, TariffRow)]
    return frozenset[int]().union(*(row.months for row in rows)) or frozenset(range(1, 13))


def institutions_of(change: Change, registries: Iterable[Registry]) -> frozenset[str] | None:
    """Institutions whose figures the change may alter; None means all of them."""
    found: set[str] = set()
    for registry in registries:
        for fact in (change.was, change.becomes):
            places = None if fact is None else _places(fact, registry)
            if fact is not None and places is None:
                return None
            for place in places or ():
                found |= _bodies(registry, place)
    return frozenset(found)


def _places(fact: Fact, registry: Registry) -> list[str] | None:
    """Nodes that the fact concerns with what is below them; None means everything."""
    match fact:
        case Node():
            return [fact.code]
        case SpaceEdge():
            return [fact.child]
        case Gateway() | Route():
            return []
        case Meter():
            return [fact.node]
        case SupplyEdge():
            return _nodes_of([fact.source, fact.fed], registry.meters)
        case Point():
            served = [one.meter for one in registry.meters_of_point(fact.id)]
            return _nodes_of(served, registry.meters)
        case Installation() | Account() | MeterFormula():
            return _nodes_of([fact.meter], registry.meters)
        case Charge() | Tier():
            return _billed(registry, lambda account: account.plan == fact.plan)
        case PowerFactorBand():
            return _billed(registry, lambda account: account.power_factor == fact.standard)
        case TariffRow():
            if fact.meter:
                return _nodes_of([fact.meter], registry.meters)
            return [fact.node or fact.institution] if fact.node or fact.institution else None
    return None


def _billed(registry: Registry, wanted: Callable[[Account], bool]) -> list[str]:
    """Nodes of the meters whose accounts are wanted."""
    meters = [one.meter for one in ACCOUNT.of(registry) if wanted(one)]
    return _nodes_of(meters, registry.meters)


def _nodes_of(codes: Iterable[str], meters: Mapping[str, Meter]) -> list[str]:
    return [meters[code].node for code in codes if code in meters]


def _bodies(registry: Registry, node: str) -> set[str]:
    """The institutions above the node in turn, else all of those below it."""
    if node not in registry.nodes:
        return set()
    above = set(registry.parties(node)) - {""}
    if above:
        return above
    below = registry.subtree(node)
    return {body for code in below for body in registry.institutions(code)} - {""}


@dataclass(frozen=True)
class PastChange:
    """A change that reaches into months that were complete."""

    change: Change
    months: tuple[tuple[str, date], ...]
    """(institution, first day of the month), rising."""

    def __str__(self) -> str:
        bodies: dict[str, list[str]] = {}
        for body, month in self.months:
            bodies.setdefault(body, []).append(f"{month:%Y-%m}")
        told = "; ".join(f"{body} {_listed(months)}" for body, months in bodies.items())
        return f"{self.change} (complete: {told})"


def _listed(months: list[str], most: int = 3) -> str:
    shown = ", ".join(months[:most])
    return shown if len(months) <= most else f"{shown} and {len(months) - most} more"


Complete = Callable[[str], Iterable[date]]
"""The first days of an institution's complete months."""


def into_past(
    found: Iterable[Change], old: Registry, new: Registry, complete: Complete
) -> list[PastChange]:
    """The changes that reach into complete months, each with these months."""
    bodies = {b for one in (old, new) for code in one.nodes for b in one.institutions(code)} - {""}
    past = []
    for change in found:
        if not days_touched(change):
            continue
        told = institutions_of(change, (old, new))
        wanted = bodies if told is None else bodies & told
        touched = tuple(_touched(change, {body: complete(body) for body in sorted(wanted)}))
        if touched:
            past.append(PastChange(change, touched))
    return past


def _touched(change: Change, months: Mapping[str, Iterable[date]]) -> Iterator[tuple[str, date]]:
    spans, of_year = days_touched(change), months_of(change)
    for body, firsts in months.items():
        for first in firsts:
            end = (first + timedelta(days=32)).replace(day=1)
            month = Validity(first, end)
            if first.month in of_year and any(span.overlaps(month) for span in spans):
                yield body, first
