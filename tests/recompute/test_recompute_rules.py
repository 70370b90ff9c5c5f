"""One example of each rule by which a story is priced and a gap is judged, told by both."""

from __future__ import annotations

import numpy as np
import pytest

DAYS = 8
COUNT = DAYS * 96
MINUTE_US = 60_000_000
AT = 400


def plain():
    load = np.where(np.arange(COUNT) % 96 < 28, 2.0, 7.5)
    return 500 + np.cumsum(load)


@pytest.fixture
def told(helpers, tmp_path):
    """(kind, cost, value [kWh], energy [kWh]) of what both tell of some readings."""

    def tell(values, times=None, kept=slice(None), **more):
        more.setdefault("max_per_hour", None)
        digits, parts = more.pop("digits", None), more.pop("parts", None)
        world = helpers.World(helpers.campus([helpers.meter("m", **more)], digits=digits), DAYS)
        times = helpers.quarters(COUNT) if times is None else times
        times, values = times[kept], np.round(values, 3)[kept]
        for part in parts or [slice(None)]:
            world.push(1, times[part], values[part])
            world.book()
        books = world.recomputed(tmp_path)
        assert helpers.differences(world, books) == []
        says = books.measured["m"].says
        found = [(span[0], says.get(span)) for span in sorted(books.spans("m"), key=lambda s: s[1])]
        return [
            (kind, *(None,) * 3)
            if one is None
            else (kind, one.cost, kwh(one.value), kwh(one.energy))
            for kind, one in found
        ]

    return tell


def kwh(units):
    return None if units is None else units / 1e6


def kinds(found):
    return [one[:2] for one in found]


def test_good_readings_between_two_faults_stand(told):
    """Also where the run between begins with the rest of a fault, or stands still at its end."""
    values = plain()
    values[AT : AT + 3] += 900
    values[AT + 3 : AT + 5] = values[AT - 1]
    values[AT + 60 : AT + 63] = 0
    assert told(values) == [("spike", 4, 3698.0, 0.0), ("spike", 4, 0.0, 30.0)]


def test_a_run_that_stands_still_before_a_fault_is_known(told):
    values = plain()
    values[AT : AT + 3] += 900
    values[AT + 53 : AT + 60] = values[AT + 53]
    values[AT + 60 : AT + 63] = 0
    assert told(values)[0] == ("spike", 4, 3698.0, 8.0)


def test_the_rest_of_a_fault_is_left_out_with_it(told):
    values = plain()
    values[AT : AT + 2] = values[AT] + 700
    values[AT + 2 : AT + 6] = 0
    values[AT + 60 : AT + 63] += 800
    assert kinds(told(values)) == [("spike", 4), ("spike", 4)]


@pytest.mark.parametrize(("more", "cost"), [(40, 4), (66, 12)])
def test_a_detour_comes_back_at_its_pace(told, more, cost):
    values = plain()
    values[AT : AT + 3] = 0
    values[AT + 3 :] += more
    assert kinds(told(values)) == [("spike", cost)]


@pytest.mark.parametrize(("still", "kind"), [(2, "bridge"), (3, "bridge"), (5, "stuck")])
def test_what_stands_still_before_a_rise_is_left_out(told, still, kind):
    values = plain()
    values[AT - still : AT] = values[AT - still - 1]
    values[AT:] += 30
    [(found, cost, value, _)] = told(values)
    assert (found, cost, value) == (kind, 4, values[AT - 1])


def test_a_register_that_stood_wrong_can_have_turned_meanwhile(told):
    values = plain()
    turn = 100_000.0
    values += turn - values[AT - 1] - 3
    values[AT - 30 : AT] = values[AT - 30]
    values[AT:] -= turn
    gone = [("stuck", 6), ("rollover", 6)]
    assert sorted(kinds(told(values, digits=5))) == sorted(gone)


def test_an_hourly_register_has_one_gap_on_quarter_hours(told):
    """The first hour, before which nothing is usual yet."""
    assert told(plain(), kept=slice(None, None, 4)) == [("gap", None, None, 8.0)]


@pytest.mark.parametrize(("length", "gaps"), [(1, 0), (2, 1), (5, 1)])
def test_a_gap_is_twice_the_usual_stretch(told, length, gaps):
    kept = np.arange(COUNT) % 4 == 0
    kept[AT : AT + 4 * (length - 1)] = False
    assert [one[0] for one in told(plain(), kept=kept)[1:]] == ["gap"] * gaps


@pytest.mark.parametrize("off", [0, 7, 14])
def test_minutes_lack_where_they_hold_the_edge_of_a_slot(told, helpers, off):
    times = helpers.quarters(1)[0] + np.arange(2 * 1440) * MINUTE_US
    kept = np.ones(len(times), dtype=bool)
    kept[900 + off + 1 : 900 + off + 3] = False
    assert told(500 + 0.4 * np.arange(len(times)), times, kept) == []


def test_what_comes_late_changes_what_is_usual(told):
    late = np.arange(COUNT) % 4 != 0
    late[AT:] = False
    kept = np.arange(COUNT) < AT
    kept |= np.arange(COUNT) % 8 == 0
    parts = [~late[kept], late[kept]]
    assert "gap" in [one[0] for one in told(plain(), kept=kept, parts=parts)]
