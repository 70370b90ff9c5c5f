"""Meters whose truth is known, and what a detector says of them.

A `Fleet` is what every detector is given, a `Label` what really happened, an `Alert` what it
says. Labels never reach a detector: `Fleet.given` leaves them out.

    hours 0 ......... scored_from ......................... end
          may be learnt from       is scored, and judged hour after hour
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class FleetLabel:
    """What really happened to one meter, from hour `first` up to and without hour `end`."""

    meter: int
    kind: str
    """A pattern of `docs/detectors.md`, or of harmless things (`harmless`)."""
    first: int
    end: int
    kwh: float
    """Net waste [kWh]: what the meter took more than without the event, hours in which it gave
    back (until two days after the end) counted against it; 0 for faults of the meter."""
    harmless: bool = False
    """Weather, closures, other tenants: an alert on it is false."""


Label = FleetLabel


@dataclass(frozen=True)
class Alert:
    """What a detector says of one meter, from hour `first` up to and without hour `end`."""

    meter: int
    pattern: str
    """What it takes it for; empty for a detector that only scores."""
    first: int
    end: int
    score: float
    """The larger, the surer; one threshold on it serves all meters."""
    known_at: int
    """The last hour that had to be known before it could be said."""
    kwh: float = float("nan")
    """Net waste as the detector tells it [kWh]; NaN where it tells none."""
    low: float = float("nan")
    """Lower end of its 90 % interval [kWh]."""
    high: float = float("nan")
    """Upper end [kWh]."""


@dataclass(frozen=True, eq=False)
class Fleet:
    """Meters by the hour, on local standard time."""

    name: str
    start: np.datetime64
    """Beginning of hour 0, a midnight."""
    load: Floats
    """Mean power [kW] (or flow of the medium), shape (meters, hours); NaN where nothing came."""
    temperature: Floats
    """Outdoor air [C], shape (stations, hours); NaN where unknown."""
    station: Ints
    """Row of `temperature` for each meter, (meters,); -1 where the weather is unknown."""
    off_days: npt.NDArray[np.bool_]
    """Days on which the calendar expects nobody: weekends and holidays, (calendars, days)."""
    holidays: npt.NDArray[np.bool_]
    """Those of them that are public holidays, likewise."""
    calendar: Ints
    """Row of the two for each meter, (meters,)."""
    scored_from: int
    """First hour that is scored; a multiple of 24."""
    labels: tuple[Label, ...]
    medium: tuple[str, ...] = ()
    """Of each meter; empty where all are electricity."""
    building: tuple[str, ...] = ()
    """Of each meter; bootstrap draws whole buildings. Empty where each meter is one."""

    @property
    def given(self) -> Fleet:
        """What a detector may see."""
        return replace(self, labels=())

    def of(self, meters: Sequence[int]) -> Fleet:
        """These meters alone, in this order, with their labels."""
        rows = {meter: row for row, meter in enumerate(meters)}
        kept = list(meters)
        return replace(
            self,
            load=self.load[kept],
            station=np.asarray(self.station[kept]),
            calendar=np.asarray(self.calendar[kept]),
            labels=tuple(replace(x, meter=rows[x.meter]) for x in self.labels if x.meter in rows),
            medium=tuple(self.medium[meter] for meter in kept) if self.medium else (),
            building=tuple(self.building[meter] for meter in kept) if self.building else (),
        )

    @property
    def meter_years(self) -> float:
        """Years that are scored, over all meters."""
        meters, hours = self.load.shape
        return float(meters * (hours - self.scored_from) / 8766.0)
