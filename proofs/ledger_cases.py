"""How recorded ledger cases are put to the product: messages in, figures out, in memory.

Taken up by the runner beside the cases (`GREENOFFICE_CASES`), which keeps the judging; what is not
said here is as the runner has it.
"""

from __future__ import annotations

import importlib
from collections import defaultdict
from collections.abc import Sequence
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
        if moved := _moved(self.case["tree"]):
            words = "no way is known to state: places that go to another institution"
            raise _RUNNER.NotExpressible(f"{words} ({', '.join(moved)})")
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
        with Figures(self.stores.books, registry, lambda: self.now_us).view() as view:
            key = view.key_of(of.get("meter") or of["node"], of.get("item"))
            return self._figures(view, key, of, first, last)

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
    """The case's facts as registry files; reactive energy is a category of its own here."""

    def __init__(self, case: Any, exact: bool) -> None:
        meters = [one | {"item": one["item"] or _item_of(one)} for one in case["meters"]]
        super().__init__({**case, "meters": meters}, exact)


def _item_of(meter: dict[str, Any]) -> str | None:
    return "90000" if meter["category"] == "reactive" else None


def _moved(tree: Sequence[dict[str, Any]]) -> list[str]:
    """Places that are in several institutions in the course of time: the registry dates which holds
    them, and the books do not follow yet."""
    parents: dict[str, set[str]] = defaultdict(set)
    for one in tree:
        if one["parent"] is not None and "share" not in one:
            parents[one["code"]].add(one["parent"])

    def tops(code: str) -> set[str]:
        return {top for parent in parents[code] for top in tops(parent)} or {code}

    return sorted(code for code in list(parents) if len(tops(code)) > 1)


def _scaled(found: Energy, scale: float) -> list[float | None]:
    return [None if value is None else value * scale for value in found.values()]


def _money(found: Cost) -> dict[str, float]:
    return {one.currency: float(one.amount) for one in found.money}
