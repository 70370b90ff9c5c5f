"""The overview of a place: today against last week, where the energy goes, day by day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from api.page import cases, charts, formats, so_far
from api.page.places import ELECTRICITY, Place, place_of, places
from api.page.so_far import kwh
from api.page.visit import Visit
from api.routes.findings import find
from metering import items
from metering.book import BookRow, SeriesKey
from metering.localtime import day_bounds
from metering.quantity import total

PARTS = ("01A00", "01B00", "01C00", "01D00")
WEEKS = 6
CARPET_DAYS = 28

Rows = dict[tuple[SeriesKey, date], BookRow]


def overview(visit: Visit, node: str | None) -> dict[str, Any] | None:
    """Everything the overview shows; None before anything is registered."""
    if node is None and not visit.caller.reach.top():
        return None
    place = place_of(visit, node)
    books = visit.caller.platform.books
    first = place.today - timedelta(days=7 * WEEKS - 1)
    own = books.rows([place.key(place.node)], first, place.today)
    near = _near(visit, place)
    days = {row.day: row for row in own}
    today, before = days.get(place.today), days.get(place.week_ago)
    now_us = visit.caller.platform.now_us()
    passed = so_far.passed_us(today, place.zone, now_us)
    view: dict[str, Any] = {
        "name": visit.caller.reach.registry.node(place.node).name(visit.language),
        "node": place.node,
        "zone": place.zone,
        "day": place.today.isoformat(),
        "up_to": _up_to(place, passed),
        "weekday": visit.text(WEEKDAYS[place.today.weekday()]),
        "places": places(visit),
        "has_books": bool(own),
    }
    if not own:
        return view
    view["week_known"] = _known(own, place)
    view["lineage"] = _lineage(place, passed)
    view["cards"] = so_far.cards(visit, place, passed)
    view["findings"] = cases.shown(
        visit, find(visit.caller, state="open", limit=3, under=place.node)
    )
    view["charts"] = {
        "today": _today_chart(visit, place, today, before, now_us),
        "sub_items": _items_chart(visit, place, near, own),
        "places": _places_chart(visit, place, near, passed),
        "carpet": charts.carpet(own[-CARPET_DAYS:], place.zone, "kW", now_us),
        "daily": _daily_chart(visit, own),
    }
    return view


def N_(text: str) -> str:  # noqa: N802
    """Marks a text for translation where it is not yet shown."""
    return text


WEEKDAYS = (
    N_("Monday"),
    N_("Tuesday"),
    N_("Wednesday"),
    N_("Thursday"),
    N_("Friday"),
    N_("Saturday"),
    N_("Sunday"),
)


def _near(visit: Visit, place: Place) -> Rows:
    """Rows of the last eight days of the place's parts: nodes below and sub-items."""
    keys = [place.key(child) for child in _children(visit, place)]
    keys += [place.key(place.node, item) for item in PARTS]
    rows = visit.caller.platform.books.rows(keys, place.week_ago, place.today)
    return {(row.key, row.day): row for row in rows}


def _children(visit: Visit, place: Place) -> list[str]:
    """Nodes right below, passing through a node that has only one."""
    reach, code = visit.caller.reach, place.node
    while True:
        below = [c for c in reach.registry.children(code) if c in reach.scope.nodes]
        if len(below) != 1:
            return below
        code = below[0]


def _up_to(place: Place, passed: int) -> str:
    start_us = day_bounds(place.today, place.zone)[0]
    return f"{formats.local(start_us + passed, place.zone):%H:%M}" if passed else ""


def _known(own: Sequence[BookRow], place: Place) -> float | None:
    """Known share of the last seven full days; None before the first."""
    full = [row for row in own if place.week_ago <= row.day < place.today]
    return sum(charts.known_share(row) for row in full) / 7 if full else None


def _lineage(place: Place, passed: int) -> str:
    """Where the newest booked hour comes from."""
    if not passed:
        return ""
    at_us = day_bounds(place.today, place.zone)[0] + passed - 1
    return f"/lineage?node={place.node}&item={ELECTRICITY}&time={at_us}"


def _today_chart(
    visit: Visit, place: Place, today: BookRow | None, before: BookRow | None, now_us: int
) -> charts.Chart:
    traces = []
    if before is not None:
        x, y = charts.power(before, place.zone, now_us, place.today)
        label = f"{place.week_ago:%m-%d}"
        traces.append(charts.line(label, x, y, charts.SECOND, line={"dash": "dot"}))
    if today is not None:
        x, y = charts.power(today, place.zone, now_us)
        label = visit.text("today, provisional")
        fill = {"fill": "tozeroy", "fillcolor": "var(--accent-soft)"}
        traces.append(charts.line(label, x, y, charts.ACCENT, **fill))
    return charts.chart(
        traces, xaxis={"type": "date", "tickformat": "%H:%M"}, yaxis={"rangemode": "tozero"}
    )


def _items_chart(
    visit: Visit, place: Place, near: Rows, own: Sequence[BookRow]
) -> charts.Chart | None:
    """Seven full days by sub-item, with what no sub-meter sees."""
    sums = {
        item: _sum(
            row
            for (key, day), row in near.items()
            if key == place.key(place.node, item) and day < place.today
        )
        for item in PARTS
    }
    whole = _sum(row for row in own if place.week_ago <= row.day < place.today)
    known = {item: amount for item, amount in sums.items() if amount is not None}
    if not known:
        return None
    names = [items.name(item, visit.language) for item in known]
    values: list[float | None] = [amount / 1e6 for amount in known.values()]
    if whole is not None and whole >= sum(known.values()):
        names.append(visit.text("Unmetered"))
        values.append((whole - sum(known.values())) / 1e6)
    shown = charts.bars(names, [("kWh", values, charts.ACCENT)])
    colours = [charts.ACCENT] * len(known) + [charts.SECOND]
    shown["data"][0]["marker"]["color"] = colours[: len(names)]
    return shown


def _sum(rows: Iterator[BookRow]) -> int | None:
    totals = [row.total for row in rows if row.total is not None]
    return sum(totals) if totals else None


def _places_chart(visit: Visit, place: Place, near: Rows, passed: int) -> charts.Chart | None:
    names: list[str] = []
    now: list[float | None] = []
    then: list[float | None] = []
    for child in _children(visit, place):
        key = place.key(child)
        today, before = near.get((key, place.today)), near.get((key, place.week_ago))
        if today is None and before is None:
            continue
        names.append(visit.caller.reach.registry.node(child).name(visit.language))
        now.append(_kwh_until(today, passed, prorate=False))
        then.append(_kwh_until(before, passed, prorate=True))
    if not names:
        return None
    series = [
        (visit.text("today"), now, charts.ACCENT),
        (f"{place.week_ago:%m-%d}", then, charts.SECOND),
    ]
    return charts.bars(names, series)


def _kwh_until(row: BookRow | None, passed: int, *, prorate: bool) -> float | None:
    if row is None:
        return None
    return kwh(total(so_far.until(row.slots, row.step_min, passed, prorate=prorate)))


def _daily_chart(visit: Visit, own: Sequence[BookRow]) -> charts.Chart:
    names = (visit.text("complete"), visit.text("incomplete"), visit.text("provisional"))
    return charts.daily(own, names, visit.text("of the day known"))
