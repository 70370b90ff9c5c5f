"""Years of readings from a file, into registered points and new ones.

POST /v1/history                 a file, with what `greenoffice history load` is told of it
GET  /v1/history/{id}            how far it is, and what became of each value
GET  /v1/history/{id}/refused    the rows that hold what was refused, to be mended
"""

from __future__ import annotations

import tempfile
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from api.answers.histories import HistoryAnswer
from api.auth import Admin
from api.params import example, refuses
from api.problems import WrongMedia
from api.routes.stated_tables import ALSO, MEDIA, Correct, Decimals, Encoding
from api.usecases.histories import HistoryWishes, history_refused, history_told, send_history
from metering.errors import InvalidInput
from metering.history_load import (
    HistoryAnswers,
    HistoryStep,
    HistoryTold,
    NewMeter,
    SeriesChoice,
)
from metering.reading import Kind
from metering.registry.proposal import MAX_REASON
from metering.tables.stamps import FORMS

router = APIRouter(prefix="/v1", tags=["readings"])

MOST_MAPPING: Final = 16_000
MOST_SERIES: Final = 1_000
FORM_MEDIA: Final = (*MEDIA, "application/vnd.apache.parquet", "application/zip", "text/xml")
HISTORY_EXAMPLE: Final = {
    **{"id": "k3Jq9m0Xw2Zt8bY4cV6nR1sD5fG7hL0p", "file": "years.csv", "dry_run": False},
    **{"state": "done", "done": 2000, "total": 2000, "tables": 1},
    "counts": {
        **{"read": 2000, "stored": 1990, "corrected": 0, "duplicates": 0, "differing": 0},
        **{"entered": 0, "unknown": 0, "missing": 9, "refused": 1},
    },
    "unknown_series": [],
    "registered": ["meter canteen-1f3a9c20 new: code=canteen-1f3a9c20, node=office-a"],
    "examples": ["years.csv, row 7, canteen = '12..5': not a number"],
    "refused_rows": "/v1/history/k3Jq9m0Xw2Zt8bY4cV6nR1sD5fG7hL0p/refused",
    "refusal": None,
}
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}, "example": "(its bytes)"}
            for kind in FORM_MEDIA
        },
    }
}
_A_CSV: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The rows, as CSV",
        "content": {"text/csv": {"schema": {"type": "string"}, "example": "time,canteen,reason"}},
    }
}


class MappedTo(BaseModel):
    """What a series is: a point, nothing where it is left out, or something new."""

    model_config = ConfigDict(extra="forbid")

    point: str = Field("", max_length=300)
    unit: str = Field("", max_length=40)
    new: bool = False
    node: str = Field("", max_length=64)
    item: str = Field("", max_length=16)
    kind: Literal["", "register", "interval", "mean", "instant", "state"] = ""

    def choice(self) -> SeriesChoice:
        """The same as the page says it."""
        made = NewMeter(self.node, self.item, self.unit, self.kind) if self.new else None
        return SeriesChoice(self.point, self.unit, made)


_MAPPING: Final = TypeAdapter(dict[Annotated[str, Field(max_length=300)], MappedTo])

Name = Annotated[str, Query(min_length=1, max_length=200, description="What the file is called")]
Mapping = Annotated[
    str,
    Query(
        max_length=MOST_MAPPING,
        description="JSON, by series: `point` (SITE/GATEWAY/POINT or the code of a meter; '' leaves"
        " it out) and `unit`; or `new` with `node`, `item`, `unit` and `kind` of what is made",
    ),
]
Text = Annotated[str, Query(max_length=300)]
Id = Annotated[str, Path(max_length=64)]


