"""A site's hours as blocks that `analytics.scan` judges, and the habits that its baselines keep.

    history ─▶ fits that have not seen it ─▶ habit ─▶ kept with the version
    window  ─▶ judged by versions ─────────▶ block ─▶ what was seen
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analytics.baseline import Baseline
from analytics.bins import FULL_BINS, SATURDAY, HourCalendar
from analytics.crossfit import History
from analytics.fitting import weather_by_regime
from analytics.groups import Bools, Floats, Ints
from analytics.judging import Judged
from analytics.scan.habit import Habit, joined_habits, least_driven
from analytics.scan.judge import Block, Seen, judge
from analytics.scan.schedule import Schedule
from analytics.scan.shapes import Hours
from analytics.scan.special import special_days
from analytics.stored import joined, knots_of

MONDAY = 3
"""1970-01-01 was a Thursday."""
OUT_OF_SIGHT_K = 0.5
"""Beyond the coldest and the warmest hour fitted, what weather may be before it is not known."""


def habit_of(history: History, fitted: Baseline, past: Floats, *, registered: bool) -> Habit:
    """What is usual of each meter, by a history and what fits on other weeks expect of it [kWh/h],
    (meters, hours)."""
    weather = _weather(fitted, history.clock, history.temperature)
    least = least_driven(weather, history.temperature)
    hours = _hours(history, past, weather, *least)
    schedule = _schedule(fitted.levels, history.clock, registered=registered)
    special = _special(history.clock)
    return Habit.of(hours, history.energy, schedule, fitted.levels, special, least)


def seen_of(history: History, judged: Judged, *, registered: bool, strict: float) -> Seen:
    """What stands out in hours that versions have judged; `strict` counts how large an effect must
    be, 1 for the usual."""
    rows = [row for row, own in enumerate(judged.by) if own]
    if not rows or not history.hours_us.size:
        return Seen((), ())
    last = [judged.by[row][-1] for row in rows]
    habit = joined_habits([one.known_habit for one in last])
    baselines = [one.baseline for one in last]
    weather, beyond = _by_knots(baselines, history)
    own = history.of(rows)
    block = Block(
        hours=_hours(own, judged.expected[rows], weather, habit.calm, habit.base),
        load=own.energy,
        schedule=_schedule(
            np.concatenate([one.levels for one in baselines]), own.clock, registered=registered
        ),
        habit=habit,
        special=_special(own.clock),
        beyond=beyond,
        strict=strict,
    )
    return judge([block]).of_rows(rows)


def _by_knots(baselines: Sequence[Baseline], history: History) -> tuple[Floats, Bools]:
    """(weather's part [kW], hours whose weather the baseline never saw), (meters, hours) each."""
    shape = (len(baselines), history.hours_us.size)
    weather, beyond = np.zeros(shape), np.zeros(shape, dtype=np.bool_)
    alike: dict[tuple[bytes, ...], list[int]] = {}
    for row, one in enumerate(baselines):
        alike.setdefault(knots_of(one), []).append(row)
    for rows in alike.values():
        together = joined([baselines[row] for row in rows])
        weather[rows] = _weather(together, history.clock, history.temperature)
        beyond[rows] = _unseen(together, history.temperature)
    return weather, beyond


def _weather(fitted: Baseline, clock: HourCalendar, temperature: Floats) -> Floats:
    """What the weather adds [kW], (meters, hours); 0 where it is unknown."""
    design = fitted.segments.design(temperature) - fitted.centre
    running = np.take(fitted.running, clock.full_bins(), axis=1)
    return np.nan_to_num(weather_by_regime(fitted.slopes, design, running))


def _unseen(fitted: Baseline, temperature: Floats) -> Bools:
    knots = fitted.segments.now
    if not knots.size:
        return np.zeros(temperature.shape, dtype=np.bool_)
    low, high = knots[0] - OUT_OF_SIGHT_K, knots[-1] + OUT_OF_SIGHT_K
    with np.errstate(invalid="ignore"):
        return np.asarray((temperature < low) | (temperature > high))


def _hours(
    history: History, expected: Floats, weather: Floats, calm: Floats, base: Floats
) -> Hours:
    with np.errstate(invalid="ignore"):
        warm = history.temperature[None, :] > calm[:, None]
    return Hours(
        residual=history.energy - expected,
        expected=expected,
        weather=np.maximum(weather - base[:, None], 0.0),
        warm=warm,
        bins=history.clock.full_bins(),
        day_starts=_day_starts(history.clock),
    )


def _day_starts(clock: HourCalendar) -> Ints:
    return np.flatnonzero(np.diff(clock.day, prepend=clock.day[:1] - 1)).astype(np.int64)


def _special(clock: HourCalendar) -> Bools:
    """Special days of the clock, (days,). A day of the weekend on which people mostly work is
    none."""
    first = _day_starts(clock)
    weekday = (clock.day[first] + MONDAY) % 7
    working = clock.working[first]
    usual = np.zeros(first.size, dtype=np.bool_)
    for day in range(SATURDAY, 7):
        alike = weekday == day
        usual |= alike & (2 * np.count_nonzero(working & alike) > np.count_nonzero(alike))
    return special_days(~working, clock.holiday[first], (weekday >= SATURDAY) & ~usual)


def _schedule(levels: Floats, clock: HourCalendar, *, registered: bool) -> Schedule:
    if not registered:
        return Schedule.read(levels)
    runs = np.zeros((FULL_BINS // 24, 24), dtype=np.bool_)
    runs[:SATURDAY, clock.office.opens : clock.office.closes] = True
    read = Schedule.read(levels)
    return Schedule.registered(np.tile(runs.ravel(), (levels.shape[0], 1)), read.regular)
