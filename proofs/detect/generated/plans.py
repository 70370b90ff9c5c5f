"""Which event comes when: kinds that a plant can have, sizes and durations, and room between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from proofs.detect.generated.chance import HOURS, YEAR, between, log_between
from proofs.detect.generated.physics import Physics
from proofs.detect.generated.plants import Plant
from proofs.detect.generated.waste import WASTE, Event, excess

APART_H = 5 * 24
"""Least room between two events of a meter, and to the ends of a year."""
TRIES = 12
MOST_A_YEAR = 4
HAVE_EVENTS = 2 / 3
"""Share of the meters that have events in the second year: one, and half of one more."""


@dataclass(frozen=True)
class Drawing:
    """How often, how large and how long [h] events of one kind are."""

    weight: float
    size: tuple[float, float]
    hours: tuple[float, float]


KINDS = {
    "after_hours_plant": Drawing(15, (0.1, 1.4), (96, 2160)),
    "weekend_run": Drawing(11, (0.4, 1.0), (96, 2160)),
    "schedule_change": Drawing(9, (1.0, 4.0), (120, 2160)),
    "high_base_load": Drawing(13, (0.06, 1.0), (96, 2160)),
    "base_load_creep": Drawing(5, (0.1, 0.8), (960, 2160)),
    "lost_setback": Drawing(8, (0.6, 1.0), (168, 2160)),
    "slope_degradation": Drawing(6, (0.15, 1.0), (480, 2160)),
    "peak_excess": Drawing(7, (0.3, 1.5), (2, 6)),
    "meter_stuck": Drawing(5, (1, 1), (8, 240)),
    "meter_zero": Drawing(5, (1, 1), (6, 240)),
    "meter_spike": Drawing(5, (4, 40), (1, 3)),
    "meter_multiplier": Drawing(6, (1, 1), (96, 1440)),
    "meter_clock": Drawing(5, (1, 1), (240, 1440)),
}
FACTORS = (1 / 3, 0.5, 2 / 3, 1.5, 2.0, 3.0)
REBOUNDS = 0.3
"""Share of the after-hours events that give something back."""
SCHEDULED = ("after_hours_plant", "schedule_change", "peak_excess", "meter_clock")
"""What a load without hours of work cannot have, or nobody could tell."""


def fits(kind: str, plant: Plant) -> bool:
    """A plant of this sort can have an event of this kind."""
    if kind in SCHEDULED:
        return plant.sort != "data_room"
    if kind == "weekend_run":
        return max(plant.saturday, plant.sunday) < 0.5 and plant.sort != "data_room"
    if kind == "lost_setback":
        return plant.answers_weather and plant.setback < 0.6
    return kind != "slope_degradation" or plant.answers_weather


def planned(rng: np.random.Generator, physics: Physics) -> list[Event]:
    """Events of both years of one meter, in order and apart from each other."""
    events: list[Event] = []
    for year, count in ((0, rng.poisson(1.0)), (1, _scored(rng))):
        for _ in range(min(count, MOST_A_YEAR)):
            event = _placed(rng, physics, year, events)
            events += [event] if event else []
    return sorted(events, key=lambda event: event.first)


def _scored(rng: np.random.Generator) -> int:
    return int(rng.random() < HAVE_EVENTS and 1 + rng.poisson(0.5))


def _placed(
    rng: np.random.Generator, physics: Physics, year: int, others: Sequence[Event]
) -> Event | None:
    """An event that has room and, if it is waste, takes something; None after some tries."""
    names = [name for name in KINDS if fits(name, physics.plant)]
    weights = np.array([KINDS[name].weight for name in names])
    kind = str(rng.choice(names, p=weights / weights.sum()))
    for _ in range(TRIES):
        event = drawn(rng, kind, year)
        room = all(
            event.end + APART_H <= one.first or one.end + APART_H <= event.first for one in others
        )
        if room and takes_something(physics, event):
            return event
    return None


def takes_something(physics: Physics, event: Event) -> bool:
    """A fault, or waste that nets to more than a hundredth of what the meter takes meanwhile; a
    peak is one of a working day."""
    if event.kind not in WASTE:
        return True
    if event.kind == "peak_excess" and physics.off[event.first // 24]:
        return False
    usual = physics.plant.mean_kw * (event.end - event.first)
    return bool(excess(physics, event).sum() > usual / 100)


def drawn(
    rng: np.random.Generator, kind: str, year: int, hours: int = 0, size: float = 0.0
) -> Event:
    """An event anywhere in a year; hours, size: where given, instead of the kind's own."""
    of = KINDS[kind]
    hours = hours or round(log_between(rng, *of.hours))
    latest = YEAR - 2 * APART_H - hours
    first = year * YEAR + APART_H + int(rng.integers(0, latest))
    if kind == "peak_excess":
        first = first // 24 * 24 + int(rng.integers(9, 16))
    size = size or log_between(rng, *of.size)
    if kind == "meter_multiplier":
        size = float(rng.choice(FACTORS))
    elif kind == "meter_clock":
        size = float(rng.choice([-2, -1, 1, 2]))
    rebounds = kind == "after_hours_plant" and rng.random() < REBOUNDS
    rebound = between(rng, 0.1, 0.6) if rebounds else 0.0
    return Event(kind, first, min(first + hours, HOURS), size, rebound, float(rng.random()))


LASTING = ("after_hours_plant", "high_base_load", "weekend_run")
LASTING_DAYS = (14, 28, 42, 60, 90)


def lasting(rng: np.random.Generator, physics: Physics, meter: int) -> list[Event]:
    """One event of the second year that goes on for one of `LASTING_DAYS`, by turns."""
    names = [name for name in LASTING if fits(name, physics.plant)]
    kind, days = str(rng.choice(names)), LASTING_DAYS[meter % len(LASTING_DAYS)]
    size = between(rng, 0.6, 1.0) if kind == "weekend_run" else between(rng, 0.2, 0.6)
    event = drawn(rng, kind, 1, days * 24, size)
    for _ in range(TRIES):
        if takes_something(physics, event):
            break
        event = drawn(rng, kind, 1, days * 24, size)
    return [event]
