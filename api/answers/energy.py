"""Energy, its worth, where it comes from, and a data centre's ratios."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from api.answers.common import InLanguages, SeriesAnswer, SharesAnswer
from api.answers.readings import ReadingAnswer


class TariffRowAnswer(TypedDict):
    """A row of a tariff that money rests on."""

    tariff: str
    node: str | None
    meter: str | None
    period: str
    price: str
    currency: str
    source: str
    verified: bool


class PeriodCostAnswer(TypedDict):
    """Money by tariff period."""

    period: str
    energy: str | None
    cost: str
    currency: str


class MoneyAnswer(TypedDict):
    """A sum in one currency, with what it may have been."""

    currency: str
    value: str
    cost_low: str
    cost_high: str
    shares: SharesAnswer


class CostAnswer(TypedDict):
    """Money; `value` is null where not all of the energy has a price, or in two currencies."""

    value: str | None
    currency: str | None
    cost_low: str | None
    cost_high: str | None
    shares: SharesAnswer | None
    unpriced: str | None
    periods: list[PeriodCostAnswer]
    rows: list[TariffRowAnswer]
    by_currency: list[MoneyAnswer]
    note: str | None


class FactorAnswer(TypedDict):
    """A factor that carbon or standard coal rests on, with the energy that it is taken times."""

    item: str
    quantity: str
    factor: str
    energy: str | None
    valid_from: str | None
    valid_to: str | None
    region: str
    source: str
    verified: bool


class EmissionAnswer(TypedDict):
    """Carbon or standard coal [kg]; null where no factor covers all of the energy."""

    value: str | None
    rows: list[FactorAnswer]
    note: str | None


class PeriodAnswer(TypedDict):
    """One period with its quality; `amount` is `value` in whole book units."""

    start: str
    end: str
    value: str | None
    amount: int | None
    shares: SharesAnswer
    provisional: bool


class WorthAnswer(TypedDict):
    """Money, carbon and coal, each with the rows it rests on."""

    cost: CostAnswer
    kgco2: EmissionAnswer
    kgce: EmissionAnswer


class PeriodWorthAnswer(PeriodAnswer, WorthAnswer):
    """One period with what it is worth."""


class RemainderAnswer(TypedDict):
    """What is booked at a step coarser than the one asked."""

    step_min: int | None
    data: list[PeriodWorthAnswer]


class EnergyHeadAnswer(TypedDict):
    """What an answer is of, over the local days [start, end)."""

    series: SeriesAnswer
    item_name: InLanguages
    unit: str
    book_unit: str
    zone: str
    start: str
    end: str
    revision: int
    registry_version: int


class BasesAnswer(TypedDict):
    """By which factors coal and carbon are told."""

    coal: str
    carbon: str


class AxisAnswer(TypedDict):
    """Periods that several series have."""

    zone: str
    step_min: int
    start: list[str]
    end: list[str]


class SharesColumnsAnswer(TypedDict):
    """Shares of the expected time [1/10,000] of every period."""

    measured: list[int]
    apportioned: list[int]
    estimated: list[int]
    missing: list[int]


class CostColumnsAnswer(TypedDict):
    """Money of every period, times 10 to the power of -`digits`; null where not all of the energy
    has a price, or in two currencies. Where `currencies` are several, all are null."""

    currency: str | None
    currencies: list[str]
    digits: int
    value: list[int | None]
    cost_low: list[int | None]
    cost_high: list[int | None]


class EmissionColumnsAnswer(TypedDict):
    """Carbon or standard coal [kg] of every period, times 10 to the power of -`digits`."""

    digits: int
    value: list[int | None]


class SeriesColumnsAnswer(TypedDict):
    """The columns of a series that were asked for; `amount` in book units, of which `unit` has
    `per_unit`. A `remainder` is what is booked at a coarser step than the one asked."""

    series: SeriesAnswer
    item_name: InLanguages
    unit: str
    book_unit: str
    per_unit: int
    axis: int
    remainder: bool
    amount: NotRequired[list[int | None]]
    shares: NotRequired[SharesColumnsAnswer]
    provisional: NotRequired[list[bool]]
    cost: NotRequired[CostColumnsAnswer]
    kgco2: NotRequired[EmissionColumnsAnswer]
    kgce: NotRequired[EmissionColumnsAnswer]


class EnergyTableAnswer(TypedDict):
    """Many series in columns, over the local days [start, end), all at one moment."""

    step: str
    start: str
    end: str
    revisions: dict[str, int]
    registry_version: int
    coal: str
    carbon: str
    fields: list[str]
    axes: list[AxisAnswer]
    data: list[SeriesColumnsAnswer]


class EnergyAnswer(EnergyHeadAnswer, BasesAnswer):
    """A figure by step; with its remainder it is the whole figure."""

    step: str
    step_min: int | None
    data: list[PeriodWorthAnswer]
    remainder: list[RemainderAnswer]
    silent_meters: list[str] | None


class HeldAnswer(TypedDict):
    """Energy of an item over all of the days."""

    item: str
    item_name: InLanguages
    value: str | None
    amount: int | None
    shares: SharesAnswer | None
    provisional: bool


class RowAnswer(TypedDict):
    """Which row of the table: `total`, `part` or `difference`."""

    row: str


class HeldWorthAnswer(HeldAnswer, WorthAnswer):
    """Energy of an item with what it is worth."""


class PartAnswer(RowAnswer, HeldWorthAnswer):
    """A row of the table of parts."""


class PartsAnswer(EnergyHeadAnswer, BasesAnswer):
    """A figure, its sub-items, and the difference: the table adds up."""

    data: list[PartAnswer]


class SharedPartAnswer(TypedDict):
    """The own part of a place that is shared with others, over days with one share."""

    place: str
    place_name: InLanguages
    start: str
    end: str
    share: str
    fraction: str | None
    value: str | None
    amount: int | None
    shares: SharesAnswer
    provisional: bool


class SharedPartsAnswer(EnergyHeadAnswer):
    """What a figure has of places that are shared with others."""

    data: list[SharedPartAnswer]


class DayBalanceAnswer(TypedDict):
    """A total, its parts and their difference on a day; null where they are not wholly known."""

    day: str
    total: str | None
    parts: str | None
    difference: str | None


class BalanceAnswer(EnergyHeadAnswer):
    """A total against what it should hold; differences as fractions of the total."""

    data: list[DayBalanceAnswer]
    known_days: int
    fraction: str | None
    fraction_before: str | None
    fraction_after: str | None


class IntensityOfPlace(TypedDict):
    """Energy per m2 of a place [`unit` of the head], beside how irregularly it keeps its hours and
    its base load of Monday to Sunday [`unit` of the head per hour]."""

    node: str
    node_name: InLanguages
    area_m2: str | None
    energy: str | None
    shares: SharesAnswer
    per_m2: str | None
    irregularity: str | None
    irregularity_days: int
    base_load: list[str | None]


class IntensityAnswer(EnergyHeadAnswer):
    """A node, then the places right below it; `left_out` counts those that are not told."""

    data: list[IntensityOfPlace]
    left_out: int


class BookRowAnswer(TypedDict):
    """What wrote a row of the books; version 0 of the registry is from before rows named it."""

    day: str
    revision: int
    registry_version: int
    rules_version: int


class CoversAnswer(TypedDict):
    """What an interval reading speaks of."""

    start: str
    end: str


class VerdictAnswer(TypedDict):
    """What became of a reading: `rejected_by` says why it is not used, `entered` that a person
    entered it. `covers` and `energy` are of interval readings; null of a register's."""

    used: bool
    rejected_by: str | None
    entered: bool
    covers: CoversAnswer | None
    energy: str | None


