"""Hours of meters as blocks that `analytics.scan` judges, and the habits learned before.

history ─▶ fits that have not seen it ─▶ habit ─┐
window  ─▶ what is expected of it ──────────────┴─▶ block
"""

from __future__ import annotations

import numpy as np

from analytics.baseline import Baseline
from analytics.bins import FULL_BINS, SATURDAY, HourCalendar
from analytics.crossfit import History
from analytics.fitting import MONDAY
from analytics.groups import Bools, Floats, Ints
from analytics.regression import weather_by_regime
from analytics.scan.habit import Habit, least_driven
from analytics.scan.judge import MeterBlock
from analytics.scan.schedule import Schedule
from analytics.scan.shapes import Hours
from analytics.scan.special import special_days

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


def block_of(
    history: History, fitted: Baseline, habit: Habit, expected: Floats, *, registered: bool
) -> MeterBlock:
    """Hours of meters as `analytics.scan` judges them, by what is expected of them [kWh/h],
    (meters, hours), and the baselines and habits that were learned before."""
    weather = _weather(fitted, history.clock, history.temperature)
    beyond = _unseen(fitted, history.temperature)
    return MeterBlock(
        hours=_hours(history, expected, weather, habit.calm, habit.base),
        load=history.energy,
        schedule=_schedule(fitted.levels, history.clock, registered=registered),
        habit=habit,
        special=_special(history.clock),
        beyond=np.broadcast_to(beyond, history.energy.shape),
    )


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
