"""Books and weather of a site as the arrays that analytics works on.

figures.View ──▶ energy and quality by the hour ─┐
             ──▶ register events, silences       ├──▶ Inputs
             ──▶ rates                           │
             ──▶ totals against their parts      │
registry     ──▶ office hours, limits, gateways  │
readings     ──▶ outdoor temperature ────────────┘
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from analytics.billed import PEAK_DAYS, QUARTER_MIN, BilledMeter, DayPeaks, billed
from analytics.centres import centre_meters
from analytics.feeding_balances import BALANCE_DAYS, site_balances
from analytics.feeding_outages import site_served
from analytics.groups import Ints
from analytics.opposed import OPPOSED_DAYS, OpposedHours
from analytics.opposed_meters import OpposedMeters, opposed_meters
from analytics.outages import outages
from analytics.registered import limits, timetables
from analytics.sampled import hourly_means
from analytics.sensors import OUTDOOR_HUMIDITY, OUTDOOR_TEMPERATURE, ROLES, SensedHours, sensed_at
from analytics.service import Inputs
from analytics.silences import silences
from analytics.stays import ALL_TIME, stay_of
from figures import Energy, View, at_hour_prices, carbon, energy, hour_prices, mean_power
from metering.book import RegisterEvent, SeriesKey
from metering.finding import Sums
from metering.items import category
from metering.localtime import (
    HOUR_US,
    MINUTE_US,
    day_bounds,
    day_number,
    days_between,
    local_day,
    slot_starts,
)
from metering.ports import ReadingReader
from metering.quality import MEASURED, MISSING, WHOLE, Shares, all_of
from metering.quantity import ABSENT, I64
from metering.registry import Meter, NodeType, Point, Registry
from metering.units import BOOK_UNITS

LONGEST_WEATHER_GAP_H = 3
"""Hours of outdoor temperature that may be filled by a straight line."""
SENSED_AT_A_TIME = 50


@dataclass(frozen=True)
class BookRates:
    """What energy costs and emits as figures tell it, for as long as their view is open."""

    view: View

    def money(self, meter: Meter, starts_us: Ints, amounts: Ints) -> Sums:
        """At the price of each hour."""
        prices = hour_prices(self.view, self.view.key_of(meter.code), starts_us)
        return at_hour_prices(amounts.tolist(), prices)

    def kgco2(self, meter: Meter, starts_us: Ints, amounts: Ints) -> Decimal | None:
        """By the factor of each local day."""
        zone = self.view.registry.zone(meter.node)
        days = (local_day(start, zone) for start in starts_us.tolist())
        return carbon(self.view, meter.item, zip(days, amounts.tolist(), strict=True)).whole

    def money_of_each(self, meter: Meter, starts_us: Ints, amounts: Ints) -> list[Sums]:
        """Each hour at its own price."""
        prices = hour_prices(self.view, self.view.key_of(meter.code), starts_us)
        pairs = zip(amounts.tolist(), prices, strict=True)
        return [at_hour_prices([amount], [price]) for amount, price in pairs]


def sites(registry: Registry) -> list[str]:
    """Codes of all sites."""
    return [code for code, node in registry.nodes.items() if node.type is NodeType.SITE]


def site_inputs(
    view: View,
    readings: ReadingReader,
    site: str,
    *,
    history_days: int,
    spared: Collection[str] = (),
) -> Inputs | None:
    """Hourly energy and weather of a site's last days; None where nothing is booked yet.

    The inputs price by the view: use them while it is open. What a meter books in steps longer
    than an hour is in none of its hours. Of gateways that are `spared` no silence is told. Raises
    NotFound for an unknown site.
    """
    registry = view.registry
    institution, zone, nodes = (
        registry.institution(site, local_day(view.now_us, registry.zone(site))),
        registry.zone(site),
        frozenset(registry.held(site)),
    )
    meters = [meter for meter in registry.meters.values() if meter.node in nodes]
    keys = [view.key_of(meter.code) for meter in meters]
    last = local_day(view.now_us, zone)
    since = last - timedelta(days=max(history_days, BALANCE_DAYS))
    view.load(keys, since, last)
    first = _first_day(view, keys, last - timedelta(days=history_days), last)
    if first is None:
        return None
    hours_us = np.concatenate([slot_starts(day, zone, 60) for day in days_between(first, last)])
    by_hour = [_by_hour(energy(view, key, first, last, "hour"), hours_us) for key in keys]
    codes = {meter.code for meter in meters}
    events = view.events_of(view.key_of(site, "01000"), int(hours_us[0]), view.now_us)
    events = [
        *(e for e in events if e.meter in codes and not _is_declared(registry, e)),
        *silences(registry, readings, institution, meters, day_bounds(last, zone)[0], spared),
    ]
    own = {one.code: stay_of(registry, site, one.node, institution) for one in meters}
    return Inputs(
        institution=institution,
        zone=zone,
        meters=meters,
        feeders={meter.code: registry.feeders(meter.code, last) for meter in meters},
        hours_us=hours_us,
        energy=np.stack([amounts for amounts, _ in by_hour]),
        shares=np.stack([shares for _, shares in by_hour]),
        temperature=weather(registry, readings, nodes, hours_us, OUTDOOR_TEMPERATURE),
        humidity=weather(registry, readings, nodes, hours_us, OUTDOOR_HUMIDITY),
        calendar=registry.calendar,
        events=events,
        rates=BookRates(view),
        now_us=view.now_us,
        above={one.code: _above(registry, one, nodes, last) for one in meters},
        weeks=timetables(registry, meters),
        limits=limits(registry, meters, last),
        revision=view.revision(institution),
        balances=site_balances(view, meters, nodes, (since, last), events, own),
        outages=outages(events, site_served(registry, meters, own)),
        before=tuple(body for _, body in registry.bodies(site) if body != institution),
        own={code: stay for code, stay in own.items() if stay != ALL_TIME},
        billed=[_with_peaks(view, one, last) for one in billed(registry, codes, last)],
        centres=centre_meters(registry, meters, last),
        sensed=_sensed(readings, sensed_at(registry, meters, nodes, last), hours_us),
        opposed=_opposed(view, readings, nodes, opposed_meters(registry, meters, last), last),
    )


def _above(registry: Registry, meter: Meter, nodes: frozenset[str], day: date) -> list[str]:
    """A meter's node and those above it on the site, nearest first."""
    return [meter.node, *(one for one in registry.ancestors(meter.node, day) if one in nodes)]


