"""The simulated world: what every meter has passed and every sensor would show at any instant.

    day by day:  weather ─▶ loads of buildings and data centre (+ injected waste) ─▶ minutes
    cumulative:  energy at minute marks, straight lines between them

A day depends on the seed and its date alone, so looking further ahead changes nothing behind.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from metering.calendar import WorkCalendar
from metering.localtime import HOUR_US, MINUTE_US, day_bounds, local_day
from metering.quantity import I64
from metering.reading import F64
from simulators import building, datacentre
from simulators.building import BUILDINGS, Building, Day, Loads
from simulators.labels import Label, choose_labels
from simulators.weather import outdoor

OFFICE_A, OFFICE_B, CANTEEN = BUILDINGS

SENSORS: dict[str, Callable[[Day], F64]] = {
    "gw-a/OUT.temperature": lambda day: day.outdoor_c,
    "gw-a/R301.temperature": lambda day: building.room_temperature(OFFICE_A, day),
    "gw-a/R301.co2": lambda day: building.co2(OFFICE_A, day),
    "gw-a/COUNT.persons": lambda day: building.occupancy(OFFICE_A, day) * OFFICE_A.persons,
    "gw-b/R205.temperature": lambda day: building.room_temperature(OFFICE_B, day),
    "gw-b/R205.co2": lambda day: building.co2(OFFICE_B, day),
    "gw-b/COUNT.persons": lambda day: building.occupancy(OFFICE_B, day) * OFFICE_B.persons,
    "gw-canteen/HALL.temperature": lambda day: building.room_temperature(CANTEEN, day),
    "gw-canteen/HALL.co2": lambda day: building.co2(CANTEEN, day),
    "gw-canteen/COUNT.persons": lambda day: building.occupancy(CANTEEN, day) * CANTEEN.persons,
    "gw-dc/RACK1.inlet": lambda day: datacentre.rack_inlet(day, 1),
    "gw-dc/RACK2.inlet": lambda day: datacentre.rack_inlet(day, 2),
    "gw-dc/RACK3.inlet": lambda day: datacentre.rack_inlet(day, 3),
}


class World:
    """Everything physical between `start_us` and any later instant, fixed by the seed."""

    def __init__(
        self,
        seed: int,
        start_us: int,
        now_us: int,
        zone: str,
        calendar: WorkCalendar,
        *,
        waste: bool = True,
        more: bool = False,
    ) -> None:
        self.seed, self.start_us, self.now_us, self.zone = seed, start_us, now_us, zone
        self.calendar = calendar
        chosen = choose_labels(seed, start_us, now_us, zone, calendar, more=more)
        self.labels = chosen if waste else ()
        self._next_day = local_day(start_us, zone)
        self._origin_us = day_bounds(self._next_day, zone)[0]
        self._energy: dict[str, F64] = {}
        self._sensors: dict[str, F64] = {}
        self._lock = threading.Lock()
        self._extend(now_us)

    def energy(self, meter: str, times_us: I64) -> F64:
        """What the meter has passed from the start to each instant [kWh, kvarh or m3].

        Instants before the start's local midnight count as that midnight.
        """
        self._extend(int(times_us.max(initial=self.start_us)))
        marks = self._energy[meter]
        return self._between(marks, times_us) - self._between(marks, np.array([self.start_us]))

    def value(self, sensor: str, times_us: I64) -> F64:
        """What the sensor `gateway/point` shows at each instant [its unit]."""
        self._extend(int(times_us.max(initial=self.start_us)))
        return self._between(self._sensors[sensor], times_us)

    def hourly(self, meter: str) -> F64:
        """Energy of every whole hour from the start to now [kWh, kvarh or m3]."""
        hours = np.arange(self.start_us, self.now_us + 1, HOUR_US, dtype=np.int64)
        return np.diff(self.energy(meter, hours))

    def _between(self, marks: F64, times_us: I64) -> F64:
        minutes = (times_us - self._origin_us) / MINUTE_US
        below = np.clip(minutes.astype(np.int64), 0, len(marks) - 2)
        part = np.clip(minutes - below, 0.0, 1.0)
        result: F64 = marks[below] + part * (marks[below + 1] - marks[below])
        return result

    def _extend(self, until_us: int) -> None:
        """Make every local day up to the one that holds `until_us`, and one minute more."""
        with self._lock:
            made: list[tuple[Loads, Loads]] = []
            while day_bounds(self._next_day, self.zone)[0] <= until_us + MINUTE_US:
                made.append(self.day_rates(self._next_day))
                self._next_day += timedelta(days=1)
            if made:
                self._append(made)

    def _append(self, made: list[tuple[Loads, Loads]]) -> None:
        energy, sensors = dict(self._energy), dict(self._sensors)
        for meter in made[0][0]:
            rates = np.concatenate([loads[meter] for loads, _ in made])
            marks = energy.get(meter, np.zeros(1))
            energy[meter] = np.concatenate([marks, marks[-1] + np.cumsum(rates) / 60.0])
        for sensor in made[0][1]:
            known = [sensors[sensor]] if sensor in sensors else []
            sensors[sensor] = np.concatenate([*known, *(values[sensor] for _, values in made)])
        self._energy, self._sensors = energy, sensors

    def day_rates(self, day: date) -> tuple[Loads, Loads]:
        """(rate of every meter [kW, kvar or m3/h], value of every sensor), by minute of a day."""
        start_us, end_us = day_bounds(day, self.zone)
        hours = np.arange((end_us - start_us) // MINUTE_US) / 60.0
        working = self.calendar.is_working(day)
        conditions = Day(self.seed, day, working, hours, outdoor(self.seed, day, hours))
        harder = self._cooling_effort(conditions, start_us)
        rates = datacentre.loads(conditions, harder)
        for one in BUILDINGS:
            subs = building.loads(one, conditions)
            self._add_waste(one, conditions, start_us, subs)
            rates |= subs
            rates[f"{one.node}-total"] = building.total(one, subs)
            if one.has_reactive_meter:
                rates[f"{one.node}-reactive"] = building.reactive(one, subs)
        return rates, {name: model(conditions) for name, model in SENSORS.items()}

    def _cooling_effort(self, day: Day, start_us: int) -> F64:
        """Factor by which the data centre's cooling works harder, minute by minute."""
        factor = np.ones_like(day.hours)
        for label in self.labels:
            if label.pattern == "pue_excess":
                factor[_inside(label, day, start_us)] += label.level
        return factor

    def _add_waste(self, one: Building, day: Day, start_us: int, subs: Loads) -> None:
        for label in self.labels:
            if label.is_waste and label.meter in subs:
                inside = _inside(label, day, start_us)
                if inside.any():
                    wasted = _wasteful_rate(label, one, day, subs[label.meter])
                    subs[label.meter] = np.where(inside, wasted, subs[label.meter])


def _inside(label: Label, day: Day, start_us: int) -> NDArray[np.bool_]:
    """Minutes of a day that lie in the label's hours."""
    hour_starts = start_us + np.floor(day.hours).astype(np.int64) * HOUR_US
    return np.isin(hour_starts, np.array(label.hours))


def _wasteful_rate(label: Label, one: Building, day: Day, healthy: F64) -> F64:
    """Rate of a plant that should rest: as on a working day, or a share of its daytime mean."""
    if label.pattern == "weekend_run":
        return building.air_conditioning(one, day, working=True)
    if label.pattern == "night_flow":
        return healthy + label.level * one.persons * one.water_m3_person_h
    daytime = float(healthy[(day.hours >= 8) & (day.hours < 18)].mean())
    if label.pattern == "high_base_load":
        return healthy + label.level * daytime * day.noise(f"{label.meter}-base")
    return np.maximum(healthy, label.level * daytime * day.noise(f"{label.meter}-night"))
