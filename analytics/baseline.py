"""The baseline: what a meter should have used at that hour, in that weather.

Time of week and temperature, fitted robustly for all meters of a weather station at once:

    expected[t] = level[bin of the week] + weather(T, 12 h mean of T)    in running hours
    expected[t] = level[bin of the week] + weather'(T, 12 h mean of T)   otherwise

The start is the median of each bin, so that waste of a few nights cannot bend the model that
shall expose it; hours farther than 8 robust standard deviations are dropped, the model is
fitted, hours beyond 4.5 are dropped (and earlier ones taken back), and it is fitted again.

How fine the week is resolved depends on a meter's own history. A weekday's hour has only
one value a week: after two months a week of waste would be an eighth of its bin and hard to
tell from habit, so the 72 coarse bins serve until half a year is known.

    under 14 days   48 bins, no weather; good for display, too little to accuse anybody
    under 182 days  72 bins
    beyond          192 bins

scikit-learn is not used here, because it is the wrong tool for this shape of problem: one
LinearRegression a meter builds a 200-column design each time, where the closed form below
shares it among all meters. It serves the tests as an independent oracle.

Method: J. L. Mathieu, P. N. Price, S. Kiliccote, M. A. Piette, "Quantifying changes in
building electricity use, with application to demand response", IEEE Trans. Smart Grid 2
(2011); trimming after P. J. Rousseeuw, A. M. Leroy, "Robust Regression and Outlier
Detection" (1987).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from analytics.bins import (
    FULL_BINS,
    NAIVE_BINS,
    HourCalendar,
    OfficeHours,
)
from analytics.fitting import (
    DEFAULTS,
    FitSettings,
    Group,
    Laid,
    Robust,
    Rung,
    Shared,
    fit_robustly,
    fit_without_weather,
    sample_of,
    spread_by_hour,
)
from analytics.groups import Bools, Floats, Ints, median_in_place
from analytics.layout import Layout
from analytics.regression import weather_by_regime
from analytics.robust import Spreads
from analytics.running import running_bins
from analytics.temperature import NO_SEGMENTS, Segments, bridge, segments
from metering.errors import InvalidInput

LEAST_HOURS_OF_A_DAY = 12
"""A day counts as history when at least this many of its hours are known."""
OF_METERS = ("rungs", "levels", "slopes", "running", "spread", "hour_spread", "load", "cvrmse")
"""What a baseline has an array of by meter."""
BLOCK = 32
"""Meters that are fitted at once."""


@dataclass(frozen=True, eq=False)
class Baseline:
    """Fitted baselines of several meters; the first axis of every array is the meter."""

    rungs: Ints
    """`Rung` of each meter."""
    levels: Floats
    """Level of each of the 192 bins [kW], shape (meters, 192); NaN where nothing is known."""
    slopes: Floats
    """[kW/K], shape (meters, 2, columns): at rest, running."""
    running: Bools
    """Bins in which the meter runs, (meters, 192)."""
    segments: Segments
    centre: Floats
    """Means of the design columns [K], shape (columns,)."""
    spread: Floats
    """Robust standard deviation of the residual [kW], (meters, 2): at rest, running."""
    hour_spread: Floats
    """The same by hour of a working and of another day [kW], (meters, 48), at least `spread`.

    An hour in which a plant only sometimes runs is less steady than the regime it is in.
    """
    load: Floats
    """Typical power in office hours of working days [kW], shape (meters,); NaN if unknown."""
    cvrmse: Floats
    """Error over the hours kept as a share of their mean, shape (meters,); NaN if unknown."""

    blind: Baseline | None = None
    """The same fit without weather, for hours whose temperature is unknown."""

    def predict(self, clock: HourCalendar, temperature: Floats) -> Floats:
        """Expected energy [kWh/h], shape (meters, hours), for temperature [C], shape (hours,).

        Where the temperature is unknown, the fit without weather answers. NaN where nothing
        of the kind was ever seen.
        """
        design = self.segments.design(temperature) - self.centre
        bins, expected = clock.full_bins(), np.empty((len(self.levels), clock.hour.size))
        for first in range(0, len(expected), BLOCK):
            rows = slice(first, first + BLOCK)
            running = np.take(self.running[rows], bins, axis=1)
            weather = weather_by_regime(self.slopes[rows], design, running)
            np.add(np.take(self.levels[rows], bins, axis=1), weather, out=expected[rows])
        unseen = self._unseen(temperature)
        if self.blind is not None and unseen.any():
            blind = self.blind.predict(clock, temperature)
            np.copyto(expected, blind, where=unseen)
        return expected

    def sigma(self, clock: HourCalendar, temperature: Floats) -> Floats:
        """Spread of the residual in each hour [kW], shape (meters, hours)."""
        spread = np.take(self.hour_spread, clock.naive_bins(), axis=1)
        unseen = self._unseen(temperature)
        if self.blind is not None and unseen.any():
            np.copyto(spread, self.blind.sigma(clock, temperature), where=unseen)
        return spread

    def _unseen(self, temperature: Floats) -> Bools:
        """Hours whose weather is needed and unknown, (hours,)."""
        if not self.segments.columns:
            return np.zeros(temperature.shape, dtype=np.bool_)
        return np.isnan(bridge(temperature))


@dataclass(frozen=True, eq=False)
class Learnt:
    """Baselines with what they were fitted on."""

    baseline: Baseline
    layout: Layout
    marks: Bools
    """Hours that the fit kept, and those that the one without weather did, laid out by bin: (fits,
    meters, 192, width)."""

    @property
    def kept(self) -> Bools:
        """Hours that the fit kept, (meters, hours)."""
        return self.layout.marks_in_time(self.marks[0])

    @property
    def blind_kept(self) -> Bools:
        """Those that the fit without weather kept, (meters, hours)."""
        return self.layout.marks_in_time(self.marks[-1])

    def but(self, rows: Ints, other: Learnt) -> Learnt:
        """With some of the meters as `other`, of these alone, says; both have the same weather."""
        marks = self.marks.copy()
        marks[:, rows] = other.marks
        return Learnt(_but(self.baseline, rows, other.baseline), self.layout, marks)


def _but(baseline: Baseline, rows: Ints, other: Baseline) -> Baseline:
    changed: dict[str, Any] = {}
    for name in OF_METERS:
        changed[name] = getattr(baseline, name).copy()
        changed[name][rows] = getattr(other, name)
    blind = baseline.blind
    if blind is not None and other.blind is not None:
        blind = _but(blind, rows, other.blind)
    return replace(baseline, blind=blind, **changed)


def fit(
    energy: Floats,
    temperature: Floats,
    clock: HourCalendar,
    hours_us: Ints,
    settings: FitSettings = DEFAULTS,
) -> Baseline:
    """Fit all meters of one weather station.

    `energy` [kWh/h] has shape (meters, hours), NaN where absent or not to be trusted;
    `temperature` [C] and `hours_us` have shape (hours,). A meter without data gets NaN levels.
    Raises InvalidInput where shapes disagree or the hours do not rise.
    """
    return learnt(energy, temperature, clock, hours_us, settings).baseline


def learnt(
    energy: Floats,
    temperature: Floats,
    clock: HourCalendar,
    hours_us: Ints,
    settings: FitSettings = DEFAULTS,
    *,
    known: Ints | None = None,
) -> Learnt:
    """The fit of all meters of one weather station, and the hours that it is of.

    `known`, (meters,), is the `Rung` of each meter where a history has more days than are fitted.
    Raises InvalidInput where shapes disagree or the hours do not rise.
    """
    _check(energy, temperature, clock, hours_us)
    knots = segments(temperature, settings.segment_count)
    steps = rungs(energy, clock, settings) if known is None else known
    layout = Layout.of(clock.full_bins())
    some = (knots, NO_SEGMENTS) if knots.columns else (NO_SEGMENTS,)
    shared = [Shared.of(one.design(temperature), clock, layout) for one in some]
    made = [_unfitted(steps, *both) for both in zip(some, (s.centre for s in shared), strict=True)]
    marks = np.zeros((len(made), steps.size, FULL_BINS, layout.width), dtype=np.bool_)
    for rung, rows in blocks(steps if hours_us.size else steps[:0]):
        group, load = _group(energy[rows], clock, shared[0], rung, settings)
        found = [fit_robustly(group, shared[0], settings)]
        found += [fit_without_weather(group, found[0], one, settings) for one in shared[1:]]
        for place, baseline in enumerate(made):
            baseline.load[rows], baseline.running[rows] = load, group.spreads.runs
            _enter(baseline, rows, group, found[place])
            marks[place, rows] = found[place].kept
    whole = replace(made[0], blind=made[1]) if knots.columns else made[0]
    return Learnt(whole, layout, marks)


def blocks(steps: Ints) -> Iterator[tuple[Rung, Ints]]:
    """Few meters of a rung at a time, which a processor's cache holds."""
    for rung in Rung:
        rows = np.flatnonzero(steps == rung)
        for first in range(0, rows.size, BLOCK):
            yield rung, rows[first : first + BLOCK]


