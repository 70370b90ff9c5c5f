"""Laws of pages: together they are the whole list, in order, each row once, at any size."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import paging

LISTS = [
    ("/v1/nodes", lambda row: row["code"]),
    ("/v1/meters", lambda row: row["code"]),
    ("/v1/points", lambda row: row["id"]),
    (
        "/v1/points/1/readings?start=2026-11-22T00:00:00Z&end=2026-11-25T00:00:00Z",
        lambda r: r["time"],
    ),
    ("/v1/findings", lambda row: row["id"]),
    ("/v1/gateways", lambda row: row["gateway"]),
    ("/v1/dead-letters", lambda row: row["id"]),
    ("/v1/register-events", lambda row: (row["institution"], row["meter"], row["start"])),
    ("/v1/restatements", lambda row: (row["institution"], row["serial"])),
    ("/v1/audit", lambda row: row["id"]),
]


def follow(world, path: str, limit: int) -> list[dict]:
    """All rows, page by page along the Link header."""
    rows: list[dict] = []
    mark = "&" if "?" in path else "?"
    target = f"{path}{mark}limit={limit}"
    while True:
        response = world.get(target, key="whole")
        assert response.status_code == 200, response.text
        body = response.json()
        assert len(body["data"]) <= limit
        rows += body["data"]
        link = response.headers.get("link")
        assert (link is None) == (body["next"] is None)
        if link is None:
            return rows
        assert len(body["data"]) == limit
        assert link.endswith('; rel="next"')
        target = link[1 : link.index(">")]


@pytest.mark.parametrize(("path", "name"), LISTS)
@pytest.mark.parametrize("limit", [1, 3, 7])
def test_pages_together_are_the_list(shared_world, path, name, limit):
    mark = "&" if "?" in path else "?"
    everything = shared_world.get(f"{path}{mark}limit=1000", key="whole").json()["data"]
    assert everything
    if limit == 1:
        everything, found = everything[:12], follow_some(shared_world, path, 12)
    else:
        found = follow(shared_world, path, limit)
    assert [name(row) for row in found] == [name(row) for row in everything]


def follow_some(world, path: str, count: int) -> list[dict]:
    """The first rows, one a page."""
    rows: list[dict] = []
    mark = "&" if "?" in path else "?"
    target: str | None = f"{path}{mark}limit=1"
    while target and len(rows) < count:
        response = world.get(target, key="whole")
        rows += response.json()["data"]
        link = response.headers.get("link")
        target = link[1 : link.index(">")] if link else None
    return rows


def test_a_row_that_comes_in_between_shifts_no_other(world):
    first = world.get("/v1/dead-letters?limit=2").json()
    seen = [row["id"] for row in first["data"]]
    from_store = world.platform.intake.dead_letters(None, limit=1)[0]
    batch_of(world, from_store)
    rest = world.get(f"/v1/dead-letters?limit=10&cursor={first['next']}").json()["data"]
    assert [*seen, *(row["id"] for row in rest)] == sorted(
        {*seen, *(row["id"] for row in rest)}, reverse=True
    )
    assert len(seen) + len(rest) == 5


def batch_of(world, letter) -> None:
    """One more dead letter of the same gateway."""
    from dataclasses import replace

    from metering.intake import IntakeBatch

    one = replace(letter, digest="new", gateway="campus/gw-1")
    place = world.platform.intake.checkpoint(1)
    world.platform.intake.commit(IntakeBatch(1, *place, 1, 1, dead_letters=(one,)))


place = st.lists(st.one_of(st.text(max_size=20), st.integers(-(2**61), 2**61)), max_size=4)


@given(place)
def test_a_cursor_returns_its_place(parts):
    assert paging.decode(paging.encode(parts), *(type(part) for part in parts)) == parts


@given(st.sets(st.integers(), max_size=40), st.integers(1, 10))
def test_cutting_loses_and_repeats_nothing(numbers, limit):
    rows, after, found = sorted(n % 2**60 for n in numbers), None, []
    rows = sorted(set(rows))
    while True:
        page, cursor = paging.cut(rows, lambda n: (n,), after, limit)
        found += page
        if cursor is None:
            break
        after = paging.decode(cursor, int)
    assert found == rows
