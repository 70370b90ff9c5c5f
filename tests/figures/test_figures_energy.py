"""Energy at any step, with its quality and what is coarser beside it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from figures import at, costs_of_each, energy, periods, within
from metering.errors import InvalidInput, NotFound
from metering.quantity import ABSENT
from metering.registry import Validity

FIRST, DAYS = date(2026, 3, 2), 40
LAST = FIRST + timedelta(days=DAYS - 1)


@pytest.fixture
def world(helpers):
    meters = [helpers.meter("m", total=True), helpers.meter("h", "01A00", step_min=60)]
    world = helpers.World(helpers.campus(meters), helpers.later(DAYS))
    times = helpers.quarters(DAYS * 96 + 1)
    kept = np.ones(len(times), dtype=bool)
    kept[100:140] = False
    world.push(1, times[kept], (np.arange(len(times)) * 2.5)[kept])
    world.push(2, times[::4], np.arange(DAYS * 24 + 1) * 4.0)
    world.ledger.step()
    return world


@pytest.fixture
def read(world, fig):
    def energy_of(code, item, first, last, step="hour", **more):
        with fig.view_of(world) as view:
            return energy(view, view.key_of(code, item), first, last, step, **more)

    return energy_of


@pytest.mark.parametrize(
    ("step", "count"),
    [("native", 96 * DAYS), ("15min", 96 * DAYS), ("hour", 24 * DAYS), ("day", DAYS), ("month", 2)],
)
def test_every_step_holds_the_same_energy(world, read, step, count):
    found = read("o", "01000", FIRST, LAST, step)
    assert len(found) == count
    assert sum(found.values()) == DAYS * 96 * 2_500_000
    assert (found.start_us[1:] == found.end_us[:-1]).all()
    assert (found.shares.sum(axis=1) == 10_000).all()
    assert found.revision == world.books.revision("o")


def test_a_gap_is_apportioned_where_it_is_wider_than_the_period(read):
    day = FIRST + timedelta(days=1)
    hours = read("m", None, day, day, "hour")
    assert hours.shares[5].tolist() == [0, 10_000, 0, 0]
    assert read("m", None, day, day, "day").shares.tolist() == [[10_000, 0, 0, 0]]
    assert read("m", None, day, LAST, "month").shares[0].tolist() == [10_000, 0, 0, 0]


def test_nothing_booked_is_missing_not_zero(read):
    before = FIRST - timedelta(days=2)
    found = read("b", "01000", before, FIRST, "day")
    assert found.values() == [None, None, 96 * 2_500_000]
    assert found.shares[0].tolist() == [0, 0, 0, 10_000]
    after = read("b", "01000", LAST, LAST + timedelta(days=1), "day")
    assert after.provisional.tolist() == [False, True]


def test_months_are_cut_at_the_range(read):
    found = read("m", None, date(2026, 3, 20), date(2026, 4, 5), "month")
    assert found.values() == [12 * 96 * 2_500_000, 5 * 96 * 2_500_000]


def test_silent_meters_are_named(helpers, fig):
    meters = [helpers.meter("m", "01A00"), helpers.meter("n", "01B00")]
    world = helpers.World(helpers.campus(meters), helpers.later(2))
    world.push(1, helpers.quarters(97), np.arange(97) * 1.0)
    world.ledger.step()
    with fig.view_of(world) as view:
        found = energy(view, view.key_of("o", "01000"), FIRST, FIRST, "day", name_silent=True)
        assert found.silent == ("n",)
        assert view.items_of("o", FIRST) == ["01000", "01A00", "01B00"]


def test_bad_questions_say_what_is_wrong(read):
    with pytest.raises(InvalidInput, match="unknown step"):
        read("m", None, FIRST, LAST, "week")
    with pytest.raises(InvalidInput, match="item"):
        read("o", None, FIRST, LAST, "day")
    with pytest.raises(InvalidInput, match="before it starts"):
        read("o", "01000", LAST, FIRST, "day")
    with pytest.raises(NotFound):
        read("nowhere", "01000", FIRST, LAST, "day")


STEPS_MIN = (15, 30, 60, 1440)


@pytest.fixture
def mixed(helpers):
    """A meter of each step side by side, each a different constant."""
    meters = [helpers.meter(f"m{step}", step_min=step) for step in STEPS_MIN]
    world = helpers.World(helpers.campus(meters), helpers.later(3))
    for point, step in enumerate(STEPS_MIN, start=1):
        times = helpers.quarters(3 * 96 + 1)[:: step // 15]
        world.push(point, times, np.arange(len(times)) * step * point / 15.0)
    world.ledger.step()
    return world


@pytest.mark.parametrize("step", ["native", "15min", "hour", "day", "month"])
@pytest.mark.parametrize("code", ["o", "b", "m1440", "m60"])
def test_data_and_remainder_are_the_whole_at_any_step(mixed, fig, step, code):
    last = FIRST + timedelta(days=2)
    with fig.view_of(mixed) as view:
        key = view.key_of(code, None if code.startswith("m") else "01000")
        found = energy(view, key, FIRST, last, step)
        whole = sum(energy(view, key, FIRST, last, "day").values())
    parts = [value for one in (found, *found.remainder) for value in one.values()]
    assert sum(value or 0 for value in parts) == whole
    assert [one.step_min for one in found.remainder] == sorted(
        one.step_min for one in found.remainder
    )
    assert all(one.step_min > found.step_min for one in found.remainder)


def test_a_daily_meter_does_not_take_the_hours_from_the_whole(mixed, fig):
    with fig.view_of(mixed) as view:
        found = energy(view, view.key_of("o", "01000"), FIRST, FIRST, "hour")
    assert found.values() == [(4 * 1 + 4 * 2 + 4 * 3) * 1_000_000] * 24
    assert (found.shares == [10_000, 0, 0, 0]).all()
    (daily,) = found.remainder
    assert (daily.step_min, daily.values()) == (1440, [96 * 4 * 1_000_000])


@pytest.mark.parametrize("steps", [(15, 20), (20, 30), (15, 20, 30, 60), (20, 60, 1440)])
@pytest.mark.parametrize("step", ["native", "15min", "hour", "day"])
def test_what_a_step_is_not_made_of_is_its_remainder(helpers, fig, steps, step):
    """On the last day the finest meter is no more: its step is beside the native one."""
    meters = [helpers.meter(f"m{one}", step_min=one) for one in steps]
    gone = FIRST + timedelta(days=1)
    meters[0] = replace(meters[0], valid=Validity(None, gone))
    world = helpers.World(helpers.campus(meters), helpers.later(3))
    for point in range(1, len(steps) + 1):
        world.push(point, helpers.quarters(193), np.arange(193.0) * point)
    world.ledger.step()
    with fig.view_of(world) as view:
        found = energy(view, view.key_of("b", "01000"), FIRST, gone, step)
        whole = sum(energy(view, view.key_of("b", "01000"), FIRST, gone, "day").values())
        spent = [costs_of_each(view, one) for one in (found, *found.remainder)]
    assert sum(v or 0 for one in (found, *found.remainder) for v in one.values()) == whole
    assert all(found.step_min % one.step_min for one in found.remainder)
    assert all(
        len(costs) == len(one) for costs, one in zip(spent, (found, *found.remainder), strict=True)
    )
    assert whole == 96 * 1_000_000 * (1 + 2 * sum(range(2, len(steps) + 1)))


def test_what_is_read_coarser_than_asked_is_its_remainder_alone(mixed, fig):
    with fig.view_of(mixed) as view:
        found = energy(view, view.key_of("m60"), FIRST, FIRST, "15min")
        assert (found.quantity == ABSENT).all()
        assert found.remainder[0].values() == [12_000_000] * 24
        assert energy(view, view.key_of("m1440"), FIRST, FIRST, "native").remainder == ()


def test_quality_is_weighed_by_meters_not_by_parts(helpers, fig):
    """Three meters by the quarter hour, one of them silent, and one by the hour."""
    meters = [helpers.meter(f"q{n}") for n in range(3)] + [helpers.meter("h", step_min=60)]
    world = helpers.World(helpers.campus(meters), helpers.later(1))
    for point in (1, 2):
        world.push(point, helpers.quarters(97), np.arange(97) * 1.0)
    world.push(4, helpers.quarters(97)[::4], np.arange(25) * 1.0)
    world.ledger.step()
    with fig.view_of(world) as view:
        for code in ("b", "o"):
            key = view.key_of(code, "01000")
            hours = energy(view, key, FIRST, FIRST, "hour")
            day = energy(view, key, FIRST, FIRST, "day")
            assert hours.shares[3].tolist() == day.shares[0].tolist() == [7_500, 0, 0, 2_500]


def test_the_period_that_holds_an_instant(mixed, fig, helpers):
    with fig.view_of(mixed) as view:
        key = view.key_of("o", "01000")
        found = at(view, key, helpers.midnight() + 5 * helpers.QUARTER_US, "hour")
        hours = periods(energy(view, key, FIRST, FIRST, "hour"))
        (one,) = periods(found)
        assert (one.start_us, one.amount) == (hours[1].start_us, hours[1].amount)
        assert at(view, key, helpers.midnight() - 1, "hour") is None


def test_the_month_that_holds_an_instant_is_the_whole_month(world, fig, helpers):
    with fig.view_of(world) as view:
        key = view.key_of("o", "01000")
        months = periods(energy(view, key, date(2026, 3, 1), date(2026, 4, 30), "month"))
        inside = helpers.midnight() + 20 * 24 * 3_600_000_000
        (one,) = periods(at(view, key, inside, "month"))
        assert (one.start_us, one.end_us, one.amount) == (
            months[0].start_us,
            months[0].end_us,
            months[0].amount,
        )
        assert one.shares.tolist() == months[0].shares.tolist()


def test_a_stretch_is_the_sum_of_what_begins_in_it(mixed, fig, helpers):
    start = helpers.midnight()
    with fig.view_of(mixed) as view:
        key = view.key_of("o", "01000")
        whole = within(view, key, start, start + 24 * 3_600_000_000)
        assert whole.amount == energy(view, key, FIRST, FIRST, "day").values()[0]
        native = energy(view, key, FIRST, FIRST, "native")
        part = within(view, key, start, start + 4 * 3_600_000_000)
        assert part.amount == sum(
            value
            for one in [native, *native.remainder]
            for end_us, value in zip(one.end_us.tolist(), one.values(), strict=True)
            if end_us <= start + 4 * 3_600_000_000 and value is not None
        )
        with pytest.raises(InvalidInput, match="inside a period"):
            within(view, key, start, start + 1_000_000)


def test_an_answer_stands_on_one_revision(mixed, fig, helpers):
    with fig.view_of(mixed) as view:
        key = view.key_of("o", "01000")
        before = energy(view, key, FIRST, FIRST, "day")
        mixed.push(1, helpers.quarters(97)[50:51], [51.0])
        assert mixed.ledger.step().revisions["o"] > before.revision
        later = energy(view, view.key_of("m15"), FIRST, FIRST, "15min")
        assert (later.revision, later.values()[49]) == (before.revision, 1_000_000)
    with fig.view_of(mixed) as view:
        assert energy(view, view.key_of("m15"), FIRST, FIRST, "15min").values()[49] == 2_000_000
