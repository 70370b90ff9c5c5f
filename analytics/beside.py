"""What the other mediums of a place took meanwhile: a fault's cost stands in all of them together.

    case ─▶ its evidence hours ─▶ other mediums of the place ─▶ measured - expected, money, carbon
            its place ─┐          nearest place that has one
            above      ┴────────▶

Lights left on save heating; plant left on all night burns gas. Each other medium that is judged
stands beside the case as what it took above expectation in the same hours, less than nothing where
it saved; what it is off by in so many hours while it is well is its interval. Meters below others
of the chosen ones say nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analytics.groups import Bools, Floats, Ints
from analytics.hierarchy import ancestors
from analytics.pricing import Z90, Rates
from analytics.scan.judge import NetNoise
from metering.finding import BesideMeter, EvidenceHour, Finding
from metering.registry import Meter
from metering.units import BOOK_UNITS

KNOWN = 0.5
"""Of the evidence hours, those that must be known of a meter."""


@dataclass(frozen=True, eq=False)
class JudgedMeter:
    """A meter as it was judged in the hours of a look."""

    meter: Meter
    places: tuple[str, ...]
    """Its node and those above it on the site, nearest first."""
    hours_us: Ints
    energy: Ints
    """Book units, (hours,)."""
    expected: Floats
    """[canonical unit per hour], (hours,); NaN where nothing is."""
    known: Bools
    """Hours that are measured and expected, (hours,)."""
    noise: NetNoise
    version: str
    """The newest version that judges it."""

    @property
    def medium(self) -> str:
        """Its category."""
        return self.meter.item[:2]


def beside_of(
    finding: Finding,
    judged: Mapping[str, JudgedMeter],
    feeders: Mapping[str, Sequence[str]],
    rates: Rates,
) -> tuple[BesideMeter, ...]:
    """The other mediums beside a finding, by meter; nothing beside what wastes nothing."""
    if finding.waste <= 0 or finding.meter not in judged:
        return ()
    chosen = sorted(_chosen(judged[finding.meter], judged, feeders))
    told = (_beside(judged[code], finding, rates) for code in chosen)
    return tuple(one for one in told if one is not None)


def _chosen(
    own: JudgedMeter, judged: Mapping[str, JudgedMeter], feeders: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    """Of each other medium, the meters at the nearest place that has any at it or below."""
    for medium in sorted({one.medium for one in judged.values()} - {own.medium}):
        others = {code: one for code, one in judged.items() if one.medium == medium}
        for place in own.places:
            there = {code for code, one in others.items() if place in one.places}
            if there:
                totals = {
                    code
                    for code in there
                    if others[code].meter.total and others[code].meter.node == place
                }
                whole = totals or there
                yield from (code for code in whole if not ancestors(code, feeders) & whole)
                break


def _beside(one: JudgedMeter, finding: Finding, rates: Rates) -> BesideMeter | None:
    """None where too little is known of it."""
    _, rows, _ = np.intersect1d(
        one.hours_us, finding.hours_us, assume_unique=True, return_indices=True
    )
    rows = rows[one.known[rows]]
    half = Z90 * one.noise.of(int(rows.size))
    if rows.size < KNOWN * len(finding.hours_us) or not np.isfinite(half):
        return None
    per = BOOK_UNITS[one.meter.unit].per_canonical
    wanted = np.rint(one.expected[rows] * per).astype(np.int64)
    return BesideMeter(
        meter=one.meter.code,
        item=one.meter.item,
        half=half,
        baseline_version=one.version,
        hours=_hours(one, rows, wanted, rates),
    )


def _hours(one: JudgedMeter, rows: Ints, wanted: Ints, rates: Rates) -> tuple[EvidenceHour, ...]:
    starts, used = one.hours_us[rows], one.energy[rows]
    waste = used - wanted
    money = rates.money_of_each(one.meter, starts, waste)
    carbon = [rates.kgco2(one.meter, starts[n : n + 1], waste[n : n + 1]) for n in range(rows.size)]
    hours = zip(starts.tolist(), wanted.tolist(), used.tolist(), money, carbon, strict=True)
    return tuple(EvidenceHour(*hour) for hour in hours)
