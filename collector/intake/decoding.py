"""From a journal record to decoded readings whose points are resolved."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import msgspec

from collector.decode import DECODERS, Decode, Decoded, Decoder, Incoming, MessageLimits, Problem
from collector.decode.past import NO_PAST, GatewayPast
from collector.intake.bulk import BulkLane
from collector.intake.clock_times import any_time, placed
from collector.intake.memory import GatewayMemory
from collector.intake.resolve import Resolver
from collector.journal.record import OURS, Record
from collector.properties import NO_PROPERTIES
from collector.routes import Chosen, Router, routed_gateways
from metering.clock_repair import ClockRepair
from metering.errors import InvalidInput, shorten
from metering.joining import MOST_SEEN, Described
from metering.reading import ENTERED_ORDER
from metering.registry import Registry, Route
from metering.statement import Statement

_LANES, _LONG_ROUTE = 20_000, 1_024
"""Senders with their topics that are remembered at most, and topics up to which length."""


@dataclass
class Received:
    """One record of the journal: what was in it, and what stood against it."""

    segment: int
    offset: int
    record: Record
    gateway: str
    """Whose points its readings are."""
    read_by: str = ""
    """The decoder that was chosen, with its options; '' where none was."""
    found: Decoded = field(default_factory=Decoded)
    slots: list[int] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    redelivered: bool = False
    """Its readings without a time came before, in an earlier delivery of the same packet."""

    @property
    def is_message(self) -> bool:
        """Whether it was published, by the gateway or as its will: other records tell of
        connections."""
        return self.record.kind in ("message", "will", *OURS)

    @property
    def is_sent(self) -> bool:
        """Whether a gateway sent it, by its own clock."""
        return self.is_message and self.record.kind not in OURS

    @property
    def is_entered(self) -> bool:
        """Whether a person entered its readings."""
        return self.record.kind == "entered"

    @property
    def is_untimed(self) -> bool:
        """Whether any reading goes by its time of arrival."""
        return None in self.found.times

    @property
    def statement(self) -> Statement | None:
        """What a person stated, with its place; None where the record is no person's."""
        found = self.found.statement
        if found is None or not self.is_entered:
            return None
        return replace(
            found,
            entered_by=self.record.client,
            arrived_us=self.record.arrived_us,
            segment=self.segment,
            offset=self.offset,
        )

    def order_key(self) -> tuple[int, int]:
        """(session, seq), else (arrival, place in the journal): the higher one stands. What a
        person entered stands above all of these."""
        if self.is_entered:
            place = self.segment << 32 | self.offset
            return ENTERED_ORDER + self.record.arrived_us, place
        if self.found.session is not None and self.found.seq is not None:
            return self.found.session, self.found.seq
        return self.record.arrived_us, self.segment << 32 | self.offset


