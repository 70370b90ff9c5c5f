"""The overview of a place: today against last week, where the energy goes, day by day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

import figures
from api.moments import as_of_text
from api.page import cases, charts, intensity, marks, so_far, tables
from api.page.closings import closed_months
from api.page.figure import WorthShown
from api.page.language import N_
from api.page.places import ELECTRICITY, Place, place_of
from api.page.visit import Visit
from api.usecases.findings import CasesWanted, find
from figures import Parts, Reached, View
from metering.localtime import day_bounds
from metering.quality import MISSING, WHOLE
from texts import word

WEEKS = 6
CARPET_DAYS = 28


def overview(visit: Visit, node: str | None, as_closed: bool = False) -> dict[str, Any] | None:
    """Everything the overview shows, closed months as they were closed where that is asked; None
    before anything is registered."""
    if node is None and not visit.caller.reach.top():
        return None
    place = place_of(visit, node)
    with visit.caller.view(bases=visit.bases) as view:
        found = _booked(visit, view, place)
    if found["has_books"]:
        _choose(visit, place, found, as_closed)
        wanted = CasesWanted("open", snoozed=False, told=True, under=place.node)
        found["findings"] = cases.shown(visit, find(visit.caller, wanted, limit=3))
        found["unusual"] = marks.unusual(visit, place)
    return found


def _choose(visit: Visit, place: Place, found: dict[str, Any], as_closed: bool) -> None:
    """Both states of the months that are shown and closed, and the one that is asked."""
    closed = {row.label: found["closed"].get(row.label) for row in found["months"]}
    names = " ".join(name for name in closed.values() if name)
    if not names:
        return
    way = f"/overview?{urlencode({'node': place.node})}"
    found["moments"] = [(way, ""), (f"{way}&closed=1", names)]
    found["chosen"] = names if as_closed else ""
    if as_closed:
        found["months"] = [
            own
            for row in found["months"]
            for own in (as_closed_row(visit, place, row.label, closed[row.label]) or [row])
        ]


def as_closed_row(visit: Visit, place: Place, month: str, name: str | None) -> list[WorthShown]:
    """The row of a month as a closing pins it; none where there is no closing, or the place was not
    registered yet."""
    if name is None:
        return []
    moment = as_of_text(visit.caller, name, place.institution)
    with visit.caller.view(moment, visit.bases) as view:
        if place.node not in view.registry.nodes:
            return []
        return tables.month_as_closed(view, place.key(place.node), month, name)


def _booked(visit: Visit, view: View, place: Place) -> dict[str, Any]:
    """All that comes of the books, at one revision."""
    key, first = place.key(place.node), place.today - timedelta(days=7 * WEEKS - 1)
    own = view.rows(key, first, place.today)
    until = figures.reached(view, key, place.today)
    found: dict[str, Any] = {
        **so_far.place_head(visit, place, until),
        "weekday": visit.text(WEEKDAYS[place.today.weekday()]),
        "has_books": bool(own),
        "moments": [],
        "chosen": "",
        "revision": view.revision(key.institution),
    }
    if not own:
        return found
    week = (place.week_ago, place.today - timedelta(days=1))
    parts = figures.parts(view, key, *week)
    power = figures.drawable(view, key, place.today - timedelta(days=CARPET_DAYS - 1), place.today)
    found["week_known"] = _known(view, place, parts)
    found["lineage"] = _lineage(place, so_far.passed_us(until))
    found["cards"] = so_far.cards(visit, view, place, until)
    found["undrawn"] = bool(power.remainder)
    found["days"] = tables.days_table(view, place)
    found["months"] = tables.months_table(view, place)
    found["closed"] = closed_months(visit, place.node)
    found["parts"] = tables.parts_table(visit, place, parts, *week)
    found["intensity"] = intensity.rows(visit, view, place)
    found["no_area"] = intensity.no_area(visit, place)
    found["charts"] = {
        "today": _today_chart(visit, view, place),
        "sub_items": _items_chart(visit, parts),
        "places": _places_chart(visit, view, place, until),
        "carpet": charts.carpet(power, "kW", view.now_us),
        "daily": _daily_chart(visit, view, place, first),
    }
    return found


WEEKDAYS = (
    N_("Monday"),
    N_("Tuesday"),
    N_("Wednesday"),
    N_("Thursday"),
    N_("Friday"),
    N_("Saturday"),
    N_("Sunday"),
)


def _children(visit: Visit, place: Place) -> list[str]:
    """Nodes right below, passing through a node that has only one."""
    reach, code = visit.caller.reach, place.node
    while True:
        below = reach.registry.children(code, place.today)
        below = [child for child in below if reach.scope.holds(child, place.today)]
        if len(below) != 1:
            return below
        code = below[0]


def _known(view: View, place: Place, parts: Parts) -> float | None:
    """Known share of the last seven full days; None where none of them is booked."""
    key = place.key(place.node)
    if parts.total.shares is None or not view.rows(
        key, place.week_ago, place.today - timedelta(days=1)
    ):
        return None
    return 1 - int(parts.total.shares[MISSING]) / WHOLE


def _lineage(place: Place, passed: int) -> str:
    """Where the newest booked hour comes from."""
    if not passed:
        return ""
    at_us = day_bounds(place.today, place.zone)[0] + passed - 1
    return f"/lineage?node={place.node}&item={ELECTRICITY}&time={at_us}"


def _today_chart(visit: Visit, view: View, place: Place) -> charts.Chart:
    traces = []
    key, now_us = place.key(place.node), view.now_us
    if view.rows(key, place.week_ago, place.week_ago):
        before = figures.drawable(view, key, place.week_ago, place.week_ago)
        x, y = charts.power(before, now_us, place.today)
        label = f"{place.week_ago:%m-%d}"
        traces.append(charts.line(label, x, y, charts.SECOND, line={"dash": "dot"}))
    if view.rows(key, place.today, place.today):
        x, y = charts.power(figures.drawable(view, key, place.today, place.today), now_us)
        label = visit.text("today, provisional")
        fill = {"fill": "tozeroy", "fillcolor": "var(--accent-soft)"}
        traces.append(charts.line(label, x, y, charts.ACCENT, **fill))
    return charts.chart(
        traces, xaxis={"type": "date", "tickformat": "%H:%M"}, yaxis={"rangemode": "tozero"}
    )


def _items_chart(visit: Visit, parts: Parts) -> charts.Chart | None:
    """Seven full days by sub-item, with what no sub-meter sees."""
    known = [one for one in parts.parts if one.amount is not None]
    if not known:
        return None
    names = [word("item", one.item, visit.language) for one in known]
    values = [charts.canonical(one.amount, one.item) for one in known]
    rest = parts.difference.amount
    if rest is not None and rest >= 0:
        names.append(visit.text("Unmetered"))
        values.append(charts.canonical(rest, ELECTRICITY))
    shown = charts.bars(names, [("kWh", values, charts.ACCENT)])
    colours = [charts.ACCENT] * len(known) + [charts.SECOND]
    shown["data"][0]["marker"]["color"] = colours[: len(names)]
    return shown


def _places_chart(visit: Visit, view: View, place: Place, until: Reached) -> charts.Chart | None:
    """Each place below: today as far as it is known there, and last week up to the same."""
    children = _children(visit, place)
    view.load([place.key(child) for child in children], place.week_ago, place.today)
    names: list[str] = []
    now: list[float | None] = []
    then: list[float | None] = []
    for child in children:
        key = place.key(child)
        today = figures.so_far(view, key, place.today).amount
        before = figures.up_to(view, key, place.week_ago, until).amount
        if today is None and before is None:
            continue
        names.append(visit.caller.reach.registry.node(child).name(visit.language))
        now.append(charts.canonical(today, ELECTRICITY))
        then.append(charts.canonical(before, ELECTRICITY))
    if not names:
        return None
    series = [
        (visit.text("today"), now, charts.ACCENT),
        (f"{place.week_ago:%m-%d}", then, charts.SECOND),
    ]
    return charts.bars(names, series)


def _daily_chart(visit: Visit, view: View, place: Place, first: date) -> charts.Chart:
    names = (visit.text("complete"), visit.text("incomplete"), visit.text("provisional"))
    days = figures.energy(view, place.key(place.node), first, place.today, "day")
    return charts.daily(days, names, visit.text("of the day known"))
