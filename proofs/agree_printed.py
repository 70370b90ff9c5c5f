"""The outside faces of `agree` that are made for people: the rendered page, CSV and XLSX."""

from __future__ import annotations

import csv
import io
import re
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from typing import Any

from greenoffice.client import read_key
from greenoffice.folder import DataFolder
from proofs.agree_compare import Answers, AskedFigure, NoAnswer, Told
from proofs.agree_faces import exact, of, stretch
from proofs.agree_questions import ELECTRICITY, HOURS, ONE, hours
from proofs.agree_world import AFTER, MONTH, PLACES, above, tenures

Row = Sequence[Any]


# --- the page -------------------------------------------------------------------------------


class VisitorPage:
    """A visitor's browser, signed in with the data folder's own key."""

    def __init__(self, folder: DataFolder) -> None:
        http = folder.settings().http
        self._url = f"http://{http.host}:{http.port}"
        handler = urllib.request.HTTPCookieProcessor(CookieJar())
        self._opener = urllib.request.build_opener(handler)
        token = re.search(r'name="token" value="([^"]+)"', self._get("/signin"))
        assert token is not None, "the sign-in form has no token"
        form = {"key": read_key(folder.admin_key), "token": token[1], "next": "/"}
        self._get("/signin", urllib.parse.urlencode(form).encode())

    def figures(self) -> Answers:
        """What the overview of every place prints, the data centre's page, and the way from some
        hours to their readings."""
        paths = [f"/overview?node={place.code}" for place in PLACES]
        paths += [
            f"/lineage?node={node}&item={item}&time={start}"
            for node, item, day in HOURS
            for _, start, _ in hours(node, item, day)
        ]
        found: Answers = {}
        for path in [*paths, "/datacentre?node=dc"]:
            for figure, told in printed(self._get(path)):
                if found.setdefault(figure, told) != told:
                    found[figure] = NoAnswer("told twice, not alike")
        return found

    def _get(self, path: str, form: bytes | None = None) -> str:
        with self._opener.open(f"{self._url}{path}", form, timeout=60) as answer:
            return str(answer.read().decode())


class _Printed(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[AskedFigure, Told]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own = {name: value or "" for name, value in attrs}
        if tag == "data" and "data-figure" in own:
            names = ("figure", "code", "item", "start", "end", "name", "currency")
            figure = AskedFigure(*(own.get(f"data-{name}", "") for name in names))
            self.found.append((figure, exact(own.get("value"))))


def printed(html: str) -> Iterator[tuple[AskedFigure, Told]]:
    """Every figure of a rendered page, with its exact value."""
    parser = _Printed()
    parser.feed(html)
    yield from parser.found


# --- the report -----------------------------------------------------------------------------

SIGNS = {"cost": "cost", "cost, at least": "cost_low", "cost, at most": "cost_high"}
RATIO_WORDS = {"Utility": "utility_per_it", "UPS": "ups_efficiency"}
"""With which word each begins."""
_COLUMN = re.compile(r"\((?P<node>[^/()]+)/(?P<item>\w{5})(?P<rest> difference)?\) \[[^\]]+\]$")
_MONEY = re.compile(r"(?P<kind>[\w, ]+) \[(?P<currency>[A-Z]{3})\]$")
_PLACES = {place.code: place for place in PLACES}


def csv_rows(data: bytes) -> list[Row]:
    """Cells of a report's CSV, as text."""
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))


def xlsx_rows(data: bytes) -> list[Row]:
    """Cells of all sheets of its workbook, one under the other; numbers are doubles."""
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    found: list[Row] = []
    for sheet in book.worksheets:
        found += [*sheet.iter_rows(values_only=True), ()]
    return found


def of_report(rows: Sequence[Row], institution: str) -> Answers:
    """Figures of the month's report, of the tables by node, by day and of ratios. Of a place that
    moved they are of the days on which it was the institution's."""
    found: Answers = {}
    heading: list[str] = []
    for row in rows:
        cells = [_text(cell) for cell in row]
        if not any(cells):
            heading = []
        elif cells[0] in ("Code", "Day"):
            heading = cells
        elif heading[:1] == ["Day"]:
            found |= _daily(heading, row, institution)
        elif heading[:3] == ["Code", "Node", "Item code"] and "kgCO₂" in heading:
            found |= _by_node(heading, row, institution)
        elif "Ratio" in heading and heading[0] == "Code":
            found |= _of_ratio(heading, row)
    return found


def _daily(heading: Sequence[str], row: Row, institution: str) -> Answers:
    day = _day(row[0])
    found: Answers = {}
    for title, cell in zip(heading[1:], row[1:], strict=False):
        named = _COLUMN.search(title)
        if day is not None and named is not None:
            name = "difference" if named["rest"] else ""
            figure = stretch("energy", _PLACES[named["node"]], named["item"], day, day, name)
            if above(named["node"], day)[-1] == institution:
                found[figure] = _told(cell)
            elif cell not in (None, ""):
                found[figure] = NoAnswer(f"{institution} tells {cell}, which is another's")
    return found


def _by_node(heading: Sequence[str], row: Row, institution: str) -> Answers:
    cells = dict(zip(heading, row, strict=False))
    if _text(cells["Code"]) not in _PLACES:
        return {}
    item, _, rest = _text(cells["Item code"]).partition(" ")
    place = _PLACES[_text(cells["Code"])]
    own = [span for span in tenures(place.code, MONTH, AFTER - ONE) if span[0] == institution]
    if not own:
        return {stretch("energy", place, item, MONTH, AFTER - ONE, rest): NoAnswer("not its own")}
    figure = stretch("energy", place, item, own[0][1], own[-1][2], rest)
    found: Answers = {
        figure: _told(cells["This month"]),
        of(figure, "kgco2"): _told(cells["kgCO₂"]),
    }
    for title, cell in cells.items():
        named = _MONEY.match(title)
        if named is not None and named["kind"].lower() in SIGNS and cell not in (None, ""):
            found[of(figure, SIGNS[named["kind"].lower()], named["currency"])] = _told(cell)
    return found


def _of_ratio(heading: Sequence[str], row: Row) -> Answers:
    cells = dict(zip(heading, row, strict=False))
    name = RATIO_WORDS.get(_text(cells["Ratio"]).partition(" ")[0])
    if name is None:
        return {}
    place = _PLACES[_text(cells["Code"])]
    return {stretch("ratio", place, ELECTRICITY, MONTH, AFTER - ONE, name): _told(cells["Value"])}


def _told(cell: Any) -> Told:
    """A number as a double, a text as an exact decimal."""
    return float(cell) if isinstance(cell, (int, float)) else exact(cell)


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell).strip()


def _day(cell: Any) -> date | None:
    if isinstance(cell, datetime):
        return cell.date()
    try:
        return date.fromisoformat(_text(cell))
    except ValueError:
        return None
