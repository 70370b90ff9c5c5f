"""Findings as people read them: sentence, money, cause, action, and a chart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import figures
from analytics import UNPRICED
from api import sentences
from api.page import charts, formats
from api.page.figure import Of, Shown
from api.page.visit import Visit
from api.usecases.findings import CasesWanted, beside_in, parts_of
from api.usecases.findings import told as found_of
from metering.case_life import is_snoozed
from metering.evidence import money_of
from metering.finding import Case, CaseState, Finding
from metering.items import purpose
from metering.localtime import HOUR_US, iso
from metering.nesting import Nesting
from texts import named, word

HourTold = tuple[int, float | None, float | None]
"""(beginning [us], expected, measured [kW or alike])."""
MOST_HOURS = 72
KINDS = ("all", "waste", "fault")
"""What a list is of; meter faults stand behind what wastes."""
FILTERS = (*(str(one) for one in CaseState), "snoozed", "all")
"""Lists of cases; what is put off is on none but its own and that of all, and what waits for a
digest on that of all."""


def chosen(state: str, kind: str) -> CasesWanted:
    """The cases of a list."""
    wastes = None if kind == "all" else kind == "waste"
    if state == "all":
        return CasesWanted(wastes=wastes)
    if state == "snoozed":
        return CasesWanted(snoozed=True, wastes=wastes)
    return CasesWanted(state, snoozed=False, wastes=wastes, told=True)


def shown(visit: Visit, cases: Sequence[Case]) -> list[dict[str, Any]]:
    """Cases for a list."""
    outer = parts_of(visit.caller, cases)
    return [shown_case(visit, one, outer.get(one.number)) for one in cases]


def shown_case(visit: Visit, case: Case, part_of: int | None) -> dict[str, Any]:
    """One case in the visitor's language."""
    finding, now_us = case.evidence, visit.caller.platform.now_us()
    registry, language = visit.caller.reach.registry, visit.language
    zone = registry.zone(finding.node)
    span = (iso(finding.start_us), iso(finding.end_us))
    of = Of(finding.meter, finding.item, *span, case.id)
    meter = registry.meters.get(finding.meter)
    wastes = finding.waste > 0
    costs = finding.costs if wastes else ()
    return {
        "id": case.id,
        "pattern": named("pattern", finding.pattern, purpose(finding.item), language),
        "place": registry.node(finding.node).name(language),
        "sentence": _capital(sentences.sentence(finding, zone, language)),
        "so_far": _capital(sentences.so_far(case, zone, language, now_us)),
        "assignee": case.assignee,
        "snoozed": formats.day(case.snoozed_us, zone) if is_snoozed(case, now_us) else "",
        "relapses": case.relapses,
        "unpriced": finding.pattern in UNPRICED,
        "kwh": _waste(finding.waste, finding.unit, of) if wastes else None,
        "low": formats.number(finding.waste_low),
        "high": formats.number(finding.waste_high),
        "cost": [_money(amount, currency, of) for currency, amount in costs if amount],
        "carbon": _carbon(visit, finding.kgco2, of) if finding.kgco2 and wastes else None,
        "confidence": f"{finding.confidence * 100:.0f} %",
        "cause": word("cause", finding.cause, language),
        "odds": _odds(finding),
        "also": _also(finding, language),
        "action": word("action", finding.action, language),
        "item": word("item", finding.item, language),
        "meter": finding.meter if meter is None else meter.name(language),
        "span": " – ".join(formats.minute(at, zone) for at in (finding.start_us, finding.end_us)),
        "part_of": part_of,
        "state": str(case.state),
        "closed": word("closed", case.closed, language) if case.closed else "",
        "note": case.state_note,
        "by": case.state_by,
        "baseline": finding.baseline_version,
    }


def _odds(finding: Finding) -> str:
    """How likely the cause is beside the other one; '' where one alone is told."""
    odds = finding.detail.get("odds")
    return "" if odds is None else f"{float(odds) * 100:.0f} %"


def _also(finding: Finding, language: str) -> str:
    """The other cause that the evidence leaves; '' where it leaves none."""
    also = finding.detail.get("also")
    return "" if not also else word("cause", str(also), language)


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def totals(visit: Visit, cases: Sequence[Case]) -> list[Shown]:
    """Sums over cases: energy by unit, money by currency, carbon."""
    outer = Nesting(visit.caller.reach.registry).outer
    return sums(visit, figures.sum_of_cases(cases, outer))


def sums(visit: Visit, found: figures.CaseSums) -> list[Shown]:
    """What cases come to."""
    of = Of("", "", "", "", "findings")
    waste = found.energy or (("kWh", 0.0),)
    shown = [_waste(amount, unit, of) for unit, amount in waste]
    shown += [_money(amount, currency, of) for currency, amount in found.money]
    return shown if found.kgco2 is None else [*shown, _carbon(visit, found.kgco2, of)]


def _waste(amount: float, unit: str, of: Of) -> Shown:
    text = f"{formats.number(amount)} {formats.UNITS.get(unit, unit)}"
    return Shown("waste", str(amount), text, of)