class Decoding:
    """How records are read: routes of the settings, the decoders and their limits."""

    def __init__(
        self,
        routes: Sequence[Route] = (),
        decoders: Mapping[str, Decoder] = DECODERS,
        limits: MessageLimits | None = None,
    ) -> None:
        self._routes = tuple(routes)
        self._decoders = decoders
        self.limits = limits or MessageLimits()
        self._router = Router(Registry(), self._routes, decoders)
        self._reader = lru_cache(maxsize=1024)(self._find_reader)
        self._laned: Resolver | None = None
        self._lanes: dict[tuple[str, str, str], BulkLane | None] = {}
        self._repairs: Mapping[str, Sequence[ClockRepair]] = {}

        self._memory: GatewayMemory | None = None

    def remembering(self, memory: GatewayMemory) -> Decoding:
        """The same, for one thread, where decoders that go by earlier messages find them, and what
        messages say is noted."""
        found = copy.copy(self)
        found._memory, found._laned, found._lanes = memory, None, {}
        return found

    def repair_clocks(self, repairs: Mapping[str, Sequence[ClockRepair]]) -> None:
        """From now on, what was decided of the clocks of gateways."""
        self._repairs, self._lanes = repairs, {}

    def choose(self, record: Record, registry: Registry) -> Chosen | Problem:
        """How a record is read as the registry stands, or why it is not."""
        return self._routing(registry).choose(record)

    def _routing(self, registry: Registry) -> Router:
        if self._router.registry is not registry:
            self._router = Router(registry, self._routes, self._decoders)
        return self._router

    def routed(self, registry: Registry) -> frozenset[str] | None:
        """Gateways of which a route may say how they are read; None means all of them."""
        return routed_gateways(registry, self._routes)

    def lanes(self, resolver: Resolver) -> Callable[[Record], BulkLane | None]:
        """How a record is read in bulk, None where it is not: told of each sender and topic once
        for as long as a registry stands."""
        if self._laned is not resolver:
            self._laned, self._lanes = resolver, {}
        lanes = self._lanes

        def lane_of(record: Record) -> BulkLane | None:
            if len(record.route) > _LONG_ROUTE:
                return None
            key = (record.gateway, record.route, record.kind)
            try:
                return lanes[key]
            except KeyError:
                if len(lanes) >= _LANES:
                    lanes.clear()
                lanes[key] = lane = self._find_lane(record, resolver)
                return lane

        return lane_of

    def _find_lane(self, record: Record, resolver: Resolver) -> BulkLane | None:
        if record.kind != "message":
            return None
        chosen = self._routing(resolver.registry).always(record)
        decoder = self._decoders.get(chosen.route.decoder) if chosen else None
        if chosen is None or decoder is None or decoder.plain is None or chosen.route.options:
            return None
        if chosen.gateway in self._repairs:
            return None  # its times are looked at one by one
        return BulkLane(chosen.gateway, decoder.plain, resolver.known(chosen.gateway))

    def read(
        self,
        segment: int,
        offset: int,
        record: Record,
        resolver: Resolver,
        *,
        as_reported: bool = False,
    ) -> Received:
        """Decode one record and look its points up. Never raises for what is in it. `as_reported`:
        with whatever times the gateway gave."""
        received = Received(segment, offset, record, record.gateway)
        if not received.is_message:
            return received
        chosen = self.choose(record, resolver.registry)
        if isinstance(chosen, Problem):
            received.problems = [chosen]
            return received
        received.gateway, received.read_by = chosen.gateway, chosen.route.read_by
        past = self._past(chosen, segment, offset)
        received.found = self._timed(chosen, record, past, as_reported)
        if self._memory is not None and received.found.remembered:
            self._memory.note(chosen.gateway, segment, offset, received.found.remembered)
        received.slots, unresolved = resolver.slots(received.gateway, received.found)
        received.problems = received.found.problems + unresolved
        if received.found.described:
            received.found.described = list(self._named(received, resolver.registry))
        return received

    def _named(self, received: Received, registry: Registry) -> Iterator[Described]:
        """What a gateway describes, under the names that its readings will come under: those that
        the decoder of the topic gives to a value published there."""
        for one in received.found.described[:MOST_SEEN]:
            if one.point:
                yield one
                continue
            trial = msgspec.structs.replace(
                received.record, route=one.topic, payload=_trial(one.path), properties=None
            )
            chosen = self.choose(trial, registry)
            if isinstance(chosen, Chosen) and chosen.gateway == received.gateway:
                behind = self._past(chosen, received.segment, received.offset + 1)
                found = self._decode(chosen, trial, behind, self.limits)
                if len(found.points) == 1:
                    unit = one.unit or found.units[0] or ""
                    yield replace(one, point=found.points[0], unit=unit)

    def _past(self, chosen: Chosen, segment: int, offset: int) -> GatewayPast:
        decoder = self._decoders.get(chosen.route.decoder)
        if self._memory is None or decoder is None or not decoder.remembers:
            return NO_PAST
        return self._memory.past(chosen.gateway, segment, offset)

    def _timed(
        self, chosen: Chosen, record: Record, past: GatewayPast, as_reported: bool
    ) -> Decoded:
        """By the clock of its gateway; what a person entered or loaded has none."""
        repairs = self._repairs.get(chosen.gateway, ())
        if record.kind in OURS or not (repairs or as_reported):
            return self._decode(chosen, record, past, self.limits)
        found = self._decode(chosen, record, past, any_time(self.limits))
        return found if as_reported else placed(found, record.arrived_us, repairs, self.limits)

    def _decode(
        self, chosen: Chosen, record: Record, past: GatewayPast, limits: MessageLimits
    ) -> Decoded:
        incoming = Incoming(
            record.route,
            record.payload,
            record.arrived_us,
            chosen.gateway,
            record.properties or NO_PROPERTIES,
            chosen.zone,
            past,
        )
        reader = self._reader(chosen.route.decoder, chosen.route.options)
        if isinstance(reader, Problem):
            return Decoded.refused(reader)
        try:
            return reader(incoming, limits)
        except Exception as error:  # a decoder's own fault must not hold up what follows
            return Decoded.refused(failed(chosen.route.decoder, error, record.payload))

    def _find_reader(self, decoder: str, options: str) -> Decode | Problem:
        """A route was checked when it was registered, but maybe by a later version."""
        known = ", ".join(sorted(self._decoders))
        if decoder not in self._decoders:
            fix = f"register a route to one of {known}"
            return Problem("bad_route", "there is no such decoder", "decoder", decoder, fix)
        try:
            return self._decoders[decoder].reader(Route("", "", decoder, options).told)
        except InvalidInput as error:
            return Problem("bad_route", error.message, "options", options, error.fix or "")


def _trial(path: Sequence[str]) -> bytes:
    """A payload with one value at the end of a way through objects."""
    value: object = 1
    for name in reversed(path):
        value = {name: value}
    return msgspec.json.encode(value)


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


def failed(decoder: str, error: Exception, payload: bytes) -> Problem:
    """A decoder's own fault, as the dead letter of the message that it failed on."""
    return Problem(
        "decoder_failed",
        f"decoder {decoder} failed: {type(error).__name__}: {error}",
        "payload",
        shorten(payload),
        "report the decoder's fault; the message replays once it is mended",
    )
