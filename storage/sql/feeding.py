"""The changes of all institutions in one order: the order in which their commits ended.

    commit A   ... serial 7 ────┤ ends
    commit B   ...              serial 8 ──┤       waits for A where both write at once
    reader     ── sees A ─────── place (7, ...) ── from there on: B

A serial is held from where it is taken to the end of its commit, so no serial below one that a
reader saw is still to come.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection

from sqlalchemy import Connection, select, tuple_, update

from metering.book import Change, FeedPlace, SeriesKey
from storage.sql.book_lookup import CURRENT, chunks, fetched
from storage.sql.engine import insert_missing
from storage.sql.partitions import is_partitioned, plain
from storage.sql.schema import BOOK_ROW, FEED_HEAD, SERIES

SECRET_BYTES = 32


def next_serial(con: Connection) -> int:
    """The serial of this commit; whoever asks next waits until it ended."""
    raised = update(FEED_HEAD).values(serial=FEED_HEAD.c.serial + 1).returning(FEED_HEAD.c.serial)
    found = con.scalar(raised)
    if found is None:
        _make(con)
        found = con.execute(raised).scalar_one()
    return int(found)


def last_serial(con: Connection) -> int:
    """The serial of the last commit; 0 before the first."""
    return con.scalar(select(FEED_HEAD.c.serial)) or 0


def secret(con: Connection) -> bytes | None:
    """What cursors are sealed with; None where nobody asked yet, nor committed."""
    return con.scalar(select(FEED_HEAD.c.secret))


def made_secret(con: Connection) -> bytes:
    """Likewise, made where there is none."""
    _make(con)
    return bytes(con.execute(select(FEED_HEAD.c.secret)).scalar_one())


def renew_secret(con: Connection) -> None:
    """Cursors that were given out so far are worth nothing from now on."""
    con.execute(update(FEED_HEAD).values(secret=secrets.token_bytes(SECRET_BYTES)))


def news(con: Connection, after: FeedPlace, limit: int) -> list[Change]:
    """Changes behind a place; the index of those that stand leads to them, and to no others."""
    table = BOOK_ROW.c
    place = (table.serial, table.revision, table.series_id, table.day)
    statement = (
        select(*place, table.total, table.day_shares, table.told)
        .where(table.serial.is_not(None), CURRENT, table.provisional.is_(False))
        .where(table.serial >= after[0], tuple_(*place) > tuple_(*after))
        .order_by(*place)
        .limit(limit)
    )
    return fetched(con, statement)


def keys_of(con: Connection, numbers: Collection[int]) -> dict[int, SeriesKey]:
    """The series of these numbers; also of those that a cursor has kept from before books were
    partitioned, which takes a look at all series."""
    table = SERIES.c
    older = {n for n in numbers if n == plain(n)} if is_partitioned(con) else set[int]()
    return {
        id: SeriesKey(*key)
        for number, some in ((table.id, set(numbers) - older), (plain(table.id), older))
        for chunk in chunks(some)
        for id, *key in con.execute(
            select(number, table.institution, table.kind, table.code, table.item).where(
                number.in_(chunk)
            )
        )
    }


def _make(con: Connection) -> None:
    made = {"id": 1, "serial": 0, "secret": secrets.token_bytes(SECRET_BYTES)}
    insert_missing(con, FEED_HEAD, [made], ["id"])
