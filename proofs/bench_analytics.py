"""`make bench-analytics`: what a baseline costs a meter, beside those of others.

    year of hours ──▶ fit ──▶ the next year: expected and spread of each hour
    newest hour of 100,000 meters ──▶ which are out of their usual range
    look at a site a month later ──▶ another, before which one meter changed
    blocks of meters ──▶ two workers of a cluster: the same bits

Meters of one weather station, in arrays: the platform's fit of all of them at once, scikit-learn's
LinearRegression of one after another, and OpenDSM's hourly model of a few, which tells the learnt
year too (`make .peers/.ready`).
All are of one core, one after another in each round, in seconds of CPU.
"""

from __future__ import annotations

import cProfile
import os
import pstats
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, Final, TypeVar

import numpy as np

from analytics import Baseline, HourCalendar, Memory, look
from analytics.watch import HourWatch
from metering.calendar import WorkCalendar
from metering.errors import ConfigurationError
from metering.reading import F64
from proofs.detect.fleet import Fleet
from proofs.detect.ours import DAY_H, MONTH_H, WINDOW_H, site_inputs_of
from proofs.detect.peers.outside import ONE_THREAD, ask_peer
from proofs.spread.blocks import spread_hashes
from proofs.spread.cluster import OwnCluster
from proofs.station import (
    FIRST,
    YEAR,
    ZONE,
    StationYears,
    meter_hashes,
    scored_year,
    station_years,
)
from proofs.steps import finish, say

T = TypeVar("T")
KNOTS: Final = 6
LEAST: Final = {"meters_per_cpu_second": 1_000, "times_linear": 100, "times_opendsm": 1_000}
MOST: Final = {"tick_ms": 10.0}
WORSE: Final = 1.1
"""Times the error of the linear regressions that ours may have: fast is easy where it is wrong."""
ROUNDS: Final = 3
WATCHED: Final = 100_000
SIGMAS: Final = 3.0
SITE: Final = 100
"""Meters of a site that is looked at."""
LOOKED_H: Final = YEAR + MONTH_H
LOOKS: Final = 5
WORKERS: Final = 2
SPREAD: Final = 60
"""Meters that two workers fit and score."""
PARTS: Final = {
    "fit_robustly": "robust fit",
    "fit_without_weather": "what the fit without weather takes of it",
    "_group": "laying out, medians, running hours, load, first hours near",
    "_enter": "spreads and errors",
    "rungs": "days of history",
    "predict": "a year scored",
    "sigma": "its intervals",
}
"""By the function that does it; the rest is what the meters of a station share."""


@dataclass(frozen=True)
class MeterCost:
    """What one meter takes in one round [s of CPU], and how far from what came its expectations
    are: mean absolute error over the mean load."""

    cpu_s: float
    error: float


