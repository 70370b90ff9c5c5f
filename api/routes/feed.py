"""The change feed: what the shared platform pulls, day by day and restatement by restatement.

The cursor is a place in the books, not a count and not the reader's state, so that it stays
good over restarts on either side; whoever loses the last answer asks again from the cursor
before and is told the same, or what took its place.
"""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api import paging
from api.answers.records import EntryAnswer, FeedAnswer, WholeFeedAnswer
from api.auth import Reader
from api.caller import Caller
from api.decimals import exact
from api.paging import Cursor
from api.params import Code, example
from api.routes.energy import shares_json
from api.sealing import opened, sealed
from api.usecases.feed import given_out, is_owed
from api.usecases.whole_feed import WholePlace, whole_page
from metering import items
from metering.book import BOOK_START, FEED_START, BookPlace, BookRow
from metering.errors import InvalidInput
from metering.units import BOOK_UNITS

router = APIRouter(prefix="/v1", tags=["feed"])

Limit = Annotated[int, Query(ge=1, le=1000, description="How many changes to look at, at most")]
LAST_DAY_NUMBER = 2**31 - 1

ENTRY_EXAMPLE = {
    "key": "bureau/node/bureau/01000/2026-11-23",
    "revision": 58,
    "institution": "bureau",
    "node": "bureau",
    "node_type": "institution",
    "category": "01000",
    "item": "01000",
    "day": "2026-11-23",
    "zone": "Asia/Shanghai",
    "unit": "kWh",
    "value": "412.300200",
    "book_unit": "mWh",
    "amount": 412300200,
    "shares": {"measured": 0.9896, "apportioned": 0.0, "estimated": 0.0, "missing": 0.0104},
    "provisional": False,
}
FEED_EXAMPLE = {
    "institution": "bureau",
    "revision": 58,
    "data": [ENTRY_EXAMPLE],
    "next": "WyJidXJlYXUiLDU4LDMsMjA3ODBd",
    "more": False,
    "booking": False,
}
WHOLE_EXAMPLE = {
    "data": [ENTRY_EXAMPLE],
    "next": "vPq0sXh3V7b2cJ0m9dT8sQy5oQk1nYf4",
    "more": False,
    "booking": False,
}


@router.get("/feed", responses=example(FEED_EXAMPLE))
def feed(
    caller: Reader,
    institution: Code = None,
    limit: Limit = 500,
    cursor: Cursor = None,
    history: Annotated[bool, Query(description="Also what was superseded")] = False,
) -> FeedAnswer:
    """Settled days of an institution's nodes in the scope, in the order of their revisions.

    What stands is told, one entry a key; a restated day is told again with the same `key` and a
    higher `revision`: keep the highest. With `history=1` superseded days are told too, each with
    the revision that took its place in `superseded_at`. `value` is null where nothing is known
    (any more). `next` is always given: keep it together with the entries, and ask from it at once
    while `more` is true, else later. A page may hold fewer entries than `limit`, even none, while
    there are more. `booking` is true where it ends before a day whose readings are still being
    booked: ask again in a moment.
    """
    one = _institution(caller, institution or _of_cursor(caller, cursor))
    after = _place(cursor, one)
    page = given_out(caller, one, after, limit, history)
    if after[0] > page.revision:
        raise _unusable(f"a cursor beyond the books, which stand at {page.revision}", cursor)
    inside = [row for _, row in page.rows if is_owed(caller.reach, row)]
    return {
        "institution": one,
        "revision": page.revision,
        "data": [_entry(caller, row, history) for row in inside],
        "next": paging.encode([one, *(page.rows[-1][0] if page.rows else after)]),
        "more": page.more,
        "booking": page.booking,
    }


