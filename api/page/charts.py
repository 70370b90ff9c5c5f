"""Charts as data for plotly: traces and layout, colours by the style sheet's names."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np

from api.page.formats import local
from metering.book import BookRow
from metering.items import category
from metering.localtime import MINUTE_US, slot_starts
from metering.quality import APPORTIONED, ESTIMATED, MEASURED, WHOLE
from metering.quantity import ABSENT, I64
from metering.units import BOOK_UNITS

Chart = dict[str, Any]
Numbers = Sequence[float | None]

ACCENT, SECOND, THIRD = "var(--accent)", "var(--second)", "var(--third)"
ROLE_COLOURS = {
    "utility": "var(--ink)",
    "ups_in": "var(--second)",
    "ups_out": "var(--third)",
    "it": "var(--accent)",
    "cooling": "var(--blue)",
}


def chart(data: list[Chart], **layout: Any) -> Chart:
    """Traces with their layout."""
    return {"data": data, "layout": layout}


def line(name: str, x: Sequence[str], y: Numbers, colour: str, **more: Any) -> Chart:
    """A line that breaks where nothing is known."""
    shape = {"color": colour, "width": 2, **more.pop("line", {})}
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": list(x),
        "y": list(y),
        "line": shape,
        "connectgaps": False,
        **more,
    }


def finished(row: BookRow, zone: str, now_us: int) -> I64:
    """The day's slots [book units], ABSENT where not over: half a slot is no mean power."""
    starts = slot_starts(row.day, zone, row.step_min)
    return np.where(starts + row.step_min * MINUTE_US <= now_us, row.slots, ABSENT)


def power(
    row: BookRow, zone: str, now_us: int, on: date | None = None
) -> tuple[list[str], list[float | None]]:
    """(local start times, mean power [canonical unit per hour]) of a day's finished slots.

    `on` moves the times to another date, to lay one day over another.
    """
    per_hour = 60 / row.step_min / BOOK_UNITS[category(row.key.item).unit].per_canonical
    times = [local(int(start), zone) for start in slot_starts(row.day, zone, row.step_min)]
    shown = [f"{on or time.date()} {time:%H:%M}" for time in times]
    values = [
        None if s == ABSENT else round(s * per_hour, 3)
        for s in finished(row, zone, now_us).tolist()
    ]
    return shown, values


def known_share(row: BookRow) -> float:
    """Share of the day's expected time that is measured, apportioned or estimated."""
    return float(row.day_shares[[MEASURED, APPORTIONED, ESTIMATED]].sum()) / WHOLE


def hourly_power(row: BookRow, zone: str, now_us: int) -> list[float | None]:
    """Mean power of each of 24 local hours of the clock; None where nothing is known."""
    per_hour = 60 / row.step_min / BOOK_UNITS[category(row.key.item).unit].per_canonical
    starts = slot_starts(row.day, zone, row.step_min)
    hours = np.array([local(int(start), zone).hour for start in starts])
    done = finished(row, zone, now_us)
    present = done != ABSENT
    means: list[float | None] = []
    for hour in range(24):
        slots = done[(hours == hour) & present]
        means.append(round(float(slots.mean()) * per_hour, 2) if slots.size else None)
    return means


def carpet(rows: Sequence[BookRow], zone: str, unit: str, now_us: int) -> Chart:
    """Days by hours, darker is more."""
    return chart(
        [
            {
                "type": "heatmap",
                "x": [f"{hour:02d}" for hour in range(24)],
                "y": [f"{row.day:%m-%d}" for row in rows],
                "z": [hourly_power(row, zone, now_us) for row in rows],
                "colorscale": [
                    [0, "#eef5ee"],
                    [0.35, "#a9d3b8"],
                    [0.65, "#4f9f83"],
                    [0.85, "#1f6f54"],
                    [1, "#0d3d36"],
                ],
                "colorbar": {"thickness": 8, "outlinewidth": 0, "title": {"text": unit}},
                "xgap": 1,
                "ygap": 1,
                "hovertemplate": "%{y} %{x}:00<br>%{z} " + unit + "<extra></extra>",
            }
        ],
        hovermode="closest",
        yaxis={"type": "category", "autorange": "reversed", "nticks": 12, "showgrid": False},
        xaxis={"type": "category", "nticks": 8, "showgrid": False},
    )


def daily(rows: Sequence[BookRow], names: tuple[str, str, str], known: str) -> Chart:
    """A bar a day; names are of complete, incomplete and provisional days."""
    traces = []
    kinds = [2 if row.provisional else 0 if known_share(row) >= 0.995 else 1 for row in rows]
    for kind, (name, colour) in enumerate(zip(names, (ACCENT, THIRD, SECOND), strict=True)):
        chosen = [row for row, own in zip(rows, kinds, strict=True) if own == kind]
        unit = BOOK_UNITS[category(chosen[0].key.item).unit] if chosen else None
        traces.append(
            {
                "type": "bar",
                "name": name,
                "x": [row.day.isoformat() for row in chosen],
                "y": [
                    None if row.total is None or unit is None else row.total / unit.per_canonical
                    for row in chosen
                ],
                "customdata": [round(known_share(row) * 100, 1) for row in chosen],
                "marker": {"color": colour},
                "hovertemplate": "%{y:,.0f} kWh<br>%{customdata} % " + known,
            }
        )
    return chart(traces, barmode="stack", xaxis={"type": "date", "tickformat": "%m-%d"})


def bars(names: Sequence[str], series: Sequence[tuple[str, Numbers, str]]) -> Chart:
    """Lying bars, several a name."""
    traces = [
        {
            "type": "bar",
            "orientation": "h",
            "name": label,
            "y": list(names),
            "x": list(values),
            "marker": {"color": colour},
            "hovertemplate": "%{x:,.1f}",
        }
        for label, values, colour in series
    ]
    return chart(
        traces,
        barmode="group",
        showlegend=len(series) > 1,
        hovermode="y unified",
        yaxis={"autorange": "reversed", "showgrid": False, "ticklabelstandoff": 8},
        xaxis={"nticks": 5},
    )