@router.post(
    "/history",
    responses={**example(HISTORY_EXAMPLE), **refuses(400, 413, 415)},
    openapi_extra=_BODY,
)
async def load_history(
    request: Request,
    caller: Admin,
    file: Name = "history",
    dry_run: Annotated[bool, Query(description="Only tell what would become of it")] = False,
    reason: Annotated[
        str, Query(max_length=MAX_REASON, description="Why; needed unless it is a dry run")
    ] = "",
    mapping: Mapping = "",
    gateway: Annotated[str, Query(max_length=140, description="Whose points alone are meant")] = "",
    kind: Annotated[Kind | None, Query(description="What the points have to be")] = None,
    new: Annotated[bool, Query(description="Make points for series that have none")] = False,
    node: Annotated[str, Query(max_length=64, description="Place of new meters")] = "",
    item: Annotated[str, Query(max_length=16, description="What new meters count")] = "",
    zone: Annotated[str, Query(max_length=64, description="Of times without an offset")] = "",
    date: Annotated[str, Query(max_length=16, description="Order of dates")] = "",
    decimal: Decimals = "",
    label: Literal["start", "end"] = "start",
    interval: Annotated[
        int | None, Query(ge=1, le=999_999, description="Length of an interval [minutes]")
    ] = None,
    unit: Annotated[str, Query(max_length=40, description="Where the file says none")] = "",
    encoding: Encoding = "",
    separator: Literal["", ",", ";", "\t"] = "",
    time: Text = "",
    meter: Text = "",
    correct: Correct = False,
) -> HistoryAnswer:
    """Load a file in the body (CSV, XLSX, Parquet, NEM12, Green Button or a ZIP of them) with what
    `greenoffice history load` is told of it. It goes on after the answer; GET tells how far it is.
    The same file again stores nothing a second time."""
    caller.need_whole()
    said = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if said not in (*FORM_MEDIA, *ALSO, "application/xml"):
        raise WrongMedia("not a table", field="Content-Type", value=said, fix=", ".join(MEDIA))
    if date and date not in FORMS:
        raise InvalidInput("unknown order of dates", field="date", value=date, fix=", ".join(FORMS))
    answers = HistoryAnswers(
        *(zone, date, decimal, label, interval, unit, encoding, separator, time, meter, gateway),
        *(correct, kind, new, node, item),
    )
    wishes = HistoryWishes(answers, _choices(mapping), dry_run, reason)
    with tempfile.TemporaryFile() as content:
        async for part in request.stream():
            content.write(part)
        content.seek(0)
        id = await run_in_threadpool(send_history, caller, file, content, wishes)
    return _history_json(await run_in_threadpool(history_told, caller, id))


@router.get("/history/{id}", responses=example(HISTORY_EXAMPLE))
def loaded_history(id: Id, caller: Admin) -> HistoryAnswer:
    """How far a file is that this key sent, and what became of each value; for a day after it was
    last worked on."""
    caller.need_whole()
    return _history_json(history_told(caller, id))


@router.get("/history/{id}/refused", response_class=Response, responses=_A_CSV)
def refused_history(id: Id, caller: Admin) -> Response:
    """The rows of a file that hold what was refused, as CSV to be mended and sent again."""
    caller.need_whole()
    content = history_refused(caller, id)
    headers = {"Content-Disposition": 'attachment; filename="refused.csv"'}
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


def _choices(mapping: str) -> dict[str, SeriesChoice]:
    if not mapping:
        return {}
    try:
        said = _MAPPING.validate_json(mapping)
    except ValidationError as error:
        raise InvalidInput(
            f"not a mapping: {error.errors()[0]['msg']}",
            field="mapping",
            value=mapping[:60],
            fix='JSON such as {"canteen": {"point": "campus/gw-1/E1", "unit": "kWh"}}',
        ) from None
    if len(said) > MOST_SERIES:
        raise InvalidInput(
            f"more than {MOST_SERIES} series",
            field="mapping",
            value=len(said),
            fix="load the file in parts",
        )
    return {name: one.choice() for name, one in said.items()}


def _history_json(told: HistoryTold) -> HistoryAnswer:
    outcome, refusal = told.outcome, told.refusal
    return {
        "id": told.id,
        "file": told.file,
        "dry_run": told.asked.step is not HistoryStep.LOAD,
        "state": _state(told),
        "done": told.done,
        "total": told.count,
        "tables": outcome.tables if outcome else 0,
        "counts": dict(outcome.counts) if outcome else None,
        "unknown_series": list(outcome.unknown_series) if outcome else [],
        "registered": list(outcome.made) if outcome else [],
        "examples": list(outcome.examples) if outcome else [],
        "refused_rows": f"/v1/history/{told.id}/refused" if told.mendable else None,
        "refusal": None
        if refusal is None
        else {
            "code": refusal.code,
            "message": refusal.message,
            "field": refusal.field,
            "value": refusal.value,
            "fix": refusal.fix,
            "asks": refusal.asks,
        },
    }


def _state(told: HistoryTold) -> str:
    if told.running or told.died:
        return "running" if told.running else "broken_off"
    return "refused" if told.refusal is not None else "done"
