"""What was found in a model, as rows of the registry's tables, each with the thing it is of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from greenoffice.building_models.found import (
    FoundMeter,
    FoundPlace,
    FoundPoint,
    ModelFound,
    ModelNames,
    PassedOver,
    codes_of,
)
from metering.items import category
from metering.reading import Kind
from metering.registry import Registry
from metering.registry.rows import Problems
from metering.registry.write import Record
from metering.units import POWER_OF_ENERGY, UNITS, counts_for

BODIES = ("province", "city", "institution")
"""What needs no institution above."""


@dataclass(frozen=True)
class ModelWishes:
    """What a model of others leaves open."""

    below: str = ""
    """Code of the registered place to which the places at its top belong."""
    gateway: str = ""
    """`SITE/CODE` of the gateway that sends points whose ids do not name one."""


@dataclass(frozen=True)
class ModelRow:
    """A row, with the thing of the model that it is of."""

    subject: str
    values: Record


ModelRows = dict[str, list[ModelRow]]
"""Rows by table."""


@dataclass
class _RowMaking:
    """Rows that are being made; what is wrong is noted at its subject."""

    name: str
    found: ModelFound
    existing: Registry
    wishes: ModelWishes
    problems: Problems

    def __post_init__(self) -> None:
        found = self.found
        self.places = {one.subject: one for one in found.places}
        self.meters = {one.subject: one for one in found.meters}
        self.codes = codes_of(
            {one: found.local[one] for one in sorted(self.places.keys() | self.meters.keys())}
        )
        self.nodes: dict[str, str] = {}
        self.passed_over = list(found.passed_over)

    def at(self, subject: str) -> str:
        """Where a problem of a thing is told."""
        return f"{self.name} {subject}"

    def above(self, subjects: Iterable[str]) -> list[str]:
        """Codes of the nearest places, up through things that are none."""
        reached: dict[str, None] = {}
        queue, seen = list(subjects), set[str]()
        while queue:
            one = queue.pop(0)
            if one in self.places:
                reached[self.codes[one]] = None
            elif one not in seen:
                seen.add(one)
                queue += self.found.within.get(one, ())
        return list(reached)


def rows_of(
    name: str, found: ModelFound, existing: Registry, wishes: ModelWishes, problems: Problems
) -> tuple[ModelRows, list[PassedOver]]:
    """(the rows of each table, what was passed over). What is known and lacks what is needed is
    noted in `problems` at `name` and its subject."""
    making = _RowMaking(name, found, existing, wishes, problems)
    rows: ModelRows = {
        "tree.csv": [row for one in found.places for row in _tree(making, one)],
        "gateways.csv": [
            ModelRow(one.subject, _named(one.names, _user(one.user))) for one in found.gateways
        ],
        "meters.csv": _meters(making),
    }
    rows["points.csv"] = [row for one in found.points for row in _points(making, one)]
    return {table: some for table, some in rows.items() if some}, making.passed_over


def _tree(making: _RowMaking, place: FoundPlace) -> list[ModelRow]:
    parents = making.above(place.parents)
    code, below = making.codes[place.subject], making.wishes.below
    known = code in making.existing.nodes
    if not parents and place.type not in BODIES and not known:
        if below:
            parents = [below]
        else:
            making.problems.add(
                making.at(place.subject),
                0,
                "parent",
                "",
                "no institution above",
                "--below CODE, an institution or a site that is registered",
            )
    said = {"code": code, "type": place.type, "zone": place.zone, "area_m2": place.area_m2}
    return [
        ModelRow(place.subject, _named(place.names, said | {"parent": one}))
        for one in parents or [""]
    ]


def _named(names: ModelNames, said: Record) -> Record:
    return said | {"name_zh": names.zh, "name_en": names.en}


def _user(user: str) -> Record:
    site, _, code = user.partition("/")
    return {"site": site, "code": code}


def _meters(making: _RowMaking) -> list[ModelRow]:
    for meter in making.found.meters:
        node = _node(making, meter)
        if node:
            making.nodes[meter.subject] = node
    totals = _totals(making)
    rows = []
    for meter in making.found.meters:
        if not meter.item:
            making.problems.add(
                making.at(meter.subject),
                0,
                "item",
                "",
                "what it measures is not said",
                "a class such as Electrical_Meter, or the item as one of our own words",
            )
        said = {
            "code": making.codes[meter.subject],
            "node": making.nodes.get(meter.subject, ""),
            "item": meter.item,
            "total": "yes" if meter.subject in totals else "no",
            "fed_by": ";".join(making.codes[one] for one in meter.fed_by if one in making.meters),
        }
        if meter.subject in making.nodes and meter.item:
            rows.append(ModelRow(meter.subject, _named(meter.names, said)))
    return rows


def _node(making: _RowMaking, meter: FoundMeter) -> str:
    """The place that a meter hangs on; '' and noted where there is none, or are several."""
    places = making.above(meter.measures) or making.above(meter.located)
    if len(places) == 1:
        return places[0]
    if places:
        making.problems.add(
            making.at(meter.subject),
            0,
            "node",
            ", ".join(places),
            "measures several places",
            "one for each meter",
        )
    else:
        fix = "say what it measures, or where it is: a building, a floor or a room"
        making.problems.add(making.at(meter.subject), 0, "node", "", "hangs on no place", fix)
    return ""


def _totals(making: _RowMaking) -> set[str]:
    """Meters that measure the whole of a place: the only one of its item that is said to, or the
    only one of these that none of the others feeds."""
    whole: dict[tuple[str, str], list[FoundMeter]] = {}
    for meter in making.found.meters:
        if any(one in making.places for one in meter.measures) and meter.subject in making.nodes:
            whole.setdefault((making.nodes[meter.subject], meter.item), []).append(meter)
    found: set[str] = set()
    for some in whole.values():
        subjects = {one.subject for one in some}
        first = [one.subject for one in some if not subjects & set(one.fed_by)]
        found |= set(first) if len(first) == 1 else set()
    return found


def _points(making: _RowMaking, point: FoundPoint) -> list[ModelRow]:
    meters = [one for one in point.of if one in making.meters]
    if not point.ours:
        meters = [one for one in meters if _serves(point, making.meters[one])]
    nodes = making.above(one for one in point.of if one not in making.meters)
    if not meters and not point.ours and not (point.role and nodes):
        making.passed_over.append(PassedOver(point.subject, point.type))
        return []
    if not meters and not point.ours and not point.unit:
        making.passed_over.append(PassedOver(point.subject, point.type, lacks_unit=True))
        return []
    gateway, name = _series(making, point)
    if point.unit not in UNITS:
        fix = "a unit of QUDT such as KiloW-HR in Brick, a symbol such as kWh in Haystack"
        making.problems.add(
            making.at(point.subject), 0, "unit", point.unit, "no unit that is known", fix
        )
    if not gateway:
        fix = "an id of its readings such as SITE/GATEWAY/POINT, or --gateway SITE/GATEWAY"
        making.problems.add(making.at(point.subject), 0, "gateway", point.series, "no gateway", fix)
    if not gateway or point.unit not in UNITS:
        return []
    said = {
        "gateway": gateway,
        "point": name,
        "kind": str(point.kind or Kind.INSTANT),
        "unit": point.unit,
        "role": point.role,
        "node": nodes[0] if nodes and (point.role or point.ours) else "",
    }
    return [ModelRow(point.subject, said | _at(making, point, one)) for one in meters or [""]]


def _at(making: _RowMaking, point: FoundPoint, meter: str) -> Record:
    if not meter:
        return {"meter": ""}
    return {
        "meter": making.codes[meter],
        "direction": point.direction,
        "ratio": point.ratio,
        "digits": point.digits,
    }


def _serves(point: FoundPoint, meter: FoundMeter) -> bool:
    """Whether what a point of others counts is what its meter is booked in; a voltage is not."""
    if not meter.item or point.kind is None:
        return False
    booked = category(meter.item).unit
    if point.unit not in UNITS:
        return point.kind in (Kind.REGISTER, Kind.INTERVAL)
    canonical = UNITS[point.unit].canonical
    if point.kind is Kind.MEAN:
        return POWER_OF_ENERGY.get(booked) == canonical
    return point.kind in (Kind.REGISTER, Kind.INTERVAL) and canonical in counts_for(booked)


def _series(making: _RowMaking, point: FoundPoint) -> tuple[str, str]:
    """(gateway, name of the point there); '' for a gateway that is not known."""
    parts = point.series.split("/", 2)
    user = "/".join(parts[:2])
    ours = {one.user for one in making.found.gateways} | making.existing.gateways.keys()
    if len(parts) == 3 and parts[2] and (user in ours or not making.wishes.gateway):
        return user, parts[2]
    name = point.series or making.found.local[point.subject]
    return making.wishes.gateway, name
