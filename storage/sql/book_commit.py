"""The parts of a book commit, all inside the one transaction that the caller holds."""

from __future__ import annotations

from collections.abc import Sequence
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

from metering.book import BookRow, RegisterEvent, SeriesKey
from metering.localtime import day_number
from storage.book_rules import (
    RowChange,
    change,
    is_fed,
    is_told_by_commit,
    leaves_a_trace,
    revision_conflict,
)
from storage.sql.book_codec import packed
from storage.sql.book_lookup import current_rows, of_days
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
    con: Connection, ids: dict[SeriesKey, int], rows: Sequence[BookRow]
) -> list[Changed]:
    """(present row, wanted row, what to do) of each row that changes something."""
    if not rows:
        return []
    where = of_days(BOOK_ROW.c.day, {day_number(row.day) for row in rows})
    present = {(row.key, row.day): row for row in current_rows(con, ids, where)}
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
    statements = {
        RowChange.OVERWRITE: delete(BOOK_ROW).where(this_one),
        RowChange.SUPERSEDE: update(BOOK_ROW).where(this_one).values(superseded_at=revision),
    }
    for what, statement in statements.items():
        gone = [old for old, _, decided in changes if decided is what and old is not None]
        if gone:
            con.execute(
                statement,
                [{"s": ids[o.key], "d": day_number(o.day), "r": o.revision} for o in gone],
            )
    fed = any(is_fed(new) for _, new, _ in changes)
    serial = next_serial(con) if fed else None
    written = []
    for old, new, _ in changes:
        told = is_told_by_commit(past_of(pasts, old, new), new)
        own = {"told": told, "serial": serial if is_fed(new) else None}
        written.append({**packed(new, ids[new.key], revision), **own})
    con.execute(insert(BOOK_ROW), written)


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


_EVENTS_OF_A_METER = delete(REGISTER_EVENT).where(
    REGISTER_EVENT.c.institution == bindparam("i"),
    REGISTER_EVENT.c.meter == bindparam("m"),
    overlap(bindparam("s"), bindparam("e")),
)


def replace_events(
    con: Connection,
    institution: str,
    events: Sequence[RegisterEvent],
    replaced: Sequence[tuple[str, int, int]],
) -> None:
    """Take the place of all events that touch one of the (meter, start_us, end_us) ranges."""
    if replaced:
        ranges = [{"m": meter, "s": start, "e": end} for meter, start, end in replaced]
        con.execute(_EVENTS_OF_A_METER, [{"i": institution, **one} for one in ranges])
    keys = ["institution", "meter", "kind", "start_us"]
    distinct = {tuple(getattr(event, key) for key in keys): event for event in events}
    upsert(con, REGISTER_EVENT, [vars(event).copy() for event in distinct.values()], keys)
