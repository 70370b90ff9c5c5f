"""Compact profiles: a row of values in one record (EN 13757-3, annex F).

    spacing control  MM UU DDDD: change (absolute, up, down, signed), unit of time, data field
    spacing value    how many units between the values
    values           of the data field's width, at the storage numbers behind the record's own

Changes are made values where the profile goes back from a value of the same storage number, else
they are told as changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from collector.decode.mbus.number import number_of
from collector.decode.mbus.record import WIDTHS, DataRecord, RecordHead
from collector.decode.mbus.vif import PROFILES

_LVAR, _INVERSE = 13, 0x13
_RISING, _FALLING = 1, 2
_INTEGERS = frozenset({1, 2, 3, 4, 6, 7})
_WIDEST = 7
"""Data field of a sum: 64 bits."""


@dataclass(frozen=True, slots=True)
class _Profile:
    shape: RecordHead
    """Of its values, at the storage number of the record."""
    change: int
    values: Sequence[bytes]
    is_inverse: bool


def with_profiles(records: Iterable[DataRecord]) -> Iterator[DataRecord]:
    """The records, with each profile replaced by the records of its values."""
    before = list[DataRecord]()
    for record in records:
        profile = _profile(record)
        if profile is not None:
            yield from _values(profile, before)
        else:
            before.append(record)
            yield record


def _profile(record: DataRecord) -> _Profile | None:
    shape = record.shape
    kinds = [code for code in shape.codes[1:] if code in PROFILES]
    if shape.coding != _LVAR or not kinds or len(record.data) < 3:
        return None
    control, values = record.data[1], record.data[3:]
    coding = control & 0x0F
    width = WIDTHS.get(coding, 0)
    if not width or len(values) % width:
        return None
    codes = (shape.codes[0], *(code for code in shape.codes[1:] if code not in PROFILES))
    rows = [values[at : at + width] for at in range(0, len(values), width)]
    own = replace(shape, coding=coding, codes=codes)
    return _Profile(own, control >> 6, rows, kinds[0] == _INVERSE)


def _values(profile: _Profile, before: Sequence[DataRecord]) -> Iterator[DataRecord]:
    if not profile.change:
        for place, value in enumerate(profile.values, profile.shape.storage + 1):
            if value != b"\xff" * len(value):
                yield DataRecord(replace(profile.shape, storage=place), value)
    elif profile.is_inverse:
        yield from _summed(profile, before)
    else:
        changes = replace(profile.shape, function="change")
        for place, value in enumerate(profile.values, profile.shape.storage + 1):
            yield DataRecord(replace(changes, storage=place), value)


def _summed(profile: _Profile, before: Sequence[DataRecord]) -> Iterator[DataRecord]:
    """Values from changes, back from the one that the profile begins at."""
    begin = next((one for one in before if _begins(one.shape, profile.shape)), None)
    running = None if begin is None else number_of(begin)
    unsigned = profile.shape.coding in _INTEGERS and profile.change in {_RISING, _FALLING}
    for place, value in enumerate(profile.values, profile.shape.storage + 1):
        if value == b"\xff" * len(value) or not isinstance(running, int):
            return
        change = number_of(DataRecord(profile.shape, value), unsigned)
        if not isinstance(change, int):
            return
        running += change if profile.change == _FALLING else -change
        if not -(2**63) < running < 2**63:
            return
        shape = replace(profile.shape, coding=_WIDEST, storage=place)
        yield DataRecord(shape, running.to_bytes(8, "little", signed=True))


def _begins(one: RecordHead, profile: RecordHead) -> bool:
    """Whether a record has the value that a profile begins at."""
    return replace(one, coding=profile.coding, extended=profile.extended) == profile
