"""What a version has learned, as bytes and back: equal bytes predict equal bits.

    one line of JSON   format, rung, input hash, names and shapes of the arrays, runs of past hours
    arrays             float64, little endian, one after the other; `past` is float32

Only one meter stands in a version; meters that share their knots are joined again to predict.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np

from analytics.baseline import Baseline
from analytics.bins import of_working_days
from analytics.groups import Bools, Floats, Ints
from analytics.guessing import guessed_habit
from analytics.scan.faults import Bounds
from analytics.scan.habit import BY_METER, Habit
from analytics.scan.seasons import SEASONS
from analytics.temperature import Segments
from metering.baseline import BaselineVersion
from metering.errors import InvalidInput
from metering.localtime import HOUR_US

FORMAT: Final = 2
OF_THE_DAY: Final = 1
"""The format whose running hours are those of every working day, not of the week."""
_BY_METER = ("levels", "slopes", "spread", "hour_spread", "load", "cvrmse")
"""Arrays whose first axis is the meter."""


@dataclass(frozen=True, eq=False)
class Version:
    """A version that can judge hours."""

    facts: BaselineVersion
    baseline: Baseline
    """Of one meter."""
    past_us: Ints
    """Hours before it was made that it judges by cross-fitting, rising; empty where the versions
    before it judge them."""
    past: Floats
    """What fits on other weeks expect of them [kWh/h]."""
    daily: Floats
    """Mean power of each day since the first one fitted [kW]; NaN where a day is no history."""
    habit: Habit | None = None
    """What is usual of the meter; None in versions made before that was learned."""

    @property
    def known_habit(self) -> Habit:
        """What is usual of it, guessed from the baseline's spread where it was not learned."""
        return guessed_habit(self.baseline) if self.habit is None else self.habit


def packed(version: Version) -> bytes:
    """What it has learned; everything but its facts."""
    arrays = [*_arrays("", version.baseline), ("daily", version.daily)]
    if version.baseline.blind is not None:
        arrays += _arrays("blind.", version.baseline.blind)
    if version.habit is not None:
        arrays += _habit_arrays(version.habit)
    header = {
        "format": FORMAT,
        "rung": int(version.baseline.rungs[0]),
        "inputs": version.facts.inputs,
        "arrays": [(name, array.shape) for name, array in arrays],
        "past": _runs(version.past_us),
    }
    body = [np.ascontiguousarray(array, dtype="<f8").tobytes() for _, array in arrays]
    body.append(np.ascontiguousarray(version.past, dtype="<f4").tobytes())
    return json.dumps(header, separators=(",", ":")).encode() + b"\n" + b"".join(body)


def unpacked(facts: BaselineVersion) -> Version:
    """The version of what is kept; InvalidInput where that is damaged or of a newer format."""
    if not facts.whole:
        raise _unreadable(facts, "is not what its hash says", "restore it from a backup")
    line, _, body = facts.model.partition(b"\n")
    header = json.loads(line)
    if header["format"] not in (OF_THE_DAY, FORMAT):
        raise _unreadable(facts, f"has the format {header['format']}", "upgrade the platform")
    arrays, place = {}, 0
    for name, shape in header["arrays"]:
        count = math.prod(shape)
        arrays[name] = np.frombuffer(body, "<f8", count, place).reshape(shape)
        place += 8 * count
    baseline = _baseline(header, arrays, "")
    if "blind.levels" in arrays:
        baseline = replace(baseline, blind=_baseline(header, arrays, "blind."))
    past_us = [
        np.arange(count, dtype=np.int64) * HOUR_US + start for start, count in header["past"]
    ]
    return Version(
        facts=facts,
        baseline=baseline,
        past_us=np.concatenate(past_us) if past_us else np.zeros(0, dtype=np.int64),
        past=np.frombuffer(body, "<f4", offset=place).astype(np.float64),
        daily=arrays["daily"],
        habit=_habit(arrays),
    )


