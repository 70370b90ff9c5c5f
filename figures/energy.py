"""Energy of a meter or node at any step, with its quality, from one view of the books."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

import numpy as np

from figures.months import month_quality, month_total
from figures.series import (
    Energy,
    Period,
    between,
    by_month,
    coarser,
    columns,
    steps_beside,
)
from figures.view import View
from ledger import day_edges
from metering.book import BookRow, SeriesKey
from metering.errors import InvalidInput
from metering.localtime import (
    DAY_MIN,
    day_bounds,
    days_between,
    iso,
    local_day,
    month_start,
    next_month,
)
from metering.quality import from_times
from metering.quantity import ABSENT

STEPS: Final = ("native", "15min", "hour", "day", "month")
_MINUTES = {"15min": 15, "hour": 60, "day": DAY_MIN}

Days = dict[date, BookRow]


def energy(
    view: View,
    key: SeriesKey,
    first: date,
    last: date,
    step: str = "hour",
    *,
    name_silent: bool = False,
) -> Energy:
    """Energy of a series on the local days first..last, both included.

    `step` is native (the finest that counts into the series), 15min, hour, day or month;
    months are calendar months, cut at the range. What is booked at steps that the one asked is
    not made of is the answer's `remainder`. Raises InvalidInput for an unknown step, or a range
    that ends before it starts.
    """
    if last < first:
        raise InvalidInput(
            "the range ends before it starts",
            field="last",
            value=last.isoformat(),
            fix=f"a day from {first.isoformat()} on",
        )
    silent_ones = silent(view, key, first, last) if name_silent else ()
    rows, days = view.rows(key, first, last), days_between(first, last)
    if step == "month":
        return _months(view, key, rows, days, silent_ones)
    minutes = _minutes(view, key, last, step)
    remainder = tuple(
        _steps(view, key, rows, days, str(coarse), coarse, exactly=True)
        for coarse in (steps_beside(rows, minutes) if minutes < DAY_MIN else ())
    )
    return _steps(view, key, rows, days, step, minutes, silent_ones, remainder)


def over(view: View, key: SeriesKey, first: date, last: date) -> Period:
    """The local days first..last, both included, as one period."""
    rows, days, zone = view.rows(key, first, last), days_between(first, last), view.zone(key)
    return Period(
        day_bounds(first, zone)[0],
        day_bounds(last, zone)[1],
        month_total(list(rows.values())),
        month_quality(rows, days, zone, view.now_us),
        _provisional(view, zone, rows, days),
    )


def at(view: View, key: SeriesKey, time_us: int, step: str) -> Energy | None:
    """The one period that holds an instant, a month whole; None where nothing is booked on its day,
    or in its month."""
    first = last = local_day(time_us, view.zone(key))
    if step == "month":
        first = month_start(first)
        last = next_month(first) - timedelta(days=1)
    found = energy(view, key, first, last, step)
    place = int(np.searchsorted(found.start_us, time_us, side="right")) - 1
    if np.all(found.quantity == ABSENT):
        return None
    start_us = int(found.start_us[place])
    return replace(between(found, start_us, start_us + 1), remainder=())


def within(view: View, key: SeriesKey, start_us: int, end_us: int) -> Period:
    """What is booked in the periods that lie in [start, end), each at its own step, as one;
    InvalidInput where the finest ones do not fill it."""
    zone = view.zone(key)
    first, last = local_day(start_us, zone), local_day(end_us - 1, zone)
    found = between(energy(view, key, first, last, "native"), start_us, end_us)
    ends = found.end_us.tolist()
    if not ends or (int(found.start_us[0]), ends[-1]) != (start_us, end_us):
        raise InvalidInput(
            "a stretch that begins or ends inside a period of the books",
            field="end",
            value=f"{iso(start_us, zone)} .. {iso(end_us, zone)}",
            fix=f"edges of {found.step_min} minutes, as /v1/energy?step=native lists them",
        )
    amounts = found.values()
    for coarse in found.remainder:
        inside = (coarse.end_us <= end_us).tolist()
        amounts += [one for one, holds in zip(coarse.values(), inside, strict=True) if holds]
    known = [one for one in amounts if one is not None]
    seconds = (found.end_us - found.start_us) // 1_000_000
    times = (found.shares.astype(np.int64) * seconds[:, np.newaxis]).sum(axis=0)
    return Period(
        start_us,
        end_us,
        sum(known) if known else None,
        from_times(times[np.newaxis, :])[0],
        bool(found.provisional.any()),
    )


def silent(view: View, key: SeriesKey, first: date, last: date) -> tuple[str, ...]:
    """Meters that count into the series on the last day and booked nothing in the range; of a
    moment without those of shared places of which it says nothing."""
    known = (m for m in view.meters(key, last) if m in view.registry.meters)
    keys = {m: own for m in known if view.names(own := view.key_of(m))}
    view.load(list(keys.values()), first, last)
    heard = {
        meter
        for meter, own in keys.items()
        if any(row.total is not None for row in view.rows(own, first, last).values())
    }
    return tuple(sorted(keys.keys() - heard))


def native_step(view: View, key: SeriesKey, day: date) -> int:
    """The finest step that counts into a series [min]."""
    if key.kind == "meter":
        return view.registry.meters[key.code].step_min
    figure = view.figure(key, day)
    return figure.step_min if figure else 15


def _minutes(view: View, key: SeriesKey, day: date, step: str) -> int:
    if step == "native":
        return native_step(view, key, day)
    if step not in _MINUTES:
        raise InvalidInput(
            "unknown step", field="step", value=step, fix=f"one of: {', '.join(STEPS)}"
        )
    return _MINUTES[step]


def _steps(
    view: View,
    key: SeriesKey,
    rows: Days,
    days: list[date],
    step: str,
    minutes: int,
    silent_ones: tuple[str, ...] = (),
    remainder: tuple[Energy, ...] = (),
    *,
    exactly: bool = False,
) -> Energy:
    """The parts that are as fine as a step, or those of `exactly` that step."""
    zone = view.zone(key)
    edges = [day_edges(day, zone, minutes) for day in days]
    counts = [len(starts) for starts, _ in edges]
    quantity, shares = (coarser if exactly else columns)(rows, days, counts, minutes)
    provisional = np.array([_provisional(view, zone, rows, [d]) for d in days], dtype=np.bool_)
    return Energy(
        key,
        step,
        minutes,
        zone,
        np.concatenate([starts for starts, _ in edges]),
        np.concatenate([ends for _, ends in edges]),
        quantity,
        shares,
        np.repeat(provisional, counts),
        view.revision(key.institution),
        silent_ones,
        exactly,
        remainder,
    )


def _provisional(view: View, zone: str, rows: Days, days: list[date]) -> bool:
    clock = view.clock
    return any(rows[d].provisional if d in rows else not clock.is_settled(d, zone) for d in days)


def stretches(view: View, key: SeriesKey, spans: Sequence[tuple[date, date]]) -> Energy:
    """Energy of stretches of local days (first, last), both included, each as one period.

    They rise and do not overlap; there is at least one. Worth and quality are told of them as
    of calendar months, which are stretches like any other.
    """
    rows = view.rows(key, spans[0][0], spans[-1][1])
    return _wholes(view, key, rows, [days_between(*span) for span in spans])


def _months(
    view: View, key: SeriesKey, rows: Days, days: list[date], silent_ones: tuple[str, ...]
) -> Energy:
    return replace(_wholes(view, key, rows, by_month(days)), silent=silent_ones)


def _wholes(view: View, key: SeriesKey, rows: Days, months: Sequence[list[date]]) -> Energy:
    """Runs of days, each as a month is."""
    zone = view.zone(key)
    totals = [month_total([rows[d] for d in part if d in rows]) for part in months]
    return Energy(
        key,
        "month",
        0,
        zone,
        np.array([day_bounds(part[0], zone)[0] for part in months], dtype=np.int64),
        np.array([day_bounds(part[-1], zone)[1] for part in months], dtype=np.int64),
        np.array([ABSENT if t is None else t for t in totals], dtype=np.int64),
        np.stack([month_quality(rows, part, zone, view.now_us) for part in months]),
        np.array([_provisional(view, zone, rows, part) for part in months], dtype=np.bool_),
        view.revision(key.institution),
    )
