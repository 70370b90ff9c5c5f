"""Meters that went silent and still are: a gap that no reading has ended yet.

    readings     ─ ─ ─ ┤ last one                             today
    gap so far         ├────────────────────────────────────────┤

The ledger tells of a gap once readings go on behind it. Until then nothing would be told of what
matters most, so that the last reading says since when. Readings that come late end or refute it; of
a gateway that is sending what it kept nothing is told meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from metering.book import RegisterEvent
from metering.intake import GatewayStatus
from metering.localtime import HOUR_US, day_bounds
from metering.ports import ReadingReader
from metering.registry import Installation, Meter, Registry

LEAST_US: Final = 24 * HOUR_US
"""A gateway may keep what it has for the hours of a night; a whole day is told."""
_EVER: Final = 1 << 62


def catching_up(gateways: Iterable[GatewayStatus], now_us: int) -> frozenset[str]:
    """Those that were heard within a day, and have sent nothing of that day yet."""
    since_us = now_us - LEAST_US
    return frozenset(
        one.gateway
        for one in gateways
        if one.counts.last_arrival_us > since_us >= one.counts.last_time_us
    )


def silences(
    registry: Registry,
    readings: ReadingReader,
    institution: str,
    meters: Sequence[Meter],
    until_us: int,
    spared: Collection[str] = (),
) -> list[RegisterEvent]:
    """Gaps until `until_us` of meters whose newest reading is older than that by a day or more, as
    long as a point serves them. A meter that has never sent was never connected, and is none of
    them, nor is one whose gateway is `spared`."""
    points = {one.point for meter in meters for one in registry.installations_of(meter.code)}
    newest = readings.latest(sorted(points))
    sent = dict(zip(newest.point.tolist(), newest.time_us.tolist(), strict=True))
    found = []
    for meter in meters:
        installed = registry.installations_of(meter.code)
        heard = [(sent[one.point], one.point) for one in installed if one.point in sent]
        if not heard or registry.points[max(heard)[1]].gateway in spared:
            continue
        since_us = max(heard)[0]
        end_us = min(until_us, max(_end_of(registry, meter, one) for one in installed))
        if end_us - since_us >= LEAST_US:
            found.append(RegisterEvent(institution, meter.code, "gap", since_us, end_us))
    return found


def _end_of(registry: Registry, meter: Meter, one: Installation) -> int:
    """When a point no longer serves a meter [us]."""
    if one.valid.end is None:
        return _EVER
    return day_bounds(one.valid.end, registry.zone(meter.node))[0]
