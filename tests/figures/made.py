"""Made by hand for tests of figures: rows, books of them, energy, cases, money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np

from figures import Energy, Money, RoleEnergy, View
from metering.book import BookRow, Part, SeriesKey
from metering.factor import Factor
from metering.finding import Case, EvidenceHour, Finding
from metering.localtime import HOUR_US, MINUTE_US, day_bounds
from metering.quality import MEASURED, all_of
from metering.quantity import ABSENT
from metering.registry import Meter, Node, NodeType, Registry, SpaceEdge
from metering.tariff import TariffRow
from storage.memory import MemoryBooks, MemoryMarks

DAY, ZONE = date(2026, 3, 2), "Asia/Shanghai"
KEY = SeriesKey("o", "node", "o", "01000")
KWH = 1_000_000
START_US = day_bounds(DAY, ZONE)[0]


def campus(
    *buildings: Node,
    tariff: Sequence[TariffRow] = (),
    meters: Sequence[Meter] = (),
    factors: Sequence[Factor] = (),
) -> Registry:
    """Institution `o`, of unknown size itself, with these buildings."""
    own = Node("o", NodeType.INSTITUTION, zone=ZONE)
    return Registry(
        nodes={node.code: node for node in (own, *buildings)},
        space=tuple(SpaceEdge("o", node.code) for node in buildings),
        meters={one.code: one for one in meters},
        tariff=tuple(tariff),
        factors=tuple(factors),
    )


def tariff_row(start_min: int, end_min: int, price: str, period: str = "p") -> TariffRow:
    """A price for everybody, all year."""
    months = frozenset(range(1, 13))
    return TariffRow("t", "01000", months, "all", start_min, end_min, period, Decimal(price))


def part(step_min: int, slots: Sequence[int]) -> Part:
    count = len(slots)
    hours = -(-count * step_min // 60)
    shares = all_of(MEASURED, max(count, hours))
    return Part(step_min, np.array(slots, dtype=np.int64), shares[:count], shares[:hours])


def book_row(*parts: Part, day: date = DAY, key: SeriesKey = KEY, **more: Any) -> BookRow:
    """The row of `o` on the day, measured but for what `more` says."""
    known = [int(slot) for one in parts for slot in one.slots if slot != ABSENT]
    row = BookRow(key, day, parts, sum(known), all_of(MEASURED, 1)[0])
    return replace(row, **more)


def view_of(*rows: BookRow, registry: Registry | None = None, now_us: int | None = None) -> View:
    """Books of these rows, a week after the day where nothing else is said."""
    books = MemoryBooks(MemoryMarks())
    books.commit("o", list(rows), expected_revision=0, now_us=0)
    later = START_US + 7 * 24 * HOUR_US
    return View(books, registry or campus(), later if now_us is None else now_us)


def hourly(amounts: Sequence[int], start_us: int = START_US) -> Energy:
    starts = start_us + np.arange(len(amounts), dtype=np.int64) * HOUR_US
    return Energy(
        KEY,
        "hour",
        60,
        ZONE,
        starts,
        starts + HOUR_US,
        np.array(amounts, dtype=np.int64),
        all_of(MEASURED, len(amounts)),
        np.zeros(len(amounts), dtype=np.bool_),
        1,
    )


def role_energy(until_us: int) -> RoleEnergy:
    """An hour of 3 kWh of utility and 2 kWh of IT, by the quarter hour."""
    starts = START_US + np.arange(4, dtype=np.int64) * 15 * MINUTE_US
    return RoleEnergy(
        "dc",
        15,
        starts,
        starts + 15 * MINUTE_US,
        {"utility": np.full(4, 3 * KWH // 4), "it": np.full(4, 2 * KWH // 4)},
        until_us,
        frozenset({"utility", "it"}),
    )


def case_of(number: int, kwh: int) -> Case:
    """A case of meter `m` that wasted so much in the first hour of the day."""
    hour = EvidenceHour(START_US, 0, kwh * KWH)
    return Case(
        Finding(
            institution="o",
            node="b",
            meter="m",
            item="01000",
            pattern="after_hours_plant",
            start_us=START_US,
            end_us=START_US + HOUR_US,
            hours_us=(START_US,),
            expected=0,
            measured=hour.measured,
            waste=float(kwh),
            waste_low=float(kwh),
            waste_high=float(kwh),
            cost=None,
            currency="",
            kgco2=None,
            confidence=1.0,
            baseline_version="v",
            cause="bms_override",
            action="restore_schedule",
            hours=(hour,),
        ),
        number,
    )


def money(low: str, amount: str, high: str, shares=(10_000, 0, 0, 0), currency="CNY") -> Money:
    return Money(currency, Decimal(amount), Decimal(low), Decimal(high), shares)
