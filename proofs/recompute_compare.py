"""What two implementations tell of the same period, number by number.

answer of /v1/energy  ──▶ numbers ─┐
                                   ├─▶ compared, differing
figures of recompute  ──▶ numbers ─┘
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from metering.localtime import iso, parse_instant
from metering.quality import NAMES, WHOLE
from recompute import Figure
from recompute.registers import per_canonical

Json = Mapping[str, Any]
Place = tuple[str, int]
"""(step, start) of a period."""
Numbers = dict[str, object]
"""What is told of a period, by name."""
Told = Mapping[Place, Numbers]
STEPS = ("native", "hour", "day", "month")


@dataclass
class ComparedNumbers:
    """How many numbers were compared, and where they differ."""

    compared: int = 0
    differing: list[str] = field(default_factory=list)

    def take(self, name: str, books: Numbers | None, own: Numbers | None) -> None:
        """Compare one period of both."""
        if books is None or own is None:
            here = "the books" if own is None else "recompute"
            self.differing.append(f"{name}: told by {here} alone")
            return
        for number, value in books.items():
            self.compared += 1
            if own.get(number) != value:
                self.differing.append(f"{name} {number}: {value} / {own.get(number)}")
        for number in own.keys() - books.keys():
            self.differing.append(f"{name} {number}: told by recompute alone")

    def add(self, other: ComparedNumbers) -> None:
        """Take in another outcome."""
        self.compared += other.compared
        self.differing += other.differing


def compare(name: str, books: Told, figures: Iterable[Figure]) -> ComparedNumbers:
    """A series at one step."""
    own, outcome = dict(of_figures(figures)), ComparedNumbers()
    for place in sorted(books.keys() | own.keys()):
        told = f"{name} {place[0]} {iso(place[1])}"
        outcome.take(told, books.get(place), own.get(place))
    return outcome


def of_answer(step: str, answer: Json) -> Iterator[tuple[Place, Numbers]]:
    """Numbers of an answer of /v1/energy."""
    item = answer["series"]["item"]
    for one in answer["data"]:
        yield (step, parse_instant(one["start"])), _of_json(one, item)
    for rest in answer["remainder"]:
        name = f"{step} remainder {rest['step_min']}"
        for one in rest["data"]:
            yield (name, parse_instant(one["start"])), _of_json(one, item)


def _of_json(one: Json, item: str) -> Numbers:
    cost = one["cost"]
    found: Numbers = {
        "end": parse_instant(one["end"]),
        "amount": one["amount"],
        "shares": _parts(one["shares"]),
        "unpriced": Fraction(cost["unpriced"] or 0) * per_canonical(item),
        "cost": _exact(cost["value"]),
        "kgco2": _exact(one["kgco2"]["value"]),
        "kgce": _exact(one["kgce"]["value"]),
    }
    for money in cost["by_currency"]:
        name = money["currency"]
        found[f"cost {name}"] = _exact(money["value"])
        found[f"cost_low {name}"] = _exact(money["cost_low"])
        found[f"cost_high {name}"] = _exact(money["cost_high"])
        found[f"cost_shares {name}"] = _parts(money["shares"])
    return found


def _parts(shares: Json) -> tuple[int, ...]:
    return tuple(round(shares[name] * WHOLE) for name in NAMES)


def _exact(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text)


def of_figures(figures: Iterable[Figure]) -> Iterator[tuple[Place, Numbers]]:
    """Numbers of recomputed figures."""
    for one in figures:
        sole = one.money.sole
        found: Numbers = {
            "end": one.end,
            "amount": one.amount,
            "shares": one.shares,
            "unpriced": Fraction(one.money.unpriced),
            "cost": None if sole is None else sole.value,
            "kgco2": one.kgco2,
            "kgce": one.kgce,
        }
        for money in one.money.sums:
            name = money.currency
            found[f"cost {name}"] = money.value
            found[f"cost_low {name}"] = money.low
            found[f"cost_high {name}"] = money.high
            found[f"cost_shares {name}"] = money.shares
        yield (one.step, one.start), found
