"""Injected waste and meter faults: chosen by the seed, known to the truth, told to nobody else.

after_hours_plant   a plant sub-meter goes on 19:00-07:00 on 3 to 5 working-day nights
weekend_run         air conditioning runs as on a working day over days of rest
late_stop           the canteen's ventilation goes on until 23:00 on 6 to 8 working days
high_base_load      something more runs day and night in the canteen for 7 to 9 days
meter_stuck         the register shows a stale value for hours, then catches up in one step
meter_gap           the readings of one meter are never sent for hours; the register goes
                    on (energy known, shape not) or restarts from zero (energy missing)

and where more kinds are asked for, behind all these:

early_start         an office's ventilation begins at 04:00 on 6 to 8 working days
night_flow          water runs away in an office day and night for 5 to 7 days
pue_excess          the data centre's cooling works harder for 8 to 10 days
gateway_silent      nothing comes of the canteen's electricity meters for 4 to 9 hours
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np

from metering.calendar import WorkCalendar
from metering.localtime import HOUR_US, day_bounds, days_between, local_day

ROLLING_METER = "office-b-lighting"
"""Its register rolls over soon after the start of every run, so no fault is put there."""
SATURDAY = 5
QUIET_START = timedelta(days=14)
QUIET_END = timedelta(days=2)
OFFICES = ("office-a", "office-b")
FAULTY = (
    "office-a-lighting",
    "office-a-ac",
    "office-a-power",
    "office-a-special",
    "office-b-ac",
    "office-b-power",
    "office-b-special",
    "canteen-lighting",
    "canteen-ac",
    "canteen-power",
    "canteen-special",
)
WASTE = ("after_hours_plant", "weekend_run", "late_stop", "high_base_load")
MORE_WASTE = ("early_start", "night_flow", "pue_excess")
CENTRE, CENTRE_COOLING = "dc-utility", "dc-cooling"
CENTRE_HISTORY = 24
"""Days of the window before a data centre's day is held against those before it."""
OUTAGE = ("canteen-ac", "canteen-lighting", "canteen-power", "canteen-special", "canteen-total")
"""Electricity meters behind one line of a gateway; a case is kept by the first."""
SILENT = (*FAULTY, "office-a-water", "office-b-water", "dc-cooling", "dc-it")

BY_NATURE = frozenset({("office-a-total", "low_power_factor")})
"""(meter, pattern) of what is so from the first day to the last: nothing compensates the reactive
power of office A, as its supplier's bills say too."""


@dataclass(frozen=True)
class Label:
    """One injected event on one meter: [start_us, end_us) and the hours it fills."""

    pattern: str
    meter: str
    start_us: int
    end_us: int
    hours: tuple[int, ...]
    """Starts of the hours concerned [us]."""
    level: float = 1.0
    """Waste by night and around the clock: power as a share of the meter's daytime mean."""
    restart_us: int | None = None
    """When the register began again from zero, where it did."""
    meters: tuple[str, ...] = ()
    """All meters concerned where they are several."""

    @property
    def is_waste(self) -> bool:
        """Whether energy was wasted, beside what went wrong with a meter."""
        return self.pattern in WASTE or self.pattern in MORE_WASTE

    @property
    def concerned(self) -> tuple[str, ...]:
        """Meters that show it."""
        return self.meters or (self.meter,)

    def days(self, zone: str) -> tuple[date, date]:
        """First and last local day touched."""
        return local_day(self.start_us, zone), local_day(self.end_us - 1, zone)


