"""From series of a history that no point is registered for to rows of the registry.

    SeriesSeen ─▶ guess, and what was said ─▶ NewMeter ─▶ rows of gateways, meters and points

Counted energy, volume and mass, and the mean of a power, get a meter that the point serves; what is
measured, such as a temperature, is a point of its place alone. The import itself is that of any
file of the registry.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

from metering.commissioning import FILE as POINTS
from metering.errors import InvalidInput, NotFound
from metering.guessing import Sureness, fits, guess
from metering.history_load import NewMeter, SeriesSeen
from metering.joining import SeenPoint
from metering.localtime import MINUTE_US
from metering.reading import Kind
from metering.registry import NodeType, Registry
from metering.registry.places import STEPS
from metering.tables import csv_text
from metering.units import BOOK_UNITS, POWER_OF_ENERGY, UNITS, unit

GATEWAY: Final = "history"
"""Of a site, for points that nothing but a history tells; it never connects."""
ITEMS: Final = {
    **{"electricity": "01000", "water": "02000", "gas": "03000", "heat": "04000"},
    "cooling": "05000",
}
"""What is booked as what, by what flows."""
_LONGEST_POINT = 128
_FIRM = (Sureness.SAID, Sureness.SURE, Sureness.LIKELY)
Rows = list[tuple[str, ...]]


@dataclass(frozen=True)
class MadePoints:
    """What new series come to."""

    files: Mapping[str, str]
    """To be imported, texts by name; empty where all of them are registered."""
    points: Mapping[str, str]
    """SITE/GATEWAY/POINT of each series."""


def proposed(series: SeriesSeen, said: NewMeter) -> NewMeter:
    """What was said of a new meter, with what its unit, values and name tell of the rest; '' where
    nothing tells. A name alone tells no kind."""
    seen = _seen_point(series, said.unit)
    told = guess(seen)
    unit_ = said.unit or series.unit
    if not unit_ and told.unit.sure in _FIRM:
        unit_ = told.unit.value
    kind = said.kind
    if not kind and unit_ and told.kind.sure in _FIRM:
        kind = told.kind.value
    item = said.item
    if not item and unit_:
        item = "90000" if told.quantity == "reactive_energy" else ITEMS.get(told.medium, "")
    return replace(said, unit=unit_, kind=kind, item=item)


def made_points(
    wanted: Mapping[str, NewMeter], seen: Mapping[str, SeriesSeen], registry: Registry, gateway: str
) -> MadePoints:
    """The import that makes a point, and a meter where it counts, for each series; both by name.
    gateway: SITE/GATEWAY whose points they are; '' is `SITE/history` of the place.

    Raises NotFound for a place that is not registered, InvalidInput for what neither was said nor
    can be told, and for what contradicts the values. A point that is there already stays as it is.
    """
    gateways, meters, points = Rows(), Rows(), Rows()
    found: dict[str, str] = {}
    for name, said in wanted.items():
        one = proposed(seen[name], said)
        user = gateway or f"{_site(name, one.node, registry)}/{GATEWAY}"
        point = _point_name(name)
        found[name] = f"{user}/{point}"
        if registry.point_of(user, point) is not None:
            continue
        _check(name, one, seen[name], registry)
        site, _, code = user.rpartition("/")
        if user not in registry.gateways and not any(row[:2] == (site, code) for row in gateways):
            gateways.append((site, code, "历史数据", "Histories"))
        meter = meter_code(user, name) if _counts(one) else ""
        if meter:
            names = ("", name[:200]) if name.isascii() else (name[:200], "")
            step = str(_step_min(seen[name]))
            meters.append((meter, one.node, one.item, step, *names))
        told = guess(_seen_point(seen[name], one.unit))
        direction = told.direction if meter and told.direction == "export" else ""
        place = "" if meter else one.node
        points.append((user, point, one.kind, one.unit, meter, place, direction))
    tables = {
        "gateways.csv": [("site", "code", "name_zh", "name_en"), *gateways],
        "meters.csv": [("code", "node", "item", "step_min", "name_zh", "name_en"), *meters],
        POINTS: [("gateway", "point", "kind", "unit", "meter", "node", "direction"), *points],
    }
    files = {file: csv_text(rows) for file, rows in tables.items() if len(rows) > 1}
    return MadePoints(files, found)


def meter_code(gateway: str, series: str) -> str:
    """The code of a meter that is made for a series: what of its name a code may have, and a mark
    of the whole, so that names in other letters are told apart."""
    plain = unicodedata.normalize("NFKC", series)
    told = re.sub(r"[^A-Za-z0-9]+", "-", plain)[:48].strip("-")
    mark = sha256(f"{gateway}/{series}".encode()).hexdigest()[:8]
    return f"{told}-{mark}" if told else f"m-{mark}"


def _point_name(series: str) -> str:
    """The series as it is called, where a point may be; then it is found again by its name."""
    fits_well = len(series) <= _LONGEST_POINT and series.isprintable() and series == series.strip()
    return series if fits_well else meter_code("", series)


def _site(series: str, node: str, registry: Registry) -> str:
    path = _path(series, node, registry)
    site = next((one for one in path if registry.nodes[one].type is NodeType.SITE), "")
    if not site:
        raise _lacking(series, "node", node, "name a place that lies in a site, or --gateway")
    return site


def _path(series: str, node: str, registry: Registry) -> list[str]:
    if not node:
        raise _lacking(series, "node", "", "say the place of its meter with --node or a mapping")
    if node not in registry.nodes:
        raise NotFound(
            "no such place", field="node", value=node, fix="the code of a place that is registered"
        )
    return [node, *registry.ancestors(node)]


def _check(name: str, one: NewMeter, series: SeriesSeen, registry: Registry) -> None:
    _path(name, one.node, registry)
    if not one.unit:
        raise _lacking(name, "unit", "", f"say it with --unit, one of {', '.join(UNITS)}")
    unit(one.unit)
    if one.kind not in set(Kind):
        raise _lacking(name, "kind", one.kind, f"say it with --kind, one of {', '.join(Kind)}")
    if _counts(one) and not one.item:
        raise _lacking(name, "item", "", "say what it counts with --item, such as 01000 or 02000")
    fits(_seen_point(series, one.unit), Kind(one.kind), one.unit)


def _lacking(series: str, field: str, value: str, fix: str) -> InvalidInput:
    return InvalidInput(
        f"nothing tells the {field} of the new meter {series!r}", field=field, value=value, fix=fix
    )


def _counts(one: NewMeter) -> bool:
    canonical = UNITS[one.unit].canonical
    if one.kind == Kind.MEAN:
        return canonical in POWER_OF_ENERGY.values()
    return one.kind in (Kind.REGISTER, Kind.INTERVAL) and canonical in BOOK_UNITS


def _step_min(series: SeriesSeen) -> int:
    """The step in which it is booked: the shortest that its readings fill."""
    minutes = (series.step_us or 0) / MINUTE_US
    return next((one for one in STEPS if one >= minutes), STEPS[-1])


def _seen_point(series: SeriesSeen, unit_: str) -> SeenPoint:
    told = unit_ or series.unit
    return SeenPoint(
        "",
        series.name,
        seen=series.values,
        rises=series.rises,
        falls=series.falls,
        values=tuple((at, value, told) for at, value in series.examples),
        units=(told,) if told else (),
    )