def _unfitted(steps: Ints, knots: Segments, centre: Floats) -> Baseline:
    """A baseline to be filled."""
    meters = steps.size
    return Baseline(
        rungs=steps,
        running=np.zeros((meters, FULL_BINS), dtype=np.bool_),
        levels=np.full((meters, FULL_BINS), np.nan),
        slopes=np.zeros((meters, 2, knots.columns)),
        segments=knots,
        centre=centre,
        spread=np.zeros((meters, 2)),
        hour_spread=np.zeros((meters, NAIVE_BINS)),
        load=np.full(meters, np.nan),
        cvrmse=np.full(meters, np.nan),
    )


def _group(
    energy: Floats, clock: HourCalendar, shared: Shared, rung: Rung, settings: FitSettings
) -> tuple[Group, Floats]:
    """Meters of a rung as they are fitted, and their load [kW]."""
    layout = shared.layout
    laid = Laid.of(layout.laid(energy))
    runs = running_bins(laid.energy, laid.medians, clock.office, fine=rung is Rung.FULL)
    load = typical_load(energy, clock)
    floor = settings.floor_of_load * np.nan_to_num(load)
    spreads = Spreads.at(runs, floor, sample_of(layout), layout.width)
    return Group.of(rung, energy, laid, spreads, shared, settings), load