def _money(amount: Decimal, currency: str, of: Of) -> Shown:
    return Shown("cost", str(amount), formats.money(amount, currency), of, currency)


def _carbon(visit: Visit, amount: Decimal, of: Of) -> Shown:
    """Location-based, as findings know it; said where the visitor looks at the other basis."""
    said = f" ({word('basis', 'location', visit.language)})" if "kgco2" in visit.basis else ""
    return Shown("kgco2", str(amount), f"{formats.number(amount)} kg CO₂{said}", of)


def beside(visit: Visit, finding: Finding) -> dict[str, Any]:
    """What the other mediums of the place took meanwhile, and the money of all together."""
    seen, of = beside_in(visit.caller, finding), Of("", "", "", "", "findings")
    return {
        "meters": [
            {
                "meter": visit.caller.reach.meters[one.meter].name(visit.language),
                "amount": _waste(one.waste, one.unit, of),
                "low": formats.number(one.waste - one.half),
                "high": formats.number(one.waste + one.half),
                "money": [_money(amount, currency, of) for currency, amount in money_of(one.hours)],
                "hours": len(one.hours),
            }
            for one in seen.meters
        ],
        "net": [_money(amount, currency, of) for currency, amount in seen.net],
    }


def chart(visit: Visit, finding: Finding) -> charts.Chart | None:
    """Expected against measured, the evidence hours shaded."""
    if not finding.hourly:
        return None
    zone = visit.caller.reach.registry.zone(finding.node)
    rows = list(_broken(finding.hourly))
    times = [f"{formats.local(at, zone):%Y-%m-%d %H:%M}" for at, _, _ in rows]
    expected = [one for _, one, _ in rows]
    measured = [one for _, _, one in rows]
    unit = sentences.POWER[finding.unit]
    return charts.chart(
        [
            charts.line(
                visit.text("expected"), times, expected, charts.SECOND, line={"dash": "dot"}
            ),
            charts.line(visit.text("measured"), times, measured, charts.ACCENT),
        ],
        shapes=[_shade(a, b, zone) for a, b in _runs(finding.hours_us)],
        xaxis={"type": "date", "tickformat": "%H:%M\n%m-%d", "nticks": 5},
        yaxis={"rangemode": "tozero", "title": {"text": unit}},
    )


def _broken(hourly: Iterable[HourTold]) -> Iterator[HourTold]:
    """The hours with an empty one after each run: no line is drawn where nothing is told."""
    before: HourTold | None = None
    for one in hourly:
        if before is not None and one[0] > before[0] + HOUR_US:
            yield (before[0] + HOUR_US, None, None)
        yield one
        before = one


def hours(visit: Visit, finding: Finding) -> list[dict[str, str]]:
    """The evidence hours with the way down to their readings."""
    zone = visit.caller.reach.registry.zone(finding.node)
    known = {at: (expected, measured) for at, expected, measured in finding.hourly}
    unit = sentences.POWER[finding.unit]
    found = []
    for at in finding.hours_us[:MOST_HOURS]:
        expected, measured = known.get(at, (None, None))
        found.append(
            {
                "when": formats.minute(at, zone),
                "expected": "–" if expected is None else f"{formats.number(expected)} {unit}",
                "measured": "–" if measured is None else f"{formats.number(measured)} {unit}",
                "lineage": f"/lineage?meter={finding.meter}&time={at}",
            }
        )
    return found


def told(visit: Visit, case: Case) -> list[dict[str, str]]:
    """The findings by which the case was told, newest first."""
    zone = visit.caller.reach.registry.zone(case.evidence.node)
    return [
        {
            "day": formats.minute(one.found_us, zone) if one.found_us else "–",
            "hours": f"{len(one.hours_us):,}",
            "waste": _waste_text(one) if one.waste > 0 else "–",
            "baseline": one.baseline_version,
            "revision": f"{one.revision:,}" if one.revision else "–",
        }
        for one in reversed(found_of(visit.caller, case))
    ]


def _waste_text(finding: Finding) -> str:
    unit = finding.unit
    return f"{formats.number(finding.waste)} {formats.UNITS.get(unit, unit)}"


def _runs(hours_us: Sequence[int]) -> list[tuple[int, int]]:
    """Consecutive hours as (start, end)."""
    runs: list[tuple[int, int]] = []
    for at in hours_us:
        if runs and runs[-1][1] == at:
            runs[-1] = (runs[-1][0], at + 3_600_000_000)
        else:
            runs.append((at, at + 3_600_000_000))
    return runs


def _shade(start_us: int, end_us: int, zone: str) -> dict[str, Any]:
    return {
        "type": "rect",
        "xref": "x",
        "yref": "paper",
        "x0": f"{formats.local(start_us, zone):%Y-%m-%d %H:%M}",
        "x1": f"{formats.local(end_us, zone):%Y-%m-%d %H:%M}",
        "y0": 0,
        "y1": 1,
        "line": {"width": 0},
        "fillcolor": "var(--bad-soft)",
        "layer": "below",
    }
