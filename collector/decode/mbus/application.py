"""What a CI field says the data are, whichever way they came: by wire or by radio."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from collector.decode.mbus.compact import format_of
from collector.decode.mbus.fixed import fixed_quantities
from collector.decode.mbus.frame import LONG_HEADER, SHORT_HEADER, BusMeter, meter_of
from collector.decode.mbus.meaning import quantities_of
from collector.decode.mbus.octets import bad_frame
from collector.decode.mbus.own_codes import translated
from collector.decode.mbus.record import DataRecords, records_of, records_with
from collector.decode.mbus.security import IDLE, MODES, Keys, Sealed, opened
from collector.decode.quantity import Quantity
from metering.reading import Kind

_LONG, _LONG_MSB, _SHORT, _PLAIN = 0x72, 0x76, 0x7A, 0x78
_FIXED, _ERROR, _ALARM = 0x73, 0x70, 0x71
_COMPACT_LONG, _COMPACT_PLAIN, _COMPACT_SHORT = 0x73, 0x79, 0x7B
_ERRORS = (
    "unspecified error",
    "unimplemented CI field",
    "buffer too long",
    "too many records",
    "premature end of a record",
    "more than 10 DIFE",
    "more than 10 VIFE",
)


@dataclass(frozen=True, slots=True)
class Opened:
    """A telegram's data in clear."""

    meter: BusMeter
    data: bytes
    status: int | None = None
    """Of the meter, as its header says; None without a header."""


def long_header(data: bytes, keys: Keys, counter: bytes = b"", is_wired: bool = False) -> Opened:
    """Data behind a long header. Refusal `bad_frame` where it is cut, `encrypted`.

    On the wire older meters have a signature where a mode is today: only known modes are ones.
    """
    if len(data) < LONG_HEADER:
        raise bad_frame("ends within its header", "length", len(data))
    meter = meter_of(data)
    address = data[4:6] + data[:4] + data[6:8]
    sealed = Sealed(meter.number, address, data[8], _configuration(data[10:12]), counter)
    if is_wired and sealed.mode not in MODES:
        sealed = replace(sealed, configuration=0)
    return Opened(meter, opened(data[LONG_HEADER:], sealed, keys), data[9])


def short_header(
    data: bytes, meter: BusMeter, address: bytes, keys: Keys, counter: bytes = b""
) -> Opened:
    """Data behind a short header, of the meter that the link names."""
    if len(data) < SHORT_HEADER:
        raise bad_frame("ends within its header", "length", len(data))
    sealed = Sealed(meter.number, address, data[0], _configuration(data[2:4]), counter)
    return Opened(meter, opened(data[SHORT_HEADER:], sealed, keys), data[1])


def _configuration(octets: bytes) -> int:
    return int.from_bytes(octets, "little")


def wired_quantities(ci: int, data: bytes, keys: Keys) -> Iterator[Quantity]:
    """What a slave on the wired bus answered. Raises Refusal where it cannot be read."""
    if ci == _FIXED:
        yield from fixed_quantities(data)
    elif ci == _LONG:
        yield from _whole(long_header(data, keys, is_wired=True))
    elif ci == _LONG_MSB:
        turned = data[3::-1] + data[5:3:-1] + data[6:10] + data[11:9:-1]
        found = long_header(turned + data[LONG_HEADER:], keys, is_wired=True)
        yield from told(found, _turned(_sound(found.data)))
    elif ci == _PLAIN:
        yield from _whole(Opened(BusMeter(""), data))
    elif ci == _ERROR:
        code = data[0] if data else 0
        text = _ERRORS[code] if code < len(_ERRORS) else f"error {code}"
        raise bad_frame(f"the meter answers with an error: {text}", "error", code)
    elif ci == _ALARM and data:
        yield Quantity("alarm", float(data[0]), "1", Kind.STATE)
    else:
        raise bad_frame("not an answer of a meter", "CI", f"{ci:02x}")


def radio_records(
    ci: int,
    link: BusMeter,
    address: bytes,
    data: bytes,
    keys: Keys,
    counter: bytes,
    learned: Mapping[bytes, bytes],
) -> tuple[Opened, DataRecords] | None:
    """A radio telegram in clear and its records; None where its CI field is a manufacturer's own.

    `link`, `address` and `counter` are what the link layer says, `learned` the heads of compact
    frames by their signature. Raises Refusal: `bad_frame`,
    `encrypted`.
    """
    if ci in {_LONG, _COMPACT_LONG}:
        found = long_header(data, keys, counter)
    elif ci in {_SHORT, _COMPACT_SHORT}:
        found = short_header(data, link, address, keys, counter)
    elif ci in {_PLAIN, _COMPACT_PLAIN}:
        found = Opened(link, data)
    else:
        return None
    if ci in {_COMPACT_LONG, _COMPACT_SHORT, _COMPACT_PLAIN}:
        return found, _compact(found.data, learned)
    return found, records_of(found.data)


def told(found: Opened, records: DataRecords) -> Iterator[Quantity]:
    """The meter's status and what its records hold."""
    if found.status is not None:
        yield Quantity("status", float(found.status), "1", Kind.STATE, device=found.meter.name)
    known = translated(records.records, found.meter.maker)
    yield from quantities_of(known, found.meter.name)


def _whole(found: Opened) -> Iterator[Quantity]:
    yield from told(found, _sound(found.data))


def _sound(data: bytes) -> DataRecords:
    """Records of which none is defect: on the wire a checksum has vouched for all of them."""
    records = records_of(data)
    if records.defect is not None:
        raise records.defect
    return records


def _turned(records: DataRecords) -> DataRecords:
    """Records whose values came with the most significant byte first."""
    return DataRecords([replace(one, data=one.data[::-1]) for one in records.records])


def _compact(data: bytes, learned: Mapping[bytes, bytes]) -> DataRecords:
    """A compact frame: signature of the heads 2, checksum of the full frame 2, values."""
    data = data.removeprefix(IDLE)
    if len(data) < 4:
        raise bad_frame("ends within its header", "length", len(data))
    return records_with(format_of(data[:2], learned), data[4:])
