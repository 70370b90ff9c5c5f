"""Columns that a file leaves out keep what stands; an empty field blanks it.

    row of the file ─▶ the registered row of the same key ─▶ its fields in the absent columns

A key column that is absent asks nothing: where several registered rows are left, the last one
stands in, which is the one that began last. Of several installations of one day that of the same
instant stands in, else they do so in order of time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from metering.registry.installation_sets import counterparts
from metering.registry.kind import Level
from metering.registry.kinds import FILES, POINT, TABLES
from metering.registry.model import Registry
from metering.registry.rows import Row
from metering.registry.write import Record, records
from metering.registry.written import as_sent
from metering.units import UNITS

_Key = tuple[str, ...]


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
        known: dict[_Key, list[Record]] = {}
        for one in standing:
            known.setdefault(_key(key, one), []).append(one)
        asked: dict[_Key, list[int]] = {}
        for place, row in enumerate(found):
            asked.setdefault(_key(key, row.values), []).append(place)
        for said, places in asked.items():
            some = [found[place] for place in places]
            stand_ins = _stand_ins(level, given, known.get(said, []), some)
            for place, stands in zip(places, stand_ins, strict=True):
                if stands is not None:
                    found[place] = _with(name, found[place], stands, level.filled)
    return found


def _stand_ins(
    level: Level, given: Collection[str], standing: Sequence[Record], rows: Sequence[Row]
) -> list[Record | None]:
    """For each row of one key the registered one of that key; None where it is new."""
    if level not in POINT.levels or "valid_from" not in level.key or not standing:
        return [standing[-1] if standing else None for _ in rows]
    if "valid_from" in given:
        starts = [one["valid_from"] for one in standing]
        places = counterparts(starts, [row.text("valid_from") for row in rows])
        return [standing[n] if n < len(standing) else None for n in places]
    last = standing[-1]
    twins = [one for one in standing if _set(one) == _set(last)]
    for row in rows if len(twins) > 1 else ():
        fix = "give valid_from, with a row for each beginning of that day"
        row.wrong("valid_from", "the point begins more than once on its last day", fix)
    return [last for _ in rows]


def _set(one: Record) -> _Key:
    return _key(("gateway", "point", "meter", "valid_from"), one)


def _key(columns: Sequence[str], values: Mapping[str, str]) -> _Key:
    return tuple(_keyed(column, values.get(column, "")) for column in columns)


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
