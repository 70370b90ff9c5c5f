"""What a plant takes hour by hour when nothing is wrong.

    power = mean_kw / norm * (base + people * work + weather response) * benign

work follows hours, day types and habits; the weather response is weaker outside the hours of work;
benign is noise with memory and heavy tails, the level that wanders and the drift.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from proofs.detect.fleet import Floats
from proofs.detect.generated.calendars import Calendars, Days
from proofs.detect.generated.chance import DAYS, HOURS, carried, stream
from proofs.detect.generated.plants import Plant

HOUR = np.arange(24)
LEFT_ON = 0.4
"""What runs of intermittent cooling on a day that it is off."""
EVENING = (HOUR >= 18) & (HOUR < 21)


@dataclass(frozen=True, eq=False)
class Physics:
    """One meter's two years; all arrays (hours,), loads in shares until times `kw`."""

    plant: Plant
    off: Days
    """The calendar expects nobody, (days,)."""
    work: Floats
    """How much of the people's load runs, 0 to about 1."""
    shape: Floats
    """The same on a working day."""
    response: Floats
    """Load of cooling and heating."""
    full_response: Floats
    """The same if there were no setback."""
    kw: Floats
    """Power of one unit of load [kW]: scale times all that is benign."""

    @property
    def power(self) -> Floats:
        """Mean power [kW] of each hour."""
        return (self.plant.base + self.plant.people * self.work + self.response) * self.kw


def hours_of_work(plant: Plant, jitter: Floats) -> Floats:
    """Share of the people's load by day and hour, (days, 24), of a working day that begins
    `jitter` [h] later and ends as much earlier, (days,)."""
    since = (HOUR[None] + 0.5 - plant.start - jitter[:, None]) % 24
    left = plant.lasts - 2 * jitter[:, None] - since
    ramp = plant.ramp_h
    running = np.clip(since / ramp, 0, 1) * np.clip(left / ramp + 0.5, 0, 1)
    if plant.sort == "canteen":  # breakfast, noon and evening
        running = running * (0.55 + 0.45 * np.cos(2 * np.pi * (since - 1.5) / (plant.lasts / 3)))
    shape: Floats = np.maximum(running, plant.evening * EVENING[None])
    return shape


def levels(plant: Plant, calendars: Calendars) -> Floats:
    """How much of a working day each day is, (days,): weekends, holidays and habits."""
    weekday = calendars.weekday
    level = np.where(weekday == 5, plant.saturday, np.where(weekday == 6, plant.sunday, 1.0))
    if plant.makes_up:
        level[calendars.made_up[plant.calendar]] = 1.0
    vacation = calendars.off[plant.calendar] & (weekday < 5)
    vacation &= ~calendars.holidays[plant.calendar]
    level[vacation] = 0.25
    kept = (calendars.long if plant.only_long else calendars.holidays)[plant.calendar]
    level[kept] *= plant.holiday
    return level


def made_physics(
    seed: int, plants: list[Plant], calendars: Calendars, felt: Floats
) -> list[Physics]:
    """All meters; felt: outdoor air as each building feels it [C], (meters, hours)."""
    benign = _benign(seed, plants)
    return [
        _of_plant(stream(seed, "noise", 1 + row), plant, calendars, felt[row], benign[row])
        for row, plant in enumerate(plants)
    ]


def felt_air(plants: list[Plant], outdoor: Floats) -> Floats:
    """Air with the lag of each building [C]; outdoor: of its station, (meters, hours)."""
    keep = np.exp(-1.0 / np.array([plant.lag_h for plant in plants]))
    pushes = outdoor * (1 - keep)[:, None]
    pushes[:, 0] = outdoor[:, 0]
    return carried(pushes, keep)


def _benign(seed: int, plants: list[Plant]) -> Floats:
    """Factor of all that is nobody's waste, (meters, hours)."""
    rng = stream(seed, "noise")
    memory = np.array([plant.memory for plant in plants])
    noise = np.array([plant.noise for plant in plants]) * np.sqrt(1 - memory**2) / np.sqrt(2)
    quick = carried(rng.standard_t(4, (len(plants), HOURS)) * noise[:, None], memory)
    weeks = DAYS // 7 + 2
    wander = np.array([plant.wander for plant in plants])
    pushes = stream(seed, "wander").normal(0, 0.6, (len(plants), weeks)) * wander[:, None]
    slow = carried(pushes, np.full(len(plants), 0.8))
    at = np.arange(HOURS) / 168
    whole, part = at.astype(np.int64), at % 1
    level = slow[:, whole] * (1 - part) + slow[:, whole + 1] * part
    drift = np.array([plant.drift for plant in plants])[:, None] * np.arange(HOURS) / 8766
    factor: Floats = np.exp(np.clip(quick + level, -1.5, 1.0)) * (1 + drift)
    return factor


def _of_plant(
    rng: np.random.Generator, plant: Plant, calendars: Calendars, felt: Floats, benign: Floats
) -> Physics:
    shape = hours_of_work(plant, rng.normal(0, plant.jitter_h, DAYS))
    level = levels(plant, calendars) * (1 + rng.normal(0, plant.swing, DAYS))
    work = (shape * np.maximum(level, 0)[:, None]).ravel()
    full = plant.cooling * np.maximum(felt - plant.cools_from, 0)
    full += plant.heating * np.maximum(plant.heats_to - felt, 0)
    if plant.on_off:
        full = full * np.where(rng.random(DAYS) < 0.85, 1.0, LEFT_ON).repeat(24)
    left = plant.setback + (1 - plant.setback) * np.minimum(work, 1)
    made = Physics(
        plant, calendars.off[plant.calendar], work, shape.ravel(), full * left, full, benign
    )
    return replace(made, kw=benign * plant.mean_kw / made.power.mean())
