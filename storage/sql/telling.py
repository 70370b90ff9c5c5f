"""What was told of the books, and what changed since, inside the one transaction that the caller
holds.

    row 12  told      first complete value
    row 15            superseded before anyone took it: leaves nothing
    row 19  current   restatement 12 -> 19, open; `tell` makes 19 told and it given
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, select, update

from metering.book import BookRow, GivenDay, Restatement, SeriesKey
from metering.localtime import day_number, day_of_number
from storage.book_rules import Past, RowChange, has_past, restatement, stale
from storage.sql.book_codec import unpacked
from storage.sql.book_lookup import CURRENT, chunks, ids_of, of_days
from storage.sql.schema import BOOK_ROW, INSTITUTION_REVISION, RESTATEMENT

Changed = tuple[BookRow | None, BookRow, RowChange]
"""(present row, wanted row, what to do)."""
Place = tuple[SeriesKey, date]
Pasts = dict[Place, Past]
NOTHING = Past()


def hold(con: Connection, institution: str) -> int:
    """Hold the institution's revision until the end; the revision, 0 before the first commit."""
    table = INSTITUTION_REVISION
    statement = select(table.c.revision).where(table.c.institution == institution)
    return con.scalar(statement.with_for_update()) or 0


def pasts_of(con: Connection, ids: dict[SeriesKey, int], changes: Iterable[Changed]) -> Pasts:
    """What was told before of the rows whose present one does not say it."""
    places = {(new.key, new.day) for old, new, what in changes if has_past(old, new, what)}
    if not places:
        return {}
    days = {day_number(day) for _, day in places}
    own = {ids[key]: key for key, _ in places}
    pasts: Pasts = {}
    for chunk in chunks(own):
        for row in _told_last(con, own, chunk, days):
            pasts[row.key, row.day] = Past(row)
        for found in _open(con, chunk, days):
            place = (own[found.series_id], day_of_number(found.day))
            base = pasts.get(place, NOTHING).base
            pasts[place] = Past(base, restatement_of(found, place[0]))
    return {place: past for place, past in pasts.items() if place in places}


def past_of(pasts: Pasts, old: BookRow | None, new: BookRow) -> Past:
    """What was told of the row's day before it."""
    if old is not None and old.told and not old.provisional:
        return Past(old)
    return pasts.get((new.key, new.day), NOTHING)


def log(
    con: Connection,
    ids: dict[SeriesKey, int],
    changes: Sequence[Changed],
    pasts: Pasts,
    revision: int,
    now_us: int,
    cause: str,
) -> None:
    """Put the net change of each day in the place of the one that is open."""
    found = [(past_of(pasts, old, new), new) for old, new, _ in changes]
    _close(con, [(ids[new.key], day_number(new.day)) for past, new in found if past.open])
    made = (restatement(past, new, revision, now_us, cause) for past, new in found)
    _add(con, ids, [one for one in made if one is not None])


def tell_all(con: Connection, rows: Sequence[GivenDay]) -> None:
    """As `tell`, of several institutions, always held in the same order."""
    by_institution: dict[str, list[GivenDay]] = {}
    for row in rows:
        by_institution.setdefault(row.key.institution, []).append(row)
    for institution, own in sorted(by_institution.items()):
        tell(con, institution, own)


def tell(con: Connection, institution: str, rows: Sequence[BookRow | GivenDay]) -> None:
    """Make rows told, and the open restatements that end at them given; Conflict where one of
    them stands no more."""
    hold(con, institution)
    ids = ids_of(con, {row.key for row in rows})
    standing = _standing(con, ids, rows)
    fresh = []
    for row in rows:
        told = standing.get((ids.get(row.key, 0), day_number(row.day), row.revision))
        if told is None:
            raise stale(row)
        if not told:
            fresh.append(row)
    if not fresh:
        return
    this_one = and_(
        BOOK_ROW.c.series_id == bindparam("s"),
        BOOK_ROW.c.day == bindparam("d"),
        BOOK_ROW.c.revision == bindparam("r"),
    )
    names = [{"s": ids[r.key], "d": day_number(r.day), "r": r.revision} for r in fresh]
    con.execute(update(BOOK_ROW).where(this_one).values(told=True), names)
    _give(con, ids, fresh)


