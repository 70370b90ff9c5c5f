"""Hours of meters as blocks that `analytics.scan` judges, and the habits learned before.

history ─▶ fits that have not seen it ─▶ habit ─┐
window  ─▶ what is expected of it ──────────────┴─▶ block ─▶ what is seen
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from analytics.baseline import Baseline
from analytics.bins import FULL_BINS, SATURDAY, HourCalendar
from analytics.crossfit import History
from analytics.fitting import MONDAY
from analytics.groups import Bools, Floats, Ints
from analytics.judging import Judged
from analytics.regression import weather_by_regime
from analytics.scan.habit import Habit, least_driven
from analytics.scan.judge import NOTHING_SEEN, MeterBlock, Sightings, judge
from analytics.scan.schedule import Schedule
from analytics.scan.shapes import Hours
from analytics.scan.special import special_days
from analytics.stored import Version, joined, knots_of

OUT_OF_SIGHT_K = 0.5
"""Beyond the coldest and the warmest hour fitted, what weather may be before it is not known."""


def habit_of(
    history: History, fitted: Baseline, past: Floats, whole: Floats, *, registered: bool
) -> Habit:
    """What is usual of each meter, by a history and what fits on other weeks expect of it [kWh/h],
    (meters, hours); `whole` is its energy with the hours that nothing is learned of."""
    weather = _weather(fitted, history.clock, history.temperature)
    least = least_driven(weather, history.temperature)
    hours = _hours(history, past, weather, *least)
    schedule = _schedule(fitted.levels, history.clock, registered=registered)
    special = special_days_of(history.clock)
    spells = _spells(special & ~history.clock.working[hours.day_starts])
    return Habit.of(hours, history.energy, whole, schedule, fitted.levels, special, spells, least)


def block_of(
    history: History, fitted: Baseline, habit: Habit, expected: Floats, *, registered: bool
) -> MeterBlock:
    """Hours of meters as `analytics.scan` judges them, by what is expected of them [kWh/h],
    (meters, hours), and the baselines and habits that were learned before."""
    weather = _weather(fitted, history.clock, history.temperature)
    beyond = _unseen(fitted, history.temperature)
    special = special_days_of(history.clock)
    at_most = _at_most(expected, fitted, history, habit.odd, special)
    return MeterBlock(
        hours=_hours(history, at_most, weather, habit.calm, habit.base),
        load=history.energy,
        schedule=_schedule(fitted.levels, history.clock, registered=registered),
        habit=habit,
        special=special,
        beyond=np.broadcast_to(beyond, history.energy.shape),
    )


def seen_of(
    history: History,
    judged: Judged,
    counts: Bools,
    driven: Bools,
    *,
    registered: bool,
    strict: float = 1.0,
    fewest: Mapping[str, int] | None = None,
) -> Sightings:
    """What stands out in hours that versions have judged, by the rows of the history.

    counts, strict, fewest: as in `MeterBlock`, of all the meters. driven: those that may follow the
    weather, (meters,): of them nothing is said in weather that their baselines never saw.
    """
    rows = [row for row, own in enumerate(judged.by) if own]
    if not rows or not history.hours_us.size:
        return NOTHING_SEEN
    known = [_known(judged.by[row]) for row in rows]
    habit = Habit.joined([one for one, _ in known])
    levels = np.concatenate([own for _, own in known])
    own, special = history.of(rows), special_days_of(history.clock)
    spared = np.zeros_like(habit.odd) if registered else habit.odd
    last = [judged.by[row][-1].baseline for row in rows]
    expected, weather, beyond = _by_knots(last, own, judged.expected[rows], spared, special)
    block = MeterBlock(
        hours=_hours(own, expected, weather, habit.calm, habit.base),
        load=own.energy,
        schedule=_schedule(levels, own.clock, registered=registered),
        habit=habit,
        special=special,
        beyond=beyond & driven[rows][:, None],
        strict=strict,
        counts=counts[rows],
        fewest=fewest or {},
    )
    return judge([block]).of_rows(rows)


def _known(versions: Sequence[Version]) -> tuple[Habit, Floats]:
    """The newest habit of a meter and its levels [kW], (1, 192); what they are silent about, those
    before them answer."""
    habit, levels = versions[-1].known_habit, versions[-1].baseline.levels
    for one in reversed(versions[:-1]):
        silent, before = ~np.isfinite(habit.sigma), one.known_habit
        told = {
            name: np.where(silent, getattr(before, name), getattr(habit, name))
            for name in ("sigma", "tau", "heavy")
        }
        habit = replace(habit, **told)
        levels = np.where(np.isnan(levels), one.baseline.levels, levels)
    return habit, levels


def _at_most(
    expected: Floats, fitted: Baseline, history: History, odd: Bools, special: Bools
) -> Floats:
    """What is expected [kWh/h] where a calendar does not say what a meter does on special days: of
    meters that are `odd`, (meters,), the most of what a special day and a usual one would take."""
    clock = history.clock
    inside = special[_day_of(clock)] & odd[:, None]
    if not inside.any():
        return expected
    usual = replace(clock, weekday=(clock.day + MONDAY) % 7)
    return np.where(inside, np.fmax(expected, fitted.predict(usual, history.temperature)), expected)


def _day_of(clock: HourCalendar) -> Ints:
    """Which day of the clock's each hour is of, (hours,)."""
    starts = _day_starts(clock)
    return np.searchsorted(starts, np.arange(clock.hour.size), side="right") - 1


def _by_knots(
    baselines: Sequence[Baseline], own: History, expected: Floats, odd: Bools, special: Bools
) -> tuple[Floats, Floats, Bools]:
    """(what is expected at most [kWh/h], weather's part [kW], hours whose weather the baseline has
    never seen), (meters, hours) each; meters that share knots at once."""
    at_most, weather = expected.copy(), np.zeros(expected.shape)
    beyond = np.zeros(expected.shape, dtype=np.bool_)
    alike: dict[tuple[bytes, ...], list[int]] = {}
    for row, one in enumerate(baselines):
        alike.setdefault(knots_of(one), []).append(row)
    for rows in alike.values():
        together = joined([baselines[row] for row in rows])
        at_most[rows] = _at_most(expected[rows], together, own.of(rows), odd[rows], special)
        weather[rows] = _weather(together, own.clock, own.temperature)
        beyond[rows] = _unseen(together, own.temperature)
    return at_most, weather, beyond


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


def special_days_of(clock: HourCalendar) -> Bools:
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


def _spells(days: Bools) -> int:
    return int(np.count_nonzero(np.diff(days.astype(np.int8), prepend=0) == 1))


def _schedule(levels: Floats, clock: HourCalendar, *, registered: bool) -> Schedule:
    if not registered:
        return Schedule.read(levels)
    runs = np.zeros((FULL_BINS // 24, 24), dtype=np.bool_)
    runs[:SATURDAY, clock.office.opens : clock.office.closes] = True
    read = Schedule.read(levels)
    return Schedule.registered(np.tile(runs.ravel(), (levels.shape[0], 1)), read.regular)
