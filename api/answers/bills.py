"""Bills as suppliers write them."""

from __future__ import annotations

from typing_extensions import TypedDict


class BillLineAnswer(TypedDict):
    """One line; `price` is per unit, or percent of a sum of money. `share` is what of its time the
    quantity of a charge that stands for a time holds, such as 21/30; empty for all of it."""

    name: str
    kind: str
    quantity: str | None
    unit: str
    price: str | None
    amount: str | None
    currency: str
    start: str
    end: str
    complete: bool
    share: str
    source: str
    verified: bool


class BillDemandAnswer(TypedDict):
    """The most power of the bill's days, and how it was taken; `fine` is the share of the time in
    which readings are finer than a quarter of an hour."""

    kw: str
    at: str
    window: str
    fine: float
    taken: str
    text: dict[str, str]
    complete: bool


class PowerFactorAnswer(TypedDict):
    """The power factor's arithmetic."""

    active: str
    reactive: str
    value: str
    standard: str
    band: str | None
    percent: str | None
    base: str
    verified: bool


class BillAnswer(TypedDict):
    """A bill over local days [start, end)."""

    account: str | None
    code: str
    item: str
    zone: str
    start: str
    end: str
    currency: str
    lines: list[BillLineAnswer]
    within: list[BillLineAnswer]
    demand: BillDemandAnswer | None
    power_factor: PowerFactorAnswer | None
    total: str | None
    complete: bool
    lacks: list[str]
    missing: float
    revision: int


class BillsAnswer(TypedDict):
    """Bills of a month."""

    month: str
    bills: list[BillAnswer]
    left_out: int
