"""Forms of manufacturers' own that no row of `layouts` can tell.

Found out by users of such meters; facts of them after the open-source project wmbusmeters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count

from collector.decode.mbus.frame import BusMeter
from collector.decode.mbus.number import number_of
from collector.decode.mbus.record import DataRecord
from collector.decode.mbus.security import Keys, encrypted, with_header
from collector.decode.quantity import Quantity
from metering.reading import Kind

_BATTERY = (3.7, 1.9, 2.1, 2.2, 2.3, 2.4, 2.5, 2.65, 2.8, 2.9, 3.05, 3.2, 3.35, 3.5, 3.7, 3.7)
"""Voltage [V] by the four bits of a HydroDigit."""
_NO_MONTH = 10_000_000

_APATOR = {
    0x00: 4, 0x01: 3, 0x10: 4, 0x11: 2, 0x40: 6, 0x41: 2, 0x42: 4, 0x43: 2, 0x44: 3,
    **{code: 1 + 4 * (code - 0x6F) for code in range(0x71, 0x7D)},
    **dict.fromkeys((0x80, 0x81, 0x82, 0x83, 0x84, 0x86, 0x87), 10),
    **dict.fromkeys((0x85, 0x88, 0x8F), 11),
    0x8A: 9, 0x8B: 6, 0x8C: 6, 0x8E: 7,
    0xA0: 4, 0xA1: 4, 0xA2: 1, 0xA3: 7, 0xA4: 4, 0xA5: 1, 0xA6: 3, 0xA9: 1, 0xAF: 1,
    **dict.fromkeys((0xA7, 0xA8, 0xAA, 0xAB, 0xAC, 0xAD), 2),
    0xB0: 5, 0xB1: 8, 0xB2: 16, 0xB3: 8, 0xB4: 2, 0xB5: 16,
    **dict.fromkeys(range(0xB6, 0xC8), 3), 0xD0: 3, 0xD3: 3, 0xF0: 4,
}  # fmt: skip
"""Widths of the fields of an Apator 162 by their first byte."""
_EI_STATE = (0x7F, 0x2C)
_APATOR_VOLUME, _APATOR_HEAD = 0x10, 7


def hydrodigit(data: bytes, device: str) -> Iterator[Quantity]:
    """Battery, backflow and the counter at each month's end, as far as its first byte says."""
    contents, at = data[0] if data else 0, 1
    if contents & 0x01 and len(data) > at:
        yield Quantity("battery_voltage", _BATTERY[data[at] & 15], "V", Kind.INSTANT, device=device)
        at += 1
    at += 3 * bool(contents & 0x02) + 3 * bool(contents & 0x80)
    if contents & 0x04 and len(data) >= at + 4:
        volume = int.from_bytes(data[at : at + 4], "little") / 1000
        yield Quantity("volume_backward", volume, "m3", Kind.REGISTER, device=device)
        at += 4
    if contents & 0x10:
        for month, place in zip(range(1, 13), count(at, 3), strict=False):
            number = int.from_bytes(data[place : place + 3], "little")
            if len(data) >= place + 3 and number < _NO_MONTH:
                name = f"volume_month{month}"
                yield Quantity(name, number / 100, "m3", Kind.REGISTER, device=device)


def apator162(data: bytes, device: str) -> Iterator[Quantity]:
    """The counter of an Apator 162: fields of known widths behind a head of 7 bytes."""
    at = _APATOR_HEAD
    while at < len(data) and data[at] in _APATOR:
        code, value = data[at], data[at + 1 : at + 1 + _APATOR[data[at]]]
        at += 1 + _APATOR[code]
        if code == _APATOR_VOLUME and len(value) == 4:
            volume = int.from_bytes(value, "little") / 1000
            yield Quantity("volume", volume, "m3", Kind.REGISTER, device=device)


