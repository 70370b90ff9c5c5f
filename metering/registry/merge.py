"""The one law of merging, for rows that come in and for stores.

Everything goes by its natural key: what has the same key is replaced, the rest is added,
nothing is taken away. A tariff is replaced as a whole, since a row moved by half an hour must
not stay beside its old self.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from metering.errors import InvalidInput
from metering.registry.kind import registry_of
from metering.registry.kinds import KINDS, POINT
from metering.registry.model import Installation, Point, Registry

_CALLED = {"space": "space edge", "supply": "supply edge", "tariff": "tariff row"}
"""What an error calls a fact, where that is not the name of its kind."""


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
    facts = {kind.name: kind.together(kind.of(present), kind.of(wanted)) for kind in KINDS}
    return registry_of(present.version, KINDS, facts)


def ordered(registry: Registry) -> Registry:
    """The same registry in the order of its keys, so that no store can show in it.

    The rows of one tariff keep their order: the first that fits holds.
    """
    facts = {kind.name: kind.in_order(kind.of(registry)) for kind in KINDS}
    return registry_of(registry.version, KINDS, facts)


def _points(present: Registry, wanted: Registry) -> tuple[dict[int, Point], dict[int, int]]:
    """All points by their lasting id, and the lasting id of each id in `wanted`."""
    points, ids = dict(present.points), {}
    known = {POINT.key(p): p.id for p in present.points.values()}
    following = max(points, default=0) + 1
    for point in wanted.points.values():
        name = POINT.key(point)
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


def _check(registry: Registry) -> None:
    for kind in KINDS:
        for reference in kind.refers:
            among = getattr(registry, reference.among)
            for fact in kind.of(registry):
                code = getattr(fact, reference.field)
                if (code or reference.needed) and code not in among:
                    raise _dangling(_CALLED.get(kind.name, kind.name), reference.field, code)


def _dangling(what: str, field: str, value: object) -> InvalidInput:
    return InvalidInput(
        f"a {what} refers to what is not registered",
        field=field,
        value=value,
        fix="register it first, or in the same import",
    )
