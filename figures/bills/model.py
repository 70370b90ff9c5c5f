"""A bill as values: what was metered, what the contract says, and the lines that follow.

BillBasis (quantities of the books, in segments of one contract and price) ─▶ Bill (lines)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from figures.bills.exact import rounded
from metering.registry.facts.accounts import Account
from metering.registry.facts.charges import Charge
from metering.registry.facts.power_factors import PowerFactorBand
from metering.registry.facts.tiers import Tier

MILLIWATTS = 6
"""Decimals of a kW."""


class LineKind(StrEnum):
    """What a line is taken of."""

    ENERGY = "energy"
    TIER = "tier"
    UNIT = "unit"
    DEMAND = "demand"
    CONTRACT = "contract"
    CAPACITY = "capacity"
    MONTH = "month"
    POWER_FACTOR = "power_factor"
    VAT = "vat"


class BillLack(StrEnum):
    """Why a bill is not complete."""

    TIME = "time"
    """No energy is known of a part of the time."""
    ESTIMATED = "estimated"
    """Energy over several prices is split by time, or stands in for a silent total."""
    UNPRICED = "unpriced"
    DEMAND = "demand"
    """Quarters of an hour are not known, or not all, or a window of a sliding demand that is not
    read finer may have held more."""
    KEPT = "kept"
    """Readings of a moment are not kept, so a sliding demand goes by blocks."""
    REACTIVE = "reactive"
    TABLE = "table"
    """No row of the tables of power factors holds."""
    CAPACITY = "capacity"
    """A charge asks for a capacity or a contract that the account does not say."""
    PLAN = "plan"
    """The account names a plan of which nothing is registered."""
    BEFORE = "before"
    """What passed in the steps' period before the bill is not wholly known."""
    CURRENCIES = "currencies"
    RUNNING = "running"
    """Days of the bill are not settled yet."""


@dataclass(frozen=True)
class EnergyPart:
    """Energy of a segment at one price."""

    period: str
    """'' where no tariff prices it."""
    price: Decimal | None
    currency: str
    quantity: int
    """Book units."""
    uncertain: int = 0
    """Of it, split by time over several prices, or standing in for a silent total."""
    source: str = ""
    grade: str = ""


class DemandTaken(StrEnum):
    """How a demand was taken."""

    BLOCK = "block"
    SLIDING = "sliding"
    MIXED = "mixed"
    """Any 15 minutes where readings are finer than a quarter, blocks elsewhere."""
    SELDOM = "seldom"
    """A sliding one by blocks, since no readings are finer."""
    KEPT = "kept"
    """A sliding one by blocks, since the readings of a moment are not kept."""


@dataclass(frozen=True)
class Demand:
    """The most power of some days."""

    kw: Fraction
    at_us: int
    """When its block or window begins."""
    taken: DemandTaken
    complete: bool
    """Whether it cannot have been more: every block is measured, and none that goes by blocks can
    hide a window with more."""
    fine: int = 0
    """Share of the time in which readings are finer than a quarter [1/10,000]."""

    @property
    def window(self) -> str:
        """block, sliding or mixed."""
        by_window = self.taken in (DemandTaken.SLIDING, DemandTaken.MIXED)
        return str(self.taken if by_window else DemandTaken.BLOCK)

    @property
    def power(self) -> Decimal:
        """The power [kW] to a milliwatt, which is what is booked."""
        return rounded(self.kw, MILLIWATTS)


@dataclass(frozen=True)
class Segment:
    """Days [first, after) of a bill in which contract, charges, steps and prices stand still."""

    first: date
    after: date
    energy: tuple[EnergyPart, ...]
    total: int | None
    """Book units; None where nothing is known."""
    missing: int = 0
    """Share of its time of which nothing is known [1/10,000]."""
    account: Account | None = None
    charges: tuple[Charge, ...] = ()
    tiers: tuple[Tier, ...] = ()
    before: int = 0
    """Book units that passed in the steps' period before it."""
    before_missing: int = 0

    @property
    def days(self) -> int:
        """How many."""
        return (self.after - self.first).days


@dataclass(frozen=True)
class Reactive:
    """Reactive energy of a bill's days, each way, without signs [book units]."""

    drawn: int | None
    fed: int | None = 0
    missing: int = 0


@dataclass(frozen=True)
class BillBasis:
    """All that a bill is made of."""

    code: str
    """Of the meter or node."""
    item: str
    unit: str
    per_canonical: int
    first: date
    after: date
    whole_days: int
    """Of what the supplier bills at a time; the account may hold on fewer."""
    segments: tuple[Segment, ...]
    """Rising, side by side, from the first day on."""
    demands: tuple[Demand | None, ...] = ()
    """By segment: of all days with the same row of the account."""
    reactive: Reactive | None = None
    bands: tuple[PowerFactorBand, ...] = ()
    """Of the last day."""
    running: bool = False
    revision: int = 0
    periods: int = 1
    """How many of the account's billing periods `whole_days` are."""


@dataclass(frozen=True)
class BillLine:
    """One line as the supplier would write it."""

    name: str
    kind: LineKind
    quantity: Decimal | None
    """None where it is not known."""
    unit: str
    """Of the quantity; the currency where it is a sum of money."""
    price: Decimal | None
    """Per unit; percent of a sum of money."""
    amount: Decimal | None
    currency: str
    first: date
    after: date
    complete: bool = True
    adjusted: bool = False
    taxed: bool = True
    source: str = ""
    grade: str = ""
    share: str = ""
    """What of its time is in the quantity, such as 21/30; '' for all of it."""


@dataclass(frozen=True)
class FactorSum:
    """The power factor's arithmetic."""

    active: Decimal
    """kWh, as billed."""
    reactive: Decimal
    """kvarh, both ways added."""
    hundredths: int
    """cos phi x 100."""
    standard: str
    percent: Decimal | None
    base: Decimal
    band: PowerFactorBand | None = None


@dataclass(frozen=True)
class Bill:
    """What a supplier would write for a period."""

    account: Account | None
    """As of the last day; None where a figure is billed by its prices alone."""
    code: str
    item: str
    first: date
    after: date
    lines: tuple[BillLine, ...]
    within: tuple[BillLine, ...] = ()
    """What the lines hold already: it is told and not added."""
    demand: Demand | None = None
    factor: FactorSum | None = None
    currency: str = ""
    total: Decimal | None = None
    """Sum of the amounts that are known; None in two currencies, or where there is none."""
    lacks: tuple[BillLack, ...] = field(default=())
    missing: int = 0
    """Share of its time of which no energy is known [1/10,000]."""
    revision: int = 0

    @property
    def complete(self) -> bool:
        """Whether nothing lacks."""
        return not self.lacks
