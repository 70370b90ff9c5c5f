"""Books in partitions by institution: numbers that say where, one partition for a question, and
rows of before moved there and back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, event, func, select, text

from metering import quality
from metering.book import BookRow, SeriesKey
from metering.bookhash import book_hash
from metering.shard import BUCKETS
from metering.tariff import TariffScope
from storage import open_engine, sql_stores
from storage.sql.books import SqlBooks
from storage.sql.engine import reading, writing
from storage.sql.migrate import downgrade, upgrade
from storage.sql.partitions import (
    PARTITION_NAMES,
    PARTITIONS,
    first_number,
    partitions,
    plain,
    wide,
)
from storage.sql.schema import BOOK_ROW, BOOK_ROW_BEFORE, RESTATEMENT, SERIES

BODIES = tuple(f"body-{n}" for n in range(40))
ITEMS = ("01000", "01B00", "02000")
FIRST, LAST = date(2026, 3, 1), date(2026, 3, 31)
NUMBERS = st.integers(1, (1 << 40) - 1)


def booked(body: str, energy: int, day: int, item: str = "01000", *, priced: int = 0) -> BookRow:
    key, whole = SeriesKey(body, "node", body, item), quality.all_of(quality.MEASURED, 24)
    slots = np.full(24, energy)
    row = BookRow.of(key, date(2026, 3, day), 60, slots, whole, whole, int(slots.sum()), whole[0])
    if not priced:
        return row
    part = replace(row.parts[0], scope=TariffScope(body, "", str(priced)))
    return replace(row, parts=(part,), rules=priced + 1)


def keys(body: str) -> list[SeriesKey]:
    return [SeriesKey(body, "node", body, item) for item in ITEMS]


def book_all(books: SqlBooks) -> None:
    """Three days of each; the second told and restated, the third running."""
    for body in BODIES:
        rows = [booked(body, n, day, item) for n, item in enumerate(ITEMS, 1) for day in (1, 2)]
        books.commit(body, rows, expected_revision=0, now_us=1)
        books.tell(body, [row.stored(1, told=True) for row in rows if row.day.day == 2])
        books.commit(body, [booked(body, 9, 2)], expected_revision=1, now_us=2)


@pytest.fixture
def postgres_engine(migrated_url: Callable[[str], str]) -> Iterator[Engine]:
    opened = open_engine(migrated_url("postgresql"))
    yield opened
    opened.dispose()


def books_of(engine: Engine) -> SqlBooks:
    books = sql_stores(engine).books
    assert isinstance(books, SqlBooks)
    return books


@given(st.text(), NUMBERS, NUMBERS)
def test_a_number_says_whose_it_is_and_keeps_the_order(body: str, one: int, other: int) -> None:
    numbers = [wide(number, body) for number in (one, other)]
    assert list(map(plain, numbers)) == [one, other]
    assert [wide(number, body) for number in numbers] == numbers
    assert (numbers[0] < numbers[1]) == (one < other)
    (own,) = {places(number) for number in numbers}
    assert len(own) == 1


def places(number: int) -> tuple[str, ...]:
    bounds = partitions("book_row").items()
    return tuple(name for name, (first, end) in bounds if first <= number < end)


def test_partitions_lie_side_by_side_and_hold_as_many_buckets_each() -> None:
    bounds = list(partitions("book_row").values())
    assert len(bounds) == PARTITIONS
    assert [end for _, end in bounds[:-1]] == [first for first, _ in bounds[1:]]
    assert {end - first for first, end in bounds} == {BUCKETS // PARTITIONS << 40}


def test_numbers_that_were_given_stay_what_they_are() -> None:
    """They stand in databases: whoever changes how they are made moves every row."""
    assert first_number("o") == 20 << 40
    assert wide(7, "body-1") == first_number("body-1") + 7


def test_rows_lie_in_the_partition_of_their_institution(postgres_engine: Engine) -> None:
    book_all(books_of(postgres_engine))
    place = text("CAST(CAST(book_row.tableoid AS regclass) AS text)")
    lies = select(SERIES.c.institution, SERIES.c.id, place).join(
        BOOK_ROW, BOOK_ROW.c.series_id == SERIES.c.id
    )
    with reading(postgres_engine) as con:
        found = con.execute(lies).all()
        numbers = list(con.scalars(select(SERIES.c.id)))
    assert len({body for body, _, _ in found}) == len(BODIES)
    for body, number, name in found:
        first, end = partitions("book_row")[name]
        assert first <= first_number(body) < number < end
    assert sorted(map(plain, numbers)) == list(range(1, len(BODIES) * len(ITEMS) + 1))


Asked = list[tuple[str, Any]]


@contextmanager
def asked(engine: Engine) -> Iterator[Asked]:
    """What was asked of the rows of books meanwhile."""
    found: Asked = []

    def note(_con: Any, _cursor: Any, statement: str, given: Any, _more: Any, many: bool) -> None:
        if re.search(r"\bbook_row(_before)?\b", statement):
            found.append((statement, given[0] if many else given))

    event.listen(engine, "before_cursor_execute", note)
    yield found
    event.remove(engine, "before_cursor_execute", note)


def touched(engine: Engine, what: str, told: Any) -> set[str]:
    """The partitions in the plan, by their numbers."""
    with engine.connect() as con:
        plan = " ".join(con.exec_driver_sql(f"EXPLAIN {what}", told).scalars())
    return {name[-2:] for name in PARTITION_NAMES if re.search(rf"\b{name}\b", plan)}


QUESTIONS: dict[str, Callable[[SqlBooks, str], object]] = {
    "rows": lambda books, body: books.rows(keys(body), FIRST, LAST),
    "columns": lambda books, body: books.columns(keys(body), FIRST, LAST),
    "day_columns": lambda books, body: books.day_columns(keys(body), FIRST, LAST),
    "mixed_columns": lambda books, body: books.mixed_columns(keys(body), FIRST, LAST, 60),
    "rows_at": lambda books, body: books.rows_at(keys(body), FIRST, LAST, 1),
    "days": lambda books, body: books.days(body),
    "unsettled": lambda books, body: books.unsettled(body),
    "touched": lambda books, body: books.touched(body, 1),
    "changes": lambda books, body: books.changes(body, "node"),
    "history": lambda books, body: books.changes(body, "node", history=True),
    "digest_rows": lambda books, body: list(books.digest_rows(body)),
    "tell": lambda books, body: books.tell(body, [booked(body, 9, 2).stored(2, told=True)]),
    "commit": lambda books, body: books.commit(
        body, [booked(body, 7, 2), booked(body, 1, 9)], expected_revision=2, now_us=3
    ),
    "hashes": lambda books, body: books.hashes(institution=body),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_about_an_institution_touches_one_partition(
    postgres_engine: Engine, question: str
) -> None:
    books = books_of(postgres_engine)
    book_all(books)
    with asked(postgres_engine) as found:
        QUESTIONS[question](books, BODIES[3])
    assert found
    wide_ones = [one for one in found if len(touched(postgres_engine, *one)) > 1]
    assert wide_ones == []


SERIES_IDS = select(SERIES.c.id)
PARTITIONED = text("SELECT count(*) FROM pg_class WHERE relkind = 'p'")


def everything(books: SqlBooks) -> dict[str, Any]:
    """What books say by names, and by places that readers hold."""
    bodies = (*BODIES, "priced")
    return {
        "hash": book_hash(books),
        "restated": repr([books.restatements(body) for body in bodies]),
        "given": repr([books.changes(body, "node", history=True) for body in bodies]),
        "then": repr([books.rows_at(keys(body), FIRST, LAST, 1) for body in bodies]),
    }


def test_rows_of_before_are_moved_there_and_back(postgres_engine: Engine) -> None:
    books = books_of(postgres_engine)
    book_all(books)
    books.commit("priced", [booked("priced", 1, 1, priced=1)], expected_revision=0, now_us=1)
    books.tell("priced", list(books.digest_rows("priced")))
    books.commit("priced", [booked("priced", 1, 1, priced=2)], expected_revision=1, now_us=2)
    told = everything(books)
    with reading(postgres_engine) as con:
        numbers = {number: books.keys_of([number])[number] for number in con.scalars(SERIES_IDS)}
    with writing(postgres_engine) as con:
        counts, indexes = counts_of(con), indexes_of(con)
        assert all(counts)
        downgrade(con, "r0038")
        assert set(con.scalars(SERIES_IDS)) == set(map(plain, numbers))
    postgres_engine.dispose()  # with the numbers of series, which are others after a migration
    before = {body: books.changes(body, "node") for body in (BODIES[5], "priced")}
    with writing(postgres_engine) as con:
        assert con.scalar(PARTITIONED) == 0
        upgrade(con)
        assert con.scalar(PARTITIONED) == 2
        assert indexes_of(con) == indexes
        assert counts_of(con) == counts
    postgres_engine.dispose()
    assert everything(books) == told
    for body, all_given in before.items():
        for n, (place, _) in enumerate(all_given, start=1):
            left = books.changes(body, "node", after=place)
            assert repr([row for _, row in left]) == repr([row for _, row in all_given[n:]])
    assert books.keys_of(numbers) == numbers
    assert books.keys_of(map(plain, numbers)) == {plain(n): key for n, key in numbers.items()}
    books.commit(BODIES[0], [booked(BODIES[0], 1, 1, "03000")], expected_revision=2, now_us=3)
    assert len(books.rows([SeriesKey(BODIES[0], "node", BODIES[0], "03000")], FIRST, LAST)) == 1


def counts_of(con: Connection) -> list[int]:
    tables = (BOOK_ROW, BOOK_ROW_BEFORE, RESTATEMENT)
    return [con.execute(select(func.count()).select_from(one)).scalar_one() for one in tables]


def indexes_of(con: Connection) -> list[str]:
    """Of the tables and all their partitions."""
    asked = "SELECT indexdef FROM pg_indexes WHERE tablename LIKE 'book_row%' ORDER BY indexdef"
    return list(con.scalars(text(asked)))
