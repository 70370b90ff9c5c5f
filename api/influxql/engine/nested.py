"""What a SELECT answers, as a measurement to select from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from api.influxql.engine.answers import Answer, Told
from api.influxql.engine.check import measurement, parts
from api.influxql.engine.rows import (
    FieldKind,
    LabelValues,
    Measurement,
    Rows,
    ScopedView,
    Series,
    Tables,
    Values,
    Wanted,
)
from api.influxql.language.tree import Aggregate, Column, Select


def narrowed(outer: Select) -> Select:
    """The SELECT within, in the range of time of the outer one as well, and with its buckets where
    it has aggregates and none of its own, as InfluxDB takes it."""
    inner = outer.inner
    assert inner is not None
    starts = [at for at in (inner.filter.start_us, outer.filter.start_us) if at is not None]
    ends = [at for at in (inner.filter.end_us, outer.filter.end_us) if at is not None]
    ranged = replace(
        inner.filter,
        start_us=max(starts, default=None),
        end_us=min(ends, default=None),
    )
    inner = replace(inner, filter=ranged)
    told = [part for column in inner.columns for part in parts(column.expression)]
    if inner.interval_us is None and any(isinstance(part, Aggregate) for part in told):
        inner = replace(
            inner, interval_us=outer.interval_us, offset_us=outer.offset_us, zone=outer.zone
        )
    return inner


class AnswerTable:
    """The series of an answer; its columns are fields, the tags it is grouped by are tags."""

    labels: Mapping[str, LabelValues] = {}
    needs_start = False

    def __init__(self, statement: Select, answers: Sequence[Answer], tables: Tables) -> None:
        self._answers = list(answers)
        self._statement = statement
        self._below = tables
        self.tags = statement.tags
        self.fields: Mapping[str, FieldKind] = {
            name: _kind(values)
            for answer in answers
            for name, values in zip(answer.columns[1:], answer.values, strict=True)
        } or {column.name: FieldKind.DERIVED for column in statement.columns}

    def series(self, _: ScopedView) -> list[Series]:
        """One for each of the answer."""
        return [Series(one.tags, frozenset(), one) for one in self._answers]

    def rows(self, _: ScopedView, chosen: Sequence[Series], __: Wanted) -> Iterator[Rows]:
        """All rows of the chosen ones: what was read for them was within the range."""
        for series in chosen:
            answer = _answer(series)
            order = np.argsort(np.array(answer.times_us, np.int64), kind="stable")
            times = np.array(answer.times_us, np.int64)[order]
            numbers, texts = dict[str, Values](), dict[str, list[str]]()
            currencies = answer.currencies or [""] * len(answer.values)
            told = zip(answer.columns[1:], answer.values, currencies, strict=True)
            for name, values, currency in told:
                if self.fields[name] is FieldKind.TEXT:
                    texts[name] = [str(values[n] or "") for n in order.tolist()]
                else:
                    column = np.array(values, np.float64)[order]
                    numbers[name] = Values(column, currency=currency)
            yield Rows(series, times, numbers, texts)

    def overlap(
        self, chosen: Sequence[Series], field: str, view: ScopedView, wanted: Wanted
    ) -> str:
        """Why what the series are made of must not be put together."""
        own = [one for series in chosen for one in _answer(series).series]
        made = list({id(one): one for one in own}.values())
        table = self._table(_answer(chosen[0]))
        column = next((one for one in self._statement.columns if one.name == field), None)
        if column is None or len(made) < 2:
            return ""
        for part in parts(column.expression):
            name = part.field if isinstance(part, Aggregate) else getattr(part, "name", "")
            if isinstance(part, Aggregate | Column) and name in table.fields:
                reason = table.overlap(made, name, view, wanted)
                if reason:
                    return reason
        return ""

    def _table(self, answer: Answer) -> Measurement:
        if self._statement.inner is None:
            return measurement(self._below, answer.name)
        made = [one for one in answer.series if isinstance(one.source, Answer)]
        return AnswerTable(self._statement.inner, [_answer(one) for one in made], self._below)


def _answer(series: Series) -> Answer:
    if not isinstance(series.source, Answer):
        raise TypeError(series.source)
    return series.source


def _kind(values: Told) -> FieldKind:
    return FieldKind.TEXT if any(isinstance(one, str) for one in values) else FieldKind.DERIVED