def _enter(baseline: Baseline, rows: Ints, group: Group, found: Robust) -> None:
    baseline.levels[rows], baseline.slopes[rows] = found.fitted.levels, found.fitted.slopes
    baseline.spread[rows] = found.spread
    baseline.hour_spread[rows] = spread_by_hour(found.residual, group.spreads.runs, found.spread)
    baseline.cvrmse[rows] = found.cvrmse


def with_spreads(
    baseline: Baseline, residual: Floats, clock: HourCalendar, settings: FitSettings
) -> Baseline:
    """The baseline with the spread of these residuals [kW], (meters, hours), NaN ignored."""
    layout = Layout.of(clock.full_bins())
    floor = settings.floor_of_load * np.nan_to_num(baseline.load)
    laid = layout.laid(residual)
    by_regime = Spreads.at(baseline.running, floor, sample_of(layout), layout.width).of(laid)
    by_hour = spread_by_hour(laid, baseline.running, by_regime)
    return replace(baseline, spread=by_regime, hour_spread=by_hour)


def typical_load(energy: Floats, clock: HourCalendar) -> Floats:
    """Median power in office hours of working days [kW], shape (meters,); NaN if unknown."""
    return median_in_place(np.take(energy, np.flatnonzero(clock.occupied), axis=1))


def _check(energy: Floats, temperature: Floats, clock: HourCalendar, hours_us: Ints) -> None:
    if energy.ndim != 2:
        raise InvalidInput(
            "energy must be meters by hours", field="energy", value=energy.shape, fix="add an axis"
        )
    sizes = (energy.shape[1], temperature.size, clock.hour.size)
    if any(size != hours_us.size for size in sizes):
        raise InvalidInput(
            "energy, temperature and clock must have one value an hour",
            field="hours",
            value=(hours_us.size, *sizes),
            fix="align them on the same hour starts",
        )
    if (np.diff(hours_us) <= 0).any():
        place = int(np.argmax(np.diff(hours_us) <= 0)) + 1
        raise InvalidInput(
            "hours must rise strictly",
            field="hours_us",
            value=int(hours_us[place]),
            fix="sort by hour and keep one row an hour",
        )


def history_days(energy: Floats, clock: HourCalendar) -> tuple[Ints, Bools]:
    """Days of the clock, (days,), and which of them are history, (meters, days)."""
    days, first = np.unique(clock.day, return_index=True)
    if not days.size:
        return days, np.zeros((len(energy), 0), dtype=np.bool_)
    marks = np.isfinite(energy).view(np.int8)
    known = np.add.reduceat(marks, first, axis=1, dtype=np.int8)
    return days, known >= LEAST_HOURS_OF_A_DAY


def rungs(energy: Floats, clock: HourCalendar, settings: FitSettings = DEFAULTS) -> Ints:
    """`Rung` of each meter by its days of history, (meters,)."""
    history = history_days(energy, clock)[1].sum(axis=1)
    edges = [settings.compact_from_days, settings.full_from_days]
    return np.asarray(np.searchsorted(edges, history, side="right"), dtype=np.int64)


def hashes(
    energy: Floats, temperature: Floats, clock: HourCalendar, hours_us: Ints, settings: FitSettings
) -> tuple[str, ...]:
    """Hash of everything each meter's fit depends on: equal hashes mean equal baselines."""
    shared = hashlib.sha256(choices(settings, clock.office).encode())
    for array in (hours_us, clock.weekday, clock.hour):
        shared.update(np.ascontiguousarray(array, dtype="<i8").tobytes())
    for array, usual in ((clock.opens, clock.office.opens), (clock.closes, clock.office.closes)):
        if (array != usual).any():  # hours that changed: those of the last day are in the office
            shared.update(np.ascontiguousarray(array, dtype="<i8").tobytes())
    shared.update(_bytes(temperature))
    names = []
    for row in energy:
        own = shared.copy()
        own.update(_bytes(row))
        names.append(own.hexdigest()[:12])
    return tuple(names)


def choices(settings: FitSettings, office: OfficeHours) -> str:
    """The choices of a fit as a text to hash.

    Spelled out, since hashes of it are kept: the name of a class may change, this must not.
    """
    chosen = ", ".join(f"{name}={value!r}" for name, value in vars(settings).items())
    hours = ", ".join(f"{name}={value!r}" for name, value in vars(office).items())
    return f"(Settings({chosen}), OfficeHours({hours}))"


def _bytes(values: Floats) -> memoryview:
    own = np.array(values, dtype="<f8")
    own[np.isnan(own)] = np.nan
    return own.data
