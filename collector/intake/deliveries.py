"""What a batch brought of each gateway: the numbers and times that came, answers to what it was
asked to send again, and the receipts of its days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from collector.intake.batch import ReceivedBatch
from collector.intake.bulk import NEVER
from collector.intake.counting import OutcomeTally
from collector.intake.dead_letters import lasting
from collector.intake.decoding import Received
from collector.intake.normalise import Columns
from metering.delivery import LATE_US, NEAR_US, QUARTER_US, Arrived, ClockDelay, Receipt
from metering.localtime import day_number, local_day
from metering.quantity import I64
from metering.reading import Flag, Outcome
from metering.registry import Registry

_NUMBERED = 2**50
"""Sequence numbers are below; places in the journal, which stand in for them, are above."""


@dataclass(frozen=True, eq=False)
class SideBySide:
    """The messages of a batch that gateways sent themselves, side by side."""

    code: I64
    """(n,) which gateway; -1 where a message is of none that is registered."""
    gateways: list[str]
    arrived_us: I64
    size: I64
    """(n,) [bytes] of the payload."""
    place: I64
    """(n, 2) segment and offset."""
    order: I64
    """(n, 2) session and number; -1 where it has none."""
    dead: I64
    """(n,) dead letters of it."""
    sent_us: I64
    """(n,) [us UTC] as the gateway's clock says; NEVER where it does not."""


def arrivals(
    tally: OutcomeTally, columns: Columns, writer_no: int, registry: Registry
) -> tuple[Arrived, ...]:
    """One of each registered gateway that sent something itself, by name."""
    batch = tally.batch
    messages = _side_by_side(batch, registry)
    if not messages.gateways:
        return ()
    late = _late(tally, columns, messages)
    timed = (columns.rows.flag & (Flag.ARRIVAL_TIME | Flag.ENTERED)) == 0
    row_code = np.where(timed, messages.code[columns.message], -1)
    found = []
    for code, gateway in enumerate(messages.gateways):
        own = np.flatnonzero(messages.code == code)
        zone = registry.zone(registry.gateways[gateway].site)
        found.append(
            Arrived(
                gateway,
                writer_no,
                int(messages.arrived_us[own].max()),
                numbers=dict(_numbers(messages.order[own])),
                times_us=np.unique(columns.rows.time_us[row_code == code]),
                answers=tuple(
                    one.found.resend
                    for number, one in sorted(batch.apart.items())
                    if messages.code[number] == code and one.found.resend is not None
                ),
                delays=tuple(_delays(messages, own)),
                receipts=tuple(_receipts(messages, own, tally.outcomes, late, writer_no, zone)),
            )
        )
    return tuple(sorted(found, key=lambda one: one.gateway))


def counted_before(arrived: tuple[Arrived, ...], *, again: bool) -> tuple[Arrived, ...]:
    """Of messages that were counted when they came; `again`: all of them were read then, and what
    had been taken is none of what is counted now."""
    return tuple(
        replace(one, receipts=tuple(_without_coming(day, again) for day in one.receipts))
        for one in arrived
    )


def _without_coming(day: Receipt, again: bool) -> Receipt:
    day = replace(day, messages=0, bytes=0, dead=0)
    return replace(day, duplicates=0, outdated=0) if again else day


