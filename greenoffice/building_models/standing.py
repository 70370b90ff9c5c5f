"""Rows of a model beside what is registered: what the model does not say stays as it is.

    rows of the model ─┐
                       ├─▶ whole rows ─▶ Sheet of each table ─▶ the import as of any table
    registered rows ───┘

A model has no dates and only some columns. A row that is registered keeps its own of all that;
one that the model does not name is not touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from greenoffice.building_models.model_rows import ModelRow, ModelRows
from greenoffice.building_models.said import KEYS
from metering.registry import Registry
from metering.registry.kinds import TABLES
from metering.registry.rows import Sheet
from metering.registry.write import Record, records
from metering.registry.written import as_sent
from metering.units import UNITS


def with_standing(
    name: str, rows: ModelRows, existing: Registry, day: date
) -> tuple[list[Sheet], list[str]]:
    """(the sheet of each table, in lines numbered through; the thing of each line). What a model
    says of a point at a meter it says of the row that holds on the local day."""
    standing = records(existing)
    sheets: list[Sheet] = []
    subjects: list[str] = []
    for table, said in rows.items():
        columns = TABLES[table].columns
        lines: list[tuple[int, Sequence[object]]] = [(0, columns)]
        for subject, whole in _whole(table, said, standing.get(table, []), day):
            subjects.append(subject)
            lines.append((len(subjects), [whole.get(column, "") for column in columns]))
        sheets.append(Sheet(table, lines, name))
    return sheets, subjects


def _whole(
    table: str, said: Sequence[ModelRow], standing: Sequence[Record], day: date
) -> Iterator[tuple[str, Record]]:
    """Each row of the model on all registered rows that it is of, or as a new one."""
    keyed: dict[tuple[str, ...], list[Record]] = {}
    thing: dict[tuple[str, ...], list[Record]] = {}
    parts = _thing(table)
    for one in standing:
        keyed.setdefault(tuple(one[c] for c in KEYS[table]), []).append(one)
        thing.setdefault(tuple(one[c] for c in parts), []).append(one)
    meters: dict[tuple[str, ...], set[str]] = {}
    if table == "points.csv":
        for row in said:
            of = tuple(row.values[c] for c in parts)
            meters.setdefault(of, set()).add(row.values["meter"])
    for row in said:
        key = tuple(row.values[c] for c in KEYS[table])
        of = tuple(row.values[c] for c in parts)
        known, more = keyed.get(key, []), thing.get(of, [])
        # A point says its kind, role and node in each of its rows, those of other meters too.
        named = meters.pop(of, None)
        others = [one for one in more if one["meter"] not in named] if named else []
        for one in others:
            yield row.subject, _of_point(one, row.values)
        today = _holding(known, day) if table == "points.csv" else None
        for one in known:
            past = today is not None and one is not today
            told = _of_point(one, row.values) if past else _merged(table, one, row.values)
            yield row.subject, told
        if not known and not (others and not row.values["meter"]):
            yield row.subject, _new(table, more, row.values)


def _holding(rows: Sequence[Record], day: date) -> Record | None:
    """The last row that holds on a day, else the last of all; None where there is none."""
    text = day.isoformat()
    held = [
        one
        for one in rows
        if one["valid_from"][:10] <= text and (not one["valid_to"] or text < one["valid_to"][:10])
    ]
    found = held or rows
    return found[-1] if found else None


def _thing(table: str) -> tuple[str, ...]:
    """Columns that find the thing itself, whatever it belongs to or serves."""
    return {"tree.csv": ("code",), "points.csv": ("gateway", "point")}.get(table, KEYS[table])


def _merged(table: str, standing: Record, said: Mapping[str, str]) -> Record:
    """A registered row with what the model says in it."""
    told = {column: text for column, text in said.items() if text}
    whole = standing | told
    if table == "meters.csv":
        whole["fed_by"] = _fed_by(standing["fed_by"], said.get("fed_by", ""))
    if table == "points.csv":
        whole |= _bounds(standing, whole["unit"])
    return whole


def _fed_by(standing: str, said: str) -> str:
    """What feeds a meter already, each with its dates, and what the model says beside."""
    known = [one.split("/")[0] for one in standing.split(";")]
    return ";".join(filter(None, [standing, *(c for c in said.split(";") if c not in known)]))


def _bounds(standing: Record, unit: str) -> Record:
    """Bounds are written in the unit that is sent, which may be another one now."""
    before = standing["unit"]
    fits = unit in UNITS and UNITS[unit].canonical == UNITS[before].canonical
    if unit == before or not fits:
        return {}
    return {side: as_sent(standing[side], before, unit) for side in ("low", "high")}


def _of_point(standing: Record, said: Mapping[str, str]) -> Record:
    told = {c: said[c] for c in ("kind", "role", "node") if said.get(c)}
    return standing | told


def _new(table: str, others: Sequence[Record], said: Mapping[str, str]) -> Record:
    """A row that is new, of a thing that has other rows: these say what the model does not."""
    own = {
        "tree.csv": ("name_zh", "name_en", "zone", "area_m2", "persons"),
        "points.csv": ("low", "high", "role", "node"),
    }.get(table, ())
    known = {column: others[-1][column] for column in own} if others else {}
    if table == "points.csv" and others:
        known |= _bounds(others[-1], said["unit"])
    return known | {column: text for column, text in said.items() if text}
