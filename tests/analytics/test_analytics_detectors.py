"""Rules of the detectors, on sites whose residual is drawn by hand."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from analytics import DETECTORS, FAULTS, UNPRICED, HourCalendar, Limits, detectors
from analytics.balances import BalanceDays
from analytics.billed import BilledMeter, DayPeaks, KwPrice
from analytics.centres import CentreMeters
from analytics.detectors import BY_EXPECTATION, Candidate, Site
from analytics.detectors.site import Input, Own, chains
from analytics.detectors.stretched import fewest_days
from analytics.hierarchy import ancestors, suppress
from analytics.opposed import OpposedHours, opposed
from analytics.outages import Outage
from analytics.scan.faults import Fault
from analytics.scan.judge import MISSED, DayStretch, NetNoise, Sightings
from analytics.scan.naming import Likeness
from analytics.sensors import SensedHours
from metering.book import RegisterEvent
from metering.calendar import WorkCalendar
from metering.localtime import HOUR_US, MINUTE_US, day_number, days_between, slot_starts
from metering.quality import MEASURED, MISSING, all_of

FIRST, LAST = date(2026, 11, 2), date(2026, 11, 29)
"""Four plain weeks, Monday to Sunday."""
LOAD, REST = 100.0, 20.0


def site(calendar: WorkCalendar = WorkCalendar(), limits: Limits = Limits()) -> Site:  # noqa: B008
    """One meter that runs at 100 kW in office hours and 20 kW else, exactly as expected."""
    hours_us = np.concatenate(
        [slot_starts(day, "Asia/Shanghai", 60) for day in days_between(FIRST, LAST)]
    )
    clock = HourCalendar.of(hours_us, "Asia/Shanghai", calendar)
    expected = np.where(clock.occupied, LOAD, REST)[None, :]
    return Site(
        codes=("ac",),
        steps_min=(15,),
        hours_us=hours_us,
        clock=clock,
        measured=expected.copy(),
        expected=expected,
        sigma=np.full(expected.shape, 1.0),
        load=np.full(expected.shape, LOAD),
        judged=np.ones(1, dtype=np.bool_),
        shares=all_of(MEASURED, hours_us.size)[None, :, :],
        events=(),
        until_us=int(hours_us[-1]) + HOUR_US,
        limits=limits,
    )


def with_stretch(place: Site, extra: float, *more: DayStretch) -> Site:
    """Nights of 10 to 13 November that take more, and other stretches."""
    inside = np.isin(place.clock.duty_day, [day_number(date(2026, 11, d)) for d in range(10, 14)])
    measured = place.measured + np.where(inside & place.clock.night, extra, 0.0)
    told = (stretch(10, 13), *more)
    return replace(place, measured=measured, seen=Sightings(told, ()))


def stretch(first: int, last: int, shape: str = "night", score: float = 20.0) -> DayStretch:
    """Days of November that look like a shape."""
    return named(first, last, ((shape, 1.0),), score=score)


def named(
    first: int,
    last: int,
    odds: tuple[tuple[str, float], ...],
    *,
    score: float = 20.0,
    ratio: float = 0.2,
    drift: float = 0.0,
) -> DayStretch:
    return DayStretch(
        block=0,
        meter=0,
        shape="night",
        first=first - FIRST.day,
        last=last - FIRST.day,
        score=score,
        power=50.0,
        known=first - FIRST.day,
        name=Likeness(odds, 0.9, ratio),
        noise=NetNoise(1.0, 0.0, 0.0),
        drift=drift,
    )


def found_in(place: Site) -> list[Candidate]:
    return detectors.candidates(place)


def seen(place: Site, pattern: str) -> list[tuple[int, int, int]]:
    """(first day of November, days, hours) of each candidate."""
    start = day_number(date(2026, 10, 31))
    return [
        (c.first_day - start, c.days, c.hours.size) for c in DETECTORS[pattern].candidates(place)
    ]


def test_the_table_holds_each_detector_of_a_file_under_its_name() -> None:
    folder = Path(detectors.__file__).parent
    written = {path.stem for path in folder.glob("*.py") if "DETECTOR = " in path.read_text()}
    assert DETECTORS.keys() == written
    for name, one in DETECTORS.items():
        assert one.name == name
        assert one.causes
        assert one.needs


def test_faults_come_first() -> None:
    kinds = [(name not in FAULTS, name not in UNPRICED) for name in DETECTORS]
    assert kinds == sorted(kinds)
    of_books = {"balance_drift", "gateway_silent", "meter_gap", "meter_phase", "meter_stuck"}
    assert (
        of_books
        | {
            *("meter_clock", "meter_multiplier", "meter_negative", "meter_spike", "meter_zero"),
        }
        == FAULTS
    )
    assert of_books.isdisjoint(BY_EXPECTATION)


def test_a_detector_is_asked_where_the_site_has_what_it_needs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def asked(place: Site) -> set[str]:
        found: set[str] = set()
        for name, one in DETECTORS.items():
            watched = replace(one, candidates=lambda _, name=name: found.add(name) or [])
            monkeypatch.setitem(detectors.DETECTORS, name, watched)
        detectors.candidates(place)
        monkeypatch.undo()
        return found

    judged = {*BY_EXPECTATION, "meter_stuck"}
    assert asked(site()) == judged
    assert asked(replace(site(), items=("01000",))) == judged
    assert asked(replace(site(), items=("02000",))) == judged | {"night_flow"}
    unjudged = replace(site(), judged=np.zeros(1, dtype=np.bool_))
    assert asked(unjudged) == {"meter_stuck"}
    event = RegisterEvent("office", "ac", "gap", 0, HOUR_US)
    of_events = {name for name, one in DETECTORS.items() if one.needs == {Input.EVENTS}}
    assert "meter_gap" in of_events
    assert asked(replace(unjudged, events=(event,))) == of_events | {"meter_stuck"}
    out = Outage("ac", "", ("s/g",), ("ac", "b"), 2, 0, HOUR_US, frozenset())
    assert asked(replace(unjudged, outages=(out,))) == {"gateway_silent", "meter_stuck"}
    assert asked(replace(unjudged, outages=(replace(out, subject="other"),))) == {"meter_stuck"}
    days = np.arange(2)
    known = np.ones(2, dtype=np.bool_)
    held = BalanceDays("ac", days, known, days, (), known)
    assert asked(replace(unjudged, balances=(held,))) == {"balance_drift", "meter_stuck"}
    assert asked(replace(unjudged, balances=(replace(held, meter="other"),))) == {"meter_stuck"}
    always = {"meter_stuck"}
    account = BilledMeter("ac", 0, contract_kw=10.0, reactive="ac", power_factor=0.9)
    told = {"demand_over_contract", "low_power_factor"}
    assert asked(replace(unjudged, billed=(account,))) == told | always
    assert asked(replace(unjudged, billed=(replace(account, meter="other"),))) == always
    assert asked(replace(unjudged, billed=(replace(account, reactive="far"),))) == {
        "demand_over_contract",
        "meter_stuck",
    }
    price, none = KwPrice(Decimal(1), "CNY"), np.zeros(0, dtype=np.int64)
    peaks = DayPeaks(none, np.zeros(0), none, none)
    large = replace(account, contracted=price, peaks=peaks)
    assert asked(replace(unjudged, billed=(large,))) == told | always | {"contract_too_large"}
    high = replace(account, demanded=price, peaks=peaks)
    assert asked(replace(unjudged, billed=(high,))) == told | always | {"peak_excess"}
    assert asked(replace(unjudged, billed=(replace(high, peaks=None),))) == told | always
    centre = CentreMeters("dc", {"utility": ("ac",), "it": ("ac",), "ups_in": ("ac",)})
    assert asked(replace(unjudged, centres=(centre,))) == {"pue_excess"} | always
    weather = replace(unjudged, temperature=np.full(unjudged.hours_us.size, 30.0))
    cold = SensedHours("r", "room_temperature", "ac", np.zeros(unjudged.hours_us.size))
    assert asked(replace(weather, sensed=(cold,))) == {"room_too_cold"} | always
    assert asked(replace(unjudged, sensed=(cold,))) == always
    assert asked(replace(unjudged, sensed=(replace(cold, role="co2"),))) == {"stale_air"} | always
    assert asked(replace(weather, sensed=(replace(cold, meter="far"),))) == always
    use = replace(cold, role="it_utilisation")
    assert asked(replace(unjudged, sensed=(use,))) == {"idle_servers"} | always
    air = replace(cold, role="supply_air_temperature")
    assert asked(replace(unjudged, sensed=(air,))) == {"dc_overcooling"} | always
    inlet = replace(cold, role="rack_inlet_temperature")
    assert asked(replace(unjudged, sensed=(inlet,))) == {"dc_overcooling"} | always
    water = [replace(cold, role=f"chilled_water_{one}_temperature") for one in ("supply", "return")]
    assert asked(replace(unjudged, sensed=tuple(water))) == {"dc_low_delta_t"} | always
    assert asked(replace(unjudged, sensed=(water[0],))) == always
    damp = replace(weather, humidity=np.full(weather.hours_us.size, 50.0), items=("01B1C",))
    assert asked(damp) == {"free_cooling_missed"} | always
    of_centre = CentreMeters("dc", {"cooling": ("ac",)})
    assert asked(replace(damp, centres=(of_centre,))) == {"dc_free_cooling_missed"} | always
    assert asked(replace(damp, humidity=None)) == always
    assert asked(replace(damp, items=("01B10",))) == always
    sun = replace(cold, role="irradiance")
    assert asked(replace(unjudged, sensed=(sun,))) == {"solar_under_yield"} | always
    units = [replace(cold, role=f"{one}humidifier") for one in ("", "de")]
    assert asked(replace(unjudged, sensed=tuple(units))) == {"dc_crac_fighting"} | always
    assert asked(replace(unjudged, sensed=(units[0],))) == always
    runs = replace(cold, role="compressor")
    assert asked(replace(unjudged, sensed=(runs,))) == {"short_cycling"} | always
    phases = tuple(replace(cold, role=f"current_{one}") for one in "abc")
    assert asked(replace(unjudged, sensed=phases)) == {"meter_phase"} | always
    assert asked(replace(unjudged, sensed=phases[:2])) == always
    hours = OpposedHours("b", "ac", 1.0, weather.hours_us, *np.ones((3, weather.hours_us.size)))
    both = opposed(hours, weather.clock, 3.0)
    assert asked(replace(unjudged, opposed=(both,))) == {"heating_and_cooling"} | always
    far = replace(both, hours=replace(hours, meter="far"))
    assert asked(replace(unjudged, opposed=(far,))) == always
    centre = CentreMeters("dc", {"ups_out": ("ac",), "it": ("far",), "ups_in": ("ac",)})
    assert asked(replace(unjudged, centres=(centre,))) == {"ups_loss"} | always


def test_every_detector_is_silent_on_a_site_as_expected() -> None:
    assert all(one.candidates(site()) == [] for one in DETECTORS.values())


def test_the_evidence_are_all_hours_until_two_days_after() -> None:
    (found,) = found_in(with_stretch(site(), 50.0))
    assert (found.pattern, found.days, found.score) == ("after_hours_plant", 4, 20.0)
    assert found.first_day == day_number(date(2026, 11, 10))
    assert found.hours.tolist() == list(range(8 * 24, 14 * 24))
    assert found.end_us == int(site().hours_us[12 * 24]), "it ends with its last day"
    assert found.sigma == pytest.approx(MISSED * np.sqrt(6 * 24)), "net waste of so many hours"


def test_hours_that_are_not_known_are_no_evidence_and_the_next_stretch_is_its_own() -> None:
    place = with_stretch(site(), 50.0, stretch(15, 16, "all"))
    hole = place.measured.copy()
    hole[0, 9 * 24 : 10 * 24] = np.nan
    hole[0, 13 * 24 : 15 * 24] += 30.0
    first, second = sorted(found_in(replace(place, measured=hole)), key=lambda one: one.start_us)
    assert first.hours.tolist() == [*range(8 * 24, 9 * 24), *range(10 * 24, 13 * 24)]
    assert (second.pattern, second.hours[0]) == ("high_base_load", 13 * 24)


def test_what_gave_back_as_much_is_no_waste() -> None:
    place = with_stretch(site(), 50.0)
    back = place.measured.copy()
    back[0, 12 * 24 : 14 * 24] -= 45.0
    assert found_in(replace(place, measured=back)) == []


def test_what_the_weeks_before_took_more_is_no_waste_of_its_own() -> None:
    place = with_stretch(site(), 50.0)
    for drift, told in ((10.0, True), (15.0, False)):  # on 4 nights of 10 hours in 6 days: 13.9
        one = named(10, 13, (("night", 1.0),), drift=drift)
        assert bool(found_in(replace(place, seen=Sightings((one,), ())))) is told


def test_a_stretch_must_stand_out_and_its_meter_be_judged() -> None:
    place = with_stretch(site(), 50.0)
    seen_once = Sightings((stretch(10, 13, score=6.8),), ())
    assert found_in(replace(place, seen=seen_once))
    assert found_in(replace(place, seen=seen_once, limits=Limits(sigmas=3.2))) == []
    assert found_in(replace(place, seen=Sightings((stretch(10, 13, score=6.0),), ()))) == []
    assert found_in(replace(place, judged=np.zeros(1, dtype=np.bool_))) == []


@pytest.mark.parametrize(
    ("shape", "ratio", "pattern"),
    [
        ("night", 0.2, "after_hours_plant"),
        ("off", 0.2, "after_hours_plant"),
        ("rest", 0.2, "weekend_run"),
        ("early", 0.2, "early_start"),
        ("late", 0.2, "late_stop"),
        ("all", 0.2, "high_base_load"),
        ("creep", 0.2, "base_load_creep"),
        ("cool", 0.2, "slope_degradation"),
        ("heat", 0.2, "slope_degradation"),
        ("clock", 0.2, "meter_clock"),
        ("share", 0.2, "unexplained_excess"),
        ("share", 1.0, "meter_multiplier"),  # twice as much: a transformer of twice the ratio
        ("share", 0.5, "meter_multiplier"),
        ("share", 0.7, "unexplained_excess"),
        ("runs", 0.2, "unexplained_excess"),
    ],
)
def test_a_shape_has_a_pattern(shape: str, ratio: float, pattern: str) -> None:
    one = named(10, 13, ((shape, 1.0),), ratio=ratio)
    place = replace(with_stretch(site(), 50.0), seen=Sightings((one,), ()))
    assert [found.pattern for found in found_in(place)] == [pattern]


def test_what_no_shape_explains_is_unexplained() -> None:
    place = replace(with_stretch(site(), 50.0), seen=Sightings((named(10, 13, ()),), ()))
    assert [found.pattern for found in found_in(place)] == ["unexplained_excess"]


def test_odds_are_those_of_patterns_the_likeliest_first() -> None:
    one = named(10, 13, (("all", 0.4), ("night", 0.35), ("off", 0.25)))
    place = replace(with_stretch(site(), 50.0), seen=Sightings((one,), ()))
    (found,) = found_in(place)
    assert found.pattern == "after_hours_plant"
    assert found.odds == (
        ("after_hours_plant", pytest.approx(0.6)),
        ("high_base_load", pytest.approx(0.4)),
    )


def test_limits_say_on_how_many_days_a_shape_must_be_seen() -> None:
    assert fewest_days(Limits()) == {}
    assert fewest_days(Limits(nights=4)) == dict.fromkeys(("night", "early", "late", "off"), 4)
    assert fewest_days(Limits(rest_days=3)) == {"rest": 3}


def test_hours_measured_wrongly_are_faults_and_near_ones_are_one() -> None:
    faults = [Fault(0, "zero", 30, 40), Fault(0, "zero", 70, 80), Fault(0, "zero", 400, 405)]
    place = replace(site(), seen=Sightings((), tuple((0, one) for one in faults)))
    first, second = found_in(place)
    assert {first.pattern, second.pattern} == {"meter_zero"}
    assert first.hours.tolist() == [*range(30, 40), *range(70, 80)]
    assert (first.days, second.days) == (2, 1)
    assert second.start_us == int(place.hours_us[400])
    assert found_in(replace(place, judged=np.zeros(1, dtype=np.bool_))) == []


@pytest.mark.parametrize("kind", ["spike", "negative", "stuck"])
def test_each_kind_of_wrong_hours_has_its_pattern(kind: str) -> None:
    place = replace(site(), seen=Sightings((), ((0, Fault(0, kind, 30, 40)),)))
    assert [one.pattern for one in found_in(place)] == [f"meter_{kind}"]


def test_what_the_register_tells_is_not_told_again_by_its_hours() -> None:
    told = event("stuck", 90, 400)
    place = replace(site(), events=(told,))
    at = int(np.searchsorted(place.hours_us, told.start_us))
    both = replace(place, seen=Sightings((), ((0, Fault(0, "stuck", at, at + 8)),)))
    assert len(DETECTORS["meter_stuck"].candidates(both)) == 1
    apart = replace(place, seen=Sightings((), ((0, Fault(0, "stuck", at + 99, at + 120)),)))
    assert len(DETECTORS["meter_stuck"].candidates(apart)) == 2


def event(kind: str, start_min: int, end_min: int) -> RegisterEvent:
    """An event counted in minutes from the midnight that begins 10 November."""
    midnight = int(slot_starts(date(2026, 11, 10), "Asia/Shanghai", 60)[0])
    return RegisterEvent(
        "bureau", "ac", kind, midnight + start_min * MINUTE_US, midnight + end_min * MINUTE_US
    )


@pytest.mark.parametrize(("kind", "pattern"), [("gap", "meter_gap"), ("stuck", "meter_stuck")])
def test_events_of_an_hour_become_findings(kind: str, pattern: str) -> None:
    place = site()
    assert seen(replace(place, events=(event(kind, 90, 149),)), pattern) == []
    assert seen(replace(place, events=(event(kind, 90, 150),)), pattern) == [(10, 1, 2)]
    hourly = replace(place, steps_min=(60,), events=(event(kind, 90, 150),))
    assert seen(hourly, pattern) == []


def test_pieces_of_a_fault_within_two_days_are_one() -> None:
    day = 24 * 60
    near = (event("gap", 0, 120), event("gap", 2 * day + 120, 2 * day + 240))
    far = (event("gap", 0, 120), event("gap", 2 * day + 121, 2 * day + 240))
    assert seen(replace(site(), events=near), "meter_gap") == [(10, 2, 4)]
    assert seen(replace(site(), events=far), "meter_gap") == [(10, 1, 2), (12, 1, 2)]


def test_a_reset_is_a_gap_only_where_it_lost_energy() -> None:
    place = replace(site(), events=(event("reset", 0, 120),))
    assert seen(place, "meter_gap") == []
    hours = int(np.searchsorted(place.hours_us, place.events[0].start_us))
    place.shares[0, hours] = all_of(MISSING, 1)[0]
    assert seen(place, "meter_gap") == [(10, 1, 2)]


def test_faults_end_with_the_last_complete_day_and_other_meters_are_ignored() -> None:
    place = replace(site(), events=(event("gap", 0, 60 * 24 * 365),))
    (found,) = DETECTORS["meter_gap"].candidates(place)
    assert found.end_us == place.until_us
    stranger = replace(event("gap", 0, 600), meter="elsewhere")
    assert DETECTORS["meter_gap"].candidates(replace(site(), events=(stranger,))) == []


def test_chains_cut_at_the_reach() -> None:
    assert chains([1, 2, 5, 9], 3) == [[1, 2, 5], [9]]
    assert chains([], 3) == []


def candidate(meter: int, hours: range, pattern: str = "weekend_run") -> Candidate:
    return Candidate(pattern, meter, 0, 0, 0, np.array(hours), 2)


FEEDERS = {"sub": ["floor"], "other": ["floor"], "floor": ["total"]}
CODES = ["total", "floor", "sub", "other"]


def kept(residual: list[float], *candidates: Candidate) -> list[int]:
    values = np.repeat(np.array(residual)[:, None], 10, axis=1)
    return [c.meter for c in suppress(candidates, CODES, FEEDERS, values)]


def test_only_the_deepest_meter_that_explains_an_event_reports_it() -> None:
    all_three = [candidate(meter, range(10)) for meter in (0, 1, 2)]
    assert kept([100, 100, 90, 0], *all_three) == [2]
    assert kept([100, 100, 50, 0], *all_three) == [1, 2], "half is not most"
    two_parts = [candidate(meter, range(10)) for meter in (0, 2, 3)]
    assert kept([100, 100, 45, 45], *two_parts) == [2, 3]


def test_waste_below_explains_whatever_it_looks_like_and_other_hours_do_not() -> None:
    total = candidate(0, range(10))
    assert kept([100, 0, 90, 0], total, candidate(2, range(10), "after_hours_plant")) == [2]
    assert kept([100, 0, 90, 0], total, candidate(2, range(10), "meter_multiplier")) == [0, 2]
    assert kept([100, 0, 90, 0], total, candidate(2, range(0, 4))) == [0, 2]


def test_a_loop_in_the_supply_tree_ends() -> None:
    assert ancestors("a", {"a": ["b"], "b": ["a"]}) == {"b"}


def test_stretches_that_a_detector_tells_by_evidence_of_its_own_are_told_once() -> None:
    """Three quarters of the hours of a meter below are those of a loss above it."""
    values = np.ones((len(CODES), 40))
    below = Candidate("unexplained_excess", 1, 0, 0, 1, np.arange(8, 28), 1)
    amounts = np.full(20, 10, dtype=np.int64)
    for tells_of, hours, left in (
        ({CODES[1]}, np.arange(12, 32), 1),
        ({CODES[1]}, np.arange(19, 39), 2),
        ({CODES[2]}, np.arange(12, 32), 2),
    ):
        own = Own("cooling_works_more", amounts, 2 * amounts, {}, (), tells_of=frozenset(tells_of))
        loss = Candidate("pue_excess", 0, 0, 0, 1, hours, 1, own)
        assert len(suppress([loss, below], CODES, FEEDERS, values)) == left
