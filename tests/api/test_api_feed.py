"""The change feed: pages, restatements, cursors and walls."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from starlette.testclient import TestClient

from api import create_app, paging
from metering import quality
from metering.book import DirtyMark, SeriesKey
from metering.localtime import day_bounds, day_number
from metering.quantity import ABSENT

BODY = SeriesKey("bureau", "node", "bureau", "01000")


def pull(world, key="bureau", cursor=None, **params):
    """Entries from a cursor to the end, and the cursor there."""
    entries = []
    while True:
        page = world.get("/v1/feed", key=key, **params, **({"cursor": cursor} if cursor else {}))
        assert page.status_code == 200, page.text
        entries += page.json()["data"]
        cursor = page.json()["next"]
        if not page.json()["more"]:
            return entries, cursor


def booked(world, day):
    (row,) = world.platform.books.rows([BODY], day, day)
    return row


def restate(world, row):
    return world.platform.books.commit(
        "bureau",
        [row],
        expected_revision=world.platform.books.revision("bureau"),
        now_us=1,
        cause="correction",
    )


def yesterday(world):
    rows = world.platform.books.digest_rows("bureau")
    return max(row.day for row in rows if row.key == BODY)


@pytest.mark.parametrize("limit", [1000, 37])
def test_the_latest_entries_are_the_books(shared_world, limit):
    entries, _ = pull(shared_world, limit=limit)
    assert len({entry["key"] for entry in entries}) == len(entries)
    settled = {
        (row.key.code, row.key.item, row.day.isoformat()): row
        for row in shared_world.platform.books.digest_rows("bureau")
        if row.key.kind == "node"
    }
    assert {(e["node"], e["item"], e["day"]) for e in entries} == set(settled)
    for entry in entries:
        row = settled[entry["node"], entry["item"], entry["day"]]
        assert (entry["amount"], entry["revision"]) == (row.total, row.revision)


def test_an_entry_says_what_it_is_exactly(shared_world):
    day = yesterday(shared_world)
    entries, _ = pull(shared_world, limit=1000)
    entry = next(e for e in entries if e["key"] == f"bureau/node/bureau/01000/{day}")
    row = booked(shared_world, day)
    assert Decimal(entry["value"]) * 1_000_000 == entry["amount"] == row.total
    assert entry | {"value": 0, "amount": 0} == {
        "key": f"bureau/node/bureau/01000/{day}",
        "revision": row.revision,
        "institution": "bureau",
        "node": "bureau",
        "node_type": "institution",
        "category": "01000",
        "item": "01000",
        "day": day.isoformat(),
        "zone": "Asia/Shanghai",
        "unit": "kWh",
        "value": 0,
        "book_unit": "mWh",
        "amount": 0,
        "shares": {"measured": 1, "apportioned": 0, "estimated": 0, "missing": 0},
        "provisional": False,
    }
    part = next(e for e in entries if e["node"] == "office-a" and e["item"] == "01B00")
    assert (part["node_type"], part["category"]) == ("building", "01000")
    water = next(e for e in entries if e["item"] == "02000")
    assert (water["category"], water["unit"], water["book_unit"]) == ("02000", "m3", "mL")


def test_the_running_day_is_not_told(shared_world):
    entries, _ = pull(shared_world, limit=1000)
    assert max(entry["day"] for entry in entries) == yesterday(shared_world).isoformat()
    assert not any(entry["provisional"] for entry in entries)


def test_a_restatement_is_a_later_entry_of_the_same_key(world):
    before, cursor = pull(world, limit=1000)
    row = booked(world, yesterday(world))
    slots = row.finest.slots + 10
    changed = (replace(row.finest, slots=slots),)
    revision = restate(world, replace(row, parts=changed, total=int(slots.sum())))
    (entry,), cursor = pull(world, cursor=cursor)
    assert entry["revision"] == revision
    assert entry["amount"] == row.total + 10 * len(slots)
    (old,) = [e for e in before if e["key"] == entry["key"]]
    assert old["revision"] < entry["revision"]
    assert pull(world, cursor=cursor)[0] == []
    again, _ = pull(world, limit=1000)
    assert [e for e in again if e["key"] == entry["key"]] == [entry]
    past, _ = pull(world, limit=1000, history=1)
    assert [e for e in past if e["key"] == entry["key"]] == [
        {**old, "superseded_at": revision},
        {**entry, "superseded_at": None},
    ]


def changes_of(world):
    return [
        (one["code"], one["old_revision"], one["new_revision"], one["given"])
        for one in world.get("/v1/restatements", key="bureau", limit=1000).json()["data"]
        if one["kind"] == "node"
    ]


def shifted(world, by):
    """Yesterday's row of the institution, another amount in each slot; its new revision."""
    row = booked(world, yesterday(world))
    slots = row.finest.slots + by
    changed = replace(row, parts=(replace(row.finest, slots=slots),), total=int(slots.sum()))
    return restate(world, changed)


