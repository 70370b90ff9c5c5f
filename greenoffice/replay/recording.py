"""A recorded file, read as every table of people is: table after table, series by series.

file, folder, archive ──each_table──▶ table ──read_history──▶ readings ──by_time──▶ batches
                                                └──▶ what was missing and refused
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from collector.tables import (
    FileTable,
    HistoryForm,
    LoadedHistory,
    chosen_rows,
    each_table,
    read_history,
)
from greenoffice.replay.options import ReplayOptions
from metering.errors import InvalidInput
from metering.quantity import I64
from metering.tables import TextForm

BATCH = 200_000
"""Readings of a table that are put into messages at once."""


@dataclass(frozen=True)
class RecordedSeries:
    """A series of a recorded file."""

    name: str
    """Of its point."""
    unit: str
    negative: bool
    """Whether a value of it is below 0."""


@dataclass(frozen=True, eq=False)
class RecordedTable:
    """What columns of one unit of one table hold."""

    table: FileTable
    history: LoadedHistory
    series: tuple[RecordedSeries, ...]
    """By the places of the history."""

    def by_time(self) -> Iterator[I64]:
        """Places of the readings in the order of their times, some at a time."""
        order = np.argsort(self.history.time_us, kind="stable")
        return (order[start : start + BATCH] for start in range(0, len(order), BATCH))


def recorded_tables(options: ReplayOptions) -> Iterator[RecordedTable]:
    """Every table of the file, one after the other, so that no more than one is held.

    Raises NotFound, InvalidInput and AmbiguousFormat as reading tables does, and InvalidInput for
    values of which neither file nor options say the unit.
    """
    for table in each_table(options.file, TextForm(options.encoding, options.separator)):
        for form in _forms(options):
            chosen = chosen_rows(table, form, options.where) if options.where else table
            history = read_history(chosen, form)
            yield RecordedTable(table, history, _series(table, history, options))


def series_of(options: ReplayOptions) -> list[RecordedSeries]:
    """All series of the file by name; of one that several tables have the unit of the first."""
    found: dict[str, RecordedSeries] = {}
    for table in recorded_tables(options):
        for one in table.series:
            before = found.get(one.name, one)
            negative = before.negative or one.negative
            found[one.name] = RecordedSeries(one.name, before.unit, negative)
    return [found[name] for name in sorted(found)]


def _forms(options: ReplayOptions) -> Iterator[HistoryForm]:
    """One of all columns, or of those of each unit that was said."""
    columns: dict[str, list[str]] = {}
    for one in options.values:
        columns.setdefault(one.unit, []).append(one.column)
    for unit, names in (columns or {options.unit: []}).items():
        yield HistoryForm(
            zone="UTC" if options.utc else options.offset or options.zone,
            shape="long" if options.id else "",
            time=options.time,
            meter=options.id,
            values=tuple(names),
            date=options.date,
            decimal=options.decimal,
            unit=unit,
            label=options.label,
            interval_min=options.interval_min,
        )


def _series(
    table: FileTable, history: LoadedHistory, options: ReplayOptions
) -> tuple[RecordedSeries, ...]:
    meters = [meter for meter, _ in history.series]
    several = {meter for meter in meters if meter and meters.count(meter) > 1}
    below = set(history.which[history.value < 0].tolist())
    found = []
    for which, (meter, heading) in enumerate(history.series):
        apart = len(options.values) > 1 or meter in several
        name = f"{meter}.{heading}" if meter and heading and apart else meter or heading
        unit = history.units[which]
        if not unit:
            raise InvalidInput(
                f"no unit of {name or table.file} is known",
                field="unit",
                value="",
                fix="add --unit, such as --unit kWh",
            )
        found.append(RecordedSeries(name or table.name, unit, which in below))
    return tuple(found)
