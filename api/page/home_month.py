"""Verdicts of days on home: yesterday in words, and a calendar of its month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from analytics import DayVerdict, VerdictKind, VerdictLack
from api.page import formats
from api.page.places import ELECTRICITY, Place
from api.page.visit import Visit
from api.usecases.energy import Days
from api.usecases.verdicts import verdicts_of
from figures import View
from metering.items import category
from metering.localtime import month_start, next_month
from texts import day_of, month_of, short_weekday, word

MARKS = {
    VerdictKind.WITHIN: "within",
    VerdictKind.ABOVE: "above",
    VerdictKind.BELOW: "below",
    VerdictKind.NOT_CHECKED: "open",
}
"""The shape of each: a disc, a triangle that points up or down, a ring."""


def verdicts(visit: Visit, view: View, place: Place) -> dict[str, Any]:
    """Yesterday and the days of its month that are over."""
    yesterday = place.today - timedelta(days=1)
    first = month_start(yesterday)
    key = place.key(place.node)
    told = verdicts_of(visit.caller, view, key, Days(first, yesterday))
    days = {one.day: one for one in told}
    return {
        "yesterday": _said(visit, told[-1]),
        "calendar": _calendar(visit, place, first, days),
        "month_name": month_of(first, visit.language),
        "strip": _strip(told),
        "weekdays": [short_weekday(date(2024, 1, n), visit.language) for n in range(1, 8)],
        "marks": [
            (mark, word("day_verdict", str(kind), visit.language)) for kind, mark in MARKS.items()
        ],
    }


def _said(visit: Visit, one: DayVerdict) -> dict[str, Any]:
    """A day in words; what is not known is ''."""
    shown = {
        "day": day_of(one.day, visit.language, year=False),
        "verdict": word("day_verdict", str(one.verdict), visit.language),
        "mark": MARKS[one.verdict],
        "lack": word("verdict_lack", str(one.lack), visit.language) if one.lack else "",
        "wants": "baseline" if one.lack in _BASELINES else "readings",
        "measured": "",
        "judged": "" if one.judged >= _ALL else f"{one.judged * 100:.0f} %",
        "complete": "" if one.complete >= _ALL else f"{one.complete * 100:.0f} %",
    }
    if one.lack is None:
        unit = category(ELECTRICITY).unit
        shown["measured"] = f"{formats.number(one.measured)} {unit}"
        shown["span"] = f"{formats.number(one.low)} – {formats.number(one.high)} {unit}"
        shown["beyond"] = f"{one.measured - one.expected:+,.0f} {unit}"
    return shown


_ALL = 0.995
_BASELINES = (VerdictLack.NO_BASELINE, VerdictLack.PARTLY_JUDGED)


@dataclass(frozen=True)
class StripDay:
    """A day in the picture of a month; heights are parts of the highest one [%]."""

    number: int
    mark: str
    measured: float
    low: float
    high: float


def _strip(told: Sequence[DayVerdict]) -> list[StripDay]:
    """The days that have a verdict; none where none is above nothing."""
    days = [one for one in told if one.lack is None]
    most = max((max(one.measured, one.high) for one in days), default=0.0)
    if most <= 0:
        return []

    def height(energy: float) -> float:
        return round(100 * max(energy, 0.0) / most, 2)

    return [
        StripDay(
            one.day.day,
            MARKS[one.verdict],
            height(one.measured),
            height(one.low),
            height(one.high),
        )
        for one in days
    ]


def _calendar(
    visit: Visit, place: Place, first: date, days: dict[date, DayVerdict]
) -> list[list[dict[str, Any] | None]]:
    """Weeks from Monday on; None before the first day and after the last."""
    last = next_month(first) - timedelta(days=1)
    cells: list[dict[str, Any] | None] = [None] * first.weekday()
    cells += [
        _cell(visit, place, day, days.get(day))
        for day in (first + timedelta(days=n) for n in range(last.day))
    ]
    cells += [None] * (-len(cells) % 7)
    return [cells[n : n + 7] for n in range(0, len(cells), 7)]


def _cell(visit: Visit, place: Place, day: date, one: DayVerdict | None) -> dict[str, Any]:
    if one is None:
        return {"number": day.day, "mark": "", "words": "", "way": ""}
    end = day + timedelta(days=1)
    asked = {"code": place.node, "item": ELECTRICITY, "start": str(day), "end": str(end)}
    said = _said(visit, one)
    words = [said["day"], said["verdict"], said["lack"]]
    if said["measured"]:
        words += [said["measured"], f"({said['span']})"]
    return {
        "number": day.day,
        "mark": said["mark"],
        "words": " · ".join(filter(None, words)),
        "way": f"/lineage?{urlencode(asked)}",
    }
