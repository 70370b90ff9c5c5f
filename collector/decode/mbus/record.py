"""Data records: which value a field holds, of which kind, and its raw bytes.

    DIF  E S FF DDDD    extended, storage bit, function, data field
    DIFE E U TT SSSS    extended, subunit bit, tariff bits, storage bits      up to 10
    VIF  E VVVVVVV      what is measured and its unit; VIFE: more of it       up to 10
    data as the data field says; LVAR: a length of its own

EN 13757-3, variable data structure. Records follow each other without a count, so that after
one that cannot be understood nothing more can be found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from collector.decode.mbus.octets import bad_frame
from collector.decode.message import Refusal

_MOST_EXTENSIONS = 10
WIDTHS = {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 4, 6: 6, 7: 8, 8: 0, 9: 1, 10: 2, 11: 3, 12: 4, 14: 6}
"""Bytes of a value by its data field; LVAR says its own."""
_LVAR = 13
_IDLE, _MANUFACTURER, _MORE_FOLLOW, _GLOBAL_READOUT = 0x2F, 0x0F, 0x1F, 0x7F
FUNCTIONS = ("", "max", "min", "error")
"""Names of the function field: momentary, maximum, minimum, value in a state of error."""


@dataclass(frozen=True, slots=True)
class RecordHead:
    """What a record's head says of its data."""

    coding: int
    """The data field."""
    function: str = ""
    storage: int = 0
    tariff: int = 0
    subunit: int = 0
    codes: tuple[int, ...] = ()
    """VIF and VIFEs, with the extension bit cleared."""
    extended: bool = False
    """Whether the VIF has the extension bit: then 7B and 7D name tables."""
    text: str = ""
    """The unit in words, of a plain text VIF."""


@dataclass(frozen=True, slots=True)
class DataRecord:
    """A data record."""

    shape: RecordHead
    data: bytes
    """Least significant byte first; of LVAR with its length byte in front."""


@dataclass(slots=True)
class _Cursor:
    octets: bytes
    at: int = 0

    def take(self, count: int, what: str) -> bytes:
        end = self.at + count
        if end > len(self.octets):
            raise bad_frame(f"ends within {what}", "record", self.octets[-8:].hex(" "))
        taken = self.octets[self.at : end]
        self.at = end
        return taken

    def byte(self, what: str) -> int:
        return self.take(1, what)[0]


@dataclass(frozen=True, slots=True)
class DataRecords:
    """The records of a telegram."""

    records: list[DataRecord]
    heads: bytes = b""
    """Of all records, one behind the other."""
    own: bytes = b""
    """What the manufacturer put behind them, in a form of its own."""
    defect: Refusal | None = None
    """Why what follows is not understood; None where all is."""


def records_of(octets: bytes) -> DataRecords:
    """All records, up to one that is cut or has a reserved field."""
    cursor, found, heads = _Cursor(octets), list[DataRecord](), b""
    while cursor.at < len(octets):
        begin = cursor.at
        dif = cursor.byte("a DIF")
        if dif == _IDLE:
            continue
        if dif in {_MANUFACTURER, _MORE_FOLLOW}:
            return DataRecords(found, heads, octets[cursor.at :])
        if dif == _GLOBAL_READOUT:
            continue
        try:
            shape = _shape(dif, cursor)
            heads += octets[begin : cursor.at]
            found.append(DataRecord(shape, _data(shape.coding, cursor)))
        except Refusal as defect:
            return DataRecords(found, heads, octets[begin:], defect)
    return DataRecords(found, heads)


def shape_of(head: bytes) -> RecordHead:
    """What a record's head says. Raises Refusal `bad_frame` where it is cut or reserved."""
    cursor = _Cursor(head)
    return _shape(cursor.byte("a DIF"), cursor)


def records_with(heads: bytes, data: bytes) -> DataRecords:
    """Records whose heads were told apart from their data: those of a compact frame."""
    cursor, values, found = _Cursor(heads), _Cursor(data), list[DataRecord]()
    while cursor.at < len(heads):
        shape = _shape(cursor.byte("a DIF"), cursor)
        found.append(DataRecord(shape, _data(shape.coding, values)))
    return DataRecords(found, heads, data[values.at :])


def _data(coding: int, cursor: _Cursor) -> bytes:
    if coding != _LVAR:
        return cursor.take(WIDTHS[coding], "a value")
    length = cursor.byte("a value's length")
    return bytes([length]) + cursor.take(lvar_width(length), "a value")


def lvar_width(length: int) -> int:
    """Bytes that follow a length byte of LVAR; Refusal `bad_frame` for a reserved one."""
    if length < 0xC0:
        return length
    if length < 0xE0:
        return length & 0x0F
    if length < 0xF0:
        return length - 0xE0
    if length <= 0xF4:
        return 4 * (length - 0xEC)
    widths = {0xF5: 48, 0xF6: 64, 0xF8: 8}
    if length not in widths:
        raise bad_frame("a reserved length of a value", "LVAR", f"{length:02x}")
    return widths[length]


def _shape(dif: int, cursor: _Cursor) -> RecordHead:
    if dif & 0x0F == 0x0F:
        raise bad_frame("a reserved data field", "DIF", f"{dif:02x}")
    storage, tariff, subunit = dif >> 6 & 1, 0, 0
    for place, extension in enumerate(_extensions(dif, cursor, "a DIFE")):
        storage |= (extension & 0x0F) << (1 + 4 * place)
        tariff |= (extension >> 4 & 3) << (2 * place)
        subunit |= (extension >> 6 & 1) << place
    vif = cursor.byte("a VIF")
    extended, text = vif > 0x7F, ""
    if vif & 0x7F == 0x7C:
        text = cursor.take(cursor.byte("a unit's length"), "a unit")[::-1].decode("latin-1")
    codes = (vif & 0x7F, *(one & 0x7F for one in _extensions(vif, cursor, "a VIFE")))
    function = FUNCTIONS[dif >> 4 & 3]
    return RecordHead(dif & 0x0F, function, storage, tariff, subunit, codes, extended, text)


def _extensions(first: int, cursor: _Cursor, what: str) -> Iterator[int]:
    """The extension bytes that follow for as long as bit 7 is set."""
    last = first
    for _ in range(_MOST_EXTENSIONS):
        if last < 0x80:
            return
        last = cursor.byte(what)
        yield last
    if last > 0x7F:
        raise bad_frame(f"more than {_MOST_EXTENSIONS} times {what}", "record", f"{last:02x}")
