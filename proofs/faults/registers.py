"""Faults of registers. Each takes a meter whose readings are sound, and the place of a reading."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from metering.localtime import DAY_MIN
from proofs.faults.feed import FaultMeter

Fault = Callable[[FaultMeter, int], None]
HOUR_S, DAY_S = 3600, DAY_MIN * 60


def count(meter: FaultMeter, hours: float) -> int:
    """Readings in so many hours, one at least."""
    return max(1, round(hours * HOUR_S / meter.cadence_s))


def sound(_: FaultMeter, __: int) -> None:
    """Nothing is wrong."""


def gap(hours: float) -> Fault:
    """The line is down and nothing is sent afterwards; the register goes on."""

    def fault(meter: FaultMeter, place: int) -> None:
        meter.value[place : place + count(meter, hours)] = np.nan

    return fault


def backfilled(hours: float, after_hours: float = 0.2, *, newest_first: bool = False) -> Fault:
    """The line is down; what was read meanwhile is sent when it is up again."""

    def fault(meter: FaultMeter, place: int) -> None:
        end = place + count(meter, hours)
        up = int(meter.at[min(end, len(meter.at) - 1)] + after_hours * HOUR_S)
        order = np.arange(end - place)
        meter.arrives[place:end] = up + (order[::-1] if newest_first else order)

    return fault


def shifted(readings: int, by: float) -> Fault:
    """Readings stand too high or too low [canonical units]."""

    def fault(meter: FaultMeter, place: int) -> None:
        meter.value[place : place + readings] += by * 1000

    return fault


def multiplied(readings: int, factor: float) -> Fault:
    """The decimal point slips."""

    def fault(meter: FaultMeter, place: int) -> None:
        meter.value[place : place + readings] *= factor

    return fault


def constant(readings: int, value: float) -> Fault:
    """The gateway answers one number that is none of the register's [sent units]."""

    def fault(meter: FaultMeter, place: int) -> None:
        meter.value[place : place + readings] = value * meter.scale

    return fault


def repeated(readings: int) -> Fault:
    """The gateway sends the last value again instead of reading, then the truth."""

    def fault(meter: FaultMeter, place: int) -> None:
        meter.value[place : place + readings] = meter.value[place - 1]

    return fault


def frozen(hours: float) -> Fault:
    """Likewise for hours."""
    return lambda meter, place: repeated(count(meter, hours))(meter, place)


def frozen_from_birth(hours: float) -> Fault:
    """From the first reading on."""

    def fault(meter: FaultMeter, _: int) -> None:
        meter.value[1 : 1 + count(meter, hours)] = meter.value[0]

    return fault


def stood(hours: float) -> Fault:
    """The register itself stands while the plant runs, and never makes up for it."""

    def fault(meter: FaultMeter, place: int) -> None:
        end = place + count(meter, hours)
        lost = meter.value[place:end] - meter.value[place - 1]
        meter.level(slice(place, end), -lost)
        meter.level(slice(end, None), -lost[-1])
        meter.lose(int(meter.at[place - 1]), int(meter.at[end - 1]), "stood", shows=False)

    return fault


def early(meter: FaultMeter, place: int) -> None:
    """One reading is taken a cadence later than it says."""
    meter.value[place] = meter.value[place + 1]


def reset(back_to: float = 0) -> Fault:
    """The register starts again somewhere between two readings, from zero or a saved value."""

    def fault(meter: FaultMeter, place: int) -> None:
        level = back_to * 1000 - meter.value[place - 1]
        meter.level(slice(place, None), level)
        meter.lose(int(meter.at[place - 1]), int(meter.at[place]), "reset")

    return fault


def reset_after(hours: float) -> Fault:
    """The line is down, and when it is up again the register has started from zero."""

    def fault(meter: FaultMeter, place: int) -> None:
        end = place + count(meter, hours)
        meter.level(slice(end, None), -meter.value[end - 1])
        meter.lose(int(meter.at[place - 1]), int(meter.at[end]), "reset")
        meter.value[place:end] = np.nan

    return fault


def reset_to_saved(hours: float) -> Fault:
    """It starts again from what it showed hours before."""

    def fault(meter: FaultMeter, place: int) -> None:
        saved = meter.value[place - 1 - count(meter, hours)]
        meter.level(slice(place, None), saved - meter.value[place - 1])
        meter.lose(int(meter.at[place - 1]), int(meter.at[place]), "reset")

    return fault


def replaced(by: float) -> Fault:
    """Another register under the same name, higher or lower; nobody says so."""

    def fault(meter: FaultMeter, place: int) -> None:
        meter.level(slice(place, None), by * 1000)
        meter.lose(int(meter.at[place - 1]), int(meter.at[place]), "replaced")

    return fault


