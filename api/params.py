"""Inputs of requests: their parameters and bodies, with limits that are said aloud."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import Query, Request
from fastapi.routing import APIRoute

from api.problems import TooLarge
from metering.errors import InvalidInput

Json = dict[str, Any]

Start = Annotated[str | None, Query(max_length=40, description="First local date, or instant")]
End = Annotated[str | None, Query(max_length=40, description="End, not included")]
Code = Annotated[str | None, Query(max_length=128)]


def no_unknown_parameters(request: Request) -> None:
    """InvalidInput for a query parameter the route does not have: a typo must not widen it."""
    route = request.scope.get("route")
    if not isinstance(route, APIRoute):
        return
    known = {one.alias for one in route.dependant.query_params}
    for name, values in _repeated(request):
        raise InvalidInput(
            "a parameter said twice", field=name[:64], value=values[1], fix="say it once"
        )
    for name in request.query_params:
        if name not in known:
            raise InvalidInput(
                "unknown parameter",
                field=name[:64],
                value=request.query_params[name],
                fix=f"use one of: {', '.join(sorted(known)) or 'none'}",
            )


def _repeated(request: Request) -> Iterator[tuple[str, list[str]]]:
    for name in request.query_params:
        values = request.query_params.getlist(name)
        if len(values) > 1:
            yield name, values


async def body_of(request: Request, limit: int) -> bytes:
    """The body, read no further than its limit."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise TooLarge(
                f"a body above {limit} bytes",
                field="body",
                value=f"{size} bytes or more",
                fix="send it in smaller parts",
            )
        parts.append(part)
    return b"".join(parts)


def example(value: object, description: str = "OK") -> dict[int | str, dict[str, Any]]:
    """An example of a route's answer for the OpenAPI document."""
    return {200: {"description": description, "content": {"application/json": {"example": value}}}}
