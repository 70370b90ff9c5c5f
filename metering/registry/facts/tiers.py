"""tiers.csv: prices that rise with what was used since the year or the month began.

used since 1 January    0 ──────────── 1000 ──────────── 2000 ─────▶
step                         1                2                3
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from metering.registry.kind import FactKind
from metering.registry.rows import Row, Table
from metering.registry.tables import DATED
from metering.validity import ALWAYS, Validity

PERIODS = ("year", "month")
MOST_TIERS = 9


@dataclass(frozen=True)
class Tier:
    """One step of a plan; where a plan has steps, they price its energy in place of a tariff."""

    plan: str
    tier: int
    above: Decimal
    """What must have passed in the period before it holds, in the item's unit; 0 of the first."""
    price: Decimal
    period: str = "year"
    """Year: from 1 January. Month: from the beginning of what is billed."""
    currency: str = "CNY"
    source: str = ""
    grade: str = ""
    valid: Validity = ALWAYS


def _read(row: Row) -> Tier:
    tier = row.whole("tier", 1, MOST_TIERS)
    for column in ("tier", "above", "price"):
        if not row.text(column):
            row.wrong(column, "the field is empty", "a number")
    above = row.number("above", least=0)
    if tier == 1 and above:
        row.wrong("above", "the first step begins later than at 0", "0")
    if tier and tier > 1 and above is not None and not above:
        row.wrong("above", "a later step begins at 0", "what must have passed before it holds")
    currency = row.text("currency") or "CNY"
    if not (len(currency) == 3 and currency.isascii() and currency.isupper()):
        row.wrong("currency", "not a currency code", "three capital letters such as CNY or EUR")
    return Tier(
        row.code("plan"),
        tier or 1,
        above or Decimal(0),
        row.number("price", least=0) or Decimal(0),
        row.one_of("period", PERIODS) if row.text("period") else PERIODS[0],
        currency,
        row.named("source", 500),
        row.named("grade"),
        row.validity(),
    )


KIND = FactKind(
    name="tier",
    type=Tier,
    table=Table(
        "tiers.csv",
        ("plan", "tier", "above", "price"),
        ("period", "currency", "source", "grade", *DATED),
        closed={"period": PERIODS},
        usual={"currency": ("CNY",)},
    ),
    by=("plan", "tier", "valid"),
    apart=("plan", "tier"),
    read=_read,
    billed=True,
)
