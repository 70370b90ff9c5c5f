"""The data centre: power by role, ratios of energies over a stated period, rack inlet air.

The ratios are those of /v1/datacentre, with cover, category and boundary beside them; one that
is not known for long enough is not printed. Power over power is never called PUE.
Recommended rack inlet range 18 to 27 C: ASHRAE TC 9.9, classes A1 to A4.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

import figures
from api.page import charts, figure, formats
from api.page.figure import Of, Shown
from api.page.visit import Visit
from api.usecases.datacentre import FULL_DAYS, UNIT_ITEM
from figures import RATIOS, ROLES, View
from metering.localtime import HOUR_US, local_day
from metering.quality import WHOLE
from metering.registry import NodeType, Point
from texts import word

LOW_C, HIGH_C = 18.0, 27.0


@dataclass(frozen=True)
class RatioShown:
    """A ratio with what it rests on."""

    figure: Shown
    above: Shown
    below: Shown
    cover: float
    category: int | None
    boundary: str


def centres(visit: Visit) -> list[tuple[str, str]]:
    """(code, name) of the scope's data centres."""
    reach = visit.caller.reach
    nodes = (reach.registry.nodes.get(code) for code in sorted(reach.scope.nodes))
    return [(n.code, n.name(visit.language)) for n in nodes if n and n.type is NodeType.DATACENTRE]


def datacentre(visit: Visit, node: str | None) -> dict[str, Any] | None:
    """What the page shows; None where the scope has no data centre."""
    known = centres(visit)
    if node is None and not known:
        return None
    reach = visit.caller.reach
    code = reach.node(node or known[0][0]).code
    zone = reach.registry.zone(code)
    today = local_day(visit.caller.platform.now_us(), zone)
    first, last = today - timedelta(days=FULL_DAYS), today - timedelta(days=1)
    with visit.caller.view() as view:
        ratio = _ratio(view, code, "utility_per_it", first, last)
        ups = _ratio(view, code, "ups_efficiency", first, last)
        roles = _roles_chart(visit, view, code, today)
        revision = view.revision(reach.registry.institution(code))
    return {
        "name": reach.registry.node(code).name(visit.language),
        "node": code,
        "centres": known,
        "days": FULL_DAYS,
        "boundary": visit.text("boundary: the meters with a role at this node and below"),
        "period": f"{first} – {last}",
        "ratio": ratio,
        "ups": ups,
        "revision": revision,
        "racks": _racks(visit, code),
        "charts": {"roles": roles, "racks": _racks_chart(visit, code, zone)},
    }


def _ratio(view: View, code: str, name: str, first: date, last: date) -> RatioShown:
    found = figures.ratio(view, code, name, first, last)
    text = "" if found.value is None else f"{found.value:.2f}"
    if found.value is not None and name == "ups_efficiency":
        text = f"{found.value:.1%}".replace("%", " %")

    def of(part: str) -> Of:
        return figure.of_days(code, UNIT_ITEM, first, last, part)

    above, below = RATIOS[name]
    return RatioShown(
        figure.ratio(found.value, text, of(name)),
        figure.energy(found.above, of(above)),
        figure.energy(found.below, of(below)),
        found.cover / WHOLE,
        found.category,
        found.boundary,
    )


def _roles_chart(visit: Visit, view: View, code: str, today: date) -> charts.Chart:
    """Mean power of each role at its own step; a gap where one of its meters is not known."""
    traces, zone = [], view.registry.zone(code)
    for role in ROLES:
        own = figures.role_energy(view, code, today - timedelta(days=2), today, (role,))
        y = charts.numbers(own.power(role), 3)
        if any(value is not None for value in y):
            x = [f"{formats.local(at, zone):%Y-%m-%d %H:%M}" for at in own.start_us.tolist()]
            name = word("role", role, visit.language)
            traces.append(charts.line(name, x, y, charts.ROLE_COLOURS[role]))
    return charts.chart(
        traces,
        xaxis={"type": "date", "tickformat": "%H:%M\n%m-%d", "nticks": 6},
        yaxis={"rangemode": "tozero", "title": {"text": "kW"}},
    )


def _rack_points(visit: Visit, code: str) -> dict[int, Point]:
    reach = visit.caller.reach
    found = reach.registry.points_of_role("rack_inlet_temperature", reach.registry.subtree(code))
    return {point.id: point for point in found if point.id in reach.points}


def _racks(visit: Visit, code: str) -> list[dict[str, Any]]:
    known, reader = _rack_points(visit, code), visit.caller.platform.readings
    rows = visit.caller.reach.latest(reader, list(known.values()))
    return [
        {
            "name": known[int(rows.point[i])].name,
            "value": f"{rows.value[i]:.1f}",
            "fits": LOW_C <= float(rows.value[i]) <= HIGH_C,
        }
        for i in range(len(rows))
    ]


def _racks_chart(visit: Visit, code: str, zone: str) -> charts.Chart | None:
    names = _rack_points(visit, code)
    now_us = visit.caller.platform.now_us()
    if not names:
        return None
    found = visit.caller.platform.readings.scan(list(names), now_us - 24 * HOUR_US, now_us + 1)
    traces = []
    for n, (id, point) in enumerate(sorted(names.items())):
        rows = visit.caller.reach.within(point, found.take(found.point == id))
        own = np.arange(len(rows))
        own = own[:: max(1, len(own) // 400)]
        x = [f"{formats.local(int(t), zone):%Y-%m-%d %H:%M:%S}" for t in rows.time_us[own]]
        colour = (charts.ACCENT, charts.THIRD, "var(--blue)", charts.SECOND)[n % 4]
        values = [round(float(v), 2) for v in rows.value[own]]
        traces.append(charts.line(point.name, x, values, colour))
    band = {
        "type": "rect",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": LOW_C,
        "y1": HIGH_C,
        "line": {"width": 0},
        "fillcolor": "var(--accent-soft)",
        "layer": "below",
    }
    return charts.chart(
        traces,
        shapes=[band],
        xaxis={"type": "date", "tickformat": "%H:%M\n%m-%d", "nticks": 6},
        yaxis={"range": [LOW_C - 4, HIGH_C + 4]},
    )
