"""Heat and water meters whose modules send records of the M-Bus: Elvaco's and Kamstrup's.

    Elvaco     which choice of records | records
    Kamstrup   CI, with no header, a short or a long one as on the wire | records

Sources: user's manuals of CMi4110 to CMi4160, Kamstrup's guide to its LoRaWAN modules. The records
are those of EN 13757-3, and quantities have the names that they have on the wire.
"""

from __future__ import annotations

from collector.decode.mbus.meaning import quantities_of
from collector.decode.mbus.record import records_of
from collector.decode.message import Problem
from collector.decode.quantity import Quantity
from collector.profiles.profile import Profile, no_measurement, unknown_message

_ELVACO_PORT = 2
_TEXT = b"{"
_HEADERS = {0x78: 1, 0x7A: 5, 0x72: 13}
"""Bytes before the records, by CI; the last two of a header say how they are encrypted."""


def elvaco(payload: bytes, port: int) -> list[Quantity | Problem]:
    """What the records say, and a problem for the rest behind one that is not understood."""
    if port != _ELVACO_PORT or payload[1:2] == _TEXT:
        raise unknown_message(payload, port)
    return _told(payload, 1)


def kamstrup(payload: bytes, port: int) -> list[Quantity | Problem]:
    """As Elvaco's; Refusal for other frames, and for those that are encrypted a second time."""
    start = _HEADERS.get(payload[0] if payload else 0)
    if start is None or (start > 1 and payload[start - 1 : start] not in {b"", b"\0"}):
        raise unknown_message(payload, port)
    return _told(payload, start)


def _told(payload: bytes, start: int) -> list[Quantity | Problem]:
    found = records_of(payload[start:])
    told: list[Quantity | Problem] = list(quantities_of(found.records, ""))
    if found.defect is not None:
        if not told:
            raise found.defect
        told.append(found.defect.problem)
    if not told:
        raise no_measurement("records without a number", payload)
    return told


BUS_MODULES: dict[str, Profile] = {
    **{
        f"elvaco/{model}": elvaco
        for model in ("generic", "cmi4110", "cmi4111", "cmi4130", "cmi4140", "cmi4160")
    },
    **dict.fromkeys(
        ("kamstrup/generic", "kamstrup/multical", "kamstrup/flowiq2200", "kamstrup/hc-003-55"),
        kamstrup,
    ),
}
