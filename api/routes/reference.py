"""The OpenAPI document, in English or Chinese."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from api.openapi import DescribedApp
from api.problems import language_of
from texts import tag

router = APIRouter(include_in_schema=False)


@router.get("/openapi.json")
def openapi_document(
    request: Request, language: Annotated[Literal["zh-CN", "en"] | None, Query()] = None
) -> JSONResponse:
    """The document in the language asked for, else in the one that the request accepts, else in
    English; open to anyone."""
    app: DescribedApp = request.app
    told = language or language_of(request)
    headers = {"Content-Language": tag(told), "Vary": "Accept-Language"}
    return JSONResponse(app.told(told), headers=headers)
