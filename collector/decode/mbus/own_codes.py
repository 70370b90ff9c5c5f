"""Codes of manufacturers' own (VIF 7F), as the codes of the standard that mean the same.

The first code behind 7F is kept behind them as the manufacturer's own, so that two things of one
quantity, as voltages to neutral and between phases, have two names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from collector.decode.mbus.record import DataRecord
from collector.decode.mbus.vif import MANUFACTURER

_IME = {
    (0x00, 0x04): (0x04,),
    (0x01, 0x04): (0x7B, 0x02, 0x74),
    (0x04, 0x2B): (0x2B,),
    (0x05, 0x2B): (0x7B, 0x14),
    (0x06, 0x2B): (0x7B, 0x34),
    (0x07, 0x48): (0x7D, 0x48),
    (0x08, 0x48): (0x7D, 0x48),
    (0x09, 0x59): (0x7D, 0x59),
    (0x0A, 0x48): (0x7B, 0x2E),
    (0x0B, 0x28): (0x7D, 0x3A, 0x73),
    (0x0D, 0x2B): (0x2B,),
    (0x0E, 0x2B): (0x2B,),
    (0x0F, 0x21): (0x21,),
    (0x5A,): (0x7B, 0x2E),
}
OWN_CODES: dict[str, dict[tuple[int, ...], tuple[int, ...]]] = {"IME": _IME}
"""By manufacturer: the codes behind 7F, and what they mean."""


def translated(records: Iterable[DataRecord], maker: str) -> Iterator[DataRecord]:
    """The records, those in known codes of the maker in codes of the standard."""
    table = OWN_CODES.get(maker, {})
    for record in records:
        first, *rest = record.shape.codes
        own = next((key for key in table if key == tuple(rest[: len(key)])), None)
        if first != MANUFACTURER or own is None:
            yield record
            continue
        codes = (*table[own], *rest[len(own) :], MANUFACTURER, own[0])
        yield replace(record, shape=replace(record.shape, codes=codes, extended=True))
