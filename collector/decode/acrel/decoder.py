"""Reading pushes of meters, in the shapes that makers give them.

    flat     {"sn": "20231101", "time": "20261124161500", "Ua": "229.1", "EPI": "1234.56"}
    nested   {"data": [{"tp": 1795508100000, "point": [{"id": 13, "val": 45.5}]}]}
    devices  {"devs": [{"meter": "A1", "EPI": 1234.5}, ...]}

A list whose entries have a code and a value is a table of one device's values. Numbers may be
texts; times without an offset are of the gateway's time zone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from collector.decode.acrel.names import CODES, DEVICES, TIMES, UNITS, VALUES, is_head, promised
from collector.decode.message import Decoded, Incoming, MessageLimits, Problem, Refusal
from collector.decode.quantity import Quantity
from collector.decode.values import (
    clock_of,
    json_of,
    measured,
    number_of,
    object_of,
    said_unit,
    taken,
)

_DEEPEST = 8
_TELLING = ("V", "A", "kWh", "kvarh")
"""Units of field codes by which a meter's push is known."""
_SERIAL = 11
"""Digits of a text that is a serial number and no value."""


@dataclass(frozen=True)
class _About:
    """What the objects around a value say of it."""

    zone: str
    device: str = ""
    time_us: int | None = None


def decode(incoming: Incoming, limits: MessageLimits) -> Decoded:
    """The readings of a push. Raises Refusal: not_a_measurement, bad_message, bad_json,
    bad_utf8."""
    told = json_of(incoming.payload, limits)
    found = _of_any(told, _About(incoming.zone), 0)
    return measured(found, incoming, limits, "a push without values", told)


def suits(incoming: Incoming) -> bool:
    """Whether the payload holds a table of codes and values, or field codes of a power meter."""
    told = object_of(incoming.payload)
    rows = [told]
    for _ in range(3):
        if any(_is_code_table(one) for row in rows for one in row.values()):
            return True
        if len({name for row in rows for name in row if promised(name)[0] in _TELLING}) >= 2:
            return True
        inner = [one for row in rows for one in row.values()]
        inner += [one for part in inner if isinstance(part, list) for one in part[:4]]
        rows = [one for one in inner if isinstance(one, dict)]
    return False


def _first(fields: dict[str, Any], names: tuple[str, ...]) -> tuple[str, Any]:
    """The field of the first of these names, in whatever case; ('', None) where there is none."""
    lower = {key.lower(): key for key in fields}
    found = next((lower[name] for name in names if name in lower), "")
    return found, fields.get(found)


def _is_table(value: object) -> bool:
    """Whether each entry of a list has a code and a value."""
    if not isinstance(value, list) or not value:
        return False
    rows = _objects(value)
    return len(rows) == len(value) and all(
        _first(one, CODES)[0] and _first(one, VALUES)[0] for one in rows
    )


def _is_code_table(value: object) -> bool:
    """Whether a list is such a table by the names that these makers give its columns."""
    return _is_table(value) and all(
        {"id", "code"} & set(one) and {"val", "value"} & set(one) for one in _objects(value)
    )


def _objects(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _of_any(value: object, about: _About, depth: int) -> Iterator[Quantity | Problem]:
    if depth > _DEEPEST:
        return
    if _is_table(value) and isinstance(value, list):
        yield from _of_table(value, about)
    elif isinstance(value, list):
        for one in value:
            yield from _of_any(one, about, depth + 1)
    elif isinstance(value, dict):
        yield from _of_object(value, about, depth)


def _of_object(fields: dict[str, Any], about: _About, depth: int) -> Iterator[Quantity | Problem]:
    try:
        inside = _within(fields, about)
    except Refusal as refusal:
        yield refusal.problem
        return
    for name, value in fields.items():
        if isinstance(value, dict | list):
            yield from _of_any(value, inside, depth + 1)
        elif not (is_head(name) or _is_serial(value) or _is_unit(name, value)):
            unit, kind = promised(name)
            one = taken(name, value, unit, kind, inside.time_us, inside.device)
            if one is not None:
                yield one


def _within(fields: dict[str, Any], about: _About) -> _About:
    """What holds inside an object: its own device and time before those around it."""
    _, device = _first(fields, DEVICES)
    field, time = _first(fields, TIMES)
    if isinstance(device, str | int) and not isinstance(device, bool) and str(device).strip():
        about = replace(about, device=str(device).strip())
    if field and not isinstance(time, dict | list):
        about = replace(about, time_us=clock_of(time, about.zone, field))
    return about


def _of_table(rows: list[dict[str, Any]], about: _About) -> Iterator[Quantity | Problem]:
    """Values by their codes. The first may be the device's serial number, as a long text."""
    for row in rows:
        value = _first(row, VALUES)[1]
        if _is_serial(value) and not about.device:
            about = replace(about, device=str(value))
    for row in rows:
        code, value = str(_first(row, CODES)[1]), _first(row, VALUES)[1]
        if _is_serial(value):
            continue
        unit, kind = promised(code)
        try:
            inside = _within({name: row[name] for name in row if name.lower() in TIMES}, about)
        except Refusal as refusal:
            yield refusal.problem
            continue
        said = said_unit(_first(row, UNITS)[1]) or unit
        one = taken(code, value, said, kind, inside.time_us, about.device)
        if one is not None:
            yield one


def _is_unit(name: str, value: object) -> bool:
    """Whether it says the unit of a value beside it, under a name that may be a voltage's too."""
    return name.lower() in UNITS and isinstance(value, str) and number_of(value) is None


def _is_serial(value: object) -> bool:
    text = value.strip() if isinstance(value, str) else ""
    return len(text) >= _SERIAL and text.isdigit() and number_of(text) is not None
