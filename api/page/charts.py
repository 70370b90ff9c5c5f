"""Charts as data for plotly: traces and layout, colours by the style sheet's names."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

import figures
from api.page.formats import local
from figures import Energy
from metering.quality import MISSING, WHOLE

F64 = NDArray[np.float64]
Chart = dict[str, Any]
Numbers = Sequence[float | None]

COMPLETE = 9_950
"""Known share of a day [1/10,000] from which on it is shown as complete."""
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


def power(
    energy: Energy, now_us: int, on: date | None = None
) -> tuple[list[str], list[float | None]]:
    """(local start times, mean power [canonical unit per hour]) of a series' finished periods.

    `on` moves the times to another date, to lay one day over another.
    """
    times = [local(start, energy.zone) for start in energy.start_us.tolist()]
    shown = [f"{on or time.date()} {time:%H:%M}" for time in times]
    return shown, numbers(figures.mean_power(energy, now_us), 3)


def numbers(values: F64, digits: int) -> list[float | None]:
    """Values for a chart, None where not known."""
    return [None if np.isnan(value) else round(value, digits) for value in values.tolist()]


def canonical(amount: int | None, item: str) -> float | None:
    """Book units as a number for a chart."""
    value = figures.canonical(amount, item)
    return None if value is None else float(value)


def carpet(energy: Energy, unit: str, now_us: int) -> Chart:
    """Days by hours, darker is more; days before anything was known are left out."""
    days, means = figures.by_clock_hour(energy, now_us)
    begun = np.flatnonzero(~np.isnan(means).all(axis=1))
    first = int(begun[0]) if begun.size else len(days)
    return chart(
        [
            {
                "type": "heatmap",
                "x": [f"{hour:02d}" for hour in range(24)],
                "y": [f"{day:%m-%d}" for day in days[first:]],
                "z": [numbers(row, 2) for row in means[first:]],
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


def daily(days: Energy, names: tuple[str, str, str], known: str) -> Chart:
    """A bar a day; names are of complete, incomplete and provisional days."""
    found = [one for one in figures.periods(days) if one.amount is not None]
    shares = [WHOLE - int(one.shares[MISSING]) for one in found]
    kinds = [
        2 if one.provisional else 0 if share >= COMPLETE else 1
        for one, share in zip(found, shares, strict=True)
    ]
    traces = []
    for kind, (name, colour) in enumerate(zip(names, (ACCENT, THIRD, SECOND), strict=True)):
        chosen = [place for place, own in enumerate(kinds) if own == kind]
        traces.append(
            {
                "type": "bar",
                "name": name,
                "x": [f"{local(found[n].start_us, days.zone):%Y-%m-%d}" for n in chosen],
                "y": [canonical(found[n].amount, days.key.item) for n in chosen],
                "customdata": [round(shares[n] / 100, 1) for n in chosen],
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
