"""Loading tables: series are judged against what stands; what is new goes into the journal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from collector import JournalReader, Record
from collector.decode.loaded import TOPIC, LoadedPart, payload_of
from collector.intake import Decoding, Previewed, Resolver, preview
from collector.tables import (
    Cell,
    FileTable,
    HistoryForm,
    LoadedHistory,
    RefusedCell,
    by_series,
    read_history,
    read_tables,
    refused_csv,
)
from greenoffice.history.mapping import SeriesMapping, SeriesTarget, series_names
from greenoffice.history.standing import StandingReadings, WhatStands
from greenoffice.history.summary import TableTold
from metering.errors import InvalidInput
from metering.localtime import iso
from metering.quantity import I64
from metering.reading import F64, ReadingColumns
from metering.registry import Registry
from metering.registry.proposal import Proposal
from metering.tables import TextForm

PART = 5_000
"""Readings of a message."""
TOGETHER = 20
"""Messages that are made durable at once."""
_PAGE = 100
Progress = Callable[[str, int, int], None]
"""(file, values done, values of it)."""


@dataclass(frozen=True)
class HistoryPlace:
    """Where histories are loaded to."""

    registry: Registry
    standing: StandingReadings
    decoding: Decoding
    now_us: Callable[[], int]
    write: Callable[[list[Record]], object] | None
    """Makes records durable; None on a trial."""
    by: str
    """Who loads."""
    made: Proposal | None = None
    """What was registered for new series, or would be on a trial; None for nothing."""


@dataclass(frozen=True)
class HistoryWays:
    """How tables are read, which point a series is, and whether other values replace."""

    form: HistoryForm
    text: TextForm
    mapping: SeriesMapping
    correct: bool = False


@dataclass(frozen=True)
class TableLoaded:
    """What became of a table, and its rows that hold what was refused, as CSV; b'' for none."""

    told: TableTold
    refused: bytes


def load_file(
    file: Path, place: HistoryPlace, ways: HistoryWays, progress: Progress, *, is_last: bool = False
) -> Iterator[TableLoaded]:
    """Load every table of a file or folder. What is written is durable before the next table, and
    is remembered for it, or for the next file but of one that `is_last`.

    Raises as reading tables does, and InvalidInput where series cannot be mapped: then nothing of
    that table is written. Unavailable or StorageFull where a store does not answer or has no room;
    what was written stays, and is a duplicate when the file is loaded again.
    """
    tables = read_tables(file, form=ways.text)
    for count, table in enumerate(tables, start=1):
        history = read_history(table, ways.form)
        remembers = count < len(tables) or not is_last
        yield load_history(table, history, place, ways, progress, remembers=remembers)


def load_history(
    table: FileTable,
    history: LoadedHistory,
    place: HistoryPlace,
    ways: HistoryWays,
    progress: Progress,
    *,
    remembers: bool = True,
) -> TableLoaded:
    """Load what a table was read as; `remembers`: what comes after it is judged beside it. Raises
    as `load_file`."""
    return _TableLoad(table, history, place, ways).run(progress, remembers=remembers)


def waiting_rows(
    journal: JournalReader,
    writer_no: int,
    place: tuple[int, int],
    decoding: Decoding,
    registry: Registry,
) -> Iterator[ReadingColumns]:
    """Readings that a writer's journal holds from a place on, in its order."""
    resolver = Resolver(registry)
    while writer_no in journal.writers() and (page := journal.read(writer_no, *place, _PAGE)):
        for one in page:
            yield preview(one.record, decoding, resolver).rows
        place = page[-1].segment, page[-1].offset + 1


