"""`greenoffice recompute`: an exported journal computed again, without database and network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from greenoffice.saying import say, spoken
from metering.items import category
from metering.localtime import iso
from metering.units import BOOK_UNITS
from recompute import Figure, RecomputedBooks, RecomputedMoney, exact, read_file
from recompute.curve import NAMES, WHOLE

Fields = dict[str, Any]


def recompute(
    file: Path, *, as_json: bool, coal: str = "equivalent", carbon: str = "location"
) -> None:
    """Print every figure as a line of JSON, with coal and carbon on these bases, or days and months
    as a table."""
    content = read_file(file)
    books = RecomputedBooks.of(content, coal, carbon)
    if not as_json:
        _table(books)
        return
    for line in json_lines(books):
        print(json.dumps(line, ensure_ascii=False, separators=(",", ":")))
    print(json.dumps(_summary(books, content.sealed), sort_keys=True))


def json_lines(books: RecomputedBooks) -> Iterator[Fields]:
    """Every decision of every meter, and every period of every series."""
    for code in sorted(books.measured) if books.days else ():
        yield from _register_decisions(books, code)
        yield from _interval_decisions(books, code)
    for series in books.series():
        for figure in books.figures(series):
            yield figure_json(figure)


def _register_decisions(books: RecomputedBooks, code: str) -> Iterator[Fields]:
    for one in books.decisions(code):
        yield {
            "meter": code,
            "decision": one.kind,
            "from": iso(one.here_us),
            "to": iso(one.there_us),
            "left_out_from": iso(one.first_us) if one.first_us < one.there_us else None,
            "turned": one.turned,
            "cost": one.cost,
            "limit": one.says.limit,
            "value": one.says.value,
            "energy": books.passed(code, one),
        }


def _interval_decisions(books: RecomputedBooks, code: str) -> Iterator[Fields]:
    """Of intervals that do not count: `from` and `to` are those of the interval itself, which is
    left out whole, and nothing is booked over it."""
    for (kind, start, end), says in books.refused(code):
        yield {
            "meter": code,
            "decision": kind,
            "from": iso(start),
            "to": iso(end),
            "left_out_from": iso(start),
            "turned": False,
            "cost": None,
            "limit": says.limit,
            "value": says.value,
            "energy": None,
        }


def figure_json(figure: Figure) -> Fields:
    """One period; exact decimals as text, null where nothing is known."""
    item = figure.series.item
    return {
        "kind": figure.series.kind,
        "code": figure.series.code,
        "item": item,
        "step": figure.step,
        "start": iso(figure.start),
        "end": iso(figure.end),
        "amount": figure.amount,
        "value": energy(figure.amount, item),
        "unit": category(item).unit,
        "shares": shares_json(figure.shares),
        "cost": money_json(figure.money),
        "kgco2": None if figure.kgco2 is None else exact(figure.kgco2),
        "kgce": None if figure.kgce is None else exact(figure.kgce),
        "cause": [
            {"meter": c.meter, "kind": c.kind, "start": iso(c.start), "end": iso(c.end)}
            for c in figure.causes
        ],
    }


def money_json(money: RecomputedMoney) -> Fields:
    """Money by currency, with the least and the most that it may be, and its own quality."""
    sole = money.sole
    return {
        "value": None if sole is None else exact(sole.value),
        "currency": money.sums[0].currency if len(money.sums) == 1 else None,
        "unpriced": money.unpriced,
        "by_currency": [
            {
                "currency": one.currency,
                "value": exact(one.value),
                "cost_low": exact(one.low),
                "cost_high": exact(one.high),
                "shares": shares_json(one.shares),
            }
            for one in money.sums
        ],
    }


def shares_json(shares: tuple[int, ...]) -> dict[str, float]:
    """Shares as fractions by name."""
    return {name: part / WHOLE for name, part in zip(NAMES, shares, strict=True)}


def energy(amount: int | None, item: str) -> str | None:
    """Book units as an exact decimal of the canonical unit."""
    if amount is None:
        return None
    return exact(Fraction(amount, BOOK_UNITS[category(item).unit].per_canonical))


def _summary(books: RecomputedBooks, sealed: str) -> Fields:
    header = books.header
    return {
        "institution": header.institution,
        "rules": header.rules,
        "registry": header.registry,
        "revision": header.revision,
        "coal": books.coal,
        "carbon": books.carbon,
        "days": len(books.days),
        "days_left_out": [day.isoformat() for day in books.asked if day not in books.days],
        "meters": len(books.measured),
        "sha256": sealed,
    }


def _table(books: RecomputedBooks) -> None:
    """Months of every series, for people."""
    header = books.header
    say(f"institution {header.institution}, rules {header.rules}, revision {header.revision}")
    left = [day for day in books.asked if day not in books.days]
    if left:
        say(f"{len(left)} days are not over yet and are left out")
    heads = [spoken(one) for one in ("series", "month", "energy", "measured", "cost", "causes")]
    print("\t".join(heads))
    for series in books.series():
        for figure in books.at(series, "month") if books.days else ():
            shown, sole = energy(figure.amount, series.item), figure.money.sole
            unit = category(series.item).unit
            cells = [
                f"{series.code} {series.item}",
                iso(figure.start, books.zone(series))[:7],
                "-" if shown is None else f"{shown} {unit}",
                f"{figure.shares[0] / 100:.2f} %",
                "-" if sole is None else f"{exact(sole.value)} {sole.currency}",
                str(len(figure.causes)),
            ]
            print("\t".join(cells))
