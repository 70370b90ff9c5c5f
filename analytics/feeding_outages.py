"""Which gateway serves which meter of a site, and since when: from the registry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from analytics.outages import Served
from analytics.stays import ALL_TIME, Stay
from metering.localtime import day_bounds
from metering.registry import Meter, Registry
from metering.validity import Validity


def site_served(
    registry: Registry, meters: Iterable[Meter], own: Mapping[str, Stay]
) -> tuple[Served, ...]:
    """Each installation of the meters within the time that is the institution's own; a formula
    has none."""
    return tuple(one for meter in meters for one in _served(registry, meter, own))


def _served(registry: Registry, meter: Meter, own: Mapping[str, Stay]) -> Iterator[Served]:
    zone = registry.zone(meter.node)
    places = (meter.node, *registry.ancestors(meter.node))
    stay = own.get(meter.code, ALL_TIME)
    for one in registry.installations_of(meter.code):
        point = registry.points.get(one.point)
        start_us, end_us = _within(one.valid, zone, stay)
        if point is not None and start_us < end_us:
            yield Served(meter.code, point.gateway, meter.step_min, places, start_us, end_us)


def _within(valid: Validity, zone: str, stay: Stay) -> Stay:
    start = ALL_TIME[0] if valid.start is None else day_bounds(valid.start, zone)[0]
    end = ALL_TIME[1] if valid.end is None else day_bounds(valid.end, zone)[0]
    return max(start, stay[0]), min(end, stay[1])
