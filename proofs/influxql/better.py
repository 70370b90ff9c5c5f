"""Where our answer is another one because it is the right one: a closed list, each with the right
answer, which is had from InfluxDB's rows and not from us."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from proofs.influxql import meant
from proofs.influxql.asked import Cut, ToolStatement
from proofs.influxql.judge import Rows, Series, alike
from proofs.influxql.written import WrittenTable

Ask = Callable[[str], Series]
"""An answer to a statement."""
_KEYS: Final = ("fieldKey", "tagKey")
DIGITS: Final = 6
"""Of an indicator."""


@dataclass(frozen=True)
class TwoAnswers:
    """One statement with both answers."""

    sent: ToolStatement
    ours: Series
    theirs: Series
    ask: Ask
    ask_ours: Ask
    tables: dict[str, WrittenTable]


def better(one: TwoAnswers) -> str:
    """Which entry of the list says that ours is right; '' where none does."""
    for name, right in RULES.items():
        if any(alike(one.ours, answer) for answer in right(one)):
            return name
    return ""


def _names(one: TwoAnswers) -> Iterator[Series]:
    """`under` has several values of a series, which InfluxDB cannot hold; what has no value in any
    row is not in InfluxDB."""
    if "show" not in one.sent.words:
        return
    written = one.tables[one.sent.table]
    there = {name for point in written.points for name in (*point.fields, *point.tags)}
    if not any(["currency"] in rows for _, rows in one.theirs.values()):
        there.discard("currency")  # of those that fit none has a price
    ours: Series = {}
    for name, (columns, rows) in one.ours.items():
        kept = [row for row in rows if row[0] in there] if columns[0] in _KEYS else rows
        ours[name] = (columns, kept)
    if alike(ours, one.theirs):
        yield one.ours


def _gaps(one: TwoAnswers) -> Iterator[Series]:
    """A period of which nothing is known is a row with null: a line that is drawn over it would be
    made up."""
    if "rows" not in one.sent.words:
        return
    plain = one.sent.told(cut=False)
    ours = one.ask_ours(plain)
    known: Series = {}
    for name, (columns, rows) in ours.items():
        told = [row for row in rows if any(isinstance(value, int | float) for value in row[1:])]
        known[name] = (columns, told)
    if alike(known, one.ask(plain)):
        yield meant.cut(ours, one.sent.cut)


def _rounded(one: TwoAnswers) -> Iterator[Series]:
    """An indicator has six decimals, and what is computed of several is rounded once."""
    if "per_m2" not in one.sent.text and "per_person" not in one.sent.text:
        return
    if one.ours.keys() == one.theirs.keys() and all(
        _close(one.ours[name][1], one.theirs[name][1]) for name in one.ours
    ):
        yield one.ours


def _close(ours: Rows, theirs: Rows) -> bool:
    pairs = [
        (a, b)
        for one, other in zip(ours, theirs, strict=False)
        for a, b in zip(one, other, strict=False)
    ]
    return len(ours) == len(theirs) and all(
        a == b or (_is_number(a) and _is_number(b) and abs(a - b) <= 1.0001 * 10**-DIGITS)
        for a, b in pairs
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def _area(one: TwoAnswers) -> Iterator[Series]:
    """The area below a line is of the range that was asked, not of 1970."""
    if "integral" in one.sent.words and "GROUP BY" not in one.sent.text:
        times = {name: rows[0][0] for name, (_, rows) in one.ours.items()}
        yield {
            name: (columns, [[times.get(name), *row[1:]] for row in rows])
            for name, (columns, rows) in one.theirs.items()
            if all(row[0] == 0 for row in rows)
        }


def _equals(one: TwoAnswers) -> Iterator[Series]:
    """Of equal rows a percentile chooses the first, InfluxDB whichever its sort leaves there."""
    if "percentile" not in one.sent.words or one.ours.keys() != one.theirs.keys():
        return
    points = one.tables[one.sent.table].points
    values = {(point.time_us // 1000, value) for point in points for value in point.fields.values()}
    chosen = [row[:2] for _, rows in one.ours.values() for row in rows]
    if all((at, value) in values for at, value in chosen):
        times = {name: [row[0] for row in rows] for name, (_, rows) in one.ours.items()}
        yield {
            name: (columns, [[at, *row[1:]] for at, row in zip(times[name], rows, strict=False)])
            for name, (columns, rows) in one.theirs.items()
        }


def _lone(one: TwoAnswers) -> Iterator[Series]:
    """A single row has no deviation, so fill(none) leaves its bucket out."""
    if "stddev" in one.sent.words and "fill(none)" in one.sent.text:
        found: Series = {}
        for name, (columns, rows) in one.ask(one.sent.told(cut=False)).items():
            told = [row for row in rows if any(value is not None for value in row[1:])]
            found |= {name: (columns, told)} if told else {}
        yield meant.cut(found, one.sent.cut)


def _order(one: TwoAnswers) -> Iterator[Series]:
    """What lies between rows is the same in whatever order they are told, and LIMIT is of rows,
    SLIMIT of series: the answer without them, turned and cut."""
    if one.sent.cut != Cut():
        whole = one.ask(one.sent.told(cut=False))
        yield meant.cut(whole, one.sent.cut)


def _within(one: TwoAnswers) -> Iterator[Series]:
    """A SELECT takes all that the one within answers, also where its first bucket begins before the
    range."""
    if one.sent.within is not None:
        inner, function, group = one.sent.within
        yield _aggregated(one, one.ask(inner), function, "time(" in group)


def _aggregated(one: TwoAnswers, inner: Series, function: str, by_time: bool) -> Series:
    found: Series = {}
    for name, (_, rows) in one.ours.items():
        values = [row for row in inner.get(name, ([], []))[1] if row[1] is not None]
        if not by_time:
            told = meant.FUNCTIONS[function]([row[1] for row in values])
            chosen = [row[0] for row in values if row[1] == told]
            selects = function in ("min", "max")
            found[name] = (["time", function], [[chosen[0] if selects else rows[0][0], told]])
            continue
        step = rows[1][0] - rows[0][0] if len(rows) > 1 else 10**15
        buckets = [[row[1] for row in values if 0 <= row[0] - at[0] < step] for at in rows]
        told_of = [meant.FUNCTIONS[function](own) if own else None for own in buckets]
        nothing = 0.0 if function == "count" else None
        found[name] = (
            ["time", function],
            [
                [row[0], nothing if value is None else value]
                for row, value in zip(rows, told_of, strict=True)
            ],
        )
    return found if found.keys() == inner.keys() else {}


def _clocks(one: TwoAnswers) -> Iterator[Series]:
    """Buckets of more than an hour begin when the clock on the wall says so, also on the day of 25
    hours, and bear that time."""
    question = one.sent.plain
    if question is not None:
        only = (
            {"item": "02000"} if "item" in one.sent.text and "!= '02000'" in one.sent.text else {}
        )
        yield meant.cut(meant.meant(question, one.tables[one.sent.table], only), one.sent.cut)


RULES: Final[dict[str, Callable[[TwoAnswers], Iterator[Series]]]] = {
    "names": _names,
    "gaps": _gaps,
    "rounded": _rounded,
    "area": _area,
    "equals": _equals,
    "lone": _lone,
    "order": _order,
    "within": _within,
    "clocks": _clocks,
}
