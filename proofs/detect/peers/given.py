"""What goes to the environment of the peers, and what comes back: arrays in files of numpy."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
HOURS_A_DAY = 24


@dataclass(frozen=True, eq=False)
class GivenArrays:
    """What a peer may see of a fleet; shapes, units and NaN as in `proofs.detect.fleet.Fleet`."""

    load: Floats
    """[kW], (meters, hours)."""
    temperature: Floats
    """[C], (stations, hours)."""
    station: Ints
    """(meters,); -1 where the weather is unknown."""
    off_days: Bools
    """(calendars, days)."""
    calendar: Ints
    """(meters,)."""
    start: np.datetime64
    """Midnight at which hour 0 begins."""
    scored_from: int
    """First hour that is scored, a multiple of 24."""

    def save(self, path: Path) -> None:
        """Write all of it into one file."""
        arrays: dict[str, Any] = {one.name: getattr(self, one.name) for one in fields(self)}
        np.savez(path, **arrays)

    @classmethod
    def read(cls, path: Path) -> GivenArrays:
        """What `save` wrote; KeyError names an array that is missing."""
        with np.load(path) as file:
            arrays = {one.name: file[one.name] for one in fields(cls)}
        start, scored_from = arrays["start"][()], int(arrays["scored_from"])
        return cls(**{**arrays, "start": start, "scored_from": scored_from})


@dataclass(frozen=True, eq=False)
class PeerScores:
    """What a peer says of a fleet."""

    scores: Floats
    """How strange a day is, in robust standard deviations of the learnt part, (meters, days); NaN
    before the scored part, for days of which little is known and for meters without history."""
    cpu_s: float
    """What all meters took after the packages were loaded and compiled [s of CPU]."""
    refused: tuple[str, ...] = ()
    """Meters that the peer failed on, with its reason; their scores are NaN."""

    @property
    def cpu_s_per_meter(self) -> float:
        """Mean of all meters, refused ones included [s]."""
        return self.cpu_s / max(1, len(self.scores))

    def save(self, path: Path) -> None:
        """Write all of it into one file."""
        refused = np.array(self.refused, dtype=np.str_)
        np.savez(path, scores=self.scores, cpu_s=self.cpu_s, refused=refused)

    @classmethod
    def read(cls, path: Path) -> PeerScores:
        """What `save` wrote; KeyError names an array that is missing."""
        with np.load(path) as file:
            refused = tuple(str(one) for one in file["refused"])
            return cls(file["scores"], float(file["cpu_s"]), refused)
