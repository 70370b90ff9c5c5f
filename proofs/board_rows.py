"""Every panel's query, run over the API as Grafana would: how many rows each one shows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from dashboards.boards import LANGUAGES, boards
from dashboards.panels import Json
from metering.errors import InvalidInput, Unavailable

INTERVAL = "1h"
_SPANS = {"now/d": "1d", "now/M": "31d"}
_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::\w+)?\}|(\w+))")


@dataclass(frozen=True)
class PanelRows:
    """How many rows with a value one query of one panel brings."""

    board: str
    panel: str
    query: str
    """With its variables filled in."""
    rows: int


@dataclass(frozen=True)
class _Api:
    url: str
    key: str

    def series(self, query: str) -> list[Json]:
        """Series of the one statement; InvalidInput with the API's own words if refused."""
        form = urlencode({"q": query, "db": "greenoffice", "epoch": "ms"}).encode()
        headers = {"Authorization": f"Token {self.key}"}
        request = Request(f"{self.url.rstrip('/')}/influx/query", form, headers)  # noqa: S310
        try:
            with urlopen(request, timeout=60) as response:  # noqa: S310
                found: Json = json.load(response)
        except HTTPError as refused:
            raise InvalidInput(
                _said(refused), field="query", value=query, fix="see docs/grafana.md"
            ) from None
        except URLError as gone:
            raise Unavailable(
                f"no answer: {gone.reason}",
                field="api_url",
                value=self.url,
                fix="start the platform, or give its address",
            ) from None
        return list(found["results"][0].get("series", []))


def check_boards(api_url: str, key: str, languages: tuple[str, ...] = LANGUAGES) -> list[PanelRows]:
    """Rows of every query of every panel; a panel without rows has 0.

    Variables that ask the API take their first value; of the others every value is tried.
    Raises InvalidInput for a query that the API refuses.
    """
    api = _Api(api_url, key)
    return [found for board in boards(languages) for found in _panels(api, board)]


def board_queries(
    api_url: str, key: str, languages: tuple[str, ...] = LANGUAGES
) -> tuple[dict[str, list[str]], list[str]]:
    """(The queries of each board's panels as it opens, every variable at its first value; boards
    whose variables have none). Raises InvalidInput for a query that the API refuses."""
    api, found, left_out = _Api(api_url, key), dict[str, list[str]](), list[str]()
    for board in boards(languages):
        try:
            values = next(_values(api, board["templating"]["list"]))
        except InvalidInput as empty:
            left_out.append(f"{board['uid']}: {empty}")
            continue
        found[board["uid"]] = [
            filled(one["query"], values, _span(panel.get("timeFrom") or board["time"]["from"]))
            for panel in board["panels"]
            for one in panel["targets"]
        ]
    return found, left_out


def board_values(
    api_url: str, key: str, board: Json, *, all_choices: bool = True
) -> list[Mapping[str, str]]:
    """Values of a board's variables: each choice of its own, the API's first for the others; or the
    first of all. InvalidInput where one has no value."""
    found = _values(_Api(api_url, key), board["templating"]["list"])
    return list(found) if all_choices else [next(found)]


def _panels(api: _Api, board: Json) -> Iterator[PanelRows]:
    done: set[str] = set()
    for values in _values(api, board["templating"]["list"]):
        for panel in board["panels"]:
            since = _span(panel.get("timeFrom") or board["time"]["from"])
            for one in panel["targets"]:
                query = filled(one["query"], values, since)
                if query in done:
                    continue
                done.add(query)
                title = f"{panel['title']} {one['refId']}"
                shown = filled(title, values, since)
                yield PanelRows(board["uid"], shown, query, _rows(api.series(query)))


def _values(api: _Api, variables: list[Json]) -> Iterator[Mapping[str, str]]:
    """Every choice of the board's own variables, with the API's first for the others."""
    asked: dict[str, str] = {}
    for variable in variables:
        if variable["type"] == "query":
            query = filled(variable["query"], asked, "30d")
            asked[variable["name"]] = _first(api.series(query), variable)
    own = {v["name"]: [o["value"] for o in v["options"]] for v in variables if v["options"]}
    for chosen in product(*own.values()):
        yield asked | dict(zip(own, chosen, strict=True))


def _first(series: list[Json], variable: Json) -> str:
    """The first value that the variable's pattern lets through, as Grafana picks it."""
    pattern = variable["regex"].strip("/").replace("(?<", "(?P<")
    for one in series:
        for row in one["values"]:
            match = re.search(pattern, row[-1]) if pattern else None
            if match or not pattern:
                return match["value"] if match else str(row[-1])
    raise InvalidInput(
        "this variable has no value",
        field=variable["name"],
        value=variable["query"],
        fix="check that the key reaches a node with meters",
    )


def filled(text: str, values: Mapping[str, str], since: str) -> str:
    """The text with Grafana's variables replaced; InvalidInput for one that is not declared."""
    known = {
        "timeFilter": f"time >= now() - {since} and time <= now()",
        "__interval": INTERVAL,
        **values,
    }

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name not in known:
            fix = "declare it in the board's variables"
            raise InvalidInput("unknown variable", field="query", value=name, fix=fix)
        return known[name]

    return _VARIABLE.sub(value, text)


def _span(begin: str) -> str:
    """How long ago a range begins: `now-30d/d` and `30d` are 30d."""
    if begin in _SPANS:
        return _SPANS[begin]
    return begin.removeprefix("now-").partition("/")[0]


def _rows(series: list[Json]) -> int:
    """Rows that hold at least one value."""
    return sum(
        any(value is not None for value in row[1:]) for one in series for row in one["values"]
    )


def _said(refused: HTTPError) -> str:
    try:
        said: Any = json.loads(refused.read())
        return str(said["error"])
    except (ValueError, KeyError, TypeError):
        return f"the API answered {refused.code}"
