"""What meters and sensors display: registers that wrap, stick, restart; clocks that drift.

    energy ─▶ / (ratio x unit) ─▶ + first value ─▶ cut to the last digit ─▶ wrap at 10**digits

A gateway believes it samples on the quarter hour; its quartz is off by up to 0.26 s before the
daily synchronisation, so the value belongs to a slightly different instant.
"""

from __future__ import annotations

import zlib

import numpy as np

from metering.items import category
from metering.localtime import HOUR_US
from metering.quantity import I64
from metering.reading import F64
from metering.units import conversion
from simulators.campus import Campus, SimPoint
from simulators.labels import ROLLING_METER, Label
from simulators.world import World

DECIMALS = 4
DAY_US = 24 * HOUR_US
SENSOR_DECIMALS = {"C": 1, "ppm": 0, "persons": 0}


class Devices:
    """Displays of all points of the campus in one world."""

    def __init__(self, world: World, campus: Campus) -> None:
        self.world = world
        self._campus = campus
        self._faults: dict[str, list[Label]] = {}
        for label in world.labels:
            if not label.is_waste:
                for meter in label.concerned:
                    self._faults.setdefault(meter, []).append(label)
        self._first = {p.key: self._first_value(p) for p in campus.points if p.meter}

    def shown(self, point: SimPoint, times_us: I64) -> F64:
        """What the point shows at nominal instants [its sent unit]; NaN where it is silent."""
        if point.meter:
            return self._register(point, times_us)
        values = self.world.value(point.key, self._true_times(point, times_us))
        return np.round(values, SENSOR_DECIMALS[point.unit])

    def tick(self, meter: str) -> float:
        """The smallest step of the meter's register [kWh, kvarh or m3]."""
        point = self._campus.point_of_meter(meter)
        return float(10.0**-DECIMALS * self._per_unit(point))

    def _register(self, point: SimPoint, times_us: I64) -> F64:
        faults = self._faults.get(point.meter, [])
        seen = times_us.copy()
        for fault in faults:
            if fault.pattern == "meter_stuck":
                seen[(seen > fault.start_us) & (seen < fault.end_us)] = fault.start_us
        energy = self.world.energy(point.meter, self._true_times(point, seen))
        counted = self._first[point.key] + energy / self._per_unit(point)
        for fault in faults:
            if fault.restart_us is not None:
                again = seen >= fault.restart_us
                counted[again] = self._since(point, energy[again], fault.restart_us)
        ticks = np.floor(counted * 10**DECIMALS).astype(np.int64)
        values: F64 = (ticks % 10 ** (point.digits + DECIMALS)) / 10**DECIMALS
        for fault in faults:
            if fault.pattern in ("meter_gap", "gateway_silent"):
                values[(times_us > fault.start_us) & (times_us < fault.end_us)] = np.nan
        return values

    def _since(self, point: SimPoint, energy: F64, restart_us: int) -> F64:
        before = self.world.energy(point.meter, np.array([restart_us]))
        return (energy - before) / self._per_unit(point)

    def _true_times(self, point: SimPoint, times_us: I64) -> I64:
        """Instants at which the gateway really samples when its clock shows `times_us`."""
        draw = np.random.default_rng([self.world.seed, zlib.crc32(point.gateway.encode())])
        drift_ppm = draw.choice([-1.0, 1.0]) * draw.uniform(0.8, 3.0)
        since_sync = (times_us - self.world.start_us) % DAY_US
        true_us: I64 = times_us + (since_sync * drift_ppm * 1e-6).astype(np.int64)
        return true_us

    def _per_unit(self, point: SimPoint) -> float:
        """Energy behind one unit of the register [kWh, kvarh or m3]."""
        canonical = category(self._campus.meters[point.meter].item).unit
        return point.ratio * conversion(point.unit, canonical)[0]

    def _first_value(self, point: SimPoint) -> float:
        """The register at the start; one meter's is just below its rollover."""
        draw = np.random.default_rng([self.world.seed, zlib.crc32(point.key.encode())])
        if point.meter != ROLLING_METER:
            return float(np.floor(draw.uniform(0.15, 0.7) * 10**point.digits))
        rolls_us = self.world.start_us + int(draw.integers(3 * 24, 12 * 24)) * HOUR_US
        passed = float(self.world.energy(point.meter, np.array([rolls_us]))[0])
        return float(10**point.digits - passed / self._per_unit(point))
