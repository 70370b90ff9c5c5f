"""Books on SQL: one row per series, local day and revision; one current row per day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    and_,
    bindparam,
    delete,
    insert,
    or_,
    select,
    true,
    tuple_,
    update,
)

from metering.book import BookRow, RegisterEvent, Restatement, SeriesKey
from metering.localtime import day_number, day_of_number
from storage.book_rules import Change, change, check_rows, restatement, revision_conflict
from storage.sql.book_codec import packed, unpacked
from storage.sql.engine import insert_missing, reading, upsert, writing
from storage.sql.intake import remove_marks
from storage.sql.schema import (
    BOOK_ROW,
    INSTITUTION_REVISION,
    REGISTER_EVENT,
    RESTATEMENT,
    SERIES,
)

_CHUNK = 500
_CURRENT = BOOK_ROW.c.superseded_at.is_(None)


class SqlBooks:
    """A BookStore. Two workers at once: exactly one commits, the other gets Conflict."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def revision(self, institution: str) -> int:
        with reading(self._engine) as con:
            return _revision(con, institution)

    def rows(self, keys: Sequence[SeriesKey], first: date, last: date) -> list[BookRow]:
        with reading(self._engine) as con:
            ids = _ids_of(con, keys)
            days = BOOK_ROW.c.day.between(day_number(first), day_number(last))
            return list(_current_rows(con, ids, days))

    def row_at(self, key: SeriesKey, day: date, revision: int) -> BookRow | None:
        with reading(self._engine) as con:
            ids = _ids_of(con, [key])
            found = con.execute(
                select(BOOK_ROW)
                .where(BOOK_ROW.c.series_id == ids.get(key), BOOK_ROW.c.day == day_number(day))
                .where(BOOK_ROW.c.revision <= revision)
                .where(or_(_CURRENT, BOOK_ROW.c.superseded_at > revision))
            ).first()
        return None if found is None else unpacked(found, key)

    def series(self, institution: str) -> list[SeriesKey]:
        with reading(self._engine) as con:
            return sorted(_all_ids(con, institution))

    def commit(
        self,
        institution: str,
        rows: Sequence[BookRow],
        *,
        expected_revision: int,
        cleared: Sequence[int] = (),
        events: Sequence[RegisterEvent] = (),
        events_replaced: Sequence[tuple[str, int, int]] = (),
        now_us: int,
        cause: str = "reading",
    ) -> int:
        checked = check_rows(institution, rows)
        with writing(self._engine) as con:
            _expect(con, institution, expected_revision)
            ids = _made_ids(con, (row.key for row in checked))
            revision = expected_revision + 1
            changes = _changes(con, ids, checked)
            if changes:
                _write(con, ids, changes, revision)
                _log(con, institution, ids, changes, revision, now_us, cause)
                _set_revision(con, institution, revision)
            _replace_events(con, institution, events, events_replaced)
            remove_marks(con, cleared)
        return revision if changes else expected_revision

    def restatements(
        self, institution: str, *, after: int = 0, limit: int = 100
    ) -> list[tuple[int, Restatement]]:
        statement = (
            select(RESTATEMENT, SERIES.c.kind, SERIES.c.code, SERIES.c.item)
            .join(SERIES, SERIES.c.id == RESTATEMENT.c.series_id)
            .where(RESTATEMENT.c.institution == institution, RESTATEMENT.c.serial > after)
            .order_by(RESTATEMENT.c.serial)
            .limit(limit)
        )
        with reading(self._engine) as con:
            return [(row.serial, _restatement(row)) for row in con.execute(statement)]

    def events(self, institution: str, start_us: int, end_us: int) -> list[RegisterEvent]:
        statement = select(REGISTER_EVENT).where(
            REGISTER_EVENT.c.institution == institution, _overlap(start_us, end_us)
        )
        with reading(self._engine) as con:
            found = [RegisterEvent(**row._mapping) for row in con.execute(statement)]
        return sorted(found, key=lambda e: (e.meter, e.start_us, e.kind))

    def digest_rows(self, institution: str | None = None) -> Iterator[BookRow]:
        with reading(self._engine) as con:
            ids = _all_ids(con, institution)
            yield from _current_rows(con, ids, BOOK_ROW.c.provisional.is_(False))

    def clear(self) -> None:
        with writing(self._engine) as con:
            for table in (RESTATEMENT, BOOK_ROW, SERIES, REGISTER_EVENT, INSTITUTION_REVISION):
                con.execute(delete(table))


def _revision(con: Connection, institution: str) -> int:
    table = INSTITUTION_REVISION
    return con.scalar(select(table.c.revision).where(table.c.institution == institution)) or 0


def _expect(con: Connection, institution: str, expected: int) -> None:
    """Hold the institution's revision row until the end; Conflict if it is another one."""
    row = {"institution": institution, "revision": 0}
    insert_missing(con, INSTITUTION_REVISION, [row], ["institution"])
    table = INSTITUTION_REVISION
    statement = select(table.c.revision).where(table.c.institution == institution)
    present = con.scalar(statement.with_for_update()) or 0
    if present != expected:
        raise revision_conflict(institution, expected, present)


def _set_revision(con: Connection, institution: str, revision: int) -> None:
    table = INSTITUTION_REVISION
    con.execute(update(table).where(table.c.institution == institution).values(revision=revision))


def _all_ids(con: Connection, institution: str | None) -> dict[SeriesKey, int]:
    return _series(con, true() if institution is None else SERIES.c.institution == institution)


