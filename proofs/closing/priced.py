"""Whether every figure that is worth otherwise is listed, with its amount and whoever edited what.

Nothing of what lists them is used: the amounts are those of /v1/energy, and the rows those of the
registry when the month was closed and at the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from metering.book import SeriesKey
from metering.localtime import parse_instant
from metering.registry import Registry
from proofs.closing.scene import BY, WHY


@dataclass(frozen=True)
class ClosedWorld:
    """A world whose month was closed."""

    seed: int
    name: str
    then: Registry
    now: Registry
    changed_us: Collection[int]
    """When its registry was changed."""


Figure = tuple[str, str]
"""(place, item)"""


def judge_worth(
    world: ClosedWorld,
    listed: Sequence[Any],
    differ: Collection[tuple[SeriesKey, date]],
    worths: Mapping[Figure, tuple[Any, Any]],
) -> list[str]:
    """What is wrong with the figures that are listed; `worths` has the month of each as closed and
    as it stands."""
    told = {(one["code"], one["item"]): one for one in listed}
    wanted = {figure for figure, (old, new) in worths.items() if _worth(old) != _worth(new)}
    wrong = [f"{figure} listed or not" for figure in sorted(told.keys() ^ wanted)]
    days = Counter((key.code, key.item) for key, _ in differ if key.kind == "node")
    for figure in sorted(told.keys() & wanted):
        one, (old, new) = told[figure], worths[figure]
        amounts = [(_money(one[when]), _carbon(one[when])) for when in ("closed", "present")]
        if amounts != [_worth(old), _worth(new)]:
            wrong.append(f"{figure}: {amounts}")
        if one["restated"] != days[figure]:
            wrong.append(f"{figure}: {one['restated']} days restated, not {days[figure]}")
        wrong += [f"{figure}: {what}" for what in _unexplained(world, one)]
    return [f"world {world.seed}: {world.name}: {what}" for what in wrong]


def _unexplained(world: ClosedWorld, one: Any) -> list[str]:
    """What is missing from, or wrong in, the reasons of a figure."""
    found = []
    if not one["restated"] and not one["edits"]:
        found.append("no reason")
    prices = [{str(row.price) for row in known.tariff} for known in (world.then, world.now)]
    factors = [{str(row.value) for row in known.factors} for known in (world.then, world.now)]
    for kind, field, (before, after) in (("tariff", "price", prices), ("factor", "value", factors)):
        edits = [edit for edit in one["edits"] if edit["kind"] == kind]
        if before != after and not edits:
            found.append(f"no edit of a {kind}")
        by_key: dict[str, list[Any]] = {}
        for edit in edits:
            by_key.setdefault(edit["key"], []).append(edit)
        for key, steps in by_key.items():
            first, last = steps[0]["old"], steps[-1]["new"]
            if first is not None and first[field] not in before:
                found.append(f"{key} was {first}")
            if last is not None and last[field] not in after:
                found.append(f"{key} is {last}")
    signed = {(edit["by"], edit["reason"]) for edit in one["edits"]}
    if signed - {(BY, WHY)} or any(_us(e["at"]) not in world.changed_us for e in one["edits"]):
        found.append(f"edited by {sorted(signed)}")
    return found


def _us(text: str) -> int:
    return parse_instant(text)


def _worth(period: Any) -> tuple[dict[str, Decimal], Decimal | None]:
    money = {one["currency"]: Decimal(one["value"]) for one in period["cost"]["by_currency"]}
    value = period["kgco2"]["value"]
    return money, None if value is None else Decimal(value)


def _money(told: Any) -> dict[str, Decimal]:
    return {name: Decimal(amount) for name, amount in told["money"].items()}


def _carbon(told: Any) -> Decimal | None:
    return None if told["kgco2"] is None else Decimal(told["kgco2"])
