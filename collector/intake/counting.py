"""What a batch adds to each gateway's counters, and which gateways are connected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from collector.intake.dead_letters import lasting
from collector.intake.normalise import Columns
from collector.intake.receive import Received
from collector.intake.report import StepReport
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
        clients = self._open.setdefault(record.gateway, {})
        client = record.client or record.connection
        if record.kind == "connect":
            clients[client] = record.connection
        elif record.kind == "disconnect":
            if clients.get(client) == record.connection:
                del clients[client]
        else:
            return None
        return bool(clients)


@dataclass(frozen=True, eq=False)
class Tally:
    """Outcomes of a batch's messages."""

    messages: Sequence[Received]
    outcomes: I64
    """(messages, 4) readings by Outcome."""
    last_time_us: I64
    """(messages,) the latest time of a reading taken, 0 where there is none."""

    @classmethod
    def of(cls, messages: Sequence[Received], columns: Columns, outcome: I64) -> Tally:
        """Count rows by message and outcome; those refused or in conflict are left out."""
        taken = outcome >= 0
        number, kinds = columns.message[taken], len(Outcome)
        cells = np.bincount(
            number * kinds + outcome[taken], minlength=len(messages) * kinds
        ).reshape(-1, kinds)
        for place, message in enumerate(messages):
            if message.redelivered:
                cells[place, Outcome.DUPLICATE] += message.found.times.count(None)
        latest = np.zeros(len(messages), dtype=np.int64)
        np.maximum.at(latest, number, columns.rows.time_us[taken])
        return cls(messages, cells, latest)

    def total(self, outcome: Outcome) -> int:
        """How many readings ended so."""
        return int(self.outcomes[:, outcome].sum())

    def dead(self) -> Counter[str]:
        """Dead letters by reason."""
        return Counter(p.reason for m in self.messages for p in lasting(m))

    def report(self, *, dead: int, replayed: int) -> StepReport:
        """The batch in one line; a replay brings no records of its own."""
        return StepReport(
            records=0 if replayed else len(self.messages),
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
        sums: dict[str, GatewayCounts] = {}
        for place, message in enumerate(self.messages):
            old = sums.get(message.gateway, GatewayCounts(message.gateway))
            sums[message.gateway] = self._added(old, place, connections)
        return tuple(sums.values())

    def _added(self, old: GatewayCounts, place: int, connections: Connections) -> GatewayCounts:
        message, taken = self.messages[place], [int(n) for n in self.outcomes[place]]
        record, sent_us = message.record, message.found.sent_us
        dead = lasting(message)
        connected = connections.follow(record)
        told = connected is not None
        return replace(
            old,
            messages=old.messages + message.is_message,
            readings=old.readings + sum(taken) + sum(p.index >= 0 for p in dead),
            new=old.new + taken[Outcome.NEW],
            duplicates=old.duplicates + taken[Outcome.DUPLICATE],
            corrections=old.corrections + taken[Outcome.CORRECTION],
            outdated=old.outdated + taken[Outcome.OUTDATED],
            dead=old.dead + len(dead),
            bytes=old.bytes + (len(record.payload) if message.is_message else 0),
            last_arrival_us=max(old.last_arrival_us, record.arrived_us),
            last_time_us=max(old.last_time_us, int(self.last_time_us[place])),
            last_skew_us=old.last_skew_us if sent_us is None else record.arrived_us - sent_us,
            connected=connected if told else old.connected,
            connection_us=record.arrived_us if told else old.connection_us,
        )


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
