"""From a candidate to a finding: the sums, the sentence's numbers and the chart's hours."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from analytics.detectors import DETECTORS, WORTHLESS
from analytics.detectors.site import Candidate, Site
from analytics.groups import Floats, Ints
from analytics.judging import Judged
from analytics.pricing import FREE, Price, Rates, price, sure
from metering.finding import EvidenceHour, Finding
from metering.localtime import HOUR_US
from metering.quantity import ABSENT, total
from metering.registry import Meter
from metering.units import BOOK_UNITS, RATE_UNITS

CHART_MARGIN_US = 24 * HOUR_US
BEARS = 0.8
"""Of the excess, what the telling hours bear."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """All that the findings of a site are drawn from; the first axis is the meter."""

    institution: str
    site: Site
    energy: Ints
    """Book units, (meters, hours); ABSENT where unknown."""
    judged: Judged
    temperature: Floats
    """[C], (hours,)."""
    rates: Rates
    revision: int = 0
    """Of the institution's books."""
    day: date = date.min
    """Local day of the look."""


def to_finding(evidence: Evidence, meter: Meter, candidate: Candidate, now_us: int) -> Finding:
    """The finding of a candidate; a meter fault has no waste, money or carbon."""
    detector = DETECTORS[candidate.pattern]
    own = candidate.own
    wanted = _expected(evidence, candidate, meter) if own is None else own.expected
    used = _used(evidence, candidate)
    worth = _worth(evidence, candidate, meter, used - wanted)
    currency, cost = worth.sole
    return Finding(
        institution=evidence.institution,
        node=meter.node if own is None or not own.place else own.place,
        meter=meter.code,
        item=meter.item,
        pattern=candidate.pattern,
        start_us=candidate.start_us,
        end_us=candidate.end_us,
        hours_us=tuple(evidence.site.hours_us[candidate.hours].tolist()),
        expected=total(wanted),
        measured=total(used),
        waste=worth.waste,
        waste_low=worth.waste - worth.half,
        waste_high=worth.waste + worth.half,
        cost=cost,
        currency=currency,
        costs=worth.costs,
        kgco2=worth.kgco2,
        confidence=_confidence(candidate, worth),
        baseline_version=_version(evidence, candidate),
        cause=detector.causes[0] if own is None else own.cause,
        action=detector.action,
        detail=_detail(evidence, candidate, meter),
        hourly=_chart(evidence, candidate, meter) if own is None else own.chart,
        hours=_hours(evidence, candidate, meter, wanted),
        revision=evidence.revision,
        day=evidence.day,
        found_us=now_us,
    )


def _confidence(candidate: Candidate, worth: Price) -> float:
    """Of waste, how sure its size is; of others, what their detector says."""
    if candidate.pattern not in WORTHLESS:
        return worth.confidence
    if candidate.own is not None:
        return candidate.own.confidence
    return sure(candidate.score) if candidate.score else 1.0


def _used(evidence: Evidence, candidate: Candidate) -> Ints:
    """What the evidence hours measured [book units]; ABSENT where that is not known."""
    if candidate.own is not None:
        return candidate.own.measured
    return np.asarray(evidence.energy[candidate.meter, candidate.hours])


def _version(evidence: Evidence, candidate: Candidate) -> str:
    """The version that judges the end of the event; '' where none does."""
    if candidate.own is not None:
        return ""
    last = int(evidence.site.clock.day[candidate.hours[-1]])
    version = evidence.judged.version(candidate.meter, last)
    return "" if version is None else version.facts.name


def _expected(evidence: Evidence, candidate: Candidate, meter: Meter) -> Ints:
    """Expectation of the evidence hours [book units], as far off as the weeks before were; ABSENT
    where the baseline is silent."""
    hourly = evidence.site.expected[candidate.meter, candidate.hours] + candidate.drift
    known = np.isfinite(hourly)
    scaled = np.rint(np.where(known, hourly, 0.0) * BOOK_UNITS[meter.unit].per_canonical)
    return np.where(known, scaled.astype(np.int64), ABSENT)


def _worth(evidence: Evidence, candidate: Candidate, meter: Meter, waste: Ints) -> Price:
    if candidate.pattern in WORTHLESS:
        return FREE
    return price(
        site=evidence.site,
        candidate=candidate,
        meter=meter,
        waste=waste,
        rates=evidence.rates,
    )


