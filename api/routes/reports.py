"""The month's energy report of an institution as a file."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from api.auth import Reader
from reports import Source, media_type, month_report, render

router = APIRouter(prefix="/v1", tags=["reports"])

EXAMPLE = {"institution": "bureau", "month": "2026-10", "content_hash": "80479ef8f5d9…"}

Month = Annotated[str, Query(pattern=r"^[0-9]{4}-[0-9]{2}$", description="e.g. 2026-10")]


@router.get(
    "/reports/{institution}",
    response_class=Response,
    responses={
        200: {
            "description": "The file",
            "content": {
                "application/json": {"example": EXAMPLE},
                "application/pdf": {"schema": {"type": "string", "format": "binary"}},
            },
        }
    },
)
def report(
    institution: str,
    caller: Reader,
    request: Request,
    month: Month,
    format: Literal["pdf", "xlsx", "csv", "json"] = "pdf",
    language: Literal["zh-CN", "en"] = "zh-CN",
    provisional: bool = False,
) -> Response:
    """A sealed report; the same bytes each time until one of its figures changes.

    The key must reach the whole institution. A month that is not complete is refused unless
    `provisional` is asked for.
    """
    for node in [institution, *sorted(caller.reach.registry.subtree(institution))]:
        caller.reach.node(node)
    platform = caller.platform
    source = Source(platform.figures, caller.reach.registry, platform.findings)
    made = month_report(source, institution, month, provisional=provisional)
    tag = f'"{made.content_hash}-{language}-{format}"'
    if request.headers.get("If-None-Match") == tag:
        return Response(status_code=304, headers={"ETag": tag})
    return Response(
        render(made, language, format),
        media_type=media_type(format),
        headers={
            "ETag": tag,
            "X-Content-Hash": made.content_hash,
            "Content-Disposition": f'attachment; filename="{institution}-{month}.{format}"',
        },
    )
