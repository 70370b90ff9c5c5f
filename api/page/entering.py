"""What people enter, as the page shows it: meters to read, forms, entries and tables."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from api.decimals import plain
from api.page import formats
from api.page.visit import Visit
from api.usecases.entries import Told, entries
from api.usecases.hand_readings import (
    JUMP,
    MOST_FOUND,
    HandDoubt,
    HandMeter,
    RegisterBeside,
    RegisterReading,
    last_of,
    point_name,
    readable_meters,
)
from api.usecases.stated_tables import RowFate, StatedTable, all_counts
from metering.access import Role
from metering.errors import GreenOfficeError
from metering.localtime import day_number, day_of_number, parse_instant
from metering.statement import EvidenceFile, StatementKind
from texts import said

NEWEST: Final = 10
ROWS_SHOWN: Final = 50
_PLACES: Final = Decimal("0.000001")


@dataclass(frozen=True)
class ReadingForm:
    """What somebody fills in at a meter."""

    value: str = ""
    at: str = ""
    """On the wall of the meter's place, as a browser writes it."""
    read_by: str = ""
    note: str = ""
    photo: str = ""
    """SHA-256 of the photo that came with it before; '' for none."""
    key: str = field(default_factory=lambda: secrets.token_hex(10))
    """Sent twice under it, it is one entry."""


@dataclass(frozen=True)
class FormAsked:
    """Why a form is shown again."""

    doubts: Sequence[HandDoubt] = ()
    around: RegisterBeside | None = None
    error: GreenOfficeError | None = None


def meters_page(visit: Visit, search: str, done: str) -> dict[str, Any]:
    """Meters that somebody may read, and what was entered last."""
    found = readable_meters(visit.caller, search)
    return {
        "search": search,
        "done": done,
        "count": len(found),
        "meters": [_found(visit, one) for one in found[:MOST_FOUND]],
        "newest": [_entry(visit, one) for one in entries(visit.caller, None, None, NEWEST)],
        "may_enter": visit.caller.may(Role.ENTER),
    }


def _found(visit: Visit, one: HandMeter) -> dict[str, Any]:
    return {
        "code": one.meter.code,
        "point": point_name(one),
        "name": one.meter.name(visit.language),
        "place": visit.caller.reach.registry.nodes[one.place].name(visit.language),
        "last": _shown(visit, one, last_of(visit.caller, one)),
    }


def _shown(visit: Visit, one: HandMeter, found: RegisterReading | None) -> dict[str, str] | None:
    if found is None:
        return None
    return {
        "value": _number(found.value),
        "unit": formats.UNITS.get(one.unit, one.unit),
        "when": formats.moment(found.time_us, one.zone),
        "entered": visit.text("entered by a person") if found.entered else "",
    }


def _number(value: Fraction) -> str:
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return plain(exact.quantize(_PLACES).normalize())


def form_page(visit: Visit, one: HandMeter, form: ReadingForm, asked: FormAsked) -> dict[str, Any]:
    """The form of a meter, with what it showed last and what is asked of what was typed."""
    now = formats.local(visit.caller.platform.now_us(), one.zone)
    around = asked.around
    error = asked.error
    return {
        **_found(visit, one),
        "zone": one.zone,
        "unit": formats.UNITS.get(one.unit, one.unit),
        "digits": one.installed.digits,
        "form": form,
        "at": form.at or f"{now:%Y-%m-%dT%H:%M}",
        "latest": f"{now:%Y-%m-%dT%H:%M}",
        "doubts": [str(doubt) for doubt in asked.doubts],
        "jump": JUMP,
        "before": None if around is None else _shown(visit, one, around.before),
        "after": None if around is None else _shown(visit, one, around.after),
        "usual": "" if around is None or around.usual is None else _number(around.usual),
        "error": None
        if error is None
        else {
            "field": error.field or "",
            "text": said(error.message, visit.language),
            "fix": said(error.fix or "", visit.language),
        },
    }


def entry_page(visit: Visit, told: Told) -> dict[str, Any]:
    """One entry with what shows it, and the way to take it back."""
    stands = str(told.state) == "stands"
    return _entry(visit, told) | {"may_withdraw": stands and visit.caller.may(Role.ENTER)}


def _entry(visit: Visit, told: Told) -> dict[str, Any]:
    one = told.statement
    meter = visit.caller.reach.registry.meters.get(one.subject)
    zone = str(one.said.get("zone", "UTC"))
    unit = str(one.said["unit"])
    if one.kind is StatementKind.READING:
        when = formats.moment(parse_instant(str(one.said["at"]), "at"), zone)
    else:
        last = day_of_number(day_number(one.after)) - timedelta(days=1)
        when = f"{one.first.isoformat()} – {last.isoformat()}"
    return {
        "id": one.id,
        "meter": one.subject,
        "name": one.subject if meter is None else meter.name(visit.language),
        "value": str(one.said["value"]),
        "unit": formats.UNITS.get(unit, unit),
        "when": when,
        "read_by": str(one.said.get("read_by", "")),
        "note": str(one.said.get("note", "")),
        "entered_by": one.entered_by,
        "entered_at": formats.moment(one.arrived_us, zone),
        "state": str(told.state),
        "taken_in": told.taken_in,
        "message": f"/messages/{one.segment}/{one.offset}",
        "files": files_of(f"/entries/{one.id}", told.evidence),
    }


def files_of(where: str, files: Sequence[EvidenceFile]) -> list[dict[str, Any]]:
    """Files of evidence with the ways to them; pictures can be shown in place."""
    return [
        {
            "sha256": one.sha256,
            "url": f"{where}/evidence/{one.sha256}",
            "size": f"{one.size / 1024:,.0f} KB",
            "is_picture": one.media.startswith("image/"),
        }
        for one in files
    ]


def table_page(
    visit: Visit, name: str, content: bytes, found: Sequence[StatedTable]
) -> dict[str, Any]:
    """What would become of each row of a file, and the file itself, to be sent back with yes."""
    rows = [(one, row) for one in found for row in one.rows if row.fate is not RowFate.DUPLICATE]
    mendable = b"".join(one.mendable for one in found)
    return {
        "name": name,
        "content": urlsafe_b64encode(content).decode(),
        "counts": all_counts(found),
        "rows": [
            {
                "row": row.row,
                "fate": str(row.fate),
                "subject": row.subject,
                "about": row.about,
                "value": row.value,
                "column": row.refused.column if row.refused else "",
                "cell": row.refused.value if row.refused else "",
                "why": said(row.refused.why, visit.language) if row.refused else "",
                "fix": said(row.refused.fix, visit.language) if row.refused else "",
            }
            for _, row in rows[:ROWS_SHOWN]
        ],
        "more": max(0, len(rows) - ROWS_SHOWN),
        "left_out": [heading for one in found for heading in one.left_out],
        "mend": urlsafe_b64encode(mendable).decode().replace("-", "+").replace("_", "/"),
    }
