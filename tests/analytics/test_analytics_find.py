"""From a site's hours to its findings: all the waste put in, each once, and nothing else."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from analytics import FlatRates, find
from metering.book import RegisterEvent
from metering.errors import InvalidInput
from metering.finding import Finding
from metering.localtime import HOUR_US
from metering.quality import APPORTIONED, MISSING, all_of
from metering.quantity import ABSENT

Make = Callable[..., Any]
SEEDS = range(20, 30)


def named(findings: list[Finding]) -> list[tuple[str, str]]:
    return sorted((finding.pattern, finding.meter) for finding in findings)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.sampled(3)
def test_a_clean_campus_has_no_findings(campus: Make, seed: int) -> None:
    assert find(campus(seed).inputs()) == []


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.sampled(3)
def test_every_event_is_found_once_on_its_sub_meter(campus: Make, seed: int) -> None:
    place = campus(seed)
    rng = np.random.default_rng(seed)
    first = date(2026, 10, 19 + int(rng.integers(0, 3)))
    night = place.run_nights("east-ac", first, int(rng.integers(3, 6)), rng.uniform(0.45, 0.7))
    weekend = place.run_days("west-ac", date(2026, 11, 7), 2)
    holiday = place.run_days("west-power", date(2026, 10, 3), 3)
    found = {finding.meter: finding for finding in find(place.inputs())}
    assert named(list(found.values())) == [
        ("after_hours_plant", "east-ac"),
        ("weekend_run", "west-ac"),
        ("weekend_run", "west-power"),
    ]
    for meter, extra in (("east-ac", night), ("west-ac", weekend), ("west-power", holiday)):
        hours = set(found[meter].hours_us)
        true_hours = set(place.hours_us[extra > 0].tolist())
        assert len(hours & true_hours) > 0.8 * len(true_hours)
        assert found[meter].waste == pytest.approx(float(extra.sum()), rel=0.08)


def test_a_total_reports_what_no_sub_meter_shows(campus: Make) -> None:
    """Load without a sub-meter runs at night: the building's own total has to tell."""
    place = campus(31)
    owner = place.clock.duty_day - place.clock.day[0]
    inside = place.clock.night & (owner >= 40) & (owner < 44)
    place.add("east-total", np.where(inside, 0.3 * place.load("east-total"), 0.0))
    assert named(find(place.inputs())) == [("after_hours_plant", "east-total")]


def test_a_finding_carries_its_evidence_and_its_price(campus: Make) -> None:
    place = campus(32)
    place.run_nights("east-ac", date(2026, 10, 19), 4, 0.6)
    inputs = place.inputs()
    (finding,) = find(inputs)
    row = place.row("east-ac")
    hours = np.searchsorted(place.hours_us, np.array(finding.hours_us))
    assert finding.measured == int(inputs.energy[row, hours].sum())
    assert finding.expected is not None
    assert finding.waste == (finding.measured - finding.expected) / 1e6
    assert finding.waste_low < finding.waste < finding.waste_high
    assert finding.kgco2 == Decimal(finding.measured - finding.expected) * Decimal("0.5306") / 10**6
    assert hours.tolist() == list(range(hours[0], hours[0] + 24 * 7)), "whole days, two after"
    bears = [one for one in finding.hours if one.waste > 0.1 * finding.waste * 1e6 / 4 / 12]
    local = {int(place.clock.hour[np.searchsorted(place.hours_us, one.start_us)]) for one in bears}
    assert local >= {20, 21, 22, 23, 0, 1, 2, 3, 4, 5}
    kwh = Decimal(repr(finding.waste))
    assert finding.cost is not None
    assert Decimal("0.3") * kwh < finding.cost < Decimal("1.2") * kwh
    assert finding.currency == "CNY"
    assert finding.start_us == finding.hours_us[0] == place.at(date(2026, 10, 19), 0)
    assert finding.end_us == place.at(date(2026, 10, 24), 0)
    assert finding.hours_us[-1] + HOUR_US == place.at(date(2026, 10, 26), 0)
    assert 0.9 < finding.confidence <= 0.98
    assert finding.cause == "bms_override"
    assert (finding.node, finding.item) == ("east", "01B00")
    assert finding.detail["days"] == 5, "four nights"
    assert finding.detail["measured"] > finding.detail["expected"]  # type: ignore[operator]
    assert (finding.unit, finding.detail["unit"]) == ("kWh", "kW")
    charted = [start for start, _, _ in finding.hourly]
    assert charted[0] == finding.start_us - 24 * HOUR_US
    assert charted[-1] == finding.hours_us[-1] + 24 * HOUR_US


def test_money_and_carbon_are_unknown_without_price_and_factor(campus: Make) -> None:
    place = campus(32)
    place.run_nights("east-ac", date(2026, 10, 19), 4, 0.6)
    (finding,) = find(replace(place.inputs(), rates=FlatRates()))
    assert (finding.cost, finding.currency, finding.kgco2) == (None, "", None)
    assert finding.costs == ()
    assert finding.waste > 0


def test_a_flat_price_is_that_of_all_the_waste(campus: Make) -> None:
    place = campus(32)
    place.run_nights("east-ac", date(2026, 10, 19), 4, 0.6)
    flat = FlatRates(Decimal("0.70"), "EUR", Decimal("0.25"))
    (finding,) = find(replace(place.inputs(), rates=flat))
    assert finding.measured is not None
    assert finding.expected is not None
    waste = Decimal(finding.measured - finding.expected) / 10**6
    assert (finding.cost, finding.currency) == (waste * Decimal("0.70"), "EUR")
    assert finding.costs == (("EUR", waste * Decimal("0.70")),)
    assert finding.kgco2 == waste * Decimal("0.25")


