"""Registers that misbehave, made at random: what a meter truly counted, and what was sent of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise

import numpy as np

from metering.localtime import DAY_MIN, MINUTE_US
from metering.quantity import I64

Rng = np.random.Generator
F64 = np.ndarray

CADENCES_MIN = (1, 5, 15, 15, 15, 30, 60)
STEPS_MIN = (15, 15, 15, 30, 60)
DIGITS = 6
MOST_FAULTS = 4
MOST_TRIES = 50
ZONE_MIN = 16 * 60
"""Minutes of a UTC day that have passed when the first local day begins (Asia/Shanghai)."""
NEAR = 5
"""Readings that may be wrong beside a fault without anything to tell it."""
PER_KWH = 1000
"""Registers count watt hours here, so that every value is exact."""


@dataclass(frozen=True)
class FuzzedReading:
    """One value of one time, in the order of arrival."""

    time_us: int
    value: float


@dataclass
class Sequence:
    """A meter of a few days: the truth, the readings, and what may be asked of the books."""

    seed: int
    step_min: int
    cadence_min: int
    digits: int | None
    limit: Decimal | None
    truth: I64
    """(minutes + 1,) what had passed by each minute of the days [Wh]."""
    sent: list[FuzzedReading] = field(default_factory=list)
    doubted: list[tuple[int, int]] = field(default_factory=list)
    """[start, end] minutes whose readings were tampered with, or are lacking."""
    faults: list[str] = field(default_factory=list)
    keeps_total: bool = True
    """Whether the readings still say how much passed in all."""


def sequence(seed: int, start_us: int, days: int) -> Sequence:
    """The sequence of a seed: a meter, up to four faults, readings in rising time.

    The first of its tries whose faults the readings can tell (`_Tracks`).
    """
    for attempt in range(MOST_TRIES):
        made, tracks = _try(seed, attempt, start_us, days)
        if tracks.tell_apart():
            return made
    raise ValueError(f"no fair sequence of seed {seed} in {MOST_TRIES} tries")


def _try(seed: int, attempt: int, start_us: int, days: int) -> tuple[Sequence, _Tracks]:
    rng = np.random.default_rng([seed, attempt])
    load = _load(rng, days)
    truth = np.concatenate([[0], np.cumsum(load)]).astype(np.int64)
    cadence = int(rng.choice(CADENCES_MIN))
    step = int(rng.choice([one for one in STEPS_MIN if one >= cadence]))
    digits = DIGITS if rng.random() < 0.15 else None
    first = int(rng.integers(10**5, 9 * 10**8))
    if digits is not None:
        first = 10**DIGITS * PER_KWH - int(truth[-1]) // 2
    most = int(load.max()) * 60 / PER_KWH
    limit = Decimal(str(round(most * rng.uniform(1.5, 6), 3))) if rng.random() < 0.4 else None
    made = Sequence(seed, step, cadence, digits, limit, truth)
    minutes = np.arange(0, days * DAY_MIN + 1, cadence)
    values = (first + truth[minutes]).astype(np.float64)
    places = [
        (*place, str(rng.choice(sorted((*LOSING, *BLURRING)))))
        for place in _places(rng, minutes.size)
    ]
    for at, _, name in places:
        if name in LOSING:
            LOSING[name](rng, values, at)
    if digits is not None:
        values %= 10**DIGITS * PER_KWH
    pace = (8.0 * most, 4.0 * most) if limit is None else (float(limit), float(limit))
    tracks = _Tracks(values.copy(), cadence, pace, digits)
    for at, length, name in places:
        if name in LOSING:
            tracks.breaks.append(at)
        else:
            BLURRING[name](rng, values, at, length)
            if name in LEVELS:
                others = np.flatnonzero(values[at : at + length] != tracks.true[at : at + length])
                tracks.detours.append((at, at + int(others.max(initial=-1)) + 1, name))
        made.faults.append(name)
        made.doubted.append((int(minutes[at - 1]), int(minutes[at + length])))
        made.keeps_total &= name not in LOSING
    made.sent = [
        FuzzedReading(start_us + int(minute) * MINUTE_US, float(value) / PER_KWH)
        for minute, value in zip(minutes, values, strict=True)
        if not np.isnan(value)
    ]
    tracks.sent = values
    return made, tracks


@dataclass
class _Tracks:
    """Registers one after the other, and the levels to which faults took their readings.

    Readings tell two tracks apart only if the one cannot have come to where the other begins by
    then: no register shows that a reading of its own value is another's. So a register must not be
    replaced by one that stands where an earlier one can be by now (a reset of a register near its
    last digit looks like its turn), and no fault may put a reading where the register before or
    after it can be, be it that a few readings or an hour pass between them. And a limit that is
    learned is learned from the faults where most days have one.
    """

    true: F64
    """(n,) readings before faults that blur [Wh], breaks included."""
    cadence_min: int
    pace: tuple[float, float]
    """The most that any limit lets pass in the first hour, and in each one beyond it [kWh]."""
    digits: int | None
    breaks: list[int] = field(default_factory=list)
    """First readings of another register."""
    detours: list[tuple[int, int, str]] = field(default_factory=list)
    """(first, end, fault) of readings on another level."""
    sent: F64 = field(default_factory=lambda: np.zeros(0))

    def tell_apart(self) -> bool:
        """Whether no track can be taken for another, and most days say how fast the meter runs."""
        if not self._learnable():
            return False
        edges = [0, *self.breaks, len(self.true)]
        parts = list(pairwise(edges))
        for n, (start, _) in enumerate(parts):
            if any(self._can(end - 1, start) for _, end in parts[:n]):
                return False
        return all(self._stands_out(*one, parts) for one in self.detours)

    def _learnable(self) -> bool:
        """Whether no more than half of the days, of which the limit is learned, show a rise that
        the meter cannot have made."""
        ends = np.flatnonzero(~np.isnan(self.sent))
        minute = ends * self.cadence_min
        passed = np.diff(minute)
        wrong = np.diff(self.sent[ends]) > passed / 60 * self.pace[0] * PER_KWH
        days = (minute + ZONE_MIN) // DAY_MIN
        return 2 * len(np.unique(days[1:][wrong])) <= len(np.unique(days))

    def _stands_out(self, at: int, end: int, name: str, parts: list[tuple[int, int]]) -> bool:
        if at == end:
            return True
        inside = range(at, end)
        before = [at - 1, *(stop - 1 for _, stop in parts if stop <= at)]
        after = [min(end, len(self.true) - 1), *(start for start, _ in parts if start >= end)]
        if name == "zeros" and len(after) > 1:
            del after[1]  # a zero and then a reset to zero is told by what lies between
        return not any(self._can(one, n) for one in before for n in inside) and not any(
            self._can(n, one) for n in inside for one in after
        )

    def _can(self, here: int, there: int) -> bool:
        """Whether a register can have gone from one reading to a later one, or to one of the few
        after it."""
        few = max(NEAR * self.cadence_min, 60)
        most = self._most((there - here) * self.cadence_min + few)
        rise = self.sent[there] - self.sent[here]
        if np.isnan(rise):
            return False
        turn = 0 if self.digits is None else 10**self.digits * PER_KWH
        return bool(-self._most(few) <= rise <= most) or bool(turn and rise + turn <= most)

    def _most(self, minutes: int) -> float:
        first, beyond = self.pace
        return (min(minutes, 60) * first + max(minutes - 60, 0) * beyond) / 60 * PER_KWH


def _load(rng: Rng, days: int) -> I64:
    """(minutes,) what passes in each minute [Wh]: a working day over a base, with some noise."""
    base, day = rng.integers(20, 400), rng.integers(0, 3000)
    opens, closes = rng.integers(5, 10) * 60, rng.integers(15, 22) * 60
    minute = np.arange(days * DAY_MIN) % DAY_MIN
    open_now = (minute >= opens) & (minute < closes)
    shape = base + day * open_now
    return np.maximum(rng.normal(shape, shape / 8), 1).astype(np.int64)


def _places(rng: Rng, count: int) -> list[tuple[int, int]]:
    """(first reading, readings) of faults that leave a good eighth of all between each other."""
    room = count // 8
    wanted = rng.integers(0, MOST_FAULTS + 1)
    slots = sorted(rng.choice(np.arange(1, 7), size=wanted, replace=False).tolist())
    longest = max(1, room // 3)
    return [
        (one * room + int(rng.integers(longest)), int(rng.integers(1, longest + 1)))
        for one in slots
    ]


def _gap(_: Rng, values: F64, at: int, length: int) -> None:
    values[at : at + length] = np.nan


def _zeros(_: Rng, values: F64, at: int, length: int) -> None:
    values[at : at + min(length, 12)] = 0


def _spike(rng: Rng, values: F64, at: int, length: int) -> None:
    values[at : at + min(length, 6)] += rng.choice((-1, 1)) * rng.choice((1e7, 1e8, 3e9))


def _scaled(rng: Rng, values: F64, at: int, length: int) -> None:
    values[at : at + min(length, 8)] *= rng.choice((10, 1000, 0.001))


def _repeated(rng: Rng, values: F64, at: int, length: int) -> None:
    back = min(at, int(rng.integers(2, 6)))
    values[at : at + min(length, back - 1)] = values[at - back]


def _reset(_: Rng, values: F64, at: int) -> None:
    values[at:] -= values[at]


def _replaced(rng: Rng, values: F64, at: int) -> None:
    values[at:] += rng.integers(10**9) - values[at]


def _stuck(_: Rng, values: F64, at: int, length: int) -> None:
    values[at : at + length] = values[at]


LOSING = {"reset": _reset, "replaced": _replaced}
"""Faults after which nobody can tell what passed in one step."""
BLURRING = {
    "gap": _gap,
    "zeros": _zeros,
    "spike": _spike,
    "scaled": _scaled,
    "repeated": _repeated,
    "stuck": _stuck,
}
"""Faults that good readings bound."""
LEVELS = ("zeros", "spike", "scaled")
"""Those that take readings to another level."""