def run_bench_analytics(meters: int, linear: int, opendsm: int) -> None:
    """One line of JSON; exit status 1 where a fit is worse than a linear regression, workers of a
    cluster tell other bits, or OpenDSM refuses a meter. Goals stand beside the figures."""
    for name, value in ONE_THREAD.items():
        if os.environ.get(name) != value:
            raise ConfigurationError(
                "figures are of one core",
                field=name,
                value=os.environ.get(name),
                fix="make bench-analytics, or set it to 1",
            )
    block = station_years(meters, seed=1)
    say("OpenDSM, as it compiles for half a minute first")
    peer = ask_peer(as_fleet(block, opendsm), "opendsm hourly")
    ours, theirs = [], []
    for number in range(ROUNDS):
        ours.append(our_cost(block))
        theirs.append(linear_cost(block, linear))
        say(f"round {number + 1}: {ours[-1].cpu_s:.5f} beside {theirs[-1].cpu_s:.5f} s of CPU each")
    ours_s, theirs_s = (median(one.cpu_s for one in costs) for costs in (ours, theirs))
    say(f"the newest hour of {WATCHED} meters")
    figures = {
        "meters_per_cpu_second": round(1 / ours_s, 1),
        "times_linear": round(theirs_s / ours_s, 1),
        "times_opendsm": round(peer.cpu_s_per_meter / ours_s, 1),
        "tick_ms": round(tick_ms(block, WATCHED), 2),
    }
    say(f"looks at {SITE} meters")
    looks = later_looks(block.of(0, SITE))
    say(f"{SPREAD} meters on {WORKERS} workers")
    equal = spread_is_equal(block.of(0, SPREAD))
    missed = [name for name, goal in LEAST.items() if figures[name] < goal]
    missed += [name for name, goal in MOST.items() if figures[name] > goal]
    goals = {name: f"at least {goal:,}" for name, goal in LEAST.items()}
    goals |= {name: f"at most {goal:g}" for name, goal in MOST.items()}
    result: dict[str, Any] = {
        **figures,
        **looks,
        "goals": {
            name: f"{goal}: {'missed' if name in missed else 'met'}" for name, goal in goals.items()
        },
        "spread_equal": equal,
        "meters": meters,
        "rounds_s": [round(one.cpu_s, 6) for one in ours],
        "parts": parts_of_cost(block),
        "linear_s": round(theirs_s, 4),
        "opendsm_s": round(peer.cpu_s_per_meter, 4),
        "error": round(ours[-1].error, 4),
        "linear_error": round(theirs[-1].error, 4),
        "opendsm_refused": peer.refused,
    }
    finish(result, equal and ours[-1].error <= WORSE * theirs[-1].error and not peer.refused)


