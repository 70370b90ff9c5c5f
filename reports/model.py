"""What a month's report says, without a word of any language.

    MonthReport
    ├── nodes        institution, sites, buildings: area, persons
    ├── lines        energy of a node and item, against last month and last year, and its money
    ├── differences  what of a total is in none of its sub-items
    ├── periods      money by tariff period and currency
    ├── totals       money, kgCO2 and kgce of a node
    ├── indicators   per m2 and per person
    ├── ratios       energy ratios of data centres
    ├── cases        findings of the month
    ├── events       what the ledger found on the registers
    ├── restatements settled days that changed
    ├── changes      of an issue after the first: what it tells otherwise than the one before
    ├── lacking      why carbon or coal is not told
    └── provenance   issue, bases, revision, registry and rules, factor rows, tariff rows, hash

Amounts are whole book units (mWh, mL, kJ); money and factors are decimals. None is unknown,
never zero. Currencies are never added.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from metering.factor import USUAL_BASES, Bases, bases_named

FORMAT: Final = "greenoffice-month/4"
FORMAT_1: Final = "greenoffice-month/1"
FORMAT_2: Final = "greenoffice-month/2"
FORMAT_3: Final = "greenoffice-month/3"

Shares = tuple[int, int, int, int]
"""measured, apportioned, estimated, missing [1/10,000]."""


@dataclass(frozen=True)
class ReportPlace:
    """A node of the report; `depth` 0 is the institution."""

    code: str
    type: str
    depth: int
    name_zh: str
    name_en: str
    area_m2: Decimal | None
    persons: int | None


@dataclass(frozen=True)
class ComparedMonth:
    """An earlier month to compare with; the amount is None unless it was measured throughout."""

    amount: int | None
    change: Decimal | None
    """(now - then) / then; None unless both months were measured and then is not 0."""
    why: str = ""
    """absent or incomplete, where the amount is None."""


@dataclass(frozen=True)
class MoneyLine:
    """A sum in one currency; what format 1 did not say is None."""

    currency: str
    amount: Decimal
    low: Decimal | None
    """Had all that lies over several prices passed at the cheapest of them."""
    high: Decimal | None
    """At the dearest."""
    shares: Shares | None
    """By amount; missing is by time."""


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What energy costs. `cost` and its bounds stand where there is one currency and all energy
    has a price; a part would look like the whole."""

    cost: Decimal | None
    currency: str
    cost_low: Decimal | None = None
    cost_high: Decimal | None = None
    money: tuple[MoneyLine, ...] = ()
    """By currency, of the energy that has a price."""
    all_priced: bool = True

    @property
    def told(self) -> tuple[MoneyLine, ...]:
        """The money that holds all energy, by currency; nothing where some has no price."""
        return self.money if self.all_priced else ()


@dataclass(frozen=True)
class ReportLine(Spent):
    """Energy of one node and item in the month, and what it is worth."""

    node: str
    item: str
    unit: str
    book_unit: str
    amount: int | None
    shares: Shares
    provisional: bool
    last_month: ComparedMonth
    last_year: ComparedMonth
    kgco2: Decimal | None
    kgce: Decimal | None
    daily: tuple[int | None, ...]
    """One amount a local day; their sum is `amount`."""
    silent: tuple[str, ...] = ()
    """Meters that count into it and booked nothing all month."""
    unpriced: int = 0
    """Book units for which the tariffs are silent."""


@dataclass(frozen=True)
class Difference(Spent):
    """What of a total's energy, money, carbon and coal is in none of its sub-items' lines: with
    it they add up to the total, day by day and currency by currency."""

    node: str
    item: str
    """Of the total."""
    unit: str
    book_unit: str
    amount: int | None
    kgco2: Decimal | None
    kgce: Decimal | None
    daily: tuple[int | None, ...]
    unpriced: int = 0


@dataclass(frozen=True)
class PeriodLine:
    """Energy and money of one tariff period of a category in one currency, for the whole
    institution."""

    item: str
    unit: str
    book_unit: str
    period: str
    """'' holds the energy for which the tariff is silent."""
    amount: int
    cost: Decimal | None
    currency: str


@dataclass(frozen=True)
class ReportTotal(Spent):
    """Sums of a node over its energy categories; None where one of them is not wholly known.

    Water costs money, but is neither carbon nor coal.
    """

    node: str
    kgco2: Decimal | None
    kgce: Decimal | None


@dataclass(frozen=True)
class ReportIndicator:
    """A quantity of a node divided by its area or persons."""

    node: str
    quantity: str
    """An item code, kgce or kgco2."""
    per: str
    """m2 or person."""
    unit: str
    value: Decimal | None


