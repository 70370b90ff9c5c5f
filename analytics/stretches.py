"""Hours of meters as blocks that `analytics.scan` judges, and the habits learned before.

history ─▶ fits that have not seen it ─▶ habit ─┐
window  ─▶ what is expected of it ──────────────┴─▶ block ─▶ what is seen
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analytics.baseline import Baseline
from analytics.bins import FULL_BINS, SATURDAY, HourCalendar
from analytics.crossfit import History, folds
from analytics.fitting import MONDAY
from analytics.groups import Bools, Floats, Ints
from analytics.judging import Judged
from analytics.regression import weather_by_regime
from analytics.scan.again import Sights, SiteSeen, judge_again
from analytics.scan.faults import Bounds
from analytics.scan.habit import Habit, least_driven
from analytics.scan.judge import ALL, NOTHING_SEEN, MeterBlock, NetNoise, Sightings
from analytics.scan.schedule import Schedule
from analytics.scan.seasons import rests_for_seasons, seasons_of
from analytics.scan.shapes import Hours
from analytics.scan.special import special_days
from analytics.stored import Version, joined, knots_of
from analytics.temperature import bridge, slow_mean

SEASON_SHARE, STRONG = 0.15, 0.9
"""Of a strong day, the 90th percentile, what a day of the season is expected to take at least."""
OUT_OF_SIGHT_K = 0.5
"""Beyond the coldest and the warmest hour fitted, what weather may be before it is not known."""
FAR_K = 2.0
"""Likewise beyond what other weeks saw: each new week of an autumn is a little colder."""


def habit_of(
    history: History,
    fitted: Baseline,
    past: Floats,
    whole: Floats,
    *,
    registered: bool,
    led: Bools | None = None,
) -> Habit:
    """What is usual of each meter, by a history and what fits on other weeks expect of it [kWh/h],
    (meters, hours); `whole` is its energy with the hours that nothing is learned of. Of meters that
    the weather makes run, `led`, (meters,), and of those that rest for seasons, days on which they
    hardly run are learned nothing of."""
    weather = _weather(fitted, history.clock, history.temperature)
    least = least_driven(weather, history.temperature)
    bounds = Bounds.of(whole)
    hours = _hours(history, past, weather, *least)
    seasonal = np.array([rests_for_seasons(day) for day in _daily(history.energy, hours)])
    seasonal |= False if led is None else led
    if seasonal.any():
        off = seasonal[:, None] & ~_in_season(hours)
        hours = replace(hours, residual=np.where(off, np.nan, hours.residual))
    schedule = _schedule(fitted.levels, history.clock, registered=registered)
    special = special_days_of(history.clock)
    spells = _spells(special & ~history.clock.working[hours.day_starts])
    seasons = _seasons(history.clock)
    return Habit.of(
        hours, history.energy, bounds, schedule, fitted.levels, special, spells, least, seasons
    )


def _daily(energy: Floats, hours: Hours) -> Floats:
    """Mean power of each day [kW], (meters, days); NaN where no hour of it is known."""
    known = np.isfinite(energy)
    total = np.add.reduceat(np.where(known, energy, 0.0), hours.day_starts, axis=1)
    count = np.add.reduceat(known * 1.0, hours.day_starts, axis=1)
    return np.where(count > 0, total / np.maximum(count, 1.0), np.nan)


def _in_season(hours: Hours) -> Bools:
    """Hours of days on which a meter is expected to take much beside its strong days, (meters,
    hours): what it varies by on days of rest says nothing of those."""
    known = np.isfinite(hours.expected)
    total = np.add.reduceat(np.where(known, hours.expected, 0.0), hours.day_starts, axis=1)
    edge = SEASON_SHARE * np.quantile(total, STRONG, axis=1)
    lengths = np.diff(np.append(hours.day_starts, hours.bins.size))
    return np.repeat(total >= edge[:, None], lengths, axis=1)


def block_of(
    history: History, fitted: Baseline, habit: Habit, expected: Floats, *, registered: bool
) -> MeterBlock:
    """Hours of meters as `analytics.scan` judges them, by what is expected of them [kWh/h],
    (meters, hours), and the baselines and habits that were learned before."""
    weather = _weather(fitted, history.clock, history.temperature)
    beyond = _unseen(fitted, history.temperature)
    special = special_days_of(history.clock)
    at_most = _at_most(habit.bounds.believable(expected), fitted, history, habit.odd, special)
    return MeterBlock(
        hours=_hours(history, at_most, weather, habit.calm, habit.base),
        load=history.energy,
        schedule=_schedule(fitted.levels, history.clock, registered=registered),
        habit=habit,
        special=special,
        seasons=_seasons(history.clock),
        beyond=np.broadcast_to(beyond, history.energy.shape),
    )


@dataclass(frozen=True, eq=False)
class Roles:
    """What meters are, (meters,) each."""

    counts: Bools
    """As in `MeterBlock`."""
    driven: Bools
    """Those that may follow the weather: of them nothing is said in weather that their baselines
    never saw."""
    led: Bools
    """Those that it makes run: of them nothing is said where it is not known."""


@dataclass(frozen=True)
class CommonTerms:
    """What holds for all meters of a part."""

    registered: bool
    """Whether somebody registered when people work."""
    strict: float
    """As in `MeterBlock`, like the next."""
    fewest: Mapping[str, int]


def seen_of(
    history: History, judged: Judged, roles: Roles, terms: CommonTerms, before: Sights
) -> tuple[Sightings, SiteSeen]:
    """What stands out in hours that versions have judged, by the rows of the history, and what may
    be kept of it; `before` is what was kept, of this or of other hours."""
    rows = [row for row, own in enumerate(judged.by) if own]
    if not rows or not history.hours_us.size:
        return NOTHING_SEEN, SiteSeen()
    seen = judge_again(
        _prints(rows, history, judged, roles, terms),
        roles.counts[rows],
        lambda some: _block(history, judged, roles, terms, [rows[one] for one in some]),
        before,
    )
    return seen.sightings.of_rows(rows), seen


def _prints(
    rows: Sequence[int], history: History, judged: Judged, roles: Roles, terms: CommonTerms
) -> list[bytes]:
    """Hash of all that each meter is judged by."""
    shared = hashlib.sha256(f"{terms} {history.clock.office}".encode())
    arrays = [part for part in vars(history.clock).values() if isinstance(part, np.ndarray)]
    for array in (*arrays, history.hours_us, history.temperature):
        shared.update(np.ascontiguousarray(array).data)
    found = []
    for row in rows:
        own = shared.copy()
        own.update(np.ascontiguousarray(history.energy[row]).data)
        own.update(np.ascontiguousarray(judged.expected[row]).data)
        by = [one.facts.name for one in judged.by[row]]
        own.update(f"{by} {[bool(role[row]) for role in vars(roles).values()]}".encode())
        found.append(own.digest())
    return found


def _block(
    history: History, judged: Judged, roles: Roles, terms: CommonTerms, rows: Sequence[int]
) -> MeterBlock:
    """Hours of meters, by their rows, as their versions judge them."""
    known = [_known(judged.by[row]) for row in rows]
    habit = Habit.joined([one for one, _ in known])
    levels = np.concatenate([own for _, own in known])
    own, special = history.of(rows), special_days_of(history.clock)
    spared = np.zeros_like(habit.odd) if terms.registered else habit.odd
    last = [judged.by[row][-1].baseline for row in rows]
    expected, weather, beyond = _by_knots(last, own, judged.expected[rows], spared, special)
    beyond |= _unseen_elsewhere(own, [judged.by[row][0].past_us for row in rows])
    return MeterBlock(
        hours=_hours(own, expected, weather, habit.calm, habit.base),
        load=own.energy,
        schedule=_schedule(levels, own.clock, registered=terms.registered),
        habit=habit,
        special=special,
        seasons=_seasons(own.clock),
        beyond=(beyond & roles.driven[rows, None])
        | (_dark(last, own.temperature) & roles.led[rows, None]),
        strict=terms.strict,
        counts=roles.counts[rows],
        fewest=terms.fewest,
        rests=np.array([rests_for_seasons(judged.by[row][-1].daily) for row in rows]),
    )


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


def net_noise(versions: Sequence[Version]) -> NetNoise:
    """What sums over all hours of a meter are off by while it is well, by its versions."""
    habit, _ = _known(versions)
    tau = habit.tau / habit.unseen
    return NetNoise(*(float(part[ALL, 0]) for part in (habit.sigma, tau, habit.heavy)))


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


def _unseen_elsewhere(own: History, pasts: Sequence[Ints]) -> Bools:
    """Hours that a first version learned, and that fits on its other weeks judge, whose weather
    those never saw, (meters, hours); `pasts` are the hours of each [us]."""
    found = np.zeros((len(pasts), own.hours_us.size), dtype=np.bool_)
    known = {}
    for row, past_us in enumerate(pasts):
        key = past_us.tobytes()
        if key not in known:
            known[key] = _only_here(own, np.isin(own.hours_us, past_us))
        found[row] = known[key]
    return found


def _only_here(own: History, past: Bools) -> Bools:
    """Hours of a past, (hours,), colder or warmer, now or by the slow mean, than any of its other
    folds on days as theirs: what rests in the heat says nothing of what runs in it."""
    fold, working = folds(own.clock), own.clock.working
    now = bridge(own.temperature)
    found = np.zeros(past.size, dtype=np.bool_)
    for felt in (now, slow_mean(now)):
        learned = past & np.isfinite(felt)
        for one in np.unique(fold[learned]).tolist():
            for alike in (working, ~working):
                mine = learned & alike & (fold == one)
                found[mine] |= _outside(felt[mine], felt[learned & alike & (fold != one)])
    return found


def _outside(felt: Floats, seen: Floats) -> Bools:
    """Which of some temperatures lie beyond those that were seen; none where nothing was."""
    if not seen.size:
        return np.zeros(felt.shape, dtype=np.bool_)
    low, high = seen.min() - FAR_K, seen.max() + FAR_K
    return np.asarray((felt < low) | (felt > high))


def _dark(baselines: Sequence[Baseline], temperature: Floats) -> Bools:
    """Hours without weather, and all hours of baselines that learned without, (meters, hours)."""
    blind = np.array([not one.segments.now.size for one in baselines], dtype=np.bool_)
    return np.asarray(blind[:, None] | np.isnan(temperature)[None, :])


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


def _seasons(clock: HourCalendar) -> Ints:
    return seasons_of(clock.day[_day_starts(clock)])


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
