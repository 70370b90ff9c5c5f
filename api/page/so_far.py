"""Today as far as it is known, against the same weekday last week up to the same minute.

today      |----|----|----|--        the running slot as it stands
last week  |----|----|----|--..|     the same slot prorated to the same minute
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np

from api.figures import Worth, first_slots, whole, worth
from api.page import formats
from api.page.places import ELECTRICITY, Place
from api.page.visit import Visit
from ledger import Energy
from metering.book import BookRow
from metering.localtime import MINUTE_US, day_bounds
from metering.quantity import ABSENT, I64, total


def passed_us(today: BookRow | None, zone: str, now_us: int) -> int:
    """How much of the day is known: up to now where the running slot has a value, else up to
    the end of the last slot that has one [us]."""
    present = np.flatnonzero(today.slots != ABSENT) if today else np.zeros(0)
    if today is None or not present.size:
        return 0
    end_us = (int(present[-1]) + 1) * today.step_min * MINUTE_US
    return min(end_us, now_us - day_bounds(today.day, zone)[0])


def until(slots: I64, step_min: int, passed: int, *, prorate: bool) -> I64:
    """The slots of the first `passed` us of a day. The running one is whole as it stands, or,
    of an earlier day, prorated to the same minute."""
    whole_slots, rest = divmod(passed, step_min * MINUTE_US)
    taken = slots[: whole_slots + (rest > 0)].copy()
    if prorate and rest and len(taken) > whole_slots and taken[-1] != ABSENT:
        taken[-1] = int(taken[-1]) * rest // (step_min * MINUTE_US)
    return taken


def cards(visit: Visit, place: Place, passed: int) -> list[dict[str, Any]]:
    """Energy, money and carbon of today so far, each against last week's."""
    now, then = _so_far_worth(visit, place, place.today, passed), None
    if now is not None:
        then = _so_far_worth(visit, place, place.week_ago, passed)
    sides = (now, then)
    energy = [None if side is None else kwh(total(side[0].quantity)) for side in sides]
    spent = [side and whole(side[1].cost.amount, side[1].cost.unpriced) for side in sides]
    carbon = [side and whole(side[1].kgco2.amount, side[1].kgco2.uncovered) for side in sides]
    known = now is not None and bool(np.all(now[0].quantity != ABSENT))
    gaps = "" if known else visit.text("some of today's readings are missing")
    currency = "" if now is None else now[1].cost.currency
    return [
        _card(visit.text("Electricity today"), "kWh", energy, gaps),
        _card(
            visit.text("Cost today"),
            currency,
            spent,
            visit.text("no tariff row holds here") if spent[0] is None else gaps,
        ),
        _card(
            visit.text("Carbon today"),
            "kg CO₂",
            carbon,
            visit.text("no factor row holds here") if carbon[0] is None else gaps,
        ),
    ]


def _so_far_worth(
    visit: Visit, place: Place, day: date, passed: int
) -> tuple[Energy, Worth] | None:
    """A day's first part and what it is worth; None where nothing is known of it."""
    energy = visit.caller.platform.energy.energy(place.node, ELECTRICITY, day, day, "native")
    slots = until(energy.quantity, energy.step_min, passed, prorate=day != place.today)
    part = replace(first_slots(energy, 0, len(slots)), quantity=slots)
    if total(slots) is None:
        return None
    return part, worth(part, visit.caller.reach.registry)


def _card(
    title: str, unit: str, values: Sequence[float | Decimal | None], note: str
) -> dict[str, Any]:
    now, before = values
    change = None
    if now is not None and before is not None and before > 0:
        change = float(now) / float(before) - 1
    return {
        "title": title,
        "unit": unit if now is not None else "",
        "value": "–" if now is None else formats.number(now),
        "before": "" if before is None or now is None else formats.number(before),
        "change": change,
        "note": note,
    }


def kwh(amount: int | None) -> float | None:
    """mWh as kWh."""
    return None if amount is None else amount / 1e6
