"""Finding series and current book rows inside a transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from operator import attrgetter
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import (
    ColumnElement,
    Connection,
    Pool,
    Select,
    and_,
    exists,
    func,
    insert,
    or_,
    select,
    text,
    true,
    tuple_,
    type_coerce,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import NullType

from metering.book import BookPlace, BookRow, SeriesKey
from metering.localtime import day_number
from storage.sql.book_codec import RAW, unpacked, unpacked_raw
from storage.sql.partitions import is_partitioned, of_institution, own_number, wide
from storage.sql.schema import BOOK_ROW, BOOK_ROW_BEFORE, SERIES

CHUNK = 500
MOST_KNOWN = 200_000
"""Numbers of series that are kept in memory: some 60 MB."""
CURRENT = BOOK_ROW.c.superseded_at.is_(None)


def all_ids(con: Connection, institution: str | None) -> dict[SeriesKey, int]:
    """Numbers of all series of an institution; of all institutions where it is None."""
    return _series(con, true() if institution is None else SERIES.c.institution == institution)


def _series(con: Connection, where: Any) -> dict[SeriesKey, int]:
    return {
        SeriesKey(row.institution, row.kind, row.code, row.item): row.id
        for row in con.execute(select(SERIES).where(where)).all()
    }


_KNOWN: WeakKeyDictionary[Pool, dict[SeriesKey, int]] = WeakKeyDictionary()
"""Ids that were found, by database: a series keeps its number and is never removed."""


def ids_of(con: Connection, keys: Iterable[SeriesKey]) -> dict[SeriesKey, int]:
    """Ids of the keys that have any, as far as they are not known asked for in the database. Not
    for a transaction that made some of them, since it may be undone."""
    known, wanted = _KNOWN.setdefault(con.engine.pool, {}), set(keys)
    found = {key: id for key in wanted if (id := known.get(key)) is not None}
    if unknown := wanted - found.keys():
        stored = _stored_ids(con, unknown)
        found |= {key: stored[key] for key in unknown if key in stored}
        if len(known) > MOST_KNOWN:  # other threads may read meanwhile: what is found stays found
            known.clear()
        known.update(stored)
    return found


def numbers_of(con: Connection, keys: Sequence[SeriesKey]) -> list[int | None]:
    """The id of each key, None where it has none; as `ids_of`, for very many keys."""
    known = _KNOWN.setdefault(con.engine.pool, {})
    found = [known.get(key) for key in keys]
    if None in found:
        ids = ids_of(con, keys)
        found = [ids.get(key) for key in keys]
    return found


def _stored_ids(con: Connection, wanted: set[SeriesKey]) -> dict[SeriesKey, int]:
    """Asked for one by one while they are few; else all of their institutions."""
    if len(wanted) > CHUNK:
        institutions = {key.institution for key in wanted}
        return {key: id for one in institutions for key, id in all_ids(con, one).items()}
    table, alike = SERIES.c, dict[tuple[str, str], set[str]]()
    for key in wanted:
        alike.setdefault((key.institution, key.kind), set()).add(key.code)
    found: dict[SeriesKey, int] = {}
    for (institution, kind), codes in alike.items():
        own = and_(table.institution == institution, table.kind == kind)
        found |= _series(con, and_(own, table.code.in_(sorted(codes))))
    return found


def made_ids(con: Connection, keys: Iterable[SeriesKey]) -> dict[SeriesKey, int]:
    """Ids of all the keys, new ones made."""
    wanted = set(keys)
    found = ids_of(con, wanted)
    missing = sorted(key for key in wanted if key not in found)
    if missing:
        con.execute(insert(SERIES), _numbered(con, missing))
        stored = _stored_ids(con, set(missing))
        found |= {key: stored[key] for key in missing}
    return found


def _numbered(con: Connection, keys: Sequence[SeriesKey]) -> list[dict[str, Any]]:
    """Rows of new series, with their numbers where the engine's own would not do."""
    rows: list[dict[str, Any]] = [vars(key).copy() for key in keys]
    if is_partitioned(con):
        each = func.generate_series(1, len(keys)).table_valued("n")
        drawn = select(func.nextval(text("'series_id_seq'"))).select_from(each)
        for row, key, number in zip(rows, keys, con.scalars(drawn), strict=True):
            row["id"] = wide(number, key.institution)
    return rows


def current_rows(con: Connection, ids: dict[SeriesKey, int], where: Any) -> Iterator[BookRow]:
    """Current rows sorted by key and day."""
    return sorted_rows(con, ids, and_(CURRENT, where))


def stood_at(revision: int) -> ColumnElement[bool]:
    """Rows that stood at a revision."""
    table = BOOK_ROW.c
    return and_(table.revision <= revision, or_(CURRENT, table.superseded_at > revision))


def rows_at(
    con: Connection, ids: dict[SeriesKey, int], first: date, last: date, revision: int
) -> list[BookRow]:
    """Rows as they stood at a revision, with the price windows of then."""
    days = (day_number(first), day_number(last))
    where = and_(BOOK_ROW.c.day.between(*days), stood_at(revision))
    found = list(sorted_rows(con, ids, where))
    before = _before(con, ids, days, revision)
    return [before.get((row.key, row.day), row) for row in found]