def _side_by_side(batch: ReceivedBatch, registry: Registry) -> SideBySide:
    plain, count = batch.plain, len(batch)
    code = np.full(count, -1, np.int64)
    numbers = np.zeros((count, 8), np.int64)
    numbers[:, 7] = NEVER
    numbers[:, 4:6] = -1
    codes: dict[str, int] = {}

    def code_of(gateway: str) -> int:
        if gateway not in registry.gateways:
            return -1
        return codes.setdefault(gateway, len(codes))

    code[plain.number] = [code_of(gateway) for gateway in plain.gateway]
    numbered = plain.low < _NUMBERED
    order = np.where(numbered, (plain.high, plain.low), -1)
    parts = (plain.arrived_us, plain.size, plain.segment, plain.offset, *order)
    numbers[plain.number, :6] = np.stack(parts, axis=1)
    numbers[plain.number, 7] = plain.sent_us
    together = set(plain.number.tolist()) if batch.apart else set()
    for number, one in batch.apart.items():
        if one.is_sent:
            numbers[number, 6] = len(lasting(one))
            if number not in together:
                code[number] = code_of(one.gateway)
                numbers[number, :6] = _of_message(one)
                numbers[number, 7] = NEVER if one.found.sent_us is None else one.found.sent_us
    return SideBySide(
        code,
        list(codes),
        numbers[:, 0],
        numbers[:, 1],
        numbers[:, 2:4],
        numbers[:, 4:6],
        numbers[:, 6],
        numbers[:, 7],
    )


def _of_message(one: Received) -> tuple[int, ...]:
    found, record = one.found, one.record
    order = (-1, -1)
    if found.session is not None and found.seq is not None:
        order = found.session, found.seq
    return (record.arrived_us, len(record.payload), one.segment, one.offset, *order)


def _numbers(order: I64) -> Iterator[tuple[int, I64]]:
    """(session, its numbers that came)."""
    order = order[order[:, 0] >= 0]
    for session in np.unique(order[:, 0]).tolist():
        yield session, np.unique(order[order[:, 0] == session, 1])


def _delays(messages: SideBySide, own: I64) -> Iterator[ClockDelay]:
    """What they say of the gateway's clock, of each quarter hour of their arrival."""
    told = own[messages.sent_us[own] != NEVER]
    arrived = messages.arrived_us[told]
    quarter, delay = arrived // QUARTER_US, arrived - messages.sent_us[told]
    for one in np.unique(quarter).tolist():
        inside = quarter == one
        least = int(delay[inside].min())
        near = arrived[inside & (delay <= least + NEAR_US)]
        yield ClockDelay(one, least, len(near), int(near.min()), int(near.max()))


def _late(tally: OutcomeTally, columns: Columns, messages: SideBySide) -> I64:
    """(n,) readings of each message that were taken in long after their time."""
    counts = np.zeros(len(messages.code), np.int64)
    late = messages.arrived_us[columns.message] - columns.rows.time_us > LATE_US
    np.add.at(counts, columns.message[late], 1)
    taken: I64 = tally.outcomes[:, [Outcome.NEW, Outcome.CORRECTION]].sum(axis=1)
    least: I64 = np.minimum(counts, taken)
    return least


def _receipts(
    messages: SideBySide, own: I64, outcomes: I64, late: I64, writer_no: int, zone: str
) -> Iterator[Receipt]:
    day = _days(messages.arrived_us[own], zone)
    for one in np.unique(day).tolist():
        chosen = own[day == one]
        sums = outcomes[chosen].sum(axis=0).tolist()
        places = [tuple(place) for place in messages.place[chosen[[0, -1]]].tolist()]
        yield Receipt(
            messages.gateways[int(messages.code[chosen[0]])],
            one,
            writer_no,
            messages=len(chosen),
            bytes=int(messages.size[chosen].sum()),
            new=sums[Outcome.NEW],
            duplicates=sums[Outcome.DUPLICATE],
            corrections=sums[Outcome.CORRECTION],
            outdated=sums[Outcome.OUTDATED],
            late=int(late[chosen].sum()),
            dead=int(messages.dead[chosen].sum()),
            first=places[0],
            last=places[1],
        )


def _days(arrived_us: I64, zone: str) -> I64:
    """The day of each arrival at the site [days since 1970-01-01]; nearly always it is one."""
    ends = {_day(int(arrived_us.min()), zone), _day(int(arrived_us.max()), zone)}
    if len(ends) == 1:
        return np.full(len(arrived_us), ends.pop(), np.int64)
    return np.array([_day(one, zone) for one in arrived_us.tolist()], np.int64)


def _day(time_us: int, zone: str) -> int:
    return day_number(local_day(time_us, zone))
