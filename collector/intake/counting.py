"""What a batch adds to each gateway's counters, and which gateways are connected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from collector.intake.batch import ReceivedBatch
from collector.intake.bulk import NEVER, PlainReadings
from collector.intake.dead_letters import lasting
from collector.intake.decoding import Received
from collector.intake.normalise import Columns
from collector.intake.report import IntakeReport
from collector.journal.record import Record
from metering.intake import GatewayCounts
from metering.quantity import I64
from metering.reading import Outcome


class Connections:
    """Open connections of each gateway, as far as their beginnings and ends were read."""

    def __init__(self) -> None:
        self._open: dict[str, dict[str, str]] = {}

    def follow(self, record: Record) -> bool | None:
        """Whether the gateway is connected after this record; None where it says nothing.

        An old connection may end after the one that took over has begun, so a gateway is
        gone only when all its clients are.
        """
        if record.kind not in ("connect", "disconnect"):
            return None
        clients = self._open.setdefault(record.gateway, {})
        client = record.client or record.connection
        if record.kind == "connect":
            clients[client] = record.connection
        elif clients.get(client) == record.connection:
            del clients[client]
        return bool(clients)


@dataclass(frozen=True, eq=False)
class OutcomeTally:
    """Outcomes of a batch's messages."""

    batch: ReceivedBatch
    outcomes: I64
    """(messages, 4) readings by Outcome."""
    last_time_us: I64
    """(messages,) the latest time of a reading taken, 0 where there is none."""

    @classmethod
    def of(cls, batch: ReceivedBatch, columns: Columns, outcome: I64) -> OutcomeTally:
        """Count rows by message and outcome; those refused or in conflict are left out."""
        taken = outcome >= 0
        number, kinds = columns.message[taken], len(Outcome)
        cells = np.bincount(number * kinds + outcome[taken], minlength=len(batch) * kinds).reshape(
            -1, kinds
        )
        for place, message in batch.apart.items():
            if message.redelivered:
                cells[place, Outcome.DUPLICATE] += message.found.times.count(None)
        latest = np.zeros(len(batch), dtype=np.int64)
        np.maximum.at(latest, number, columns.rows.time_us[taken])
        return cls(batch, cells, latest)

    def total(self, outcome: Outcome) -> int:
        """How many readings ended so."""
        return int(self.outcomes[:, outcome].sum())

    def dead(self) -> Counter[str]:
        """Dead letters by reason."""
        return Counter(p.reason for m in self.batch.by_itself() for p in lasting(m))

    def report(self, *, dead: int, replayed: int) -> IntakeReport:
        """The batch in one line; a replay brings no records of its own."""
        return IntakeReport(
            records=0 if replayed else len(self.batch),
            readings=int(self.outcomes.sum()),
            new=self.total(Outcome.NEW),
            duplicates=self.total(Outcome.DUPLICATE),
            corrections=self.total(Outcome.CORRECTION),
            outdated=self.total(Outcome.OUTDATED),
            dead=dead,
            replayed=replayed,
        )

    def counts(self, connections: Connections) -> tuple[GatewayCounts, ...]:
        """One entry per gateway."""
        sums: dict[str, _Sum] = {}
        together = set(self.batch.plain.number.tolist()) if self.batch.apart else set()
        self._add_plain(sums)
        for number, message in sorted(self.batch.apart.items()):
            if message.is_entered and not message.gateway:
                continue  # a bill is of no gateway
            one = sums.setdefault(message.gateway, _Sum())
            if number in together:
                one.bury(message)
                continue
            taken, last_us = self.outcomes[number].tolist(), int(self.last_time_us[number])
            one.add(message, taken, last_us, number)
            one.follow(message.record, connections)
        return tuple(one.counts(gateway) for gateway, one in sums.items())

    def _add_plain(self, sums: dict[str, _Sum]) -> None:
        """Add what was read together, by gateway at once."""
        plain = self.batch.plain
        codes: dict[str, int] = {}
        code = np.array([codes.setdefault(g, len(codes)) for g in plain.gateway], np.int64)
        outcomes, last_us = self.outcomes[plain.number], self.last_time_us[plain.number]
        for gateway, own in codes.items():
            chosen = np.flatnonzero(code == own)
            sums[gateway] = _sum_of(plain, chosen, outcomes[chosen], last_us[chosen])


