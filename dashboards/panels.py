"""Panels in the classic JSON form, of types that Grafana 9.4 to 13 all know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Json = dict[str, Any]
DATASOURCE: Json = {"type": "influxdb", "uid": "greenoffice"}
GREEN, BLUE, ORANGE, RED, GREY = "#2f9e44", "#1f78b4", "#e8890c", "#d6336c", "#8a8f98"
KWH, KW, SHARE = "kwatth", "kwatt", "percentunit"
TONNES = "suffix: t"
CURRENCIES = {"CNY": "currency:¥", "EUR": "currency:€", "GBP": "currency:£", "USD": "currency:$"}
"""Units of series that are named as their currency; of others the name says what they are in."""
IN_CURRENCY = "\"currency\" = '$currency'"
"""Currencies are never added: the board shows the chosen one."""


def target(query: str, alias: str = "", *, table: bool = False) -> Json:
    """A query as the raw text of an InfluxQL statement."""
    return {
        "datasource": DATASOURCE,
        "rawQuery": True,
        "query": query,
        "alias": alias,
        "resultFormat": "table" if table else "time_series",
    }


def panel(
    kind: str,
    title: str,
    targets: Sequence[Json],
    *,
    description: str = "",
    unit: str = "short",
    decimals: int | None = None,
    options: Json | None = None,
    custom: Json | None = None,
    overrides: Sequence[Json] = (),
    color: Json | None = None,
    thresholds: Sequence[tuple[float | None, str]] = ((None, GREEN),),
    least: float | None = None,
    more: Json | None = None,
) -> Json:
    """A panel without its place and id; those come with the board."""
    defaults: Json = {
        "unit": unit,
        "color": color or {"mode": "palette-classic"},
        "custom": custom or {},
        "mappings": [],
        "thresholds": {
            "mode": "absolute",
            "steps": [{"color": shade, "value": value} for value, shade in thresholds],
        },
    }
    for name, value in (("decimals", decimals), ("min", least)):
        if value is not None:
            defaults[name] = value
    return {
        "type": kind,
        "title": title,
        "description": description,
        "datasource": DATASOURCE,
        "targets": [{"refId": chr(ord("A") + n), **one} for n, one in enumerate(targets)],
        "fieldConfig": {"defaults": defaults, "overrides": list(overrides)},
        "options": options or {},
        **(more or {}),
    }


def during(range_from: str) -> Json:
    """A panel's own range, such as today or this month, whatever the board shows."""
    return {"timeFrom": range_from, "hideTimeOverride": True}


def stat(
    title: str,
    *targets: Json,
    range_from: str = "",
    color: str = GREEN,
    text_mode: str = "value",
    size: int = 34,
    **more: Any,
) -> Json:
    """One large number, or few; what is not known shows as a dash, never as 0."""
    options = {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "textMode": text_mode,
        "text": {"valueSize": size},
    }
    own = during(range_from) if range_from else None
    thresholds = more.pop("thresholds", ((None, color),))
    return panel(
        "stat",
        title,
        targets,
        options=options,
        color={"mode": "thresholds"},
        thresholds=thresholds,
        more=own,
        **more,
    )


def lines(
    title: str, targets: Sequence[Json], *, soft: tuple[float, float] | None = None, **more: Any
) -> Json:
    """Curves over time; a gap stays a gap. The axis shows at least the `soft` span."""
    style: Json = {"drawStyle": "line", "fillOpacity": 0}
    if soft is not None:
        style |= {"axisSoftMin": soft[0], "axisSoftMax": soft[1]}
    return _timeseries(title, targets, style, **more)


def bars(title: str, targets: Sequence[Json], *, stacked: bool = False, **more: Any) -> Json:
    """Bars over time, stacked if asked."""
    style: Json = {"drawStyle": "bars", "fillOpacity": 75, "barAlignment": 1, "lineWidth": 0}
    if stacked:
        style["stacking"] = {"mode": "normal", "group": "A"}
    return _timeseries(title, targets, style, **more)