def _give(con: Connection, ids: dict[SeriesKey, int], rows: Sequence[BookRow | GivenDay]) -> None:
    """Each under a new serial, so that who reads on from a serial is told that it is given."""
    own = {ids[row.key]: row.key for row in rows}
    places = {(ids[row.key], day_number(row.day)) for row in rows}
    days = {day for _, day in places}
    given = [
        (found.series_id, found.day, restatement_of(found, own[found.series_id]))
        for chunk in chunks(own)
        for found in _open(con, chunk, days)
        if (found.series_id, found.day) in places
    ]
    _close(con, [(series, day) for series, day, _ in given])
    _add(con, ids, [replace(one, given=True) for _, _, one in given])


def restatement_of(row: Any, key: SeriesKey) -> Restatement:
    """A row of the table as a value."""
    return Restatement(
        key=key,
        day=day_of_number(row.day),
        old_revision=row.old_revision,
        new_revision=row.new_revision,
        old_total=row.old_total,
        new_total=row.new_total,
        recorded_us=row.recorded_us,
        cause=row.cause,
        given=row.given,
    )


def _told_last(
    con: Connection, keys: dict[int, SeriesKey], series: Sequence[int], days: Collection[int]
) -> Iterator[BookRow]:
    """The superseded row of each series and day that was told last."""
    table = BOOK_ROW.c
    last = (
        select(table.series_id, table.day, func.max(table.revision).label("revision"))
        .where(table.series_id.in_(series), of_days(table.day, days), table.told.is_(True))
        .where(table.provisional.is_(False), table.superseded_at.is_not(None))
        .group_by(table.series_id, table.day)
        .subquery()
    )
    same = and_(*(BOOK_ROW.c[column.name] == column for column in last.c))
    for row in con.execute(select(BOOK_ROW).join(last, same).where(table.series_id.in_(series))):
        yield unpacked(row, keys[row.series_id])


def _open(con: Connection, series: Sequence[int], days: Collection[int]) -> Sequence[Any]:
    table = RESTATEMENT.c
    statement = (
        select(RESTATEMENT)
        .where(table.series_id.in_(series), of_days(table.day, days))
        .where(table.given.is_(False))
    )
    return con.execute(statement).all()


def _standing(
    con: Connection, ids: dict[SeriesKey, int], rows: Sequence[BookRow | GivenDay]
) -> dict[tuple[int, int, int], bool]:
    """Whether each current row is told, by (series, day, revision)."""
    table = BOOK_ROW.c
    days = of_days(table.day, {day_number(row.day) for row in rows})
    return {
        (row.series_id, row.day, row.revision): row.told
        for chunk in chunks(set(ids.values()))
        for row in con.execute(
            select(table.series_id, table.day, table.revision, table.told)
            .where(table.series_id.in_(chunk), CURRENT, days)
            .where(table.provisional.is_(False))
        )
    }


def _close(con: Connection, places: Sequence[tuple[int, int]]) -> None:
    """Take open restatements away."""
    if places:
        table = RESTATEMENT.c
        this_one = and_(
            table.series_id == bindparam("s"), table.day == bindparam("d"), table.given.is_(False)
        )
        gone = [{"s": series, "d": day} for series, day in places]
        con.execute(delete(RESTATEMENT).where(this_one), gone)


def _add(con: Connection, ids: dict[SeriesKey, int], entries: Sequence[Restatement]) -> None:
    if entries:
        con.execute(insert(RESTATEMENT), [_columns(one, ids[one.key]) for one in entries])


def _columns(one: Restatement, series_id: int) -> dict[str, Any]:
    return {
        **{name: value for name, value in vars(one).items() if name != "key"},
        "institution": one.key.institution,
        "series_id": series_id,
        "day": day_number(one.day),
    }
