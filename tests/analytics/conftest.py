"""A small campus made of sums: office loads, weather, noise, and waste put in on purpose."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest
from numpy.typing import NDArray

from analytics import FlatRates, HourCalendar, Inputs, Look, Memory, look, settle
from metering.book import RegisterEvent
from metering.calendar import CalendarDay, DayKind, WorkCalendar
from metering.finding import Case, CaseState
from metering.localtime import HOUR_US, day_number, days_between, slot_starts
from metering.quality import MEASURED, all_of
from metering.registry import Meter
from storage.memory import MemoryBaselines, MemoryFindings

ZONE = "Asia/Shanghai"
Floats = NDArray[np.float64]

CALENDAR = WorkCalendar.of(
    [
        *(CalendarDay(date(2026, 10, 1) + timedelta(days=n), DayKind.REST) for n in range(7)),
        CalendarDay(date(2026, 9, 20), DayKind.WORKING),
        CalendarDay(date(2026, 10, 10), DayKind.WORKING),
    ]
)
"""National Day, with two weekend days worked for it."""

ITEMS = {"total": "01000", "light": "01A00", "ac": "01B00", "power": "01C00"}


@dataclass(frozen=True)
class NightRates(FlatRates):
    """0.3 CNY by night (22:00 to 08:00), else 1.2; 0.5306 kgCO2 each kWh."""

    factor: Decimal | None = Decimal("0.5306")

    def money(
        self, meter: Meter, starts_us: NDArray[np.int64], amounts: NDArray[np.int64]
    ) -> tuple[tuple[str, Decimal], ...]:
        hour = HourCalendar.of(starts_us, ZONE, CALENDAR).hour
        night = (hour >= 22) | (hour < 8)
        by_night, by_day = int(amounts[night].sum()), int(amounts[~night].sum())
        return (("CNY", (by_night * Decimal("0.3") + by_day * Decimal("1.2")) / 10**6),)


@dataclass
class Campus:
    """Two buildings of three sub-meters and a total; energy [kWh/h], noise included."""

    codes: list[str]
    fed_by: dict[str, str]
    energy: Floats
    temperature: Floats
    hours_us: NDArray[np.int64]
    clock: HourCalendar
    events: list[RegisterEvent] = field(default_factory=list)
    calendar: WorkCalendar = CALENDAR
    zone: str = ZONE

    def row(self, code: str) -> int:
        return self.codes.index(code)

    def add(self, code: str, extra: Floats) -> None:
        """Add load to a meter and to everything that feeds it."""
        while code:
            self.energy[self.row(code)] += extra
            code = self.fed_by.get(code, "")

    def load(self, code: str) -> float:
        """Typical power in office hours [kW]."""
        return float(np.median(self.energy[self.row(code), self.clock.occupied]))

    def run_nights(self, code: str, first: date, nights: int, share: float) -> Floats:
        """Let a meter run from 19:00 to 07:00 at a share of its daytime load; what it adds."""
        owner = np.where(self.clock.hour < 8, self.clock.day - 1, self.clock.day)
        night = (self.clock.hour >= 19) | (self.clock.hour < 7)
        inside = (owner >= day_number(first)) & (owner < day_number(first) + nights)
        return self._raise(code, night & inside, share)

    def run_days(self, code: str, first: date, days: int) -> Floats:
        """Let a meter run in office hours of some days as on a working day; what it adds."""
        office = (self.clock.hour >= 8) & (self.clock.hour < 18)
        since = self.clock.day - day_number(first)
        return self._raise(code, office & (since >= 0) & (since < days), 1.0)

    def _raise(self, code: str, hours: NDArray[np.bool_], share: float) -> Floats:
        wanted = share * self.load(code) - self.energy[self.row(code)]
        extra = np.where(hours, np.maximum(wanted, 0.0), 0.0)
        self.add(code, extra)
        return extra

    def at(self, day: date, hour: int) -> int:
        """Start of an hour of a local day [us]."""
        return int(slot_starts(day, self.zone, 60)[0]) + hour * HOUR_US

    def inputs(self) -> Inputs:
        """The campus as the ledger would hand it over, at noon of the day after the last."""
        meters = [Meter(c, c.split("-")[0], ITEMS[c.split("-")[1]]) for c in self.codes]
        hours = self.hours_us.size
        return Inputs(
            institution="bureau",
            zone=self.zone,
            meters=meters,
            feeders={code: (feeder,) for code, feeder in self.fed_by.items()},
            hours_us=self.hours_us,
            energy=np.rint(self.energy * 1e6).astype(np.int64),
            shares=np.stack([all_of(MEASURED, hours)] * len(meters)),
            temperature=self.temperature,
            calendar=self.calendar,
            events=list(self.events),
            rates=NightRates(),
            now_us=int(self.hours_us[-1]) + 13 * HOUR_US,
        )

    def until(self, last: date) -> "Campus":
        """The same campus as known at the end of an earlier day."""
        kept = self.clock.day <= day_number(last)
        hours_us = self.hours_us[kept]
        return replace(
            self,
            energy=self.energy[:, kept],
            temperature=self.temperature[kept],
            hours_us=hours_us,
            clock=HourCalendar.of(hours_us, self.zone, self.calendar),
        )


def build(seed: int, first: date = date(2026, 9, 1), last: date = date(2026, 11, 23)) -> Campus:
    """A campus of that seed from the first to the last local day, both included."""
    rng = np.random.default_rng(seed)
    hours_us = np.concatenate([slot_starts(day, ZONE, 60) for day in days_between(first, last)])
    clock = HourCalendar.of(hours_us, ZONE, CALENDAR)
    temperature = _weather(rng, clock)
    codes: list[str] = []
    fed_by: dict[str, str] = {}
    rows: list[Floats] = []
    for building in ("east", "west"):
        parts = [_lighting(rng, clock), _cooling(rng, clock, temperature), _power(rng, clock)]
        noisy = [part * rng.normal(1.0, 0.035, part.size) for part in parts]
        subs = [f"{building}-{sub}" for sub in ("light", "ac", "power")]
        codes += [f"{building}-total", *subs]
        fed_by.update(dict.fromkeys(subs, f"{building}-total"))
        rows += [np.sum(noisy, axis=0) * rng.normal(1.0, 0.002, noisy[0].size), *noisy]
    return Campus(codes, fed_by, np.array(rows), temperature, hours_us, clock)


def _weather(rng: np.random.Generator, clock: HourCalendar) -> Floats:
    yearly = 13.0 + 14.0 * np.cos(2 * np.pi * (clock.day - 20650) / 365.25)
    front = np.convolve(rng.normal(0.0, 1.0, clock.day.size + 71), np.ones(72) / 12, "valid")
    return np.asarray(yearly + 2.0 * front + 5.0 * np.cos(2 * np.pi * (clock.hour - 15) / 24))


def _presence(clock: HourCalendar) -> Floats:
    rise, fall = (clock.hour - 6.5) / 2.0, (20.0 - clock.hour) / 2.5
    people = np.clip(rise, 0.0, 1.0) * np.clip(fall, 0.0, 1.0)
    return np.asarray(np.where(clock.working, people, 0.06 * people))


def _lighting(rng: np.random.Generator, clock: HourCalendar) -> Floats:
    return np.asarray(rng.uniform(20, 60) * (0.15 + 0.85 * _presence(clock)))


def _power(rng: np.random.Generator, clock: HourCalendar) -> Floats:
    return np.asarray(rng.uniform(8, 20) * (0.3 + 0.7 * _presence(clock)))


def _cooling(rng: np.random.Generator, clock: HourCalendar, temperature: Floats) -> Floats:
    need = np.maximum(temperature - 22.0, 0.0) + 0.8 * np.maximum(12.0 - temperature, 0.0)
    size = rng.uniform(30, 80)
    return np.asarray(size * (0.06 + _presence(clock) * (0.25 + 0.05 * need)))


class Platform:
    """A campus that is looked at day after day; what it remembers is in its stores alone."""

    def __init__(self, place: Campus) -> None:
        self.place, self.findings = place, MemoryFindings()
        self.baselines = MemoryBaselines()

    def seen(self, last: date, since: date = date.min, **more: object) -> Look:
        """Look at the end of a day, over a window that begins on another, and keep what it says."""
        inputs = replace(window(self.place, since, last).inputs(), **more)  # type: ignore[arg-type]
        codes, kept = self.place.codes, self.baselines
        known = self.findings.known("bureau", int(inputs.hours_us[0]))
        found = look(inputs, Memory(kept.versions(codes), kept.requests(codes), known))
        kept.keep(found.made)
        kept.note(found.progress)
        self.findings.record(settle(known, found), now_us=inputs.now_us)
        return found

    def look(self, last: date, since: date = date.min, **more: object) -> list[Case]:
        """The same; all cases."""
        self.seen(last, since, **more)
        return self.findings.list(None)

    def say(self, number: int, state: CaseState, at_us: int = 1) -> None:
        self.findings.set_state(str(number), state, by="x", note="", now_us=at_us)


def window(place: Campus, since: date, last: date) -> Campus:
    """The campus as a look at the end of a day sees it, which reaches back to another."""
    cut = place.until(last)
    kept = cut.clock.day >= day_number(since)
    hours_us = cut.hours_us[kept]
    return replace(
        cut,
        energy=cut.energy[:, kept],
        temperature=cut.temperature[kept],
        hours_us=hours_us,
        clock=HourCalendar.of(hours_us, place.zone, place.calendar),
    )


@pytest.fixture
def campus() -> Callable[..., Campus]:
    """Makes a campus from a seed and, if wanted, its first and last day."""
    return build