def _timeseries(title: str, targets: Sequence[Json], style: Json, **more: Any) -> Json:
    custom = {
        "lineWidth": 2,
        "lineInterpolation": "linear",
        "showPoints": "never",
        "spanNulls": False,
        "axisPlacement": "auto",
        "axisSoftMin": 0,
        **style,
    }
    options = {
        "legend": {
            "displayMode": "list",
            "placement": "bottom",
            "showLegend": True,
            "calcs": [],
        },
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return panel("timeseries", title, targets, options=options, custom=custom, **more)


def ranking(title: str, query: str, alias: str, **more: Any) -> Json:
    """One bar a series, the longest first."""
    options = {
        "displayMode": "gradient",
        "orientation": "horizontal",
        "showUnfilled": True,
        "minVizHeight": 14,
        "minVizWidth": 0,
        "text": {"titleSize": 14, "valueSize": 18},
        "reduceOptions": {"calcs": [], "fields": "", "values": True},
    }
    order = [
        {"id": "reduce", "options": {"mode": "seriesToRows", "reducers": ["lastNotNull"]}},
        {
            "id": "sortBy",
            "options": {"fields": {}, "sort": [{"field": "Last *", "desc": True}]},
        },
    ]
    color = {"mode": "continuous-GrYlRd"}
    return panel(
        "bargauge",
        title,
        [target(query, alias)],
        options=options,
        color=color,
        least=0,
        more={"transformations": order},
        **more,
    )


def donut(title: str, targets: Sequence[Json], **more: Any) -> Json:
    """Shares of a whole."""
    options = {
        "pieType": "donut",
        "displayLabels": ["percent"],
        "legend": {
            "displayMode": "table",
            "placement": "right",
            "showLegend": True,
            "values": ["value"],
        },
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "tooltip": {"mode": "single", "sort": "none"},
    }
    return panel("piechart", title, targets, options=options, **more)


def carpet(
    title: str,
    targets: Sequence[Json],
    *,
    span: tuple[float, float] | None = None,
    least: float = 1e-9,
    **more: Any,
) -> Json:
    """A carpet, such as day by hour: each series is a row of it.

    `span` is what the colours stand for; cells up to `least` stay empty.
    """
    color: Json = {"mode": "scheme", "scheme": "YlOrRd", "steps": 96, "reverse": False}
    if span is not None:
        color |= {"min": span[0], "max": span[1]}
    options = {
        "calculate": False,
        "cellGap": 1,
        "color": color,
        "rowsFrame": {"layout": "auto"},
        "showValue": "never",
        "tooltip": {"show": True, "yHistogram": False},
        "legend": {"show": True},
        "yAxis": {"axisPlacement": "left", "reverse": True, "unit": "short"},
        "exemplars": {"color": "rgba(255,0,255,0.7)"},
        "filterValues": {"le": least},
    }
    return panel("heatmap", title, targets, options=options, **more)


def table(title: str, query: str, *, sort_by: str, rising: bool = False, **more: Any) -> Json:
    """Rows as they are, the largest of a column first, or the smallest."""
    options = {
        "showHeader": True,
        "cellHeight": "sm",
        "footer": {"show": False, "reducer": ["sum"], "fields": ""},
        "sortBy": [{"displayName": sort_by, "desc": not rising}],
    }
    custom = {"align": "auto", "filterable": False, "displayMode": "auto"}
    return panel(
        "table", title, [target(query, table=True)], options=options, custom=custom, **more
    )


def override(name: str, **properties: Any) -> Json:
    """Settings of one field by its shown name; `__` in a property's name stands for a dot."""
    return {
        "matcher": {"id": "byName", "options": name},
        "properties": [
            {"id": id.replace("__", "."), "value": value} for id, value in properties.items()
        ],
    }


def money_units() -> list[Json]:
    """The unit of each series that is named as its currency."""
    return [override(name, unit=unit) for name, unit in CURRENCIES.items()]
