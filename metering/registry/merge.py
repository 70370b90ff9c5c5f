"""The one law of merging, for rows that come in and for stores.

Everything goes by its natural key: what has the same key is replaced, the rest is added,
nothing is taken away. A tariff is replaced as a whole, since a row moved by half an hour must
not stay beside its old self.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import replace
from datetime import date
from typing import TypeVar

from metering.calendar import WorkCalendar
from metering.errors import InvalidInput
from metering.registry.keys import (
    factor_key,
    gateway_key,
    installation_key,
    point_key,
    space_key,
    supply_key,
)
from metering.registry.model import Installation, Point, Registry
from metering.tariff_sets import set_key, with_sets

T = TypeVar("T")
K = TypeVar("K", str, int, date)


def merged(present: Registry, wanted: Registry) -> Registry:
    """`present` with everything of `wanted`; the version rises where that changes anything.

    Points that are known by (gateway, name) keep their id, new ones get the next free one.
    Raises InvalidInput where something refers to what neither of the two has.
    """
    points, ids = _points(present, wanted)
    installed = tuple(_renumbered(wanted.installations, ids))
    result = together(present, replace(wanted, points=points, installations=installed))
    _check(result)
    result = ordered(result)
    return present if result == ordered(present) else replace(result, version=present.version + 1)


def together(present: Registry, wanted: Registry) -> Registry:
    """Both, the wanted in place of what has the same key, whose points must have the ids of
    those that are present. What refers to nothing is not looked for."""
    gateways = united(present.gateways.values(), wanted.gateways.values(), gateway_key)
    return Registry(
        version=present.version,
        nodes=present.nodes | wanted.nodes,
        space=united(present.space, wanted.space, space_key),
        gateways={one.user: one for one in gateways},
        meters=present.meters | wanted.meters,
        supply=united(present.supply, wanted.supply, supply_key),
        points=present.points | wanted.points,
        installations=united(present.installations, wanted.installations, installation_key),
        tariff=with_sets(present.tariff, wanted.tariff),
        factors=united(present.factors, wanted.factors, factor_key),
        calendar=WorkCalendar(present.calendar.days | wanted.calendar.days),
    )


def ordered(registry: Registry) -> Registry:
    """The same registry in the order of its keys, so that no store can show in it.

    The rows of one tariff keep their order: the first that fits holds.
    """
    return replace(
        registry,
        nodes=_by_key(registry.nodes),
        space=tuple(sorted(registry.space, key=space_key)),
        gateways=_by_key(registry.gateways),
        meters=_by_key(registry.meters),
        supply=tuple(sorted(registry.supply, key=supply_key)),
        points=_by_key(registry.points),
        installations=tuple(sorted(registry.installations, key=installation_key)),
        tariff=tuple(sorted(registry.tariff, key=set_key)),
        factors=tuple(sorted(registry.factors, key=factor_key)),
        calendar=WorkCalendar(_by_key(registry.calendar.days)),
    )


def _points(present: Registry, wanted: Registry) -> tuple[dict[int, Point], dict[int, int]]:
    """All points by their lasting id, and the lasting id of each id in `wanted`."""
    points, ids = dict(present.points), {}
    known = {point_key(p): p.id for p in present.points.values()}
    following = max(points, default=0) + 1
    for point in wanted.points.values():
        name = point_key(point)
        if name not in known:
            known[name], following = following, following + 1
        ids[point.id] = known[name]
        points[known[name]] = replace(point, id=known[name])
    return points, ids


def _renumbered(installed: Iterable[Installation], ids: dict[int, int]) -> list[Installation]:
    renumbered = []
    for one in installed:
        if one.point not in ids:
            raise _dangling("installation", "point", one.point)
        renumbered.append(replace(one, point=ids[one.point]))
    return renumbered


def united(
    present: Iterable[T], wanted: Iterable[T], key: Callable[[T], Hashable]
) -> tuple[T, ...]:
    """`present` with what is wanted, in place of what has the same key."""
    return tuple({key(one): one for one in (*present, *wanted)}.values())


def _by_key(things: dict[K, T]) -> dict[K, T]:
    return {key: things[key] for key in sorted(things)}


def _check(registry: Registry) -> None:
    nodes, meters = registry.nodes, registry.meters
    for edge in registry.space:
        _known("space edge", "parent", edge.parent, nodes)
        _known("space edge", "child", edge.child, nodes)
    for gateway in registry.gateways.values():
        _known("gateway", "site", gateway.site, nodes)
    for meter in meters.values():
        _known("meter", "node", meter.node, nodes)
    for feed in registry.supply:
        _known("supply edge", "source", feed.source, meters)
        _known("supply edge", "fed", feed.fed, meters)
    for point in registry.points.values():
        _known("point", "gateway", point.gateway, registry.gateways)
        if point.node is not None:
            _known("point", "node", point.node, nodes)
    for one in registry.installations:
        _known("installation", "meter", one.meter, meters)
    for row in registry.tariff:
        _known_if_named("tariff row", "institution", row.institution, nodes)
        _known_if_named("tariff row", "node", row.node, nodes)
        _known_if_named("tariff row", "meter", row.meter, meters)


def _known(what: str, field: str, value: str, among: dict[str, T]) -> None:
    if value not in among:
        raise _dangling(what, field, value)


def _known_if_named(what: str, field: str, value: str, among: dict[str, T]) -> None:
    if value:
        _known(what, field, value, among)


def _dangling(what: str, field: str, value: object) -> InvalidInput:
    return InvalidInput(
        f"a {what} refers to what is not registered",
        field=field,
        value=value,
        fix="register it first, or in the same import",
    )
