"""The exported file: lines of JSON under one seal.

header   whose readings, which days, by which rules
...      registered facts, a line each
message  the institution's readings of one message as it came
end      SHA-256 over every line before
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from metering.calendar import CalendarDay, DayKind, WorkCalendar
from metering.errors import InvalidInput, NotFound
from recompute.arrivals import Arrival, Stored
from recompute.facts import (
    EdgeLine,
    FactorLine,
    FileFacts,
    FormulaLine,
    InstallationLine,
    MeterLine,
    NodeLine,
    PointLine,
    PriceLine,
    ShareLine,
)
from recompute.formulas import formula_of
from recompute.line import Line

FORMAT = "greenoffice-journal-1"
RULES = 4
"""The booking rules that are written down here."""


@dataclass(frozen=True)
class Header:
    """What the file is of."""

    institution: str
    first: date
    """First local day that is asked."""
    after: date
    """The day behind the last one."""
    as_of_us: int
    """When it was exported [us UTC]."""
    rules: int
    registry: int
    revision: int


@dataclass
class Content:
    """All that the file holds."""

    header: Header
    facts: FileFacts = field(default_factory=FileFacts)
    arrivals: list[Arrival] = field(default_factory=list)
    """In the order of the journal."""
    stored: list[Stored] = field(default_factory=list)
    """Readings whose message the journal holds no more."""
    sealed: str = ""


def read_file(path: Path) -> Content:
    """Everything in an exported file. Raises NotFound where there is none, InvalidInput where it
    was damaged or altered, or is of other rules than these."""
    if not path.is_file():
        raise NotFound(
            "no such file", field="file", value=str(path), fix="name a file of `export journal`"
        )
    sealed = _sealed(path)
    content: Content | None = None
    with path.open("rb") as source:
        for line in itertools.starmap(_parsed, enumerate(source, start=1)):
            if content is None:
                content = Content(_header(line), sealed=sealed)
            elif line.kind != "end":
                taker = _TAKERS.get(line.kind)
                if taker is None:
                    known = ", ".join(_TAKERS)
                    raise line.wrong("kind", "no line of that kind is known", f"one of {known}")
                taker(content, line)
    assert content is not None
    return content


def _sealed(path: Path) -> str:
    """The seal, which must fit the lines before it."""
    digest, last, count = hashlib.sha256(), b"", 0
    with path.open("rb") as source:
        for line in source:
            digest.update(last)
            last, count = line, count + 1
    try:
        end = json.loads(last)
    except ValueError:
        end = None
    if not isinstance(end, dict) or end.get("kind") != "end" or not last.endswith(b"\n"):
        raise _altered("it ends before its seal", "end", None)
    if end.get("lines") != count - 1:
        raise _altered(f"it has {count - 1} lines before its seal", "lines", end.get("lines"))
    if end.get("sha256") != digest.hexdigest():
        raise _altered("its lines do not fit its seal", "sha256", end.get("sha256"))
    return digest.hexdigest()


def _altered(problem: str, where: str, value: object) -> InvalidInput:
    return InvalidInput(
        f"the file is not as it was exported: {problem}",
        field=where,
        value=value,
        fix="fetch or export the file again",
    )


def _parsed(number: int, raw: bytes) -> Line:
    try:
        values = json.loads(raw)
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise InvalidInput(
            f"line {number} cannot be read: not a JSON object",
            field="line",
            value=raw[:80].decode("utf-8", "replace"),
            fix="export the file again",
        )
    return Line(number, values)


def _header(line: Line) -> Header:
    if line.kind != "header" or line.text("format") != FORMAT:
        raise line.wrong("format", "not an exported journal", f"a file of format {FORMAT}")
    if line.whole("rules") != RULES:
        raise line.wrong(
            "rules",
            "the books were made by other rules than the ones written down here",
            f"recompute it with the version of the platform that has rules {line.whole('rules')}",
        )
    first, after = line.day("from"), line.day("to")
    if first is None or after is None or first >= after:
        raise line.wrong("to", "not after `from`", "export the file again")
    return Header(
        line.needed("institution"),
        first,
        after,
        line.instant("as_of"),
        line.whole("rules"),
        line.whole("registry"),
        line.whole("revision"),
    )


def _node(content: Content, line: Line) -> None:
    code = line.needed("code")
    content.facts.nodes[code] = NodeLine(code, line.needed("type"), line.text("zone"))


def _edge(content: Content, line: Line) -> None:
    content.facts.edges.append(EdgeLine(line.needed("parent"), line.needed("child"), line.days()))


def _share(content: Content, line: Line) -> None:
    weights, place = line.listed("weights"), line.whole("place")
    meters = line.listed("meters") if "meters" in line.values else []
    whole = all(isinstance(one, int) and one > 0 for one in weights)
    if not whole or not 0 <= place < len(meters or weights):
        fix = "whole numbers above 0, and which of them is meant"
        raise line.wrong("weights", "no shares", fix)
    content.facts.shares.append(
        ShareLine(
            line.needed("parent"),
            line.needed("child"),
            tuple(weights),
            place,
            line.days(),
            tuple(map(str, meters)),
        )
    )


def _meter(content: Content, line: Line) -> None:
    code = line.needed("code")
    content.facts.meters[code] = MeterLine(
        code,
        line.needed("node"),
        line.needed("item"),
        line.flag("total"),
        line.whole("step_min"),
        line.exact_or_none("max_per_hour"),
        line.days(),
    )


def _supply(content: Content, line: Line) -> None:
    content.facts.supply.append(EdgeLine(line.needed("source"), line.needed("fed"), line.days()))


def _formula(content: Content, line: Line) -> None:
    try:
        formula = formula_of(line.needed("formula"))
    except ValueError:
        raise line.wrong("formula", "no formula", "export the file again") from None
    content.facts.formulas.append(FormulaLine(line.needed("meter"), formula, line.days()))


def _point(content: Content, line: Line) -> None:
    name = line.needed("point")
    content.facts.points[name] = PointLine(
        name,
        line.needed("kind_of_value"),
        line.needed("canonical"),
        line.text("unit"),
        line.number_or_none("low"),
        line.number_or_none("high"),
    )


def _installation(content: Content, line: Line) -> None:
    content.facts.installations.append(
        InstallationLine(
            line.needed("meter"),
            line.needed("point"),
            line.exact("ratio"),
            line.whole_or_none("digits"),
            line.needed("unit"),
            line.days(),
            line.window_or_none("began"),
            line.window_or_none("ended"),
            line.exact_or_none("first"),
            line.exact_or_none("final"),
            line.flag("signed"),
            _sign(line),
        )
    )


def _sign(line: Line) -> int:
    signs = {"": 1, "import": 1, "export": -1}
    told = line.text("direction")
    if told not in signs:
        raise line.wrong("direction", "unknown", "import or export")
    return signs[told]


def _price(content: Content, line: Line) -> None:
    meter, place = line.text("meter"), line.text("place")
    item = line.needed("item")
    months = frozenset(int(month) for month in line.listed("months"))
    content.facts.prices.append(
        PriceLine(
            line.needed("tariff"),
            (meter, "" if meter else place, item),
            months,
            line.needed("days"),
            line.whole("start_min"),
            line.whole("end_min"),
            line.needed("period"),
            line.exact("price"),
            line.needed("currency"),
            line.days(),
        )
    )


def _factor(content: Content, line: Line) -> None:
    content.facts.factors.append(
        FactorLine(line.needed("item"), line.needed("quantity"), line.exact("value"), line.days())
    )


def _day(content: Content, line: Line) -> None:
    day, told = line.day("date"), line.text("day_kind")
    if day is None or told not in set(DayKind):
        raise line.wrong("day_kind", "unknown", f"one of {', '.join(DayKind)}")
    days = content.facts.calendar.days | {day: CalendarDay(day, DayKind(told))}
    content.facts.calendar = WorkCalendar(days)


def _message(content: Content, line: Line) -> None:
    place = (line.whole("segment"), line.whole("offset"))
    arrived, key, gateway = line.instant("arrived"), _order(line), line.needed("gateway")
    for reading in line.listed("readings"):
        if not isinstance(reading, list) or len(reading) != 5:
            raise line.wrong("readings", "not five values", "[index, point, time, value, unit]")
        index, point, time, value, unit = reading
        known = content.facts.points.get(f"{gateway}/{point}")
        if known is None or not isinstance(index, int) or not _is_value(value):
            raise line.wrong("readings", f"{point!r} is no point", "a point of the file's own")
        content.arrivals.append(
            Arrival(
                known.name,
                None if time is None else line.as_instant("readings", time),
                None if value is None else float(value),
                str(unit or known.unit),
                key,
                (*place, index),
                arrived,
                line.text("delivery"),
                line.flag("delivered_again"),
            )
        )


def _is_value(value: object) -> bool:
    """null takes back what a person entered."""
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))


def _evidence(_: Content, line: Line) -> None:
    """A file that somebody gave as evidence; no figure comes of it."""
    try:
        found = base64.b64decode(line.needed("base64"), validate=True)
    except ValueError:
        raise line.wrong("base64", "not base64", "export the file again") from None
    if hashlib.sha256(found).hexdigest() != line.needed("sha256"):
        raise line.wrong("sha256", "not that of the file beside it", "export the file again")


def _stored(content: Content, line: Line) -> None:
    value = line.number_or_none("value")
    if value is None:
        raise line.wrong("value", "it is needed and absent", "export the file again")
    content.stored.append(
        Stored(
            line.needed("point"),
            line.instant("time"),
            value,
            _order(line),
            line.flag("out_of_range"),
        )
    )


def _order(line: Line) -> tuple[int, int]:
    key = line.listed("order")
    if len(key) != 2 or not all(isinstance(part, int) for part in key):
        raise line.wrong("order", "not two whole numbers", "export the file again")
    return key[0], key[1]


_TAKERS: dict[str, Callable[[Content, Line], None]] = {
    "node": _node,
    "edge": _edge,
    "share": _share,
    "meter": _meter,
    "supply": _supply,
    "formula": _formula,
    "point": _point,
    "installation": _installation,
    "price": _price,
    "factor": _factor,
    "day": _day,
    "message": _message,
    "stored": _stored,
    "evidence": _evidence,
}