def _is_declared(registry: Registry, event: RegisterEvent) -> bool:
    """Whether a gap is the window in which the meter was changed, as somebody told: between the
    last reading before and the first one after nothing was silent."""
    if event.kind != "gap":
        return False
    slack_us = 2 * registry.meters[event.meter].step_min * MINUTE_US
    return any(
        turn.start_us < turn.end_us
        and turn.start_us - slack_us <= event.start_us
        and event.end_us <= turn.end_us + slack_us
        for one in registry.installations_of(event.meter)
        for turn in (one.began, one.ended)
        if turn is not None
    )


def _first_day(view: View, keys: Sequence[SeriesKey], first: date, last: date) -> date | None:
    """The first day on which any of the series is booked; reads all of them at once."""
    view.load(keys, first, last)
    return min((day for key in keys for day in view.rows(key, first, last)), default=None)


def _by_hour(found: Energy, hours_us: I64) -> tuple[I64, Shares]:
    """(hours,) energy and (hours, 4) quality of a series at these hours."""
    amounts = np.full(len(hours_us), ABSENT, dtype=np.int64)
    shares = all_of(MISSING, len(hours_us))
    _, here, there = np.intersect1d(
        hours_us, found.start_us, assume_unique=True, return_indices=True
    )
    amounts[here], shares[here] = found.quantity[there], found.shares[there]
    for coarse in found.remainder:
        # An hour of a meter that is read once a day is known as well as its day, not missing.
        place = np.maximum(np.searchsorted(coarse.start_us, hours_us, side="right") - 1, 0)
        inside = (coarse.start_us[place] <= hours_us) & (hours_us < coarse.end_us[place])
        inside &= shares[:, MISSING] == WHOLE
        shares[inside] = coarse.shares[place[inside]]
    return amounts, shares


def weather(
    registry: Registry,
    readings: ReadingReader,
    nodes: frozenset[str],
    hours_us: I64,
    role: str,
) -> NDArray[np.float64]:
    """(hours,) mean of the site's outdoor temperature [C] or humidity [%]; short gaps are filled,
    others NaN."""
    points = [p.id for p in registry.points_of_role(role, nodes)]
    if not points:
        return np.full(len(hours_us), np.nan)
    seen = readings.scan(points, int(hours_us[0]), int(hours_us[-1]) + HOUR_US)
    return _bridged(hourly_means(seen, hours_us))


