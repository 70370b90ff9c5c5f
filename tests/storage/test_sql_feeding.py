"""Serials of commits: given in the order in which commits end, and kept by migrations."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from metering import quality
from metering.book import FEED_START, BookRow, SeriesKey
from storage import sql_stores
from storage.sql.engine import reading, writing
from storage.sql.feeding import last_serial, next_serial
from storage.sql.migrate import downgrade, upgrade


def booked(body: str, energy: int, day: int = 1, kind: str = "node") -> BookRow:
    key = SeriesKey(body, kind, body, "01000")
    slots, whole = np.full(24, energy), quality.all_of(quality.MEASURED, 24)
    return BookRow.of(key, date(2026, 3, day), 60, slots, whole, whole, int(slots.sum()), whole[0])


def test_a_serial_is_held_until_its_commit_ends(engine: Engine) -> None:
    """Else a commit that got a higher one could end first, and who read on from that would never
    be told of this one."""
    impatient = {"sqlite": "PRAGMA busy_timeout=50", "postgresql": "SET lock_timeout = 50"}
    with writing(engine) as con:
        next_serial(con)
    with writing(engine) as first:
        assert next_serial(first) == 2
        with engine.connect() as con:
            con.execute(text(impatient[engine.dialect.name]))
            con.commit()
            with pytest.raises(DBAPIError, match="lock"):
                next_serial(con)
            con.invalidate()
        with reading(engine) as con:
            assert last_serial(con) == 1
    with writing(engine) as second:
        assert next_serial(second) == 3


def test_a_commit_that_fails_gives_its_serial_back(engine: Engine) -> None:
    con = engine.connect()
    next_serial(con)
    con.rollback()
    con.close()
    with writing(engine) as con:
        assert next_serial(con) == 1


def test_rows_from_before_are_told_first_by_revision_and_none_twice(engine: Engine) -> None:
    books = sql_stores(engine).books
    rows = ([booked("a", 1)], [booked("a", 2), booked("a", 9, kind="meter")], [booked("a", 3, 2)])
    for revision, some in enumerate(rows):
        books.commit("a", some, expected_revision=revision, now_us=1)
    books.commit("b", [booked("b", 4)], expected_revision=0, now_us=1)
    with writing(engine) as con:
        downgrade(con, "r0036")
        upgrade(con)
    books = sql_stores(engine).books
    assert books.last_serial() == 0

    def told() -> list[tuple[int, str, int | None]]:
        found = books.news(after=FEED_START, limit=99)
        keys = books.keys_of({one[2] for one in found})
        nodes = [one for one in found if keys[one[2]].kind == "node"]
        return [(one[0], keys[one[2]].institution, one[4]) for one in nodes]

    assert told() == [(0, "b", 96), (0, "a", 48), (0, "a", 72)]
    place = books.news(after=FEED_START, limit=99)[-1][:4]
    books.commit("a", [booked("a", 5)], expected_revision=3, now_us=1)
    (new,) = books.news(after=place, limit=9)
    assert (new[0], new[1], new[4]) == (1, 4, 120)
    assert told() == [(0, "b", 96), (0, "a", 72), (1, "a", 120)]
