"""Data notifications that meters push, as readings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from collector.decode.decoder import Decode
from collector.decode.dlms.axdr import AxdrReader
from collector.decode.dlms.blocks import BLOCK, joined
from collector.decode.dlms.cipher import CIPHERED, SIGNED, TITLE, content_of_signed, deciphered
from collector.decode.dlms.frame import data_of
from collector.decode.dlms.kaifa import kaifa_values
from collector.decode.dlms.objects import CosemValue, values_of
from collector.decode.dlms.options import KEY_FIX, NO_OPTIONS, PushOptions
from collector.decode.mbus.octets import bad_frame, octets_of, unsupported
from collector.decode.message import Decoded, Incoming, MessageLimits, Refusal
from collector.decode.quantity import Quantity, readings
from metering.reading import Kind

_NOTIFICATION = 0x0F
_CLOCK = bytes((0, 0, 1, 0, 0))
_UNSTATED = -0x8000
_LAYERS = 6
"""That a push may be put into, one in another."""
_TYPED_TIME = b"\x09\x0c"
"""How Kaifa meters begin the time: with its type, which the standard leaves out."""

UNITS_BY_CODE: dict[int, tuple[str, int]] = {
    4: ("d", 0), 5: ("h", 0), 6: ("min", 0), 7: ("s", 0), 8: ("deg", 0), 9: ("C", 0),
    13: ("m3", 0), 14: ("m3", 0), 15: ("m3/h", 0), 16: ("m3/h", 0), 19: ("L", 0), 20: ("kg", 0),
    23: ("Pa", 0), 24: ("bar", 0), 25: ("kJ", -3), 27: ("W", 0), 28: ("VA", 0), 29: ("var", 0),
    30: ("Wh", 0), 31: ("VAh", 0), 32: ("varh", 0), 33: ("A", 0), 35: ("V", 0), 44: ("Hz", 0),
    56: ("%", 0), 70: ("dBm", 0), 255: ("1", 0),
}  # fmt: skip
"""Units of IEC 62056-62 by their code, with a power of ten; others are left to the point."""
_KINDS = {8: Kind.REGISTER, 7: Kind.INSTANT}
"""By group D of electricity: time integral since the beginning, momentary value."""


def decode(incoming: Incoming, limits: MessageLimits, options: PushOptions = NO_OPTIONS) -> Decoded:
    """The readings of one push. Raises Refusal: `bad_message`, `bad_frame`, `unsupported`,
    `encrypted`."""
    octets = _bare(data_of(octets_of(incoming.payload, limits)), options)
    return readings(_quantities(octets, options.device), incoming, limits)


def _bare(octets: bytes, options: PushOptions) -> bytes:
    """The notification without what it was put into, whichever comes first: blocks, a signature,
    encryption."""
    was_ciphered = False
    for _ in range(_LAYERS):
        tag = octets[0] if octets else _NOTIFICATION
        if tag == BLOCK:
            octets = joined(octets)
        elif tag == SIGNED:
            octets = content_of_signed(octets, options)
        elif tag in CIPHERED:
            octets, was_ciphered = deciphered(octets, options), True
        else:
            break
    if octets[:1] != bytes([_NOTIFICATION]):
        if was_ciphered:
            raise Refusal("encrypted", "a key does not fit", "key", "", KEY_FIX)
        raise bad_frame("not a data notification", "tag", octets[:1].hex())
    return octets


def configured(options: Mapping[str, str]) -> Decode:
    """`decode` as a route's options say."""
    told = PushOptions.of(options)
    return lambda incoming, limits: decode(incoming, limits, told)


def suits(incoming: Incoming) -> bool:
    """Whether the payload is a data notification to its end, or one in cipher."""
    try:
        octets = data_of(octets_of(incoming.payload, MessageLimits()))
        if octets[:1] == bytes([_NOTIFICATION]):
            reader = AxdrReader(octets, 6 if octets[5:7] == _TYPED_TIME else 5)
            reader.take(reader.length())
            return isinstance(reader.read(), list) and reader.at == len(octets)
        if octets[:1] == bytes([BLOCK]):
            return bool(joined(octets))
        return len(octets) > 10 and octets[0] in {*CIPHERED, SIGNED} and octets[1] in {0, TITLE}
    except Refusal:
        return False


def _quantities(octets: bytes, device: str) -> Iterator[Quantity]:
    """The numbers of a notification: tag, number 4, time, data."""
    is_kaifa = octets[5:7] == _TYPED_TIME
    reader = AxdrReader(octets, 6 if is_kaifa else 5)
    time_us = _time(reader.take(reader.length()))
    body = reader.read()
    values = list(kaifa_values(body) if is_kaifa else values_of(body))
    if not values:
        raise unsupported("values without OBIS codes", "body", octets[5:21].hex(" "))
    for one in values:
        if one.obis[:5] == _CLOCK and isinstance(one.value, bytes):
            time_us = _time(one.value) or time_us
    for one in values:
        if isinstance(one.value, (int, float)):
            yield _quantity(one, float(one.value), time_us, device)


def _quantity(one: CosemValue, number: float, time_us: int | None, device: str) -> Quantity:
    unit, power = UNITS_BY_CODE.get(one.unit or 0, (None, 0))
    power += one.scaler or 0
    value = number / 10**-power if power < 0 else number * 10**power
    kind = _KINDS.get(one.obis[3]) if one.obis[0] == 1 else None
    if isinstance(one.value, bool):
        unit, kind = "1", Kind.STATE
    return Quantity(one.name, value, unit, kind, time_us, device)


def _time(octets: bytes) -> int | None:
    """[us UTC] of a COSEM date-time of 12 bytes; None where it says no date, or no deviation.

    The deviation is what is added to local time for UTC [min] (IEC 62056-62).
    """
    if len(octets) != 12:
        return None
    year, month, day = int.from_bytes(octets[:2], "big"), octets[2], octets[3]
    deviation = int.from_bytes(octets[9:11], "big", signed=True)
    if deviation == _UNSTATED:
        return None
    try:
        hour, minute, second = octets[5:8]
        local = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        return int((local + timedelta(minutes=deviation)).timestamp()) * 1_000_000
    except (ValueError, OverflowError):
        return None
