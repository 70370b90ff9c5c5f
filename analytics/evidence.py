"""Evidence by the hour: joined where an event grew, cut where part of it is told already."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from math import hypot, sqrt

from analytics.detectors import WORTHLESS
from analytics.pricing import sure
from metering.evidence import carbon_of, hours_of, money_of
from metering.finding import BesideMeter, EvidenceHour, Finding
from metering.localtime import HOUR_US
from metering.units import BOOK_UNITS


def only(finding: Finding, keep: Collection[int]) -> Finding | None:
    """The finding over some of its hours, given by their starts; None where none is left."""
    hours = tuple(one for one in hours_of(finding) if one.start_us in keep)
    if len(hours) == len(finding.hours_us):
        return finding
    if not hours:
        return None
    half = _half(finding) * sqrt(len(hours) / len(finding.hours_us))
    finding = replace(finding, beside=_only_beside(finding, keep))
    first, last = hours[0].start_us, hours[-1].start_us + HOUR_US
    span = (
        finding.start_us if first == finding.hours_us[0] else first,
        finding.end_us if last == finding.hours_us[-1] + HOUR_US else last,
    )
    return _told(finding, hours, span, half)


def joined(parts: Sequence[Finding]) -> Finding:
    """One finding over the hours of several that share none. The last of them speaks for it, but
    for what is of all hours: days, meters, the highest demand, the power factor."""
    if len(parts) == 1:
        return parts[0]
    newest = parts[-1]
    hours = sorted((one for part in parts for one in hours_of(part)), key=lambda h: h.start_us)
    span = (min(part.start_us for part in parts), max(part.end_us for part in parts))
    half = sqrt(sum(_half(part) ** 2 for part in parts))
    chart = {row[0]: row for part in parts for row in part.hourly}
    told = _told(newest, tuple(hours), span, half)
    detail = dict(told.detail)
    days = sum(int(part.detail.get("days", 0)) for part in parts)
    if days:
        detail["days"] = days
    silent = {one for part in parts for one in str(part.detail.get("meters", "")).split()}
    if silent:
        detail["meters"] = " ".join(sorted(silent))
    detail |= _highest(parts) | _power_factor(parts)
    return replace(
        told,
        hourly=tuple(chart[start] for start in sorted(chart)),
        detail=detail,
        beside=_joined_beside(parts),
    )


def _only_beside(finding: Finding, keep: Collection[int]) -> tuple[BesideMeter, ...]:
    kept = []
    for one in finding.beside:
        hours = tuple(hour for hour in one.hours if hour.start_us in keep)
        if hours:
            half = one.half * sqrt(len(hours) / len(one.hours))
            kept.append(replace(one, hours=hours, half=half))
    return tuple(kept)


def _joined_beside(parts: Sequence[Finding]) -> tuple[BesideMeter, ...]:
    """Of meters that stand beside all of them: what is known of some alone is not that of all."""
    of_each = [{one.meter: one for one in part.beside} for part in parts]
    shared = set(of_each[0]).intersection(*of_each[1:])
    return tuple(_together([own[meter] for own in of_each]) for meter in sorted(shared))


def _together(several: Sequence[BesideMeter]) -> BesideMeter:
    hours = sorted((one for part in several for one in part.hours), key=lambda h: h.start_us)
    half = sqrt(sum(part.half**2 for part in several))
    return replace(several[-1], hours=tuple(hours), half=half)


def _highest(parts: Sequence[Finding]) -> dict[str, str | int | float]:
    """The highest demand of all, and when that was; nothing where none is told."""
    told = [part.detail for part in parts if "peak_kw" in part.detail]
    if not told:
        return {}
    highest = max(told, key=lambda detail: float(detail["peak_kw"]))
    return {name: highest[name] for name in ("peak_kw", "peak_us")}


def _power_factor(parts: Sequence[Finding]) -> dict[str, float]:
    """That of the active and reactive energy of all; nothing where none is told."""
    told = [part for part in parts if float(part.detail.get("power_factor", 0)) and part.measured]
    active = sum(part.measured or 0 for part in told)
    if active <= 0:
        return {}
    reactive = sum(
        (part.measured or 0) * sqrt(1 / float(part.detail["power_factor"]) ** 2 - 1)
        for part in told
    )
    return {"power_factor": round(active / hypot(active, reactive), 4)}


def _sum(amounts: Iterable[int | None]) -> int | None:
    known = [one for one in amounts if one is not None]
    return sum(known) if known else None


def _half(finding: Finding) -> float:
    return (finding.waste_high - finding.waste_low) / 2


def _told(
    finding: Finding, hours: tuple[EvidenceHour, ...], span: tuple[int, int], half: float
) -> Finding:
    """The finding with the sums of these hours."""
    worthless = finding.pattern in WORTHLESS
    per = BOOK_UNITS[finding.unit].per_canonical
    waste = 0.0 if worthless else sum(one.waste for one in hours) / per
    costs = () if worthless else money_of(hours)
    return replace(
        finding,
        start_us=span[0],
        end_us=span[1],
        hours=hours,
        hours_us=tuple(one.start_us for one in hours),
        expected=_sum(one.expected for one in hours),
        measured=_sum(one.measured for one in hours),
        waste=waste,
        waste_low=waste - half,
        waste_high=waste + half,
        cost=costs[0][1] if len(costs) == 1 else None,
        currency=costs[0][0] if len(costs) == 1 else "",
        costs=costs,
        kgco2=None if worthless else carbon_of(hours),
        confidence=_confidence(finding, max(waste, 0.0), half),
        detail={**finding.detail, "hours": len(hours)},
    )


def _confidence(finding: Finding, waste: float, half: float) -> float:
    if finding.pattern in WORTHLESS:
        return finding.confidence
    score = float(finding.detail.get("score", 0.0))
    if score:
        return sure(score)
    return waste / (waste + half) if waste + half else 1.0
