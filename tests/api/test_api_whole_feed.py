"""The feed of all institutions: one cursor, the same entries, and the same walls."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from api import create_app
from api.decimals import exact
from api.entry_text import face_of
from api.sealing import opened, sealed
from api.usecases import whole_feed
from api.usecases.whole_feed import WholePlace
from tests.api.test_api_feed import MovingBooks, booked, pull, shifted, waits, yesterday


def pull_all(world, key="whole", cursor=None, **params):
    """Entries from a cursor to the end, and the cursor there."""
    entries = []
    while True:
        given = {"cursor": cursor} if cursor else {}
        page = world.get("/v1/feed/all", key=key, **params, **given)
        assert page.status_code == 200, page.text
        entries += page.json()["data"]
        cursor = page.json()["next"]
        if not page.json()["more"]:
            return entries, cursor


def by_key(entries):
    found = {entry["key"]: entry for entry in entries}
    assert len(found) == len(entries)
    return found


@pytest.mark.timeout(600)
@pytest.mark.parametrize("limit", [10_000, 37, pytest.param(1, marks=pytest.mark.long)])
def test_it_tells_what_the_feeds_of_the_institutions_tell(shared_world, limit):
    entries, _ = pull_all(shared_world, limit=limit)
    single = [
        entry
        for body in ("bureau", "school")
        for entry in pull(shared_world, key="whole", institution=body, limit=1000)[0]
    ]
    assert by_key(entries) == by_key(single)


def test_entries_are_equal_to_the_byte(shared_world):
    def texts(answer):
        data = answer.text.partition('"data":[')[2]
        return set(re.findall(r'\{"key":.*?"provisional":false\}', data))

    whole = texts(shared_world.get("/v1/feed/all", key="bureau", limit=1000))
    single = texts(shared_world.get("/v1/feed", key="bureau", limit=1000))
    assert len(whole) > 100
    assert whole == single


@pytest.mark.parametrize("key", ["building", "school", "bureau"])
def test_a_key_is_told_of_what_it_reaches_alone(shared_world, key):
    entries, _ = pull_all(shared_world, key=key, limit=50)
    assert by_key(entries) == by_key(pull(shared_world, key=key, limit=1000)[0])


@given(
    total=st.none() | st.integers(-(10**13), 10**13),
    item=st.sampled_from(["01000", "02000", "04000"]),
    shares=st.none() | st.lists(st.integers(0, 10_000), min_size=4, max_size=4),
)
def test_an_amount_is_written_out_as_exact_numbers_are(shared_world, total, item, shares):
    reach = shared_world.client.app.state.reaches.get(("bureau", 1)) or _reach(shared_world)
    row = booked(shared_world, yesterday(shared_world))
    face = face_of(reach, replace(row.key, item=item))
    data = None if shares is None else b"".join(one.to_bytes(2, "little") for one in shares)
    entry = json.loads(face.text((1, 7, 1, 20_000, total, data, True)))
    assert (entry["value"], entry["amount"]) == (exact(total, item), total)
    assert (entry["revision"], entry["day"]) == (7, "2024-10-04")
    told = [10_000, 0, 0, 0] if shares is None else shares
    assert list(entry["shares"].values()) == [one / 10_000 for one in told]


def _reach(world):
    world.get("/v1/feed/all", key="bureau", limit=1)
    return next(iter(world.client.app.state.reaches.values()))


def test_a_restated_day_comes_again_and_nothing_else(world):
    before, cursor = pull_all(world)
    assert pull_all(world, cursor=cursor) == ([], cursor)
    revision = shifted(world, 10)
    (entry,), cursor = pull_all(world, cursor=cursor)
    assert (entry["node"], entry["revision"]) == ("bureau", revision)
    assert by_key(before)[entry["key"]]["revision"] < revision
    assert pull_all(world, cursor=cursor) == ([], cursor)


def test_what_is_given_out_is_told(world):
    pull_all(world)
    shifted(world, 10)
    row = booked(world, yesterday(world))
    assert not row.told
    pull_all(world, key="building")
    assert not booked(world, yesterday(world)).told
    pull_all(world)
    assert booked(world, yesterday(world)).told


def test_an_institution_that_is_being_booked_holds_only_itself_back(world):
    day = yesterday(world)
    waits(world, day)
    page = world.get("/v1/feed/all", key="whole", limit=10_000).json()
    assert (page["booking"], page["more"]) == (True, False)
    held = {entry["key"] for entry in page["data"]}
    assert not any(e["institution"] == "bureau" and e["day"] == str(day) for e in page["data"])
    assert {e["key"] for e in pull(world, key="school")[0]} <= held
    again = world.get("/v1/feed/all", key="whole", cursor=page["next"]).json()
    assert (again["data"], again["booking"], again["more"]) == ([], True, False)
    world.platform.books._marks._marks.clear()
    rest, cursor = pull_all(world, cursor=again["next"], limit=7)
    assert held.isdisjoint(e["key"] for e in rest)
    assert by_key([*page["data"], *rest]) == by_key(pull_all(world)[0])
    shifted(world, 10)
    assert len(pull_all(world, cursor=cursor)[0]) == 1


@pytest.mark.timeout(600)
@pytest.mark.parametrize("limit", [pytest.param(1, marks=pytest.mark.long), 9, 10_000])
def test_what_lags_behind_is_told_once_though_it_changes(world, limit):
    """Held back, restated, and released while the reader goes on."""
    day = yesterday(world)
    waits(world, day)
    told, cursor = pull_all(world, limit=limit)
    revision = shifted(world, 10)
    more, cursor = pull_all(world, cursor=cursor, limit=limit)
    world.platform.books._marks._marks.clear()
    rest, cursor = pull_all(world, cursor=cursor, limit=limit)
    everything = [*told, *more, *rest]
    assert by_key(everything) == by_key(pull_all(world)[0])
    assert by_key(everything)[f"bureau/node/bureau/01000/{day}"]["revision"] == revision
    assert pull_all(world, cursor=cursor) == ([], cursor)


def test_who_caught_up_before_the_end_is_told_nothing_twice(world):
    """Its rows that come later in all books were told of its own already."""
    waits(world, yesterday(world))
    told, cursor, page = [], None, {"booking": False, "more": True}
    while not page["booking"]:
        assert page["more"]
        given = {"cursor": cursor} if cursor else {}
        page = world.get("/v1/feed/all", key="whole", limit=40, **given).json()
        told, cursor = [*told, *page["data"]], page["next"]
    world.platform.books._marks._marks.clear()
    rest, _ = pull_all(world, cursor=cursor, limit=150)
    assert by_key([*told, *rest]) == by_key(pull_all(world, limit=10_000)[0])


def test_where_too_many_lag_behind_the_page_ends_and_nothing_is_lost(world, monkeypatch):
    monkeypatch.setattr(whole_feed, "MOST_HELD", 0)
    waits(world, yesterday(world))
    page = world.get("/v1/feed/all", key="whole", limit=10_000).json()
    assert (page["booking"], page["more"]) == (True, False)
    world.platform.books._marks._marks.clear()
    rest, _ = pull_all(world, cursor=page["next"])
    assert by_key([*page["data"], *rest]) == by_key(pull_all(world)[0])


@pytest.mark.parametrize(("times", "status"), [(2, 200), (9, 503)])
def test_what_changes_while_it_is_given_out_is_read_again(world, times, status):
    _, cursor = pull_all(world)
    shifted(world, 10)

    class Moving(MovingBooks):
        def tell_all(self, rows):
            if self._times:
                self._times -= 1
                self._change()
            self._books.tell_all(rows)

    books = Moving(world.platform.books, times, lambda: shifted(world, 10))
    platform = replace(world.platform, books=books)
    moving = replace(world, platform=platform, client=TestClient(create_app(platform)))
    answer = moving.get("/v1/feed/all", key="whole", cursor=cursor)
    assert answer.status_code == status
    if status == 200:
        row = booked(world, yesterday(world))
        assert [entry["revision"] for entry in answer.json()["data"]] == [row.revision]
        assert row.told


def refused(answer):
    assert answer.status_code == 422, answer.text
    assert answer.json()["field"] == "cursor"
    assert "leave it out to begin again" in answer.json()["fix"]


def test_a_cursor_of_another_key_or_made_up_is_none(world):
    _, cursor = pull_all(world, key="bureau", limit=10)
    for other in ("whole", "school", "building"):
        refused(world.get("/v1/feed/all", key=other, cursor=cursor))
    assert world.get("/v1/feed/all", key="reader", cursor=cursor).status_code == 200
    for place in range(0, len(cursor), 5):
        changed = cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :]
        refused(world.get("/v1/feed/all", key="bureau", cursor=changed))
    single = world.get("/v1/feed", key="bureau", limit=1).json()["next"]
    for none in ("garbled", "%%%", "ü", single, cursor[:-2], cursor + "AAAA"):
        refused(world.get("/v1/feed/all", key="bureau", cursor=none))
    refused(world.get("/v1/feed", key="bureau", cursor=cursor))


def test_a_cursor_of_other_books_or_beyond_them_is_none(world):
    _, cursor = pull_all(world)
    secret = world.platform.books.feed_secret()
    beyond = sealed(WholePlace((10**6, 1, 1, 1)).packed(), secret, "")
    refused(world.get("/v1/feed/all", key="whole", cursor=beyond))
    world.platform.books._secret = b"other".ljust(32)
    refused(world.get("/v1/feed/all", key="whole", cursor=cursor))


@given(
    place=st.tuples(*[st.integers(0, 2**40)] * 4),
    held=st.lists(st.tuples(*[st.integers(0, 2**40)] * 3), max_size=32),
    node=st.text(max_size=20),
)
def test_a_cursor_opens_for_its_node_and_fits_its_parameter(place, held, node):
    secret = b"s" * 32
    packed = WholePlace(place, tuple(held)).packed()
    cursor = sealed(packed, secret, node)
    assert len(cursor) <= 4096
    assert WholePlace.unpacked(opened(cursor, secret, node) or b"") == WholePlace(
        place, tuple(held)
    )
    assert opened(cursor, secret, node + "x") is None
    assert opened(cursor, b"t" * 32, node) is None


def test_a_cursor_says_nothing_of_how_much_others_book(shared_world):
    _, cursor = pull_all(shared_world, key="school")
    there = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    packed = opened(cursor, shared_world.platform.books.feed_secret(), "school")
    assert packed is not None
    assert packed not in there
    assert not any(packed[n : n + 4] in there for n in range(len(packed) - 3))


def test_a_key_of_little_among_much_gets_on_page_by_page(shared_world, monkeypatch):
    monkeypatch.setattr(whole_feed, "LOOKS", 2)
    entries, _ = pull_all(shared_world, key="building", limit=9)
    assert by_key(entries) == by_key(pull(shared_world, key="building", limit=1000)[0])


@pytest.mark.parametrize("limit", [0, 10_001, "x"])
def test_the_page_is_bounded(shared_world, limit):
    answer = shared_world.get("/v1/feed/all", key="whole", limit=limit)
    assert (answer.status_code, answer.json()["field"]) == (422, "limit")


def test_over_real_stores_it_is_the_same(real_world):
    entries, cursor = pull_all(real_world, limit=100)
    single = [
        entry
        for body in ("bureau", "school")
        for entry in pull(real_world, key="whole", institution=body, limit=1000)[0]
    ]
    assert by_key(entries) == by_key(single)
    assert pull_all(real_world, cursor=cursor) == ([], cursor)
