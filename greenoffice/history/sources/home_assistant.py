"""The long-term statistics of a Home Assistant: a row an hour, in its SQLite database.

    start_ts             start + 1 h
       │ mean of the hour    │ state: what the counter showed, sum: what passed since the beginning

So `ID/mean` has the time at which its hour starts, and the registers `ID/sum` and `ID/state` that
at which it ends. `sum` goes on where the counter began anew, `state` falls there.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from greenoffice.history.sources.series import SourceRows, SourceSeries
from metering.errors import InvalidInput, NotFound, Unavailable
from metering.localtime import HOUR_US
from metering.reading import Kind
from metering.tables import known_unit

VALUES: Final = {"sum": Kind.REGISTER, "state": Kind.REGISTER, "mean": Kind.MEAN}
"""Columns by what they are; the first is what is proposed for a counter."""
_OLD_START: Final = "CAST(strftime('%s', s.start) AS REAL)"
"""[s UTC] of the text of before 2023."""


@dataclass(frozen=True)
class _Column:
    id: int
    """Of the statistic."""
    value: str


class HomeAssistantSource:
    """A file `home-assistant_v2.db`, opened to be read alone; as `HistorySource`."""

    def __init__(self, file: Path) -> None:
        self._file = file
        if not file.is_file():
            raise NotFound(
                "no such file",
                field="file",
                value=str(file),
                fix="name home-assistant_v2.db, of the folder of Home Assistant's settings",
            )
        self._places: dict[str, _Column] = {}
        with self._faults():
            self._con = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
        self._start = self._start_of()

    @property
    def called(self) -> str:
        """The file's name."""
        return f"home-assistant {self._file.name}"

    def series(self) -> list[SourceSeries]:
        """`sum`, `state` and `mean` of every statistic that has them."""
        counts = ", ".join(f"count(s.{one})" for one in VALUES)
        with self._faults():
            told = self._con.execute(
                "SELECT m.id, m.statistic_id, m.unit_of_measurement,"  # noqa: S608
                f" min({self._start}), max({self._start}), {counts}"
                " FROM statistics_meta m JOIN statistics s ON s.metadata_id = m.id"
                " GROUP BY m.id ORDER BY m.statistic_id, m.id"
            ).fetchall()
        found = []
        for id, name, unit, first, last, *counted in told:
            for (value, kind), count in zip(VALUES.items(), counted, strict=True):
                if count:
                    series = f"{name}/{value}"
                    self._places[series] = _Column(id, value)
                    late = _lateness(value)
                    found.append(
                        SourceSeries(
                            series,
                            count=count,
                            first_us=_us(first) + late,
                            last_us=_us(last) + late,
                            unit=known_unit(unit or ""),
                            kind=kind,
                            also=(name, name.rpartition(".")[2]),
                        )
                    )
        return found

    def rows(self, series: SourceSeries) -> Iterator[SourceRows]:
        """Its hours by rising time, all at once: ten years are 88,000."""
        place = self._places[series.name]
        with self._faults():
            told = self._con.execute(
                f"SELECT {self._start}, s.{place.value} FROM statistics s"  # noqa: S608
                f" WHERE s.metadata_id = ? AND s.{place.value} IS NOT NULL ORDER BY 1",
                (place.id,),
            ).fetchall()
        times = np.array([_us(start) for start, _ in told], dtype=np.int64)
        yield SourceRows(times + _lateness(place.value), [value for _, value in told])

    def close(self) -> None:
        """Let go of the file."""
        self._con.close()

    def _start_of(self) -> str:
        """[s UTC] of a row: files of before 2023 have it as text, files that were brought up to
        date have both."""
        with self._faults():
            names = {row[1] for row in self._con.execute("PRAGMA table_info(statistics)")}
        if not names:
            raise self._other("it has no statistics")
        if "start_ts" not in names:
            return _OLD_START
        return f"coalesce(s.start_ts, {_OLD_START})" if "start" in names else "s.start_ts"

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if "no such" in str(error):
                raise self._other(str(error)) from None
            raise Unavailable(
                f"the database cannot be read now: {error}",
                field="file",
                value=str(self._file),
                fix="stop Home Assistant, or load a copy in a folder that you may write",
            ) from None
        except sqlite3.DatabaseError as error:
            raise self._other(str(error)) from None

    def _other(self, why: str) -> InvalidInput:
        return InvalidInput(
            f"not a database of Home Assistant: {why}",
            field="file",
            value=str(self._file),
            fix="name home-assistant_v2.db, of the folder of Home Assistant's settings",
        )


def _lateness(value: str) -> int:
    """From the start of a row to the time of its value [us]."""
    return HOUR_US if VALUES[value] is Kind.REGISTER else 0


def _us(seconds: float | None) -> int:
    """A row without a start is of 1970, which is refused."""
    return round((seconds or 0) * 1_000_000)
