"""The OpenAPI document: every route of `/v1` with the problems it can answer.

    whatever is asked   401 403 404 414 422 429 431 503
    what is changed     409 507
    what has a body     413, and where only some kinds are read 400 415

Which of the last stand for a route, the route itself says (`refuses`, `JsonBody`).
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from pydantic import TypeAdapter

from api.answers.common import ProblemAnswer
from api.problems import MEDIA_TYPE, TITLES

ALWAYS = (401, 403, 404, 414, 422, 429, 431, 503)
CHANGING = (409, 507)
SCHEMA = "#/components/schemas/ProblemAnswer"


class DescribedApp(FastAPI):
    """Describes its errors as they come: problem documents, never FastAPI's own."""

    def openapi(self) -> dict[str, Any]:
        """The document, made once."""
        if self.openapi_schema is None:
            self.openapi_schema = with_problems(super().openapi())
        return self.openapi_schema


def with_problems(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the problems of every route of /v1."""
    schemas = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["ProblemAnswer"] = TypeAdapter(ProblemAnswer).json_schema()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            _describe(operation["responses"], path.startswith("/v1/"), changing=method != "get")
    return document


def _describe(responses: dict[str, Any], ours: bool, *, changing: bool) -> None:
    said = {int(status) for status in responses if status >= "4"}
    general = {*ALWAYS, *(CHANGING if changing else ())} if ours else set()
    for status in said | general:
        responses.pop(str(status), None)
    for status in sorted(said | general if ours else said - {422}):
        content = {MEDIA_TYPE: {"schema": {"$ref": SCHEMA}}}
        responses[str(status)] = {"description": TITLES[status], "content": content}
