"""The HTTP application: routes of /v1, the page, and what every request goes through."""

from __future__ import annotations

from fastapi import Depends, FastAPI, Request, Response

from api import influxql, problems, weights
from api.auth import trace_refusal
from api.gate import Gate
from api.head import HeadAsGet
from api.lanes import Lanes
from api.metrics import Metrics
from api.observed import Observed
from api.openapi import DescribedApp
from api.page import error_page
from api.page import install as install_page
from api.params import no_unknown_parameters
from api.platform import Platform
from api.routes import (
    admin,
    baselines,
    bills,
    case_acts,
    clocks,
    closings,
    datacentre,
    day_marks,
    deliveries,
    digests,
    energy,
    entries,
    feed,
    findings,
    forecasts,
    gateways,
    health,
    histories,
    ingest,
    intensity,
    lineage,
    messages,
    patterns,
    proposals,
    readings,
    records,
    reference,
    registering,
    repairs,
    reports,
    settlements,
    stated_tables,
    supplier_bills,
    tree,
    verdicts,
)
from metering.errors import GreenOfficeError
from metering.tries import FailedTries

DESCRIPTION = """Energy of public institutions, with completeness on every number and lineage
down to the raw message. Times are RFC 3339; ranges are half-open. Errors are
`application/problem+json` and name field, value and fix. Send an API key as
`Authorization: Bearer KEY` or `X-API-Key: KEY`; what lies outside its subtree does not exist."""

ROUTERS = (
    tree,
    readings,
    histories,
    registering,
    energy,
    intensity,
    bills,
    datacentre,
    lineage,
    findings,
    forecasts,
    patterns,
    case_acts,
    digests,
    day_marks,
    verdicts,
    baselines,
    gateways,
    clocks,
    deliveries,
    proposals,
    repairs,
    ingest,
    messages,
    entries,
    supplier_bills,
    stated_tables,
    records,
    feed,
    reports,
    closings,
    settlements,
    admin,
    reference,
)


def create_app(platform: Platform) -> FastAPI:
    """The application over a platform's ports."""
    app = described_app()
    app.state.platform = platform
    app.state.failed_keys = FailedTries(
        lambda: app.state.platform.now_us() / 1e6, platform.failed_keys_per_minute
    )
    app.state.reaches = {}
    app.state.key_uses = {}
    app.state.metrics = Metrics(platform)
    install_page(app)
    problems.install(app, trace_refusal, error_page)
    app.add_middleware(
        Lanes, who=weights.who, is_heavy=weights.is_heavy, refuse=_refuse, room=platform.room
    )
    app.add_middleware(Gate, refuse=_refuse)
    app.add_middleware(Observed)
    app.add_middleware(HeadAsGet)
    return app


def described_app() -> DescribedApp:
    """The routes that the OpenAPI document describes, with no platform behind them yet."""
    app = DescribedApp(
        title="Green Office",
        version="1",
        description=DESCRIPTION,
        openapi_url=None,  # `reference` tells it, in the reader's language
        docs_url=None,
        redoc_url=None,
    )
    for module in ROUTERS:
        app.include_router(module.router, dependencies=[Depends(no_unknown_parameters)])
    app.include_router(health.router)
    app.include_router(influxql.router)
    return app


def _refuse(request: Request, error: GreenOfficeError) -> Response:
    """What is not let in, answered as its route would."""
    if request.url.path.startswith("/influx/"):
        return influxql.refusal(error, request)
    if problems.wants_page(request):
        return error_page(request, error)
    return problems.response_of(error, request)
