"""From a journal record to decoded readings whose points are resolved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial

from collector.decode import DECODERS, Decoded, Decoder, Limits, Problem
from collector.intake.resolve import Resolver
from collector.journal.record import Record
from collector.topics import HTTP_ROUTE, ROUTES, Route, owner_of, route_of
from metering.errors import shorten


@dataclass
class Received:
    """One record of the journal: what was in it, and what stood against it."""

    segment: int
    offset: int
    record: Record
    gateway: str
    """Whose points its readings are."""
    found: Decoded = field(default_factory=Decoded)
    slots: list[int] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    redelivered: bool = False
    """Its readings without a time came before, in an earlier delivery of the same packet."""

    @property
    def is_message(self) -> bool:
        """Whether it was published, by the gateway or as its will: other records tell of
        connections."""
        return self.record.kind in ("message", "will")

    @property
    def is_untimed(self) -> bool:
        """Whether any reading goes by its time of arrival."""
        return None in self.found.times

    def order_key(self) -> tuple[int, int]:
        """(session, seq), else (arrival, place in the journal): the higher one stands."""
        if self.found.session is not None and self.found.seq is not None:
            return self.found.session, self.found.seq
        return self.record.arrived_us, self.segment << 32 | self.offset


class Receiver:
    """How records are read: the table of routes, the decoders and their limits."""

    def __init__(
        self,
        routes: Sequence[Route] = ROUTES,
        decoders: Mapping[str, Decoder] = DECODERS,
        limits: Limits | None = None,
    ) -> None:
        self._decoders = decoders
        self._limits = limits or Limits()
        self._route_of = lru_cache(maxsize=4096)(partial(route_of, tuple(routes)))

    def receive(self, segment: int, offset: int, record: Record, resolver: Resolver) -> Received:
        """Decode one record and look its points up. Never raises for what is in it."""
        received = Received(segment, offset, record, record.gateway)
        if not received.is_message:
            return received
        route = self._route_of(record.route)
        refusal = _unrouted(record) if route is None else _foreign(route, record)
        if refusal is not None or route is None:
            received.problems = [refusal] if refusal else []
            return received
        received.gateway = route.gateway or owner_of(record.route) or record.gateway
        received.found = self._decode(route.decoder, record)
        received.slots, unresolved = resolver.slots(received.gateway, received.found)
        received.problems = received.found.problems + unresolved
        return received

    def _decode(self, name: str, record: Record) -> Decoded:
        try:
            return self._decoders[name](record.payload, record.arrived_us, self._limits)
        except Exception as error:  # a decoder's own fault must not hold up what follows
            return Decoded.refused(
                Problem(
                    "decoder_failed",
                    f"decoder {name} failed: {type(error).__name__}: {error}",
                    "payload",
                    shorten(record.payload),
                    "report the decoder's fault; the message replays once it is mended",
                )
            )


def only(received: Received, indices: frozenset[int]) -> Received:
    """The record with these of its readings alone; -1 means all of them."""
    if -1 in indices:
        return received
    rows = [row for row, index in enumerate(received.found.index) if index in indices]
    found = received.found
    kept = replace(
        found,
        index=[found.index[row] for row in rows],
        points=[found.points[row] for row in rows],
        kinds=[found.kinds[row] for row in rows],
        units=[found.units[row] for row in rows],
        times=[found.times[row] for row in rows],
        values=[found.values[row] for row in rows],
        problems=[],
    )
    return replace(
        received,
        found=kept,
        slots=[received.slots[row] for row in rows],
        problems=[p for p in received.problems if p.index in indices or p.index == -1],
    )


def _unrouted(record: Record) -> Problem:
    return Problem(
        "unknown_topic",
        "no decoder is set for this topic",
        "topic",
        record.route if record.route.isprintable() else shorten(record.route),
        "publish to greenoffice/v1/SITE/GATEWAY/readings, or add a route for the topic",
    )


def _foreign(route: Route, record: Record) -> Problem | None:
    """A gateway may only publish under its own name. HTTP checked its key before."""
    owner = owner_of(record.route)
    over_http = record.route.startswith(HTTP_ROUTE)
    if owner is None or over_http or route.gateway is not None or owner == record.gateway:
        return None
    return Problem(
        "foreign_topic",
        f"sent by gateway {record.gateway}",
        "topic",
        record.route,
        f"publish to greenoffice/v1/{record.gateway}/..., or sign in as {owner}",
    )
