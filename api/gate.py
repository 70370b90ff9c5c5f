"""What every request passes before anything of it is parsed: bounds, and the key.

    head ──sizes──▶ key, under /v1 ──▶ body, no further than its bound ──▶ the application

Whoever sends a body without a key is told so before it is read, and nobody makes us hold more
than the bound of where it goes. A file import alone is read by its route, part by part; it stops
at its bound too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.auth import key_of_request, platform_of, secret_of
from api.platform import Platform
from api.problems import HeadTooLarge, QueryTooLong, TooLarge
from api.pushing import PREFIX as PUSHED
from api.pushing import pusher_of_request
from metering.errors import GreenOfficeError

MOST_QUERY = 64 << 10
MOST_HEADERS = 32 << 10
"""Bytes of a path with its query, and of all headers together."""
STATEMENT_BYTES = 64 << 10
FORM_BYTES = 32 << 10
WORKBOOK_FORM_BYTES = 8 << 20
"""Of a form of set-up that carries a workbook."""


@dataclass(frozen=True)
class Entrance:
    """What may come in under a path."""

    prefix: str
    most_bytes: Callable[[Platform], int]
    """Of a body."""
    who: Callable[[Request], object] | None = None
    """Finds who it is, or refuses, before the body is read; None lets anybody send one."""
    whole: bool = True
    """Whether the body is read here; else the route reads it in parts."""


def _signed_in(request: Request) -> None:
    """As the page finds it: the page is no part of what stands before it."""
    request.app.state.need_session(request)


ENTRANCES = (
    Entrance("/v1/registry/import", lambda p: p.max_import_bytes, key_of_request, whole=False),
    Entrance("/v1/history", lambda p: p.max_history_bytes, key_of_request, whole=False),
    Entrance("/v1/evidence", lambda p: p.max_evidence_bytes, key_of_request),
    Entrance("/v1/bills/table", lambda p: p.max_table_bytes, key_of_request),
    Entrance("/v1/entries/table", lambda p: p.max_table_bytes, key_of_request),
    Entrance(PUSHED, lambda p: p.max_body_bytes, pusher_of_request),
    Entrance("/v1/", lambda p: p.max_body_bytes, key_of_request),
    Entrance("/influx/", lambda _: STATEMENT_BYTES),
    Entrance("/entries/meter", lambda p: p.max_evidence_bytes + FORM_BYTES, _signed_in),
    Entrance("/entries/table", lambda p: p.max_table_bytes, _signed_in),
    Entrance("/bills/entered/table", lambda p: p.max_table_bytes, _signed_in),
    Entrance("/setup/workbook", lambda _: WORKBOOK_FORM_BYTES, _signed_in, whole=False),
    Entrance("/setup/history", lambda p: p.max_history_bytes + FORM_BYTES, _signed_in, whole=False),
    Entrance("/", lambda _: FORM_BYTES),
)
"""The first one that fits."""


class Gate:
    """Lets in what keeps the bounds; `refuse` answers the others."""

    def __init__(
        self, app: ASGIApp, refuse: Callable[[Request, GreenOfficeError], Response]
    ) -> None:
        self._app = app
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            let_in = await _let_in(request, receive)
        except GreenOfficeError as refused:
            await self._refuse(request, refused)(scope, receive, send)
            return
        await self._app(scope, let_in, send)


async def _let_in(request: Request, receive: Receive) -> Receive:
    """The body, as it is to be read from here on."""
    check_head(request)
    path = request.scope["path"]
    entrance = next(one for one in ENTRANCES if path.startswith(one.prefix) or one.prefix == "/")
    if entrance.who is not None and (_has_body(request) or secret_of(request)):
        await run_in_threadpool(entrance.who, request)
    if not _has_body(request):
        request.state.body = b""
        return receive
    most = entrance.most_bytes(platform_of(request))
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared[:20]) > most:
        raise too_large(most)
    if entrance.whole:
        request.state.body = await _read(receive, most)
        return _again(request.state.body, receive)
    return _counted(receive, most)


def check_head(request: Request) -> None:
    """QueryTooLong, or HeadTooLarge, where the head of a request is beyond its bounds."""
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    asked = len(raw.partition(b"?")[0]) + len(request.scope["query_string"])
    if asked > MOST_QUERY:
        raise QueryTooLong(
            f"a path and query above {MOST_QUERY} bytes",
            field="query",
            value=f"{asked} bytes",
            fix="ask for less at once; InfluxQL statements may come as a form",
        )
    size = sum(len(name) + len(value) for name, value in request.scope["headers"])
    if size > MOST_HEADERS:
        raise HeadTooLarge(
            f"headers above {MOST_HEADERS} bytes",
            field="headers",
            value=f"{size} bytes",
            fix="send fewer headers, and shorter ones",
        )


def too_large(most: int) -> TooLarge:
    """The refusal of a body beyond its bound."""
    return TooLarge(
        f"a body above {most} bytes",
        field="body",
        value=f"more than {most} bytes",
        fix="send it in smaller parts",
    )


def _has_body(request: Request) -> bool:
    """Whether one comes that anybody would read."""
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return False
    headers = request.headers
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


async def _read(receive: Receive, most: int) -> bytes:
    """The whole body; of a client that left, what came."""
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size > most:
            raise too_large(most)
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """What gives a body that was read, and then what comes after it."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def give() -> Message:
        return waiting.pop() if waiting else await receive()

    return give


def _counted(receive: Receive, most: int) -> Receive:
    size = 0

    async def counting() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > most:
            raise too_large(most)
        return message

    return counting
