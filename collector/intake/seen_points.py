"""What a batch brought of points that nobody registered, and what gateways said of their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import isfinite

from collector.intake.dead_letters import lasting
from collector.intake.decoding import Received
from metering.joining import MOST_SEEN, Described, SentValue, Sighting
from metering.reading import Kind
from metering.registry import Registry


@dataclass
class _Seen:
    """Of one point, as it adds up."""

    first_us: int
    last_us: int
    values: list[SentValue] = field(default_factory=list)
    kinds: dict[Kind, None] = field(default_factory=dict)
    described: Described | None = None


def sightings(messages: Iterable[Received], registry: Registry) -> tuple[Sighting, ...]:
    """One of each point that is not registered, of gateways that are; `MOST_SEEN` at most of one
    gateway, those that came first. messages: in the order of the journal."""
    found: dict[str, dict[str, _Seen]] = {}
    for message in messages:
        if message.is_sent and message.gateway in registry.gateways:
            _add(message, found.setdefault(message.gateway, {}), registry)
    return tuple(
        Sighting(
            gateway,
            point,
            one.first_us,
            one.last_us,
            tuple(sorted(one.values, key=lambda value: value[0])),
            tuple(one.kinds),
            one.described,
        )
        for gateway, own in sorted(found.items())
        for point, one in sorted(own.items())
    )


def _add(message: Received, own: dict[str, _Seen], registry: Registry) -> None:
    arrived_us = message.record.arrived_us

    def seen(point: str) -> _Seen | None:
        if point not in own and len(own) >= MOST_SEEN:
            return None
        one = own.setdefault(point, _Seen(arrived_us, arrived_us))
        one.last_us = max(one.last_us, arrived_us)
        return one

    for row in _unregistered(message):
        found = message.found
        one = seen(found.points[row])
        if one is not None and isfinite(found.values[row]):
            time_us, kind = found.times[row], found.kinds[row]
            at_us = arrived_us if time_us is None else time_us
            one.values.append((at_us, found.values[row], found.units[row] or ""))
            one.kinds |= {} if kind is None else {kind: None}
    for told in message.found.described:
        if registry.point_of(message.gateway, told.point) is None:
            described = seen(told.point)
            if described is not None:
                described.described = told


def _unregistered(message: Received) -> Iterator[int]:
    """Rows of the readings whose point is not registered."""
    unknown = {one.index for one in lasting(message) if one.reason == "unknown_point"}
    if unknown:
        for row, index in enumerate(message.found.index):
            if index in unknown:
                yield row