def _series(con: Connection, where: Any) -> dict[SeriesKey, int]:
    return {
        SeriesKey(row.institution, row.kind, row.code, row.item): row.id
        for row in con.execute(select(SERIES).where(where))
    }


def _ids_of(con: Connection, keys: Iterable[SeriesKey]) -> dict[SeriesKey, int]:
    """Ids of the keys that have any: asked for one by one while they are few."""
    wanted = set(keys)
    if len(wanted) > _CHUNK:
        institutions = {key.institution for key in wanted}
        known = {key: id for one in institutions for key, id in _all_ids(con, one).items()}
        return {key: id for key, id in known.items() if key in wanted}
    table = SERIES.c
    natural = tuple_(table.institution, table.kind, table.code, table.item)
    return _series(con, natural.in_([(k.institution, k.kind, k.code, k.item) for k in wanted]))


def _made_ids(con: Connection, keys: Iterable[SeriesKey]) -> dict[SeriesKey, int]:
    """Ids of all the keys, new ones made."""
    wanted = set(keys)
    missing = sorted(wanted - _ids_of(con, wanted).keys())
    if missing:
        con.execute(insert(SERIES), [vars(key).copy() for key in missing])
    return _ids_of(con, wanted)


def _current_rows(con: Connection, ids: dict[SeriesKey, int], where: Any) -> Iterator[BookRow]:
    """Current rows sorted by key and day: sorted here, since engines order text differently."""
    keys = sorted(ids)
    for start in range(0, len(keys), _CHUNK):
        chunk = keys[start : start + _CHUNK]
        place = {ids[key]: n for n, key in enumerate(chunk)}
        found = con.execute(
            select(BOOK_ROW).where(BOOK_ROW.c.series_id.in_(list(place)), _CURRENT, where)
        ).all()
        for row in sorted(found, key=lambda row: (place[row.series_id], row.day)):
            yield unpacked(row, chunk[place[row.series_id]])


Changed = tuple[BookRow | None, BookRow, Change]


def _changes(con: Connection, ids: dict[SeriesKey, int], rows: Sequence[BookRow]) -> list[Changed]:
    """(present row, wanted row, what to do) of each row that changes something."""
    if not rows:
        return []
    days = {day_number(row.day) for row in rows}
    where = (
        BOOK_ROW.c.day.in_(sorted(days))
        if len(days) <= _CHUNK
        else BOOK_ROW.c.day.between(min(days), max(days))
    )
    present = {(row.key, row.day): row for row in _current_rows(con, ids, where)}
    pairs = ((present.get((row.key, row.day)), row) for row in rows)
    decided = ((old, new, change(old, new)) for old, new in pairs)
    return [one for one in decided if one[2] is not Change.NOTHING]


def _write(
    con: Connection, ids: dict[SeriesKey, int], changes: Sequence[Changed], revision: int
) -> None:
    this_one = and_(
        BOOK_ROW.c.series_id == bindparam("s"),
        BOOK_ROW.c.day == bindparam("d"),
        BOOK_ROW.c.revision == bindparam("r"),
    )
    statements = {
        Change.OVERWRITE: delete(BOOK_ROW).where(this_one),
        Change.SUPERSEDE: update(BOOK_ROW).where(this_one).values(superseded_at=revision),
    }
    for what, statement in statements.items():
        gone = [old for old, _, decided in changes if decided is what and old is not None]
        if gone:
            con.execute(
                statement,
                [{"s": ids[o.key], "d": day_number(o.day), "r": o.revision} for o in gone],
            )
    con.execute(insert(BOOK_ROW), [packed(new, ids[new.key], revision) for _, new, _ in changes])


def _log(
    con: Connection,
    institution: str,
    ids: dict[SeriesKey, int],
    changes: Sequence[Changed],
    revision: int,
    now_us: int,
    cause: str,
) -> None:
    entries = [
        restatement(old, new, revision, now_us, cause)
        for old, new, what in changes
        if what is Change.SUPERSEDE and old is not None
    ]
    if entries:
        rows = [
            {
                **{name: value for name, value in vars(entry).items() if name != "key"},
                "institution": institution,
                "series_id": ids[entry.key],
                "day": day_number(entry.day),
            }
            for entry in entries
        ]
        con.execute(insert(RESTATEMENT), rows)


def _restatement(row: Any) -> Restatement:
    return Restatement(
        key=SeriesKey(row.institution, row.kind, row.code, row.item),
        day=day_of_number(row.day),
        old_revision=row.old_revision,
        new_revision=row.new_revision,
        old_total=row.old_total,
        new_total=row.new_total,
        recorded_us=row.recorded_us,
        cause=row.cause,
    )


def _overlap(start_us: int, end_us: int) -> Any:
    """The SQL of `book_rules.overlaps`."""
    event = REGISTER_EVENT.c
    return and_(event.start_us < end_us, or_(event.end_us > start_us, event.start_us >= start_us))


def _replace_events(
    con: Connection,
    institution: str,
    events: Sequence[RegisterEvent],
    replaced: Sequence[tuple[str, int, int]],
) -> None:
    for meter, start_us, end_us in replaced:
        con.execute(
            delete(REGISTER_EVENT)
            .where(REGISTER_EVENT.c.institution == institution, REGISTER_EVENT.c.meter == meter)
            .where(_overlap(start_us, end_us))
        )
    keys = ["institution", "meter", "kind", "start_us"]
    distinct = {tuple(getattr(event, key) for key in keys): event for event in events}
    upsert(con, REGISTER_EVENT, [vars(event).copy() for event in distinct.values()], keys)
