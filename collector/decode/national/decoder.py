"""Reading reports, as the technical guideline for monitoring systems of buildings draws them.

    A  <data operation="report"><time/><meter id><function id coding error>value</function></meter>
    B  <energy_items><energy_item code="01000">value</energy_item></energy_items>
       <meters><meter id name><function id error>value</function></meter></meters>

Elements are looked for wherever they stand, since makers nest them differently. Readings are in the
order of the document; their times are the nearest that stand on or beside what holds them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from collector.bounded_xml import Element, NotXml, read_xml
from collector.decode.message import Decoded, Incoming, MessageLimits, Problem, Refusal, name_shown
from collector.decode.quantity import Quantity
from collector.decode.values import clock_of, measured, no_number, number_of

GOOD = ("", "0", "192")
"""Flags of a value that is well: none, no error, and OPC's quality `good`, which many write."""
_TIMES = ("sample_time", "time", "data_time", "collect_time")
_LONGEST_FLAG = 64
"""Of which so many characters are told."""
_ITEMS = ("energy_item", "item")
_GONE = ("disconn", "disconnect", "0", "false")
"""What a meter's `conn` says where the gateway does not reach it."""


@dataclass(frozen=True)
class _Around:
    """What the elements around a value say of it."""

    zone: str
    meter: str = ""
    time_us: int | None = None
    gone: str = ""


def decode(incoming: Incoming, limits: MessageLimits) -> Decoded:
    """The readings of a report. Raises Refusal: bad_message, bad_xml, not_a_measurement."""
    if len(incoming.payload) > limits.payload_bytes:
        raise Refusal(
            "bad_message", f"longer than {limits.payload_bytes} bytes", "payload",
            len(incoming.payload), "send the meters in several messages",
        )  # fmt: skip
    try:
        root = read_xml(incoming.payload)
    except NotXml as wrong:
        raise Refusal(
            "bad_xml", f"not XML: {wrong}", "payload", incoming.payload,
            "send well-formed XML without a document type; check the key where it is encrypted",
        ) from None  # fmt: skip
    found = _within(root, _Around(incoming.zone))
    return measured(found, incoming, limits, "a report without values", root.name)


def suits(incoming: Incoming) -> bool:
    """Whether the payload names a building and its gateway, and holds meters or items."""
    if not incoming.payload.lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n").startswith(b"<"):
        return False
    try:
        names = {one.name for one in read_xml(incoming.payload).walk()}
    except NotXml:
        return False
    return {"building_id", "gateway_id"} <= names and bool({"meter", *_ITEMS} & names)


def _within(one: Element, around: _Around) -> Iterator[Quantity | Problem]:
    try:
        around = _nearer(one, around)
    except Refusal as refusal:
        yield refusal.problem
        return
    names = _functions(one) if one.name == "meter" else {}
    for child in one.children:
        if child.name == "common":
            continue
        if child in names:
            yield _value(child, names[child], around)
        elif child.name in _ITEMS:
            yield _value(child, _attribute(child, ("code", "coding", "id")), around)
        else:
            yield from _within(child, around)


def _nearer(one: Element, around: _Around) -> _Around:
    """With what an element says itself; Refusal where its time is none."""
    if one.name == "meter":
        conn = one.attributes.get("conn", "").strip()
        gone = conn if conn.lower() in _GONE else ""
        meter = _attribute(one, ("id", "addr", "name"))
        around = replace(around, meter=meter, gone=gone)
    text = _attribute(one, _TIMES) or next(filter(None, map(one.text_of, _TIMES)), "")
    return replace(around, time_us=_time(text, around.zone)) if text else around


def _time(text: str, zone: str) -> int | None:
    """As `clock_of`, but digits are a date here and never a count of seconds. Refusal: bad_time."""
    if text.isdigit() and len(text) in (12, 14) and text < "2000":
        return None
    if text.isdigit() and len(text) not in (12, 14):
        raise Refusal("bad_time", "not a time", "time", text, "send YYYYMMDDHHmmss")
    return clock_of(text, zone)


def _functions(meter: Element) -> dict[Element, str]:
    """Names of a meter's functions: their id, with the coding where several share one."""
    own = [one for one in meter.children if one.name == "function"]
    ids = [_attribute(one, ("id", "coding", "name")) for one in own]
    shared = Counter(ids)
    return {
        one: f"{name}.{one.attributes.get('coding', '').strip()}" if shared[name] > 1 else name
        for one, name in zip(own, ids, strict=True)
    }


def _attribute(one: Element, names: tuple[str, ...]) -> str:
    """The first of these attributes that says something."""
    return next(filter(None, (one.attributes.get(name, "").strip() for name in names)), "")


def _value(one: Element, name: str, around: _Around) -> Quantity | Problem:
    point = f"{around.meter}.{name}" if around.meter and name else name
    flag = one.attributes.get("error", "").strip()
    if flag not in GOOD or around.gone:
        return _doubtful(point, flag, around.gone)
    number = number_of(one.text)
    if number is None:
        return no_number(point, one.text)
    try:
        stamp = _attribute(one, _TIMES)
        own = _time(stamp, around.zone) if stamp else None
    except Refusal as refusal:
        return replace(refusal.problem, point=name_shown(point))
    time_us = around.time_us if own is None else own
    return Quantity(name, number, time_us=time_us, device=around.meter)


def _doubtful(point: str, flag: str, gone: str) -> Problem:
    field, value = ("conn", gone) if gone else ("error", flag[:_LONGEST_FLAG])
    return Problem(
        "flagged", "the gateway itself marks the value as wrong", field, value,
        "look at the meter and its line: the gateway cannot read it",
        point=name_shown(point),
    )  # fmt: skip
