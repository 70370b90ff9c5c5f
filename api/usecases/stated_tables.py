"""Tables of what people state: every row is new, there already, kept back or refused, and told.

    row ─▶ statement, checked as if it were sent alone ─▶ beside what stands of the same thing
                                                          nothing         new
                                                          the same        duplicate
                                                          another         differing, or corrected
                                                          taken back      taken back

So a file may be loaded again, also after it broke off in its midst: what is there is not written
a second time.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Final

from api.caller import Caller
from api.reach import Outside
from metering.errors import Conflict, InvalidInput, NotFound
from metering.statement import Stated, Statement, StatementState, standing_of
from metering.tables.said_rows import RowForm, RowRefused, RowWays, SaidRow, SaidTable

_BESIDE: Final = ("evidence", "point", "zone", "meter")
"""What is no part of what the person said, or is no difference."""


_DETECTED: Final = RowWays()


class RowFate(StrEnum):
    """What became of a row, or would."""

    NEW = "new"
    DUPLICATE = "duplicate"
    DIFFERING = "differing"
    """Kept back: something else stands of the same thing."""
    CORRECTED = "corrected"
    """Likewise, and it was asked to take its place."""
    TAKEN_BACK = "taken_back"
    """Kept back: a person took the same back."""
    REFUSED = "refused"


WRITTEN: Final = (RowFate.NEW, RowFate.CORRECTED)


@dataclass(frozen=True)
class TableWishes:
    """How a table is to be loaded."""

    ways: RowWays = _DETECTED
    dry_run: bool = True
    correct: bool = False
    """Whether a row takes the place of what stands of the same thing."""


@dataclass(frozen=True)
class RowTold:
    """What became of a row."""

    row: int
    fate: RowFate
    subject: str
    """The account, or the meter."""
    about: str
    """Which of its bills, or when."""
    value: str
    id: str
    """Of the statement that stands now, or would; '' of a refused row."""
    refused: RowRefused | None = None


@dataclass(frozen=True)
class StatedTable:
    """What became of the rows of a table."""

    file: str
    rows: tuple[RowTold, ...]
    left_out: tuple[str, ...]
    """Columns that mean nothing here."""
    mendable: bytes
    """The rows that were refused, to be mended and loaded; b'' for none."""

    @property
    def counts(self) -> dict[str, int]:
        """How many rows came to what: `read` is the sum of the others."""
        found = Counter(one.fate for one in self.rows)
        return {"read": len(self.rows), **{str(fate): found[fate] for fate in RowFate}}


@dataclass(frozen=True)
class RowReader:
    """How the rows of a table become statements."""

    form: RowForm
    begin: Callable[[Caller, SaidTable], Callable[[SaidRow], Stated]]
    """What states a row of a table, with what is asked once for all of its rows. What it raises
    refuses the row."""
    said_of: Callable[[Caller, Statement], list[Statement]]
    """All that was stated of the subject of a statement."""


def load_tables(
    caller: Caller, name: str, data: bytes, reader: RowReader, wishes: TableWishes
) -> list[StatedTable]:
    """Load the tables of a file, or tell what would become of each row. What is written is durable.

    Raises InvalidInput and AmbiguousFormat where a table cannot be read: then nothing of the file
    is written. Unavailable or StorageFull where a store does not answer or has no room; rows before
    stay, and are duplicates when the file is loaded again.
    """
    tables = caller.platform.read_rows(name, data, reader.form, wishes.ways)
    if not any(one.rows or one.refused for one in tables):
        raise InvalidInput(
            "no row below the headings",
            field="file",
            value=name,
            fix="a table with a row of headings, and one below it for each bill or reading",
        )
    return [load_rows(caller, one, reader, wishes) for one in tables]


def load_rows(
    caller: Caller, table: SaidTable, reader: RowReader, wishes: TableWishes
) -> StatedTable:
    """Load the rows of a table that was read, or tell what would become of each; errors of a store
    as of `load_tables`."""
    return _TableLoading(caller, table, reader, wishes).told()


class _TableLoading:
    """One table on its way."""

    def __init__(
        self, caller: Caller, table: SaidTable, reader: RowReader, wishes: TableWishes
    ) -> None:
        self._caller, self._table, self._reader, self._wishes = caller, table, reader, wishes
        self._seen: dict[tuple[str, ...], tuple[int, str]] = {}
        """Row and column of each thing, so that two of a file do not correct each other."""
        self._traced = False

    def told(self) -> StatedTable:
        """What became of every row, in the order of the file."""
        state = self._reader.begin(self._caller, self._table)
        found = [self._row(one, state) for one in self._table.rows]
        found += [_refused(one) for one in self._table.refused]
        rows = sorted(found, key=lambda one: one.row)
        refused = [one.refused for one in rows if one.refused]
        mendable = self._table.mendable(refused)
        return StatedTable(self._table.file, tuple(rows), self._table.left_out, mendable)

    def _row(self, row: SaidRow, state: Callable[[SaidRow], Stated]) -> RowTold:
        try:
            stated = state(row)
            self._check_alone(row, stated.statement)
        except (InvalidInput, NotFound, Conflict) as error:
            if isinstance(error, Outside) and not self._traced:
                self._traced = True
                self._caller.trace("refused", f"table {self._table.file[:200]}", error.message)
            return _refused(self._refusal(row, error))
        return self._judged(row, stated)

    def _check_alone(self, row: SaidRow, one: Statement) -> None:
        first = self._seen.setdefault(one.thing, (row.row, row.column))
        if first != (row.row, row.column):
            raise InvalidInput(
                f"row {first[0]} says the same thing",
                field="number",
                value=one.subject,
                fix="leave one of them out, or give each bill a number of its own",
            )

    def _judged(self, row: SaidRow, stated: Stated) -> RowTold:
        caller, own = self._caller, stated.statement
        others = self._reader.said_of(caller, own)
        same = [one for one in others if one.thing == own.thing]
        fate, standing = _fate(own, same, standing_of(others), correct=self._wishes.correct)
        id = standing.id if standing is not None else _id(own, len(same))
        if fate in WRITTEN:
            id = _id(own, len(same))
            if not self._wishes.dry_run:
                filed = replace(stated, statement=replace(own, id=id))
                caller.platform.desk.file(filed, str(caller.actor), caller.platform.now_us())
        return RowTold(row.row, fate, own.subject, _about(own), _value(own), id)

    def _refusal(self, row: SaidRow, error: InvalidInput | NotFound | Conflict) -> RowRefused:
        word = (error.field or "").partition(".")[0]
        column = self._table.headings.get(word) or row.column or word
        value = row.said.get(word, "" if error.value is None else str(error.value))
        return RowRefused(row.row, column, value[:60], error.message, error.fix or "")


def _fate(
    own: Statement,
    same: Sequence[Statement],
    states: Mapping[str, StatementState],
    *,
    correct: bool,
) -> tuple[RowFate, Statement | None]:
    """What becomes of a statement beside those of the same thing, and the one that stands."""
    standing = next((one for one in same if states[one.id] is StatementState.STANDS), None)
    if standing is not None:
        if _content(standing) == _content(own):
            return RowFate.DUPLICATE, standing
        return (RowFate.CORRECTED if correct else RowFate.DIFFERING), standing
    withdrawn = [one for one in same if states[one.id] is StatementState.WITHDRAWN]
    for one in withdrawn:
        if _content(one) == _content(own):
            return RowFate.TAKEN_BACK, one
    return RowFate.NEW, None


def _content(one: Statement) -> str:
    """What was said, numbers as numbers."""
    said = {name: value for name, value in one.said.items() if name not in _BESIDE}
    whole = [one.first.isoformat(), one.after.isoformat(), _plain(said)]
    return json.dumps(whole, sort_keys=True, ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    try:
        return f"{Decimal(value).normalize():f}" if isinstance(value, str) else value
    except InvalidOperation:
        return value


def _id(own: Statement, before: int) -> str:
    """One and the same for a row that is sent twice at once."""
    of = "\n".join(("table", *own.thing, _content(own), str(before)))
    return hashlib.sha256(of.encode()).hexdigest()[:20]


def _refused(one: RowRefused) -> RowTold:
    return RowTold(one.row, RowFate.REFUSED, "", "", "", "", one)


def _about(one: Statement) -> str:
    at = one.said.get("number") or one.said.get("at")
    return str(at or f"{one.first.isoformat()} – {one.after.isoformat()}")


def _value(one: Statement) -> str:
    if "total" in one.said:
        return f"{one.said['total']} {one.said.get('currency', '')}".strip()
    return f"{one.said.get('value', '')} {one.said.get('unit', '')}".strip()


def all_counts(tables: Iterable[StatedTable]) -> dict[str, int]:
    """The sum over tables."""
    found: Counter[str] = Counter()
    for one in tables:
        found.update(one.counts)
    return {name: found[name] for name in ("read", *map(str, RowFate))}
