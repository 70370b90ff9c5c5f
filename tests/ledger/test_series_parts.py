"""How far a series is looked through, and where a change of it can be noticed, to the very day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from ledger.cleaning.rates import DAY_US
from ledger.cleaning.story import DETOUR_US
from ledger.glance import Glance
from ledger.series import (
    ChangeSpan,
    IntervalSeries,
    RegisterSeries,
    _cell,
    _month_us,
    _that_limit,
)
from metering.localtime import HOUR_US
from metering.reading import Kind, ReadingColumns
from tests.ledger.test_fresh_looks import START_US, service_of, stored

TIMES = START_US + np.arange(3 * 365 * 2) * 12 * HOUR_US
"""Twice a day, at 4 and 16 o'clock of UTC, from 31 December 2024 on."""
VALUES = 1000 + 50.0 * np.arange(len(TIMES))


def number(year: int, month: int, day: int) -> int:
    return (date(year, month, day) - date(1970, 1, 1)).days


def at(year: int, month: int, day: int, hour: float = 0) -> int:
    return number(year, month, day) * DAY_US + round(hour * HOUR_US)


def days(*numbers: int) -> list[str]:
    return [(date(1970, 1, 1) + timedelta(days=n)).isoformat() for n in numbers]


def series(times=TIMES, values=VALUES, *, kind=Kind.REGISTER, limit="60"):
    made = RegisterSeries if kind is Kind.REGISTER else IntervalSeries
    return made(service_of(kind, limit=limit)), Glance(stored(times, values))


def with_zero(*wrong: int) -> np.ndarray:
    """The values, 0 from these readings' instants on for half a day."""
    values = VALUES.copy()
    values[np.searchsorted(TIMES, wrong)] = 0
    return values


CHANGED = at(2026, 5, 20), at(2026, 5, 21)


def test_days_are_counted_in_months_and_cells():
    assert days(*_that_limit(number(2026, 4, 5), number(2026, 7, 5))) == [
        "2026-02-01",
        "2026-09-30",
    ]
    assert days(*_that_limit(number(2026, 1, 31), number(2026, 1, 31))) == [
        "2025-11-01",
        "2026-03-31",
    ]
    assert [_cell(one, 0) for one in (179, 180, 359)] == [0, 180, 180]
    assert [_cell(200, n) for n in (-2, 3)] == [-180, 720]
    assert _month_us(0) == (0, 31 * DAY_US)
    assert _month_us(12 * 56 + 1) == (at(2026, 2, 1), at(2026, 3, 1))


def test_a_look_is_as_wide_as_the_months_around_that_a_detour_may_reach():
    one, glance = series()
    one.cover(glance, *CHANGED)
    past = one._past
    assert days(past.first_day, past.last_day) == ["2026-02-01", "2026-09-30"]
    assert days(*one._extent) == ["2024-12-31", "2027-12-31"]
    one.cover(glance, at(2026, 4, 20), at(2026, 5, 1))
    past = one._past
    assert days(past.first_day, past.last_day) == ["2026-01-01", "2026-09-30"]
    one.cover(glance, at(2026, 5, 20), at(2026, 9, 1))
    assert days(one._past.first_day, one._past.last_day) == ["2026-01-01", "2026-12-31"]


@pytest.mark.parametrize(("end", "found"), [(at(2024, 12, 31, 5), "2024-12-31")])
def test_a_look_ends_with_the_readings(end, found):
    one, glance = series()
    one.cover(glance, 0, end)
    assert days(one._past.first_day) == [found]
    few, glance = series(TIMES[:1], VALUES[:1])
    few.cover(glance, *CHANGED)
    assert days(few._past.first_day, few._past.last_day) == ["2024-12-31"] * 2
    none, glance = series(TIMES[:0], VALUES[:0])
    none.cover(glance, *CHANGED)
    assert none._past is None
    assert none.reach(glance, *CHANGED).end_us > CHANGED[1]


