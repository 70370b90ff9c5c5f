"""Records as quantities: `energy`, `volume_flow`, `energy_max_tariff1_storage2`.

    NAME [_MODIFIER ...] [_max | _min | _error] [_tariffN] [_unitN] [_storageN] [_2 ...]

A name is made of the head of its record alone, so that it is the same in each telegram; of equal
heads in one telegram the second is `_2`, in the order of the standard.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from collector.decode.mbus.number import number_of
from collector.decode.mbus.profile import with_profiles
from collector.decode.mbus.record import DataRecord, RecordHead
from collector.decode.mbus.vif import (
    ANY,
    DATES,
    DURATIONS,
    EXCEEDED,
    EXTENDED_SUFFIXES,
    FB,
    FD,
    MANUFACTURER,
    NO_VALUE,
    PRIMARY,
    SUFFIXES,
    TEXT,
    Meaning,
    time_unit,
)
from collector.decode.quantity import Quantity
from metering.units import UNITS

_UNREAD = Meaning("", is_number=False)
_TEXT_UNITS = {"°C": "C", "m^3": "m3", "m³": "m3", "m^3/h": "m3/h", "l": "L", "l/h": "L/h"}


def quantities_of(records: Iterable[DataRecord], device: str) -> Iterator[Quantity]:
    """What the records hold in numbers, in their order. Dates, texts and values that are not
    available are left out."""
    seen: dict[str, int] = {}
    for record in with_profiles(records):
        meaning = meaning_of(record.shape)
        if not meaning.is_number:
            continue
        seen[meaning.name] = times = seen.get(meaning.name, 0) + 1
        number = number_of(record, meaning.unsigned)
        if number is None:
            continue
        name = meaning.name if times == 1 else f"{meaning.name}_{times}"
        yield Quantity(name, scaled(number, meaning), meaning.unit, meaning.kind, device=device)


def scaled(number: float, meaning: Meaning) -> float:
    """The value in the unit of its meaning; powers of ten are exact as far as floats are."""
    power = meaning.power
    exact = number / 10**-power if power < 0 else number * 10**power
    return float(exact) if meaning.factor == 1.0 else float(exact * meaning.factor)


def meaning_of(shape: RecordHead) -> Meaning:
    """What a record's value is, with the whole name."""
    base, further = _base(shape)
    meaning = _modified(base, further)
    if not meaning.is_number:
        return meaning
    parts = [
        meaning.name,
        shape.function,
        f"tariff{shape.tariff}" if shape.tariff else "",
        f"unit{shape.subunit}" if shape.subunit else "",
        f"storage{shape.storage}" if shape.storage else "",
    ]
    return replace(meaning, name="_".join(part for part in parts if part))


def _base(shape: RecordHead) -> tuple[Meaning, Sequence[int]]:
    """The meaning of the VIF, or of the table it names, and the VIFEs that are left."""
    first, rest = shape.codes[0], shape.codes[1:]
    if shape.extended and first in {0x7B, 0x7D} and rest:
        table = FB if first == 0x7B else FD
        if rest[0] not in table:
            deeper = 2 if rest[0] == 0x7D and len(rest) > 1 else 1
            return _unknown(shape.codes[: 1 + deeper]), rest[deeper:]
        return table[rest[0]], rest[1:]
    if first == TEXT:
        return _worded(shape.text), rest
    if first in {MANUFACTURER, ANY} or first not in PRIMARY:
        return _unknown(shape.codes), ()
    return PRIMARY[first], rest


def _unknown(codes: Sequence[int]) -> Meaning:
    """A meaning that only the manufacturer knows: its number by the name of its codes."""
    return Meaning("vif_" + "".join(f"{code:02x}" for code in codes), kind=None)


def _worded(text: str) -> Meaning:
    """A plain text unit."""
    unit = _TEXT_UNITS.get(text, text)
    name = "".join(one if one.isascii() and one.isalnum() else "_" for one in text.lower())
    return Meaning(f"text_{name}".strip("_"), unit if unit in UNITS else None, kind=None)


@dataclass(slots=True)
class _Change:
    """What VIFEs make of a meaning."""

    meaning: Meaning
    suffixes: list[str]

    def take(self, code: int) -> bool:
        """One VIFE; False where the record is no number of that meaning any more."""
        meaning = self.meaning
        if code in DATES or code in NO_VALUE:
            return False
        if 0x70 <= code <= 0x77:
            self.meaning = replace(meaning, power=meaning.power + (code & 7) - 6)
        elif code == 0x7D:
            self.meaning = replace(meaning, power=meaning.power + 3)
        elif 0x78 <= code <= 0x7B:
            self.suffixes.append("offset")
        elif code in EXCEEDED or code in DURATIONS:
            self._duration(code)
        elif code in SUFFIXES:
            self.suffixes.append(SUFFIXES[code])
            if 0x20 <= code <= 0x38 or code in {0x41, 0x49}:
                self.meaning = replace(meaning, unit=None, kind=None)
        elif code:
            self.suffixes.append(f"vife{code:02x}")
        return True

    def _duration(self, code: int) -> None:
        limit = "" if code in DURATIONS else "above_limit_" if code & 8 else "below_limit_"
        self.suffixes.append(f"{limit}{'last' if code & 4 else 'first'}_duration")
        self.meaning = Meaning(self.meaning.name, time_unit(code))


def _modified(base: Meaning, codes: Sequence[int]) -> Meaning:
    change, places = _Change(base, []), iter(codes)
    for code in places:
        if code == 0x7C:
            further = next(places, 0)
            suffix = EXTENDED_SUFFIXES.get(further, f"vife7c{further:02x}")
            change.suffixes.append(suffix)
        elif code == MANUFACTURER:
            change.suffixes.append("own" + "".join(f"{one:02x}" for one in places))
        elif not change.take(code):
            return _UNREAD
    return replace(change.meaning, name="_".join([change.meaning.name, *change.suffixes]))
