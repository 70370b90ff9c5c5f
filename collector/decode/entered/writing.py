"""A statement as bytes for the journal."""

from __future__ import annotations

import json

from metering.localtime import iso
from metering.statement import Stated


def payload_of(stated: Stated) -> bytes:
    """The payload that `decode` reads back; who entered it, and when, the record says."""
    one = stated.statement
    told = {
        "id": one.id,
        "kind": one.kind,
        "subject": one.subject,
        "first": one.first.isoformat(),
        "after": one.after.isoformat(),
        "said": one.said,
        "of": one.of,
    }
    readings = [
        {"point": r.point, "time": iso(r.time_us), "value": r.value, "unit": r.unit or None}
        for r in stated.readings
    ]
    return json.dumps({"statement": told, "readings": readings}, ensure_ascii=False).encode()
