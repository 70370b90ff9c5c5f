"""The OpenAPI document: every route with the problems it can answer.

    any route           414 431
    whatever is asked   401 403 404 422 429 503 507: what is refused is written down too
    what is changed     409
    what has a body     413, and where only some kinds are read 400 415

Which of the last stand for a route, the route itself says (`refuses`, `JsonBody`); so do routes
outside of /v1 for all the others.

It is written in English and told in the reader's language, paragraph by paragraph; names, values
and examples stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from fastapi import FastAPI
from pydantic import TypeAdapter

from api.answers.common import ProblemAnswer
from api.problems import MEDIA_TYPE, TITLES
from texts import code_of, said, word

AS_THEY_ARE = ("example", "examples", "default", "enum", "const")
"""Parts of the document that are values, in which nothing is translated."""
_SENTENCE = re.compile(r".+?(?=\.(?:\s|$)|。|$)", re.DOTALL)
ANYWHERE = (414, 431)
ALWAYS = (401, 403, 404, *ANYWHERE, 422, 429, 503, 507)
CHANGING = (409,)
SCHEMA = "#/components/schemas/ProblemAnswer"


class DescribedApp(FastAPI):
    """Describes its errors as they come: problem documents, never FastAPI's own."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._told: dict[str, dict[str, Any]] = {}

    def openapi(self) -> dict[str, Any]:
        """The document in English, made once."""
        if self.openapi_schema is None:
            self.openapi_schema = with_problems(super().openapi())
        return self.openapi_schema

    def told(self, language: str) -> dict[str, Any]:
        """The document in a language, made once for each."""
        document, code = self.openapi(), code_of(language)
        if code not in self._told:
            self._told[code] = with_titles(retold(document, partial(said, language=code)), code)
        return self._told[code]


def retold(document: Any, say: Callable[[str], str]) -> Any:
    """A copy of a document with each paragraph of its descriptions as `say` tells it."""
    if isinstance(document, list):
        return [retold(one, say) for one in document]
    if not isinstance(document, dict):
        return document
    return {name: _part(name, part, say) for name, part in document.items()}


def _part(name: str, part: Any, say: Callable[[str], str]) -> Any:
    if name in AS_THEY_ARE:
        return part
    if name == "description" and isinstance(part, str):
        return "\n\n".join(say(" ".join(one.split())) for one in part.split("\n\n"))
    return retold(part, say)


def with_titles(document: dict[str, Any], language: str) -> dict[str, Any]:
    """The document, each route with its first sentence as summary and each tag with its words."""
    tags: dict[str, str] = {}
    for operation in operations(document):
        operation["summary"] = first_sentence(operation.get("description", ""))
        for tag in operation.get("tags", ()):
            tags[tag] = word("api_tag", tag, language)
    document["tags"] = [{"name": name, "description": told} for name, told in tags.items()]
    return document


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every operation of the document, in its order."""
    for methods in document["paths"].values():
        yield from methods.values()


def first_sentence(description: str) -> str:
    """Up to its first full stop, which is left out; '' of nothing."""
    found = _SENTENCE.match(description)
    return found[0] if found else ""


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
