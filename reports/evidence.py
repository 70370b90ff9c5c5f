"""Findings, register events and restatements of the month, as lines of the report."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from metering.book import RegisterEvent, Restatement, SeriesKey
from metering.finding import Finding
from metering.items import category
from metering.localtime import MINUTE_US
from reports.model import Case, EventLine, RestatementLine

THOUSANDTH = Decimal("0.001")


def cases(findings: Iterable[Finding]) -> tuple[Case, ...]:
    """The findings, costliest first."""
    made = [_case(finding) for finding in findings]
    return tuple(sorted(made, key=lambda c: (-(c.cost or 0), -c.waste, c.start_us, c.id)))


def _case(finding: Finding) -> Case:
    hours = len(finding.hours_us) or round((finding.end_us - finding.start_us) / 3.6e9)
    return Case(
        id=finding.id,
        node=finding.node,
        meter=finding.meter,
        item=finding.item,
        pattern=finding.pattern,
        start_us=finding.start_us,
        end_us=finding.end_us,
        hours=hours,
        unit=category(finding.item).unit,
        waste=_rounded(finding.waste_kwh),
        waste_low=_rounded(finding.waste_low_kwh),
        waste_high=_rounded(finding.waste_high_kwh),
        cost=finding.cost,
        currency=finding.currency,
        kgco2=finding.kgco2,
        confidence=_rounded(finding.confidence),
        cause=finding.cause,
        action=finding.action,
        state=str(finding.state),
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
