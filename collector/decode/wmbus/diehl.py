"""Telegrams of Diehl meters (Izar, Hydrus, Sharky): a shift register hides their content.

Known as PRIOS. The register is seeded with a key and the header; keys are the maker's own unless
the meter was given another. Facts after the open-source project wmbusmeters.
"""

from __future__ import annotations

from collections.abc import Iterator

from collector.decode.mbus.frame import BusMeter
from collector.decode.mbus.octets import bad_frame
from collector.decode.mbus.record import records_of
from collector.decode.mbus.security import Keys
from collector.decode.message import Refusal
from collector.decode.quantity import Quantity
from metering.reading import Kind

MAKERS = frozenset({"DME", "EWT", "HYD", "SAP", "SPL"})
PRIOS = frozenset(range(0xA0, 0xA8)) | frozenset({0xB1, 0xB2, 0xB3})
_WHOLE = 15
"""Bytes of a telegram before what is hidden."""
_SCRAMBLED = 0x1000
_FIRST = 0x4B
_CHECKED = 0xEF
_SUPPLIED = ("39BC8A10E66D83F8", "51728910E66D83F8")
AES_KEY = bytes.fromhex(2 * _SUPPLIED[1])
"""Of meters that were given no key of their own."""


def is_scrambled(meter: BusMeter, ci: int, configuration: int) -> bool:
    """Whether the records of a short header are hidden so."""
    scrambled = bool(configuration & _SCRAMBLED)
    return meter.maker in MAKERS and (ci == 0x71 or (ci == 0x7A and scrambled))


def prios_meter(meter: BusMeter, address: bytes) -> BusMeter:
    """The meter that an Izar names: its number stands behind version and medium, but SAP's."""
    if meter.maker == "SAP":
        return meter
    return BusMeter(address[7:3:-1].hex().upper(), meter.maker, address[2], address[3])


def unscrambled(body: bytes, meter: BusMeter, keys: Keys) -> bytes:
    """The records behind a short header. Refusal `bad_frame` where no key fits their checksum."""
    wanted = body[_WHOLE - 1] & _CHECKED
    for seed in _seeds(meter, keys):
        clear = _clear(body, seed)
        if sum(clear) & _CHECKED == wanted:
            return clear
    if _is_clear(body[_WHOLE:]):
        return body[_WHOLE:]
    raise _hidden(meter)


def _is_clear(data: bytes) -> bool:
    """Whether a receiver has uncovered it already: sound records that begin with a counter."""
    read = records_of(data)
    if read.defect is not None or not read.records:
        return False
    shape = read.records[0].shape
    return shape.coding in {4, 12} and shape.codes[0] < 0x18 and not shape.storage


def prios(body: bytes, meter: BusMeter, keys: Keys) -> Iterator[Quantity]:
    """The counter, its value at the last set date, battery and interval of an Izar.

    Refusal `bad_frame` where no key fits, or the telegram is too short.
    """
    if len(body) < _WHOLE + 5:
        raise bad_frame("too short for a telegram of this maker", "length", len(body))
    named = prios_meter(meter, body[2:10])
    clear = next(
        (one for one in (_clear(body, seed) for seed in _seeds(named, keys)) if one[0] == _FIRST),
        None,
    )
    if clear is None:
        raise _hidden(named)
    device = named.name
    yield Quantity("alarms", float(_alarms(body)), "1", Kind.STATE, device=device)
    yield Quantity("volume", _litres(clear[1:5]), "m3", Kind.REGISTER, device=device)
    if len(clear) >= 9:
        yield Quantity("volume_storage1", _litres(clear[5:9]), "m3", Kind.REGISTER, device=device)
    battery = (body[12] & 0x1F) / 2 * 365.2425
    yield Quantity("battery_left", battery, "d", Kind.INSTANT, device=device)
    period = float(1 << (body[11] & 0x0F) + 2)
    yield Quantity("transmission_period", period, "s", Kind.INSTANT, device=device)


def _alarms(body: bytes) -> int:
    """Bits of the alarms: leakage, blocked, flow and tampering."""
    return int.from_bytes(body[12:14], "big") & 0xE0FF


def _litres(octets: bytes) -> float:
    return int.from_bytes(octets, "little") / 1000


def _hidden(meter: BusMeter) -> Refusal:
    fix = f"name its key in the route's options: key_{meter.number.lower()}=KEY of 16 digits"
    return Refusal("encrypted", "no known key fits", "key", meter.number, fix)


def _seeds(meter: BusMeter, keys: Keys) -> Iterator[int]:
    own = keys.of_meter(meter.number)
    for key in [own] if own else map(bytes.fromhex, _SUPPLIED):
        yield int.from_bytes(key[:4], "big") ^ int.from_bytes(key[4:8], "big")


def _clear(body: bytes, seed: int) -> bytes:
    """What a seed makes of it: 8 steps of the register for each byte (taps 1, 2, 11 and 31)."""
    for at in (2, 6, 10):
        seed ^= int.from_bytes(body[at : at + 4], "big")
    found = bytearray()
    for octet in body[_WHOLE:]:
        for _ in range(8):
            bit = (seed >> 1 ^ seed >> 2 ^ seed >> 11 ^ seed >> 31) & 1
            seed = (seed << 1 | bit) & 0xFFFFFFFF
        found.append(octet ^ seed & 0xFF)
    return bytes(found)
