"""Findings, register events and restatements of the month, as lines of the report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from figures import Counted, counted
from metering import finding
from metering.book import RegisterEvent, Restatement, SeriesKey
from metering.factor import Bases, Carbon
from metering.localtime import MINUTE_US
from metering.nesting import Nesting
from metering.registry import Registry
from reports.model import EventLine, ReportCase, RestatementLine

THOUSANDTH = Decimal("0.001")


def cases(
    found: Sequence[finding.Case], registry: Registry, bases: Bases
) -> tuple[ReportCase, ...]:
    """The cases, costliest first. Findings know the location-based carbon alone: on another basis
    they have none. Money and carbon are what each counts where they are added, so
    that energy that nested meters show is told once; a part's id names the outer case first."""
    made = [_case(one, bases) for one in counted(found, Nesting(registry).outer)]
    return tuple(sorted(made, key=lambda c: (-(c.cost or 0), -c.waste, c.start_us, c.id)))


def _case(one: Counted, bases: Bases) -> ReportCase:
    case, found = one.case, one.case.evidence
    hours = len(found.hours_us) or round((found.end_us - found.start_us) / 3.6e9)
    return ReportCase(
        id=case.id if one.part_of is None else f"{one.part_of}/{case.id}",
        node=found.node,
        meter=found.meter,
        item=found.item,
        pattern=found.pattern,
        start_us=found.start_us,
        end_us=found.end_us,
        hours=hours,
        unit=found.unit,
        waste=_rounded(found.waste),
        waste_low=_rounded(found.waste_low),
        waste_high=_rounded(found.waste_high),
        cost=one.counts.cost,
        currency=one.counts.currency,
        kgco2=one.counts.kgco2 if bases.carbon is Carbon.LOCATION else None,
        confidence=_rounded(found.confidence),
        cause=found.cause,
        action=found.action,
        state=str(case.state),
    )


def _rounded(value: float) -> Decimal:
    return Decimal(repr(float(value))).quantize(THOUSANDTH)


def event_lines(
    events: Iterable[RegisterEvent], start_us: int, end_us: int
) -> tuple[EventLine, ...]:
    """Events by meter and kind, with their time inside [start, end)."""
    groups: dict[tuple[str, str], list[RegisterEvent]] = {}
    for event in events:
        groups.setdefault((event.meter, event.kind), []).append(event)
    return tuple(
        EventLine(
            meter,
            kind,
            len(group),
            sum(
                max(0, min(e.end_us, end_us) - max(e.start_us, start_us)) // MINUTE_US
                for e in group
            ),
            min(e.start_us for e in group),
        )
        for (meter, kind), group in sorted(groups.items())
    )


def restatement_lines(
    found: Iterable[Restatement], keys: Iterable[SeriesKey]
) -> tuple[RestatementLine, ...]:
    """Restatements of the report's own series, by day, then revision."""
    wanted = set(keys)
    lines = [
        RestatementLine(
            one.key.code,
            one.key.item,
            one.day,
            one.old_total,
            one.new_total,
            one.new_revision,
            one.recorded_us,
            one.cause,
        )
        for one in found
        if one.key in wanted
    ]
    return tuple(sorted(lines, key=lambda r: (r.day, r.revision, r.node, r.item)))
