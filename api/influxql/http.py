"""`/influx/query`, as an InfluxDB server of version 1 answers it."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl, quote

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from api.auth import caller_of, key_of_secret, trace_refusal
from api.caller import Caller
from api.influxql.engine import select, show
from api.influxql.engine.answers import Answer
from api.influxql.engine.check import tables_of
from api.influxql.engine.rows import ScopedView
from api.influxql.language.parse import SUPPORTED, parse
from api.influxql.language.tree import Select, Statement
from api.influxql.tables.measurements import MEASUREMENTS
from api.influxql.weight import AS_OF
from api.moments import as_of_text
from api.params import Json, refuses
from api.problems import HEADERS, MEDIA_TYPE, SignInNeeded, problem_of, status_of
from figures import AsOf
from metering.access import ApiKey, Role, by_key
from metering.errors import GreenOfficeError, InvalidInput
from metering.localtime import iso

router = APIRouter(prefix="/influx", tags=["influxql"])

OF_THE_BOOKS: Final = (
    *("energy", "energy_hour", "energy_day", "energy_week", "energy_month"),
    *("meters", "indicators", "datacentre"),
)
MOST_NAMED = 50
"""Institutions whose revision an answer names."""
_PER_UNIT_US = {"u": 1, "µ": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000}
_SCHEMES = ("bearer", "token")
EXAMPLE = {
    "results": [
        {
            "statement_id": 0,
            "series": [
                {
                    "name": "energy",
                    "tags": {"item": "01000"},
                    "columns": ["time", "sum"],
                    "values": [[1764000000000, 412.3], [1764086400000, None]],
                }
            ],
        }
    ]
}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"application/json": {"example": EXAMPLE}},
        "headers": {
            "X-Greenoffice-Revision": {
                "description": "The revision of each institution's books that the answer is of",
                "schema": {"type": "string", "example": "institution=57"},
            }
        },
    },
    **refuses(400, 401, 403, 404, 429, 503, 507),
}


_PARAMETERS: dict[str, Any] = {
    "parameters": [
        {"name": name, "in": "query", "description": text, "schema": {"type": "string"}}
        for name, text in (
            ("q", "InfluxQL statements, parted by semicolons; in a POST they may come as a form"),
            ("epoch", "Times as numbers of ns, u, ms, s, m or h; else as RFC 3339"),
            ("db", "`as_of_` and a moment, such as `as_of_c7`; another one is not used"),
        )
    ]
}


@router.get("/query", responses=_RESPONSES, openapi_extra=_PARAMETERS)
@router.post("/query", responses={**_RESPONSES, **refuses(413)}, openapi_extra=_PARAMETERS)
async def query(request: Request) -> Response:
    """InfluxQL statements in `q`, from the address or a form; times as `epoch` says.

    The key comes as `Authorization: Token KEY` or `Bearer KEY`, as the password of basic
    authentication, or as `p`.
    """
    try:
        said = said_in(request, await request.body())
        found, headers = await run_in_threadpool(_answer, request, said)
    except GreenOfficeError as refused:
        trace_refusal(request, refused)
        return refusal(refused, request)
    except ValueError:
        unread = InvalidInput("cannot read the form", field="q", fix=SUPPORTED)
        return refusal(unread, request)
    return Response(found, media_type="application/json", headers=headers)


@router.get("/ping", status_code=204, responses=refuses(503))
def ping() -> Response:
    """Whether somebody listens, as InfluxDB clients ask."""
    return Response(status_code=204, headers={"X-Influxdb-Version": "1.8-greenoffice"})


def _answer(request: Request, said: Mapping[str, str]) -> tuple[bytes, dict[str, str]]:
    """The body and its headers; all statements are answered of one state of the books."""
    caller = _caller(request, said)
    unit = said.get("epoch", "")
    if unit and unit not in (*_PER_UNIT_US, "ns", "n"):
        raise InvalidInput("unknown epoch", field="epoch", value=unit, fix="h, m, s, ms, u or ns")
    statements = parse(said.get("q", ""), caller.platform.now_us())
    with caller.view(_moment(caller, said.get("db", ""), statements)) as books:
        view = ScopedView(caller, books)
        results = [
            {"statement_id": n, **_result(statement, view, unit)}
            for n, statement in enumerate(statements)
        ]
        headers = _revisions(books.revisions)
    return msgspec.json.encode({"results": results}), headers


def _moment(caller: Caller, database: str, statements: Sequence[Statement]) -> AsOf | None:
    """The moment that the database of a request, or of its statements, names; one for all."""
    selects = [one for one in statements if isinstance(one, Select)]
    named = [one for one in (database, *(s.database for s in selects)) if one.startswith(AS_OF)]
    if not named:
        return None
    told = f"{AS_OF}… for all statements, or for none"
    apart = [s.database for s in selects if s.database not in ("", named[0])]
    if len(set(named)) > 1 or (apart and not database.startswith(AS_OF)):
        raise InvalidInput("two moments are asked for", field="db", value=named[-1], fix=told)
    if len(selects) > 1 and not database.startswith(AS_OF) and any(not s.database for s in selects):
        raise InvalidInput("two moments are asked for", field="db", value=named[0], fix=told)
    for one in selects:
        unkept = set(tables_of(one, MEASUREMENTS)) - set(OF_THE_BOOKS)
        if unkept:
            raise InvalidInput(
                f"{min(unkept)} is not kept as it was",
                field="db",
                value=named[0],
                fix=f"one of {', '.join(OF_THE_BOOKS)}",
            )
    bodies = caller.reach.institutions
    text = named[0].removeprefix(AS_OF)
    if len(bodies) != 1 and not text.startswith("c"):
        raise InvalidInput(
            "revisions are of one institution",
            field="db",
            value=named[0],
            fix="a key of one institution, or the name of a closing",
        )
    return as_of_text(caller, text, bodies[0] if bodies else "")


def _revisions(found: Mapping[str, int]) -> dict[str, str]:
    """The header that says which revision of each institution's books was read, if any; of many
    institutions the first ones and `...`."""
    if not found:
        return {}
    named = [f"{quote(code)}={number}" for code, number in list(found.items())[:MOST_NAMED]]
    more = ["..."] if len(found) > MOST_NAMED else []
    return {"X-Greenoffice-Revision": ", ".join([*named, *more])}


def _result(statement: Statement, view: ScopedView, unit: str) -> Json:
    if isinstance(statement, Select):
        shown: dict[int, list[int | str]] = {}
        series = [_series(one, unit, shown) for one in select.run(statement, view, MEASUREMENTS)]
    else:
        series = [
            {"name": name, "columns": columns, "values": rows}
            if name
            else {"columns": columns, "values": rows}
            for name, columns, rows in show.run(statement, view, MEASUREMENTS)
        ]
    return {"series": series} if series else {}


def _series(answer: Answer, unit: str, shown: dict[int, list[int | str]]) -> Json:
    """A series, its rows as text: very many of them would be counted by the collector of garbage.
    `shown` keeps how times are shown by the list of them, which series have in common."""
    times = shown.get(id(answer.times_us))
    if times is None:
        times = shown[id(answer.times_us)] = [_time(at, unit) for at in answer.times_us]
    rows = msgspec.Raw(msgspec.json.encode(list(zip(times, *answer.values, strict=True))))
    tags = {"tags": answer.tags} if answer.tags else {}
    return {"name": answer.name, **tags, "columns": answer.columns, "values": rows}


def _time(time_us: int, unit: str) -> int | str:
    if not unit:
        return iso(time_us)
    return time_us * 1000 if unit in ("ns", "n") else time_us // _PER_UNIT_US[unit]


def said_in(request: Request, body: bytes) -> dict[str, str]:
    """The parameters of a request, also those of its form; ValueError for a form that is none."""
    said = dict(request.query_params)
    if request.method == "POST":
        said |= dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=20))
    return said


def key_of(request: Request, said: Mapping[str, str]) -> ApiKey | None:
    """The key that a request brings in one of the ways of InfluxDB's clients, looked for once;
    None where it brings none, errors as `key_of_secret`."""
    found: ApiKey | None = getattr(request.state, "key", None)
    if found is None:
        sent = request.headers
        secret = _secret(sent.get("authorization", "")) or sent.get("x-api-key")
        secret = secret or said.get("p", "")
        if secret:
            found = request.state.key = key_of_secret(request, secret[:256])
    return found


def _caller(request: Request, said: Mapping[str, str]) -> Caller:
    key = key_of(request, said)
    if key is None:
        raise SignInNeeded(
            "no API key",
            field="Authorization",
            fix="send `Authorization: Token KEY`, or the key as password of any user",
        )
    caller = caller_of(request, key, by_key(key))
    caller.need(Role.READ)
    return caller


def _secret(header: str) -> str:
    """The key in an Authorization header; '' where there is none."""
    scheme, _, rest = header.partition(" ")
    if scheme.lower() in _SCHEMES:
        return rest.strip()
    if scheme.lower() == "basic":
        try:
            pair = base64.b64decode(rest, validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            return ""
        return pair.partition(":")[2]
    return ""


def refusal(refused: GreenOfficeError, request: Request) -> Response:
    """A problem document that also speaks as InfluxDB does: `error`, and 400 for bad input."""
    status = status_of(refused)
    status = 400 if status == 422 else status
    problem = {**problem_of(refused, request.url.path), "status": status, "error": str(refused)}
    return Response(
        json.dumps(problem, ensure_ascii=False),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers=HEADERS.get(status),
    )
