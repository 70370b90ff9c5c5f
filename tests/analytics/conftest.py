"""A small campus made of sums: office loads, weather, noise, and waste put in on purpose."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from analytics.bins import Clock
from metering.calendar import CalendarDay, DayKind, WorkCalendar
from metering.localtime import day_bounds, day_number, days_between, slot_starts

ZONE = "Asia/Shanghai"
Floats = NDArray[np.float64]

CALENDAR = WorkCalendar.of(
    [
        *(CalendarDay(date(2026, 10, 1) + timedelta(days=n), DayKind.REST) for n in range(7)),
        CalendarDay(date(2026, 9, 20), DayKind.WORKING),
        CalendarDay(date(2026, 10, 10), DayKind.WORKING),
    ]
)
"""National Day with two weekend days worked for it."""


@dataclass
class Campus:
    """Two buildings of three sub-meters and a total; energy [kWh/h], noise included."""

    codes: list[str]
    fed_by: dict[str, str]
    energy: Floats
    temperature: Floats
    hours_us: NDArray[np.int64]
    clock: Clock
    truth: list[tuple[str, str, date, date]] = field(default_factory=list)
    """(pattern, meter, first day, last day) of what was put in."""

    @property
    def days(self) -> list[date]:
        first = date(1970, 1, 1)
        return [first + timedelta(days=int(d)) for d in np.unique(self.clock.day)]

    def row(self, code: str) -> int:
        return self.codes.index(code)

    def add(self, code: str, hours: NDArray[np.bool_], extra: Floats) -> None:
        """Add load to a meter and to everything that feeds it."""
        while code:
            self.energy[self.row(code)] += np.where(hours, extra, 0.0)
            code = self.fed_by.get(code, "")

    def run_nights(self, code: str, first: date, nights: int, share: float) -> None:
        """Let a meter run at a share of its daytime load for some nights."""
        load = float(np.median(self.energy[self.row(code), self.clock.occupied]))
        owner = np.where(self.clock.hour < 8, self.clock.day - 1, self.clock.day)
        night = (self.clock.hour >= 19) | (self.clock.hour < 7)
        inside = (owner >= day_number(first)) & (owner < day_number(first) + nights)
        wanted = np.full(self.hours_us.size, share * load) - self.energy[self.row(code)]
        self.add(code, night & inside, np.maximum(wanted, 0.0))
        last = first + timedelta(days=nights - 1)
        self.truth.append(("after_hours_plant", code, first, last))

    def run_weekend(self, code: str, saturday: date) -> None:
        """Let a meter run on a weekend as on a working day."""
        row = self.energy[self.row(code)]
        office = (self.clock.hour >= 8) & (self.clock.hour < 18)
        load = np.median(row[self.clock.occupied]) * np.ones(row.size)
        inside = (self.clock.day >= day_number(saturday)) & (
            self.clock.day < day_number(saturday) + 2
        )
        self.add(code, office & inside, np.maximum(load - row, 0.0))
        last = saturday + timedelta(days=1)
        self.truth.append(("weekend_run", code, saturday, last))


def build(seed: int, first: date = date(2026, 9, 1), last: date = date(2026, 11, 23)) -> Campus:
    """A campus of that seed from the first to the last local day, both included."""
    rng = np.random.default_rng(seed)
    hours_us = np.concatenate([slot_starts(day, ZONE, 60) for day in days_between(first, last)])
    clock = Clock.of(hours_us, ZONE, CALENDAR)
    temperature = _weather(rng, clock)
    codes: list[str] = []
    fed_by: dict[str, str] = {}
    rows: list[Floats] = []
    for building in ("east", "west"):
        parts = [_lighting(rng, clock), _cooling(rng, clock, temperature), _power(rng, clock)]
        noisy = [part * rng.normal(1.0, 0.035, part.size) for part in parts]
        codes += [f"{building}-total", f"{building}-light", f"{building}-ac", f"{building}-power"]
        fed_by.update(dict.fromkeys(codes[-3:], f"{building}-total"))
        rows += [np.sum(noisy, axis=0) * rng.normal(1.0, 0.002, noisy[0].size), *noisy]
    return Campus(codes, fed_by, np.array(rows), temperature, hours_us, clock)


def _weather(rng: np.random.Generator, clock: Clock) -> Floats:
    yearly = 13.0 + 14.0 * np.cos(2 * np.pi * (clock.day - 20650) / 365.25)
    front = np.convolve(rng.normal(0.0, 1.0, clock.day.size + 71), np.ones(72) / 12, "valid")
    return np.asarray(yearly + 2.0 * front + 5.0 * np.cos(2 * np.pi * (clock.hour - 15) / 24))


def _presence(clock: Clock) -> Floats:
    rise = np.clip((clock.hour - 6.5) / 2.0, 0.0, 1.0) * np.clip(
        (20.0 - clock.hour) / 2.5, 0.0, 1.0
    )
    return np.where(clock.working, rise, 0.06 * rise)


def _lighting(rng: np.random.Generator, clock: Clock) -> Floats:
    return np.asarray(rng.uniform(20, 60) * (0.15 + 0.85 * _presence(clock)))


def _power(rng: np.random.Generator, clock: Clock) -> Floats:
    return np.asarray(rng.uniform(8, 20) * (0.3 + 0.7 * _presence(clock)))


def _cooling(rng: np.random.Generator, clock: Clock, temperature: Floats) -> Floats:
    need = np.maximum(temperature - 22.0, 0.0) + 0.8 * np.maximum(12.0 - temperature, 0.0)
    size = rng.uniform(30, 80)
    return np.asarray(size * (0.06 + _presence(clock) * (0.25 + 0.05 * need)))


@pytest.fixture
def campus() -> Callable[..., Campus]:
    """Makes a campus from a seed."""
    return build


__all__ = ["CALENDAR", "ZONE", "Campus", "day_bounds"]
