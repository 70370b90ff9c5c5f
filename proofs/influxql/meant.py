"""What plain questions mean, worked out from the rows that were written: buckets are counted on the
wall clock of the zone, and on nothing else."""

from __future__ import annotations

import statistics
from bisect import bisect_right
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from math import floor, fsum
from typing import Final
from zoneinfo import ZoneInfo

from proofs.influxql.asked import Cut, PlainQuestion
from proofs.influxql.judge import Rows, Series
from proofs.influxql.written import WrittenPoint, WrittenTable

_EPOCH: Final = datetime(1970, 1, 1)
Told = list[float | None]
FUNCTIONS: Final[dict[str, Callable[[list[float]], float | None]]] = {
    "sum": fsum,
    "mean": statistics.fmean,
    "median": statistics.median,
    "spread": lambda own: max(own) - min(own),
    "stddev": lambda own: statistics.stdev(own) if len(own) > 1 else None,
    "count": lambda own: float(len(own)),
    "min": min,
    "max": max,
    "first": lambda own: own[0],
    "last": lambda own: own[-1],
    "percentile": lambda own: percentile(own, 95),
}


def percentile(own: list[float], number: float) -> float | None:
    """Of the nearest rank, as InfluxDB takes it."""
    rank = floor(len(own) * number / 100 + 0.5) - 1
    return sorted(own)[rank] if rank >= 0 else None


def meant(question: PlainQuestion, table: WrittenTable, left_out: dict[str, str]) -> Series:
    """The series of an answer; `left_out` are tags that must not be so, times in ms."""
    groups: dict[tuple[tuple[str, str], ...], list[WrittenPoint]] = {}
    for point in table.points:
        inside = question.start_us <= point.time_us < question.end_us
        fits = all(point.tags.get(tag) == value for tag, value in question.tags)
        kept = all(point.tags.get(tag) != value for tag, value in left_out.items())
        if inside and fits and kept:
            name = tuple(sorted((key, point.tags.get(key, "")) for key in question.keys))
            groups.setdefault(name, []).append(point)
    found: Series = {}
    for name in sorted(groups):
        rows = _rows(question, groups[name])
        if any(value is not None for row in rows for value in row[1:]):
            found[(table.name, name)] = (["time", *question.names], rows)
    return found


def cut(series: Series, how: Cut) -> Series:
    """In the order asked for, and no longer."""
    found: Series = {}
    for name in sorted(series)[: how.series]:
        columns, rows = series[name]
        rows = rows[::-1] if how.descending else rows
        last = None if how.limit is None else how.offset + how.limit
        if rows[how.offset : last]:
            found[name] = (columns, rows[how.offset : last])
    return found


def _rows(question: PlainQuestion, points: Iterable[WrittenPoint]) -> Rows:
    clock = ZoneInfo(question.zone)
    wall = _floor(_wall_s(question.start_us, clock), question)
    labels = list[int]()
    while _instant_us(wall, clock) < question.end_us:
        labels.append(_instant_us(wall, clock))
        wall += question.step_s
    buckets: dict[int, list[WrittenPoint]] = {}
    for point in sorted(points, key=lambda one: one.time_us):
        buckets.setdefault(labels[bisect_right(labels, point.time_us) - 1], []).append(point)
    rows, there = list[list[float | None]](), [False] * len(question.columns)
    for label in labels:
        own = buckets.get(label, [])
        told: Told = []
        for n, (function, name) in enumerate(question.columns):
            values = [float(one.fields[name]) for one in own if name in one.fields]
            there[n] = there[n] or bool(values)
            told.append(FUNCTIONS[function](values) if values else None)
        if question.fill == "null" or any(value is not None for value in told):
            rows.append([label // 1000, *told])
    if question.fill == "null":
        _count_nothing(question, rows, there)
    return rows


def _count_nothing(question: PlainQuestion, rows: Rows, there: list[bool]) -> None:
    for n, (function, _) in enumerate(question.columns):
        for row in rows:
            if function == "count" and row[n + 1] is None and there[n]:
                row[n + 1] = 0.0


def _floor(wall_s: int, question: PlainQuestion) -> int:
    shifted = wall_s - question.offset_s
    return shifted // question.step_s * question.step_s + question.offset_s


def _wall_s(time_us: int, clock: ZoneInfo) -> int:
    at = datetime.fromtimestamp(time_us // 1_000_000, UTC).astimezone(clock)
    return int((at.replace(tzinfo=None) - _EPOCH).total_seconds())


def _instant_us(wall_s: int, clock: ZoneInfo) -> int:
    at = (_EPOCH + timedelta(seconds=wall_s)).replace(tzinfo=clock)
    return int(at.astimezone(UTC).timestamp()) * 1_000_000