@dataclass(frozen=True)
class RatioLine:
    """An energy ratio of a data centre over the month."""

    node: str
    name_zh: str
    name_en: str
    ratio: str
    """utility_per_it or ups_efficiency."""
    value: Decimal | None
    """Rounded to 0.000001; None where too little of the time is known on both sides."""
    unit: str
    book_unit: str
    above: int | None
    below: int | None
    """Energies of the time in which both are known [book units]; None where there is none."""
    cover: int
    """That time, of the time asked [1/10,000]."""
    category: int | None
    """Where the IT energy is measured (ISO/IEC 30134-2); None for a ratio of other energy."""
    boundary: str
    """Node whose meters with a role, there and below, are taken."""


@dataclass(frozen=True)
class ReportCase:
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
class LackingFactor:
    """Days of the month with energy of a category for which no factor holds."""

    item: str
    quantity: str
    """Of the factors that the basis asks for: kgco2, kgco2_market, kgce or kgce_equal."""
    first_day: date
    last_day: date
    days: int
    """How many of the days from first to last."""


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
    node: str = ""
    meter: str = ""
    """What it is for, if not for the whole institution: a node with all below it, or a meter."""


@dataclass(frozen=True)
class MeterName:
    """How a meter named in the report is called."""

    code: str
    name_zh: str
    name_en: str


@dataclass(frozen=True)
class ReportDifference:
    """One value that an issue tells otherwise than the issue before."""

    kind: str
    """What it is about: line, price, finding and others."""
    what: str
    """changed, added or gone; the row itself, where it is not changed."""
    node: str
    """Code of the node or meter, if it is about one."""
    item: str
    subject: str
    """What else tells the row apart: a finding's id, a tariff's times, a currency."""
    field: str
    old: str | None
    """As text, amounts in the unit; None where it was unknown or not there."""
    new: str | None
    unit: str


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
    """Why it is provisional: running, unsettled, booking, or `incomplete ITEM`; empty when
    complete."""
    as_of_us: int | None
    """When a provisional report was made; None for a complete one, which does not depend on it."""
    places: tuple[ReportPlace, ...]
    lines: tuple[ReportLine, ...]
    periods: tuple[PeriodLine, ...]
    totals: tuple[ReportTotal, ...]
    indicators: tuple[ReportIndicator, ...]
    cases: tuple[ReportCase, ...]
    events: tuple[EventLine, ...]
    restatements: tuple[RestatementLine, ...]
    factors: tuple[FactorRow, ...]
    prices: tuple[PriceRow, ...]
    meters: tuple[MeterName, ...]
    revision: int
    """The highest revision of the books among all rows the report rests on."""
    factor_set: str
    tariff_version: str
    differences: tuple[Difference, ...] = ()
    ratios: tuple[RatioLine, ...] = ()
    registry_version: int = 0
    """Of the registry it was made under; 0 where an earlier format did not say."""
    rules_version: int = 0
    """Of the rules by which readings are booked; 0 likewise."""
    rows_registry_version: int = 0
    """The highest version of the registry that made one of the rows; 0 where none says."""
    issue: int = 0
    """1, 2, 3 ...; 0 for a report that is no issue, as a provisional one."""
    reason: str = ""
    """Why there is an issue after the first."""
    issued_us: int | None = None
    """When an issue after the first was made; None else, for issue 1 does not depend on it."""
    changes: tuple[ReportDifference, ...] = ()
    """To the issue before."""
    coal: str = str(USUAL_BASES.coal)
    """By what standard coal is told: equivalent or equal. Earlier formats knew the first alone."""
    carbon: str = str(USUAL_BASES.carbon)
    """By what carbon is told: location or market. Earlier formats knew the first alone."""
    lacking: tuple[LackingFactor, ...] = ()
    """Of the institution's categories, why carbon or coal is not told."""
    format: str = FORMAT
    content_hash: str = ""

    @property
    def bases(self) -> Bases:
        """On which coal and carbon are told."""
        return bases_named(self.coal, self.carbon)

    @property
    def provisional(self) -> bool:
        """Whether the month is not complete; why stands in `open_reasons`."""
        return bool(self.open_reasons)

    def place(self, code: str) -> ReportPlace:
        """The place of that code; it is one of the report's."""
        return next(place for place in self.places if place.code == code)

    def lines_of(self, node: str) -> tuple[ReportLine, ...]:
        """Lines of a node, wide items before narrow ones."""
        return tuple(line for line in self.lines if line.node == node)

    def differences_of(self, node: str) -> tuple[Difference, ...]:
        """What of a node's totals is in none of their sub-items."""
        return tuple(one for one in self.differences if one.node == node)

    def total(self, node: str) -> ReportTotal:
        """Money, carbon and coal of a node of the report."""
        return next(total for total in self.totals if total.node == node)


def standing(grade: str) -> str:
    """How certain a factor or price is: verified (seen in an official text), secondary, or
    unverified (from memory, an example, or without a grade)."""
    return {"V": "verified", "S": "secondary"}.get(grade[:1].upper(), "unverified")
