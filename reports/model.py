"""What a month's report says, without a word of any language.

    MonthReport
    ├── nodes        institution, sites, buildings: area, persons
    ├── lines        energy of a node and item, against last month and last year
    ├── periods      money by tariff period
    ├── totals       money, kgCO2 and kgce of a node
    ├── indicators   per m2 and per person
    ├── cases        findings of the month
    ├── events       what the ledger found on the registers
    ├── restatements settled days that changed
    └── provenance   revision, factor rows, tariff rows, hash

Amounts are whole book units (mWh, mL, kJ); money and factors are decimals. None is unknown,
never zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

FORMAT: Final = "greenoffice-month/1"

Shares = tuple[int, int, int, int]
"""measured, apportioned, estimated, missing [1/10,000]."""


@dataclass(frozen=True)
class Place:
    """A node of the report; `depth` 0 is the institution."""

    code: str
    type: str
    depth: int
    name_zh: str
    name_en: str
    area_m2: Decimal | None
    persons: int | None


@dataclass(frozen=True)
class Past:
    """An earlier month to compare with; the amount is None unless it was measured throughout."""

    amount: int | None
    change: Decimal | None
    """(now - then) / then; None unless both months were measured and then is not 0."""
    why: str = ""
    """absent or incomplete, where the amount is None."""


@dataclass(frozen=True)
class Line:
    """Energy of one node and item in the month, and what it is worth."""

    node: str
    item: str
    unit: str
    book_unit: str
    amount: int | None
    shares: Shares
    provisional: bool
    last_month: Past
    last_year: Past
    cost: Decimal | None
    """None where some of the energy has no price."""
    currency: str
    kgco2: Decimal | None
    kgce: Decimal | None
    daily: tuple[int | None, ...]
    """One amount a local day; their sum is `amount`."""
    silent: tuple[str, ...] = ()
    """Meters that count into it and booked nothing all month."""


@dataclass(frozen=True)
class PeriodLine:
    """Energy and money of one tariff period of a category, for the whole institution."""

    item: str
    unit: str
    book_unit: str
    period: str
    """'' holds the energy for which the tariff is silent."""
    amount: int
    cost: Decimal | None
    currency: str


@dataclass(frozen=True)
class Total:
    """Sums of a node over its energy categories; None where one of them is not wholly known.

    Water costs money, but is neither carbon nor coal.
    """

    node: str
    cost: Decimal | None
    currency: str
    kgco2: Decimal | None
    kgce: Decimal | None


@dataclass(frozen=True)
class Indicator:
    """A quantity of a node divided by its area or persons."""

    node: str
    quantity: str
    """An item code, kgce or kgco2."""
    per: str
    """m2 or person."""
    unit: str
    value: Decimal | None


@dataclass(frozen=True)
class Case:
    """A finding that overlaps the month; its figures are those of the whole case."""

    id: str
    node: str
    meter: str
    item: str
    pattern: str
    start_us: int
    end_us: int
    hours: int
    unit: str
    waste: Decimal
    """[unit], rounded to 0.001; 0 for a fault of a meter."""
    waste_low: Decimal
    waste_high: Decimal
    cost: Decimal | None
    currency: str
    kgco2: Decimal | None
    confidence: Decimal
    cause: str
    action: str
    state: str


@dataclass(frozen=True)
class EventLine:
    """Events of one kind on one meter in the month."""

    meter: str
    kind: str
    count: int
    minutes: int
    """Their time inside the month."""
    first_us: int


@dataclass(frozen=True)
class RestatementLine:
    """A settled day of the month that changed."""

    node: str
    item: str
    day: date
    old_amount: int | None
    new_amount: int | None
    revision: int
    recorded_us: int
    cause: str


@dataclass(frozen=True)
class FactorRow:
    """A factor that was used."""

    item: str
    quantity: str
    value: Decimal
    region: str
    valid_from: date | None
    valid_to: date | None
    source: str
    grade: str


@dataclass(frozen=True)
class PriceRow:
    """A tariff row that was used."""

    tariff: str
    item: str
    months: tuple[int, ...]
    days: str
    start_min: int
    end_min: int
    period: str
    price: Decimal
    currency: str
    valid_from: date | None
    valid_to: date | None
    source: str
    grade: str


@dataclass(frozen=True)
class MeterName:
    """How a meter named in the report is called."""

    code: str
    name_zh: str
    name_en: str


@dataclass(frozen=True)
class MonthReport:
    """The energy report of an institution for one month."""

    institution: str
    month: str
    """YYYY-MM."""
    first: date
    last: date
    zone: str
    start_us: int
    end_us: int
    open_reasons: tuple[str, ...]
    """Why it is provisional: running, unsettled, or `incomplete ITEM`; empty when complete."""
    as_of_us: int | None
    """When a provisional report was made; None for a complete one, which does not depend on it."""
    places: tuple[Place, ...]
    lines: tuple[Line, ...]
    periods: tuple[PeriodLine, ...]
    totals: tuple[Total, ...]
    indicators: tuple[Indicator, ...]
    cases: tuple[Case, ...]
    events: tuple[EventLine, ...]
    restatements: tuple[RestatementLine, ...]
    factors: tuple[FactorRow, ...]
    prices: tuple[PriceRow, ...]
    meters: tuple[MeterName, ...]
    revision: int
    """The highest revision of the books among all rows the report rests on."""
    factor_set: str
    tariff_version: str
    format: str = FORMAT
    content_hash: str = ""

    @property
    def provisional(self) -> bool:
        return bool(self.open_reasons)

    def place(self, code: str) -> Place:
        return next(place for place in self.places if place.code == code)

    def lines_of(self, node: str) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.node == node)

    def total(self, node: str) -> Total:
        return next(total for total in self.totals if total.node == node)


def standing(grade: str) -> str:
    """How certain a factor or price is: verified (seen in an official text), secondary, or
    unverified (from memory, an example, or without a grade)."""
    return {"V": "verified", "S": "secondary"}.get(grade[:1].upper(), "unverified")
