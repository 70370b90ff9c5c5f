"""A board: variables, and panels set out in rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dashboards.panels import DATASOURCE, Json
from texts import code_of, text

SCHEMA_VERSION = 37
COLUMNS = 24
Row = tuple[int, Sequence[tuple[int, Json]]]
"""(height, (width, panel)...) in grid units; widths add to 24."""


def board(
    uid: str, title: str, language: str, rows: Sequence[Row], variables: Sequence[Json]
) -> Json:
    """The whole dashboard, ready for a file or Grafana's API."""
    return {
        "uid": uid,
        "title": title,
        "tags": ["greenoffice", language],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "timezone": "browser",
        "weekStart": "monday",
        "time": {"from": "now-30d/d", "to": "now"},
        "refresh": "5m",
        "timepicker": {},
        "annotations": {"list": []},
        "links": [_links(language)],
        "templating": {"list": list(variables)},
        "panels": _placed(rows),
    }


def _placed(rows: Sequence[Row]) -> list[Json]:
    """Panels with ids from 1 and places from the top left."""
    panels: list[Json] = []
    y = 0
    for height, row in rows:
        x = 0
        for width, panel in row:
            place = {"x": x, "y": y, "w": width, "h": height}
            panels.append({"id": len(panels) + 1, "gridPos": place, **panel})
            x += width
        if x != COLUMNS:
            raise ValueError(f"a row is {x} wide, not {COLUMNS}: {[p['title'] for _, p in row]}")
        y += height
    return panels


def _links(language: str) -> Json:
    """A drop-down to the other boards of the language."""
    return {
        "type": "dashboards",
        "title": text("board.boards", language),
        "tags": ["greenoffice", language],
        "asDropdown": False,
        "includeVars": True,
        "keepTime": True,
        "targetBlank": False,
        "icon": "external link",
        "tooltip": "",
        "url": "",
    }


def nodes(language: str) -> list[Json]:
    """`$node` chosen by name, and `$zone`, its time zone."""
    choice = f'SHOW TAG VALUES FROM "energy" WITH KEY = "choice_{code_of(language)}"'
    zone = 'SHOW TAG VALUES FROM "energy" WITH KEY = "zone" WHERE "node" = \'$node\''
    named = r"/(?<text>.*) \[(?<value>.*)\]/"
    return [
        _query("node", text("board.place", language), choice, regex=named),
        _query("zone", "", zone, hide=2),
    ]


def currency(language: str) -> Json:
    """`$currency`, one of those of the tariffs."""
    query = 'SHOW TAG VALUES FROM "energy" WITH KEY = "currency"'
    return _query("currency", text("board.currency", language), query)


def _query(name: str, label: str, query: str, *, regex: str = "", hide: int = 0) -> Json:
    return {
        "type": "query",
        "name": name,
        "label": label,
        "datasource": DATASOURCE,
        "query": query,
        "definition": query,
        "regex": regex,
        "refresh": 1,
        "sort": 0,
        "multi": False,
        "includeAll": False,
        "hide": hide,
        "skipUrlSync": False,
        "current": {},
        "options": [],
    }


def choice(name: str, label: str, options: Sequence[tuple[str, str]]) -> Json:
    """A variable with given (text, value) options, the first one chosen."""
    shown: list[dict[str, Any]] = [
        {"text": text, "value": value, "selected": n == 0}
        for n, (text, value) in enumerate(options)
    ]
    return {
        "type": "custom",
        "name": name,
        "label": label,
        "query": ",".join(f"{text} : {value}" for text, value in options),
        "multi": False,
        "includeAll": False,
        "hide": 0,
        "skipUrlSync": False,
        "current": {"text": options[0][0], "value": options[0][1], "selected": True},
        "options": shown,
    }