def test_a_change_reaches_the_months_that_it_counts_into_and_what_is_doubtful_near_it():
    one, glance = series()
    reach = one.reach(glance, *CHANGED)
    assert reach == ChangeSpan(CHANGED[0] - DETOUR_US, at(2026, 8, 1))
    assert days(one._past.first_day, one._past.last_day) == ["2025-12-01", "2026-11-30"]
    assert one.renew(glance, *CHANGED) is None
    wrong = at(2026, 3, 1, 4)
    one, glance = series(TIMES, with_zero(wrong))
    reach = one.reach(glance, *CHANGED)
    assert reach == ChangeSpan(wrong - 12 * HOUR_US, at(2026, 8, 1))
    far = at(2026, 2, 1, 4)
    one, glance = series(TIMES, with_zero(far))
    assert one.reach(glance, *CHANGED).start_us == CHANGED[0] - DETOUR_US
    later = at(2026, 9, 14, 4)
    one, glance = series(TIMES, with_zero(later))
    assert one.reach(glance, *CHANGED).end_us == later + 12 * HOUR_US
    one, glance = series(TIMES, with_zero(at(2026, 9, 16, 4)))
    assert one.reach(glance, *CHANGED).end_us == at(2026, 8, 1)


@pytest.mark.parametrize(
    ("begins", "found"),
    [
        (at(2026, 5, 1), "2026-03-01"),
        (at(2026, 4, 1), "2026-03-01"),
        (at(2026, 3, 30), "2026-03-01"),
        (at(2026, 3, 29), "2026-05-01"),
        (at(2026, 2, 1), "2026-05-01"),
    ],
)
def test_earlier_months_learn_from_a_change_only_where_they_have_few_days(begins, found):
    kept = begins <= TIMES
    one, glance = series(TIMES[kept], VALUES[kept])
    one.cover(glance, *CHANGED)
    assert one._limited_by(*CHANGED) == (at(*map(int, found.split("-"))), at(2026, 8, 1))


@pytest.mark.parametrize(("april", "found"), [(29, at(2026, 4, 1)), (28, at(2026, 5, 1))])
def test_each_earlier_month_is_asked_for_its_own_days(april, found):
    kept = (at(2026, 3, 20) > TIMES) | (at(2026, 4, april) <= TIMES)
    one, glance = series(TIMES[kept], VALUES[kept])
    one.cover(glance, *CHANGED)
    assert one._limited_by(*CHANGED)[0] == found


UNTIL_APRIL = at(2026, 4, 20) > TIMES


@pytest.mark.parametrize(
    ("kept", "start", "end", "added", "found"),
    [
        (slice(None), at(2026, 4, 20, 5), at(2026, 4, 21, 3), None, ("2026-04-20", "2026-04-21")),
        (slice(None), at(2026, 4, 20, 5), at(2026, 4, 21, 4), None, ("2026-04-20", "2026-04-22")),
        (slice(None), at(2026, 4, 20, 5), at(2026, 4, 21, 15), None, ("2026-04-20", "2026-04-22")),
        (slice(None), 0, at(2100, 1, 1), None, ("2024-12-31", "2027-12-31")),
        (UNTIL_APRIL, at(2026, 4, 19, 16), at(2026, 4, 19, 16), None, ("2026-04-19", "2026-04-19")),
        (UNTIL_APRIL, at(2026, 4, 25), at(2026, 4, 28), None, ("2026-04-20", "2026-04-25")),
        (
            UNTIL_APRIL,
            at(2026, 4, 25),
            at(2026, 4, 28),
            at(2026, 4, 27),
            ("2026-04-20", "2026-04-27"),
        ),
        (UNTIL_APRIL, at(2024, 4, 25), at(2024, 4, 28), None, ("2024-12-31", "2025-11-30")),
        (
            UNTIL_APRIL,
            at(2024, 4, 25),
            at(2024, 4, 28),
            at(2024, 4, 26),
            ("2024-04-26", "2025-11-30"),
        ),
    ],
)
def test_days_are_looked_through_again_up_to_the_second_reading_after_a_change(
    kept, start, end, added, found
):
    """Together with what was looked through, without a hole."""
    one, glance = series(TIMES[kept], VALUES[kept])
    one.cover(glance, at(2026, 4, 1), at(2026, 4, 2))
    last = "2026-04-19" if kept is UNTIL_APRIL else "2026-07-31"
    assert days(one._past.first_day, one._past.last_day) == ["2025-12-01", last]
    if added is not None:
        glance.store.upsert(ReadingColumns.of([(1, added, 1.0, 0, 0, 0, 0, 0, 0)]))
    assert tuple(days(*one._changed(glance, one._past, start, end))) == found


