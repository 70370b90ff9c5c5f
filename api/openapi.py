"""The OpenAPI document: every route with the problems it can answer.

    any route           414 431
    whatever is asked   401 403 404 422 429 503 507: what is refused is written down too
    what is changed     409
    what has a body     413, and where only some kinds are read 400 415

Which of the last stand for a route, the route itself says (`refuses`, `JsonBody`); so do routes
outside of /v1 for all the others.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from pydantic import TypeAdapter

from api.answers.common import ProblemAnswer
from api.problems import MEDIA_TYPE, TITLES

ANYWHERE = (414, 431)
ALWAYS = (401, 403, 404, *ANYWHERE, 422, 429, 503, 507)
CHANGING = (409,)
SCHEMA = "#/components/schemas/ProblemAnswer"


class DescribedApp(FastAPI):
    """Describes its errors as they come: problem documents, never FastAPI's own."""

    def openapi(self) -> dict[str, Any]:
        """The document, made once."""
        if self.openapi_schema is None:
            self.openapi_schema = with_problems(super().openapi())
        return self.openapi_schema


def with_problems(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the problems of every route."""
    schemas = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["ProblemAnswer"] = TypeAdapter(ProblemAnswer).json_schema()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            ours = path.startswith("/v1/")
            _describe(operation["responses"], ours, changing=ours and method != "get")
    return document


def _describe(responses: dict[str, Any], ours: bool, *, changing: bool) -> None:
    """Problems in place of what FastAPI says; an error that a route describes itself stays."""
    own = {} if ours else {s: one for s, one in responses.items() if s >= "4" and _shown(one)}
    said = {int(status) for status in responses if status >= "4"} - (set() if ours else {422})
    general = {*(ALWAYS if ours else ANYWHERE), *(CHANGING if changing else ())}
    for one in [status for status in responses if status >= "4"]:
        del responses[one]
    for status in sorted(said | general):
        content = {MEDIA_TYPE: {"schema": {"$ref": SCHEMA}}}
        responses[str(status)] = {"description": TITLES[status], "content": content}
    responses.update(own)


def _shown(response: dict[str, Any]) -> bool:
    return any("example" in one for one in response.get("content", {}).values())
