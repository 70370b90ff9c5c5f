"""The walk-by record of Qundis meters: total, two set dates and twelve months in one value.

    head 9 | VIF | date 2 | total 4 | date 2 | at the year's set date 4 | date 2 | at the month's
    set date 4 | 12 months, 2 each | 1

Facts of it after the open-source project wmbusmeters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from collector.decode.mbus.record import DataRecord, shape_of

_CODES = (0x7F, 0x5F)
_WIDTH, _CODE = 53, 9
_TOTALS = (("0C", 12), ("4C", 18), ("CC08", 24))
"""Heads of the totals and where they stand."""
_MONTHS, _FIRST_MONTH = 12, 28


def walked_by(records: Iterable[DataRecord]) -> Iterator[DataRecord]:
    """The records, that one replaced by what it holds."""
    for record in records:
        data = record.data[1:]
        if record.shape.codes == _CODES and len(data) == _WIDTH:
            yield from _parts(data)
        else:
            yield record


def _parts(data: bytes) -> Iterator[DataRecord]:
    code = data[_CODE : _CODE + 1]
    if code[0] > 0x7B:
        return
    for head, at in _TOTALS:
        yield DataRecord(shape_of(bytes.fromhex(head) + code), data[at : at + 4])
    for month in range(_MONTHS):
        storage = month + 2
        first = bytes([0x82 | (storage & 1) << 6, storage >> 1])
        at = _FIRST_MONTH + 2 * month
        yield DataRecord(shape_of(first + code), data[at : at + 2])