def apator_na1(data: bytes, meter: BusMeter, address: bytes, keys: Keys) -> list[Quantity]:
    """The counter of an Apator NA-1, and its value some hours before.

    Access number, status, 16 bytes under AES-CBC. Refusal `encrypted` without a key.
    """
    key = keys.of_meter(meter.number)
    if key is None:
        raise encrypted("no key of this meter", meter.number)
    clear = with_header(data[2:18], key, address, data[0])
    packed = int.from_bytes(clear[1:5], "little")
    times = 10 ** (packed >> 4 & 3)
    now = ((packed >> 8) * 16 + packed % 16) * times / 1000
    age = float((clear[10] >> 2) * 256 + clear[9])
    change = ((int.from_bytes(clear[11:14], "little") << 2) + clear[10] % 4) * times / 1000
    name = meter.name
    return [
        Quantity("volume", now, "m3", Kind.REGISTER, device=name),
        Quantity("volume_storage1", round(now - change, 6), "m3", Kind.REGISTER, device=name),
        Quantity("age_storage1", age, "h", Kind.INSTANT, device=name),
    ]


def bfw240(data: bytes, device: str) -> Iterator[Quantity]:
    """Units of a heat cost allocator of BFW: now, at the set date, and 18 months before.

    Whole numbers begin with their highest byte; two months share three bytes.
    """
    if len(data) < 36:
        return
    values = {
        "heat_cost_allocation": int.from_bytes(data[4:6], "big"),
        "heat_cost_allocation_storage1": int.from_bytes(data[2:4], "big"),
    }
    for place in range(9):
        first, middle, last = data[8 + 3 * place : 11 + 3 * place]
        month = 18 - 2 * place
        values[f"heat_cost_allocation_month{month}"] = (middle >> 4) * 256 + first
        values[f"heat_cost_allocation_month{month - 1}"] = (middle & 15) * 256 + last
    for name, value in values.items():
        yield Quantity(name, float(value), "1", Kind.REGISTER, device=device)


def techem_50(data: bytes, device: str) -> Iterator[Quantity]:
    """The counter of a Techem radio 3, version 50, and what the last 12 months took.

    A month is the sum of its two halves, a byte each, in tenths of a m3.
    """
    volume = int.from_bytes(data[4:7], "little") / 10
    yield Quantity("volume", volume, "m3", Kind.REGISTER, device=device)
    for month in range(12):
        halves = data[8 + 3 * month : 10 + 3 * month]
        name = f"volume_month{month + 1}"
        yield Quantity(name, sum(halves) / 10, "m3", device=device)


def ei6500(records: Iterable[DataRecord], device: str) -> Iterator[Quantity]:
    """How dusty a smoke alarm of Ei Electronics is: the five lowest bits of its state."""
    for record in records:
        number = number_of(record, unsigned=True)
        if record.shape.codes == _EI_STATE and record.shape.subunit and number is not None:
            yield Quantity("dust_level", float(int(number) & 31), "1", device=device)


def gwf(data: bytes, device: str) -> Iterator[Quantity]:
    """Flags and battery of a GWF meter: half years left in the five highest bits."""
    if data[:1] == b"\x01" and len(data) >= 3:
        yield Quantity("error_flags", float(data[1]), "1", Kind.STATE, device=device)
        left = (data[2] >> 3) * 365.2425 / 2
        yield Quantity("battery_left", left, "d", Kind.INSTANT, device=device)


_VEIL = bytes.fromhex(
    "7a70b979 0732 9cb4 0af0 160c 4a77 bd39"
    "10130b07 9aa1 7ec4 ce05 98c9 482e 786f"
    "1a228e4a cb39 6080 19a5 117d e48a 5728"
    "0a139916 690e 99a3 0386 5ea2 1fe8 8c05"
)
"""What lies over the four bytes of an RFM-TX1's counter, 16 each, by four bits of its access."""


def rfm_tx1(data: bytes, device: str) -> Iterator[Quantity]:
    """The counter of an RFM-TX1: eight digits of litres under its access number and a table."""
    if len(data) < 10:
        return
    access = data[0]
    digits = bytes(
        octet ^ access ^ _VEIL[16 * place + (access & 15)] for place, octet in enumerate(data[6:10])
    )[::-1].hex()
    if digits.isdecimal():
        yield Quantity("volume", int(digits) / 1000, "m3", Kind.REGISTER, device=device)