def test_readings_beyond_the_end_of_a_service_are_not_its_latest():
    one, glance = series(TIMES[UNTIL_APRIL], VALUES[UNTIL_APRIL])
    one.cover(glance, at(2026, 4, 1), at(2026, 4, 2))
    edge = at(2026, 4, 25)
    glance.store.upsert(ReadingColumns.of([(1, edge, 1.0, 0, 0, 0, 0, 0, 0)]))
    for end, last in ((edge, "2026-04-25"), (edge - 1, "2026-04-22")):
        one.service = replace(one.service, end_us=end, reads_until_us=end)
        found = one._changed(glance, one._past, at(2026, 4, 22), at(2026, 4, 28))
        assert days(*found) == ["2026-04-20", last]


def test_of_intervals_whole_local_days_are_looked_through_again():
    one, glance = series(kind=Kind.INTERVAL)
    one.cover(glance, at(2026, 4, 1), at(2026, 4, 2))
    assert days(*one._extent) == ["2024-12-31", "2028-01-01"]
    for hours, first in ((15.9, "2026-04-19"), (16, "2026-04-20")):
        found = one._changed(glance, one._past, at(2026, 4, 20, hours), at(2026, 4, 20, 17))
        assert days(*found) == [first, "2026-04-23"]


def test_a_change_is_quiet_where_the_same_is_doubtful_and_nothing_near():
    near, far = at(2026, 5, 4, 4), at(2026, 3, 1, 4)
    one, glance = series(TIMES, with_zero(far))
    reach = one.reach(glance, *CHANGED)
    assert one.renew(glance, *CHANGED) is None
    assert one.renew(glance, at(2026, 4, 10), at(2026, 4, 11)) is not None  # a detour is near
    (decided,) = one.decisions(glance, far, far)
    glance.store.upsert(ReadingColumns.of([(1, near, 0.0, 0, 0, 0, 0, 0, 0)]))
    assert one.renew(glance, near, near).start_us == far - 12 * HOUR_US
    assert len(one.decisions(glance, far, near)) == 2
    assert one.decisions(glance, far, far) == [decided]
    assert reach.start_us == far - 12 * HOUR_US


def test_a_limit_that_moves_is_noticed_though_the_same_is_doubtful():
    far = at(2026, 3, 1, 4)
    one, glance = series(TIMES, with_zero(far), limit=None)
    one.reach(glance, *CHANGED)
    assert one.renew(glance, *CHANGED) is None
    kept = at(2026, 5, 1) <= TIMES
    rows = zip(TIMES[kept].tolist(), (VALUES[kept] * 4).tolist(), strict=True)
    glance.store.upsert(ReadingColumns.of([(1, t, v, 0, 0, 0, 0, 0, 0) for t, v in rows]))
    assert one.renew(glance, at(2026, 5, 1), int(TIMES[-1])) is not None


class Recorded(Glance):
    """A glance that says what was asked of it."""

    def known(self, service, start_us, end_us):
        self.asked = start_us, end_us
        return super().known(service, start_us, end_us)


def test_a_story_is_told_of_readings_as_far_as_a_detour_may_last():
    wrong = at(2026, 4, 1, 4)
    one, glance = series(TIMES, with_zero(wrong))
    glance = Recorded(glance.store)
    one.cover(glance, *CHANGED)
    assert len(one.decisions(glance, wrong, wrong)) == 1
    half = 12 * HOUR_US
    assert glance.asked == (wrong - half - DETOUR_US, wrong + half + DETOUR_US)
    glance.asked = None
    assert len(one.decisions(glance, wrong + half, wrong + 5 * half)) == 1
    assert one.decisions(glance, wrong + half + 1, wrong + 5 * half) == []
    assert len(one.decisions(glance, wrong - 5 * half, wrong - half)) == 1
    assert one.decisions(glance, wrong - 5 * half, wrong - half - 1) == []
    assert glance.asked is None  # told once


def test_a_series_is_looked_through_two_months_at_a_time():
    for kind in (Kind.REGISTER, Kind.INTERVAL):
        one, glance = series(kind=kind)
        ends, asked = [], "known" if kind is Kind.REGISTER else "scan"
        plain = getattr(glance, asked)

        def recorded(what, start_us, end_us, plain=plain, ends=ends):
            ends.append(end_us)
            return plain(what, start_us, end_us)

        setattr(glance, asked, recorded)
        first = number(2025, 3, 1)
        one._look(glance, first, first + 199)
        beyond = [np.ceil((end + 1) / DAY_US) - first for end in ends]
        more = 0 if kind is Kind.REGISTER else 1
        assert beyond == [62 + more, 124 + more, 186 + more, 200 + more]
