"""Laws of the changes of all institutions: what the one feed of the API is made of."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metering import quality
from metering.book import FEED_START, BookRow, Change, FeedPlace, GivenDay, SeriesKey
from metering.errors import Conflict, Unavailable
from storage import Stores

DAY = date(2026, 11, 23)
BODIES = ("a", "b", "c")


def key(body: str, code: str = "", kind: str = "node") -> SeriesKey:
    return SeriesKey(body, kind, code or body, "01000")


def booked(of: SeriesKey, day: int = 0, energy: int = 5, *, provisional: bool = False) -> BookRow:
    slots = np.full(24, energy, np.int64)
    whole = quality.all_of(quality.MEASURED, 24)
    total = int(slots.sum())
    return BookRow.of(
        of, DAY + timedelta(day), 60, slots, whole, whole, total, whole[0], provisional=provisional
    )


def commit(stores: Stores, *rows: BookRow) -> int:
    body = rows[0].key.institution
    return stores.books.commit(body, rows, expected_revision=stores.books.revision(body), now_us=1)


def pulled(stores: Stores, after: FeedPlace = FEED_START, limit: int = 2) -> list[Change]:
    """Everything of nodes behind a place, page by page."""
    found: list[Change] = []
    while page := stores.books.news(after=after, limit=limit):
        assert len(page) <= limit
        found += page
        after = page[-1][:4]
    keys = stores.books.keys_of({one[2] for one in found})
    return [one for one in found if keys[one[2]].kind == "node"]


def standing(stores: Stores) -> set[tuple[SeriesKey, date, int, int | None]]:
    return {
        (row.key, row.day, row.revision, row.total)
        for row in stores.books.digest_rows()
        if row.key.kind == "node"
    }


def said(stores: Stores, changes: list[Change]) -> list[tuple[SeriesKey, date, int, int | None]]:
    keys = stores.books.keys_of({one[2] for one in changes})
    return [
        (keys[series], date(1970, 1, 1) + timedelta(day), revision, total)
        for _, revision, series, day, total, _, _ in changes
    ]


def test_changes_of_all_come_in_the_order_of_their_commits(stores: Stores) -> None:
    commit(stores, booked(key("b"), energy=1))
    commit(stores, booked(key("a"), energy=2), booked(key("a", "tower"), energy=3))
    commit(stores, booked(key("b"), energy=4))
    found = said(stores, pulled(stores))
    assert [(one.institution, total) for one, _, _, total in found[-1:]] == [("b", 96)]
    assert sorted((one.code, total) for one, _, _, total in found[:-1]) == [
        ("a", 48),
        ("tower", 72),
    ]


def test_a_change_says_what_the_row_does(stores: Stores) -> None:
    half = quality.all_of(quality.MISSING, 24)
    row = booked(key("a"))
    gap = BookRow.of(row.key, row.day, 60, row.finest.slots, half, half, None, half[0])
    commit(stores, booked(key("a", "tower")), gap)
    (one,) = [c for c in pulled(stores) if c[4] is None]
    assert np.frombuffer(one[5] or b"", "<u2").tolist() == half[0].tolist()
    assert not one[6]
    (other,) = [c for c in pulled(stores) if c[4] is not None]
    assert (other[5], bool(other[6])) == (None, True)
    days = [GivenDay(k, d, r) for k, d, r, _ in said(stores, [one, other])]
    stores.books.tell_all(days)
    assert all(c[6] for c in pulled(stores))


def test_a_day_that_runs_and_meters_are_no_news(stores: Stores) -> None:
    commit(stores, booked(key("a"), provisional=True))
    commit(stores, booked(key("a", "E1", "meter")))
    assert pulled(stores) == []
    assert stores.books.last_serial() == 0
    commit(stores, booked(key("a")))
    assert [total for *_, total in said(stores, pulled(stores))] == [120]
    assert stores.books.last_serial() == 1


def test_days_of_several_are_told_together_or_not_at_all(stores: Stores) -> None:
    missing = quality.all_of(quality.MISSING, 24)
    for body in BODIES:
        row = booked(key(body))
        commit(
            stores, BookRow.of(row.key, DAY, 60, row.finest.slots, missing, missing, 1, missing[0])
        )
    good = [GivenDay(key(body), DAY, 1) for body in BODIES]
    with pytest.raises(Conflict):
        stores.books.tell_all([*good, GivenDay(key("c", "x"), DAY, 1)])
    assert not any(one[6] for one in pulled(stores))
    stores.books.tell_all(good)
    assert all(one[6] for one in pulled(stores))


def test_the_secret_of_cursors_stays(stores: Stores) -> None:
    first = stores.books.feed_secret()
    commit(stores, booked(key("a")))
    assert stores.books.feed_secret() == first
    assert len(first) == 32


@pytest.mark.parametrize("limit", [1, 3, 50])
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(BODIES),
            st.sampled_from(["", "tower", "E1"]),
            st.integers(0, 2),
            st.integers(0, 2),
            st.booleans(),
        ),
        min_size=1,
        max_size=12,
    ),
    looks=st.sets(st.integers(0, 11)),
)
@settings(
    max_examples=10,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_a_reader_of_all_misses_nothing_and_is_told_nothing_twice(
    stores: Stores,
    emptied: Callable[[], None],
    limit: int,
    steps: list[tuple[str, str, int, int, bool]],
    looks: set[int],
) -> None:
    emptied()
    place, told = FEED_START, []
    for number, (body, code, day, energy, provisional) in enumerate(steps):
        kind = "meter" if code == "E1" else "node"
        commit(stores, booked(key(body, code, kind), day, energy, provisional=provisional))
        if number in looks:
            told += (news := pulled(stores, place, limit))
            place = news[-1][:4] if news else place
    told += pulled(stores, place, limit)
    found = said(stores, told)
    assert len(found) == len({(k, day, revision) for k, day, revision, _ in found})
    latest = {(k, day): (k, day, revision, total) for k, day, revision, total in found}
    assert set(latest.values()) >= standing(stores)  # a day may run again, then nothing stands


def test_nothing_is_missed_while_many_commit_at_once(stores: Stores) -> None:
    """Writers of their own institutions commit side by side; a reader goes on from place to place
    meanwhile, and in the end holds what stands, each once."""
    rounds, done, failures = 12, threading.Event(), []

    def write(body: str) -> None:
        try:
            for number in range(rounds):
                while True:
                    with suppress(Unavailable):
                        commit(stores, booked(key(body), number % 3, number + 1))
                        break
        except Exception as error:
            failures.append(error)

    writers = [threading.Thread(target=write, args=(body,)) for body in (*BODIES, "d")]
    for one in writers:
        one.start()
    threading.Thread(target=lambda: [[w.join() for w in writers], done.set()]).start()
    place, told = FEED_START, list[Change]()
    while True:
        last = done.is_set()
        told += (news := stores.books.news(after=place, limit=3))
        place = news[-1][:4] if news else place
        if last and not news:
            break
    assert failures == []
    found = said(stores, told)
    assert len(found) == len(set(found))
    latest = {(k, day): (k, day, revision, total) for k, day, revision, total in found}
    assert set(latest.values()) == standing(stores)
    assert len(standing(stores)) == 4 * 3
