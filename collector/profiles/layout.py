"""Bytes by tables: fields behind each other, and values that are each led by a tag.

Field     name, size, factor ...          fields(...)   a reader of fields behind each other
tagged    tag, value, tag, value, ...     the reader of each tag from a table
by_port   a layout for each FPort
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from collector.decode.message import Problem
from collector.decode.quantity import Quantity
from collector.profiles.profile import Octets, no_measurement, not_known, scaled, unknown_message
from metering.reading import Kind

Reader = Callable[[Octets], list[Quantity]]
"""Takes its bytes off and gives what they say; Refusal where they end too soon."""

STATE = Kind.STATE
REGISTER = Kind.REGISTER


@dataclass(frozen=True, slots=True)
class Field:
    """A number among bytes."""

    name: str
    """'' for bytes that say nothing."""
    size: int
    """[bytes]; below 0: two's complement."""
    factor: float = 1
    unit: str | None = None
    kind: Kind | None = Kind.INSTANT
    offset: float = 0
    """Value = raw * factor + offset."""
    absent: int | None = None
    """The raw bits that mean that there is no value."""
    mask: int = 0
    """Which bits of the bytes are the number; 0: all."""
    again: bool = False
    """Of the same bytes as the field before it."""


def fields(*layout: Field) -> Reader:
    """A reader of these fields, one behind the other."""
    return partial(read_fields, layout)


def read_fields(layout: tuple[Field, ...], octets: Octets) -> list[Quantity]:
    """What the fields say; those whose value is absent are left out."""
    found = []
    for field in layout:
        if field.again:
            octets.at -= abs(field.size)
        raw = octets.unsigned(abs(field.size))
        if field.name and raw != field.absent:
            value = scaled(_number(field, raw), field.factor) + field.offset
            found.append(Quantity(field.name, round(value, 9), field.unit, field.kind))
    return found


def _number(field: Field, raw: int) -> int:
    if field.mask:
        lowest = field.mask & -field.mask
        return (raw & field.mask) // lowest
    bits = 8 * abs(field.size)
    negative = field.size < 0 and raw >> (bits - 1)
    return raw - (1 << bits) if negative else raw


def tagged(
    payload: bytes,
    size: int,
    table: Mapping[int, Reader],
    of_any_channel: Mapping[int, Reader] | None = None,
) -> list[Quantity | Problem]:
    """Values each led by a tag of `size` bytes, up to one that is in no table; the last byte of a
    tag alone decides in `of_any_channel`. A name that comes again has its number behind it."""
    octets = Octets(payload)
    found: list[Quantity | Problem] = []
    seen: dict[str, int] = {}
    while len(octets):
        start = octets.at
        tag = octets.unsigned(size)
        read = table.get(tag) or (of_any_channel or {}).get(tag & 0xFF)
        if read is None:
            found.append(not_known(payload, start, "a type of value"))
            break
        for one in read(octets):
            seen[one.name] = seen.get(one.name, 0) + 1
            number = seen[one.name]
            found.append(one if number == 1 else replace(one, name=f"{one.name}.{number}"))
    return found


def by_port(
    table: Mapping[int, Reader], silent: frozenset[int], payload: bytes, port: int
) -> list[Quantity | Problem]:
    """What the table reads on this FPort; Refusal for those that measure nothing, and others."""
    if port in silent:
        raise no_measurement("what a device says about itself", payload)
    if port not in table:
        raise unknown_message(payload, port)
    return list(table[port](Octets(payload)))