class JudgedReadingAnswer(ReadingAnswer, VerdictAnswer):
    """A reading with what became of it."""


class CalculationAnswer(TypedDict):
    """From two readings of a register to the energy of the interval: `rise` x `factor`, and `turn`
    for each of its `turns`, is `energy`; less what passed `before` and `after` the interval it is
    `value`."""

    first: str
    last: str
    rise: str
    turns: int
    turn: str
    factor: str
    energy: str
    before: str
    after: str
    value: str


class SourceAnswer(TypedDict):
    """A register or stream of intervals with its readings around and in an interval; `left_out`
    counts those in it that are not listed, `all` lists all of them. `first` and `final` are what
    the register said when it began and ended [`register_unit`], where that was written down.
    `calibration_expired` says that its calibration no longer held at the end of the interval; its
    readings count all the same."""

    point: int
    name: str
    gateway: str
    kind: str
    unit: str
    ratio: str
    register_unit: str | None
    factor: str
    accuracy_class: str | None
    calibrated_until: str | None
    calibration_expired: bool
    counts_from: str | None
    counts_to: str | None
    first: str | None
    final: str | None
    calculation: CalculationAnswer | None
    readings: list[JudgedReadingAnswer]
    left_out: int
    all: str


class NamedPlaceAnswer(TypedDict):
    """Where a reading stands to a decision: `before`, `left_out` (the first one) or `after`."""

    place: str


class NamedReadingAnswer(NamedPlaceAnswer, JudgedReadingAnswer):
    """A reading that a decision speaks of."""


class DecisionAnswer(TypedDict):
    """A decision on readings: its rule, why, and what it rests on, each in the unit of the figure
    and in book units (`_amount`). `limit` is per hour; `left_out` counts readings, null where
    nobody counted."""

    rule: str
    name: InLanguages
    why: InLanguages
    start: str
    end: str
    cost: int | None
    limit: str | None
    limit_amount: int | None
    value: str | None
    value_amount: int | None
    energy: str | None
    energy_amount: int | None
    left_out: int | None
    readings: list[NamedReadingAnswer]


class DecisionSumAnswer(TypedDict):
    """All decisions of a rule under a figure; `unknown` counts those that say no energy."""

    rule: str
    name: InLanguages
    count: int
    energy: str
    energy_amount: int
    unknown: int


class TracedMeterAnswer(TypedDict):
    """Which meter counts into the figure."""

    meter: str


