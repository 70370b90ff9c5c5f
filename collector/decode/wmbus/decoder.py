"""Telegrams of meters on the wireless M-Bus."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from collector.decode.mbus.application import Opened, radio_records, told
from collector.decode.mbus.compact import signature_of
from collector.decode.mbus.decoder import wired
from collector.decode.mbus.octets import bad_frame, is_other_text, octets_of, unsupported
from collector.decode.mbus.record import DataRecords
from collector.decode.mbus.security import IDLE, NO_KEYS, Keys
from collector.decode.message import Decoded, Incoming, MessageLimits, Problem, Refusal
from collector.decode.quantity import Quantity, readings
from collector.decode.wmbus.diehl import AES_KEY, MAKERS, PRIOS, is_scrambled, prios, unscrambled
from collector.decode.wmbus.layouts import BEHIND, OWN, quantities_by
from collector.decode.wmbus.link import Telegram, body_of, telegram_of
from collector.decode.wmbus.makers import (
    apator162,
    apator_na1,
    bfw240,
    ei6500,
    gwf,
    hydrodigit,
    rfm_tx1,
    techem_50,
)
from collector.decode.wmbus.qundis import walked_by

_WIRED = 0x68
_KINDS = frozenset({0x44, 0x46, 0x08, 0x48, 0x18, 0x28, 0x38, 0x47})
"""Control fields of telegrams that a meter sends of itself, or answers with."""
_MOST = 1_000
"""Telegrams of a message."""
_TAIL = 2
"""Bytes behind the records that a receiver may have left of a checksum."""
_LONG, _SHORT = 0x72, 0x7A
_OWN_FIELDS = range(0xA0, 0xB8)
_APATOR = {"APA", "APT"}


def decode(incoming: Incoming, limits: MessageLimits, keys: Keys = NO_KEYS) -> Decoded:
    """The readings of the telegrams of a message; Refusal `bad_frame`, `bad_message`,
    `unsupported` or `encrypted` where one cannot be read."""
    found: list[Quantity | Problem] = []
    learned: dict[bytes, bytes] = {}
    for octets in _telegrams(incoming.payload, limits):
        found.extend(_quantities(octets, keys, learned))
    return readings(found, incoming, limits)


def _telegrams(payload: bytes, limits: MessageLimits) -> Iterator[bytes]:
    """Hexadecimal telegrams apart by commas or lines; of a line `MODE;...;0xHEX` of a software
    receiver the last column. What is no text is one telegram."""
    if not payload.isascii():
        yield octets_of(payload, limits)
        return
    lines = [line for line in payload.replace(b",", b"\n").splitlines() if line.strip()]
    if len(lines) > _MOST:
        fix = "send them in several messages"
        text = f"more than {_MOST} telegrams in a message"
        raise Refusal("bad_message", text, "payload", len(lines), fix)
    for line in lines or [payload]:
        yield octets_of(line.rsplit(b";", 1)[-1], limits)


def _quantities(
    octets: bytes, keys: Keys, learned: dict[bytes, bytes]
) -> Iterator[Quantity | Problem]:
    """What a telegram holds. `learned` is given the heads of full frames by their signature."""
    if octets[0] == _WIRED and octets[3:4] == octets[:1] and octets[1:2] == octets[2:3]:
        yield from wired(octets, keys)
        return
    one = telegram_of(octets, keys)
    if one.meter.maker in MAKERS and one.ci in PRIOS:
        yield from prios(one.body, one.meter, keys)
    elif one.ci in _OWN_FIELDS:
        yield from _own(one, keys)
    elif one.meter.maker == "BMT" and one.meter.version == 0x05 and one.ci == _SHORT:
        yield from rfm_tx1(one.data, one.meter.name)
    else:
        yield from _standard(one, keys, learned)


def _own(one: Telegram, keys: Keys) -> list[Quantity]:
    """A telegram whose CI field is the manufacturer's own."""
    meter = one.meter
    if meter.maker in _APATOR and meter.version == 0x14 and len(one.data) >= 18:
        return apator_na1(one.data, meter, one.address, keys)
    if meter.maker == "TCH" and meter.version == 0x50 and len(one.data) >= 43:
        return list(techem_50(one.data, meter.name))
    found = quantities_by(OWN, meter, one.data)
    if found is None:
        what = f"{meter.maker} {meter.version:02x} {meter.medium:02x} CI {one.ci:02x}"
        raise unsupported("a form of the manufacturer's own", "meter", what)
    return found


def _standard(
    one: Telegram, keys: Keys, learned: dict[bytes, bytes]
) -> Iterator[Quantity | Problem]:
    """A telegram of the standard, with what the manufacturer put behind its records."""
    if one.meter.maker in MAKERS:
        one, keys = _of_diehl(one, keys)
    read = radio_records(one.ci, one.meter, one.address, one.data, keys, one.counter, learned)
    if read is None:
        raise bad_frame("not the data of a meter", "CI", f"{one.ci:02x}")
    found, records = read
    if found.meter.maker == "BFW" and found.meter.medium == 0x08:
        yield from bfw240(found.data.removeprefix(IDLE), found.meter.name)
        return
    learned[signature_of(records.heads)] = records.heads
    yield from told(found, replace(records, records=list(walked_by(records.records))))
    yield from _behind(found, records)
    if records.defect is not None and len(records.own) > _TAIL:
        yield records.defect.problem


def _of_diehl(one: Telegram, keys: Keys) -> tuple[Telegram, Keys]:
    """With records in the open, and the maker's key where the meter has no other."""
    if is_scrambled(one.meter, one.ci, int.from_bytes(one.data[2:4], "little")):
        plain = one.data[:2] + bytes(2) + unscrambled(one.body, one.meter, keys)
        return replace(one, data=plain), keys
    number = one.data[3::-1].hex().upper() if one.ci == _LONG else one.meter.number
    return one, keys.or_else(number, AES_KEY)


def _behind(found: Opened, records: DataRecords) -> Iterator[Quantity]:
    meter, name = found.meter, found.meter.name
    if meter.maker == "APA" and meter.version == 0x05 and not records.records:
        yield from apator162(records.own, name)
    elif meter.maker == "BMT" and meter.medium in {0x06, 0x07}:
        yield from hydrodigit(records.own, name)
    elif meter.maker == "EIE":
        yield from ei6500(records.records, name)
    elif meter.maker == "GWF":
        yield from gwf(records.own, name)
    else:
        yield from quantities_by(BEHIND, meter, records.own) or []


def suits(incoming: Incoming) -> bool:
    """Whether the payload is a telegram by its length and its control field, and no other text."""
    try:
        first = next(_telegrams(incoming.payload, MessageLimits()))
        return not is_other_text(first) and body_of(first)[1] in _KINDS
    except Refusal:
        return False
