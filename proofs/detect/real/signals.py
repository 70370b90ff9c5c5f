"""Labelled readings as spans that somebody marked, and as a meter by the hour.

    rows     . . . x x . x . . . . . . . x x . .       x: marked
    spans          ├─────┤               ├─┤           those within a day of each other are one
    hours    learnt ......│ scored ...............     from the day of the first span on that has
                                                       28 days before it

What is marked when a series begins is left out with all before its end: nothing sound could be
learnt there. Marks of the learnt part stay in it, as waste does in real histories.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from metering.localtime import HOUR_US
from proofs.detect.fleet import Fleet, Floats, Ints, Label
from proofs.detect.real.calendars import off_and_holidays
from proofs.detect.real.labelled import LabelledSeries

Span = tuple[int, int]
"""[us since 1970] begin and end."""
LEAST_LEARNT_DAYS = 28
"""Before the first span that is scored."""
DAY_H = 24
DAY_US = DAY_H * HOUR_US


def has_hours(series: LabelledSeries) -> bool:
    """Whether most rows are an hour apart or less."""
    return bool(np.median(np.diff(series.time)) <= np.timedelta64(1, "h"))


def marked_spans(series: LabelledSeries) -> list[Span]:
    """Spans of marked rows, rising; none where nothing is marked."""
    return row_spans(series, np.flatnonzero(series.labels).astype(np.int64))


def row_spans(series: LabelledSeries, rows: Ints) -> list[Span]:
    """Spans of rows, rising, each as if it lasted a microsecond."""
    times = series.time[rows].astype(np.int64).tolist()
    return near_ones_joined([(time, time + 1) for time in times])


def near_ones_joined(spans: Sequence[Span]) -> list[Span]:
    """Spans by time, those within a day of each other as one."""
    joined: list[Span] = []
    for first, end in sorted(spans):
        if joined and first - joined[-1][1] <= DAY_US:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((first, end))
    return joined


def hourly_fleet(series: LabelledSeries) -> Fleet | None:
    """The first column as one meter, hourly means, without weather or holidays; None where no span
    has enough days before it, or rows are further apart than hours."""
    spans, times = marked_spans(series), series.time.astype(np.int64)
    begun = spans.pop(0)[1] if spans and spans[0][0] == times[0] else int(times[0])
    start = begun // DAY_US + 1
    days = int(times[-1] + HOUR_US) // DAY_US - start
    late = [one for one in spans if one[0] >= (start + LEAST_LEARNT_DAYS) * DAY_US]
    if not late or days <= 0 or not has_hours(series):
        return None
    midnight = np.datetime64(start, "D").astype("datetime64[h]")
    off, festive = off_and_holidays(midnight, days, ())
    hour = (times - start * DAY_US) // HOUR_US
    return Fleet(
        name=series.name,
        start=midnight,
        load=_means(next(iter(series.values.values())), hour, days * DAY_H)[None],
        temperature=np.empty((0, days * DAY_H)),
        station=np.array([-1]),
        off_days=off[None],
        holidays=festive[None],
        calendar=np.zeros(1, dtype=np.int64),
        scored_from=(late[0][0] // DAY_US - start) * DAY_H,
        labels=tuple(
            Label(
                meter=0,
                kind="clock" if series.kind.startswith("clock") else series.kind,
                first=max((first - start * DAY_US) // HOUR_US, 0),
                end=min(-(-(end - start * DAY_US) // HOUR_US), days * DAY_H),
                kwh=0.0,
            )
            for first, end in spans
            if end > start * DAY_US
        ),
        building=(series.name,),
    )


def _means(values: Floats, hour: Ints, hours: int) -> Floats:
    """Means by the hour, (hours,); NaN where no row is."""
    inside = (hour >= 0) & (hour < hours) & np.isfinite(values)
    count = np.bincount(hour[inside], minlength=hours)
    total = np.bincount(hour[inside], values[inside], minlength=hours)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
