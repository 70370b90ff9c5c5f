"""Series of an InfluxDB: a field of a measurement, for each set of tags.

office,room=hall,phase=1 power=5.2 ──▶ office/phase=1,room=hall/power
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from greenoffice.history.sources.influx_http import InfluxPlace, InfluxQuestions
from greenoffice.history.sources.series import SourceRows, SourceSeries
from metering.errors import InvalidInput
from metering.tables import known_unit

PAGE: Final = 50_000
MOST_SERIES: Final = 100_000
_NUMBERS: Final = ("float", "integer", "unsigned")


@dataclass(frozen=True)
class _FieldPlace:
    """Where a series is in the database."""

    measurement: str
    tags: Mapping[str, str]
    """Each key that the measurement has; '' where the series has not."""
    field: str

    @property
    def name(self) -> str:
        """As a mapping names it."""
        tags = ",".join(f"{key}={value}" for key, value in sorted(self.tags.items()) if value)
        return "/".join(one for one in (self.measurement, tags, self.field) if one)


class InfluxSource:
    """A database of 1.x, or a bucket of 2.x; as `HistorySource`.

    system: `influxdb1` or `influxdb2`, for messages. measurement: the only one read; '' all.
    """

    def __init__(self, system: str, place: InfluxPlace, measurement: str = "") -> None:
        self._system, self._measurement = system, measurement
        self._questions = InfluxQuestions(place)
        self._places: dict[str, _FieldPlace] = {}

    @property
    def called(self) -> str:
        """System, server and database."""
        place = self._questions.place
        return f"{self._system} {place.url} {place.database}"

    def series(self) -> list[SourceSeries]:
        """All fields that are numbers, with how many values each has."""
        found = [
            one
            for measurement, field in self._fields()
            if self._measurement in ("", measurement)
            for one in self._of_field(measurement, field)
        ]
        if len(found) > MOST_SERIES:
            raise InvalidInput(
                f"more than {MOST_SERIES} series",
                field="database",
                value=self._questions.place.database,
                fix="load one measurement after another with --measurement",
            )
        return found

    def rows(self, series: SourceSeries) -> Iterator[SourceRows]:
        """Its values by rising time, a page after the other."""
        place, begin = self._places[series.name], ""
        where = " AND ".join(f"{_name(key)} = {_text(value)}" for key, value in place.tags.items())
        while True:
            said = " AND ".join(one for one in (where, begin) if one)
            question = f"SELECT {_name(place.field)} FROM {self._from(place.measurement)}"  # noqa: S608
            question += f" WHERE {said}" if said else ""
            question += f" ORDER BY time ASC LIMIT {PAGE}"
            page = [row for part in self._questions.ask(question) for row in part.values]
            if not page:
                return
            times = np.array([row[0] for row in page], dtype=np.int64)
            yield SourceRows(times // 1000, [row[1] for row in page])
            if len(page) < PAGE:
                return
            begin = f"time > {page[-1][0]}"

    def close(self) -> None:
        """Let go of the server."""
        self._questions.close()

    def _fields(self) -> list[tuple[str, str]]:
        """(measurement, field) of all numbers, in their order."""
        told = self._questions.ask(f"SHOW FIELD KEYS ON {_name(self._questions.place.database)}")
        return sorted(
            {
                (part.measurement, field)
                for part in told
                for field, kind in part.values
                if kind in _NUMBERS
            }
        )

    def _of_field(self, measurement: str, field: str) -> Iterator[SourceSeries]:
        ends = ";".join(
            f"SELECT {of}({_name(field)}) FROM {self._from(measurement)} GROUP BY *"  # noqa: S608
            for of in ("COUNT", "FIRST", "LAST")
        )
        told: dict[str, dict[int, tuple[int, int]]] = {}
        for part in self._questions.ask(ends):
            place = _FieldPlace(measurement, part.tags, field)
            self._places[place.name] = place
            (time_ns, value, *_), *_ = part.values
            told.setdefault(place.name, {})[part.statement] = (time_ns, value)
        for name, found in told.items():
            if found.keys() == {0, 1, 2}:
                tags = self._places[name].tags
                yield SourceSeries(
                    name,
                    count=int(found[0][1]),
                    first_us=found[1][0] // 1000,
                    last_us=found[2][0] // 1000,
                    unit=_unit(measurement, tags),
                    also=tuple(value for value in tags.values() if value),
                )

    def _from(self, measurement: str) -> str:
        policy = self._questions.place.retention
        return f"{_name(policy)}.{_name(measurement)}" if policy else _name(measurement)


def _unit(measurement: str, tags: Mapping[str, str]) -> str:
    """A tag `unit` says it; what Home Assistant writes is measured in what its measurement is
    called."""
    if told := known_unit(tags.get("unit", "")):
        return told
    return known_unit(measurement) if "entity_id" in tags else ""


def _name(text: str) -> str:
    """An identifier of InfluxQL."""
    return f'"{_escaped(text, chr(34))}"'


def _text(text: str) -> str:
    """A text of InfluxQL."""
    return f"'{_escaped(text, chr(39))}'"


def _escaped(text: str, quote: str) -> str:
    return text.replace("\\", "\\\\").replace(quote, f"\\{quote}").replace("\n", "\\n")
