"""The figures behind the overview's charts, as tables that people and machines can read."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import figures
from api.page import figure
from api.page.figure import WorthShown
from api.page.places import ELECTRICITY, Place
from api.page.visit import Visit
from figures import Held, Parts, View, periods, worth_of_each
from metering.book import SeriesKey
from metering.closing import days_of_period
from metering.localtime import local_day, month_start
from texts import word

FULL_DAYS = 14


def days_table(view: View, place: Place) -> list[WorthShown]:
    """The last full days, newest first."""
    key = place.key(place.node)
    first, last = place.today - timedelta(days=FULL_DAYS), place.today - timedelta(days=1)
    return _rows(view, key, first, last, "day", "%Y-%m-%d")[::-1]


def months_table(view: View, place: Place) -> list[WorthShown]:
    """The running month and the last full one."""
    first = month_start(month_start(place.today) - timedelta(days=1))
    return _rows(view, place.key(place.node), first, place.today, "month", "%Y-%m")[::-1]


def month_as_closed(view: View, key: SeriesKey, month: str, name: str) -> list[WorthShown]:
    """The row of a closed month (YYYY-MM) in the view of its closing."""
    return _rows(view, key, *days_of_period(month), "month", "%Y-%m", name)


def _rows(
    view: View, key: SeriesKey, first: date, last: date, step: str, form: str, as_of: str = ""
) -> list[WorthShown]:
    found = figures.energy(view, key, first, last, step)
    shown = []
    for period, worth in zip(periods(found), worth_of_each(view, found), strict=True):
        start = local_day(period.start_us, found.zone)
        end = local_day(period.end_us - 1, found.zone)
        held = Held(key.item, period.amount, period.shares, period.provisional, worth)
        of = replace(figure.of_days(key.code, key.item, start, end), as_of=as_of)
        shown.append(figure.row(f"{start:{form}}", held, of))
    return shown


def parts_table(
    visit: Visit, place: Place, found: Parts, first: date, last: date, as_of: str = ""
) -> list[WorthShown]:
    """Sub-items, then the difference, then the total; empty where there are no sub-items."""
    if not found.parts:
        return []
    rows = [
        figure.row(
            word("item", one.item, visit.language),
            one,
            replace(figure.of_days(place.node, one.item, first, last), as_of=as_of),
        )
        for one in found.parts
    ]
    of_rest = figure.of_days(place.node, ELECTRICITY, first, last, figure.DIFFERENCE)
    of_total = figure.of_days(place.node, ELECTRICITY, first, last)
    of_rest, of_total = (replace(one, as_of=as_of) for one in (of_rest, of_total))
    rows.append(figure.row(visit.text("Difference"), found.difference, of_rest))
    rows.append(figure.row(visit.text("Total"), found.total, of_total))
    return rows
