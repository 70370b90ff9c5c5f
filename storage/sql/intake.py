"""Intake and dirty marks on SQL: a batch commits its counters, dead letters, checkpoint and
the readiness of its marks in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, insert, select, true, tuple_, update

from metering.book import READING_CAUSES, DirtyMark, SeriesKey
from metering.intake import (
    DeadLetter,
    GatewayCounts,
    GatewayStatus,
    IntakeBatch,
    JudgedBatch,
    LetterCause,
    LetterGroup,
    WriteDoubt,
)
from metering.ports import DirtyMarks, IntakeStore
from metering.statement import Statement, StatementKind
from storage.intake_rules import (
    NO_WRITER,
    OPEN_STATES,
    Identity,
    added,
    again,
    check_place,
    counts_by_gateway,
    joined_groups,
    letter_not_open,
    letters_by_identity,
    no_such_letter,
)
from storage.sql.clocks import SqlClocks
from storage.sql.deliveries import SqlDeliveries, clear_receipts, note_arrivals
from storage.sql.engine import Row, insert_missing, reading, upsert, writing
from storage.sql.news import MARKS, tell
from storage.sql.remembered import SqlRemembered, note_nodes, remember
from storage.sql.schema import (
    CHECKPOINT,
    DEAD_LETTER,
    DIRTY_MARK,
    DOUBT,
    DOUBT_PLACE,
    GATEWAY_COUNTS,
    JUDGED_BATCH,
    SEEN_KEY,
    STATEMENT,
)
from storage.sql.seen_points import SqlSeenPoints, empty_seen_points, note_sightings

_RENAMED = {"offset": "message_offset", "index": "message_index"}
_CHUNK = 500
_GROUPS = 20_000
"""Causes that are looked at, before those that differ by a place alone are joined."""


class SqlMarks(DirtyMarks):
    """DirtyMarks in the database that the books and the intake commit to."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def mark(self, marks: Sequence[DirtyMark], *, writer_no: int, ready: bool = False) -> None:
        if marks:
            with writing(self._engine) as con:
                add_marks(con, marks, writer_no=writer_no, ready=ready)

    def ready(self, limit: int = 100_000) -> list[DirtyMark]:
        with reading(self._engine) as con:
            return _ready(con, limit)

    def waiting(self) -> int:
        with reading(self._engine) as con:
            return _waiting(con)

    def live(self, since_us: int, limit: int = 100_000) -> list[DirtyMark]:
        mark = DIRTY_MARK.c
        there = (
            select(DIRTY_MARK)
            .where(mark.ready.is_(True), mark.start_us >= since_us)
            .where(mark.cause.in_(READING_CAUSES), mark.institution.is_(None))
            .order_by(mark.id)
            .limit(limit)
        )
        with reading(self._engine) as con:
            return [_mark(row) for row in con.execute(there)]

    def glance(self, limit: int = 100_000) -> tuple[list[DirtyMark], int]:
        with reading(self._engine) as con:
            waiting = _waiting(con)
            return _ready(con, limit) if waiting else [], waiting


def _ready(con: Connection, limit: int) -> list[DirtyMark]:
    mark = DIRTY_MARK.c
    there = select(DIRTY_MARK).where(mark.ready.is_(True)).order_by(mark.id).limit(limit)
    return [_mark(row) for row in con.execute(there)]


def _waiting(con: Connection) -> int:
    return con.scalar(select(func.count()).select_from(DIRTY_MARK)) or 0


def add_marks(con: Connection, marks: Sequence[DirtyMark], *, writer_no: int, ready: bool) -> None:
    """Insert marks inside the caller's transaction."""
    if all(one.figure is None for one in marks):
        _add_of_readings(con, marks, writer_no, ready)
    else:
        rows = [{**_mark_columns(one), "writer_no": writer_no, "ready": ready} for one in marks]
        con.execute(insert(DIRTY_MARK), rows)


