"""What discovery said of the values on a topic, for the messages that come there.

    homeassistant/sensor/office/energy/config   key c/TOPIC   where its entities tell their values
    meter/energy                                key s/TOPIC   unit and kind by the way to each value

An announcement takes the place of the one before on its topic; an empty one takes it back. Several
may name one topic of values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

import msgspec

from collector.decode.past import GatewayPast
from metering.joining import Described
from metering.reading import Kind
from metering.units import UNITS

_LOOKED_UP = 1_024
_KINDS = (Kind.REGISTER, Kind.STATE)
"""What a class of state promises; a measurement may be a mean as well."""


class Entity(msgspec.Struct, array_like=True, frozen=True):
    """A value that was announced."""

    path: tuple[str, ...]
    unit: str | None = None
    kind: Kind | None = None


Entities = Mapping[tuple[str, ...], Entity]
_ByConfig = dict[str, list[Entity]]


def entities(past: GatewayPast, topic: str) -> Entities:
    """What is known of the values on a topic, by the way to each; () is the payload itself."""
    said = past.before(f"s/{topic}")
    return _by_path(said.value) if said is not None and said.value else {}


def changes(
    past: GatewayPast, config: str, told: Iterable[Described]
) -> Iterator[tuple[str, bytes]]:
    """What is to be remembered of an announcement; nothing where it says the same again."""
    now: dict[str, list[Entity]] = {}
    for one in told:
        unit = one.unit if one.unit in UNITS else None
        kind = one.kind if one.kind in _KINDS else None
        now.setdefault(one.topic, []).append(Entity(one.path, unit, kind))
    said = past.before(f"c/{config}")
    before: list[str] = msgspec.json.decode(said.value) if said is not None and said.value else []
    if sorted(now) != before:
        yield f"c/{config}", msgspec.json.encode(sorted(now)) if now else b""
    for topic in sorted({*before, *now}):
        known = past.before(f"s/{topic}")
        held = _read(known.value) if known is not None and known.value else {}
        others = {name: one for name, one in held.items() if name != config}
        new = {**others, config: now[topic]} if topic in now else others
        if new != held:
            yield f"s/{topic}", msgspec.json.encode(new, order="sorted") if new else b""


def _read(value: bytes) -> _ByConfig:
    return msgspec.json.decode(value, type=_ByConfig)


@lru_cache(maxsize=_LOOKED_UP)
def _by_path(value: bytes) -> Entities:
    return {one.path: one for _, own in sorted(_read(value).items()) for one in own}
