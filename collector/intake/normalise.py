"""From received messages to reading columns: units, range flags, times that stand in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from collector.decode import Problem
from collector.intake.batch import ReceivedBatch
from collector.intake.decoding import Received
from collector.intake.resolve import SlotTable
from metering.quantity import I64
from metering.reading import F64, I16, Flag, ReadingColumns

LARGEST = 1e12
"""No real value in a canonical unit reaches it, and no booked integer could hold it."""


@dataclass(frozen=True, eq=False)
class Columns:
    """Readings of many messages, in the order of the journal."""

    rows: ReadingColumns
    message: I64
    """For each row the number of its message in the batch."""
    place: I64
    """For each row its place in the message's columns."""


class MessagesByNumber(Protocol):
    """The messages of a batch by their numbers."""

    def __getitem__(self, number: int, /) -> Received:
        """One of them, for what stands against it to be kept."""
        ...


def batch_columns(batch: ReceivedBatch, table: SlotTable) -> Columns:
    """All readings of a batch, as `columns` has them."""
    numbers = np.array(sorted(batch.apart), dtype=np.int64)
    apart = columns([batch.apart[number] for number in numbers.tolist()], table)
    plain = _plain_columns(batch, table)
    if not len(apart.rows):
        return plain
    message = np.concatenate([plain.message, numbers[apart.message]])
    order = np.argsort(message, kind="stable")
    rows = ReadingColumns.concat([plain.rows, apart.rows])
    place = np.concatenate([plain.place, apart.place])
    return Columns(rows.take(order), message[order], place[order])


def _plain_columns(batch: ReceivedBatch, table: SlotTable) -> Columns:
    plain = batch.plain
    value, flag = normalise(plain.value, plain.slot, table)
    rows = ReadingColumns(
        table.point[plain.slot],
        plain.time_us,
        value,
        flag,
        plain.high[plain.row],
        plain.low[plain.row],
        plain.segment[plain.row],
        plain.offset[plain.row],
        plain.place,
    )
    number, fits = plain.number[plain.row], np.abs(value) < LARGEST
    if fits.all():
        return Columns(rows, number, plain.place)
    _refuse(batch, number[~fits], plain.place[~fits])
    return Columns(rows.take(fits), number[fits], plain.place[fits])


def columns(messages: Sequence[Received], table: SlotTable) -> Columns:
    """All readings that have a point and did not come before; problems go to their message.

    Values come out in canonical units; a value outside its point's range is kept and flagged.
    """
    lengths = [len(m.slots) for m in messages]
    number = np.repeat(np.arange(len(messages), dtype=np.int64), lengths)
    place = np.arange(len(number)) - np.repeat(np.cumsum([0, *lengths])[:-1], lengths)
    slots = _flat([m.slots for m in messages], np.int64)
    times, untimed = _times(messages, number)
    repeated = np.array([m.redelivered for m in messages], dtype=np.bool_)[number] & untimed
    kept = (slots >= 0) & ~repeated
    slots, number, place, untimed = slots[kept], number[kept], place[kept], untimed[kept]
    sent = _flat([m.found.values for m in messages], np.float64)[kept]
    withdrawn = np.isnan(sent)
    value, flag = normalise(np.where(withdrawn, 0.0, sent), slots, table)
    value = np.where(withdrawn, 0.0, value)
    flag[withdrawn] = Flag.OUT_OF_RANGE | Flag.WITHDRAWN
    flag[untimed] |= Flag.ARRIVAL_TIME
    entered = np.array([m.is_entered for m in messages], dtype=np.bool_)[number]
    flag[entered] |= Flag.ENTERED
    if any(m.found.repaired for m in messages):
        moved = [[one in m.found.repaired for one in m.found.index] for m in messages]
        flag[_flat(moved, np.bool_)[kept]] |= Flag.CLOCK_REPAIRED
    high, low, segment, offset = _of_messages(messages)[number].T
    index = _flat([m.found.index for m in messages], np.int64)[kept]
    rows = ReadingColumns(
        table.point[slots], times[kept], value, flag, high, low, segment, offset, index
    )
    fits = np.abs(value) < LARGEST
    _refuse(messages, number[~fits], place[~fits])
    return Columns(rows.take(fits), number[fits], place[fits])


def normalise(sent: F64, slots: I64, table: SlotTable) -> tuple[F64, I16]:
    """(canonical values, flags) of values as sent, shape (n,) both."""
    with np.errstate(over="ignore"):
        value = sent * table.numerator[slots] / table.denominator[slots] + table.offset[slots]
    outside = (value < table.low[slots]) | (value > table.high[slots])
    return value, np.where(outside, np.int16(Flag.OUT_OF_RANGE), np.int16(Flag.GOOD))


def _flat(parts: Sequence[Sequence[float]], dtype: type) -> NDArray[Any]:
    return np.array([value for part in parts for value in part], dtype=dtype)


def _times(messages: Sequence[Received], number: I64) -> tuple[I64, NDArray[np.bool_]]:
    """(times, whether the time of arrival stands in) of all readings."""
    given = [time for m in messages for time in m.found.times]
    untimed = np.array([time is None for time in given], dtype=np.bool_)
    arrived = np.array([m.record.arrived_us for m in messages], dtype=np.int64)
    stated = np.array([0 if time is None else time for time in given], dtype=np.int64)
    return np.where(untimed, arrived[number], stated), untimed


def _of_messages(messages: Sequence[Received]) -> I64:
    """(m, 4): order key, segment and offset of each message."""
    rows = [(*m.order_key(), m.segment, m.offset) for m in messages]
    return np.array(rows, dtype=np.int64).reshape(-1, 4)


def _refuse(messages: MessagesByNumber, number: I64, place: I64) -> None:
    for message, row in zip(number.tolist(), place.tolist(), strict=True):
        found = messages[message].found
        messages[message].problems.append(
            Problem(
                "bad_value",
                f"beyond {LARGEST:g} in the point's unit",
                "value",
                repr(found.values[row]),
                "check the gateway's scaling and unit",
                found.index[row],
                found.points[row],
            )
        )