def _hours(
    evidence: Evidence, candidate: Candidate, meter: Meter, wanted: Ints
) -> tuple[EvidenceHour, ...]:
    """The evidence hour by hour; those of a meter fault are worth nothing."""
    starts = evidence.site.hours_us[candidate.hours]
    used = _used(evidence, candidate)
    known = [
        (start, None if e == ABSENT else e, None if m == ABSENT else m)
        for start, e, m in zip(starts.tolist(), wanted.tolist(), used.tolist(), strict=True)
    ]
    if candidate.pattern in WORTHLESS:
        return tuple(EvidenceHour(*one) for one in known)
    waste, rates = used - wanted, evidence.rates
    money = rates.money_of_each(meter, starts, waste)
    places = range(waste.size)
    carbon = [rates.kgco2(meter, starts[n : n + 1], waste[n : n + 1]) for n in places]
    return tuple(
        EvidenceHour(*one, costs, kgco2)
        for one, costs, kgco2 in zip(known, money, carbon, strict=True)
    )


def _detail(evidence: Evidence, candidate: Candidate, meter: Meter) -> dict[str, str | int | float]:
    """Numbers for the sentence: one telling hour, and the size of the event."""
    site, row, hours = evidence.site, candidate.meter, candidate.hours
    detail: dict[str, str | int | float] = {"hours": int(hours.size), "days": candidate.days}
    if candidate.own is not None:
        return detail | candidate.own.detail
    detail |= _doubt(candidate)
    if candidate.pattern in WORTHLESS:
        return detail
    example = _telling(site, candidate)
    detail["example_us"] = int(site.hours_us[example])
    detail["expected"] = round(float(site.expected[row, example]) + candidate.drift, 3)
    detail["measured"] = round(float(site.measured[row, example]), 3)
    detail["sigma"] = round(float(site.sigma[row, example]), 3)
    detail["unit"] = RATE_UNITS[meter.unit]
    detail["load"] = round(float(site.load[row, example]), 3)
    if np.isfinite(evidence.temperature[example]):
        detail["temperature_c"] = round(float(evidence.temperature[example]), 1)
    version = evidence.judged.version(row, int(site.clock.day[example]))
    if version is not None and version.facts.error is not None:
        detail["baseline_cvrmse"] = round(version.facts.error, 4)
    return detail


def _telling(site: Site, candidate: Candidate) -> int:
    """The middle one in size of the hours that bear most of the excess: the largest would
    exaggerate, and the small ones tell nothing."""
    hours = candidate.hours
    above = np.maximum(np.nan_to_num(site.residual[candidate.meter, hours]), 0.0)
    rising = np.argsort(above, kind="stable")
    passed = np.cumsum(above[rising])
    bears = rising[passed > (1 - BEARS) * passed[-1]] if passed[-1] > 0 else rising
    return int(hours[bears[bears.size // 2]])


def _doubt(candidate: Candidate) -> dict[str, str | int | float]:
    """How surely it stands out, how likely its name is, and what else it may be."""
    if not candidate.score:
        return {}
    found: dict[str, str | int | float] = {"score": round(candidate.score, 2)}
    if candidate.drift:
        found["drift"] = round(candidate.drift, 4)
    if len(candidate.odds) > 1:
        (_, likely), (other, _) = candidate.odds[:2]
        found |= {"odds": round(likely, 2), "also": DETECTORS[other].causes[0]}
    return found


def _chart(
    evidence: Evidence, candidate: Candidate, meter: Meter
) -> tuple[tuple[int, float | None, float | None], ...]:
    """(start, expected, measured) of each hour of the evidence and a day on either side."""
    site, row = evidence.site, candidate.meter
    end_us = max(candidate.end_us, int(site.hours_us[candidate.hours[-1]]) + HOUR_US)
    first = np.searchsorted(site.hours_us, candidate.start_us - CHART_MARGIN_US)
    last = np.searchsorted(site.hours_us, end_us + CHART_MARGIN_US)
    per_canonical = BOOK_UNITS[meter.unit].per_canonical
    rows = []
    for hour in range(int(first), int(last)):
        wanted, used = float(site.expected[row, hour]), int(evidence.energy[row, hour])
        rows.append(
            (
                int(site.hours_us[hour]),
                round(wanted, 4) if np.isfinite(wanted) else None,
                None if used == ABSENT else used / per_canonical,
            )
        )
    return tuple(rows)
