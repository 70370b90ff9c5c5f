"""Findings and cases: what wastes energy or measures wrongly.

A finding is evidence, told once and never changed. A case is its life: one number for as long as
the event grows, what people said of it, and the findings by which it was told, one a local day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from metering.items import category
from metering.saving import Saving
from metering.units import BOOK_UNITS

Sums = tuple[tuple[str, Decimal], ...]
"""(currency, amount), sorted: currencies are never added."""

REFUTED = "refuted"
"""Why a case was closed: readings that came late say its evidence was not so."""
BALANCED = "balanced"
"""Likewise: total and parts are again as far apart as they were before."""
MOVED = "moved"
"""Likewise: its place went over to another institution, which has a case of its own."""

MERGED = "merged"
"""Likewise: it belongs to an outage of the meter's gateway, or to what a meter below tells: that is
a case of its own."""

METER_GAP = "meter_gap"
"""The pattern of a meter that sent nothing by itself."""
GATEWAY_SILENT = "gateway_silent"
"""The pattern of several meters of a gateway that sent nothing over the same time; its evidence
names them in `meters`."""
BALANCE_DRIFT = "balance_drift"
"""The pattern of a total whose difference to its parts left what it was; its evidence hours hold
that difference, each day's spread over its hours."""


class CaseState(StrEnum):
    """What people said about a case, or that the platform closed it. `metering.case_life` says
    which may follow which."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    ASSIGNED = "assigned"
    """Somebody named is to put it right."""
    FIXED = "fixed"
    """Put right, as people say."""
    VERIFIED = "verified"
    """Put right, as the measured saving says; by the platform."""
    EXPECTED = "expected"
    """As it should be: what is alike is not told again."""
    DISMISSED = "dismissed"
    """A false alarm, no waste: what is not larger is not told again."""
    CLOSED = "closed"
    """By the platform, with a cause."""

    @classmethod
    def _missing_(cls, value: object) -> CaseState | None:
        """What fixed was called before."""
        return cls.FIXED if value == FIXED_BEFORE else None


FIXED_BEFORE = "resolved"
"""The earlier name of fixed, which is still understood."""
STANDING = frozenset({CaseState.OPEN, CaseState.ACKNOWLEDGED, CaseState.ASSIGNED})
"""States of a case that still grows."""
PUT_RIGHT = frozenset({CaseState.FIXED, CaseState.VERIFIED})
"""States of a case that comes back as itself."""
RELAPSES_WITHIN_US = 366 * 24 * 3_600_000_000
"""What comes so long after a case was put right is the same case."""
TEACHING = frozenset({CaseState.EXPECTED, CaseState.DISMISSED})
"""States of a case that says what is not to be told."""
NO_WASTE = frozenset({CaseState.CLOSED, CaseState.DISMISSED})
"""States of a case that counts in no sum."""


@dataclass(frozen=True)
class EvidenceHour:
    """One evidence hour [book units], with the worth of what it used above expectation."""

    start_us: int
    expected: int | None
    measured: int | None
    costs: Sums = ()
    """Empty where it has no price."""
    kgco2: Decimal | None = None

    @property
    def waste(self) -> int:
        """Measured above expected; 0 where either is unknown."""
        if self.expected is None or self.measured is None:
            return 0
        return self.measured - self.expected


@dataclass(frozen=True)
class BesideMeter:
    """What another medium of the place took in the evidence hours of a finding."""

    meter: str
    item: str
    hours: tuple[EvidenceHour, ...]
    """Those of the evidence hours that are known of it; their waste is below 0 where it saved."""
    half: float
    """Half of the 90 % interval of what they took above expectation [`unit`]."""
    baseline_version: str

    @property
    def unit(self) -> str:
        """The unit of `waste` and `half`."""
        return category(self.item).unit

    @property
    def waste(self) -> float:
        """Measured above expected [`unit`]."""
        return sum(one.waste for one in self.hours) / BOOK_UNITS[self.unit].per_canonical


@dataclass(frozen=True)
class Finding:
    """Evidence of one pattern on one meter.

    `expected` and `measured` are summed over the evidence hours in book units [mWh, mL, kJ].
    Money and carbon are None where no tariff or factor row holds. Currencies are never added:
    money in several of them has no `cost`, and stands in `costs` alone.
    """

    institution: str
    node: str
    meter: str
    item: str
    pattern: str
    start_us: int
    end_us: int
    hours_us: tuple[int, ...]
    """Starts of the evidence hours, UTC."""
    expected: int | None
    measured: int | None
    waste: float
    """Measured above expected [`unit`]; 0 for a meter fault."""
    waste_low: float
    waste_high: float
    """90 % interval."""
    cost: Decimal | None
    """The money, where all of it is in one currency."""
    currency: str
    kgco2: Decimal | None
    confidence: float
    baseline_version: str
    cause: str
    """Key of the likely cause, e.g. `bms_override`; texts live with the page and the API."""
    action: str
    detail: dict[str, str | int | float] = field(default_factory=dict)
    """Numbers for the sentence: expected and measured of the hour at example_us, with their
    `unit`, temperature_c ..."""
    hourly: tuple[tuple[int, float | None, float | None], ...] = ()
    """(start_us, expected, measured) [canonical unit per hour] around the event, for a chart."""
    hours: tuple[EvidenceHour, ...] = ()
    """The evidence hour by hour; empty in findings told before it was kept."""
    costs: Sums = ()
    """The money, a sum for each currency. Empty where any of it is not known; that of `cost`
    where there is one."""
    beside: tuple[BesideMeter, ...] = ()
    """What other mediums of the place took meanwhile, by meter; empty in findings told before that
    was asked."""
    revision: int = 0
    """Of the institution's books; 0 in findings told before it was kept."""
    day: date = date.min
    """Local day on which it was found."""
    found_us: int = 0

    @property
    def unit(self) -> str:
        """The unit of `waste` and its bounds: kWh, m3 or MJ."""
        return category(self.item).unit

    def __post_init__(self) -> None:
        """`cost` and `costs` never tell two stories: a single sum is the cost."""
        if self.cost is not None:
            object.__setattr__(self, "costs", ((self.currency, self.cost),))
        elif len(self.costs) == 1:
            object.__setattr__(self, "costs", ())


