"""Kept hashes of days and months: made of any database, and anew only where rows changed."""

from __future__ import annotations

import threading
from datetime import date, timedelta

import numpy as np
import pytest
from sqlalchemy import Engine

from metering import quality
from metering.book import BookRow, SeriesKey
from metering.bookhash import book_hash, worth_hash
from storage import sql_stores
from storage.sql import digests
from storage.sql.engine import writing
from storage.sql.migrate import downgrade, upgrade

FIRST = date(2026, 3, 1)


def booked(body: str, energy: int, day: int = 0) -> BookRow:
    key = SeriesKey(body, "node", body, "01000")
    slots, whole = np.full(24, energy), quality.all_of(quality.MEASURED, 24)
    at = FIRST + timedelta(day)
    return BookRow.of(key, at, 60, slots, whole, whole, int(slots.sum()), whole[0])


@pytest.mark.parametrize("at_once", [digests.ROWS_AT_ONCE, 7])
def test_a_database_from_before_tells_the_hash_of_all_its_rows(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    """However few rows a transaction makes hashes of."""
    monkeypatch.setattr(digests, "ROWS_AT_ONCE", at_once)
    books = sql_stores(engine).books
    for body in ("a", "b"):
        rows = [booked(body, 1, day) for day in range(40)]
        books.commit(body, rows, expected_revision=0, now_us=1)
        books.commit(body, [booked(body, 2)], expected_revision=1, now_us=1)
    told = books.hashes()
    with writing(engine) as con:
        downgrade(con, "r0037")
        upgrade(con)
    books = sql_stores(engine).books
    assert books.hashes() == told == (book_hash(books), worth_hash(books))
    until = FIRST + timedelta(35)
    assert books.hashes(until, "a")[0] == book_hash(books, until, "a")


def test_only_days_that_changed_are_read_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    books = sql_stores(engine).books
    for body in ("a", "b"):
        rows = [booked(body, 1, day) for day in range(40)]
        books.commit(body, rows, expected_revision=0, now_us=1)
    read: list[BookRow] = []
    look = digests.current_rows

    def seen(*asked):
        found = list(look(*asked))
        read.extend(found)
        return found

    monkeypatch.setattr(digests, "current_rows", seen)
    first = books.hashes()
    assert len(read) == 80
    read.clear()
    assert (books.hashes(), read) == (first, [])
    books.commit("b", [booked("b", 5, 33)], expected_revision=1, now_us=1)
    second = books.hashes()
    assert [(row.key.institution, row.day) for row in read] == [("b", FIRST + timedelta(33))]
    assert second[0] == book_hash(books) != first[0]


def test_books_that_go_on_are_hashed_right_whoever_asks_meanwhile(engine: Engine) -> None:
    books = sql_stores(engine).books
    failures: list[BaseException] = []

    def ask() -> None:
        try:
            for _ in range(10):
                books.hashes()
        except BaseException as error:
            failures.append(error)

    asking = [threading.Thread(target=ask) for _ in range(2)]
    for one in asking:
        one.start()
    for revision in range(10):
        row = booked("a", revision + 1, revision % 3)
        books.commit("a", [row], expected_revision=revision, now_us=1)
    for one in asking:
        one.join()
    assert failures == []
    assert books.hashes() == (book_hash(books), worth_hash(books))
