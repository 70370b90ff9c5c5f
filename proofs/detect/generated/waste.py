"""What a plant takes more than it should: hour by hour, and net of what is given back.

Every kind is a function of the physics, the hours [first, end) and the event's size; it answers
the power more [kW] in those hours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from proofs.detect.fleet import Floats
from proofs.detect.generated.physics import Physics

REBOUND_H = 48
"""Hours after the end in which what is given back counts."""
AT_REST = 0.1
"""Below this share of the people's load nobody works."""
GIVEN_BACK_H = 3
"""First hours of work in which a plant that ran at night takes less."""


@dataclass(frozen=True)
class Event:
    """One event of one meter, from hour `first` up to `end`."""

    kind: str
    first: int
    end: int
    size: float
    """Share of the mean power, of work or of the weather response; a factor of a multiplier."""
    rebound: float = 0.0
    """Share of the waste of a day that is given back on the morning after it."""
    variant: float = 0.0
    """Which of its ways, 0 to 1."""


def _after_hours(physics: Physics, at: slice, event: Event) -> Floats:
    resting = (physics.shape[at] < AT_REST) & ~physics.off.repeat(24)[at]
    return _share(physics, at, event.size) * resting


def _weekend_run(physics: Physics, at: slice, event: Event) -> Floats:
    off = physics.off.repeat(24)[at]
    more = np.maximum(physics.shape[at] * event.size - physics.work[at], 0) * off
    return np.asarray(more * physics.plant.people * physics.kw[at], np.float64)


def _schedule_change(physics: Physics, at: slice, event: Event) -> Floats:
    """size: hours; by its variant in the morning or in the evening."""
    hours = round(event.size)
    behind = -hours if event.variant < 0.5 else hours
    moved = np.roll(physics.work, behind)[at]
    more = np.maximum(moved - physics.work[at], 0) * ~physics.off.repeat(24)[at]
    ahead = _beginning(physics, at) if behind < 0 else ~_beginning(physics, at)
    return np.asarray(more * ahead * physics.plant.people * physics.kw[at], np.float64)


def _beginning(physics: Physics, at: slice) -> npt.NDArray[np.bool_]:
    """Hours nearer to the middle of the rest before work than to that after it."""
    middle = physics.plant.start + physics.plant.lasts / 2
    hour = np.arange(at.start, at.stop) % 24 + 0.5
    return np.asarray((middle - hour) % 24 < 12)


def _base_step(physics: Physics, at: slice, event: Event) -> Floats:
    return _share(physics, at, event.size)


def _base_creep(physics: Physics, at: slice, event: Event) -> Floats:
    hours = np.arange(at.start, at.stop) - event.first
    return _share(physics, at, event.size) * (hours / (event.end - event.first))


def _lost_setback(physics: Physics, at: slice, event: Event) -> Floats:
    more = physics.full_response[at] - physics.response[at]
    return np.asarray(more * event.size * physics.kw[at], np.float64)


def _slope(physics: Physics, at: slice, event: Event) -> Floats:
    return np.asarray(physics.response[at] * event.size * physics.kw[at], np.float64)


def _share(physics: Physics, at: slice, size: float) -> Floats:
    """A share of the mean power, as unsteady as the rest of the meter [kW]."""
    kw = physics.kw
    return np.asarray(kw[at] * (size * physics.plant.mean_kw / kw.mean()), np.float64)


WASTE: dict[str, Callable[[Physics, slice, Event], Floats]] = {
    "after_hours_plant": _after_hours,
    "weekend_run": _weekend_run,
    "schedule_change": _schedule_change,
    "high_base_load": _base_step,
    "base_load_creep": _base_creep,
    "lost_setback": _lost_setback,
    "slope_degradation": _slope,
    "peak_excess": _base_step,
}


def excess(physics: Physics, event: Event) -> Floats:
    """Power more than without the event [kW], from its first hour until two days after its end,
    (hours,); below 0 where something is given back."""
    after = min(event.end + REBOUND_H, len(physics.kw))
    more = np.zeros(after - event.first)
    more[: event.end - event.first] = WASTE[event.kind](
        physics, slice(event.first, event.end), event
    )
    if event.rebound:
        more -= _given_back(physics, event, more)
    return more


def _given_back(physics: Physics, event: Event, more: Floats) -> Floats:
    """What each day's waste saves in the first hours of work of the next [kW]; at most half of
    what would run."""
    at = slice(event.first, event.first + len(more))
    day = np.arange(at.start, at.stop) // 24 - event.first // 24
    of_day = np.bincount(day, more)
    before = np.r_[0.0, of_day[:-1]][day]
    working = (physics.shape >= AT_REST).reshape(-1, 24)
    early = (working & (working.cumsum(axis=1) <= GIVEN_BACK_H)).ravel()[at]
    wanted = before * event.rebound / GIVEN_BACK_H * early
    return np.asarray(np.minimum(wanted, physics.power[at] / 2), np.float64)
