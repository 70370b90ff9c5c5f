"""Recall and false alarms on the simulated campus, whose waste carries labels."""

from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from analytics import FlatRates, Inputs, find
from analytics.bins import USUAL_WEEK
from metering.book import RegisterEvent
from metering.finding import Finding
from metering.localtime import HOUR_US, day_bounds, previous_month
from metering.quality import APPORTIONED, MEASURED, MISSING, all_of
from metering.registry import Meter
from simulators.campus import load_campus
from simulators.labels import Label
from simulators.world import World

ZONE = "Asia/Shanghai"
CAMPUS = load_campus()
CASES = [(41, date(2026, 11, 24)), (42, date(2026, 8, 3)), (43, date(2026, 3, 2))]


def world(seed: int, now: date, waste: bool) -> World:
    start_us = day_bounds(previous_month(previous_month(now)), ZONE)[0]
    now_us = day_bounds(now, ZONE)[0] + 9 * HOUR_US
    return World(seed, start_us, now_us, ZONE, CAMPUS.calendar, waste=waste)


def inputs(place: World) -> Inputs:
    """What the ledger would book if every reading arrived, faults as it would judge them."""
    meters = [Meter(m.code, m.node, m.item, m.total) for m in CAMPUS.meters.values()]
    energy = np.array([np.rint(place.hourly(m.code) * 1e6) for m in meters]).astype(np.int64)
    hours_us = place.start_us + np.arange(energy.shape[1], dtype=np.int64) * HOUR_US
    shares = np.stack([all_of(MEASURED, hours_us.size)] * len(meters))
    codes = list(CAMPUS.meters)
    faults = [label for label in place.labels if not label.is_waste]
    for label in faults:
        hours = np.searchsorted(hours_us, np.array(label.hours))
        kind = MISSING if label.restart_us else APPORTIONED
        shares[codes.index(label.meter), hours] = all_of(kind, hours.size)
    return Inputs(
        institution="bureau",
        zone=ZONE,
        meters=meters,
        feeders={m.code: (m.fed_by,) for m in CAMPUS.meters.values() if m.fed_by},
        hours_us=hours_us,
        energy=energy,
        shares=shares,
        temperature=np.array(place.value("gw-a/OUT.temperature", hours_us + HOUR_US // 2)),
        calendar=CAMPUS.calendar,
        events=[event(label) for label in faults],
        rates=FlatRates(factor=Decimal("0.5306")),
        now_us=place.now_us,
        weeks={m.code: USUAL_WEEK for m in meters if m.node.startswith("office")},
    )


def event(label: Label) -> RegisterEvent:
    kind = label.pattern.removeprefix("meter_")
    return RegisterEvent("bureau", label.meter, kind, label.start_us, label.end_us)


def matches(finding: Finding, label: Label) -> bool:
    same = (finding.pattern, finding.meter) == (label.pattern, label.meter)
    return same and bool(set(finding.hours_us) & set(label.hours))


@pytest.mark.parametrize(("seed", "now"), CASES)
@pytest.mark.sampled(1)
def test_every_label_is_found_once_and_nothing_else(seed: int, now: date) -> None:
    place, healthy = world(seed, now, waste=True), world(seed, now, waste=False)
    findings = find(inputs(place))
    assert len(place.labels) > 6
    assert len(findings) == len(place.labels)
    for label in place.labels:
        (finding,) = [finding for finding in findings if matches(finding, label)]
        if label.is_waste:
            hours = (np.array(label.hours) - place.start_us) // HOUR_US
            extra = place.hourly(label.meter) - healthy.hourly(label.meter)
            assert finding.waste == pytest.approx(float(extra[hours].sum()), rel=0.08)


@pytest.mark.parametrize(("seed", "now"), CASES)
@pytest.mark.sampled(1)
def test_a_healthy_campus_has_no_findings(seed: int, now: date) -> None:
    assert find(inputs(world(seed + 100, now, waste=False))) == []
