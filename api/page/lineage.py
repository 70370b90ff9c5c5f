"""Where a figure comes from, as people read it: how it is reckoned, which readings count and which
do not, what was decided and why, and the way to finer figures and to messages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import figures
from api.decimals import exact, plain
from api.page import figure, formats, tables
from api.page.figure import MoneyShown, Of, Shown
from api.page.places import place_of
from api.page.visit import Visit
from api.usecases.closings import listed
from api.usecases.energy import Step
from api.usecases.lineage import (
    Asked,
    AtStep,
    Explained,
    FormulaTrace,
    FromTo,
    ListLimits,
    MeterTrace,
    Source,
    Trace,
    rise_of,
    trace,
)
from figures import Period
from ledger import JudgedReadings, factor_of
from metering.book import SeriesKey
from metering.closing import ClosingState
from metering.items import category
from metering.localtime import day_bounds, iso, local_day
from metering.quality import WHOLE, Shares
from metering.reading import Kind
from metering.registry import Meter
from texts import word

ON_A_PAGE = ListLimits(readings=200, readings_in_all=1_000, decisions=20, decisions_in_all=100)
CLASSES = ("measured", "apportioned", "estimated", "missing")
FINER = {Step.MONTH: Step.DAY, Step.DAY: Step.HOUR, Step.HOUR: Step.NATIVE}
WIDER = {Step.NATIVE: Step.HOUR, Step.QUARTER: Step.HOUR, Step.HOUR: Step.DAY, Step.DAY: Step.MONTH}


@dataclass(frozen=True)
class ReadingShown:
    """A row of the table of readings."""

    when: str
    point: str
    value: str
    counts: str
    """What it counts for, or why it does not count."""
    used: bool
    message: str
    """segment/offset/index"""
    link: str


def moment(text: str | None) -> str | None:
    """An instant, also as microseconds since 1970, as it stands in links that were kept."""
    known = text is not None and text.isdecimal() and len(text) < 17
    return iso(int(text)) if known and text else text


def lineage(
    visit: Visit, key: SeriesKey, asked: Asked, rest: bool, as_of: str | None = None
) -> dict[str, Any]:
    """Everything that the page shows of a figure; of one as of a closing what is kept of it."""
    found = trace(visit.caller, key, asked, ON_A_PAGE, as_of, visit.bases)
    registry, zone = visit.caller.reach.registry, found.zone
    named = registry.meters[key.code] if key.kind == "meter" else registry.nodes[key.code]
    of = replace(_of(key.code, key.item, found.value, zone, _role(asked)), as_of=as_of or "")
    return {
        "name": named.name(visit.language),
        "code": key.code,
        "item": word("item", key.item, visit.language),
        "role": word("role", _role(asked), visit.language) if _role(asked) else "",
        "span": _span(found.value, zone),
        "zone": zone,
        "own": replace(figure.energy(found.value.amount, of), link=""),
        "quality": _quality(visit, found.value.shares),
        "provisional": found.value.provisional,
        "money": _money(found, of),
        "tariffs": [] if found.worth is None else _tariffs(visit, found),
        "emitted": _emitted(visit, found, of),
        "lacking": _lacking(visit, found),
        "revisions": sorted({row.revision for row in found.rows}),
        "rules": sorted({row.rules for row in found.rows}),
        "up": _wider(found),
        "finer": _finer(visit, found),
        "rest": _rest(visit, found) if rest else [],
        "sums": [
            {
                "name": word("event", one.kind, visit.language),
                "count": one.count,
                "energy": formats.energy(one.energy, key.item),
                "unknown": one.unknown,
            }
            for one in found.decisions
        ],
        "meters": [_meter(visit, one, found) for one in found.meters],
        "left_out": found.left_out,
        "members": [_meter(visit, one, found) for one in found.members],
        "members_left_out": found.members_left_out,
        "as_of": as_of or "",
        "closings": _closings(visit, found),
    }


def _closings(visit: Visit, found: Trace) -> list[str]:
    """Closings of the institution that hold all days of the figure, and the one it is shown by."""
    zone, body = found.zone, found.key.institution
    first, last = local_day(found.value.start_us, zone), local_day(found.value.end_us - 1, zone)
    known = listed(visit.caller, body) if body in visit.caller.reach.institutions else []
    return [
        one.name
        for one in known
        if one.first <= first
        and last <= one.last
        and (one.state is not ClosingState.REOPENED or one.name == found.as_of)
    ]


def _role(asked: Asked) -> str:
    return asked.role if isinstance(asked, FromTo) else ""


def _of(code: str, item: str, period: Period, zone: str, name: str = "") -> Of:
    """By local dates where the period is of whole days."""
    first, last = local_day(period.start_us, zone), local_day(period.end_us - 1, zone)
    edges = day_bounds(first, zone)[0], day_bounds(last, zone)[1]
    if edges == (period.start_us, period.end_us):
        return figure.of_days(code, item, first, last, name)
    return Of(code, item, iso(period.start_us, zone), iso(period.end_us, zone), name)


def _span(period: Period, zone: str) -> str:
    of = _of("", "", period, zone)
    if len(of.start) == len("2026-11-24"):
        last = local_day(period.end_us - 1, zone).isoformat()
        return of.start if of.start == last else f"{of.start} – {last}"
    start, end = formats.minute(period.start_us, zone), formats.minute(period.end_us, zone)
    return f"{start} – {end[11:] if end[:10] == start[:10] else end}"


def _quality(visit: Visit, shares: Shares) -> str:
    """Shares in words, those that are there."""
    return " · ".join(
        f"{word('shares', name, visit.language)} {share / WHOLE * 100:.4g} %"
        for name, share in zip(CLASSES, shares.tolist(), strict=True)
        if share
    )


def _money(found: Trace, of: Of) -> list[MoneyShown]:
    if found.worth is None or not found.worth.cost.money:
        return []
    return [
        replace(one, cost=replace(one.cost, link="")) for one in figure.money(found.worth.cost, of)
    ]


def _emitted(visit: Visit, found: Trace, of: Of) -> list[dict[str, Any]]:
    """Carbon and coal that are known, each with the words of its basis and its factors."""
    if found.worth is None:
        return []
    kinds = ((figure.carbon, found.worth.kgco2), (figure.coal, found.worth.kgce))
    return [
        {
            "shown": replace(show(own, of), link=""),
            "basis": visit.basis.get(own.quantity, ""),
            "factors": [
                f"{formats.energy(energy, one.item)} × {one.value}"
                for one, energy in zip(own.factors, own.energies, strict=True)
            ],
        }
        for show, own in kinds
        if own.whole is not None
    ]


def _lacking(visit: Visit, found: Trace) -> list[str]:
    """Why carbon or coal is not told on a basis that is not the usual one."""
    if found.worth is None:
        return []
    return [
        visit.text("No factor (%(basis)s) holds on %(days)s of the days %(first)s to %(last)s.")
        % {
            "basis": visit.basis[own.quantity],
            "days": len(own.lacking),
            "first": own.lacking[0],
            "last": own.lacking[-1],
        }
        for own in (found.worth.kgco2, found.worth.kgce)
        if own.lacking and own.quantity in visit.basis
    ]


def _tariffs(visit: Visit, found: Trace) -> list[dict[str, str]]:
    """Energy and money of each tariff period."""
    assert found.worth is not None
    return [
        {
            "period": word("period", one.period, visit.language),
            "energy": formats.energy(one.quantity, found.key.item),
            "cost": formats.money(one.cost, one.currency),
        }
        for one in found.worth.cost.periods
    ]


def _way(found: Trace, time_us: int, step: Step) -> str:
    key = found.key
    asked = {"code": key.code, "item": key.item, "time": iso(time_us), "step": str(step)}
    if found.as_of is not None:
        asked["as_of"] = found.as_of
    return f"/lineage?{urlencode(asked)}"


def _wider(found: Trace) -> list[dict[str, str]]:
    """Ways to the hour, the day and the month that hold the period."""
    step = found.asked.step if isinstance(found.asked, AtStep) else _likely(found)
    ways = []
    while step in WIDER:
        step = WIDER[step]
        ways.append({"step": str(step), "link": _way(found, found.value.start_us, step)})
    return ways


def _likely(found: Trace) -> Step:
    days = (found.value.end_us - found.value.start_us) / 86_400_000_000
    return Step.MONTH if days > 1.1 else Step.DAY if days > 0.9 else Step.HOUR


def _finer(visit: Visit, found: Trace) -> list[dict[str, Any]]:
    """The same figure at the next finer step; none of a role."""
    step = found.asked.step if isinstance(found.asked, AtStep) else _likely(found)
    if step not in FINER or _role(found.asked):
        return []
    key, zone, value = found.key, found.zone, found.value
    first, last = local_day(value.start_us, zone), local_day(value.end_us - 1, zone)
    with visit.caller.view(found.moment) as view:
        fine = figures.energy(view, key, first, last, str(FINER[step]))
        fine = figures.between(fine, value.start_us, value.end_us)
    rows = [one for one in figures.periods(fine) if one.amount is not None]
    if len(rows) == 1 and (rows[0].start_us, rows[0].end_us) == (value.start_us, value.end_us):
        return []
    return [
        {
            "span": _span(one, zone),
            "value": replace(
                figure.energy(one.amount, _of(key.code, key.item, one, zone)),
                link=_way(found, one.start_us, FINER[step]),
            ),
            "quality": _quality(visit, one.shares),
        }
        for one in rows
    ]


def _rest(visit: Visit, found: Trace) -> list[figure.WorthShown]:
    """The sub-items, the difference that they leave, and the total."""
    zone = found.zone
    days = local_day(found.value.start_us, zone), local_day(found.value.end_us - 1, zone)
    with visit.caller.view(found.moment, visit.bases) as view:
        parts = figures.parts(view, found.key, *days)
    place = place_of(visit, found.key.code)
    return tables.parts_table(visit, place, parts, *days, as_of=found.as_of or "")


def _meter(visit: Visit, one: MeterTrace, found: Trace) -> dict[str, Any]:
    meter, zone = visit.caller.reach.registry.meters[one.meter], found.zone
    own, quality = None, ""
    if one.value is not None:
        of = _of(one.meter, meter.item, one.value, zone)
        own = figure.energy(one.value.amount, replace(of, as_of=found.as_of or ""))
        if found.key.kind == "meter" and one.meter == found.key.code:
            own = replace(own, link="")
        quality = _quality(visit, one.value.shares)
    days = local_day(found.value.end_us - 1, zone) - local_day(found.value.start_us, zone)
    whole = days + timedelta(days=1)
    return {
        "name": meter.name(visit.language),
        "code": one.meter,
        "value": own,
        "quality": quality,
        "days": None if one.days_counted == whole.days else (one.days_counted, whole.days),
        "certain": one.certain,
        "sources": [_source(visit, source, zone, meter.item) for source in one.sources],
        "sources_left_out": one.sources_left_out,
        "decisions": [_decision(visit, decision, zone, meter.item) for decision in one.decisions],
        "decisions_left_out": one.decisions_left_out,
        "formulas": [_formula(visit, formula, meter, found) for formula in one.formulas],
    }


def _formula(visit: Visit, one: FormulaTrace, meter: Meter, found: Trace) -> dict[str, Any]:
    """A formula, since when and until when, and what each member counts in that part."""
    meters = visit.caller.reach.registry.meters
    return {
        "formula": one.formula,
        "from": "" if one.valid.start is None else one.valid.start.isoformat(),
        "to": "" if one.valid.end is None else one.valid.end.isoformat(),
        "value": _of_member(one.value, meter, found),
        "members": [
            {
                "name": meters[told.meter].name(visit.language),
                "code": told.meter,
                "value": _of_member(told.value, meters[told.meter], found),
            }
            for told in one.members
        ],
        "left_out": one.members_left_out,
    }


def _of_member(value: Period | None, meter: Meter, found: Trace) -> Shown | None:
    if value is None:
        return None
    of = _of(meter.code, meter.item, value, found.zone)
    return figure.energy(value.amount, replace(of, as_of=found.as_of or ""))


def _source(visit: Visit, source: Source, zone: str, item: str) -> dict[str, Any]:
    service, point = source.service, source.point
    start, end = source.counts
    readings = [_reading(visit, source, n, zone, item) for n in range(len(source.judged))]
    return {
        "point": f"{point.gateway} {point.name}",
        "kind": word("reading_kind", str(service.kind), visit.language),
        "ratio": plain(service.installation.ratio),
        "factor": plain(factor_of(service)),
        "accuracy": service.installation.accuracy_class,
        "calibrated": service.installation.calibrated_until,
        "expired": source.calibration_expired,
        "unit": formats.UNITS.get(point.unit, point.unit),
        "from": "" if start is None else formats.minute(start, zone),
        "to": "" if end is None else formats.minute(end, zone),
        "first": _written(service.installation.first, service.installation.register_unit),
        "final": _written(service.final, service.installation.register_unit),
        "reckoned": _reckoned(source, zone, item),
        "readings": readings,
        "unused": sum(not one.used for one in readings),
        "left_out": source.left_out,
    }


def _written(value: Decimal | None, unit: str | None) -> str:
    """What somebody wrote down of a register when it changed."""
    return "" if value is None else f"{plain(value)} {formats.UNITS.get(unit or '', unit or '')}"


def _reckoned(source: Source, zone: str, item: str) -> dict[str, str] | None:
    """The calculation of a register, each number as on a calculator."""
    found = source.reckoned
    if found is None or source.edges is None:
        return None
    first, last = (float(one.readings.value[0]) for one in source.edges.ends())
    unit = category(item).unit
    return {
        "first": f"{first:.10g}",
        "last": f"{last:.10g}",
        "first_at": formats.moment(found.first_us, zone),
        "last_at": formats.moment(found.last_us, zone),
        "rise": plain(rise_of(source)),
        "factor": plain(factor_of(source.service)),
        "turn": "" if not found.turns else _trimmed(found.turn * found.turns, item),
        "whole": _trimmed(found.whole, item),
        "before": "" if not found.before else _trimmed(found.before, item),
        "after": "" if not found.after else _trimmed(found.after, item),
        "value": _trimmed(found.value, item),
        "unit": formats.UNITS.get(unit, unit),
    }


def _trimmed(amount: int, item: str) -> str:
    text = exact(amount, item) or ""
    return text.rstrip("0").rstrip(".") if "." in text else text


def _reading(visit: Visit, source: Source, n: int, zone: str, item: str) -> ReadingShown:
    judged, kind = source.judged, source.service.kind
    why = judged.rejected_by[n]
    if why is not None:
        counts = word("rejected", why, visit.language)
    elif kind is Kind.REGISTER:
        counts = visit.text("used")
    else:
        until = formats.local(int(judged.end_us[n]), zone)
        counts = visit.text("%(energy)s up to %(time)s") % {
            "energy": f"{_trimmed(int(judged.units[n]), item)} {category(item).unit}",
            "time": f"{until:%H:%M:%S}",
        }
    if judged.entered(n):
        counts = visit.text("%(said)s; entered by a person") % {"said": counts}
    return _shown(judged, n, zone, source, counts)


def _shown(judged: JudgedReadings, n: int, zone: str, source: Source, counts: str) -> ReadingShown:
    rows = judged.readings
    segment, offset, index = int(rows.segment[n]), int(rows.offset[n]), int(rows.index[n])
    return ReadingShown(
        formats.moment(int(rows.time_us[n]), zone),
        f"{source.point.gateway} {source.point.name}",
        formats.reading_of(rows, n, source.point.unit),
        counts,
        judged.rejected_by[n] is None,
        f"{segment} / {offset} / {index}",
        f"/messages/{segment}/{offset}",
    )


def _decision(visit: Visit, one: Explained, zone: str, item: str) -> dict[str, Any]:
    event = one.event
    return {
        "name": word("event", event.kind, visit.language),
        "why": word("decision", one.rule, visit.language),
        "span": f"{formats.moment(event.start_us, zone)} – {formats.moment(event.end_us, zone)}",
        "cost": event.cost,
        "limit": _with_unit(event.limit, item),
        "value": _with_unit(event.value, item),
        "energy": _with_unit(event.energy, item),
        "left_out": one.left_out,
        "readings": [
            {
                "place": word("place_of_reading", place, visit.language),
                "when": formats.moment(int(row.readings.time_us[0]), zone),
                "value": formats.reading_of(row.readings, 0, ""),
                "link": f"/messages/{int(row.readings.segment[0])}/{int(row.readings.offset[0])}",
            }
            for place, row in one.readings
        ],
    }


def _with_unit(amount: int | None, item: str) -> str:
    """An exact amount with its unit; '' where it is not known."""
    unit = category(item).unit
    return "" if amount is None else f"{_trimmed(amount, item)} {formats.UNITS.get(unit, unit)}"
