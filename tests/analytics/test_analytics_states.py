"""States of plant by the hour, units that fight, and compressors that start too often."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import find
from analytics.sampled import hourly_means, parts_on, starts
from analytics.sensors import SensedHours
from api.sentences import sentence
from metering.localtime import HOUR_US, MINUTE_US
from metering.reading import Flag, ReadingColumns
from tests.analytics.hourly_inputs import ZONE, Hours, inputs

HOURS = 30
HOURS_US = np.arange(HOURS, dtype=np.int64) * HOUR_US
HOUR = np.arange(24 * 21)
DAY = HOUR // 24
LATE = DAY >= 7
Sent = list[tuple[int, int, int]]


def columns(sent: Sent, flag: int = 0) -> ReadingColumns:
    """(point, minute, value) of each reading."""
    rows = sorted({(point, minute): value for point, minute, value in sent}.items())
    zeros = np.zeros(len(rows), dtype=np.int64)
    return ReadingColumns(
        np.array([point for (point, _), _ in rows], dtype=np.int64),
        np.array([minute * MINUTE_US for (_, minute), _ in rows], dtype=np.int64),
        np.array([value for _, value in rows], dtype=np.float64),
        zeros.astype(np.int16) + flag,
        *(zeros,) * 5,
    )


def by_minute(sent: Sent) -> list[tuple[float | None, float | None, float | None]]:
    """Mean, part on and starts of each hour, minute by minute."""
    told = {(point, minute): value for point, minute, value in sent}
    result: list[tuple[float | None, float | None, float | None]] = []
    for hour in range(HOURS):
        minutes = range(60 * hour, 60 * hour + 60)
        own = [value for (_, minute), value in told.items() if minute in minutes]
        on = []
        for point in {point for point, _ in told}:
            times = sorted(minute for one, minute in told if one == point)
            for minute in minutes:
                before = [one for one in times if minute - 24 * 60 < one <= minute]
                on += [told[point, before[-1]] != 0] if before else []
        rises = 0
        for (point, minute), value in told.items():
            earlier = [one for who, one in told if who == point and one < minute]
            if minute in minutes and earlier and value:
                rises += told[point, max(earlier)] == 0
        result.append(
            (
                float(np.mean(own)) if own else None,
                float(np.mean(on)) if on else None,
                float(rises) if len(own) >= 2 else None,
            )
        )
    return result


def told_or_none(found: Hours) -> list[float | None]:
    return [None if np.isnan(one) else float(one) for one in found]


@given(
    st.lists(
        st.tuples(st.integers(1, 2), st.integers(0, 60 * HOURS - 1), st.integers(0, 2)),
        max_size=25,
    )
)
def test_hours_of_readings_are_those_of_their_minutes(sent: Sent) -> None:
    seen, wanted = columns(sent), by_minute(sent)
    for place, made in enumerate((hourly_means, parts_on, starts)):
        assert told_or_none(made(seen, HOURS_US)) == pytest.approx([one[place] for one in wanted])


def test_what_is_out_of_range_says_nothing() -> None:
    seen = columns([(1, 5, 1), (1, 90, 0), (1, 95, 1)], int(Flag.OUT_OF_RANGE))
    for made in (hourly_means, parts_on, starts):
        assert np.isnan(made(seen, HOURS_US)).all()


def told(pattern: str, *sensed: tuple[str, Hours | float]) -> list[Any]:
    said = tuple(
        SensedHours("hall", role, "ac", np.broadcast_to(own, HOUR.shape).astype(np.float64))
        for role, own in sensed
    )
    found = find(inputs({"ac": ("01B00", np.full(HOUR.size, 5.0))}, sensed=said))
    return [one for one in found if one.pattern == pattern]


def test_units_that_fight_are_told_by_how_much_is_sure() -> None:
    (found,) = told(
        "dc_crac_fighting",
        ("humidifier", np.where(LATE, 0.9, 0.0)),
        ("humidifier", 0.1),
        ("dehumidifier", 0.3),
        ("dehumidifier", np.nan),
    )
    assert (found.detail["both_share"], found.detail["days"]) == (0.2, 14)
    assert (found.waste, found.costs) == (0.0, ())
    assert "at once" in sentence(found, ZONE, "en")


@pytest.mark.parametrize(
    "sensed",
    [
        [("humidifier", 0.5), ("dehumidifier", 0.5)],
        [("humidifier", 0.9), ("humidifier", 0.9)],
        [("humidifier", 0.9), ("dehumidifier", np.nan)],
        [("humidifier", 0.9), ("dehumidifier", np.where(HOUR % 24 < 11, 0.9, 0.0))],
        [("humidifier", 0.9), ("dehumidifier", np.where(HOUR % 24 < 11, 0.9, np.nan))],
        [("humidifier", np.where(DAY % 7 < 4, 0.9, 0.0)), ("dehumidifier", 0.9)],
    ],
)
def test_units_that_may_take_turns_or_fight_for_a_while_are_not_told(
    sensed: list[tuple[str, Hours | float]],
) -> None:
    assert told("dc_crac_fighting", *sensed) == []


def test_a_compressor_that_starts_too_often_is_told() -> None:
    (found,) = told("short_cycling", ("compressor", np.where(LATE, 9.0, 2.0)), ("compressor", 1.0))
    assert (found.detail["starts_per_hour"], found.detail["days"]) == (9.0, 14)
    assert "about 9 times an hour" in sentence(found, ZONE, "en")


@pytest.mark.parametrize(
    "counted",
    [
        6.0,
        np.nan,
        np.where(HOUR % 24 < 3, 9.0, 0.0),
        np.where(HOUR % 24 < 11, 9.0, 1.0),
        np.where(DAY % 7 < 4, 9.0, 1.0),
    ],
)
def test_a_compressor_that_starts_as_often_as_it_may_is_not_told(counted: Hours | float) -> None:
    assert told("short_cycling", ("compressor", counted)) == []
