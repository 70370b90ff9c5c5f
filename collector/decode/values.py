"""Values as families of devices write them: numbers also as text, states as words, times as clocks
on a wall show them. What is no value is None, never a guess.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from math import isfinite
from typing import Any

from collector.decode.instant import of_text
from collector.decode.json_object import json_value
from collector.decode.message import (
    Decoded,
    Incoming,
    MessageLimits,
    Problem,
    Refusal,
    name_shown,
    shown,
)
from collector.decode.quantity import Quantity, readings
from metering.errors import InvalidInput
from metering.localtime import leap_second, to_us, zone_of
from metering.reading import Kind

_NUMBER = re.compile(r"[+-]?(\d{1,20}(\.\d{0,20})?|\.\d{1,20})([eE][+-]?\d{1,3})?", re.ASCII)
_WALL = re.compile(
    r"(\d{4})[-/.]?(\d\d)[-/.]?(\d\d)[T _-]?(\d\d):?(\d\d)(?::?(\d\d)(\.\d{1,9})?)?", re.ASCII
)
_WALL_DIGITS = (12, 14)
"""Digits that are a date with minutes or seconds, if they begin with 20: as milliseconds they would
lie before 1980, or after 2600."""
_OFFSET = re.compile(r"[+-]\d\d:?\d\d", re.ASCII)
_DEEPEST = 12
_YEAR_2000_S = 946_684_800
_YEAR_9999_US = 253_370_764_800_000_000

STATES = {
    **{"on": 1.0, "off": 0.0, "true": 1.0, "false": 0.0, "open": 1.0, "closed": 0.0},
    **{"close": 0.0, "yes": 1.0, "no": 0.0},
}
"""What words of two states stand for, whatever their case."""


def json_of(payload: bytes, limits: MessageLimits) -> Any:
    """What a payload of JSON holds, also behind a byte-order mark. Raises Refusal: bad_message,
    bad_utf8 or bad_json."""
    return json_value(payload.removeprefix(BOM_UTF8), limits)


def object_of(payload: bytes) -> dict[str, Any]:
    """The JSON object of a payload, empty where it is none: to see whether it suits a family."""
    try:
        found = json_of(payload, MessageLimits())
    except Refusal:
        return {}
    return found if isinstance(found, dict) else {}


def text_of(payload: bytes, limits: MessageLimits) -> str:
    """A short payload that is a plain text, without blanks around it. Raises Refusal: bad_message
    where it is longer than 1,000 bytes, bad_utf8."""
    if len(payload) > min(limits.payload_bytes, 1_000):
        raise Refusal(
            "bad_message", "too long for one value", "payload", len(payload), "send one value"
        )
    try:
        return payload.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise Refusal(
            "bad_utf8", f"not UTF-8 at byte {error.start}", "payload", payload, "send UTF-8"
        ) from None


def number_of(value: object) -> float | None:
    """A number, or a text that is one and nothing else; None for others, NaN and booleans too."""
    if isinstance(value, str):
        text = value.strip()
        if len(text) > 40 or not _NUMBER.fullmatch(text):
            return None
        value = float(text)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if isfinite(number) else None


def state_of(value: object) -> float | None:
    """1 or 0 of a boolean, or of a word of two states; None for others."""
    if isinstance(value, bool):
        return float(value)
    return STATES.get(value.strip().lower()) if isinstance(value, str) else None


def leaves(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """Every value of a JSON value that holds no others, with the way to it; places in lists count
    from 0. What lies deeper than 12 levels is left out."""
    if isinstance(value, dict | list):
        if len(path) < _DEEPEST:
            entries = value.items() if isinstance(value, dict) else enumerate(value)
            for key, inner in entries:
                yield from leaves(inner, (*path, str(key)))
    else:
        yield path, value


def epoch_of(number: float) -> int | None:
    """Microseconds of a count since 1970: of seconds, milliseconds, microseconds or nanoseconds, as
    its size tells; None before the year 2000, where clocks are that nobody has set."""
    size = abs(number)
    scale = next((s for most, s in ((1e11, 1e6), (1e14, 1e3), (1e17, 1.0)) if size < most), 1e-3)
    found = min(number * scale, _YEAR_9999_US)
    return None if found < _YEAR_2000_S * 1e6 else round(found)


def clock_of(value: object, zone: str, field: str = "time") -> int | None:
    """Microseconds of a time: a text with an offset, one without in the zone (of an hour that comes
    twice, the first), `YYYYMMDDhhmmss`, or a count since 1970. None where there is none, or where
    the clock was never set (before the year 2000). Raises Refusal: bad_time for anything else."""
    if value is None or value == "":
        return None
    text = str(value).strip() if isinstance(value, str | int) else ""
    number = number_of(value)
    wall = len(text) in _WALL_DIGITS and text.isdigit() and text.startswith("20")
    if number is not None and not wall:
        return epoch_of(number)
    try:
        return _of_clock_text(text, zone)
    except (InvalidInput, ValueError, OverflowError):
        raise Refusal(
            "bad_time", "not a time", field, value,
            "send such as 2026-11-24T16:15:00, with an offset or in the gateway's time zone",
        ) from None  # fmt: skip


def _of_clock_text(text: str, zone: str) -> int | None:
    match = _WALL.match(text)
    if match is None:
        return of_text(text)
    rest = text[match.end() :].strip().upper()
    year, month, day, hour, minute = (int(part) for part in match.group(1, 2, 3, 4, 5))
    microsecond = round(float(match[7] or 0) * 1e6)
    if year < 2000:
        return None
    if rest and rest != "Z" and not _OFFSET.fullmatch(rest):
        raise ValueError(text)
    where = zone_of("UTC" if rest == "Z" else rest or zone)
    second = int(match[6] or 0)
    wall = datetime(year, month, day, hour, minute, second - (second == 60), tzinfo=where)
    if second == 60:
        return leap_second(wall)
    return to_us(wall) + min(microsecond, 999_999)


def not_measured(what: str, value: object, fix: str = "") -> Refusal:
    """A message of a device that measures nothing: an answer, a greeting, a description."""
    return Refusal(
        "not_a_measurement", what, "payload", value,
        fix or "nothing to do; a route to journal_only keeps such messages without a dead letter",
    )  # fmt: skip


def taken(
    name: str,
    value: object,
    unit: str | None,
    kind: Kind | None = None,
    time_us: int | None = None,
    device: str = "",
) -> Quantity | Problem | None:
    """A value of a device as its quantity: a number in the unit, a switch as 1 or 0 without one. A
    problem where it is a number that is none (NaN, beyond all bounds), or a word where a unit or
    kind is promised; None for null, empty texts and other words."""
    number = number_of(value)
    if number is not None:
        return Quantity(name, number, unit, kind, time_us, device)
    state = state_of(value)
    if state is not None:
        return Quantity(name, state, None, Kind.STATE, time_us, device)
    if value is None or isinstance(value, dict | list):
        return None
    if isinstance(value, str) and (not value.strip() or (unit is None and kind is None)):
        return None
    return no_number(f"{device}.{name}" if device else name, value)


def measured(
    found: Iterable[Quantity | Problem | None],
    incoming: Incoming,
    limits: MessageLimits,
    without: str,
    value: object,
) -> Decoded:
    """What was found as readings, of more than the limit only so many and a problem. Raises
    Refusal, not_a_measurement with the words `without`, where nothing was found."""
    told = list(islice((one for one in found if one is not None), limits.readings + 1))
    if not told:
        raise not_measured(without, value)
    return readings(told, incoming, limits)


def no_number(name: str, value: object) -> Problem:
    """A value that ought to be a number, as the problem of its reading."""
    point = name_shown(name)
    return Problem(
        "bad_value", "not a number", point, shown(value),
        "send a number, or leave the value out", point=point,
    )  # fmt: skip


SPELLINGS = {
    **{"℃": "C", "degC": "C", "Cel": "C", "celsius": "C", "°F": "F", "℉": "F", "degF": "F"},
    **{"µg/m³": "ug/m3", "μg/m³": "ug/m3", "µg/m3": "ug/m3", "mg/m³": "mg/m3"},
    **{"m³/h": "m3/h", "l": "L", "l/h": "L/h", "l/min": "L/min", "l/s": "L/s", "W/m²": "W/m2"},
    **{"KWh": "kWh", "KWH": "kWh", "kwh": "kWh", "KW": "kW", "kw": "kW", "Kvarh": "kvarh"},
    **{"kVarh": "kvarh", "kVar": "kvar", "Kvar": "kvar", "KVA": "kVA", "°": "deg", "lux": "lx"},
    **{"%RH": "%", "％": "%"},
}
"""Units of `metering.units` as devices spell them too."""


def said_unit(text: object) -> str | None:
    """The unit that a message says: spelled as we do where we know it, else as it stands, so that
    it is refused and not taken for another; None where it says none."""
    if not isinstance(text, str) or not text.strip():
        return None
    unit = text.strip()
    return SPELLINGS.get(unit, unit if unit.isprintable() else repr(unit))[:32]
