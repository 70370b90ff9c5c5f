"""Rows of the registry that mend something, whole as a file has them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence

from api.usecases.repairs.facts import RepairFacts
from api.usecases.repairs.repair import Mending, MendingKind
from metering.errors import InvalidInput
from metering.registry import Installation, Point
from metering.registry.kinds import TABLES
from metering.registry.rows import as_text
from metering.registry.write import Record

METERS, POINTS, TREE = "meters.csv", "points.csv", "tree.csv"


def mended(
    facts: RepairFacts,
    file: str,
    key: Sequence[str],
    changed: Mapping[str, str],
    *,
    asks: Sequence[str] = (),
    part: Mapping[str, str] | None = None,
) -> Mending | None:
    """A button for a thing that is registered: its rows with other columns, of which people fill in
    those that are asked. `key`: what finds it; `part`: what finds the one row that is meant. None
    where there is no such thing, or not one such row."""
    rows = facts.things(file).get(tuple(key), [])
    at = None
    if part is not None:
        fitting = [n for n, row in enumerate(rows) if part.items() <= row.items()]
        if len(fitting) != 1:
            return None
        at = fitting[0]
    if not rows:
        return None
    wanted = tuple({**row, **changed} if at in (None, n) else row for n, row in enumerate(rows))
    return Mending(MendingKind.ROW, file, wanted, tuple(asks), at)


def added(file: str, told: Mapping[str, str], asks: Sequence[str] = ()) -> Mending:
    """A button for a row that is not there yet."""
    row = dict.fromkeys(TABLES[file].columns, "") | dict(told)
    return Mending(MendingKind.ROW, file, (row,), tuple(asks))


def from_sample(facts: RepairFacts, file: str, fitting: Callable[[Record], bool]) -> Mending | None:
    """A button for the rows of a sample that fit; None where there are none."""
    known = csv.DictReader(io.StringIO(facts.samples.get(file, "")))
    rows = tuple(row for row in known if fitting(row))
    return Mending(MendingKind.ROW, file, rows) if rows else None


def meter_row(
    facts: RepairFacts, meter: str, changed: Mapping[str, str], asks: Sequence[str] = ()
) -> Mending | None:
    """The meter's row with other columns."""
    return mended(facts, METERS, (meter,), changed, asks=asks)


def filled_in(mending: Mending, values: Mapping[str, str]) -> list[Record]:
    """Its rows with what a person says; what is not said is as proposed.

    InvalidInput for a value that is not asked for, and where none of those asked for is there.
    """
    if strange := values.keys() - set(mending.asks):
        raise InvalidInput(
            "this is not asked for here",
            field=sorted(strange)[0],
            value=values[sorted(strange)[0]],
            fix=f"say {', '.join(mending.asks)}" if mending.asks else "say no values",
        )
    meant = slice(None) if mending.at is None else slice(mending.at, mending.at + 1)
    rows = [dict(row) for row in mending.rows]
    for row in rows[meant]:
        row.update({column: value.strip() for column, value in values.items()})
    if mending.asks and not any(row[one] for row in rows[meant] for one in mending.asks):
        raise InvalidInput(
            "nothing is said yet",
            field=mending.asks[0],
            value="",
            fix=f"say {', '.join(mending.asks)}",
        )
    return rows


def installed_row(
    facts: RepairFacts,
    one: Installation,
    point: Point,
    changed: Mapping[str, str],
    asks: Sequence[str] = (),
) -> Mending | None:
    """The row of a register that serves a meter, with other columns."""
    began = one.starts or as_text(one.valid.start)
    part = {"meter": one.meter, "valid_from": began}
    return mended(facts, POINTS, (point.gateway, point.name), changed, asks=asks, part=part)