_MARK_SQLITE = (
    "INSERT INTO dirty_mark (writer_no, ready, point, start_us, end_us, cause, segment,"
    " message_offset) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_MARK_POSTGRESQL = (
    "INSERT INTO dirty_mark (writer_no, ready, point, start_us, end_us, cause, segment,"
    " message_offset) SELECT %s, %s, * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[],"
    " %s::text[], %s::bigint[], %s::bigint[])"
)


def _add_of_readings(
    con: Connection, marks: Sequence[DirtyMark], writer_no: int, ready: bool
) -> None:
    """A batch has a mark of each of its points: they go in without a statement built for each."""
    if not marks:
        return
    of = [(m.point, m.start_us, m.end_us, m.cause, m.segment, m.offset) for m in marks]
    if con.dialect.name == "sqlite":
        con.exec_driver_sql(_MARK_SQLITE, [(writer_no, ready, *one) for one in of])
    else:
        columns = [list(column) for column in zip(*of, strict=True)]
        con.exec_driver_sql(_MARK_POSTGRESQL, (writer_no, ready, *columns))


def marks_touching(con: Connection, start_us: int, end_us: int) -> list[DirtyMark]:
    """The SQL of `book_rules.touches`; ready or not."""
    mark = DIRTY_MARK.c
    there = select(DIRTY_MARK).where(mark.start_us < end_us, mark.end_us >= start_us)
    return [_mark(row) for row in con.execute(there.order_by(mark.id))]


def remove_marks(con: Connection, ids: Sequence[int]) -> None:
    """Delete marks inside the caller's transaction."""
    for start in range(0, len(ids), _CHUNK):
        con.execute(delete(DIRTY_MARK).where(DIRTY_MARK.c.id.in_(ids[start : start + _CHUNK])))


