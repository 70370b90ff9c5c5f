"""Feeding analytics: the books and the weather of a site as the arrays it asks for."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from analytics import Inputs
from metering.book import BookRow, SeriesKey
from metering.localtime import (
    HOUR_US,
    days_between,
    local_day,
    slot_starts,
)
from metering.ports import BookStore, ReadingStore
from metering.quality import MISSING, all_of
from metering.quantity import ABSENT, I64
from metering.reading import Flag
from metering.registry import Meter, NodeType, Registry
from metering.tariff import Tariff

LONGEST_WEATHER_GAP_H = 3
"""Hours of outdoor temperature that may be filled by a straight line."""


def sites(registry: Registry) -> list[str]:
    """Codes of all sites."""
    return [code for code, node in registry.nodes.items() if node.type is NodeType.SITE]


def site_inputs(
    registry: Registry,
    books: BookStore,
    readings: ReadingStore,
    site: str,
    *,
    now_us: int,
    history_days: int,
) -> Inputs | None:
    """Hourly energy and weather of a site's last days; None where nothing is booked yet."""
    institution, zone = registry.institution(site), registry.zone(site)
    nodes = registry.subtree(site)
    meters = [m for m in registry.meters.values() if m.node in nodes]
    today = local_day(now_us, zone)
    keys = {m.code: SeriesKey(institution, "meter", m.code, m.item) for m in meters}
    rows = books.rows(list(keys.values()), today - timedelta(days=history_days), today)
    if not rows:
        return None
    first = min(row.day for row in rows)
    hours_us, place = _hours(first, today, zone)
    energy, shares = _matrices(meters, rows, place, len(hours_us))
    return Inputs(
        institution=institution,
        zone=zone,
        meters=meters,
        feeders={m.code: registry.feeders(m.code, today) for m in meters},
        hours_us=hours_us,
        energy=energy,
        shares=shares,
        temperature=_temperature(registry, readings, nodes, hours_us),
        calendar=registry.calendar,
        events=[
            event
            for event in books.events(institution, int(hours_us[0]), now_us)
            if event.meter in keys
        ],
        tariff=Tariff.of(registry.tariff, institution, registry.calendar),
        factors=registry.factors,
        now_us=now_us,
    )


def _hours(first: date, last: date, zone: str) -> tuple[I64, dict[date, int]]:
    """Starts of all local hours, and where each day begins among them."""
    parts, place, count = [], {}, 0
    for day in days_between(first, last):
        starts = slot_starts(day, zone, 60)
        place[day] = count
        count += len(starts)
        parts.append(starts)
    return np.concatenate(parts), place


def _matrices(
    meters: list[Meter], rows: list[BookRow], place: dict[date, int], hours: int
) -> tuple[I64, NDArray[np.uint16]]:
    energy = np.full((len(meters), hours), ABSENT, dtype=np.int64)
    shares = np.tile(all_of(MISSING, hours), (len(meters), 1, 1))
    line = {meter.code: number for number, meter in enumerate(meters)}
    for row in rows:
        hourly = _hourly(row)
        where = slice(place[row.day], place[row.day] + len(hourly))
        energy[line[row.key.code], where] = hourly
        shares[line[row.key.code], where] = row.hour_shares[: len(hourly)]
    return energy, shares


def _hourly(row: BookRow) -> I64:
    """Sums of the day's slots by hour; days booked in one piece stay absent by the hour."""
    if row.step_min > 60:
        return np.full(len(row.hour_shares), ABSENT, dtype=np.int64)
    per_hour = 60 // row.step_min
    padded = np.full(-(-len(row.slots) // per_hour) * per_hour, ABSENT, dtype=np.int64)
    padded[: len(row.slots)] = row.slots
    by_hour = padded.reshape(-1, per_hour)
    present = by_hour != ABSENT
    return np.where(present.any(axis=1), np.where(present, by_hour, 0).sum(axis=1), ABSENT)


def _temperature(
    registry: Registry, readings: ReadingStore, nodes: frozenset[str], hours_us: I64
) -> NDArray[np.float64]:
    """Hourly mean of the site's outdoor temperature [C]; short gaps filled, others NaN."""
    points = [p.id for p in registry.points_of_role("outdoor_temperature", nodes)]
    means = np.full(len(hours_us), np.nan)
    if not points:
        return means
    seen = readings.scan(points, int(hours_us[0]), int(hours_us[-1]) + HOUR_US)
    good = (seen.flag & Flag.OUT_OF_RANGE) == 0
    hour = np.searchsorted(hours_us, seen.time_us[good], side="right") - 1
    count = np.bincount(hour, minlength=len(hours_us))
    total = np.bincount(hour, weights=seen.value[good], minlength=len(hours_us))
    np.divide(total, count, out=means, where=count > 0)
    return _bridged(means)


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