def backwards(hours: float) -> Fault:
    """A transformer is connected the wrong way round, and then the right one."""

    def fault(meter: FaultMeter, place: int) -> None:
        end = place + count(meter, hours)
        fallen = 2 * (meter.value[place:end] - meter.value[place - 1])
        meter.level(slice(place, end), -fallen)
        meter.level(slice(end, None), -fallen[-1])
        meter.lose(int(meter.at[place - 1]), int(meter.at[end - 1]), "backwards")

    return fault


def clock(hours: float, by_s: int) -> Fault:
    """The gateway's clock is off for a while; it is set, and then set right. Off by a reading or
    less it looks like one reading taken at a wrong time and one lost."""

    def fault(meter: FaultMeter, place: int) -> None:
        end = place + count(meter, hours)
        meter.stamp[place:end] += by_s
        if abs(by_s) <= meter.cadence_s:
            low, high = int(meter.stamp[place:end].min()), int(meter.stamp[place:end].max())
            meter.hide(min(low, int(meter.at[place])), max(high, int(meter.at[end])), "clock")

    return fault


def stamped_at(second: int) -> Fault:
    """One reading bears a time far off."""

    def fault(meter: FaultMeter, place: int) -> None:
        meter.stamp[place] = second

    return fault


def turning(before_hours: float) -> Fault:
    """The register passes its last digit some hours after the place."""

    def fault(meter: FaultMeter, place: int) -> None:
        assert meter.digits is not None
        turn = 10**meter.digits * meter.scale
        after = min(place + count(meter, before_hours), len(meter.value) - 1)
        level = turn - meter.value[after] - 5
        meter.level(slice(0, None), level)
        meter.value %= turn
        meter.shown %= turn

    return fault


def narrower(meter: FaultMeter, place: int) -> None:
    """The register turns at a digit less than is declared: to the books it starts again."""
    assert meter.digits is not None
    turn = 10 ** (meter.digits - 1) * meter.scale
    meter.level(slice(0, None), turn - meter.value[place - 1] - 5)
    meter.value %= turn
    meter.shown %= turn
    meter.lose(int(meter.at[place - 1]), int(meter.at[place]), "narrower")


def both(*faults: tuple[Fault, int]) -> Fault:
    """Several faults, each so many readings after the place."""

    def fault(meter: FaultMeter, place: int) -> None:
        for one, later in faults:
            one(meter, place + later)

    return fault


def doubled(meter: FaultMeter, _: int) -> None:
    """Every message comes twice."""
    meter.take(np.repeat(np.arange(len(meter.at)), 2))


def every_second_again(meter: FaultMeter, _: int) -> None:
    """Every reading comes again a second later with the same value."""
    meter.insert(meter.at + 1, meter.value.copy(), shown=meter.value.copy())
    meter.take(np.argsort(meter.at, kind="stable"))


def read_each_second(meter: FaultMeter, place: int) -> None:
    """For twenty minutes the register is read every second."""
    seconds = meter.at[place] + np.arange(1, 20 * 60)
    meter.add(np.setdiff1d(seconds, meter.at))
    meter.take(np.argsort(meter.at, kind="stable"))


def denser(meter: FaultMeter, place: int) -> None:
    """From the place on it is read every five minutes."""
    later = np.arange(int(meter.at[place]), int(meter.at[-1]), 300)
    meter.add(np.setdiff1d(later, meter.at))
    meter.take(np.argsort(meter.at, kind="stable"))


def days_out_of_order(meter: FaultMeter, _: int) -> None:
    """Whole days arrive in another order, all in the end."""
    day = (meter.at // DAY_S).astype(np.int64)
    turn = np.argsort(-(day % 3), kind="stable")
    last = int(meter.at[-1])
    meter.take(turn)
    meter.arrives = last + np.arange(len(meter.at))


def corrected_twice(meter: FaultMeter, place: int) -> None:
    """A reading is wrong, corrected wrongly, and corrected again."""
    at, true = meter.at[place : place + 1], meter.value[place : place + 1].copy()
    meter.value[place] += 50_000
    meter.insert(at, true - 2_000, later_s=HOUR_S)
    meter.insert(at, true, later_s=2 * HOUR_S, shown=true)


def corrected_late(meter: FaultMeter, place: int) -> None:
    """A reading is wrong, and corrected two days later."""
    at, true = meter.at[place : place + 1], meter.value[place : place + 1].copy()
    meter.value[place] += 3_000
    meter.insert(at, true, later_s=2 * DAY_S, shown=true)


def outdated(meter: FaultMeter, place: int) -> None:
    """A value that was sent earlier arrives after the one that corrected it."""
    at, true = meter.at[place : place + 1], meter.value[place : place + 1].copy()
    meter.seq[place] += 60
    meter.insert(at, true + 4_000)
    meter.arrives[-1] += 5 * HOUR_S


def lone_among_zeros(meter: FaultMeter, place: int) -> None:
    """Zeros with a true reading among them, as a meter that is being put up shows."""
    constant(2, 0)(meter, place)
    constant(11, 0)(meter, place + 3)