class _TableLoad:
    """One table on its way."""

    def __init__(
        self, table: FileTable, history: LoadedHistory, place: HistoryPlace, ways: HistoryWays
    ) -> None:
        self._table, self._history, self._place, self._ways = table, history, place, ways
        self._names = series_names(history.series)
        self._targets = targets_of(self._names, history.units, ways.mapping)
        self._resolver = Resolver(place.registry)
        self._told = TableTold(table.file)
        self._refused = list(history.refused)
        self._records: list[Record] = []
        self._last_us = 0

    def run(self, progress: Progress, *, remembers: bool) -> TableLoaded:
        """Judge and write all series."""
        history, counts = self._history, self._told.counts
        counts.read, counts.missing = history.cells, history.missing
        done = history.cells - len(history.value)
        written: list[tuple[int, I64, F64]] = []
        for which, rows in by_series(history.which, len(history.series)):
            target = self._targets[which]
            if target is None:
                counts.unknown += len(rows)
                self._told.unknown.append(self._names[which])
            else:
                by_time = np.argsort(history.time_us[rows], kind="stable")
                for one in self._series(target, rows[by_time]):
                    if remembers:
                        written.append(one)
            done += len(rows)
            progress(self._table.file, done, history.cells)
        self._flush()
        for one in written:
            self._place.standing.add(*one)
        counts.refused = len(self._refused)
        for refused in self._refused:
            self._told.show(str(refused))
        return TableLoaded(self._told, self._mendable())

    def _series(self, target: SeriesTarget, rows: I64) -> Iterator[tuple[int, I64, F64]]:
        """(point, times, values) of what of a series is written. rows: places in the history, by
        rising time."""
        for part in _parts(self._first_of_each(rows)):
            record = self._record(target, part)
            seen = preview(record, self._place.decoding, self._resolver)
            self._note_problems(seen, part)
            found = seen.rows
            if not len(found):
                continue
            first, last = int(found.time_us.min()), int(found.time_us.max())
            stands = self._place.standing.rows(target.point.id, first, last)
            beside = stands.judge(found.time_us, found.value)
            self._told.counts.count(beside, correct=self._ways.correct)
            wanted = beside == WhatStands.NEW
            if self._ways.correct:
                wanted |= beside == WhatStands.OTHER
            self._note_kept_back(part[found.index], beside)
            if wanted.any():
                whole = len(found) == len(part) and wanted.all()
                self._write(record if whole else self._record(target, part[found.index[wanted]]))
                yield target.point.id, found.time_us[wanted], found.value[wanted]

    def _first_of_each(self, rows: I64) -> I64:
        """Of readings of one time the first in the file; the others are counted."""
        time_us, value = self._history.time_us[rows], self._history.value[rows]
        again = np.zeros(len(rows), dtype=np.bool_)
        again[1:] = time_us[1:] == time_us[:-1]
        first = np.maximum.accumulate(np.where(again, 0, np.arange(len(rows))))
        same = again & (value == value[first])
        self._told.counts.duplicates += int(same.sum())
        self._told.counts.differing += int((again & ~same).sum())
        for at in np.flatnonzero(again & ~same).tolist()[:1]:
            self._show(int(rows[at]), "another value comes before it")
        return rows[~again]

    def _record(self, target: SeriesTarget, part: I64) -> Record:
        self._last_us = max(self._place.now_us(), self._last_us + 1)
        history, point = self._history, target.point
        times, values = history.time_us[part], history.value[part]
        told = LoadedPart(self._table.file, point.name, target.unit, times, values)
        payload, gateway = payload_of(told), point.gateway
        return Record("loaded", self._last_us, gateway, self._place.by, "", TOPIC, payload, 1)

    def _write(self, record: Record) -> None:
        self._records.append(record)
        if len(self._records) >= TOGETHER:
            self._flush()

    def _flush(self) -> None:
        records, self._records = self._records, []
        if records and self._place.write is not None:
            self._place.write(records)

    def _note_problems(self, seen: Previewed, part: I64) -> None:
        for one in seen.problems:
            places = part if one.index < 0 else part[[one.index]]
            self._refused += [RefusedCell(self._cell(row), one.message) for row in places.tolist()]

    def _note_kept_back(self, rows: I64, beside: I64) -> None:
        for one, why in (
            (WhatStands.OTHER, "another value stands"),
            (WhatStands.ENTERED, "a person entered another value"),
        ):
            if one is WhatStands.OTHER and self._ways.correct:
                continue
            for at in np.flatnonzero(beside == one).tolist()[:1]:
                self._show(int(rows[at]), why)

    def _cell(self, row: int) -> Cell:
        history = self._history
        meter, heading = history.series[history.which[row]]
        column = heading or meter
        return Cell(float(history.value[row]), self._table.file, int(history.row[row]), column)

    def _show(self, row: int, why: str) -> None:
        cell = self._cell(row)
        at = iso(int(self._history.time_us[row]))
        self._told.show(f"{cell.file}, row {cell.row}, {cell.column} at {at} = {cell.value}: {why}")

    def _mendable(self) -> bytes:
        if not self._refused:
            return b""
        return refused_csv(self._table, self._history.heading_rows, self._refused)


def targets_of(
    names: Sequence[str], units: Sequence[str], mapping: SeriesMapping
) -> list[SeriesTarget | None]:
    """Where each series goes, None where nobody knows it. Raises InvalidInput as the mapping does,
    and where none has a point, and none was left out, or two have the same."""
    found = [mapping.target(name, unit) for name, unit in zip(names, units, strict=True)]
    if names and not any(found) and not any(map(mapping.leaves_out, names)):
        raise InvalidInput(
            "no series of the table has a point",
            field="series",
            value=", ".join(names)[:200],
            fix="name them as meters or points are, map them with --mapping, or make new ones",
        )
    taken: dict[int, str] = {}
    for name, target in zip(names, found, strict=True):
        if target is not None and taken.setdefault(target.point.id, name) != name:
            raise InvalidInput(
                "two series of a table go to one point",
                field="series",
                value=f"{taken[target.point.id]}, {name}",
                fix="leave one of them out of the file, or map it to another point",
            )
    return found


def _parts(rows: I64) -> Iterable[I64]:
    return (rows[start : start + PART] for start in range(0, len(rows), PART))
