"""Pages of a sorted list: an opaque cursor that says where to go on, and a `Link` to it.

A cursor holds the sort key of the last row seen, not a count, so rows that come in between
neither repeat nor push others off.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable
from typing import Annotated, Any, TypeVar

from fastapi import Query, Request, Response

from api.answers.common import PageAnswer
from metering.errors import InvalidInput

T = TypeVar("T")

Limit = Annotated[int, Query(ge=1, le=1000, description="How many rows at most")]
Cursor = Annotated[
    str | None, Query(max_length=512, description="Where to go on: `next` of the page before")
]


def encode(place: list[Any]) -> str:
    """The cursor of a place in a sorted list."""
    text = json.dumps(place, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(cursor: str | None, *kinds: type) -> list[Any] | None:
    """The place a cursor stands for, its parts of the given types; None without a cursor."""
    if cursor is None:
        return None
    try:
        place = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        place = None
    if (
        not isinstance(place, list)
        or [type(part) for part in place] != list(kinds)
        or any(isinstance(part, int) and abs(part) >= 2**62 for part in place)
    ):
        raise InvalidInput(
            "not a cursor of this list",
            field="cursor",
            value=cursor,
            fix="take `next` from the page before, or leave it out to begin again",
        )
    return place


def cut(
    rows: Iterable[T], key: Callable[[T], tuple[Any, ...]], after: list[Any] | None, limit: int
) -> tuple[list[T], str | None]:
    """The rows of one page out of a sorted list, and the cursor of the next page."""
    rest = [row for row in rows if after is None or key(row) > tuple(after)]
    page = rest[:limit]
    return page, encode(list(key(page[-1]))) if len(rest) > limit else None


def answer(
    request: Request, response: Response, rows: list[T], next_cursor: str | None
) -> PageAnswer[T]:
    """`{"data": [...], "next": cursor or null}`, with the next page in a `Link` header."""
    if next_cursor is not None:
        url = request.url.include_query_params(cursor=next_cursor)
        target = f"{url.path}?{url.query}"
        response.headers["Link"] = f'<{target}>; rel="next"'
    return {"data": rows, "next": next_cursor}
