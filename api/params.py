"""Inputs of requests: dates, instants and ranges, with limits that are said aloud."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Query, Request
from fastapi.routing import APIRoute

from api.problems import TooLarge
from metering.errors import InvalidInput
from metering.localtime import day_bounds, parse_instant

Json = dict[str, Any]
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 1, 1)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")

Start = Annotated[str | None, Query(max_length=40, description="First local date, or instant")]
End = Annotated[str | None, Query(max_length=40, description="End, not included")]
Code = Annotated[str | None, Query(max_length=128)]


def local_date(text: str, field: str) -> date:
    """A local date YYYY-MM-DD between 2000 and 2100."""
    try:
        day = date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None or not FIRST_DAY <= day <= LAST_DAY:
        raise InvalidInput(
            "not a local date between 2000 and 2100",
            field=field,
            value=text,
            fix="YYYY-MM-DD, e.g. 2026-11-24",
        )
    return day


def instant(text: str, field: str, zone: str) -> int:
    """Microseconds of an RFC 3339 instant, or of a local date's first instant in the zone."""
    if _DATE.fullmatch(text):
        return day_bounds(local_date(text, field), zone)[0]
    time_us = parse_instant(text, field)
    if not FIRST_DAY.year <= datetime.fromisoformat(text).year <= LAST_DAY.year:
        raise InvalidInput(
            "an instant outside 2000 to 2100", field=field, value=text, fix="check the year"
        )
    return time_us


def check_order(start: object, end: object, ordered: bool) -> None:
    """InvalidInput unless start lies before end."""
    if not ordered:
        raise InvalidInput(
            "the end is not after the start",
            field="end",
            value=f"{start} .. {end}",
            fix="end is not included: for one day give the day after it",
        )


def check_days(count: int, most: int, fix: str) -> None:
    """InvalidInput when a range holds more days than one answer may."""
    if count > most:
        raise InvalidInput(f"more than {most} days at once", field="end", value=count, fix=fix)


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
