"""Readings and quantities that people enter.

POST /v1/evidence                       a photograph or a scan, to be named by an entry
POST /v1/entries                        a register's reading, or what passed over some days
GET  /v1/entries, /v1/entries/{id}      what was entered, and what became of it
POST /v1/entries/{id}/withdrawal        takes an entry back
GET  /v1/entries/{id}/evidence/{sha256} the file that an entry names
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field

from api import paging
from api.answers.common import PageAnswer
from api.answers.entries import EnteredAnswer, EvidenceFileAnswer
from api.auth import Enterer, Reader
from api.paging import Cursor, Limit
from api.params import WRITTEN, Code, JsonBody, example, refuses
from api.problems import WrongMedia
from api.usecases.entries import Entry, Told, enter, entries, entry_of, evidence_of, withdraw
from api.usecases.evidence import keep_evidence
from metering.errors import InvalidInput
from metering.localtime import iso
from metering.statement import MOST_EVIDENCE, MOST_NOTE, EvidenceFile, StatementKind

MEDIA = ("application/pdf", "image/png", "image/jpeg")
BYTES: Final = {
    kind: {"schema": {"type": "string", "format": "binary"}, "example": "(its bytes)"}
    for kind in MEDIA
}
EVIDENCE_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The file", "content": BYTES}
}

router = APIRouter(prefix="/v1", tags=["entries"], route_class=JsonBody)

SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
EVIDENCE_EXAMPLE = {"sha256": SHA256, "media": "image/jpeg", "size": 183_422}
ENTRY_EXAMPLE = {
    "id": "3f0c1d2b4a59687756aa",
    "kind": "quantity",
    "meter": "office-a-water",
    "time": None,
    "start": "2026-10-01",
    "end": "2026-11-01",
    "value": "412.5",
    "unit": "m3",
    "point": "campus/by-hand/office-a-water",
    "read_by": "Wang",
    "note": "from the company's slip",
    "evidence": [
        {**EVIDENCE_EXAMPLE, "url": f"/v1/entries/3f0c1d2b4a59687756aa/evidence/{SHA256}"}
    ],
    "entered_by": "facility desk (63f29a15fddb)",
    "entered_at": "2026-11-02T01:12:44Z",
    "state": "stands",
    "taken_in": True,
    "message": "/v1/messages/33554433/12",
}


IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        max_length=128,
        description="A text of your own for each entry: sent again, it answers with the entry that"
        " is there",
    ),
]


class NewEntry(BaseModel):
    """What was read, or what passed."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "meter": "office-a-water",
                "value": "412.5",
                "month": "2026-10",
                "read_by": "Wang",
                "note": "from the company's slip",
                "evidence": [SHA256],
            }
        },
    )
    meter: str = Field(min_length=1, max_length=64)
    value: Annotated[Decimal, Field(max_digits=18, decimal_places=9), WRITTEN] = Field(
        description="What the register shows, or what passed"
    )
    unit: str = Field("", max_length=32, description="Where it is not the one that is registered")
    time: str = Field("", max_length=40, description="The instant at which the meter was read")
    day: str = Field(
        "", max_length=10, description="The local day at whose beginning the register stood there"
    )
    month: str = Field("", max_length=7, description="The month over which the quantity passed")
    start: str = Field("", max_length=10, description="First local day of a quantity")
    end: str = Field("", max_length=10, description="The day behind its last one")
    point: str = Field(
        "", max_length=260, description="SITE/GATEWAY/NAME, where several serve the meter"
    )
    read_by: str = Field("", max_length=128, description="Who read the meter")
    note: str = Field("", max_length=MOST_NOTE)
    evidence: list[Annotated[str, Field(max_length=64)]] = Field(
        [], max_length=MOST_EVIDENCE, description="SHA-256 of files sent to /v1/evidence"
    )


