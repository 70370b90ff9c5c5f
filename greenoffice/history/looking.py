"""Which series a file holds, before anybody says what they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from collector.tables import LoadedHistory, by_series, read_history, read_tables
from greenoffice.history.loading import HistoryWays
from greenoffice.history.mapping import series_names
from metering.errors import InvalidInput
from metering.history_load import HistorySeen, SeriesSeen
from metering.quantity import I64

SHOWN = 3
"""Values that are shown of each series."""
MOST_SERIES = 5_000
MOST_REFUSED = 5


@dataclass
class _Series:
    values: int = 0
    first_us: int = 0
    last_us: int = 0
    examples: list[tuple[int, float]] = field(default_factory=list)
    unit: str = ""
    rises: int = 0
    falls: int = 0
    step_us: int | None = None


def look(file: Path, ways: HistoryWays) -> HistorySeen:
    """The series of all tables of a file, in its order, with the points that are called so. Raises
    as reading tables does, and InvalidInput where there is none, or more than MOST_SERIES."""
    found: dict[str, _Series] = {}
    missing, refused, examples = 0, 0, list[str]()
    for table in read_tables(file, form=ways.text):
        history = read_history(table, ways.form)
        missing += history.missing
        refused += len(history.refused)
        examples += map(str, history.refused[: MOST_REFUSED - len(examples)])
        names = series_names(history.series)
        for which, rows in by_series(history.which, len(names)):
            _add(found.setdefault(names[which], _Series()), history, which, rows)
    if not 0 < len(found) <= MOST_SERIES:
        raise InvalidInput(
            f"{len(found)} series are in it",
            field="file",
            value=file.name,
            fix=f"send a file with 1 to {MOST_SERIES} series",
        )
    series = tuple(_seen(name, one, ways) for name, one in found.items())
    return HistorySeen(series, missing, refused, tuple(examples))


def _add(one: _Series, history: LoadedHistory, which: int, rows: I64) -> None:
    one.unit = one.unit or history.units[which]
    if not len(rows):
        return
    by_time = rows[np.argsort(history.time_us[rows], kind="stable")]
    times, moves = history.time_us[by_time], np.diff(history.value[by_time])
    first, last = int(times[0]), int(times[-1])
    one.first_us = min(one.first_us, first) if one.values else first
    one.last_us = max(one.last_us, last) if one.values else last
    one.values += len(rows)
    one.rises += int((moves > 0).sum())
    one.falls += int((moves < 0).sum())
    apart = np.diff(times)
    if (apart > 0).any():
        one.step_us = int(np.median(apart[apart > 0]))
    shown = rows[: SHOWN - len(one.examples)].tolist()
    one.examples += [(int(history.time_us[row]), float(history.value[row])) for row in shown]


def _seen(name: str, one: _Series, ways: HistoryWays) -> SeriesSeen:
    return SeriesSeen(
        name,
        one.values,
        one.first_us,
        one.last_us,
        tuple(one.examples),
        one.unit,
        ways.mapping.fitting(name),
        one.rises,
        one.falls,
        one.step_us,
    )
