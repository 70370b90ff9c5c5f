"""Demand above the contract and low power factors: told where they last, priced never."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from analytics import Inputs, find, look, settle
from analytics.billed import BilledMeter, DayPeaks, KwPrice, YearPeak, billed
from analytics.bins import HourCalendar
from analytics.detectors import DETECTORS, Site
from analytics.evidence import joined, only
from api.sentences import sentence
from metering.finding import Case, CaseState
from metering.localtime import day_number
from metering.registry import Registry
from metering.registry.facts.accounts import Account
from metering.registry.facts.charges import Basis, Charge
from metering.validity import Validity
from proofs.steps import data_folder_with_recordings
from tests.analytics.hourly_inputs import FIRST, inputs

DATA = data_folder_with_recordings()
PATTERNS = {"contract_too_large", "demand_over_contract", "low_power_factor"}


def office(days: int = 28) -> np.ndarray[Any, np.dtype[np.float64]]:
    """100 kW from 8 to 18 of each day, 20 kW else."""
    hour = np.arange(24 * days) % 24
    return np.where((hour >= 8) & (hour < 18), 100.0, 20.0)


def told(given: Inputs) -> list[Any]:
    return [one for one in find(given) if one.pattern in PATTERNS]


def contract(kw: float, since: date = FIRST) -> tuple[BilledMeter, ...]:
    return (BilledMeter("m", day_number(since), contract_kw=kw),)


def reactive(**more: Any) -> tuple[BilledMeter, ...]:
    return (BilledMeter("m", 0, reactive="q", power_factor=0.9, **more),)


def test_a_demand_above_the_contract_is_told_from_the_second_day_on() -> None:
    flow = office()
    flow[24 * 3 + 9] = 130.0
    assert told(inputs({"m": ("01000", flow)}, billed=contract(120))) == []
    flow[24 * 9 + 10] = 145.5
    (found,) = told(inputs({"m": ("01000", flow)}, billed=contract(120)))
    assert (found.pattern, found.cause, found.detail["also"]) == (
        *("demand_over_contract", "loads_together"),
        "contract_small",
    )
    assert (found.detail["peak_kw"], found.detail["contract_kw"], found.detail["days"]) == (
        *(145.5, 120.0),
        2,
    )
    assert found.detail["odds"] == pytest.approx(1 - 3 / 27, abs=1e-3)
    assert (found.waste, found.costs, found.kgco2, found.confidence) == (0.0, (), None, 1.0)
    assert found.measured == 275_500_000
    assert told(inputs({"m": ("01000", flow)}, billed=contract(145.5))) == []


def test_a_contract_that_is_passed_on_most_days_is_too_small() -> None:
    (found,) = told(inputs({"m": ("01000", office())}, billed=contract(90)))
    assert (found.cause, found.detail["also"]) == ("contract_small", "loads_together")


def test_days_before_the_contract_are_none_of_it() -> None:
    flow = office()
    flow[[24 * 3 + 9, 24 * 5 + 9, 24 * 20 + 9]] = 130.0
    later = contract(120, FIRST + timedelta(days=10))
    assert told(inputs({"m": ("01000", flow)}, billed=later)) == []


@pytest.mark.parametrize(("ratio", "low"), [(0.48, False), (0.55, True)])
def test_a_power_factor_is_low_below_what_the_account_is_held_to(ratio: float, low: bool) -> None:
    given = inputs({"m": ("01000", office()), "q": ("90000", office() * ratio)}, billed=reactive())
    found = told(given)
    assert [one.pattern for one in found] == (["low_power_factor"] if low else [])
    if low:
        assert found[0].detail["power_factor"] == pytest.approx(1 / np.hypot(1, ratio), abs=1e-4)
        assert (found[0].cause, found[0].detail["days"]) == ("capacitors_lacking", 28)


def test_a_few_days_a_light_load_and_lone_readings_are_no_low_power_factor() -> None:
    power, drawn = office(), office() * 0.3
    four = drawn.copy()
    four[24 * 8 : 24 * 12] = 80.0
    assert told(inputs({"m": ("01000", power), "q": ("90000", four)}, billed=reactive())) == []
    night = np.where(power < 50, 40.0, drawn)
    assert told(inputs({"m": ("01000", power), "q": ("90000", night)}, billed=reactive())) == []
    sparse = np.where(np.arange(power.size) % 24 < 13, np.nan, power)
    assert told(inputs({"m": ("01000", sparse), "q": ("90000", power)}, billed=reactive())) == []


def test_what_is_fed_back_counts_and_names_the_other_cause() -> None:
    meters = {
        "m": ("01000", office()),
        "q": ("90000", office() * 0.1),
        "back": ("90000", office() * 0.5),
    }
    (found,) = told(inputs(meters, billed=reactive(reactive_export="back")))
    assert (found.cause, found.detail["also"]) == ("capacitors_stay_in", "capacitors_lacking")
    assert found.detail["odds"] == pytest.approx(0.5 / 0.6, abs=1e-3)


def test_an_hour_whose_reactive_energy_is_half_known_is_left_out_and_the_day_is_not() -> None:
    back = office() * 0.5
    back[9::24] = np.nan
    meters = {"m": ("01000", office()), "q": ("90000", office() * 0.1), "back": ("90000", back)}
    (found,) = told(inputs(meters, billed=reactive(reactive_export="back")))
    assert found.detail["days"] == 28
    assert found.detail["power_factor"] == pytest.approx(1 / np.hypot(1, 0.6), abs=1e-4)


def test_a_case_that_grew_tells_the_highest_demand_and_the_power_factor_of_all() -> None:
    flow = office()
    flow[[24 * 3 + 9, 24 * 5 + 9]] = 150.0
    flow[[24 * 20 + 9, 24 * 22 + 9]] = 130.0
    (peak,) = told(inputs({"m": ("01000", flow)}, billed=contract(120)))
    half = peak.hours_us[2]
    early = only(peak, {one for one in peak.hours_us if one < half})
    late = only(peak, {one for one in peak.hours_us if one >= half})
    assert early is not None
    assert late is not None
    late = replace(late, detail={**late.detail, "peak_kw": 130.0, "peak_us": half})
    grown = joined([early, late])
    assert (grown.detail["peak_kw"], grown.detail["peak_us"]) == (150.0, peak.detail["peak_us"])
    (low,) = told(
        inputs({"m": ("01000", office()), "q": ("90000", office() * 0.6)}, billed=reactive())
    )
    middle = low.hours_us[len(low.hours_us) // 2]
    parts = [
        replace(part, detail={**part.detail, "power_factor": factor})
        for part, factor in (
            (only(low, {one for one in low.hours_us if one < middle}), 0.8),
            (only(low, {one for one in low.hours_us if one >= middle}), 0.9),
        )
        if part is not None
    ]
    active = [part.measured or 0 for part in parts]
    back = active[0] * 0.75 + active[1] * np.sqrt(1 / 0.81 - 1)
    wanted = sum(active) / np.hypot(sum(active), back)
    assert joined(parts).detail["power_factor"] == pytest.approx(wanted, abs=1e-4)


def test_each_evidence_hour_has_its_value_however_long_ago() -> None:
    flow = office()
    flow[[24 * 1 + 9, 24 * 26 + 9]] = 150.0
    (found,) = told(inputs({"m": ("01000", flow)}, billed=contract(120)))
    values = {at: measured for at, _, measured in found.hourly}
    assert [values[at] for at in found.hours_us] == [150.0, 150.0]


def test_the_accounts_of_a_day_are_read() -> None:
    rows = (
        Account("1", "m", reactive="q", power_factor="0.85", valid=Validity(None, FIRST)),
        Account("1", "m", contract_kw=Decimal(120), valid=Validity(FIRST)),
        Account("2", "other", contract_kw=Decimal(9)),
    )
    known = Registry(more={"account": rows})
    assert billed(known, {"m"}, FIRST) == contract(120)
    (before,) = billed(known, {"m"}, FIRST - timedelta(days=1))
    assert (before.power_factor, before.contract_kw, before.reactive) == (0.85, None, "q")


def large(kw: float, peak: float) -> tuple[BilledMeter, ...]:
    """Of a contract; a year of days that took 80 kW at most, the seventh of them more."""
    (one,) = contract(kw)
    highest = np.where(np.arange(365) == 7, peak, 80.0)
    of_day = np.arange(365, dtype=np.int64)
    peaks = DayPeaks(of_day, highest, of_day, np.full(365, 96))
    return (replace(one, contracted=KwPrice(Decimal(40), "CNY"), peaks=peaks),)


def test_a_contract_of_which_a_year_took_little_is_told_with_what_it_costs() -> None:
    (found,) = told(inputs({"m": ("01000", office())}, billed=large(300, 110)))
    assert (found.pattern, found.cause) == ("contract_too_large", "contract_large")
    assert (found.detail["year_peak_kw"], found.detail["year_peak_us"]) == (110, 7)
    assert found.detail["needed_kw"] == pytest.approx(121)
    assert found.detail["saved_a_year"] == pytest.approx((300 - 121) * 480)
    assert (found.waste, found.costs, found.detail["days"]) == (0.0, (), 28)
    assert len(found.hours_us) == 28
    assert sentence(found, "Asia/Shanghai", "en") == (
        "in a year the most of a quarter of an hour was 110 kW, at 1970-01-01 08:00, of the 300 "
        "kW of the contract; one of 121 kW would save about CNY 86,000 a year before tax"
    )
    peak = {"before_kw": 110.0, "peak_kw": 130.0, "peak_us": 0, "demand_cost": 816.0}
    higher = replace(found, detail={**peak, "currency": "EUR", "days": 2})
    assert sentence(higher, "Asia/Shanghai", "en") == (
        "on 2 days a quarter of an hour passed the 110 kW that were the most of the year before, "
        "the highest with 130 kW at 1970-01-01 08:00; as demand about EUR 820 more"
    )
    assert {measured for at, _, measured in found.hourly if at in found.hours_us} == {100.0}
    assert told(inputs({"m": ("01000", office())}, billed=large(275, 110))) == []
    (free,) = large(300, 110)
    assert told(inputs({"m": ("01000", office())}, billed=(replace(free, contracted=None),))) == []


def test_a_year_has_a_peak_where_nine_tenths_of_its_quarters_are_known() -> None:
    quarters = np.arange(366 * 96)
    power = np.where(quarters % 96 == 40, 50.0, 10.0)
    power[[5, 1000]] = 90.0, 70.0
    starts = quarters * 900_000_000

    def year() -> YearPeak | None:
        return DayPeaks.of(power, starts, quarters // 96).year

    assert year() == YearPeak(70.0, int(starts[1000])), "what lies before it is no part of it"
    power[: 37 * 96] = np.nan
    assert year() == YearPeak(50.0, int(starts[37 * 96 + 40]))
    power[: 38 * 96] = np.nan
    assert year() is None


@drawn(st.lists(st.tuples(st.integers(0, 4), st.none() | st.integers(-3, 9)), max_size=40))
def test_peaks_of_days_are_those_of_a_loop(told_: list[tuple[int, int | None]]) -> None:
    rows = sorted(told_, key=lambda one: one[0])
    day = np.array([one[0] for one in rows], dtype=np.int64)
    power = np.array([np.nan if one[1] is None else one[1] for one in rows], dtype=np.float64)
    found = DayPeaks.of(power, np.arange(day.size), day)
    assert found.days.tolist() == sorted(set(day.tolist()))
    for n, own in enumerate(found.days.tolist()):
        known = [x for x in power[day == own].tolist() if x == x]
        assert int(found.known[n]) == len(known)
        if known:
            assert found.kw[n] == max(known) == power[found.at_us[n]]
        else:
            assert np.isnan(found.kw[n])


def test_what_a_kw_costs_is_what_the_charges_say() -> None:
    kinds = (
        Charge("two", "contract", Basis.CONTRACT, Decimal("38.4"), relief_factor=Decimal("0.9")),
        Charge("two", "more", Basis.CONTRACT, Decimal("0.1"), per="day"),
        Charge("two", "demand", Basis.DEMAND, Decimal(48)),
        Charge("other", "contract", Basis.CONTRACT, Decimal(99)),
        Charge("two", "old", Basis.CONTRACT, Decimal(99), valid=Validity(None, FIRST)),
    )
    account = Account("1", "m", plan="two", contract_kw=Decimal(120), valid=Validity(FIRST))
    known = Registry(more={"account": (account,), "charge": kinds})
    (one,) = billed(known, {"m"}, FIRST)
    assert (one.contracted, one.demanded) == (
        KwPrice(Decimal("37.56"), "CNY"),
        KwPrice(Decimal(48), "CNY"),
    )
    both = (*kinds, Charge("two", "euro", Basis.CONTRACT, Decimal(1), currency="EUR"))
    (one,) = billed(Registry(more={"account": (account,), "charge": both}), {"m"}, FIRST)
    assert one.contracted is None


def demanded(given: Inputs, highest: dict[int, float], days: int = 400) -> tuple[BilledMeter, ...]:
    """Days that end with the window and took 105 kW at most; some of the window's days more, in
    their tenth hour."""
    last = FIRST.toordinal() - date(1970, 1, 1).toordinal() + 27
    numbers = np.arange(last - days + 1, last + 1)
    kw, at = np.full(days, 105.0), np.zeros(days, dtype=np.int64)
    kw[: days - 28] = 110.0
    for day in range(28):
        place = days - 28 + day
        kw[place] = highest.get(day, 105.0)
        at[place] = given.hours_us[24 * day + 10] + 900_000_000
    peaks = DayPeaks(numbers, kw, at, np.full(days, 96))
    return (BilledMeter("m", 0, demanded=KwPrice(Decimal(40), "CNY"), peaks=peaks),)


def peaks_of(highest: dict[int, float], days: int = 400, expected: float = 80.0) -> list[Any]:
    """Candidates where 100 kW were measured in the hours of the peaks, and so much expected."""
    given = inputs({"m": ("01000", office())})
    hours_us, alike = given.hours_us, np.ones((1, given.hours_us.size))
    place = Site(
        codes=("m",),
        steps_min=(15,),
        hours_us=hours_us,
        clock=HourCalendar.of(hours_us, given.zone, given.calendar),
        measured=office()[None, :],
        expected=expected * alike,
        sigma=5.0 * alike,
        load=80.0 * alike,
        judged=np.ones(1, dtype=np.bool_),
        shares=given.shares,
        events=(),
        until_us=given.now_us,
        items=("01000",),
        billed=demanded(given, highest, days),
    )
    return [one.own for one in DETECTORS["peak_excess"].candidates(place)]


def test_demands_above_those_of_a_year_are_told_from_the_second_day_on() -> None:
    assert peaks_of({3: 130.0}) == []
    (found,) = peaks_of({3: 130.0, 20: 120.0})
    assert (found.detail["before_kw"], found.detail["peak_kw"]) == (110.0, 130.0)
    assert found.detail["demand_cost"] == pytest.approx(20 * 40), "both days lie in March"
    assert (found.cause, found.detail["also"]) == ("loads_together", "load_added")
    assert found.expected.tolist() == found.measured.tolist() == [100_000_000] * 2
    assert peaks_of({3: 130.0, 20: 115.0}) == [], "5 % of 110 are 115.5"
    assert peaks_of({3: 130.0, 20: 120.0}, days=324) == [], "299 days before"
    (stays,) = peaks_of(dict.fromkeys(range(8, 28), 130.0))
    assert (stays.cause, stays.measured.size) == ("load_added", 20)


def test_a_peak_that_the_baseline_expects_is_not_told() -> None:
    assert peaks_of({3: 130.0, 20: 120.0}, expected=86.0) == []
    assert len(peaks_of({3: 130.0, 20: 120.0}, expected=np.nan)) == 1


def test_what_people_expect_is_not_told_again_and_grows_till_then() -> None:
    flow = office(35)
    flow[24 * np.arange(2, 34) + 9] = 130.0
    early = look(inputs({"m": ("01000", flow[: 24 * 20])}, billed=contract(120)))
    (case,) = settle([], early).opened
    later = look(inputs({"m": ("01000", flow)}, billed=contract(120)))
    assert settle([replace(case, number=7)], later).grown[7].detail["days"] == 32
    known = replace(case, number=7, state=CaseState.EXPECTED)
    assert not settle([known], later)
    assert isinstance(known, Case)


STEEL = DATA / "steel_plant/steel_15min.parquet"
CAMPUS = DATA / "ucsd_microgrid/meters_15min.parquet"


def recorded(query: str) -> tuple[np.ndarray[Any, np.dtype[np.float64]], ...]:
    """Columns of four quarters an hour, as sums of hours."""
    columns = duckdb.sql(query).fetchnumpy().values()
    return tuple(np.asarray(one, dtype=np.float64).reshape(-1, 4).sum(axis=1) for one in columns)


@pytest.mark.skipif(not STEEL.exists(), reason=f"no {STEEL}")
def test_a_recorded_plant_is_told_in_the_months_in_which_its_factor_is_low() -> None:
    """Single low days until June, most days of August and September."""
    power, drawn = recorded(
        f"SELECT usage_kwh, lagging_current_reactive_power_kvarh FROM '{STEEL}'"
    )
    for first, last, count in ((0, 150, 0), (190, 290, 1)):
        own = power[24 * first : 24 * last], drawn[24 * first : 24 * last]
        given = inputs({"m": ("01000", own[0]), "q": ("90000", own[1])}, billed=reactive())
        found = told(given)
        assert (len(found) > 0) == (count > 0)
        for one in found:
            inside = np.isin(given.hours_us, one.hours_us)
            sums = own[0][inside].sum(), own[1][inside].sum()
            assert one.detail["power_factor"] == pytest.approx(sums[0] / np.hypot(*sums), abs=1e-3)
            assert one.detail["power_factor"] < 0.9


@pytest.mark.skipif(not CAMPUS.exists(), reason=f"no {CAMPUS}")
@pytest.mark.parametrize("meter", ["EastCampus", "MusicBuilding", "StudentServices"])
def test_recorded_buildings_with_a_good_factor_are_silent(meter: str) -> None:
    """90 days of quarters in their order, as recorded."""
    power, drawn = recorded(
        f"SELECT real_kw / 4, abs(reactive_kvar) / 4 FROM '{CAMPUS}' "
        f"WHERE meter = '{meter}' AND ts_utc IS NOT NULL ORDER BY ts_utc LIMIT {96 * 90}"
    )
    found = told(inputs({"m": ("01000", power), "q": ("90000", drawn)}, billed=reactive()))
    assert found == []
