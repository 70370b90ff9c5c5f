"""The fixed data structure: two counters of a meter (EN 1434-3, CI 73).

id 4 | access | status | medium and units 2 | counter 1 4 | counter 2 4
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from collector.decode.mbus.meaning import scaled
from collector.decode.mbus.octets import bad_frame
from collector.decode.mbus.vif import Meaning
from collector.decode.quantity import Quantity
from metering.reading import Kind

_WIDTH = 16
_BINARY, _STORED = 0x80, 0x40
_SAME = 0x3E


def _runs() -> dict[int, Meaning]:
    register: Kind = Kind.REGISTER
    runs = [
        (0x02, 9, Meaning("energy", "kWh", -3, kind=register)),
        (0x0B, 9, Meaning("energy", "MJ", -3, kind=register)),
        (0x14, 9, Meaning("power", "kW", -3)),
        (0x1D, 9, Meaning("power", "kW", 0, 1 / 3600)),
        (0x26, 9, Meaning("volume", "m3", -6, kind=register)),
        (0x2F, 9, Meaning("volume_flow", "m3/h", -6)),
        (0x38, 1, Meaning("temperature", "C", -3)),
        (0x39, 1, Meaning("heat_cost_allocation", "1", kind=register)),
        (0x3F, 1, Meaning("counter", "1", kind=register)),
    ]
    return {
        first + step: replace(meaning, power=meaning.power + step)
        for first, count, meaning in runs
        for step in range(count)
    }


UNITS_OF_COUNTERS = _runs()
"""Meaning of a counter by its six bits."""


def fixed_quantities(data: bytes) -> list[Quantity]:
    """Status and counters; the second is `_2` where both count the same, one stored at a date
    `_storage1`. Refusal `bad_frame` where the data are of another length."""
    if len(data) != _WIDTH:
        raise bad_frame("16 bytes are wanted of a fixed structure", "length", len(data))
    return list(_counters(data, data[3::-1].hex().upper()))


def _counters(data: bytes, device: str) -> Iterator[Quantity]:
    status, codes = data[5], [data[6] & 0x3F, data[7] & 0x3F]
    yield Quantity("status", float(status), "1", Kind.STATE, device=device)
    stored = [False, codes[1] == _SAME or bool(status & _STORED)]
    if codes[1] == _SAME:
        codes[1] = codes[0]
    seen: set[str] = set()
    for place, code in enumerate(codes):
        meaning = UNITS_OF_COUNTERS.get(code)
        count = _count(data[8 + 4 * place : 12 + 4 * place], bool(status & _BINARY))
        if meaning is None or count is None:
            continue
        name = f"{meaning.name}_storage1" if stored[place] else meaning.name
        name = f"{name}_2" if name in seen else name
        seen.add(name)
        yield Quantity(name, scaled(count, meaning), meaning.unit, meaning.kind, device=device)


def _count(counter: bytes, is_binary: bool) -> int | None:
    if is_binary:
        return int.from_bytes(counter, "little")
    digits = counter[::-1].hex()
    return int(digits) if digits.isdecimal() else None
