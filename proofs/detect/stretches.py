"""What `analytics.scan` says of a fleet: stretches of days, by what they look like.

    learnt part ─▶ baseline, and fits on other weeks ─▶ habits
    scored part ─▶ judged by the frozen baseline ─────▶ stretches, faults of meters ─▶ alerts

Meters of one calendar are judged together, those of one station fitted together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

import numpy as np

from analytics.bins import HourCalendar
from analytics.crossfit import History, expected_across, learned, taught
from analytics.detectors.stretched import pattern_of
from analytics.scan.judge import DayStretch, MeterBlock, judge
from analytics.stretches import block_of, habit_of
from metering.calendar import CalendarDay, DayKind, WorkCalendar
from metering.localtime import HOUR_US
from proofs.detect.fleet import Alert, Fleet, Floats, Ints

AFTER_HOURS: Final = 48
"""What a meter gives back until then counts against what it took."""
Z90: Final = 1.645
CERTAIN: Final = 50.0
"""Score of a fault that the hours themselves show."""


def stretches_of(fleet: Fleet) -> list[Alert]:
    """All alerts of the scored part, with a score each; silence is none."""
    alerts: list[Alert] = []
    for calendar in np.unique(fleet.calendar).tolist():
        parts = list(blocks_of(fleet, calendar))
        seen = judge([block for _, block in parts], fleet.scored_from // 24)
        for one in seen.stretches:
            rows, block = parts[one.block]
            alerts.append(_alert(one, int(rows[one.meter]), block))
        for place, fault in seen.faults:
            if fault.kind != "silent" and fault.end > fleet.scored_from:
                meter = int(parts[place][0][fault.meter])
                score = CERTAIN + fault.end - fault.first
                alerts.append(
                    Alert(
                        meter,
                        f"meter_{fault.kind}",
                        fault.first,
                        fault.end,
                        float(score),
                        fault.end,
                    )
                )
    return alerts


def blocks_of(fleet: Fleet, calendar: int) -> Iterator[tuple[Ints, MeterBlock]]:
    """Rows of the meters of a calendar, station by station, and their block: the learnt part by
    fits on its other weeks, the scored part by the frozen baseline."""
    hours_us, clock = clock_of(fleet, calendar)
    for station in np.unique(fleet.station).tolist():
        rows = np.flatnonzero((fleet.station == station) & (fleet.calendar == calendar))
        if not rows.size:
            continue
        known = station >= 0
        air = fleet.temperature[station] if known else np.full(hours_us.size, np.nan)
        whole = History(fleet.load[rows], air, clock, hours_us)
        before = before_scored(whole, fleet.scored_from)
        none = np.zeros(before.energy.shape, dtype=np.bool_)
        lesson = taught(before, none)
        past = expected_across(lesson)
        fitted = learned(lesson, past)
        habit = habit_of(before, fitted, past, before.energy, registered=False)
        expected = fitted.predict(clock, air)
        expected[:, : fleet.scored_from] = past
        yield rows.astype(np.int64), block_of(whole, fitted, habit, expected, registered=False)


def before_scored(history: History, hours: int) -> History:
    """Its first hours."""
    arrays = ("hour", "day", "weekday", "opens", "closes")
    clock = replace(
        history.clock, **{name: getattr(history.clock, name)[:hours] for name in arrays}
    )
    return replace(
        history,
        energy=history.energy[:, :hours],
        temperature=history.temperature[:hours],
        clock=clock,
        hours_us=history.hours_us[:hours],
    )


def clock_of(fleet: Fleet, calendar: int) -> tuple[Ints, HourCalendar]:
    """Hours [us] of a clock that stands still in UTC, and what its calendar says of them."""
    start = int(fleet.start.astype("datetime64[us]").astype(np.int64))
    hours_us = start + np.arange(fleet.load.shape[1], dtype=np.int64) * HOUR_US
    first: date = fleet.start.astype("datetime64[D]").item()
    days = []
    for number in range(fleet.off_days.shape[1]):
        day = first + timedelta(days=number)
        off, weekend = bool(fleet.off_days[calendar, number]), day.weekday() >= 5
        if fleet.holidays[calendar, number]:
            days.append(CalendarDay(day, DayKind.HOLIDAY))
        elif off != weekend:
            days.append(CalendarDay(day, DayKind.REST if off else DayKind.WORKING))
    return hours_us, HourCalendar.of(hours_us, "UTC", WorkCalendar.of(days))


def _alert(one: DayStretch, meter: int, block: MeterBlock) -> Alert:
    first, end = one.first * 24, (one.last + 1) * 24
    told: Floats = block.hours.residual[one.meter, first : end + AFTER_HOURS]
    kwh = float(np.nansum(told)) - one.drift * int(np.isfinite(told).sum())
    half = Z90 * one.noise.of(int(np.isfinite(told).sum()))
    return Alert(
        meter=meter,
        pattern=pattern_of(one),
        first=first,
        end=end,
        score=one.score,
        known_at=one.known * 24 + 23,
        kwh=kwh,
        low=kwh - half,
        high=kwh + half,
    )
