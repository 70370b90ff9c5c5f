"""A request that is answered elsewhere: from a scope to what is handed over, and to its answer.

    request ──▶ Handed ──▶ a worker's own application ──▶ Answered ──▶ response

The key was checked before; the application is the same, so no answer can differ.
"""

from __future__ import annotations

import asyncio

from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Message, Scope, Send

from api.workers import Answered, Handed
from metering.access import ApiKey


def handed(scope: Scope, key: ApiKey, body: bytes) -> Handed:
    """A request, with its body."""
    headers = [(name.decode("latin-1"), text.decode("latin-1")) for name, text in scope["headers"]]
    query = scope["query_string"].decode("latin-1")
    client = scope["client"][0] if scope.get("client") else ""
    return Handed(scope["method"], scope["path"], query, headers, client, key, body)


async def answered(app: ASGIApp, request: Handed) -> Answered:
    """The application's answer, with the key taken as checked."""
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "http",
        "server": ("worker", 0),
        "client": (request.client, 0),
        "root_path": "",
        "method": request.method,
        "path": request.path,
        "raw_path": request.path.encode(),
        "query_string": request.query.encode("latin-1"),
        "headers": [(n.encode("latin-1"), t.encode("latin-1")) for n, t in request.headers],
        "state": {"key": request.key},
    }
    asked: list[Message] = [{"type": "http.request", "body": request.body, "more_body": False}]
    sent: list[Message] = []

    async def receive() -> Message:
        if asked:
            return asked.pop()
        return await asyncio.Future()

    async def send(message: Message) -> None:
        sent.append(dict(message))

    await app(scope, receive, send)
    begun = sent[0]
    route = scope.get("route")
    return Answered(
        begun["status"],
        [(n.decode("latin-1"), t.decode("latin-1")) for n, t in begun["headers"]],
        route.path if isinstance(route, APIRoute) else "",
        b"".join(message.get("body", b"") for message in sent[1:]),
    )


async def send_on(answer: Answered, send: Send) -> None:
    """Give an answer to the client."""
    headers = [(name.encode("latin-1"), text.encode("latin-1")) for name, text in answer.headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