@router.get("/feed/all", responses=example(WHOLE_EXAMPLE), response_model=WholeFeedAnswer)
def whole_feed(
    caller: Reader,
    limit: Annotated[int, Query(ge=1, le=10_000, description="How many entries, at most")] = 1000,
    cursor: Annotated[
        str | None, Query(max_length=4096, description="Where to go on: `next` of the page before")
    ] = None,
) -> Response:
    """Settled days of all nodes in the scope, of all institutions, in the order in which they were
    booked: one cursor for all that the key reaches.

    Entries are those of `/v1/feed`; what stands is told, one entry a key, and a restated day is
    told again with the same `key` and a higher `revision`. `next` is always given: keep it together
    with the entries, and ask from it at once while `more` is true, else later. A page may hold
    fewer entries than `limit`, even none, while there are more. `booking` is true where days of
    some institutions are held back because their readings are still being booked: they come later,
    and hold nothing else back. A cursor is of the node of its key.
    """
    books, node = caller.platform.books, caller.node
    secret = books.feed_secret()
    at = WholePlace(FEED_START) if cursor is None else _standing(cursor, secret, node)
    page = whole_page(caller, at, limit)
    if at.place[0] > page.serial:
        raise _not_of_all("a cursor beyond the books", cursor)
    data = ",".join([face.text(change) for face, change in page.entries])
    rest = json.dumps(
        {
            "next": sealed(page.next.packed(), secret, node),
            "more": page.more,
            "booking": page.booking,
        },
        separators=(",", ":"),
    )
    return Response(f'{{"data":[{data}],{rest[1:]}'.encode(), media_type="application/json")


def _standing(cursor: str, secret: bytes, node: str) -> WholePlace:
    """Where a cursor of a key of this node stands."""
    place = opened(cursor, secret, node)
    if place is None:
        raise _not_of_all("not a cursor that your key was given", cursor)
    return WholePlace.unpacked(place)


def _not_of_all(message: str, cursor: str | None) -> InvalidInput:
    return InvalidInput(
        message,
        field="cursor",
        value=cursor,
        fix="leave it out to begin again, in place of all that you hold",
    )


def _institution(caller: Caller, institution: str | None) -> str:
    """The institution asked for, or the only one the key reaches."""
    if institution is not None:
        return caller.reach.institution(institution)
    reached = caller.reach.institutions
    if len(reached) == 1:
        return reached[0]
    raise InvalidInput(
        f"a feed is of one institution, and your key reaches {len(reached)}",
        field="institution",
        fix="name one of /v1/nodes?type=institution, and keep a cursor for each",
    )


def _of_cursor(caller: Caller, cursor: str | None) -> str | None:
    """The institution that a cursor is of, where the key reaches it: a feed that has begun goes on
    when the key comes to reach another one."""
    parts = paging.decode(cursor, str, int, int, int)
    named = None if parts is None else str(parts[0])
    return named if named in caller.reach.institutions else None


def _place(cursor: str | None, institution: str) -> BookPlace:
    """Where a cursor stands in the institution's books."""
    parts = paging.decode(cursor, str, int, int, int)
    if parts is None:
        return BOOK_START
    place = (int(parts[1]), int(parts[2]), int(parts[3]))
    if parts[0] != institution or min(place) < 0 or place[2] > LAST_DAY_NUMBER:
        raise _unusable("not a cursor of this institution's feed", cursor)
    return place


def _unusable(message: str, cursor: str | None) -> InvalidInput:
    return InvalidInput(
        message,
        field="cursor",
        value=cursor,
        fix="leave it out to begin again, in place of what you hold of this institution",
    )


def _entry(caller: Caller, row: BookRow, history: bool) -> EntryAnswer:
    key, registry = row.key, caller.reach.registry
    unit = items.category(key.item).unit
    entry: EntryAnswer = {
        "key": f"{key.institution}/{key.kind}/{key.code}/{key.item}/{row.day.isoformat()}",
        "revision": row.revision,
        "institution": key.institution,
        "node": key.code,
        "node_type": str(registry.nodes[key.code].type),
        "category": items.whole(key.item),
        "item": key.item,
        "day": row.day.isoformat(),
        "zone": registry.zone(key.code),
        "unit": unit,
        "value": exact(row.total, key.item),
        "book_unit": BOOK_UNITS[unit].name,
        "amount": row.total,
        "shares": shares_json(row.day_shares.tolist()),
        "provisional": row.provisional,
    }
    if history:
        entry["superseded_at"] = row.superseded_at
    return entry
