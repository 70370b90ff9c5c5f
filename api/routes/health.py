"""Open to anyone: whether the platform lives and is ready, and its counters."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.auth import platform_of
from api.params import Json, example

router = APIRouter(tags=["operation"])

HEALTH_EXAMPLE = {
    "status": "ready",
    "parts": {"intake": {"ready": True, "detail": {"behind": 0}}},
}


@router.get("/health", responses=example(HEALTH_EXAMPLE))
def health(request: Request, response: Response) -> Json:
    """Every part with its readiness; 503 while one of them does not do its work."""
    parts = platform_of(request).health()
    ready = all(part.ready for part in parts.values())
    response.status_code = 200 if ready else 503
    return {
        "status": "ready" if ready else "not ready",
        "parts": {
            name: {"ready": part.ready, "detail": dict(part.detail)} for name, part in parts.items()
        },
    }


@router.get("/metrics", response_class=Response)
def metrics(request: Request) -> Response:
    """Counters in the Prometheus text format."""
    exposition: bytes = request.app.state.metrics.exposition()
    exposition += platform_of(request).more_metrics()
    return Response(exposition, media_type="text/plain; version=0.0.4; charset=utf-8")