class SqlIntake(SqlDeliveries, SqlSeenPoints, SqlRemembered, SqlClocks, IntakeStore):
    """An IntakeStore."""

    def checkpoint(self, writer_no: int) -> tuple[int, int]:
        statement = select(CHECKPOINT).where(CHECKPOINT.c.writer_no == writer_no)
        with reading(self._engine) as con:
            row = con.execute(statement).first()
        return (0, 0) if row is None else (row.segment, row.message_offset)

    def judge(self, judged: JudgedBatch, marks: Sequence[DirtyMark]) -> None:
        with writing(self._engine) as con:
            upsert(con, JUDGED_BATCH, [vars(judged).copy()], ["writer_no"])
            add_marks(con, marks, writer_no=judged.writer_no, ready=False)

    def judged(self) -> list[JudgedBatch]:
        with reading(self._engine) as con:
            rows = con.execute(select(JUDGED_BATCH).order_by(JUDGED_BATCH.c.writer_no))
            return [JudgedBatch(**row._mapping) for row in rows]

    def commit(self, batch: IntakeBatch) -> None:
        with writing(self._engine) as con:
            check_place(batch, _held_checkpoint(con, batch.writer_no))
            if _held_open(con, batch.replayed) != len(set(batch.replayed)):
                raise letter_not_open(batch)
            _count(con, counts_by_gateway(batch.counts))
            note_arrivals(con, batch.arrived)
            note_sightings(con, batch.sightings)
            note_nodes(con, batch.nodes)
            remember(con, batch.remembered, batch.outlived)
            _set_states(con, batch.replayed, "replayed")
            _bury(con, letters_by_identity(batch.dead_letters))  # what is refused again is open
            keys = [
                {"gateway": gateway, "key": key} for gateway, key in sorted(set(batch.seen_keys))
            ]
            insert_missing(con, SEEN_KEY, keys, ["gateway", "key"])
            insert_missing(con, STATEMENT, [_stated(one) for one in batch.statements], ["id"])
            con.execute(
                update(DIRTY_MARK)
                .where(DIRTY_MARK.c.writer_no == batch.writer_no, DIRTY_MARK.c.ready.is_(False))
                .values(ready=True)
            )
            upsert(con, CHECKPOINT, [_checkpoint(batch)], ["writer_no"])
            con.execute(delete(JUDGED_BATCH).where(JUDGED_BATCH.c.writer_no == batch.writer_no))
            tell(con, MARKS)

    def statement(self, id: str) -> Statement | None:
        with reading(self._engine) as con:
            row = con.execute(select(STATEMENT).where(STATEMENT.c.id == id)).first()
        return None if row is None else _statement(row)

    def statements(
        self,
        kinds: frozenset[StatementKind],
        subjects: frozenset[str] | None = None,
        *,
        before: tuple[int, str] | None = None,
        limit: int = 1000,
    ) -> list[Statement]:
        table = STATEMENT.c
        place = tuple_(table.arrived_us, table.id)
        chosen = (
            select(STATEMENT)
            .where(table.kind.in_(sorted(kinds)))
            .where(true() if subjects is None else table.subject.in_(sorted(subjects)))
            .where(true() if before is None else place < before)
            .order_by(table.arrived_us.desc(), table.id.desc())
            .limit(limit)
        )
        with reading(self._engine) as con:
            return [_statement(row) for row in con.execute(chosen)]

    def about(self, subject: str) -> list[Statement]:
        table = STATEMENT.c
        place = (table.arrived_us, table.segment, table.message_offset)
        with reading(self._engine) as con:
            chosen = select(STATEMENT).where(table.subject == subject).order_by(*place)
            return [_statement(row) for row in con.execute(chosen)]

    def seen(self, keys: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        found: set[tuple[str, str]] = set()
        with reading(self._engine) as con:
            for start in range(0, len(keys), _CHUNK):
                chunk = list(keys[start : start + _CHUNK])
                pair = tuple_(SEEN_KEY.c.gateway, SEEN_KEY.c.key)
                found.update(
                    (row.gateway, row.key)
                    for row in con.execute(select(SEEN_KEY).where(pair.in_(chunk)))
                )
        return found

    def gateways(self) -> list[GatewayStatus]:
        with reading(self._engine) as con:
            counts = _counts(con.execute(select(GATEWAY_COUNTS)))
        return [GatewayStatus(name, counts[name]) for name in sorted(counts)]

    def dead_letters(
        self,
        gateways: frozenset[str] | None,
        *,
        state: str | None = None,
        reason: str | None = None,
        before_id: int | None = None,
        limit: int = 100,
    ) -> list[DeadLetter]:
        table = DEAD_LETTER.c
        statement = (
            select(DEAD_LETTER)
            .where(_of(gateways))
            .where(true() if state is None else table.state == state)
            .where(true() if reason is None else table.reason == reason)
            .where(true() if before_id is None else table.id < before_id)
            .order_by(table.id.desc())
            .limit(limit)
        )
        with reading(self._engine) as con:
            return [_letter(row) for row in con.execute(statement)]

    def dead_letter(self, id: int) -> DeadLetter:
        with reading(self._engine) as con:
            row = con.execute(select(DEAD_LETTER).where(DEAD_LETTER.c.id == id)).first()
        if row is None:
            raise no_such_letter(id)
        return _letter(row)

    def dead_letter_groups(
        self, gateways: frozenset[str] | None, *, state: str = "open", limit: int = 1000
    ) -> list[LetterGroup]:
        table = DEAD_LETTER.c
        cause = (table.gateway, table.route, table.reason, table.point, table.field)
        newest = func.max(table.id)
        sums = (
            func.count(),
            func.sum(table.seen),
            func.min(table.arrived_us),
            func.max(table.arrived_us),
            newest,
        )
        statement = (
            select(*cause, *sums)
            .where(_of(gateways), table.state == state)
            .group_by(*cause)
            .order_by(newest.desc())
            .limit(_GROUPS)
        )
        with reading(self._engine) as con:
            found = [
                LetterGroup(*row[:5], *map(int, row[5:])) for row in con.execute(statement).all()
            ]
        return joined_groups(found, limit)

    def ask_again(self, gateways: frozenset[str] | None, cause: LetterCause) -> int:
        return self._move(gateways, cause, ("open",), "asked")

    def discard(self, gateways: frozenset[str] | None, cause: LetterCause) -> int:
        return self._move(gateways, cause, ("open", "asked"), "discarded")

    def _move(
        self,
        gateways: frozenset[str] | None,
        cause: LetterCause,
        states: tuple[str, ...],
        state: str,
    ) -> int:
        """Letters of a cause in one of the states come into another one; how many."""
        table = DEAD_LETTER.c
        wanted = [
            getattr(table, name) == value
            for name, value in vars(cause).items()
            if value is not None
        ]
        chosen = update(DEAD_LETTER).where(table.state.in_(states), _of(gateways), *wanted)
        with writing(self._engine) as con:
            return con.execute(chosen.values(state=state)).rowcount

    def leave_open(self, ids: Sequence[int]) -> None:
        with writing(self._engine) as con:
            for start in range(0, len(ids), _CHUNK):
                table = DEAD_LETTER.c
                same = table.id.in_(ids[start : start + _CHUNK])
                asked = update(DEAD_LETTER).where(same, table.state == "asked")
                con.execute(asked.values(state="open"))

    def dead_letter_count(self, gateways: frozenset[str] | None = None) -> int:
        statement = select(func.count()).select_from(DEAD_LETTER).where(_of(gateways))
        with reading(self._engine) as con:
            return con.scalar(statement) or 0

    def clear(self) -> None:
        with writing(self._engine) as con:
            for table in (CHECKPOINT, GATEWAY_COUNTS, DEAD_LETTER, SEEN_KEY, JUDGED_BATCH):
                con.execute(delete(table))
            clear_receipts(con)
            empty_seen_points(con)
            con.execute(delete(DIRTY_MARK).where(DIRTY_MARK.c.writer_no != NO_WRITER))

    def doubts(self) -> list[WriteDoubt]:
        with reading(self._engine) as con:
            places: dict[int, dict[int, tuple[int, int]]] = {}
            for row in con.execute(select(DOUBT_PLACE)):
                place = row.segment, row.message_offset
                places.setdefault(row.since_us, {})[row.writer_no] = place
            rows = con.execute(select(DOUBT).order_by(DOUBT.c.since_us))
            return [WriteDoubt(**row._mapping, places=places.get(row.since_us, {})) for row in rows]

    def keep_doubt(self, doubt: WriteDoubt) -> None:
        row = {name: value for name, value in vars(doubt).items() if name != "places"}
        places = [
            {
                "since_us": doubt.since_us,
                "writer_no": writer_no,
                "segment": segment,
                "message_offset": offset,
            }
            for writer_no, (segment, offset) in sorted(doubt.places.items())
        ]
        with writing(self._engine) as con:
            _end_doubt(con, doubt.since_us)
            con.execute(insert(DOUBT), [row])
            if places:
                con.execute(insert(DOUBT_PLACE), places)

    def end_doubt(self, since_us: int) -> None:
        with writing(self._engine) as con:
            _end_doubt(con, since_us)


_STATED = {"first": "first_day", "after": "after_day", "offset": "message_offset"}


def _stated(one: Statement) -> Row:
    return {_STATED.get(name, name): value for name, value in vars(one).items()}


def _statement(row: Any) -> Statement:
    found = {f.name: getattr(row, _STATED.get(f.name, f.name)) for f in fields(Statement)}
    return Statement(**{**found, "kind": StatementKind(row.kind)})


def _end_doubt(con: Connection, since_us: int) -> None:
    for table in (DOUBT_PLACE, DOUBT):
        con.execute(delete(table).where(table.c.since_us == since_us))


def _count(con: Connection, sums: dict[str, GatewayCounts]) -> None:
    """Add to the counters; the rows are held, so that two writers cannot lose an addition."""
    keys, names = ["gateway"], sorted(sums)  # in order, so that no two wait for each other
    insert_missing(con, GATEWAY_COUNTS, [vars(GatewayCounts(name)).copy() for name in names], keys)
    table = GATEWAY_COUNTS
    statement = select(table).where(table.c.gateway.in_(names)).order_by(table.c.gateway)
    old = _counts(con.execute(statement.with_for_update()))
    upsert(con, table, [vars(added(old[n], sums[n])).copy() for n in names], keys)


def _counts(rows: Any) -> dict[str, GatewayCounts]:
    return {row.gateway: GatewayCounts(**row._mapping) for row in rows}


def _bury(con: Connection, letters: dict[Identity, DeadLetter]) -> None:
    known = _known_letters(con, list(letters))
    fresh = [letter for same, letter in letters.items() if same not in known]
    if fresh:
        rows = [_columns(letter) for letter in fresh]
        con.execute(insert(DEAD_LETTER), [{k: r[k] for k in r if k != "id"} for r in rows])
    for same, letter in known.items():
        counted = again(letter, letters[same].seen)
        con.execute(
            update(DEAD_LETTER)
            .where(DEAD_LETTER.c.id == letter.id)
            .values(seen=counted.seen, state=counted.state)
        )


def _known_letters(con: Connection, wanted: list[Identity]) -> dict[Identity, DeadLetter]:
    table = DEAD_LETTER.c
    same = tuple_(table.gateway, table.digest, table.message_index)
    found: dict[Identity, DeadLetter] = {}
    for start in range(0, len(wanted), _CHUNK):
        statement = select(DEAD_LETTER).where(same.in_(wanted[start : start + _CHUNK]))
        for row in con.execute(statement):
            found[row.gateway, row.digest, row.message_index] = _letter(row)
    return found


def _held_checkpoint(con: Connection, writer_no: int) -> tuple[int, int]:
    """Hold the writer's checkpoint until the end; where it stands."""
    first = {"writer_no": writer_no, "segment": 0, "message_offset": 0, "at_us": 0}
    insert_missing(con, CHECKPOINT, [first], ["writer_no"])
    place = select(CHECKPOINT.c.segment, CHECKPOINT.c.message_offset)
    row = con.execute(place.where(CHECKPOINT.c.writer_no == writer_no).with_for_update()).one()
    return row.segment, row.message_offset


def _held_open(con: Connection, ids: Sequence[int]) -> int:
    """Hold those of the letters that are open until the end; how many there are."""
    letter, count = DEAD_LETTER.c, 0
    for start in range(0, len(ids), _CHUNK):
        chosen = letter.id.in_(ids[start : start + _CHUNK])
        opened = select(letter.id).where(chosen, letter.state.in_(OPEN_STATES)).order_by(letter.id)
        count += len(con.execute(opened.with_for_update()).all())
    return count


def _set_states(con: Connection, ids: Sequence[int], state: str) -> None:
    for start in range(0, len(ids), _CHUNK):
        chosen = DEAD_LETTER.c.id.in_(ids[start : start + _CHUNK])
        con.execute(update(DEAD_LETTER).where(chosen).values(state=state))


def _of(gateways: frozenset[str] | None) -> Any:
    return true() if gateways is None else DEAD_LETTER.c.gateway.in_(sorted(gateways))


def _checkpoint(batch: IntakeBatch) -> Row:
    return {
        "writer_no": batch.writer_no,
        "segment": batch.next_segment,
        "message_offset": batch.next_offset,
        "at_us": batch.at_us,
    }


def _columns(one: DirtyMark | DeadLetter) -> Row:
    return {_RENAMED.get(name, name): value for name, value in vars(one).items()}


def _mark_columns(mark: DirtyMark) -> Row:
    """Without the id; a mark of readings names no figure."""
    row, key = _columns(mark), mark.figure
    del row["id"], row["figure"]
    named = (None, None, None) if key is None else (key.institution, key.code, key.item)
    return {**row, **dict(zip(("institution", "node", "item"), named, strict=True))}


def _mark(row: Any) -> DirtyMark:
    return DirtyMark(
        *(row.point, row.start_us, row.end_us, row.cause, row.segment, row.message_offset, row.id),
        figure=None
        if row.institution is None
        else SeriesKey(row.institution, "node", row.node, row.item),
    )


def _letter(row: Any) -> DeadLetter:
    names = (field.name for field in fields(DeadLetter))
    return DeadLetter(**{name: getattr(row, _RENAMED.get(name, name)) for name in names})