def as_fleet(block: StationYears, meters: int) -> Fleet:
    """The first meters of a block, the second year scored."""
    off = np.arange(2 * YEAR // 24)[None] % 7 >= 5
    return Fleet(
        name="one station",
        start=np.datetime64(FIRST, "h"),
        load=block.energy[:meters],
        temperature=block.temperature[None],
        station=np.zeros(meters, dtype=np.int64),
        off_days=off,
        holidays=np.zeros_like(off),
        calendar=np.zeros(meters, dtype=np.int64),
        scored_from=YEAR,
        labels=(),
    )


def our_cost(block: StationYears) -> MeterCost:
    """Of the platform's baseline, reading the clock included."""
    told: list[F64] = []
    cpu_s = _cpu_s(lambda: told.append(scored_year(block).expected)) / len(block.energy)
    return MeterCost(cpu_s, _error(told[0], block.energy[:, YEAR:]))


def parts_of_cost(block: StationYears) -> dict[str, float]:
    """Share of each part of a meter's cost, as a profile tells it."""
    profile = cProfile.Profile(time.process_time)
    profile.runcall(scored_year, block)
    stats: dict[Any, Any] = vars(pstats.Stats(profile))["stats"]
    spent = {
        name: sum(one[3] for (file, _, own), one in stats.items() if own == name and _ours(file))
        for name in (*PARTS, scored_year.__name__)
    }
    whole = spent.pop(scored_year.__name__)
    shares = {PARTS[name]: round(one / whole, 3) for name, one in spent.items()}
    return {**shares, "shared by a station": round(1 - sum(shares.values()), 3)}


def _ours(file: str) -> bool:
    return Path(file).parent.name in ("analytics", "proofs")


def tick_ms(block: StationYears, meters: int) -> float:
    """Of CPU for the newest hour of so many meters: what is expected of it, and who is above; they
    are those of the block over and over. The median of a day's hours."""
    told = scored_year(block)
    watch = HourWatch.of(_repeated(told.baseline, meters))
    clock = HourCalendar.of(block.hours_us[YEAR : YEAR + 48], ZONE, WorkCalendar())
    spent, above = [], 0
    for hour in range(24, 48):
        until = {
            name: getattr(clock, name)[: hour + 1]
            for name in ("hour", "day", "weekday", "opens", "closes")
        }
        came = np.resize(block.energy[:, YEAR + hour], meters)
        air = block.temperature[YEAR : YEAR + hour + 1]
        tick = partial(_above, watch, replace(clock, **until), air, came)
        spent.append(_cpu_s(tick) * 1000)
        above += tick()
    say(f"{above} of {24 * meters} hours of a day are above {SIGMAS} spreads")
    return median(spent)


def _above(watch: HourWatch, clock: HourCalendar, air: F64, came: F64) -> int:
    return int(watch.band(clock, air).above(came, SIGMAS).sum())


def _repeated(baseline: Baseline, meters: int) -> Baseline:
    """The same meters over and over, without what a tick does not read."""
    rows = np.arange(meters) % len(baseline.levels)
    names = ("levels", "slopes", "running", "hour_spread")
    return replace(baseline, blind=None, **{name: getattr(baseline, name)[rows] for name in names})


def later_looks(block: StationYears) -> dict[str, float]:
    """What a look costs each meter of a site a month after its baselines were made [ms of CPU], and
    what the next one does, before which the hours of one meter changed, with how many it judged.

    Of each kind the median of several."""
    fleet = as_fleet(block, len(block.energy))
    memory = Memory(look(site_inputs_of(fleet, 0, YEAR)).made)
    inputs = site_inputs_of(fleet, LOOKED_H - WINDOW_H, LOOKED_H)
    whole, again, judged = [], [], 0
    for hour in range(0, LOOKS * DAY_H, DAY_H):
        first, cpu_s = _timed(partial(look, inputs, memory))
        whole.append(cpu_s)
        energy = inputs.energy.copy()
        energy[0, hour] += 1
        inputs = replace(inputs, energy=energy)
        second, cpu_s = _timed(partial(look, inputs, memory, first.sights))
        again.append(cpu_s)
        judged = max(judged, second.anew)
    each_ms = 1000 / len(block.energy)
    return {
        "look_ms": round(median(whole) * each_ms, 3),
        "look_again_ms": round(median(again) * each_ms, 3),
        "judged_again": judged,
    }


def spread_is_equal(block: StationYears) -> bool:
    """Whether two workers of a cluster tell each meter the same bits as this process."""
    with tempfile.TemporaryDirectory(prefix="greenoffice-blocks-") as folder:
        cluster = OwnCluster(Path(folder))
        try:
            cluster.fill(WORKERS)
            return spread_hashes(cluster.client, block) == meter_hashes(block)
        finally:
            cluster.stop()


def linear_cost(block: StationYears, meters: int) -> MeterCost:
    """Of LinearRegression meter by meter, on hours of the week and 12 columns of temperature; the
    columns, which all share, are made before."""
    from sklearn.linear_model import LinearRegression

    columns, told = _columns(block.temperature), []

    def one_after_another() -> None:
        for energy in block.energy[:meters, :YEAR]:
            came = np.isfinite(energy)
            model = LinearRegression(fit_intercept=False).fit(columns[:YEAR][came], energy[came])
            told.append(model.predict(columns[YEAR:]))

    cpu_s = _cpu_s(one_after_another) / meters
    return MeterCost(cpu_s, _error(np.array(told), block.energy[:meters, YEAR:]))


def _columns(temperature: F64) -> F64:
    """168 hours of the week, and how far the air and its mean of 12 hours are into each of six
    segments [K], (hours, 180)."""
    week = np.eye(168)[np.arange(temperature.size) % 168]
    slow = np.convolve(temperature, np.ones(12) / 12)[: temperature.size]
    parts = []
    for air in (temperature, slow):
        knots = np.quantile(air, np.linspace(0, 1, KNOTS + 1))
        parts += [np.clip(air, low, high) - low for low, high in pairwise(knots)]
    return np.column_stack([week, *parts])


def _error(told: F64, came: F64) -> float:
    return float(np.nanmean(np.abs(told - came)) / np.nanmean(came))


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    """What it comes to, and what it took [s of CPU]."""
    began_s = time.process_time()
    return work(), time.process_time() - began_s


def _cpu_s(work: Callable[[], object]) -> float:
    return _timed(work)[1]