def test_what_is_given_out_is_told_and_what_is_undone_before_leaves_nothing(world):
    pull(world, limit=1000)
    first = booked(world, yesterday(world)).revision
    second = shifted(world, 10)
    assert changes_of(world) == [("bureau", first, second, False)]
    shifted(world, -10)
    assert changes_of(world) == []
    third = shifted(world, 10)
    _, cursor = pull(world, limit=1000)
    assert changes_of(world) == [("bureau", first, third, True)]
    fourth = shifted(world, -10)
    pull(world, cursor=cursor)
    assert changes_of(world) == [("bureau", first, third, True), ("bureau", third, fourth, True)]


def test_only_what_lies_in_the_scope_is_told(world):
    pull(world, limit=1000)
    shifted(world, 10)
    pull(world, key="building", limit=1000)
    assert [given for *_, given in changes_of(world)] == [False]


def test_history_tells_only_what_stands(world):
    pull(world, limit=1000, history=1)
    first = booked(world, yesterday(world)).revision
    shifted(world, 10)
    third = shifted(world, 10)
    pull(world, limit=1000, history=1)
    assert changes_of(world) == [("bureau", first, third, True)]


def waits(world, day, *, ready=True):
    """A reading of that day that is not booked yet."""
    start, _ = day_bounds(day, "Asia/Shanghai")
    point = next(
        one.point
        for one in world.platform.registry().installations
        if world.platform.registry().institution(world.platform.registry().meters[one.meter].node)
        == "bureau"
    )
    mark = DirtyMark(point, start + 3_600_000_000, start + 7_200_000_000)
    world.platform.marks.mark([mark], writer_no=1, ready=ready)


@pytest.mark.parametrize("ready", [True, False])
def test_a_day_that_is_being_booked_is_not_given_out_in_pieces(world, ready):
    day = yesterday(world)
    waits(world, day, ready=ready)
    page = world.get("/v1/feed", key="bureau", limit=1000).json()
    assert (page["booking"], page["more"]) == (True, False)
    assert day.isoformat() not in {entry["day"] for entry in page["data"]}
    again = world.get("/v1/feed", key="bureau", limit=1000, cursor=page["next"]).json()
    assert (again["data"], again["next"], again["booking"]) == ([], page["next"], True)
    assert not world.get("/v1/feed", key="school").json()["booking"]
    world.platform.books._marks._marks.clear()
    last = world.get("/v1/feed", key="bureau", limit=1000, cursor=page["next"]).json()
    assert not last["booking"]
    assert (yesterday(world).isoformat()) in {entry["day"] for entry in last["data"]}


def test_readings_of_today_hold_nothing_back(world):
    waits(world, yesterday(world) + timedelta(days=1))
    page = world.get("/v1/feed", key="bureau", limit=1000).json()
    assert not page["booking"]
    assert yesterday(world).isoformat() in {entry["day"] for entry in page["data"]}


class MovingBooks:
    """Books of which a day changes whenever it is about to be told."""

    def __init__(self, books, times, change):
        self._books, self._times, self._change = books, times, change

    def __getattr__(self, name):
        return getattr(self._books, name)

    def tell(self, institution, rows):
        if self._times:
            self._times -= 1
            self._change()
        self._books.tell(institution, rows)


