"""Rows of our measurements as they are told one by one, in the lines of InfluxDB: our tags, labels
among them, and our fields. What is not known is not written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from api.influxql.engine.rows import Measurement, Rows, ScopedView, Wanted
from api.influxql.tables.measurements import MEASUREMENTS

Fields = dict[str, float | str]


@dataclass(frozen=True)
class WrittenPoint:
    """One row."""

    time_us: int
    tags: dict[str, str]
    fields: Fields


@dataclass
class WrittenTable:
    """A measurement as InfluxDB holds it."""

    name: str
    points: list[WrittenPoint] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """Line protocol, times in microseconds."""
        for one in self.points:
            tags = "".join(f",{_key(name)}={_key(text)}" for name, text in one.tags.items())
            told = ",".join(f"{_key(name)}={_value(value)}" for name, value in one.fields.items())
            yield f"{self.name}{tags} {told} {one.time_us}"

    def values(self, tag: str) -> list[str]:
        """Of a tag, sorted."""
        return sorted({one.tags[tag] for one in self.points if tag in one.tags})


def written(name: str, fields: frozenset[str], view: ScopedView, start_us: int) -> WrittenTable:
    """The rows of a measurement from an instant to now, with some of its fields."""
    return _table(name, MEASUREMENTS[name], fields, view, start_us)


def _table(
    name: str, table: Measurement, asked: frozenset[str], view: ScopedView, start_us: int
) -> WrittenTable:
    end_us = view.now_us + 1
    wanted = Wanted(
        start_us,
        end_us,
        whole=frozenset(),
        fine=asked,
        labels=frozenset(table.labels),
        bounds=np.array([start_us, end_us], np.int64),
        bucketed=False,
        listed=True,
    )
    found = WrittenTable(name)
    for series in table.series(view):  # each by itself: all of them would be too much at once
        for rows in table.rows(view, [series], wanted):
            assert isinstance(rows, Rows)
            found.points += _points(rows, asked)
    return found


def _points(rows: Rows, asked: frozenset[str]) -> Iterator[WrittenPoint]:
    columns = {
        name: (values.amounts.tolist(), values.scale, values.digits)
        for name, values in rows.numbers.items()
        if name in asked
    }
    for n, at in enumerate(rows.time_us.tolist()):
        fields: Fields = {}
        for name, (amounts, scale, digits) in columns.items():
            told = float(amounts[n] / scale)
            if np.isfinite(told):
                fields[name] = told if digits is None else round(told, digits)
        told_texts = {name: texts[n] for name, texts in rows.texts.items() if name in asked}
        fields |= {name: text for name, text in told_texts.items() if text}
        labels = {name: str(column[n]) for name, column in rows.labels.items()}
        tags = {name: text for name, text in {**rows.series.tags, **labels}.items() if text}
        if fields:
            yield WrittenPoint(at, tags, fields)


def _key(text: str) -> str:
    return re.sub(r"([ ,=])", r"\\\1", text)


def _value(value: float | str) -> str:
    if isinstance(value, float):
        return repr(value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