def _with_peaks(view: View, one: BilledMeter, last: date) -> BilledMeter:
    """With the peaks of complete days, where a kW has a price: rows of one meter are read."""
    meter = view.registry.meters[one.meter]
    if not (one.contracted or one.demanded) or meter.step_min > QUARTER_MIN:
        return one
    first, until = last - timedelta(days=PEAK_DAYS), last - timedelta(days=1)
    told = energy(view, view.key_of(one.meter), first, until, "native")
    if told.step_min > QUARTER_MIN:
        return one
    days = days_between(first, until)
    starts = np.array([day_bounds(day, told.zone)[0] for day in days])
    numbers = day_number(first) + np.searchsorted(starts, told.start_us, side="right") - 1
    power = mean_power(told, view.now_us)
    return replace(one, peaks=DayPeaks.of(power, told.start_us, numbers))


def _opposed(
    view: View,
    readings: ReadingReader,
    nodes: frozenset[str],
    places: Sequence[OpposedMeters],
    last: date,
) -> list[OpposedHours]:
    """A year and a month of complete days of places that are heated and cooled; nothing where no
    weather is known."""
    registry = view.registry
    if not places or not registry.points_of_role(OUTDOOR_TEMPERATURE, nodes):
        return []
    zone, first = registry.zone(places[0].node), last - timedelta(days=OPPOSED_DAYS)
    days = days_between(first, last - timedelta(days=1))
    hours_us = np.concatenate([slot_starts(day, zone, 60) for day in days])
    outdoor = weather(registry, readings, nodes, hours_us, OUTDOOR_TEMPERATURE)
    keys = {m: view.key_of(m) for one in places for m in (*one.heating, *one.cooling)}
    view.load(list(keys.values()), first, last)
    found = []
    for place in places:
        flows = {
            m: _known(energy(view, keys[m], first, last, "hour"), hours_us) * mj
            for m, mj in place.heat_mj.items()
        }
        largest = max(place.heating, key=lambda m: float(np.nansum(flows[m])))
        found.append(
            OpposedHours(
                node=place.node,
                meter=largest,
                heat_mj=place.heat_mj[largest],
                hours_us=hours_us,
                heating=np.sum([flows[m] for m in place.heating], axis=0),
                cooling=np.sum([flows[m] for m in place.cooling], axis=0),
                outdoor=outdoor,
            )
        )
    return found


def _known(found: Energy, hours_us: I64) -> NDArray[np.float64]:
    """(hours,) of a series [canonical unit per hour]; NaN where not wholly measured."""
    amounts, shares = _by_hour(found, hours_us)
    known = (amounts != ABSENT) & (shares[:, MEASURED] == WHOLE)
    per = BOOK_UNITS[category(found.key.item).unit].per_canonical
    return np.where(known, amounts / per, np.nan)


def _sensed(
    readings: ReadingReader,
    sensed: Sequence[tuple[SensedHours, list[Point]]],
    hours_us: I64,
) -> list[SensedHours]:
    """What is sensed by the hour, as far back as its role asks, NaN before; a few at a time
    are read, since each of the points may send by the minute."""
    found = []
    for days in sorted({ROLES[one.role].days for one, _ in sensed}, key=lambda days: days or 0):
        since_us = int(hours_us[0])
        if days is not None:
            since_us = max(since_us, int(hours_us[-1]) - days * 24 * HOUR_US)
        alike = [one for one in sensed if ROLES[one[0].role].days == days]
        for first in range(0, len(alike), SENSED_AT_A_TIME):
            some = alike[first : first + SENSED_AT_A_TIME]
            points = [point.id for _, own in some for point in own]
            seen = readings.scan(points, since_us, int(hours_us[-1]) + HOUR_US)
            for one, own in some:
                mine = seen.take(np.isin(seen.point, [point.id for point in own]))
                found.append(replace(one, values=ROLES[one.role].hours(mine, hours_us)))
    return found


def _bridged(values: NDArray[np.float64]) -> NDArray[np.float64]:
    known = np.flatnonzero(~np.isnan(values))
    if known.size < 2:
        return values
    filled = np.interp(np.arange(values.size), known, values[known])
    nearest = np.searchsorted(known, np.arange(values.size))
    left = known[np.clip(nearest - 1, 0, known.size - 1)]
    right = known[np.clip(nearest, 0, known.size - 1)]
    inside = (np.arange(values.size) >= known[0]) & (np.arange(values.size) <= known[-1])
    close = inside & (right - left <= LONGEST_WEATHER_GAP_H + 1)
    return np.where(np.isnan(values) & close, filled, values)
