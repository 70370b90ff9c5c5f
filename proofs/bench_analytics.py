"""`make bench-analytics`: what a baseline costs a meter, beside those of others.

    year of hours ──▶ fit ──▶ the next year: expected and spread of each hour

Meters of one weather station, in arrays: the platform's fit of all of them at once, scikit-learn's
LinearRegression of one after another, and OpenDSM's hourly model of a few, which tells the learnt
year too (`make .peers/.ready`).
All are of one core, one after another in each round, in seconds of CPU.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from statistics import median
from typing import Any, Final

import numpy as np

from analytics import HourCalendar, fit
from metering.calendar import WorkCalendar
from metering.errors import ConfigurationError
from metering.localtime import HOUR_US, day_bounds
from metering.quantity import I64
from metering.reading import F64
from proofs.detect.fleet import Fleet
from proofs.detect.peers.outside import ONE_THREAD, ask_peer
from proofs.steps import finish, say

ZONE: Final = "Asia/Shanghai"
FIRST: Final = date(2024, 1, 1)
YEAR: Final = 365 * 24
"""Hours that are learnt from, and as many that are scored."""
KNOTS: Final = 6
GOALS: Final = {"meters_per_cpu_second": 1_000, "times_linear": 100, "times_opendsm": 1_000}
WORSE: Final = 1.1
"""Times the error of the linear regressions that ours may have: fast is easy where it is wrong."""
ROUNDS: Final = 3


@dataclass(frozen=True, eq=False)
class StationYears:
    """Two years of meters under one weather station, from `FIRST` on."""

    energy: F64
    """[kWh/h], (meters, hours); NaN where nothing came."""
    temperature: F64
    """[C], (hours,)."""

    @property
    def hours_us(self) -> I64:
        """Hour starts [us UTC], (hours,)."""
        return day_bounds(FIRST, ZONE)[0] + np.arange(2 * YEAR) * HOUR_US


@dataclass(frozen=True)
class MeterCost:
    """What one meter takes in one round [s of CPU], and how far from what came its expectations
    are: mean absolute error over the mean load."""

    cpu_s: float
    error: float


def run_bench_analytics(meters: int, linear: int, opendsm: int) -> None:
    """One line of JSON; exit status 1 where a fit is worse than a linear regression, or OpenDSM
    refuses a meter. Goals stand beside the figures."""
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
    figures = {
        "meters_per_cpu_second": round(1 / ours_s, 1),
        "times_linear": round(theirs_s / ours_s, 1),
        "times_opendsm": round(peer.cpu_s_per_meter / ours_s, 1),
    }
    result: dict[str, Any] = {
        **figures,
        "goals": GOALS,
        "missed": [name for name, goal in GOALS.items() if figures[name] < goal],
        "meters": meters,
        "rounds_s": [round(one.cpu_s, 6) for one in ours],
        "linear_s": round(theirs_s, 4),
        "opendsm_s": round(peer.cpu_s_per_meter, 4),
        "error": round(ours[-1].error, 4),
        "linear_error": round(theirs[-1].error, 4),
        "opendsm_refused": peer.refused,
    }
    finish(result, ours[-1].error <= WORSE * theirs[-1].error and not peer.refused)


def station_years(meters: int, seed: int) -> StationYears:
    """Offices of many sizes that heat and cool, with noise, two gaps each and a week of waste."""
    rng = np.random.default_rng(seed)
    hour = np.arange(2 * YEAR)
    air = 15 - 12 * np.cos(2 * np.pi * (hour / 24 - 20) / 365)
    air = air - 4 * np.cos(2 * np.pi * (hour - 3) / 24) + _wandering(rng, hour.size)
    works = (hour // 24 % 7 < 5) & (hour % 24 >= 8) & (hour % 24 < 18)  # FIRST is a Monday
    energy = np.empty((meters, hour.size))
    for row in range(meters):
        cools, heats = rng.uniform(0, 0.06, 2)
        shape = 0.3 + works * rng.uniform(0.3, 1.5)
        shape += cools * np.maximum(air - 22, 0) * works + heats * np.maximum(14 - air, 0)
        energy[row] = rng.uniform(1, 50) * shape * (1 + rng.normal(0, 0.08, hour.size))
        for begin in rng.integers(0, hour.size - 72, 2):
            energy[row, begin : begin + rng.integers(3, 72)] = np.nan
        begin = rng.integers(0, YEAR - 168)
        energy[row, begin : begin + 168] *= 1.5
    return StationYears(energy, air)


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

    def all_at_once() -> None:
        hours_us = block.hours_us
        past, later = (
            HourCalendar.of(part, ZONE, WorkCalendar()) for part in np.split(hours_us, 2)
        )
        learnt, scored = np.split(block.temperature, 2)
        baseline = fit(block.energy[:, :YEAR], learnt, past, hours_us[:YEAR])
        told.append(baseline.predict(later, scored))
        baseline.sigma(later, scored)

    cpu_s = _cpu_s(all_at_once) / len(block.energy)
    return MeterCost(cpu_s, _error(told[0], block.energy[:, YEAR:]))


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


def _wandering(rng: np.random.Generator, size: int) -> F64:
    """Weather that stays for about four days [K], (hours,)."""
    steps = rng.normal(0, 1, size + 95)
    return np.convolve(steps, np.ones(96) / 4, mode="valid")


def _error(told: F64, came: F64) -> float:
    return float(np.nanmean(np.abs(told - came)) / np.nanmean(came))


def _cpu_s(work: Callable[[], None]) -> float:
    began_s = time.process_time()
    work()
    return time.process_time() - began_s
