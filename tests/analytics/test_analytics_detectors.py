"""Rules of the detectors, on sites whose residual is drawn by hand."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from analytics import DETECTORS, FAULTS, UNPRICED, HourCalendar, Limits, detectors
from analytics.balances import BalanceDays
from analytics.billed import BilledMeter
from analytics.centres import CentreMeters
from analytics.detectors import Candidate, Site
from analytics.detectors.site import chains
from analytics.hierarchy import ancestors, suppress
from analytics.outages import Outage
from analytics.rooms import RoomHours
from metering.book import RegisterEvent
from metering.calendar import CalendarDay, DayKind, WorkCalendar
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
        rest_sigma=np.ones(expected.shape),
        load=np.full(expected.shape, LOAD),
        judged=np.ones(1, dtype=np.bool_),
        shares=all_of(MEASURED, hours_us.size)[None, :, :],
        events=(),
        until_us=int(hours_us[-1]) + HOUR_US,
        limits=limits,
    )


def nights(place: Site, extra: float, *days: int) -> Site:
    """Add power from 20:00 to 06:00 of November nights."""
    wanted = [day_number(date(2026, 11, day)) for day in days]
    inside = np.isin(place.clock.duty_day, wanted) & place.clock.night
    return replace(place, measured=place.measured + np.where(inside, extra, 0.0))


def office(place: Site, extra: float, *days: int) -> Site:
    """Add power from 08:00 to 18:00 of November days."""
    wanted = [day_number(date(2026, 11, day)) for day in days]
    inside = np.isin(place.clock.day, wanted) & place.clock.daytime
    return replace(place, measured=place.measured + np.where(inside, extra, 0.0))


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
    assert {"balance_drift", "gateway_silent", "meter_gap", "meter_stuck"} == FAULTS


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

    waste = {"after_hours_plant", "weekend_run"}
    assert asked(site()) == waste
    assert asked(replace(site(), items=("01000",))) == waste
    assert asked(replace(site(), items=("02000",))) == waste | {"night_flow"}
    unjudged = replace(site(), judged=np.zeros(1, dtype=np.bool_))
    assert asked(unjudged) == set()
    event = RegisterEvent("office", "ac", "gap", 0, HOUR_US)
    assert asked(replace(unjudged, events=(event,))) == FAULTS - {"balance_drift", "gateway_silent"}
    out = Outage("ac", "", ("s/g",), ("ac", "b"), 2, 0, HOUR_US, frozenset())
    assert asked(replace(unjudged, outages=(out,))) == {"gateway_silent"}
    assert asked(replace(unjudged, outages=(replace(out, subject="other"),))) == set()
    days = np.arange(2)
    known = np.ones(2, dtype=np.bool_)
    held = BalanceDays("ac", days, known, days, (), known)
    assert asked(replace(unjudged, balances=(held,))) == {"balance_drift"}
    assert asked(replace(unjudged, balances=(replace(held, meter="other"),))) == set()
    account = BilledMeter("ac", 0, contract_kw=10.0, reactive="ac", power_factor=0.9)
    told = {"demand_over_contract", "low_power_factor"}
    assert asked(replace(unjudged, billed=(account,))) == told
    assert asked(replace(unjudged, billed=(replace(account, meter="other"),))) == set()
    assert asked(replace(unjudged, billed=(replace(account, reactive="far"),))) == {
        "demand_over_contract"
    }
    centre = CentreMeters("dc", {"utility": ("ac",), "it": ("ac",), "ups_in": ("ac",)})
    assert asked(replace(unjudged, centres=(centre,))) == {"pue_excess"}
    weather = replace(unjudged, temperature=np.full(unjudged.hours_us.size, 30.0))
    cold = RoomHours("r", "room_temperature", "ac", np.zeros(unjudged.hours_us.size))
    assert asked(replace(weather, rooms=(cold,))) == {"room_too_cold"}
    assert asked(replace(unjudged, rooms=(cold,))) == set()
    assert asked(replace(unjudged, rooms=(replace(cold, role="co2"),))) == {"stale_air"}
    assert asked(replace(weather, rooms=(replace(cold, meter="far"),))) == set()
    centre = CentreMeters("dc", {"ups_out": ("ac",), "it": ("far",), "ups_in": ("ac",)})
    assert asked(replace(unjudged, centres=(centre,))) == {"ups_loss"}


def test_every_detector_is_silent_on_a_site_as_expected() -> None:
    assert all(one.candidates(site()) == [] for one in DETECTORS.values())


@pytest.mark.parametrize(
    ("days", "found"),
    [
        ((10,), []),
        ((10, 11), [(10, 2, 20)]),
        ((10, 16), [(10, 2, 20)]),  # Tuesday and Monday: the fifth working night
        ((10, 17), []),  # the sixth
        ((12, 13, 16, 17), [(12, 4, 40)]),  # over a weekend
        ((13, 14), [(13, 2, 20)]),  # Friday, and Saturday's night with it
        ((14, 15), []),  # no working day before either
        ((3, 4, 17, 18), [(3, 2, 20), (17, 2, 20)]),
    ],
)
def test_nights(days: tuple[int, ...], found: list[tuple[int, int, int]]) -> None:
    assert seen(nights(site(), 50.0, *days), "after_hours_plant") == found


def test_both_limits_must_be_passed() -> None:
    assert seen(nights(site(), 7.9, 10, 11), "after_hours_plant") == []
    assert seen(nights(site(), 8.1, 10, 11), "after_hours_plant") == [(10, 2, 20)]
    noisy = nights(site(), 50.0, 10, 11)
    noisy = replace(noisy, rest_sigma=np.full(noisy.sigma.shape, 17.0))
    assert seen(noisy, "after_hours_plant") == []


def test_a_step_around_the_clock_is_not_a_broken_schedule() -> None:
    step = office(nights(site(), 30.0, 10, 11, 12), 30.0, 10, 11, 12)
    assert seen(step, "after_hours_plant") == []
    friday_on = office(site(), 30.0, 13, 14, 15)
    assert seen(friday_on, "weekend_run") == []


def test_a_meter_without_schedule_cannot_break_one() -> None:
    place = site()
    always = np.full(place.expected.shape, 90.0)
    place = replace(place, expected=always, measured=always.copy())
    assert seen(nights(place, 50.0, 10, 11, 12), "after_hours_plant") == []
    assert seen(office(place, 50.0, 14, 15), "weekend_run") == []


@pytest.mark.parametrize(
    ("days", "found"),
    [
        ((14,), []),
        ((14, 15), [(14, 2, 20)]),
        ((14, 21), [(14, 2, 20)]),  # single Saturdays join
        ((14, 15, 21, 22), [(14, 2, 20), (21, 2, 20)]),  # whole weekends do not
        ((14, 28), []),
        ((14, 15, 21), [(14, 2, 20)]),
    ],
)
def test_weekends(days: tuple[int, ...], found: list[tuple[int, int, int]]) -> None:
    assert seen(office(site(), 60.0, *days), "weekend_run") == found


def test_a_holiday_with_a_worked_day_in_it_is_one_block() -> None:
    calendar = WorkCalendar.of(
        [CalendarDay(date(2026, 11, 14), DayKind.WORKING)]
        + [CalendarDay(date(2026, 11, day), DayKind.REST) for day in (12, 13)]
    )
    place = office(site(calendar), 60.0, 12, 13, 15)
    assert seen(place, "weekend_run") == [(12, 3, 30)]


def test_a_run_through_weekend_and_nights_is_counted_once() -> None:
    place = office(nights(site(), 60.0, 13, 14, 15, 16), 60.0, 14, 15)
    night, weekend = (
        DETECTORS[pattern].candidates(place) for pattern in ("after_hours_plant", "weekend_run")
    )
    assert [c.days for c in night] == [2]
    assert [c.days for c in weekend] == [2]
    assert np.intersect1d(night[0].hours, weekend[0].hours).size == 0
    assert night[0].hours.size + weekend[0].hours.size == 60


def test_unknown_hours_are_never_waste() -> None:
    place = nights(site(), 50.0, 10, 11)
    masked = place.measured.copy()
    masked[0, place.clock.duty_day == day_number(date(2026, 11, 11))] = np.nan
    assert seen(replace(place, measured=masked), "after_hours_plant") == []


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


def test_other_patterns_and_other_hours_explain_nothing() -> None:
    total = candidate(0, range(10))
    assert kept([100, 0, 90, 0], total, candidate(2, range(10), "after_hours_plant")) == [0, 2]
    assert kept([100, 0, 90, 0], total, candidate(2, range(0, 4))) == [0, 2]


def test_a_loop_in_the_supply_tree_ends() -> None:
    assert ancestors("a", {"a": ["b"], "b": ["a"]}) == {"b"}