def test_an_event_grows_and_the_running_day_stays_out(campus: Make) -> None:
    place = campus(33)
    place.run_nights("east-ac", date(2026, 11, 16), 4, 0.6)
    early = find(place.until(date(2026, 11, 18)).inputs())
    late = find(place.inputs())
    assert [
        set(one.hours_us) < set(two.hours_us) for one, two in zip(early, late, strict=True)
    ] == [True]
    assert early[0].detail["days"] == 3
    assert late[0].detail["days"] == 5
    inputs = place.inputs()
    known = replace(inputs, now_us=place.at(date(2026, 11, 19), 23))
    (running,) = find(known)
    assert running.end_us <= place.at(date(2026, 11, 19), 0)
    assert find(replace(inputs, now_us=place.at(date(2026, 11, 17), 23))) == []


@pytest.mark.long
def test_the_same_hours_give_the_same_findings(campus: Make) -> None:
    one, two = campus(34), campus(34)
    for place in (one, two):
        place.run_days("west-light", date(2026, 11, 14), 2)
    assert find(one.inputs()) == find(two.inputs())
    assert len(find(one.inputs())) == 1


def gap(place: Any, meter: str, kind: str, day: date, start: int, end: int) -> RegisterEvent:
    event = RegisterEvent("bureau", meter, kind, place.at(day, start), place.at(day, end))
    place.events.append(event)
    return event


def test_a_meter_fault_is_a_finding_and_never_waste(campus: Make) -> None:
    """A stuck register's catch-up, booked into four nights, would look like a plant left on."""
    place = campus(35)
    days = [date(2026, 10, 19 + n) for n in range(4)]
    place.run_nights("east-ac", days[0], 4, 0.7)
    for day in days:
        gap(place, "east-ac", "stuck", day, 18, 32)
    inputs = place.inputs()
    for event in place.events:
        first, last = np.searchsorted(place.hours_us, (event.start_us, event.end_us))
        inputs.shares[place.row("east-ac"), first:last] = all_of(APPORTIONED, last - first)
    findings = [finding for finding in find(inputs) if finding.meter == "east-ac"]
    assert named(findings) == [("meter_stuck", "east-ac")]
    (finding,) = findings
    assert (finding.waste, finding.cost, finding.kgco2) == (0.0, None, None)
    assert len(finding.hours_us) == 4 * 14
    unlabelled = replace(inputs, events=[])
    assert [f for f in find(unlabelled) if f.meter == "east-ac"] == []


def test_a_gap_has_an_expectation_and_no_measurement(campus: Make) -> None:
    place = campus(36)
    gap(place, "west-power", "gap", date(2026, 11, 4), 9, 14)
    inputs = place.inputs()
    row, first = place.row("west-power"), place.clock.hour.size
    first = int(np.searchsorted(place.hours_us, place.events[0].start_us))
    inputs.energy[row, first : first + 5] = ABSENT
    inputs.shares[row, first : first + 5] = all_of(MISSING, 5)
    (finding,) = find(inputs)
    assert (finding.pattern, finding.meter) == ("meter_gap", "west-power")
    assert finding.measured is None
    assert finding.expected == pytest.approx(5e6 * place.load("west-power"), rel=0.1)
    missing = [used for start, _, used in finding.hourly if start in finding.hours_us]
    assert missing == [None] * 5


def test_water_that_runs_at_night_is_told_as_flow_and_never_as_electric_waste(campus: Make) -> None:
    place = campus(37)
    place.run_nights("east-ac", date(2026, 10, 19), 4, 0.6)
    inputs = place.inputs()
    meters = [replace(meter, item="02000") for meter in inputs.meters]
    gap(place, "east-ac", "gap", date(2026, 11, 4), 9, 14)
    found = find(replace(inputs, meters=meters, events=place.events))
    assert named(found) == [("meter_gap", "east-ac"), ("night_flow", "east-ac")]


def test_two_weeks_are_too_little_to_accuse_anybody(campus: Make) -> None:
    place = campus(38, date(2026, 11, 11))
    place.run_nights("east-ac", date(2026, 11, 16), 4, 0.7)
    assert find(place.inputs()) == []


def test_nothing_to_judge(campus: Make) -> None:
    inputs = campus(39).inputs()
    assert find(replace(inputs, now_us=int(inputs.hours_us[0]))) == []
    no_meters = replace(
        inputs, meters=[], energy=inputs.energy[:0], shares=inputs.shares[:0], feeders={}
    )
    assert find(no_meters) == []
    absent = replace(inputs, energy=np.full_like(inputs.energy, ABSENT))
    assert find(absent) == []


def test_wrong_shapes_are_refused_by_name(campus: Make) -> None:
    inputs = campus(39).inputs()
    with pytest.raises(InvalidInput, match="energy"):
        find(replace(inputs, energy=inputs.energy[:-1]))
    with pytest.raises(InvalidInput, match="shares"):
        find(replace(inputs, shares=inputs.shares[:, :, :3]))
    with pytest.raises(InvalidInput, match="temperature"):
        find(replace(inputs, temperature=inputs.temperature[1:]))
