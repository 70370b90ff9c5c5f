"""Whether the platform lives and is ready, open to anyone; what more there is, and its counters, to
whom the settings name."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from typing import Any

from fastapi import APIRouter, Request, Response

from api.auth import address_of, key_of_request, platform_of
from api.params import Json, example, refuses
from metering.errors import GreenOfficeError, NotAllowed

router = APIRouter(tags=["operation"])

HEALTH_EXAMPLE = {
    "status": "ready",
    "parts": {"intake": {"ready": True, "detail": {"behind": 0}}},
}


NOT_READY_EXAMPLE = {
    "status": "not ready",
    "parts": {"intake": {"ready": False, "detail": {"behind": 5210}}},
}
METRICS_EXAMPLE = "greenoffice_readings_total 3902.0\n"
METRICS: dict[int | str, dict[str, Any]] = {
    200: {"description": "OK", "content": {"text/plain": {"example": METRICS_EXAMPLE}}},
    **refuses(401, 403, 429, 503),
}


@router.get(
    "/health",
    responses={
        **example(HEALTH_EXAMPLE),
        503: example(NOT_READY_EXAMPLE, "A part does not do its work")[200],
    },
)
def health(request: Request, response: Response) -> Json:
    """Every part with its readiness; 503 while one of them does not do its work.

    `detail` is told to whom the settings name.
    """
    parts, told = platform_of(request).parts(), _sees_details(request)
    ready = all(part.ready for part in parts.values())
    response.status_code = 200 if ready else 503
    return {
        "status": "ready" if ready else "not ready",
        "parts": {
            name: {"ready": part.ready, "detail": dict(part.detail) if told else {}}
            for name, part in parts.items()
        },
    }


@router.get("/metrics", response_class=Response, responses=METRICS)
def metrics(request: Request) -> Response:
    """Counters in the Prometheus text format, for whom the settings name."""
    _need_details(request)
    exposition: bytes = request.app.state.metrics.exposition()
    exposition += platform_of(request).more_metrics()
    return Response(exposition, media_type="text/plain; version=0.0.4; charset=utf-8")


def _sees_details(request: Request) -> bool:
    try:
        _need_details(request)
    except GreenOfficeError:
        return False
    return True


def _need_details(request: Request) -> None:
    """SignInNeeded or NotAllowed for whom the settings do not name."""
    details = platform_of(request).details
    if details == "open" or (details == "local" and _is_local(address_of(request))):
        return
    key = key_of_request(request)
    if key.node:
        raise NotAllowed(
            "this needs a key of the whole platform",
            field="node",
            value=key.node,
            fix="ask the operator of the platform",
        )


def _is_local(address: str) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return (mapped or found).is_loopback
