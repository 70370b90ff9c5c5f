"""Many messages at once, from their payloads to columns, without an object for each.

Nearly every message is right throughout, of points that are known, and says its times. These are
parsed one by one and looked up together. Whatever is otherwise is left to `Decoding.read`, which
says what is wrong with it; so both ways give the same of the same message.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from collector.decode import MessageLimits
from collector.decode.decoder import Plain, PlainMessage
from collector.decode.instant import of_text
from collector.intake.resolve import SlotKey
from collector.journal.record import Located
from metering.errors import InvalidInput
from metering.quantity import I64
from metering.reading import F64

NEVER = -(2**63)
"""Stands for a time that is none."""
_FAR = 2**62
Instant = str | int | None


class BulkLane(NamedTuple):
    """How the messages of one sender and topic are read in bulk."""

    gateway: str
    plain: Plain
    slots: Mapping[SlotKey, int]
    """Of the gateway's points, as far as they were looked up; it grows meanwhile."""


@dataclass(frozen=True, eq=False)
class Parsed:
    """Messages that are right in form, not looked at further: lists side by side."""

    number: list[int]
    """Its place in the batch."""
    located: list[Located]
    lane: list[BulkLane]
    message: list[PlainMessage]

    @classmethod
    def none(cls) -> Parsed:
        """No message."""
        return cls([], [], [], [])


@dataclass(frozen=True, eq=False)
class PlainReadings:
    """Messages that are right throughout (m of them, in the order of the journal) and all their
    readings (n of them, likewise)."""

    number: I64
    """(m,) the message's place in the batch."""
    gateway: Sequence[str]
    """(m,)"""
    segment: I64
    offset: I64
    arrived_us: I64
    """(m,) [us UTC]"""
    size: I64
    """(m,) [bytes] of the payload."""
    sent_us: I64
    """(m,) [us UTC]; NEVER where it does not say."""
    high: I64
    low: I64
    """(m,) the order key."""
    row: I64
    """(n,) the message as a place in these columns."""
    place: I64
    """(n,) the reading's place in the message."""
    slot: I64
    time_us: I64
    """(n,) [us UTC]"""
    value: F64
    """(n,) as sent."""

    def __len__(self) -> int:
        return len(self.number)


def read_plainly(
    parsed: Parsed, limits: MessageLimits, learn: Callable[[Located], object]
) -> tuple[PlainReadings, I64]:
    """What can be read at once of the messages, and the numbers of those that cannot.

    learn: reads a message by itself, and has its points looked up by that.
    """
    messages, located = parsed.message, parsed.located
    records = [one.record for one in located]
    arrived = _ints([record.arrived_us for record in records])
    length = _ints([len(message.readings) for message in messages])
    row = np.repeat(np.arange(len(messages)), length)
    slot = _slots(parsed, row, learn)
    time_us = _instants(
        [
            message.time if reading.time is None else reading.time
            for message in messages
            for reading in message.readings
        ]
    )
    sent_us, sent_well = _stated([message.sent for message in messages])
    _, timed_well = _stated([message.time for message in messages])
    place = _ints([one.segment << 32 | one.offset for one in located])
    high, low, numbered_well = _order(messages, arrived, place)
    good = sent_well & timed_well & numbered_well & (length <= limits.readings)
    absurd = (time_us < limits.oldest_us) | (time_us > arrived[row] + limits.ahead_us)
    good[row[(slot < 0) | absurd]] = False
    kept, number = good[row], _ints(parsed.number)
    value = [reading.value for message in messages for reading in message.readings]
    gateways = [lane.gateway for lane in parsed.lane]
    return PlainReadings(
        number=number[good],
        gateway=gateways if good.all() else list(compress(gateways, good.tolist())),
        segment=(place >> 32)[good],
        offset=(place & 0xFFFF_FFFF)[good],
        arrived_us=arrived[good],
        size=_ints([len(record.payload) for record in records])[good],
        sent_us=sent_us[good],
        high=high[good],
        low=low[good],
        row=(np.cumsum(good) - 1)[row[kept]],
        place=(np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length))[kept],
        slot=slot[kept],
        time_us=time_us[kept],
        value=np.array(value, np.float64)[kept],
    ), number[~good]


def _slots(parsed: Parsed, row: I64, learn: Callable[[Located], object]) -> I64:
    """The slot of each reading, -1 where there is none. Points that were not looked up yet are
    now, by the first message that has each."""
    found = _ints(
        [
            known((reading.point, reading.kind, reading.unit), -1)
            for known, message in zip(
                [lane.slots.get for lane in parsed.lane], parsed.message, strict=True
            )
            for reading in message.readings
        ]
    )
    tried: set[tuple[str, SlotKey]] = set()
    for number in np.unique(row[found < 0]).tolist():
        lane, start = parsed.lane[number], int(np.searchsorted(row, number))
        readings = parsed.message[number].readings
        keys = [(one.point, one.kind, one.unit) for one in readings]
        if any(key not in lane.slots and (lane.gateway, key) not in tried for key in keys):
            learn(parsed.located[number])
            tried.update((lane.gateway, key) for key in keys)
        found[start : start + len(keys)] = [lane.slots.get(key, -1) for key in keys]
    return found


def _ints(values: list[int]) -> I64:
    return np.array(values, np.int64)


def _instants(stated: Sequence[Instant]) -> I64:
    """[us UTC] of times as they are stated, most of them again and again; NEVER where one is not
    given, or is none."""
    known = {one: _instant(one) for one in set(stated)}
    return _ints([known[one] for one in stated])


def _instant(stated: Instant) -> int:
    if stated is None:
        return NEVER
    try:
        time_us = stated * 1000 if isinstance(stated, int) else of_text(stated)
    except InvalidInput:
        return NEVER
    return time_us if abs(time_us) < _FAR else NEVER


def _stated(stated: Sequence[Instant]) -> tuple[I64, NDArray[np.bool_]]:
    """(what each message says of an instant [us UTC], NEVER where it does not; whether it says it
    rightly)."""
    if not any(one is not None for one in stated):
        return np.full(len(stated), NEVER), np.ones(len(stated), np.bool_)
    time_us = _instants(stated)
    said = np.array([one is not None for one in stated], np.bool_)
    return time_us, ~said | (time_us != NEVER)


def _order(
    messages: Sequence[PlainMessage], arrived: I64, place: I64
) -> tuple[I64, I64, NDArray[np.bool_]]:
    """The order key of each message as `Received.order_key` has it, and whether session and seq
    are given together."""
    session = [message.session for message in messages]
    seq = [message.seq for message in messages]
    has = np.array([one is not None for one in session], np.bool_)
    well = has == np.array([one is not None for one in seq], np.bool_)
    if not has.any():
        return arrived, place, well
    high = np.where(has, _ints([one or 0 for one in session]), arrived)
    return high, np.where(has, _ints([one or 0 for one in seq]), place), well
