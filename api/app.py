"""The HTTP application: routes of /v1, the page, and what every request goes through."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from time import perf_counter

from fastapi import Depends, FastAPI, Request, Response
from fastapi.routing import APIRoute

from api import influxql, problems
from api.auth import trace_refusal
from api.head import HeadAsGet
from api.metrics import Metrics
from api.openapi import DescribedApp
from api.page import error_page
from api.page import install as install_page
from api.params import no_unknown_parameters
from api.platform import Platform
from api.routes import (
    admin,
    baselines,
    datacentre,
    energy,
    feed,
    findings,
    gateways,
    health,
    lineage,
    messages,
    readings,
    records,
    registering,
    reports,
    tree,
)
from metering.tries import FailedTries

DESCRIPTION = """Energy of public institutions, with completeness on every number and lineage
down to the raw message. Times are RFC 3339; ranges are half-open. Errors are
`application/problem+json` and name field, value and fix. Send an API key as
`Authorization: Bearer KEY` or `X-API-Key: KEY`; what lies outside its subtree does not exist."""

ROUTERS = (
    tree,
    readings,
    registering,
    energy,
    datacentre,
    lineage,
    findings,
    baselines,
    gateways,
    messages,
    records,
    feed,
    reports,
    admin,
)


def create_app(platform: Platform) -> FastAPI:
    """The application over a platform's ports."""
    app = DescribedApp(
        title="Green Office", version="1", description=DESCRIPTION, docs_url=None, redoc_url=None
    )
    app.state.platform = platform
    app.state.failed_keys = FailedTries(
        lambda: app.state.platform.now_us() / 1e6, platform.failed_keys_per_minute
    )
    app.state.reaches = {}
    app.state.metrics = Metrics(platform)
    for module in ROUTERS:
        app.include_router(module.router, dependencies=[Depends(no_unknown_parameters)])
    app.include_router(health.router)
    app.include_router(influxql.router)
    install_page(app)
    problems.install(app, trace_refusal, error_page)
    app.middleware("http")(_observe)
    app.add_middleware(HeadAsGet)
    return app


async def _observe(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    """Count and time the request; forbid caching of what a key opens."""
    began = perf_counter()
    response = await call_next(request)
    metrics: Metrics = request.app.state.metrics
    route = _template(request)
    metrics.requests.labels(request.method, route, str(response.status_code)).inc()
    metrics.seconds.labels(route).observe(perf_counter() - began)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _template(request: Request) -> str:
    route = request.scope.get("route")
    return route.path if isinstance(route, APIRoute) else "other"
