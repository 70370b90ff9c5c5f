"""Resolving records against their bases, and what they measure.

    [{"bn": "urn:dev:ow:10e2:", "bt": 1795508100, "bu": "A"},
     {"n": "voltage", "u": "V", "v": 229.1}, {"n": "current", "t": -5, "v": 1.2}]

Times below 2^28 are seconds from now, which is the arrival [RFC 8428, section 4.5.3].
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from collector.decode.message import Decoded, Incoming, MessageLimits, Problem, Refusal
from collector.decode.quantity import Quantity
from collector.decode.senml.form import Record, is_text, records_of
from collector.decode.values import (
    epoch_of,
    measured,
    no_number,
    number_of,
    said_unit,
)
from metering.reading import Kind

_VERSION = 10
_ABSOLUTE_S = 2**28
_UNITS = {
    **{"Cel": "C", "K": "K", "%RH": "%", "/": "1", "%EL": "%", "count": "1", "vars": "var"},
    **{"l": "L", "l/s": "L/s", "m3/h": "m3/h", "J": "J", "varh": "varh", "ratio": "1"},
}
"""Units of SenML by ours, where they are spelled otherwise [RFC 8428, section 12.1; RFC 8798]."""
_OF_SECONDS = {"W": "J", "A": "As", "l/s": "l", "m3/s": "m3"}
"""What the sum of a unit over seconds is counted in."""


@dataclass
class _Base:
    """What holds for the records that follow."""

    name: str = ""
    time_s: float = 0.0
    unit: object = None
    value: float = 0.0
    sum: float = 0.0


def decode(incoming: Incoming, limits: MessageLimits) -> Decoded:
    """The readings of a pack. Raises Refusal: not_a_measurement where it holds texts alone,
    bad_message, bad_json, bad_utf8, bad_cbor."""
    records = records_of(incoming, limits)
    found = _quantities(records, incoming.arrived_us)
    return measured(found, incoming, limits, "a pack without numbers", len(records))


def suits(incoming: Incoming) -> bool:
    """Whether the payload is a list of records, of which one has a name and a value."""
    said = incoming.properties.content_type.startswith("application/senml")
    if not said and not is_text(incoming.payload) and incoming.payload[:1] < b"\x80":
        return False
    try:
        records = records_of(incoming, MessageLimits())
    except Refusal:
        return False
    values = {"v", "vb", "vs", "vd", "s"}
    return said or any({"n", "bn"} & set(one) and values & set(one) for one in records)


def _quantities(records: list[Record], arrived_us: int) -> Iterator[Quantity | Problem]:
    base = _Base()
    for record in records:
        try:
            _rebase(base, record)
            yield from _of_record(base, record, arrived_us)
        except Refusal as refusal:
            yield refusal.problem


def _rebase(base: _Base, record: Record) -> None:
    version = record.get("bver", _VERSION)
    if not isinstance(version, int) or version > _VERSION:
        raise Refusal(
            "bad_message",
            "a version of SenML that is not known",
            "bver",
            version,
            "send version 10",
        )
    base.name = str(record.get("bn", base.name))
    base.unit = record.get("bu", base.unit)
    base.time_s = _number(record, "bt", base.time_s)
    base.value = _number(record, "bv", base.value)
    base.sum = _number(record, "bs", base.sum)


def _number(record: Record, field: str, absent: float) -> float:
    number = number_of(record[field]) if field in record else absent
    if number is None:
        raise Refusal(
            "bad_value", "not a number", field, record[field],
            "send a number, or leave the value out",
        )  # fmt: skip
    return number


def _of_record(base: _Base, record: Record, arrived_us: int) -> Iterator[Quantity | Problem]:
    name = f"{base.name}{record.get('n', '')}"
    unit = said_unit(record.get("u", base.unit))
    time_us = _time_us(base.time_s + _number(record, "t", 0.0), arrived_us)
    if "v" in record or ("bv" in record and not {"vs", "vb", "vd", "s"} & set(record)):
        value = _number(record, "v", 0.0) + base.value
        yield Quantity(name, value, _UNITS.get(unit or "", unit), None, time_us)
    elif isinstance(record.get("vb"), bool):
        yield Quantity(name, float(record["vb"]), None, Kind.STATE, time_us)
    elif "vb" in record:
        yield no_number(name, record["vb"])
    if "s" in record:
        summed = _number(record, "s", 0.0) + base.sum
        counted = _OF_SECONDS.get(unit or "", f"{unit}s" if unit else "")
        own = said_unit(counted)
        yield Quantity(f"{name}.sum", summed, _UNITS.get(own or "", own), Kind.REGISTER, time_us)


def _time_us(time_s: float, arrived_us: int) -> int | None:
    """[us UTC]; None for now."""
    if abs(time_s) >= _ABSOLUTE_S:
        return epoch_of(time_s)
    return None if time_s == 0 else arrived_us + round(time_s * 1e6)
