"""Elvaco: modules of heat meters that send records of the M-Bus, behind a byte that says which.

Source: user's manuals of CMi4110 to CMi4160; the records are those of EN 13757-3, and quantities
have the names that they have on the wire.
"""

from __future__ import annotations

from collector.decode.mbus.meaning import quantities_of
from collector.decode.mbus.record import records_of
from collector.decode.message import Problem
from collector.decode.quantity import Quantity
from collector.profiles.profile import Profile, no_measurement, unknown_message

_RECORDS_PORT = 2
_TEXT = b"{"


def elvaco(payload: bytes, port: int) -> list[Quantity | Problem]:
    """What the records say, and a problem for the rest behind one that is not understood."""
    if port != _RECORDS_PORT or payload[1:2] == _TEXT:
        raise unknown_message(payload, port)
    found = records_of(payload[1:])
    told: list[Quantity | Problem] = list(quantities_of(found.records, ""))
    if found.defect is not None:
        if not told:
            raise found.defect
        told.append(found.defect.problem)
    if not told:
        raise no_measurement("records without a number", payload)
    return told


ELVACO: dict[str, Profile] = {
    f"elvaco/{model}": elvaco
    for model in ("generic", "cmi4110", "cmi4111", "cmi4130", "cmi4140", "cmi4160")
}
