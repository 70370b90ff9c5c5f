"""What a meter measures: drawn once, and the same on each of its days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from proofs.detect.generated.calendars import PLAIN, PUBLIC, SCHOOL
from proofs.detect.generated.chance import between, log_between, stream

Range = tuple[float, float]


@dataclass(frozen=True)
class Sort:
    """Ranges that plants of one sort are drawn from; loads are shares of what people bring."""

    weight: float
    base: Range
    people: Range
    start: Range
    """First hour of work."""
    lasts: Range
    """Hours of it."""
    saturday: Range
    sunday: Range
    cooling: Range
    """By kelvin above the balance point."""
    heating: Range
    setback: Range
    """Share of the weather response that is left outside the hours of work."""
    cleaners: float = 0.0
    """How likely somebody works in the evening."""
    on_off: bool = False
    """Cooling runs on some days and not on others like them."""


NEVER = (0.0, 0.0)
SORTS = {
    "office": Sort(
        *(30, (0.2, 0.5), (0.8, 1.0), (6, 9), (9, 12), (0, 0.3), (0, 0.12)),
        *((0.008, 0.035), (0, 0.02), (0.05, 0.5), 0.5),
    ),
    "school": Sort(
        *(13, (0.15, 0.4), (0.8, 1.0), (6.5, 8), (8, 11), (0, 0.1), (0, 0.05)),
        *((0.003, 0.012), (0.003, 0.015), (0.05, 0.5), 0.4),
    ),
    "hospital": Sort(
        *(10, (0.8, 1.3), (0.4, 0.7), (6, 7.5), (11, 14), (0.5, 0.9), (0.4, 0.8)),
        *((0.01, 0.03), (0.0, 0.02), (0.8, 1.0)),
    ),
    "night_shift": Sort(
        *(6, (0.25, 0.5), (0.7, 1.0), (17, 22), (8, 11), (0, 0.5), (0, 0.1)),
        *((0.0, 0.012), (0.0, 0.012), (0.3, 0.8)),
    ),
    "canteen": Sort(
        *(8, (0.15, 0.35), (0.8, 1.0), (4.5, 6.5), (11, 15), (0, 0.6), (0, 0.4)),
        *((0.005, 0.02), (0.0, 0.01), (0.1, 0.5)),
    ),
    "data_room": Sort(
        *(6, (0.9, 1.1), (0.02, 0.08), (7, 9), (9, 10), (0, 0.3), (0, 0.2)),
        *((0.004, 0.012), NEVER, (0.95, 1.0)),
    ),
    "lighting": Sort(
        *(8, (0.05, 0.2), (0.9, 1.0), (6, 8), (10, 14), (0, 0.4), (0, 0.2)),
        *(NEVER, NEVER, NEVER, 0.6),
    ),
    "hvac": Sort(
        *(9, (0.05, 0.15), (0.4, 0.7), (5.5, 8), (10, 13), (0, 0.3), (0, 0.15)),
        *((0.015, 0.04), (0.0, 0.012), (0.1, 0.5)),
        on_off=True,
    ),
    "retail": Sort(
        *(10, (0.2, 0.35), (0.8, 1.0), (7, 9.5), (11, 14), (0.95, 1.15), (0.9, 1.15)),
        *((0.01, 0.03), (0.0, 0.015), (0.05, 0.4)),
    ),
}


@dataclass(frozen=True)
class Plant:
    """One meter's plant; loads are shares of `scale_kw`'s unit until physics scales them."""

    sort: str
    mean_kw: float
    calendar: int
    base: float
    people: float
    start: float
    lasts: float
    ramp_h: float
    saturday: float
    sunday: float
    evening: float
    """What cleaners take, share of `people`."""
    holiday: float
    """Level of work on the holidays it keeps; 1 where it works on them as ever."""
    only_long: bool
    """It closes on long holidays alone."""
    makes_up: bool
    """It works on the weekend days that make up for holidays."""
    cooling: float
    heating: float
    cools_from: float
    heats_to: float
    setback: float
    lag_h: float
    """Hours in which the building follows the weather."""
    on_off: bool
    noise: float
    """Standard deviation of the logarithm."""
    memory: float
    """Autocorrelation of the noise from hour to hour."""
    wander: float
    """Of the level from week to week, likewise of the logarithm."""
    drift: float
    """Growth in a year, which is nobody's waste."""
    swing: float
    """Spread of the level of work from day to day."""
    jitter_h: float
    """Spread of the hours that work begins and ends at."""

    @property
    def answers_weather(self) -> bool:
        """Its weather response is worth speaking of."""
        return self.cooling + self.heating > 0.012


def made_plant(seed: int, meter: int) -> Plant:
    """The plant of one meter, the same however many there are."""
    rng = stream(seed, "plant", meter)
    weights = np.array([sort.weight for sort in SORTS.values()])
    name = str(rng.choice(list(SORTS), p=weights / weights.sum()))
    sort = SORTS[name]
    habit = int(rng.integers(0, 3))
    works_on = name in ("retail", "hospital", "data_room") and habit != 1
    return Plant(
        sort=name,
        mean_kw=float(np.clip(np.exp(rng.normal(np.log(40), 1.3)), 2, 800)),
        calendar=SCHOOL if name == "school" else int(rng.choice([PUBLIC, PUBLIC, PLAIN])),
        base=between(rng, *sort.base),
        people=between(rng, *sort.people),
        start=between(rng, *sort.start),
        lasts=between(rng, *sort.lasts),
        ramp_h=between(rng, 0.5, 2.5),
        saturday=between(rng, *sort.saturday),
        sunday=between(rng, *sort.sunday),
        evening=between(rng, 0.1, 0.4) if rng.random() < sort.cleaners else 0.0,
        holiday=1.0 if works_on else [float(rng.choice([0.5, 1.0])), 0.0, 0.0][habit],
        only_long=habit == 2,
        makes_up=habit != 0 or bool(rng.random() < 0.5),
        cooling=between(rng, *sort.cooling),
        heating=between(rng, *sort.heating),
        cools_from=between(rng, 14, 21),
        heats_to=between(rng, 6, 14),
        setback=between(rng, *sort.setback),
        lag_h=log_between(rng, 1, 16),
        on_off=sort.on_off,
        noise=log_between(rng, 0.03, 0.15),
        memory=between(rng, 0.6, 0.92),
        wander=between(rng, 0.004, 0.015),
        drift=float(rng.choice([-1, 0, 1])) * between(rng, 0.03, 0.07),
        swing=between(rng, 0.01, 0.04),
        jitter_h=between(rng, 0.05, 0.4),
    )
