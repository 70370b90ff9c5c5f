"""What every detector sees: the meters of one site, their baseline, and the ledger's events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

import numpy as np

from analytics.balances import BalanceDays
from analytics.billed import BilledMeter
from analytics.bins import HourCalendar
from analytics.centres import CentreMeters
from analytics.groups import Bools, Floats, Ints
from analytics.humid_air import wet_bulb
from analytics.media import FLOWS
from analytics.opposed import Opposed
from analytics.outages import Outage
from analytics.scan.judge import NOTHING_SEEN, Sightings
from analytics.sensors import (
    CO2,
    COMPRESSOR,
    DEHUMIDIFIER,
    HUMIDIFIER,
    IRRADIANCE,
    IT_USE,
    PHASES,
    RACK_INLET,
    ROOM_TEMPERATURE,
    SUPPLY_AIR,
    WATER_BACK,
    WATER_OUT,
    SensedHours,
)
from metering.book import RegisterEvent
from metering.items import CHILLER, covers
from metering.quality import Shares


class Input(StrEnum):
    """What a site may have, and a detector may need."""

    EVENTS = "events"
    """What the ledger saw on the registers."""
    BASELINE = "baseline"
    """A meter whose hours have an expectation that may judge them."""
    BALANCE = "balance"
    """A total meter with parts that it should hold."""
    FLOW = "flow"
    """A meter of water, gas, heat or cooling that is read by the hour."""
    OUTAGE = "outage"
    """Meters behind one gateway whose gaps begin and end together."""
    METER = "meter"
    """Any meter at all."""
    CONTRACT = "contract"
    """A meter of an account with a contracted power."""
    CONTRACT_YEAR = "contract_year"
    """Likewise one whose contracted power has a price, with the peaks of its days."""
    DEMAND = "demand"
    """Likewise one whose demand has a price."""
    REACTIVE = "reactive"
    """A meter of an account that is held to a power factor, and that of its reactive energy."""
    CENTRE = "centre"
    """Meters of a data centre's supply and of its IT."""
    UPS = "ups"
    """Meters before and behind its UPS."""
    ROOM = "room"
    """Temperatures of rooms and outside."""
    AIR = "air"
    """CO2 of rooms."""
    OPPOSED = "opposed"
    """Meters of heating and of cooling of one place."""
    PHASES = "phases"
    """A meter of which all three phases are known, by current, voltage or power."""
    CENTRE_AIR = "centre_air"
    """Air that the cooling of servers gives out, or that racks take in."""
    CHILLED_WATER = "chilled_water"
    """Chilled water, out and back, of a meter of cooling."""
    WET_BULB = "wet_bulb"
    """Outdoor temperature and humidity."""
    CHILLER = "chiller"
    """A meter of a chiller, but for those of data centres."""
    CENTRE_CHILLER = "centre_chiller"
    """A meter of a data centre's chiller."""
    IRRADIANCE = "irradiance"
    """A meter of solar panels with the irradiance."""
    HUMIDITY_UNITS = "humidity_units"
    """Units of cooling that say when they humidify and when they dehumidify."""
    COMPRESSOR = "compressor"
    """A compressor that says when it runs."""
    IT_USE = "it_use"
    """A meter of servers whose use is known."""


@dataclass(frozen=True)
class Limits:
    """When a residual is waste. Defaults to start from; a site may set its own."""

    sigmas: float = 3.0
    share_of_load: float = 0.08
    """Least size of an effect: smaller ones are mostly benign drift."""
    schedule_share: float = 0.8
    """A meter whose rest runs at this share of its office hours or more has no schedule."""
    nights: int = 2
    night_window: int = 5
    rest_days: int = 2
    merge_days: int = 2
    load_hours: float = 2.0
    """Least waste of a finding, in hours of the meter's typical load."""


USUAL_LIMITS = Limits()