class Withdrawal(BaseModel):
    """Why an entry is taken back."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"reason": "it was the meter next to it"}}
    )
    reason: str = Field(min_length=1, max_length=MOST_NOTE)


def entry_json(told: Told) -> EnteredAnswer:
    """An entry with what became of it."""
    one, said = told.statement, told.statement.said
    return {
        "id": one.id,
        "kind": str(one.kind),
        "meter": one.subject,
        "time": str(said["at"]) if one.kind is StatementKind.READING else None,
        "start": one.first.isoformat(),
        "end": one.after.isoformat(),
        "value": str(said["value"]),
        "unit": str(said["unit"]),
        "point": str(said["point"]),
        "read_by": str(said.get("read_by", "")),
        "note": str(said.get("note", "")),
        "evidence": [
            {
                "sha256": file.sha256,
                "media": file.media,
                "size": file.size,
                "url": f"/v1/entries/{one.id}/evidence/{file.sha256}",
            }
            for file in told.evidence
        ],
        "entered_by": one.entered_by,
        "entered_at": iso(one.arrived_us),
        "state": str(told.state),
        "taken_in": told.taken_in,
        "message": f"/v1/messages/{one.segment}/{one.offset}",
    }


@router.post(
    "/evidence",
    status_code=201,
    responses={201: example(EVIDENCE_EXAMPLE)[200], **refuses(400, 413, 415)},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": BYTES,
        }
    },
)
async def evidence(request: Request, caller: Enterer) -> EvidenceFileAnswer:
    """Keep a file, a PDF, PNG or JPEG by its first bytes; entries name it by its `sha256`.

    The same file again is the same file. Only a key that reaches the place of the key that sent it,
    or an entry or a bill that names it, can name it; only who reaches one of these reads it back.
    """
    said = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if said not in ("", "application/octet-stream", *MEDIA):
        raise WrongMedia(
            "neither a PDF nor a picture", field="Content-Type", value=said, fix=", ".join(MEDIA)
        )
    content = await request.body()
    if not content:
        raise InvalidInput("an empty body", field="body", value="", fix="send the file's bytes")
    kept = await run_in_threadpool(keep_evidence, caller, content)
    return {"sha256": kept.sha256, "media": kept.media, "size": kept.size}


@router.post("/entries", status_code=202, responses={202: example(ENTRY_EXAMPLE)[200]})
def new_entry(body: NewEntry, caller: Enterer, key: IdempotencyKey = "") -> EnteredAnswer:
    """Enter what the register of a meter showed (`time` or `day`), or what passed over whole days
    (`month`, or `start` and `end`) where a meter has no register.

    202 means it is in the journal. A later entry of the same time or days takes the place of an
    earlier one; both stay. In the books it is never measured.
    """
    entry = Entry(**{**body.model_dump(), "evidence": tuple(body.evidence)})
    return entry_json(enter(caller, entry, key))


@router.get("/entries", responses=example({"data": [ENTRY_EXAMPLE], "next": None}))
def list_entries(
    request: Request,
    response: Response,
    caller: Reader,
    meter: Code = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> PageAnswer[EnteredAnswer]:
    """What was entered for the meters of the scope and is taken in, newest first."""
    place = paging.decode(cursor, int, str)
    before = (place[0], place[1]) if place else None
    found = entries(caller, meter, before, limit + 1)
    page = [entry_json(one) for one in found[:limit]]
    last = found[limit - 1].statement if len(found) > limit else None
    following = None if last is None else paging.encode([last.arrived_us, last.id])
    return paging.answer(request, response, page, following)


@router.get("/entries/{id}", responses=example(ENTRY_EXAMPLE))
def one_entry(id: str, caller: Reader) -> EnteredAnswer:
    """One entry, also before its readings are taken in."""
    return entry_json(entry_of(caller, id))


@router.post("/entries/{id}/withdrawal", responses=example({**ENTRY_EXAMPLE, "state": "withdrawn"}))
def withdrawal(id: str, body: Withdrawal, caller: Enterer) -> EnteredAnswer:
    """Take an entry back: nothing uses its readings any more. It stays, with who took it back."""
    return entry_json(withdraw(caller, id, body.reason))


@router.get(
    "/entries/{id}/evidence/{sha256}", response_class=Response, responses=EVIDENCE_RESPONSES
)
def evidence_file(id: str, sha256: str, caller: Reader) -> Response:
    """The bytes of a file that an entry names."""
    return file_answer(*evidence_of(caller, id, sha256))


def file_answer(file: EvidenceFile, content: bytes) -> Response:
    """A file of evidence, for saving: a browser must neither show it nor guess what it is."""
    headers = {"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff"}
    return Response(content, media_type=file.media, headers=headers)