def one_of(fitted: Baseline, row: int) -> Baseline:
    """The baseline of one of the meters."""
    own: dict[str, Any] = {name: getattr(fitted, name)[[row]] for name in _BY_METER}
    return replace(
        fitted,
        rungs=fitted.rungs[[row]],
        running=fitted.running[[row]],
        blind=None if fitted.blind is None else one_of(fitted.blind, row),
        **own,
    )


def joined(several: Sequence[Baseline]) -> Baseline:
    """One baseline of meters that share their knots (`knots_of`)."""
    blind = [one.blind for one in several if one.blind is not None]
    all_of: dict[str, Any] = {
        name: np.concatenate([getattr(one, name) for one in several]) for name in _BY_METER
    }
    return replace(
        several[0],
        rungs=np.concatenate([one.rungs for one in several]),
        running=np.concatenate([one.running for one in several]),
        blind=joined(blind) if blind else None,
        **all_of,
    )


def knots_of(baseline: Baseline) -> tuple[bytes, ...]:
    """What meters must share to be joined."""
    shared = (baseline.segments.now, baseline.segments.slow, baseline.centre)
    return (*(one.tobytes() for one in shared), b"" if baseline.blind is None else b"blind")


def _arrays(prefix: str, baseline: Baseline) -> list[tuple[str, Floats]]:
    found = [(name, getattr(baseline, name)[0]) for name in _BY_METER]
    found.append(("running", baseline.running[0].astype(np.float64)))
    found += [(f.name, getattr(baseline.segments, f.name)) for f in fields(Segments)]
    found.append(("centre", baseline.centre))
    return [(prefix + name, np.asarray(array)) for name, array in found]


def _baseline(header: dict[str, Any], arrays: dict[str, Floats], prefix: str) -> Baseline:
    own: dict[str, Any] = {name: arrays[prefix + name][None] for name in _BY_METER}
    return Baseline(
        rungs=np.array([header["rung"]], dtype=np.int64),
        running=_running(header, arrays[prefix + "running"][None] > 0),
        segments=Segments(*(arrays[prefix + f.name] for f in fields(Segments))),
        centre=arrays[prefix + "centre"],
        **own,
    )


_BOUNDS = ("rests", "feeds", "still", "most")


def _habit_arrays(habit: Habit) -> list[tuple[str, Floats]]:
    """Of one meter, as it is kept."""
    own = [(f"habit.{name}", getattr(habit, name)[..., 0]) for name in BY_METER]
    own.append(("habit.spread", habit.spread[0]))
    own += [(f"bounds.{name}", getattr(habit.bounds, name)[0]) for name in _BOUNDS]
    return [(name, np.asarray(array, dtype=np.float64)) for name, array in own]


def _habit(arrays: dict[str, Floats]) -> Habit | None:
    if "habit.sigma" not in arrays:
        return None
    no_season = np.zeros((SEASONS, *arrays["habit.sigma"].shape))
    kept = {"habit.season": no_season} | arrays
    own: dict[str, Any] = {name: kept[f"habit.{name}"][..., None] for name in BY_METER}
    own["odd"] = own["odd"] > 0
    bounds: dict[str, Any] = {name: arrays[f"bounds.{name}"][None] for name in _BOUNDS}
    return Habit(
        **own,
        spread=arrays["habit.spread"][None],
        bounds=Bounds(
            bounds["rests"] > 0,
            bounds["feeds"] > 0,
            bounds["still"].astype(np.int64),
            bounds["most"],
        ),
    )


def _running(header: dict[str, Any], stored: Bools) -> Bools:
    return of_working_days(stored) if header["format"] == OF_THE_DAY else stored


def _runs(hours_us: Ints) -> list[tuple[int, int]]:
    """Hours as (first, how many follow each other)."""
    if hours_us.size == 0:
        return []
    cuts = np.flatnonzero(np.diff(hours_us) != HOUR_US) + 1
    return [(int(run[0]), int(run.size)) for run in np.split(hours_us, cuts)]


def _unreadable(facts: BaselineVersion, what: str, fix: str) -> InvalidInput:
    return InvalidInput(
        f"what a baseline has learned {what}",
        field="baseline",
        value=f"{facts.meter} {facts.name}",
        fix=fix,
    )