@dataclass(slots=True)
class _Sum:
    """One gateway's counts, as they add up."""

    messages: int = 0
    readings: int = 0
    outcomes: list[int] = field(default_factory=lambda: [0] * len(Outcome))
    dead: int = 0
    bytes: int = 0
    last_arrival_us: int = 0
    last_time_us: int = 0
    last_skew_us: int | None = None
    skew_of: int = -1
    """The message that it is of."""
    connected: bool | None = None
    connection_us: int = 0

    def bury(self, message: Received) -> None:
        """Count what stands against a message; it is counted itself."""
        dead = lasting(message)
        self.readings += sum(problem.index >= 0 for problem in dead)
        self.dead += len(dead)

    def add(self, message: Received, taken: list[int], last_us: int, number: int) -> None:
        """Count a message, the latest one but for those that were counted at once."""
        record = message.record
        if message.is_message:
            self.messages += 1
            self.bytes += len(record.payload)
        self.readings += sum(taken)
        self.outcomes = [old + new for old, new in zip(self.outcomes, taken, strict=True)]
        self.bury(message)
        if message.is_message and not message.is_sent:
            return  # no sign of life of the gateway
        self.last_arrival_us = max(self.last_arrival_us, record.arrived_us)
        self.last_time_us = max(self.last_time_us, last_us)
        if message.found.sent_us is not None and number > self.skew_of:
            self.last_skew_us, self.skew_of = record.arrived_us - message.found.sent_us, number

    def follow(self, record: Record, connections: Connections) -> None:
        connected = connections.follow(record)
        if connected is not None:
            self.connected, self.connection_us = connected, record.arrived_us

    def counts(self, gateway: str) -> GatewayCounts:
        return GatewayCounts(
            gateway,
            messages=self.messages,
            readings=self.readings,
            new=self.outcomes[Outcome.NEW],
            duplicates=self.outcomes[Outcome.DUPLICATE],
            corrections=self.outcomes[Outcome.CORRECTION],
            outdated=self.outcomes[Outcome.OUTDATED],
            dead=self.dead,
            bytes=self.bytes,
            last_arrival_us=self.last_arrival_us,
            last_time_us=self.last_time_us,
            last_skew_us=self.last_skew_us,
            connected=self.connected,
            connection_us=self.connection_us,
        )


def _sum_of(plain: PlainReadings, chosen: I64, outcomes: I64, last_us: I64) -> _Sum:
    """Of the chosen messages, all of one gateway."""
    found = _Sum(
        messages=len(chosen),
        readings=int(outcomes.sum()),
        outcomes=outcomes.sum(axis=0).tolist(),
        bytes=int(plain.size[chosen].sum()),
        last_arrival_us=int(plain.arrived_us[chosen].max()),
        last_time_us=int(last_us.max()),
    )
    said = chosen[plain.sent_us[chosen] != NEVER]
    if said.size:
        last = said[-1]
        found.last_skew_us = int(plain.arrived_us[last] - plain.sent_us[last])
        found.skew_of = int(plain.number[last])
    return found


def taken_in(counts: Iterable[GatewayCounts]) -> tuple[GatewayCounts, ...]:
    """Counts of replayed dead letters: their messages were counted when they came."""
    return tuple(
        GatewayCounts(
            one.gateway,
            new=one.new,
            duplicates=one.duplicates,
            corrections=one.corrections,
            outdated=one.outdated,
            dead=one.dead,
            last_time_us=one.last_time_us,
        )
        for one in counts
    )


def taken_again(counts: Iterable[GatewayCounts]) -> tuple[GatewayCounts, ...]:
    """Counts of messages that were read again: what had been taken before is none of them."""
    return tuple(replace(one, duplicates=0, outdated=0, dead=0) for one in counts)
