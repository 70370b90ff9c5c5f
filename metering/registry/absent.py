"""Columns that a file leaves out keep what stands; an empty field blanks it.

    row of the file ─▶ the registered row of the same key ─▶ its fields in the absent columns

A key column that is absent asks nothing: where several registered rows are left, the last one
stands in, which is the one that began last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from metering.registry.kinds import FILES, TABLES
from metering.registry.model import Registry
from metering.registry.rows import Row
from metering.registry.write import Record, records
from metering.registry.written import as_sent
from metering.units import UNITS


def with_absent(
    tables: Mapping[str, Sequence[Row]], existing: Registry
) -> dict[str, Sequence[Row]]:
    """The rows, with the columns that their file leaves out filled from what is registered."""
    lacking = {name for name, rows in tables.items() if rows and _absent(name, rows[0])}
    if not lacking:
        return dict(tables)
    standing = records(existing)
    return {
        name: _filled(name, rows, standing.get(name, [])) if name in lacking else rows
        for name, rows in tables.items()
    }


def _absent(name: str, row: Row) -> list[str]:
    return [column for column in TABLES[name].optional if column not in row.values]


def _filled(name: str, rows: Sequence[Row], standing: Sequence[Record]) -> list[Row]:
    given = frozenset(rows[0].values)
    found = list(rows)
    for level in FILES[name][0].filled:
        key = [column for column in level.key if column in given]
        known = {tuple(_keyed(column, one[column]) for column in key): one for one in standing}
        for place, row in enumerate(found):
            one = known.get(tuple(_keyed(column, row.text(column)) for column in key))
            if one is not None:
                found[place] = _with(name, row, one, level.filled)
    return found


def _keyed(column: str, text: str) -> str:
    """A key goes by the day, of an instant too."""
    return text.split("T", maxsplit=1)[0] if column == "valid_from" else text


def _with(table: str, row: Row, one: Record, columns: Sequence[str]) -> Row:
    """Fields that the row does not have yet, from the registered one."""
    taken = _in_unit(row, one) if table == "points.csv" else one
    fields = {c: taken[c] for c in columns if c in taken and c not in row.values}
    return replace(row, values={**row.values, **fields})


def _in_unit(row: Row, one: Record) -> Record:
    """Bounds are written in the unit that is sent, which may be another one now."""
    unit, before = row.text("unit"), one["unit"]
    if unit == before or unit not in UNITS or UNITS[unit].canonical != UNITS[before].canonical:
        return one
    return one | {side: as_sent(one[side], before, unit) for side in ("low", "high")}
