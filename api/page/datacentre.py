"""The data centre: power by role, the ratio of energies over a stated period, rack inlet air.

The ratio utility / IT is of energies over whole days and says so; it is not printed when
either is known for less than 95 % of the period. Power over power is never called PUE.
Recommended rack inlet range 18 to 27 C: ASHRAE TC 9.9, classes A1 to A4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np

from api.page import charts, formats
from api.page.visit import Visit
from metering.book import BookRow, SeriesKey
from metering.localtime import HOUR_US, days_between, local_day
from metering.quality import MISSING, WHOLE
from metering.registry import Meter, NodeType

DAYS = 7
LEAST_COVERAGE = 0.95
LOW_C, HIGH_C = 18.0, 27.0
ROLES = ("utility", "ups_in", "ups_out", "it", "cooling")


def N_(text: str) -> str:  # noqa: N802
    """Marks a text for translation where it is not yet shown."""
    return text


ROLE_NAMES = {
    "utility": N_("Utility"),
    "ups_in": N_("UPS input"),
    "ups_out": N_("UPS output"),
    "it": N_("IT load"),
    "cooling": N_("Cooling"),
}


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
    by_role = _rows(visit, code, today)
    period = days_between(today - timedelta(days=DAYS), today - timedelta(days=1))
    return {
        "name": reach.registry.node(code).name(visit.language),
        "node": code,
        "centres": known,
        "days": DAYS,
        "boundary": visit.text("boundary: the meters with a role at this node and below"),
        "period": f"{period[0]} – {period[-1]}",
        "ratio": _ratio(by_role, "utility", "it", period, 1),
        "ups": _ratio(by_role, "ups_out", "ups_in", period, 100),
        "racks": _racks(visit, code),
        "charts": {
            "roles": _roles_chart(visit, by_role, zone, today),
            "racks": _racks_chart(visit, code, zone),
        },
    }


def _meters(visit: Visit, code: str) -> dict[str, list[Meter]]:
    reach = visit.caller.reach
    below = reach.registry.subtree(code)
    found: dict[str, list[Meter]] = {}
    for meter in reach.meters.values():
        if meter.dc_role and meter.node in below:
            found.setdefault(meter.dc_role, []).append(meter)
    return found


def _rows(visit: Visit, code: str, today: date) -> dict[str, list[list[BookRow]]]:
    """Per role, per meter, its rows of the period and today, by one call."""
    registry = visit.caller.reach.registry
    meters = _meters(visit, code)
    keys = {
        meter.code: SeriesKey(registry.institution(meter.node), "meter", meter.code, meter.item)
        for group in meters.values()
        for meter in group
    }
    rows: dict[str, list[BookRow]] = {}
    books = visit.caller.platform.books
    for row in books.rows(list(keys.values()), today - timedelta(days=DAYS), today):
        rows.setdefault(row.key.code, []).append(row)
    return {role: [rows.get(m.code, []) for m in group] for role, group in meters.items()}


def _energy(meters: Sequence[Sequence[BookRow]], period: Sequence[date]) -> tuple[int, float]:
    """(energy [book units], least known share of any meter) over the period."""
    amount, coverage = 0, 1.0
    for rows in meters:
        inside = [row for row in rows if period[0] <= row.day <= period[-1]]
        amount += sum(row.total or 0 for row in inside)
        known = sum(1 - int(row.day_shares[MISSING]) / WHOLE for row in inside)
        coverage = min(coverage, known / len(period))
    return amount, coverage if meters else 0.0


def _ratio(
    by_role: Mapping[str, Sequence[Sequence[BookRow]]],
    above: str,
    below: str,
    period: Sequence[date],
    scale: int,
) -> dict[str, Any]:
    over, over_known = _energy(by_role.get(above, []), period)
    under, under_known = _energy(by_role.get(below, []), period)
    coverage = min(over_known, under_known)
    stated = coverage >= LEAST_COVERAGE and under > 0
    digits = 2 if scale == 1 else 1
    return {
        "coverage": coverage,
        "value": f"{over / under * scale:.{digits}f}" if stated else "",
        "sums": f"{formats.energy(over, '01000')} / {formats.energy(under, '01000')}",
    }


def _roles_chart(
    visit: Visit, by_role: Mapping[str, Sequence[Sequence[BookRow]]], zone: str, today: date
) -> charts.Chart:
    traces = []
    now_us = visit.caller.platform.now_us()
    for role in (role for role in ROLES if role in by_role):
        x: list[str] = []
        y: list[float | None] = []
        for day in days_between(today - timedelta(days=2), today):
            rows = [row for meter in by_role[role] for row in meter if row.day == day]
            if rows:
                times, values = _sum_power(rows, zone, now_us)
                x, y = x + times, y + values
        traces.append(charts.line(visit.text(ROLE_NAMES[role]), x, y, charts.ROLE_COLOURS[role]))
    return charts.chart(
        traces,
        xaxis={"type": "date", "tickformat": "%H:%M\n%m-%d", "nticks": 6},
        yaxis={"rangemode": "tozero", "title": {"text": "kW"}},
    )


def _sum_power(
    rows: Sequence[BookRow], zone: str, now_us: int
) -> tuple[list[str], list[float | None]]:
    """Power of several meters of one role; None where any of them is unknown."""
    times, first = charts.power(rows[0], zone, now_us)
    columns = [first, *(charts.power(row, zone, now_us)[1] for row in rows[1:])]
    if len({len(column) for column in columns}) > 1:
        return times, [None] * len(times)
    sums: list[float | None] = []
    for slot in zip(*columns, strict=True):
        known = [value for value in slot if value is not None]
        sums.append(sum(known) if len(known) == len(slot) else None)
    return times, sums


def _rack_points(visit: Visit, code: str) -> dict[int, str]:
    reach = visit.caller.reach
    found = reach.registry.points_of_role("rack_inlet_temperature", reach.registry.subtree(code))
    return {point.id: point.name for point in found if point.id in reach.points}


def _racks(visit: Visit, code: str) -> list[dict[str, Any]]:
    names = _rack_points(visit, code)
    rows = visit.caller.platform.readings.latest(list(names)) if names else None
    if rows is None:
        return []
    return [
        {
            "name": names[int(rows.point[i])],
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
    rows = visit.caller.platform.readings.scan(list(names), now_us - 24 * HOUR_US, now_us + 1)
    traces = []
    for n, (point, name) in enumerate(sorted(names.items())):
        own = np.flatnonzero(rows.point == point)
        own = own[:: max(1, len(own) // 400)]
        x = [f"{formats.local(int(t), zone):%Y-%m-%d %H:%M:%S}" for t in rows.time_us[own]]
        colour = (charts.ACCENT, charts.THIRD, "var(--blue)", charts.SECOND)[n % 4]
        traces.append(charts.line(name, x, [round(float(v), 2) for v in rows.value[own]], colour))
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