@dataclass
class _Chooser:
    """Places one event after the other where no other event of the building is near."""

    rng: np.random.Generator
    zone: str
    calendar: WorkCalendar
    days: list[date]
    chosen: list[Label] = field(default_factory=list)

    def place(self, attempt: Callable[[], Label | None], margin_days: int) -> None:
        """Try an event until it fits; leave it out when the window is too short for it."""
        for _ in range(400):
            label = attempt()
            if label is not None and self._is_free(label, margin_days):
                self.chosen.append(label)
                return

    def _is_free(self, label: Label, margin_days: int) -> bool:
        first, last = label.days(self.zone)
        margin = timedelta(days=margin_days)
        for other in self.chosen:
            other_first, other_last = other.days(self.zone)
            near = first - margin <= other_last and other_first <= last + margin
            if near and _building(other.meter) == _building(label.meter):
                return False
            if other.meter == label.meter and other.pattern == label.pattern:
                return False
        return True

    def working_days(self) -> list[date]:
        return [day for day in self.days if self.calendar.is_working(day)]

    def pick(self, things: Sequence[str]) -> str:
        return things[int(self.rng.integers(len(things)))]

    def night_run(self, meter: str) -> Label | None:
        """19:00 to 07:00 on 3 to 5 nights between two working days, within eleven days."""
        eves = [d for d in self.working_days() if self.calendar.is_working(d + timedelta(days=1))]
        eves = [d for d in eves if d < self.days[-1]]
        count = int(self.rng.integers(3, 6))
        if len(eves) < count:
            return None
        first = int(self.rng.integers(len(eves) - count + 1))
        nights = eves[first : first + count]
        if nights[-1] - nights[0] > timedelta(days=10):
            return None
        hours = [self._hour(night, 19 + n) for night in nights for n in range(12)]
        return _label("after_hours_plant", meter, hours, level=float(self.rng.uniform(0.45, 0.7)))

    def rest_run(self, meter: str) -> Label | None:
        """07:00 to 19:00 on two days of a weekend, or on up to half the days of a holiday."""
        runs = [run for run in self._rest_runs() if len(run) >= 2]
        if not runs:
            return None
        run = runs[int(self.rng.integers(len(runs)))]
        days = run[: int(self.rng.integers(2, max(2, len(run) // 2) + 1))]
        hours = [self._hour(day, hour) for day in days for hour in range(7, 19)]
        return _label("weekend_run", meter, hours)

    def late_stop(self, meter: str) -> Label | None:
        """19:00 to 23:00 on 6 to 8 working days that follow each other, within twelve days."""
        days = self._some(self.working_days(), (6, 9))
        if days is None or days[-1] - days[0] > timedelta(days=11):
            return None
        hours = [self._hour(day, hour) for day in days for hour in range(19, 23)]
        return _label("late_stop", meter, hours, level=float(self.rng.uniform(0.6, 0.9)))

    def base_load(self, meter: str) -> Label | None:
        """All hours of 7 to 9 days that begin with a working day, holidays left out."""
        days = self._some(self.days, (7, 10))
        if days is None or not self.calendar.is_working(days[0]) or self._has_holiday(days):
            return None
        hours = [self._hour(day, hour) for day in days for hour in range(24)]
        return _label("high_base_load", meter, hours, level=float(self.rng.uniform(0.25, 0.4)))

    def early_start(self, meter: str) -> Label | None:
        """04:00 to 07:00 on 6 to 8 working days that follow each other, within twelve days."""
        days = self._some(self.working_days(), (6, 9))
        if days is None or days[-1] - days[0] > timedelta(days=11):
            return None
        hours = [self._hour(day, hour) for day in days for hour in range(4, 7)]
        return _label("early_start", meter, hours, level=float(self.rng.uniform(0.6, 0.9)))

    def round_the_clock(
        self, pattern: str, meter: str, length: tuple[int, int], level: tuple[float, float]
    ) -> Label | None:
        """All hours of days that follow each other."""
        late = self.days[CENTRE_HISTORY:] if pattern == "pue_excess" else self.days
        days = self._some(late, length)
        if days is None:
            return None
        hours = [self._hour(day, hour) for day in days for hour in range(24)]
        return _label(pattern, meter, hours, level=float(self.rng.uniform(*level)))

    def outage(self) -> Label | None:
        """4 to 9 hours of silence of several meters within a working day."""
        label = self._fault("gateway_silent", OUTAGE[0], (2, 14), (4, 10))
        return None if label is None else replace(label, meters=OUTAGE)

    def _some(self, days: Sequence[date], length: tuple[int, int]) -> Sequence[date] | None:
        """Days that follow each other; None where there are not so many."""
        count = int(self.rng.integers(*length))
        if len(days) < count:
            return None
        first = int(self.rng.integers(len(days) - count + 1))
        return days[first : first + count]

    def _has_holiday(self, days: Sequence[date]) -> bool:
        return any(day.weekday() < SATURDAY and not self.calendar.is_working(day) for day in days)

    def stuck(self) -> Label | None:
        """5 to 10 hours of a working day, from 07:00 to 10:00 on."""
        return self._fault("meter_stuck", self.pick(FAULTY), (7, 11), (5, 11))

    def gap(self, *, restarts: bool) -> Label | None:
        """4 to 9 hours of silence within a working day."""
        meter = self.pick(FAULTY if restarts else SILENT)
        label = self._fault("meter_gap", meter, (2, 14), (4, 10))
        if label is None or not restarts:
            return label
        restart_us = label.end_us - HOUR_US // 2
        return Label(
            label.pattern,
            label.meter,
            label.start_us,
            label.end_us,
            label.hours,
            restart_us=restart_us,
        )

    def _fault(
        self, pattern: str, meter: str, first: tuple[int, int], length: tuple[int, int]
    ) -> Label | None:
        days = self.working_days()
        if not days:
            return None
        day = days[int(self.rng.integers(len(days)))]
        start, count = int(self.rng.integers(*first)), int(self.rng.integers(*length))
        return _label(pattern, meter, [self._hour(day, start + n) for n in range(count)])

    def _hour(self, day: date, hour: int) -> int:
        return day_bounds(day, self.zone)[0] + hour * HOUR_US

    def _rest_runs(self) -> list[list[date]]:
        runs: list[list[date]] = [[]]
        for day in self.days:
            if self.calendar.is_working(day):
                runs.append([])
            else:
                runs[-1].append(day)
        return runs


def choose_labels(
    seed: int,
    start_us: int,
    now_us: int,
    zone: str,
    calendar: WorkCalendar,
    *,
    more: bool = False,
) -> tuple[Label, ...]:
    """The events of a run, ordered by start; all lie at least 14 days after the start and 2
    days before now, on whole hours, apart from each other in the same building.

    more: kinds beside the usual ones, which stay where they are.
    """
    first = local_day(start_us, zone) + QUIET_START + timedelta(days=1)
    last = local_day(now_us, zone) - QUIET_END - timedelta(days=1)
    if last < first:
        return ()
    rng = np.random.default_rng([seed, zlib.crc32(b"labels")])
    chooser = _Chooser(rng, zone, calendar, days_between(first, last))
    one, other = (OFFICES[n] for n in rng.permutation(2))
    second_plant = f"{other}-{chooser.pick(('ac', 'power'))}"
    chooser.place(lambda: chooser.rest_run(f"{one}-ac"), 4)
    chooser.place(lambda: chooser.rest_run(f"{other}-ac"), 4)
    chooser.place(lambda: chooser.night_run(f"{one}-ac"), 4)
    chooser.place(lambda: chooser.night_run(second_plant), 4)
    chooser.place(lambda: chooser.late_stop("canteen-ac"), 4)
    chooser.place(lambda: chooser.base_load("canteen-power"), 4)
    for _ in range(2):
        chooser.place(chooser.stuck, 2)
        chooser.place(lambda: chooser.gap(restarts=False), 2)
    chooser.place(lambda: chooser.gap(restarts=True), 2)
    if more:
        _place_more(chooser, one, other)
    return tuple(sorted(chooser.chosen, key=lambda label: (label.start_us, label.meter)))


def _place_more(chooser: _Chooser, one: str, other: str) -> None:
    round_the_clock = chooser.round_the_clock
    chooser.place(lambda: chooser.early_start(f"{one}-power"), 1)
    chooser.place(lambda: round_the_clock("night_flow", f"{other}-water", (5, 8), (0.15, 0.25)), 0)
    chooser.place(lambda: round_the_clock("pue_excess", CENTRE, (8, 11), (0.3, 0.45)), 2)
    chooser.place(chooser.outage, 2)


def _building(meter: str) -> str:
    return meter.rsplit("-", 1)[0]


def _label(pattern: str, meter: str, hours: list[int], level: float = 1.0) -> Label:
    return Label(pattern, meter, hours[0], hours[-1] + HOUR_US, tuple(hours), level)