@dataclass(frozen=True, eq=False)
class Site:
    """Hours of complete local days; the first axis of the arrays is the meter."""

    codes: tuple[str, ...]
    steps_min: tuple[int, ...]
    hours_us: Ints
    clock: HourCalendar
    measured: Floats
    """[kWh/h], shape (meters, hours); NaN where not wholly measured."""
    expected: Floats
    """[kWh/h], likewise; NaN where the baseline is silent."""
    sigma: Floats
    """Spread of the residual in each hour [kW], shape (meters, hours)."""
    load: Floats
    """Typical power in office hours [kW], likewise."""
    judged: Bools
    """Meters whose history and item allow a judgement of waste."""
    shares: Shares
    """(meters, hours, 4)."""
    events: tuple[RegisterEvent, ...]
    until_us: int
    """End of the last complete local day."""
    limits: Limits = USUAL_LIMITS
    balances: tuple[BalanceDays, ...] = ()
    """Totals against their parts, also of meters that are not of the site."""
    outages: tuple[Outage, ...] = ()
    """Gaps that belong together, likewise."""
    items: tuple[str, ...] = ()
    """What each meter measures; where nothing is said, electricity."""
    temperature: Floats | None = None
    """Outdoor [C], (hours,); NaN where unknown."""
    humidity: Floats | None = None
    """Outdoor, relative [%], likewise."""
    seen: Sightings = NOTHING_SEEN
    """What stands out of the hours; days count from the window's first."""
    billed: tuple[BilledMeter, ...] = ()
    """Meters of accounts, also of meters that are not of the site."""
    centres: tuple[CentreMeters, ...] = ()
    """Data centres, likewise."""
    sensed: tuple[SensedHours, ...] = ()
    """What points with a role say, likewise."""
    feeders: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Meters that feed a meter, by its code."""
    opposed: tuple[Opposed, ...] = ()
    """Places that are heated and cooled, likewise."""

    @property
    def outdoor(self) -> Floats:
        """Outdoor temperature [C], (hours,); NaN where unknown."""
        unknown = np.full(self.hours_us.size, np.nan)
        return unknown if self.temperature is None else self.temperature

    @cached_property
    def wet_bulb(self) -> Floats:
        """Outdoor wet-bulb temperature [C], (hours,); NaN where unknown."""
        if self.humidity is None:
            return np.full(self.hours_us.size, np.nan)
        return wet_bulb(self.outdoor, self.humidity)

    @property
    def centre_chillers(self) -> frozenset[str]:
        """Meters of chillers that cool data centres."""
        cooling = {code for one in self.centres for code in one.meters("cooling")}
        return self._chillers & cooling

    @property
    def chillers(self) -> frozenset[str]:
        """Meters of the other chillers."""
        return self._chillers - self.centre_chillers

    @property
    def _chillers(self) -> frozenset[str]:
        pairs = zip(self.codes, self.items, strict=False)
        return frozenset(code for code, item in pairs if covers(CHILLER, item))

    @property
    def has(self) -> frozenset[Input]:
        """What there is to look at."""
        there = {
            Input.EVENTS: bool(self.events),
            Input.BASELINE: bool(self.judged.any()),
            Input.BALANCE: any(one.meter in self.codes for one in self.balances),
            Input.FLOW: any(item[:2] in FLOWS for item in self.items),
            Input.OUTAGE: any(one.subject in self.codes for one in self.outages),
            Input.METER: bool(self.codes),
            Input.CONTRACT: any(one.contract_kw for one in self._own_billed),
            Input.CONTRACT_YEAR: any(one.contracted and one.peaks for one in self._own_billed),
            Input.DEMAND: any(one.demanded and one.peaks for one in self._own_billed),
            Input.REACTIVE: any(
                one.power_factor and one.reactive in self.codes for one in self._own_billed
            ),
            Input.CENTRE: any(self._measures(one, "utility", "it") for one in self.centres),
            Input.UPS: any(self._measures(one, "ups_in", "ups_out") for one in self.centres),
            Input.ROOM: self._knows(ROOM_TEMPERATURE) and bool(np.isfinite(self.outdoor).any()),
            Input.AIR: self._knows(CO2),
            Input.OPPOSED: any(one.hours.meter in self.codes for one in self.opposed),
            Input.WET_BULB: bool(np.isfinite(self.wet_bulb).any()),
            Input.CHILLER: bool(self.chillers),
            Input.CENTRE_CHILLER: bool(self.centre_chillers),
            Input.CENTRE_AIR: self._knows(SUPPLY_AIR) or self._knows(RACK_INLET),
            Input.CHILLED_WATER: self._knows(WATER_OUT, WATER_BACK),
            Input.IRRADIANCE: self._knows(IRRADIANCE),
            Input.HUMIDITY_UNITS: self._knows(HUMIDIFIER, DEHUMIDIFIER),
            Input.COMPRESSOR: self._knows(COMPRESSOR),
            Input.IT_USE: self._knows(IT_USE),
            Input.PHASES: any(self._knows(*roles) for roles in PHASES),
        }
        return frozenset(one for one, stands in there.items() if stands)

    @property
    def _own_billed(self) -> list[BilledMeter]:
        return [one for one in self.billed if one.meter in self.codes]

    def _knows(self, *roles: str) -> bool:
        """Whether all of some roles are known of one meter."""
        told = {(one.meter, one.role) for one in self.sensed}
        return any(told >= {(code, role) for role in roles} for code in self.codes)

    def said(self, code: str, role: str) -> Floats:
        """What is known of a meter by a role, (sensors, hours); NaN where unknown."""
        own = [one.values for one in self.sensed if one.meter == code and one.role == role]
        return np.stack(own) if own else np.zeros((0, self.hours_us.size))

    def _measures(self, centre: CentreMeters, *roles: str) -> bool:
        return all(set(centre.meters(role)) & set(self.codes) for role in roles)

    @cached_property
    def residual(self) -> Floats:
        """Measured less expected [kW]."""
        return self.measured - self.expected

    @property
    def last_load(self) -> Floats:
        """Typical power in office hours at the end [kW], shape (meters,)."""
        return self.load[:, -1]


@dataclass(frozen=True, eq=False)
class Own:
    """What a detector itself tells of its evidence."""

    cause: str
    """One of the detector's."""
    expected: Ints
    """Book units of each evidence hour."""
    measured: Ints
    detail: dict[str, str | int | float]
    chart: tuple[tuple[int, float | None, float | None], ...]
    """(start_us, expected, measured) [canonical unit per hour]."""
    place: str = ""
    """The node that is told of it; '' is that of the meter."""
    half: float = 0.0
    """Of waste, half of its 90 % interval [canonical unit]."""
    confidence: float = 1.0
    """Of a fault, 0 .. 1; waste has its own."""
    tells_of: frozenset[str] = frozenset()
    """Meters whose stretches of days in these hours are the same event."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """An event a detector saw, before suppression and pricing."""

    pattern: str
    meter: int
    """Row in the site's arrays."""
    first_day: int
    """Local day on which it begins, days since 1970-01-01."""
    start_us: int
    end_us: int
    hours: Ints
    """Evidence: rows in `hours_us`, rising."""
    days: int
    """Nights or days that bear it; pieces of a meter fault."""
    own: Own | None = None
    """What is told of it, where that is not the meter's own energy."""
    score: float = 0.0
    """How surely it stands out; 0 where that is not asked."""
    odds: tuple[tuple[str, float], ...] = ()
    """(pattern, share of the likelihood) of what else it may be."""
    drift: float = 0.0
    """By how much the weeks before were above expectation already [kW]: that is no part of it."""
    sigma: float = 0.0
    """Of its net waste by what days of the meter were off by when it was well [kWh]."""


def chains(days: list[int], reach: int) -> list[list[int]]:
    """Cut a rising list of days wherever the next one is more than `reach` days later."""
    result: list[list[int]] = []
    for day in days:
        if result and day - result[-1][-1] <= reach:
            result[-1].append(day)
        else:
            result.append([day])
    return result