class MaybePeriodAnswer(TypedDict, total=False):
    """The meter's own value; left out where nothing is booked of it."""

    start: str
    end: str
    value: str | None
    amount: int | None
    shares: SharesAnswer
    provisional: bool


class MemberPeriodAnswer(TypedDict):
    """What a member of a formula counts while that holds, in its own unit; null where nothing is
    booked."""

    meter: str
    item: str
    unit: str
    value: str | None
    amount: int | None


class FormulaTraceAnswer(TypedDict):
    """A formula in the part of the interval in which it holds, with the meter's own value there.
    It is null where it names a meter outside of the key's reach."""

    formula: str | None
    valid_from: str | None
    valid_to: str | None
    start: str | None
    end: str | None
    value: str | None
    amount: int | None
    members: list[MemberPeriodAnswer]
    members_left_out: int


class RestsOnAnswer(TypedDict):
    """What a value rests on. `days_counted`: local days of the interval on which the meter counts
    into the figure. `certain` is false where rows were made by other rules than the present ones.
    What is not listed is counted."""

    days_counted: int
    certain: bool
    rows: list[BookRowAnswer]
    sources: list[SourceAnswer]
    sources_left_out: int
    decisions: list[DecisionAnswer]
    decisions_left_out: int
    formulas: list[FormulaTraceAnswer]


class MeterTraceAnswer(TracedMeterAnswer, MaybePeriodAnswer, RestsOnAnswer):
    """A meter that counts into the figure, with what it rests on."""


class UnitHeadAnswer(TypedDict):
    """Of a member what it measures, and in which unit: another one's than the figure's perhaps."""

    item: str
    unit: str


class MemberTraceAnswer(UnitHeadAnswer, MeterTraceAnswer):
    """A meter that formulas under the figure are made of, with what it rests on."""


class LineageHeadAnswer(TypedDict):
    """Of which series a value is, in which units, and where it is told with its neighbours."""

    series: SeriesAnswer
    unit: str
    book_unit: str
    zone: str
    step: str | None
    coal: str
    carbon: str
    energy: str


class MaybeWorthAnswer(TypedDict):
    """Money, carbon and coal; null of a stretch of hours and of a role."""

    cost: CostAnswer | None
    kgco2: EmissionAnswer | None
    kgce: EmissionAnswer | None


class LineageTailAnswer(TypedDict):
    """What a value rests on; `left_out` counts meters that are not listed, `members_left_out` what
    formulas are made of. `down_to` is readings, or rows where readings and decisions are not kept
    as they were."""

    down_to: Literal["readings", "rows"]
    rows: list[BookRowAnswer]
    decisions: list[DecisionSumAnswer]
    meters: list[MeterTraceAnswer]
    left_out: int
    members: list[MemberTraceAnswer]
    members_left_out: int


class LineageAnswer(LineageHeadAnswer, PeriodAnswer, MaybeWorthAnswer, LineageTailAnswer):
    """A value down to its meters, the readings it rests on, and their raw messages."""


class DaysAnswer(TypedDict):
    """Local days [start, end)."""

    start: str
    end: str


class RatioAnswer(TypedDict):
    """A ratio of energies; null where it is known for less than 0.95 of the time."""

    name: str
    value: str | None
    above: str | None
    above_role: str
    below: str | None
    below_role: str
    cover: float
    category: int | None
    boundary: str
    period: DaysAnswer


class RoleAnswer(TypedDict):
    """Energy of a role over the time in which all its meters are known."""

    role: str
    value: str | None
    amount: int | None
    cover: float


class CentreAnswer(TypedDict):
    """Of which data centre the ratios are."""

    node: str
    unit: str
    zone: str


class RatiosAnswer(TypedDict):
    """Ratios and energies by role, at one revision."""

    revision: int
    registry_version: int
    ratios: list[RatioAnswer]
    roles: list[RoleAnswer]


class DatacentreAnswer(CentreAnswer, DaysAnswer, RatiosAnswer):
    """A data centre's ratios and energies by role over local days [start, end)."""


class ForeseenAnswer(TypedDict):
    """An amount at a period's end; it lies between `low` and `high` in four of five periods."""

    total: str
    low: str | None
    high: str | None


class ForeseenMoney(ForeseenAnswer):
    """The money of it."""

    currency: str


class ExpectedDay(TypedDict):
    """What is expected of a day that is not over [`unit` of the head]."""

    day: str
    expected: str


class BudgetAhead(TypedDict):
    """A budget of the period, what is expected, and the first day on whose end more is used."""

    budgeted: str
    unit: str
    expected: str | None
    passed_on: str | None


class ForecastAnswer(EnergyHeadAnswer):
    """A running period to its end; `forecast` is null where too little is known of before."""

    until: str
    so_far: str | None
    up_to: str | None
    forecast: ForeseenAnswer | None
    cost: ForeseenMoney | None
    promise: str
    stretches: int
    known_days: int
    filled: list[str]
    days: list[ExpectedDay]
    budgets: list[BudgetAhead]
