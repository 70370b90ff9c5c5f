"""Every request is counted and timed, and no answer is kept by those on the way."""

from __future__ import annotations

from time import perf_counter

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import Metrics

METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
LEFT = "left"
"""Status of a request whose client was gone before its answer."""
OTHER = "other"
"""Label of whatever is none of ours: clients choose no label."""


class Observed:
    """Counts and times a request; forbids caching of what a key opens."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = perf_counter(), ""

        async def seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
                headers = MutableHeaders(scope=message)
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            await self._app(scope, receive, seen)
            status = status or LEFT
        except Exception:
            status = "500"
            raise
        finally:
            application: FastAPI = scope["app"]
            metrics: Metrics = application.state.metrics
            route, method = _template(scope), scope["method"]
            known = method if method in METHODS else OTHER
            metrics.requests.labels(known, route, status).inc()
            metrics.seconds.labels(route).observe(perf_counter() - began)


def _template(scope: Scope) -> str:
    route = scope.get("route")
    return route.path if isinstance(route, APIRoute) else scope.get("answered_by") or OTHER
