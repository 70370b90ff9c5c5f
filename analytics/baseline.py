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

import hashlib
from dataclasses import dataclass, replace

import numpy as np

from analytics.bins import (
    FULL_BINS,
    NAIVE_BINS,
    HourCalendar,
    OfficeHours,
    running_bins,
)
from analytics.fitting import (
    DEFAULTS,
    FitSettings,
    Group,
    Rung,
    Shared,
    fit_robustly,
    spread_by_hour,
    spread_by_regime,
    weather_by_regime,
)
from analytics.groups import Bools, Floats, Groups, Ints, median
from analytics.temperature import NO_SEGMENTS, Segments, segments
from metering.errors import InvalidInput

LEAST_HOURS_OF_A_DAY = 12
"""A day counts as history when at least this many of its hours are known."""


@dataclass(frozen=True, eq=False)
class Baseline:
    """Fitted baselines of several meters; the first axis of every array is the meter."""

    inputs: tuple[str, ...]
    """One hash a meter, of its data, the weather, the calendar and the settings."""
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

    blind: "Baseline | None" = None
    """The same fit without weather, for hours whose temperature is unknown."""

    def predict(self, clock: HourCalendar, temperature: Floats) -> Floats:
        """Expected energy [kWh/h], shape (meters, hours), for temperature [C], shape (hours,).

        Where the temperature is unknown, the fit without weather answers. NaN where nothing
        of the kind was ever seen.
        """
        design = self.segments.design(temperature) - self.centre
        running = np.take(self.running, clock.full_bins(), axis=1)
        levels = np.take(self.levels, clock.full_bins(), axis=1)
        expected = levels + weather_by_regime(self.slopes, design, running)
        if self.blind is None:
            return expected
        return np.where(_seen(design), expected, self.blind.predict(clock, temperature))

    def sigma(self, clock: HourCalendar, temperature: Floats) -> Floats:
        """Spread of the residual in each hour [kW], shape (meters, hours)."""
        spread = np.take(self.hour_spread, clock.naive_bins(), axis=1)
        if self.blind is None:
            return spread
        seen = _seen(self.segments.design(temperature))
        return np.where(seen, spread, self.blind.sigma(clock, temperature))


def fit(
    energy: Floats,
    temperature: Floats,
    clock: HourCalendar,
    hours_us: Ints,
    settings: FitSettings = DEFAULTS,
    *,
    known: Ints | None = None,
    blind: bool = True,
) -> Baseline:
    """Fit all meters of one weather station.

    `energy` [kWh/h] has shape (meters, hours), NaN where absent or not to be trusted;
    `temperature` [C] and `hours_us` have shape (hours,). A meter without data gets NaN levels.
    `known`, (meters,), is the `Rung` of each meter where a history has more days than are fitted;
    without `blind`, hours whose weather is unknown are not answered.
    Raises InvalidInput where shapes disagree or the hours do not rise.
    """
    _check(energy, temperature, clock, hours_us)
    knots = segments(temperature, settings.segment_count)
    steps = rungs(energy, clock, settings) if known is None else known
    inputs = (energy, temperature, clock, hours_us, settings, steps)
    if not knots.columns:
        return _fit(*inputs, NO_SEGMENTS)
    fitted = _fit(*inputs, knots)
    return replace(fitted, blind=_fit(*inputs, NO_SEGMENTS)) if blind else fitted


def _fit(
    energy: Floats,
    temperature: Floats,
    clock: HourCalendar,
    hours_us: Ints,
    settings: FitSettings,
    steps: Ints,
    knots: Segments,
) -> Baseline:
    """The fit with given temperature segments."""
    raw = knots.design(temperature)
    centre = _column_means(raw)
    shared = Shared.of(raw - centre, clock)
    meters, load = energy.shape[0], typical_load(energy, clock)
    result = Baseline(
        inputs=hashes(energy, temperature, clock, hours_us, settings),
        rungs=steps,
        running=running_bins(energy, clock, fine=steps == Rung.FULL),
        levels=np.full((meters, FULL_BINS), np.nan),
        slopes=np.zeros((meters, 2, knots.columns)),
        segments=knots,
        centre=centre,
        spread=np.zeros((meters, 2)),
        hour_spread=np.zeros((meters, NAIVE_BINS)),
        load=load,
        cvrmse=np.full(meters, np.nan),
    )
    for rung in Rung:
        rows = np.flatnonzero(steps == rung)
        if rows.size and hours_us.size:
            group = group_of(energy, result, rung, rows, settings)
            found = fit_robustly(group, shared, settings)
            result.levels[rows], result.slopes[rows] = found.fitted.levels, found.fitted.slopes
            result.spread[rows] = found.spread
            result.hour_spread[rows] = spread_by_hour(
                energy[rows] - found.expected, shared, group.runs, found.spread
            )
            result.cvrmse[rows] = _cvrmse(energy[rows], found.expected, found.kept)
    return result


def group_of(
    energy: Floats, baseline: Baseline, rung: Rung, rows: Ints, settings: FitSettings
) -> Group:
    """The meters of a rung as they are fitted."""
    floor = settings.floor_of_load * np.nan_to_num(baseline.load[rows])
    return Group(rung, energy[rows], baseline.running[rows], floor)


def with_spreads(
    baseline: Baseline, residual: Floats, clock: HourCalendar, settings: FitSettings
) -> Baseline:
    """The baseline with the spread of these residuals [kW], (meters, hours), NaN ignored."""
    running = np.take(baseline.running, clock.full_bins(), axis=1)
    floor = settings.floor_of_load * np.nan_to_num(baseline.load)
    by_regime = spread_by_regime(residual, running, floor)
    shared = Shared.of(np.zeros((clock.hour.size, 0)), clock)
    by_hour = spread_by_hour(residual, shared, baseline.running, by_regime)
    return replace(baseline, spread=by_regime, hour_spread=by_hour)


def typical_load(energy: Floats, clock: HourCalendar) -> Floats:
    """Median power in office hours of working days [kW], shape (meters,); NaN if unknown."""
    return median(energy[:, clock.occupied])


def _seen(design: Floats) -> Bools:
    """Hours whose weather is known."""
    return np.asarray(np.isfinite(design).all(axis=1))


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
    days, labels = np.unique(clock.day, return_inverse=True)
    known = Groups.of(labels.astype(np.int64), days.size).sums(np.isfinite(energy) * 1.0)
    return days, known >= LEAST_HOURS_OF_A_DAY


def rungs(energy: Floats, clock: HourCalendar, settings: FitSettings = DEFAULTS) -> Ints:
    """`Rung` of each meter by its days of history, (meters,)."""
    history = history_days(energy, clock)[1].sum(axis=1)
    edges = [settings.compact_from_days, settings.full_from_days]
    return np.asarray(np.searchsorted(edges, history, side="right"), dtype=np.int64)


def _column_means(design: Floats) -> Floats:
    known = np.isfinite(design)
    return np.asarray(np.where(known, design, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1))


def _cvrmse(energy: Floats, expected: Floats, kept: Bools) -> Floats:
    count = np.maximum(kept.sum(axis=1), 1)
    error = np.sqrt((np.where(kept, energy - expected, 0.0) ** 2).sum(axis=1) / count)
    mean = np.where(kept, energy, 0.0).sum(axis=1) / count
    unknown = np.full_like(error, np.nan)
    return np.asarray(np.divide(error, mean, out=unknown, where=mean > 0))


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


def _bytes(values: Floats) -> bytes:
    return np.where(np.isnan(values), np.nan, values).astype("<f8").tobytes()
