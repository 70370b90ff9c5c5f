"""Forms of manufacturers' own, as rows of what their records' heads would be.

A row is read like a data record whose head the meter leaves out:

    0213          a value, as that head of EN 13757-3 says; whole numbers have no sign, but
                  temperatures have
    NAME:0213     the same under another name
    0213/256      a value of which 256 are one of the head's unit
    =0F           this very byte        -2  two bytes that are passed over
    ~             a byte that says how many are passed over

Where several rows are of one meter the first that fits is read. The forms were found out by users
of such meters; facts of them after the open-source project wmbusmeters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from collector.decode.mbus.frame import BusMeter
from collector.decode.mbus.meaning import meaning_of, scaled
from collector.decode.mbus.number import number_of
from collector.decode.mbus.record import WIDTHS, DataRecord, shape_of
from collector.decode.mbus.vif import Meaning
from collector.decode.quantity import Quantity

_TEMPERATURES = range(0x58, 0x68)


@dataclass(frozen=True, slots=True)
class _Step:
    """A part of a row."""

    skip: int = 0
    literal: bytes = b""
    is_counted: bool = False
    meaning: Meaning | None = None
    coding: int = 0


@dataclass(frozen=True, slots=True)
class OwnForm:
    """A form and the meters that send it."""

    makers: str
    """Three letters each."""
    versions: str
    """Two hexadecimal digits each; '' for all."""
    media: str
    """Two hexadecimal digits each."""
    row: str
    total: str = ""
    """A name for the sum of all its values of energy or volume; '' where there is none."""

    def is_of(self, meter: BusMeter) -> bool:
        """Whether such a meter sends it."""
        return (
            meter.maker in self.makers.split()
            and (not self.versions or f"{meter.version:02X}" in self.versions.split())
            and f"{meter.medium:02X}" in self.media.split()
        )


OWN = (
    OwnForm("TCH", "69 94", "80", "=0F -2 426E -2 026E -1 0265 025D"),
    OwnForm("TCH", "69 94", "80", "=11 -2 426E -2 026E 0265 025D"),
    OwnForm("TCH", "69 94", "80", "=01 -2 426E -2 026E 0265 025D"),
    OwnForm(
        "TCH", "22 39 45", "04 43 C3", "-3 energy_storage1:0306 -1 energy_period:0306", "energy"
    ),
    OwnForm("TCH", "27", "04 43 C3", "-3 energy_storage1:020E -2 energy_period:020E", "energy"),
    OwnForm("TCH", "74", "62 72", "-3 volume_storage1:0215 -2 volume_period:0215", "volume"),
    OwnForm("TCH", "70 95", "62 72", "-3 volume_storage1:0215 -2 volume_period:0215", "volume"),
    OwnForm("TCH", "76", "F0", "01FD17"),
    OwnForm("APT APA", "03 0F", "03 0F", "0413/3"),
    OwnForm("APT APA", "04", "11", "0416/3"),
    OwnForm("APT APA", "04", "08", "~ =A0 -3 426E -2 026E -2 4267/256 0267/256"),
    OwnForm("APT APA", "04", "08", "-3 426E -2 026E -2 4267/256 0267/256"),
)  # fmt: skip
"""Forms behind a CI field of the manufacturer's own."""

BEHIND = (
    OwnForm("ZRI", "0B", "16", "-4 4413/256 0413/256"),
    OwnForm("BMP", "53 85", "08", "=10 02FD17 -4 0265 1265 -4 4265 4259 -2 83056E"),
    OwnForm(
        "BMP", "53 85", "08",
        "=11 02FD17 -6 0259 0265 1265 -2 4259 4265 82016E C2016E 82026E C2026E 820165 C20165 820265"
        " -9 83056E",
    ),
)  # fmt: skip
"""Forms behind the records of a telegram (DIF 0F)."""


def quantities_by(
    layouts: Iterable[OwnForm], meter: BusMeter, data: bytes
) -> list[Quantity] | None:
    """What the first row of the meter that fits says; None where none does."""
    for layout in layouts:
        if layout.is_of(meter):
            found = _read(_steps(layout.row), data, meter.name)
            if found is not None:
                return [*found, *_total(layout, found)]
    return None


def _total(layout: OwnForm, found: Sequence[Quantity]) -> Iterator[Quantity]:
    if layout.total:
        value = round(sum(one.value for one in found), 6)
        yield replace(found[0], name=layout.total, value=value)


def _steps(row: str) -> list[_Step]:
    return [_step(word) for word in row.split()]


def _step(word: str) -> _Step:
    if word[0] == "-":
        return _Step(skip=int(word[1:]))
    if word[0] == "=":
        return _Step(literal=bytes.fromhex(word[1:]))
    if word == "~":
        return _Step(is_counted=True)
    name, _, head = word.rpartition(":")
    digits, _, parts = head.partition("/")
    shape = shape_of(bytes.fromhex(digits))
    meaning = meaning_of(shape)
    meaning = replace(
        meaning,
        name=name or meaning.name,
        factor=meaning.factor / int(parts or 1),
        unsigned=shape.codes[0] not in _TEMPERATURES,
    )
    return _Step(meaning=meaning, coding=shape.coding)


def _read(steps: Iterable[_Step], data: bytes, device: str) -> list[Quantity] | None:
    """The values of a row; None where a byte is another, or the data end before it does."""
    found, at = list[Quantity](), 0
    for step in steps:
        if step.is_counted:
            at += 1 + (data[at] if at < len(data) else 0)
        width = step.skip or len(step.literal) or WIDTHS[step.coding]
        part = data[at : at + width]
        at += width
        if len(part) < width or (step.literal and part != step.literal):
            return None
        if step.meaning is not None:
            shape = shape_of(bytes([step.coding, 0]))
            number = number_of(DataRecord(shape, part), step.meaning.unsigned)
            if number is not None:
                value = scaled(number, step.meaning)
                unit, kind = step.meaning.unit, step.meaning.kind
                found.append(Quantity(step.meaning.name, value, unit, kind, device=device))
    return found