def _before(
    con: Connection, ids: dict[SeriesKey, int], days: tuple[int, int], revision: int
) -> dict[tuple[SeriesKey, date], BookRow]:
    """Of rows that were completed after a revision, how they stood at it."""
    table, row = BOOK_ROW_BEFORE.c, BOOK_ROW.c
    same = and_(
        row.series_id == table.series_id, row.day == table.day, row.revision == table.revision
    )
    keys = {number: key for key, number in ids.items()}
    kept: dict[tuple[SeriesKey, date], BookRow] = {}
    for chunk in chunks(keys):
        statement = (
            select(BOOK_ROW_BEFORE, row.provisional, row.told, row.superseded_at)
            .join(BOOK_ROW, same)
            .where(table.series_id.in_(chunk), table.day.between(*days))
            .where(row.series_id.in_(chunk))
            .where(table.revision <= revision, table.until > revision)
            .order_by(table.until.desc())
        )
        for found in con.execute(statement):
            # The state that ended first after the revision comes last, and stands.
            one = unpacked(found, keys[found.series_id])
            kept[one.key, one.day] = one
    return kept


def sorted_rows(con: Connection, ids: dict[SeriesKey, int], where: Any) -> Iterator[BookRow]:
    """Rows sorted by key and day: sorted here, since engines order text differently."""
    keys = sorted(ids, key=_ORDER)
    for start in range(0, len(keys), CHUNK):
        chunk = keys[start : start + CHUNK]
        place = {ids[key]: n for n, key in enumerate(chunk)}
        chosen = select(*_RAW).where(BOOK_ROW.c.series_id.in_(list(place)), where)
        found = fetched(con, chosen)
        found.sort(key=lambda row: (place[row[0]], row[1]))
        for row in found:
            yield unpacked_raw(row[1:], chunk[place[row[0]]])


_ORDER = attrgetter("institution", "kind", "code", "item")
"""The order of series, told sooner than by comparing them."""
_RAW: list[ColumnElement[Any]] = [
    type_coerce(BOOK_ROW.c[name], NullType()).label(name) for name in ("series_id", *RAW)
]
"""As the driver gives them: a round reads all that stand, and each step counts."""


def of_days(column: ColumnElement[int], days: Collection[int]) -> ColumnElement[bool]:
    """Those days; where they are many, also those between."""
    if len(days) <= CHUNK:
        return column.in_(sorted(days))
    return column.between(min(days), max(days))


def chunks(ids: Collection[int]) -> Iterator[list[int]]:
    """The ids, a bounded number at a time."""
    ordered = sorted(ids)
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]


def changed_rows(
    con: Connection, institution: str, kind: str, after: BookPlace, limit: int, history: bool
) -> list[tuple[BookPlace, BookRow]]:
    """(place, row) of settled rows that became valid after a place, oldest first; of superseded
    ones only as `history`.

    The places are found in the index of settled rows alone, series by series, so that a wait
    for news costs the institution's series and not its years; only then are rows read.
    """
    table = BOOK_ROW.c
    ids = select(SERIES.c.id).where(SERIES.c.institution == institution, SERIES.c.kind == kind)
    after = (after[0], own_number(con, after[1], institution), after[2])
    place = (table.revision, table.series_id, table.day)
    next_ones = (
        select(*place)
        .where(table.series_id.in_(ids), of_institution(con, table.series_id, institution))
        .where(table.provisional.is_(False))
        .where(true() if history else CURRENT)
        .where(table.revision >= after[0], tuple_(*place) > tuple_(*after))
        .order_by(*place)
        .limit(limit)
        .subquery()
    )
    same = and_(*(BOOK_ROW.c[column.name] == column for column in next_ones.c))
    same = and_(same, of_institution(con, table.series_id, institution))
    statement = (
        select(BOOK_ROW, SERIES.c.institution, SERIES.c.kind, SERIES.c.code, SERIES.c.item)
        .join(next_ones, same)
        .join(SERIES, SERIES.c.id == table.series_id)
        .order_by(*place)
    )
    return [
        (
            (row.revision, row.series_id, row.day),
            unpacked(row, SeriesKey(row.institution, row.kind, row.code, row.item)),
        )
        for row in con.execute(statement)
    ]


def codes_touched(con: Connection, institution: str, after: int) -> frozenset[str]:
    """Codes of series of which a settled row became valid after a revision: one step in the index
    of settled rows for each series."""
    row = BOOK_ROW.c
    there = exists().where(
        row.series_id == SERIES.c.id, row.provisional.is_(False), row.revision > after
    )
    there = there.where(of_institution(con, row.series_id, institution))
    asked = select(SERIES.c.code).where(SERIES.c.institution == institution, there)
    return frozenset(con.scalars(asked))


def fetched(con: Connection, statement: Select[Any]) -> list[Any]:
    """Rows as the driver gives them: to wrap each costs more than to read it."""
    result = con.execute(statement)
    try:
        rows = list(result.cursor.fetchall())
    except Exception as refused:
        if isinstance(refused, con.dialect.loaded_dbapi.Error):
            raise DBAPIError(None, None, refused) from refused
        raise
    result.close()
    return rows
