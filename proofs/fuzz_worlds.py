"""Registers that misbehave, made at random: what a meter truly counted, and what was sent of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np

from metering.localtime import DAY_MIN, MINUTE_US
from metering.quantity import I64

Rng = np.random.Generator
F64 = np.ndarray

CADENCES_MIN = (1, 5, 15, 15, 15, 30, 60)
STEPS_MIN = (15, 15, 15, 30, 60)
DIGITS = 6
MOST_FAULTS = 4
PER_KWH = 1000
"""Registers count watt hours here, so that every value is exact."""


@dataclass(frozen=True)
class Sent:
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
    sent: list[Sent] = field(default_factory=list)
    doubted: list[tuple[int, int]] = field(default_factory=list)
    """[start, end] minutes whose readings were tampered with, or are lacking."""
    faults: list[str] = field(default_factory=list)
    keeps_total: bool = True
    """Whether the readings still say how much passed in all."""


def sequence(seed: int, start_us: int, days: int) -> Sequence:
    """The sequence of a seed: a meter, up to four faults, readings in rising time."""
    rng = np.random.default_rng(seed)
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
    for at, length, name in places:
        if name not in LOSING:
            BLURRING[name](rng, values, at, length)
        made.faults.append(name)
        made.doubted.append((int(minutes[at - 1]), int(minutes[at + length])))
        made.keeps_total &= name not in LOSING
    made.sent = [
        Sent(start_us + int(minute) * MINUTE_US, float(value) / PER_KWH)
        for minute, value in zip(minutes, values, strict=True)
        if not np.isnan(value)
    ]
    return made


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
