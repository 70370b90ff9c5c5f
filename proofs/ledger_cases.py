"""How recorded ledger cases are put to the product: messages in, figures out, in memory.

Taken up by the runner beside the cases (`GREENOFFICE_CASES`), which keeps the judging; what is not
said here is as the runner has it.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from copy import copy
from datetime import date, timedelta
from typing import Any

from figures import Cost, Energy, Figures, View, cost, costs_of_each, energy
from figures.worth import per_canonical
from metering.book import SeriesKey
from metering.errors import GreenOfficeError
from metering.registry.files import read_registry_texts

_RUNNER: Any = importlib.import_module("run_case")


class Product(_RUNNER.Product):  # type: ignore[misc]
    """The product in memory, as the house is now."""

    def __init__(self, case: Any, exact: bool) -> None:
        super().__init__(case, exact)
        self.journal.segments = lambda: [1 << 24 | 1]  # all that the runner's journal has

    def register(self, without: tuple[str, ...] = ()) -> None:
        """The case's facts as registry files."""
        try:
            wanted = read_registry_texts(self.express.files(without), self.stores.registry.load())
        except GreenOfficeError as error:
            raise _RUNNER.NotExpressible(self.words(error)) from error
        self.stores.registry.apply(wanted, actor="case", now_us=self.now_us)

    def rebuild(self) -> None:
        """Readings and books again from the messages."""
        self.intake.rebuild()
        self.work()
        self.ledger.rebuild()
        self.work()

    def figures(self, of: dict[str, str], first: date, last: date) -> dict[str, Any]:
        """Slots with their quality, days, and money by currency, of a meter or a node."""
        registry = self.stores.registry.load
        codes = _codes_of(self.case, of["meter"]) if "meter" in of else [of["node"]]
        with Figures(self.stores.books, registry, lambda: self.now_us).view() as view:
            keys = [view.key_of(code, of.get("item")) for code in codes]
            return _together([self._figures(view, key, of, first, last) for key in keys])

    def _figures(
        self, view: View, key: SeriesKey, of: dict[str, str], first: date, last: date
    ) -> dict[str, Any]:
        scale = 1000 / per_canonical(key.item) / (3.6 if self.in_kwh(of) else 1)
        native = energy(view, key, first, last, "native")
        daily = energy(view, key, first, last, "day")
        days = [(first + timedelta(days=n)).isoformat() for n in range(len(daily))]
        priced = bool(self.case["tariff"])
        spent = costs_of_each(view, daily) if priced else []
        return {
            "step": native.step_min,
            "start": [start // 1_000_000 for start in native.start_us.tolist()],
            "figure": _scaled(native, scale),
            "measured": (native.shares[:, 0] / 10_000).tolist(),
            "missing": (native.shares[:, 3] / 10_000).tolist(),
            "days": dict(zip(days, _scaled(daily, scale), strict=True)),
            "cost": dict(zip(days, map(_money, spent), strict=False)),
            "range": _money(cost(view, key, first, last)) if priced else {},
        }


class Express(_RUNNER.Express):  # type: ignore[misc]
    """The case's facts as registry files; reactive energy is a category of its own here, and a
    meter that moves is another one at each place, under which its register goes on. A virtual one
    is a meter without a point, and a row of formulas.csv."""

    def __init__(self, case: Any, exact: bool) -> None:
        meters = [
            one | {"item": one["item"] or _item_of(one), "code": code, "node": node, "place": n}
            for one in case["meters"]
            for n, (code, node) in enumerate(_places(case, one))
        ]
        super().__init__({**case, "meters": [*meters, *map(_virtual, _formulas(case))]}, exact)

    def files(self, without: tuple[str, ...] = ()) -> dict[str, str]:
        """All files; of virtual meters their formulas."""
        files: dict[str, str] = super().files(without)
        rows = [[one["meter"], one["formula"]] for one in _formulas(self.case)]
        return files | ({"formulas.csv": self.table(["meter", "formula"], rows)} if rows else {})

    def points(self, without: tuple[str, ...]) -> str:
        """The rows of points.csv; of a meter that is left out at all of its places, and of a
        virtual one, there is none."""
        gone = {*without, *(one["meter"] for one in _formulas(self.case))}
        codes = {m["code"] for m in self.case["meters"] if _origin(m["code"]) in gone}
        return str(super().points(tuple(codes)))

    def parts(self, m: Any) -> list[dict[str, Any]]:
        """What served the meter at its place, one after the other."""
        events = [e for e in self.case["events"] if e.get("meter") == _origin(m["code"])]
        part = {"stream": m["stream"], "ratio": m["ratio"], "from": None, "to": None}
        parts = [part | {"first": None, "final": None, "place": 0}]
        for event in events:
            if event["type"] not in ("replacement", "ratio", "meter_moved"):
                continue
            last, when = parts[-1], self._moment(event)
            fresh = last | {"from": when, "to": None, "first": None, "final": None}
            last["to"] = when
            if event["type"] == "ratio":
                fresh["ratio"] = event["ratio"]
            elif event["type"] == "meter_moved":
                fresh["place"] += 1
            else:
                fresh["stream"] = event["new_stream"]
                if "final_first" in self.case["needs"]:
                    last["final"], fresh["first"] = event["old_final"], event["new_first"]
            parts.append(fresh)
        return [one for one in parts if one["place"] == m["place"]]

    def _moment(self, event: dict[str, Any]) -> Any:
        if "between" not in event:
            return self.when(event["at"])
        start, end = (self.when(at) for at in event["between"])
        return f"{start}/{end}" if self.exact else start


_HOW_EXACT = _RUNNER.Run._how_exact


def _how_exact(run: Any) -> bool:
    """Whether instants are taken; a virtual meter can be stated, the rest is as the runner says."""
    stated = copy(run)
    stated.case = {**run.case, "needs": [one for one in run.case["needs"] if one != "virtual"]}
    return bool(_HOW_EXACT(stated))


_RUNNER.Run._how_exact = _how_exact


def _formulas(case: Any) -> list[dict[str, Any]]:
    return [event for event in case["events"] if event["type"] == "virtual"]


def _virtual(event: dict[str, Any]) -> dict[str, Any]:
    """The meter of a formula; it has what a row of meters.csv says, and nothing of a register."""
    said = {"code": event["meter"], "node": event["node"], "item": "01000", "step_min": 15}
    return said | {"total": False, "max_per_hour": None, "category": "electricity", "unit": "kWh"}


_MOVED = "-moved-"


def _origin(code: str) -> str:
    """The meter of the case behind one of the registry."""
    return code.partition(_MOVED)[0]


def _places(case: Any, meter: dict[str, Any]) -> list[tuple[str, str]]:
    """(code, node) of a meter at each of its places, in order of time."""
    moves = [
        e for e in case["events"] if e["type"] == "meter_moved" and e["meter"] == meter["code"]
    ]
    later = [(f"{meter['code']}{_MOVED}{n}", e["node"]) for n, e in enumerate(moves, start=1)]
    return [(meter["code"], meter["node"]), *later]


def _codes_of(case: Any, code: str) -> list[str]:
    """The meters of the registry that a meter of the case is, in order of time."""
    meters = [meter for meter in case["meters"] if meter["code"] == code]
    if not meters:
        return [code]
    return [one for meter in meters for one, _ in _places(case, meter)]


def _together(found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Figures of one meter at each of its places as one: what is missing at one place is known at
    another."""
    if len(found) == 1:
        return found[0]

    def summed(values: Sequence[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return sum(known) if known else None

    slots = [zip(*(one[name] for one in found), strict=True) for name in ("figure", "measured")]
    missing = zip(*(one["missing"] for one in found), strict=True)
    return found[0] | {
        "figure": [summed(values) for values in slots[0]],
        "measured": [sum(shares) for shares in slots[1]],
        "missing": [max(0.0, sum(shares) - len(found) + 1) for shares in missing],
        "days": {day: summed([one["days"][day] for one in found]) for day in found[0]["days"]},
        "cost": {
            day: _added([one["cost"].get(day, {}) for one in found]) for day in found[0]["cost"]
        },
        "range": _added([one["range"] for one in found]),
    }


def _added(found: Sequence[dict[str, float]]) -> dict[str, float]:
    currencies = {currency for one in found for currency in one}
    return {currency: sum(one.get(currency, 0.0) for one in found) for currency in currencies}


def _item_of(meter: dict[str, Any]) -> str | None:
    return "90000" if meter["category"] == "reactive" else None


def _scaled(found: Energy, scale: float) -> list[float | None]:
    return [None if value is None else value * scale for value in found.values()]


def _money(found: Cost) -> dict[str, float]:
    return {one.currency: float(one.amount) for one in found.money}