@dataclass(frozen=True)
class Case:
    """The life of one event: its number, its state, and what was told of it last."""

    evidence: Finding
    number: int = 0
    """Rising over the platform, never given twice; 0 before the store has given one."""
    state: CaseState = CaseState.OPEN
    state_by: str = ""
    state_note: str = ""
    state_us: int = 0
    closed: str = ""
    """Why the platform closed it, e.g. `refuted`; '' where it did not."""
    opened_us: int = 0
    """When it was found first."""
    legacy_id: str = ""
    """What it was called before cases had numbers."""
    assignee: str = ""
    """Who is to put it right; '' for nobody."""
    snoozed_us: int = 0
    """Until then [us] it is on no list of what is to be done; 0 where it is not put off."""
    snoozed_rate: float = 0.0
    """What it cost a day when it was put off (`worth_a_day`)."""
    fixed_us: int = 0
    """When people said last that it was put right; 0 for never."""
    relapses: int = 0
    """How often it came back after it was put right."""
    relapsed_us: int = 0
    """First hour of the last time it came back; 0 for never."""
    saving: Saving | None = None
    """What was measured after it was put right last."""

    @property
    def id(self) -> str:
        """The number as a text."""
        return str(self.number)

    @property
    def stands(self) -> bool:
        """Whether it still grows: open, acknowledged or assigned."""
        return self.state in STANDING


@dataclass(frozen=True)
class Relapse:
    """A case that was put right and comes back."""

    evidence: Finding
    """All of it, what was told before included."""
    since_us: int
    """First hour of the new event."""


@dataclass(frozen=True)
class Changes:
    """What a look at the books tells anew; everything else stays as it was told."""

    opened: tuple[Case, ...] = ()
    """New cases, without a number."""
    grown: Mapping[int, Finding] = field(default_factory=dict)
    """Number -> its newest finding, for cases that stand."""
    closed: Mapping[int, str] = field(default_factory=dict)
    """Number -> cause, for cases that stand."""
    returned: Mapping[int, Relapse] = field(default_factory=dict)
    """Number -> how it came back, for cases that were put right."""
    savings: Mapping[int, Saving] = field(default_factory=dict)
    """Number -> what was measured, for cases that were put right."""

    def __bool__(self) -> bool:
        return bool(self.opened or self.numbers)

    @property
    def numbers(self) -> list[int]:
        """Known cases of which they tell something, rising."""
        return sorted(set().union(self.grown, self.closed, self.returned, self.savings))
