"""The parts of a book commit, all inside the one transaction that the caller holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import (
    Connection,
    and_,
    bindparam,
    delete,
    insert,
    literal,
    or_,
    select,
    update,
)

from metering.book import NOTHING_READ, BookRow, RegisterEvent, SeriesKey, StandingRows
from metering.localtime import day_number
from storage.book_rules import (
    RowChange,
    change,
    is_fed,
    is_told_by_commit,
    leaves_a_trace,
    revision_conflict,
)
from storage.sql.book_codec import PACKED, packed
from storage.sql.book_lookup import CHUNK, current_rows, of_days
from storage.sql.engine import insert_missing, upsert
from storage.sql.feeding import next_serial
from storage.sql.schema import (
    BOOK_ROW,
    BOOK_ROW_BEFORE,
    INSTITUTION_REVISION,
    REGISTER_EVENT,
)
from storage.sql.telling import Changed, Pasts, hold, past_of


def expect(con: Connection, institution: str, expected: int) -> None:
    """Hold the institution's revision row until the end; Conflict if it is another one."""
    row = {"institution": institution, "revision": 0}
    insert_missing(con, INSTITUTION_REVISION, [row], ["institution"])
    present = hold(con, institution)
    if present != expected:
        raise revision_conflict(institution, expected, present)


def set_revision(con: Connection, institution: str, revision: int) -> None:
    """Make it the institution's; its row must be held by this transaction."""
    table = INSTITUTION_REVISION
    con.execute(update(table).where(table.c.institution == institution).values(revision=revision))


def changes_of(
    con: Connection,
    ids: dict[SeriesKey, int],
    rows: Sequence[BookRow],
    standing: StandingRows = NOTHING_READ,
) -> list[Changed]:
    """(present row, wanted row, what to do) of each row that changes something. Of what the caller
    found standing at this revision, settled rows are read again: they may have been told."""
    present, unread = dict[tuple[SeriesKey, date], BookRow | None](), list[BookRow]()
    for row in rows:
        place = row.key, row.day
        old = standing.get(place)
        if (old is None and place not in standing) or (old is not None and not old.provisional):
            unread.append(row)
        else:
            present[place] = old
    if unread:
        where = of_days(BOOK_ROW.c.day, {day_number(row.day) for row in unread})
        own = {row.key: ids[row.key] for row in unread}
        present |= {(row.key, row.day): row for row in current_rows(con, own, where)}
    pairs = ((present.get((row.key, row.day)), row) for row in rows)
    decided = ((old, new, change(old, new)) for old, new in pairs)
    return [one for one in decided if one[2] is not RowChange.NOTHING]


def write(
    con: Connection,
    ids: dict[SeriesKey, int],
    changes: Sequence[Changed],
    pasts: Pasts,
    revision: int,
) -> None:
    """Put the new rows in the place of those that stand. Settled ones of nodes get a serial, which
    no other commit gets before this one ends."""
    this_one = and_(
        BOOK_ROW.c.series_id == bindparam("s"),
        BOOK_ROW.c.day == bindparam("d"),
        BOOK_ROW.c.revision == bindparam("r"),
    )
    superseded = [old for old, _, what in changes if what is RowChange.SUPERSEDE and old]
    if superseded:
        con.execute(
            update(BOOK_ROW).where(this_one).values(superseded_at=revision),
            [{"s": ids[o.key], "d": day_number(o.day), "r": o.revision} for o in superseded],
        )
    fed = any(is_fed(new) for _, new, _ in changes)
    serial = next_serial(con) if fed else None
    added, overwritten = list[tuple[Any, ...]](), list[tuple[Any, ...]]()
    for old, new, what in changes:
        told = not new.provisional and is_told_by_commit(past_of(pasts, old, new), new)
        own = packed(new, ids[new.key], revision)
        values = (*own.values(), told, serial if is_fed(new) else None)
        if what is RowChange.OVERWRITE and old is not None:
            overwritten.append((*values, ids[new.key], own["day"], old.revision))
        else:
            added.append(values)
    for statement, parameters in ((_OVERWRITE, overwritten), (_ADD, added)):
        if parameters:
            con.exec_driver_sql(statement[con.dialect.name], parameters)


_COLUMNS = (*PACKED, "told", "serial")
_ADD_MANY = "INSERT INTO book_row ({names}) VALUES ({values})"
_OVERWRITE_MANY = "UPDATE book_row SET {pairs} WHERE series_id = ? AND day = ? AND revision = ?"
_ADD, _OVERWRITE = (
    {"sqlite": statement, "postgresql": statement.replace("?", "%s")}
    for statement in (
        _ADD_MANY.format(names=", ".join(_COLUMNS), values=", ".join("?" * len(_COLUMNS))),
        _OVERWRITE_MANY.format(pairs=", ".join(f"{name} = ?" for name in _COLUMNS)),
    )
)
"""By engine, and as text: a statement that is put together for each of many rows costs more than
what it does."""


def supplement(
    con: Connection, ids: dict[SeriesKey, int], changes: Sequence[Changed], revision: int
) -> bool:
    """Give rows whose energy stands their new tariffs and price windows; whether one that was
    settled is kept as it stood up to this revision."""
    rows = [(old, new) for old, new, what in changes if what is RowChange.SUPPLEMENT and old]
    kept = False
    for old, new in rows:
        this_one = and_(
            BOOK_ROW.c.series_id == ids[new.key],
            BOOK_ROW.c.day == day_number(new.day),
            BOOK_ROW.c.revision == old.revision,
        )
        if leaves_a_trace(old, new):
            _keep(con, this_one, revision)
            kept = True
        values = packed(new, ids[new.key], old.revision)
        for name in ("superseded_at", "series_id", "day", "revision"):
            del values[name]
        con.execute(update(BOOK_ROW).where(this_one).values(values))
    return kept


def _keep(con: Connection, this_one: Any, until: int) -> None:
    """Copy a row to those of before."""
    names = [column.name for column in BOOK_ROW_BEFORE.c if column.name != "until"]
    columns = [BOOK_ROW.c[name] for name in names]
    copied = select(*columns, literal(until)).where(this_one)
    con.execute(insert(BOOK_ROW_BEFORE).from_select([*names, "until"], copied))


def overlap(start_us: Any, end_us: Any) -> Any:
    """The SQL of `book_rules.overlaps`."""
    event = REGISTER_EVENT.c
    return and_(event.start_us < end_us, or_(event.end_us > start_us, event.start_us >= start_us))


_EVENTS_OF_METERS = delete(REGISTER_EVENT).where(
    REGISTER_EVENT.c.institution == bindparam("i"),
    REGISTER_EVENT.c.meter.in_(bindparam("m", expanding=True)),
    overlap(bindparam("s"), bindparam("e")),
)


def replace_events(
    con: Connection,
    institution: str,
    events: Sequence[RegisterEvent],
    replaced: Sequence[tuple[str, int, int]],
) -> None:
    """Take the place of all events that touch one of the (meter, start_us, end_us) ranges."""
    alike: dict[tuple[int, int], list[str]] = {}  # a round of readings is of one range
    for meter, start, end in replaced:
        alike.setdefault((start, end), []).append(meter)
    for (start, end), meters in alike.items():
        for first in range(0, len(meters), CHUNK):
            own = {"i": institution, "m": meters[first : first + CHUNK], "s": start, "e": end}
            con.execute(_EVENTS_OF_METERS, own)
    keys = ["institution", "meter", "kind", "start_us"]
    distinct = {tuple(getattr(event, key) for key in keys): event for event in events}
    upsert(con, REGISTER_EVENT, [vars(event).copy() for event in distinct.values()], keys)
