"""A case: meters of one building over a few days, and the registry files that tell of them."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass, field
from datetime import date, timedelta

from metering.localtime import day_bounds, days_between
from proofs.dated.formulas import named, text_of
from proofs.dated.world import Done
from proofs.faults.feed import FaultMeter

SITE = "s"
GATEWAY = f"{SITE}/g"
INSTITUTION, BUILDING = "o", "b"
OTHER, OTHER_SITE = "p", "q"
"""Where a building goes."""
TARIFF_HEAD = "tariff,item,months,days,start,end,period,price"


@dataclass(frozen=True)
class PriceWindow:
    """A price at some minutes of each local day."""

    start_min: int
    end_min: int
    price: str


@dataclass(frozen=True)
class CaseFormula:
    """A meter without a register that is a formula of others."""

    code: str
    done: Done
    step_min: int = 15


@dataclass
class FaultCase:
    """What happened, to which meters, and what is judged."""

    name: str
    kind: str
    first: date
    days: int
    meters: list[FaultMeter]
    zone: str = "Asia/Shanghai"
    node: bool = False
    """Whether the building is judged beside the meters."""
    prices: tuple[PriceWindow, ...] = ()
    workers: int = 1
    """Ledgers that work on the same books by turns."""
    late: dict[str, int] = field(default_factory=dict)
    """Meters that are registered only at some second."""
    moves: date | None = None
    """From which day on the building is another institution's."""
    moves_told_s: int = 0
    """At which second that is registered; 0: from the beginning."""
    points: dict[str, str] = field(default_factory=dict)
    """More columns for each row of points.csv."""
    formulas: tuple[CaseFormula, ...] = ()
    """Judged by what is told of their members."""

    @property
    def last(self) -> date:
        """The last day that is judged."""
        return self.first + timedelta(days=self.days - 1)

    @property
    def origin_us(self) -> int:
        """The first day's local midnight [us UTC]."""
        return day_bounds(self.first, self.zone)[0]

    @property
    def seconds(self) -> int:
        """How long the days are together."""
        return (day_bounds(self.last, self.zone)[1] - self.origin_us) // 1_000_000

    @property
    def span(self) -> list[date]:
        """The days that are judged."""
        return days_between(self.first, self.last)

    @property
    def turns(self) -> list[int]:
        """Seconds at which the registry changes, ascending."""
        return sorted({*self.late.values(), *([self.moves_told_s] if self.moves_told_s else [])})

    def files(self, at_s: float = math.inf) -> dict[str, str]:
        """The registry's files, by name, as they are told at some second."""
        meters = [one for one in self.meters if self.late.get(one.code, -math.inf) <= at_s]
        files = {
            "tree.csv": self._tree(moved=self.moves is not None and self._told_s <= at_s),
            "gateways.csv": f"site,code\n{SITE},g\n",
        }
        known = {one.code for one in meters}
        made = []
        for one in self.formulas:
            if named(one.done) <= known:
                made.append(one)
                known.add(one.code)
        if made:
            files["formulas.csv"] = _table(
                [{"meter": one.code, "formula": text_of(one.done)} for one in made]
            )
        if meters:
            files["meters.csv"] = _table([*map(_meter, meters), *map(_made, made)])
            files["points.csv"] = _table(
                [self.points | row for one in meters for row in _points(one)]
            )
        if self.prices:
            files["tariff.csv"] = "\n".join([TARIFF_HEAD, *map(_price, self.prices)]) + "\n"
        return files

    @property
    def _told_s(self) -> float:
        return self.moves_told_s or -math.inf

    def _tree(self, *, moved: bool) -> str:
        rows = [
            f"{INSTITUTION},,institution,{self.zone},,",
            f"{SITE},{INSTITUTION},site,,,",
            f"{BUILDING},{SITE},building,,,{self.moves if moved else ''}",
        ]
        if moved:
            rows += [
                f"{OTHER},,institution,{self.zone},,",
                f"{OTHER_SITE},{OTHER},site,,,",
                f"{BUILDING},{OTHER_SITE},building,,{self.moves},",
            ]
        return "\n".join(["code,parent,type,zone,valid_from,valid_to", *rows]) + "\n"


def _meter(one: FaultMeter) -> dict[str, str]:
    return {
        "code": one.code,
        "node": one.node,
        "item": one.item,
        "total": "yes" if one.total else "",
        "step_min": str(one.step_min),
        "max_per_hour": "" if one.limit is None else str(one.limit),
    }


def _made(one: CaseFormula) -> dict[str, str]:
    return {
        "code": one.code,
        "node": BUILDING,
        "item": "01000",
        "step_min": str(one.step_min),
    }


def _points(one: FaultMeter) -> list[dict[str, str]]:
    own = {
        "gateway": GATEWAY,
        "point": f"{one.code}.p",
        "kind": one.kind,
        "unit": one.unit,
        "meter": one.code,
        "ratio": "" if one.ratio == 1 else str(one.ratio),
        "digits": "" if one.digits is None else str(one.digits),
    }
    return [own | part for part in one.parts or [{}]]


def _price(window: PriceWindow) -> str:
    start, end = (f"{m // 60:02d}:{m % 60:02d}" for m in (window.start_min, window.end_min))
    return f"list,01000,1-12,all,{start},{end},p{window.start_min},{window.price}"


def _table(rows: list[dict[str, str]]) -> str:
    head = list(dict.fromkeys(name for row in rows for name in row))
    used = [name for name in head if any(row.get(name) for row in rows)]
    written = io.StringIO()
    table = csv.DictWriter(written, used, extrasaction="ignore", restval="", lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return written.getvalue()
