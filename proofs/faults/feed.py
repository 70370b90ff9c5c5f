"""What a gateway sends of one meter, as columns; faults change them."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from metering.quantity import I64
from proofs.faults.plant import FaultPlant

F64 = np.ndarray
SEQ_START = 10_000_000
"""Sequence numbers are seconds of sending, counted from here, so none is negative."""


class Doubt(NamedTuple):
    """A stretch of which readings do not tell all, and why."""

    start: int
    end: int
    why: str
    """A row of docs/fault-matrix.md."""
    shows: bool = True
    """Whether anything in the readings tells that these are wrong."""
    bounded: bool = False
    """Whether good readings around it tell what passed in all."""


@dataclass
class FaultMeter:
    """A meter, its plant, and what is sent of it. Seconds count from the first day's start."""

    code: str
    plant: FaultPlant
    cadence_s: int = 900
    kind: str = "register"
    """register, interval or mean."""
    step_min: int = 15
    limit: Decimal | None = None
    """Registered, canonical unit an hour."""
    digits: int | None = None
    ratio: int = 1
    item: str = "01000"
    unit: str = "kWh"
    scale: float = 1000.0
    """Thousandths of the canonical unit in one sent unit, before the ratio."""
    node: str = "b"
    total: bool = False
    first_register: int = 123_456_000
    """At the plant's beginning [thousandths, before the ratio]."""
    tick: int = 1
    """What the register counts in [thousandths]."""
    parts: list[dict[str, str]] = field(default_factory=list)
    """What served the meter one after the other, as columns of points.csv; empty: one stream."""
    at: I64 = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """(n,) when a reading was taken."""
    stamp: I64 = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """(n,) when it says it was."""
    value: F64 = field(default_factory=lambda: np.zeros(0))
    """(n,) [thousandths of the sent unit's count]; NaN is never sent."""
    seq: I64 = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    arrives: I64 = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """(n,) second of arrival; equal ones keep their order here."""
    stream: list[str] = field(default_factory=list)
    shown: F64 = field(default_factory=lambda: np.zeros(0))
    """(n,) what a register in order would have shown; NaN where none was there."""
    doubts: list[Doubt] = field(default_factory=list)

    def read(self, start: int, end: int) -> None:
        """Sound readings from one second to another, one each cadence."""
        last = end if self.kind == "register" else end - self.cadence_s
        self.add(np.arange(start, last + 1, self.cadence_s))

    def add(self, at: I64, stream: str = "") -> None:
        """Sound readings at some seconds."""
        self.insert(at, self.true_value(at), stream=stream)

    def true_value(self, at: I64) -> F64:
        """(n,) what a meter in order shows."""
        at = np.asarray(at, dtype=np.int64)
        if self.kind == "register":
            counted = self.plant.passed(at) // self.ratio
            return ((self.first_register + counted) // self.tick * self.tick).astype(np.float64)
        energy = self.plant.passed(at + self.cadence_s) - self.plant.passed(at)
        per = 3600 / self.cadence_s if self.kind == "mean" else 1
        return energy * per / self.ratio

    def insert(
        self,
        at: I64,
        value: F64,
        *,
        stream: str = "",
        later_s: int = 0,
        shown: F64 | None = None,
    ) -> None:
        """Readings of any value, sent `later_s` after they were taken. `shown` is what the meter
        shows then, where that is not its plant's."""
        at = np.asarray(at, dtype=np.int64)
        self.at = np.concatenate([self.at, at])
        self.stamp = np.concatenate([self.stamp, at])
        self.value = np.concatenate([self.value, np.asarray(value, dtype=np.float64)])
        self.shown = np.concatenate([self.shown, self.true_value(at) if shown is None else shown])
        self.seq = np.concatenate([self.seq, SEQ_START + at + later_s])
        wait = self.cadence_s if self.kind != "register" else 0
        self.arrives = np.concatenate([self.arrives, at + later_s + wait])
        self.stream += [stream or f"{self.code}.p"] * len(at)

    def near(self, second: int) -> int:
        """Place of the first reading taken at a second or later."""
        return int(np.searchsorted(self.at, second))

    def level(self, rows: slice, change: F64 | float) -> None:
        """From a reading on the register truly stands elsewhere, by one change or by one for each
        reading."""
        self.value[rows] += change
        self.shown[rows] += change

    def lose(self, start: int, end: int, why: str, *, shows: bool = True) -> None:
        """Nobody can tell what passed between two seconds."""
        self.doubts.append(Doubt(start, end, why, shows))

    def hide(self, start: int, end: int, why: str) -> None:
        """What passed between two seconds is known, but readings there are wrong and look right."""
        self.doubts.append(Doubt(start, end, why, shows=False, bounded=True))

    def take(self, rows: I64) -> None:
        """Only some readings, in the order given."""
        self.at, self.stamp, self.value = self.at[rows], self.stamp[rows], self.value[rows]
        self.shown, self.seq, self.arrives = self.shown[rows], self.seq[rows], self.arrives[rows]
        self.stream = [self.stream[n] for n in np.arange(len(self.stream))[rows].tolist()]

    def standing(self) -> I64:
        """Places of the readings that stand, by time of their stamp: of two for one time and
        stream the one that was sent later."""
        sent = np.flatnonzero(~np.isnan(self.value))
        names = np.array(self.stream)[sent] if len(sent) else np.zeros(0, dtype=str)
        order = sent[np.lexsort((self.seq[sent], names, self.stamp[sent]))]
        if not len(order):
            return order
        name = np.array(self.stream)[order]
        same = (np.diff(self.stamp[order]) == 0) & (name[1:] == name[:-1])
        return np.asarray(order[np.append(~same, True)])
