"""Energy, its worth, where it comes from, and a data centre's ratios."""

from __future__ import annotations

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
    """A factor that carbon or standard coal rests on."""

    factor: str
    region: str
    source: str
    verified: bool


class EmissionAnswer(TypedDict):
    """Carbon or standard coal [kg]; null where no factor covers all of the energy."""

    value: str | None
    rows: list[FactorAnswer]


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


class EnergyAnswer(EnergyHeadAnswer):
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


class PartsAnswer(EnergyHeadAnswer):
    """A figure, its sub-items, and the difference: the table adds up."""

    data: list[PartAnswer]


class BookRowAnswer(TypedDict):
    """What wrote a row of the books; version 0 of the registry is from before rows named it."""

    day: str
    revision: int
    registry_version: int
    rules_version: int


class SourceAnswer(TypedDict):
    """A point's readings around an interval."""

    point: int
    name: str
    gateway: str
    ratio: str
    register_unit: str | None
    readings: list[ReadingAnswer]


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


class RestsOnAnswer(TypedDict):
    """Rows and readings that a value rests on."""

    rows: list[BookRowAnswer]
    sources: list[SourceAnswer]


class MeterTraceAnswer(TracedMeterAnswer, MaybePeriodAnswer, RestsOnAnswer):
    """A meter that counts into the figure, with the readings it rests on."""


class LineageHeadAnswer(TypedDict):
    """Of which series a value is, and in which unit."""

    series: SeriesAnswer
    unit: str


class LineageTailAnswer(TypedDict):
    """What a value rests on; `left_out` counts meters that are not listed."""

    rows: list[BookRowAnswer]
    meters: list[MeterTraceAnswer]
    left_out: int


class LineageAnswer(LineageHeadAnswer, PeriodAnswer, LineageTailAnswer):
    """A value down to its meters, the readings around it, and their raw messages."""


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
    ratios: list[RatioAnswer]
    roles: list[RoleAnswer]


class DatacentreAnswer(CentreAnswer, DaysAnswer, RatiosAnswer):
    """A data centre's ratios and energies by role over local days [start, end)."""
