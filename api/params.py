"""Inputs of requests: their parameters and bodies, with limits that are said aloud."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import Annotated, Any

from fastapi import Query, Request, Response
from fastapi.routing import APIRoute
from pydantic import BeforeValidator, TypeAdapter

from api.moments import FORM
from api.problems import TITLES, Malformed, WrongMedia
from metering.errors import InvalidInput
from metering.factor import Carbon, Coal

Json = dict[str, Any]

_ANY = TypeAdapter(Any)
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)


def _written(value: object) -> object:
    """What may be read as a decimal: of texts those that people write for one, so that no slip of
    the keyboard, as in 1_0, becomes another number."""
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise ValueError("not a decimal number")
    return value


WRITTEN = BeforeValidator(_written)
"""Of a decimal, after its limits."""

Start = Annotated[str | None, Query(max_length=40, description="First local date, or instant")]
End = Annotated[str | None, Query(max_length=40, description="End, not included")]
Code = Annotated[str | None, Query(max_length=128)]
Codes = Annotated[
    str | None, Query(max_length=60_000, description="A code, or several with commas")
]
Moment = Annotated[
    str | None,
    Query(max_length=40, description=f"As the books stood then: {FORM}"),
]

CoalBasis = Annotated[
    Coal, Query(description="kgce of electricity, heat and cold by equivalent or by equal value")
]
CarbonBasis = Annotated[
    Carbon, Query(description="kgCO2 of them by the place's mean or by what was contracted")
]

ClosedMoment = Annotated[
    str | None,
    Query(max_length=40, description="As it stood when a period was closed, such as c7"),
]


def no_unknown_parameters(request: Request) -> None:
    """InvalidInput for a query parameter the route does not have: a typo must not widen it."""
    route = request.scope.get("route")
    if not isinstance(route, APIRoute):
        return
    known = {one.alias for one in route.dependant.query_params}
    for name, values in _repeated(request):
        raise InvalidInput(
            "a parameter said twice", field=name[:64] or "query", value=values[1], fix="say it once"
        )
    for name in request.query_params:
        if name not in known:
            raise InvalidInput(
                "unknown parameter",
                field=name[:64] or "query",
                value=request.query_params[name],
                fix=f"use one of: {', '.join(sorted(known)) or 'none'}",
            )


def _repeated(request: Request) -> Iterator[tuple[str, list[str]]]:
    for name in request.query_params:
        values = request.query_params.getlist(name)
        if len(values) > 1:
            yield name, values


def check_characters(body: bytes) -> None:
    """Malformed where JSON escapes half a character, which no store and no answer can hold; what
    is no JSON at all is left to whoever reads it."""
    if b"\\u" not in body:
        return
    try:
        json.dumps(json.loads(body), ensure_ascii=False).encode()
    except UnicodeEncodeError as half:
        raise Malformed(
            "a body that cannot be read",
            field="body",
            value=ascii(half.object[half.start : half.end]),
            fix="send it whole, as its Content-Type says it is",
        ) from None
    except (ValueError, RecursionError):
        return


class JsonBody(APIRoute):
    """A route whose body is a JSON object, and of no other kind."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.body_field is not None:
            self.responses = {**self.responses, **refuses(400, 413, 415)}

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's own handler, given a body that it can read."""
        handle = super().get_route_handler()
        if self.body_field is None:
            return handle

        async def read(request: Request) -> Response:
            kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            if kind and kind != "application/json" and not kind.endswith("+json"):
                raise WrongMedia(
                    "not JSON", field="Content-Type", value=kind, fix="send it as application/json"
                )
            check_characters(await request.body())
            return await handle(request)

        return read


def refuses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Statuses of refusals that a route has beside those that all have, for the document."""
    return {status: {"description": TITLES[status]} for status in statuses}


def example(value: object, description: str = "OK") -> dict[int | str, dict[str, Any]]:
    """An example of a route's answer for the OpenAPI document."""
    return {200: {"description": description, "content": {"application/json": {"example": value}}}}


def written(answer: Mapping[str, Any]) -> Response:
    """A long answer as JSON, without being looked over once more: mypy has its shape, and to
    validate the longest there are takes longer than to write them."""
    return Response(_ANY.dump_json(answer), media_type="application/json")