@pytest.mark.parametrize(("times", "status"), [(2, 200), (9, 503)])
def test_what_changes_while_it_is_given_out_is_read_again(world, times, status):
    _, cursor = pull(world, limit=1000)
    shifted(world, 10)
    books = MovingBooks(world.platform.books, times, lambda: shifted(world, 10))
    platform = replace(world.platform, books=books)
    moving = replace(world, platform=platform, client=TestClient(create_app(platform)))
    answer = moving.get("/v1/feed", key="bureau", cursor=cursor)
    assert answer.status_code == status
    if status == 200:
        row = booked(world, yesterday(world))
        assert [entry["revision"] for entry in answer.json()["data"]] == [row.revision]
        assert row.told


def test_a_value_that_is_gone_is_null_not_zero(world):
    _, cursor = pull(world, limit=1000)
    row = booked(world, yesterday(world))
    nothing = quality.all_of(quality.MISSING, len(row.finest.slots))
    part = replace(
        row.finest,
        slots=np.full(len(row.finest.slots), ABSENT),
        shares=nothing,
        hour_shares=quality.all_of(quality.MISSING, 24),
    )
    gone = replace(
        row,
        parts=(part,),
        total=None,
        day_shares=nothing[0],
    )
    restate(world, gone)
    (entry,), _ = pull(world, cursor=cursor)
    assert (entry["value"], entry["amount"]) == (None, None)
    assert entry["shares"]["missing"] == 1


def test_a_page_asked_for_again_is_the_same(shared_world):
    first = shared_world.get("/v1/feed", limit=5).json()
    again = [shared_world.get("/v1/feed", limit=5, cursor=first["next"]).json() for _ in range(2)]
    assert again[0] == again[1]
    assert len(again[0]["data"]) == 5
    assert {e["key"] for e in first["data"]}.isdisjoint(e["key"] for e in again[0]["data"])


def test_an_institution_without_books_has_a_cursor_to_begin_with(world):
    world.platform.books._reset()
    entries, cursor = pull(world, key="school")
    assert entries == []
    assert pull(world, key="school", cursor=cursor) == ([], cursor)


@pytest.mark.parametrize(
    "cursor",
    [
        "garbled",
        "%%%",
        paging.encode([]),
        paging.encode(["bureau", 1, 1]),
        paging.encode(["bureau", 1, 1, "x"]),
        paging.encode(["bureau", True, 1, 1]),
        paging.encode(["bureau", -1, 0, 0]),
        paging.encode(["bureau", 1, 1, 2**40]),
        paging.encode(["school", 1, 1, 1]),
        paging.encode(["bureau", 999, 0, 0]),
    ],
)
def test_a_cursor_that_is_none_says_how_to_begin_again(shared_world, cursor):
    answer = shared_world.get("/v1/feed", cursor=cursor)
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["field"] == "cursor"
    assert "leave it out to begin again" in problem["fix"]


def test_a_cursor_opens_nothing_that_the_key_does_not_reach(shared_world):
    """A cursor is a place, not a right: one made up by hand stays inside the scope."""
    place = ["bureau", 1, 10**9, day_number(yesterday(shared_world) - timedelta(days=3))]
    entries, _ = pull(shared_world, key="building", cursor=paging.encode(place), limit=1000)
    assert {entry["node"] for entry in entries} <= {"office-a"}


def test_a_buildings_key_is_told_of_its_building_alone(shared_world):
    entries, _ = pull(shared_world, key="building", limit=50)
    assert {entry["node"] for entry in entries} == {"office-a"}
    whole, _ = pull(shared_world, limit=1000)
    assert [e for e in whole if e["node"] == "office-a"] == entries


def test_a_key_of_several_names_one_institution(shared_world):
    answer = shared_world.get("/v1/feed", key="whole")
    assert answer.status_code == 422
    assert answer.json()["field"] == "institution"
    entries, _ = pull(shared_world, key="whole", institution="school", limit=1000)
    assert {entry["institution"] for entry in entries} == {"school"}


@pytest.mark.parametrize("limit", [0, 1001, "x"])
def test_the_page_is_bounded(shared_world, limit):
    answer = shared_world.get("/v1/feed", limit=limit)
    assert answer.status_code == 422
    assert answer.json()["field"] == "limit"
