"""Booked days read at a step: native slots, local hours, days and months.

    rows      | day 1           | day 2           | ...      one BookRow a local day
    native    |a|b|c|...                                     its slots
    hour      |--a--|--b--|...                               slots of the hour, hour_shares
    day       |-------a---------|                            total, day_shares
    month     |----------------------a---------------------  sum of totals, days weighed

Each value keeps the slots it is made of, so that they can be priced.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import groupby

from ledger import month_quality, month_total
from metering.book import BookRow
from metering.errors import InvalidInput
from metering.localtime import (
    HOUR_US,
    MINUTE_US,
    day_bounds,
    days_between,
    month_start,
    next_month,
)
from metering.quality import Shares
from metering.quantity import ABSENT, total


class Step(StrEnum):
    """How finely energy is read."""

    NATIVE = "native"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, eq=False)
class Part:
    """Slots first..last (last not included) of a booked day."""

    row: BookRow
    first: int
    last: int


@dataclass(frozen=True, eq=False)
class Value:
    """Energy of one interval."""

    start_us: int
    end_us: int
    day: date
    """The local day it lies in or begins with."""
    amount: int | None
    """Book units; None where nothing is known."""
    shares: Shares
    """(4,) of expected time [1/10,000]."""
    provisional: bool
    revision: int
    parts: tuple[Part, ...]


def read(
    rows: Sequence[BookRow], step: Step, zone: str, *, first: date, last: date, now_us: int
) -> list[Value]:
    """Values of one series from its rows, days rising; `first`..`last` are what was asked."""
    if step is Step.MONTH:
        return list(_months(rows, zone, first, last, now_us))
    if step is Step.DAY:
        return [_day(row, zone) for row in rows]
    cut = _hours if step is Step.HOUR else _slots
    return [value for row in rows for value in cut(row, zone)]


def _day(row: BookRow, zone: str) -> Value:
    start, end = day_bounds(row.day, zone)
    parts = (Part(row, 0, len(row.slots)),)
    return Value(
        start, end, row.day, row.total, row.day_shares, row.provisional, row.revision, parts
    )


def _slots(row: BookRow, zone: str) -> Iterator[Value]:
    start, end = day_bounds(row.day, zone)
    length = row.step_min * MINUTE_US
    for i, amount in enumerate(row.slots.tolist()):
        begin = start + i * length
        yield Value(
            begin,
            min(begin + length, end),
            row.day,
            None if amount == ABSENT else amount,
            row.shares[i],
            row.provisional,
            row.revision,
            (Part(row, i, i + 1),),
        )


def _hours(row: BookRow, zone: str) -> Iterator[Value]:
    if row.step_min > 60:
        raise InvalidInput(
            "this series is booked by the day",
            field="step",
            value="hour",
            fix="ask for day or month",
        )
    start, end = day_bounds(row.day, zone)
    size = 60 // row.step_min
    for i in range(len(row.hour_shares)):
        first, last = i * size, min((i + 1) * size, len(row.slots))
        begin = start + i * HOUR_US
        yield Value(
            begin,
            min(begin + HOUR_US, end),
            row.day,
            total(row.slots[first:last]),
            row.hour_shares[i],
            row.provisional,
            row.revision,
            (Part(row, first, last),),
        )


def _months(
    rows: Sequence[BookRow], zone: str, first: date, last: date, now_us: int
) -> Iterator[Value]:
    for begin, group in groupby(rows, key=lambda row: month_start(row.day)):
        found = list(group)
        start_day = max(begin, first)
        end_day = min(next_month(begin), date.fromordinal(last.toordinal() + 1))
        days = days_between(start_day, date.fromordinal(end_day.toordinal() - 1))
        yield Value(
            day_bounds(start_day, zone)[0],
            day_bounds(end_day, zone)[0],
            start_day,
            month_total(found),
            month_quality({row.day: row for row in found}, days, zone, now_us),
            day_bounds(end_day, zone)[0] > now_us or any(row.provisional for row in found),
            max(row.revision for row in found),
            tuple(Part(row, 0, len(row.slots)) for row in found),
        )
