"""Writing a registry as the CSV files that read back as the same registry."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from decimal import Decimal, localcontext
from fractions import Fraction

from metering import items
from metering.factor import Factor
from metering.registry.model import Installation, Meter, Node, Point, Registry, SupplyEdge
from metering.registry.prices import FACTOR_UNITS
from metering.registry.rows import as_text
from metering.registry.tables import TABLES
from metering.tariff import TariffRow
from metering.units import UNITS
from metering.validity import Validity

Fields = dict[str, object]
Record = dict[str, str]
"""One row of a file: what stands in each of its columns."""


def write_registry(registry: Registry) -> dict[str, str]:
    """{file name: text} of everything in the registry; files without rows are left out."""
    return {name: _text(name, rows) for name, rows in records(registry).items() if rows}


def records(registry: Registry) -> dict[str, list[Record]]:
    """The rows of each file by column, in the order in which they are written."""
    found: dict[str, list[Fields]] = {
        "tree.csv": _tree(registry),
        "gateways.csv": [vars(gateway) for gateway in registry.gateways.values()],
        "meters.csv": _meters(registry),
        "points.csv": _points(registry),
        "tariff.csv": [_price(row) for row in registry.tariff],
        "calendar.csv": [vars(d) | {"date": d.day} for d in registry.calendar.days.values()],
        "factors.csv": [_factor(factor) for factor in registry.factors],
    }
    return {
        name: [{c: as_text(row.get(c)) for c in TABLES[name].columns} for row in rows]
        for name, rows in found.items()
    }


def _text(name: str, rows: Iterable[Record]) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(TABLES[name].columns)
    writer.writerows(row.values() for row in rows)
    return out.getvalue()


def _dates(valid: Validity) -> Fields:
    return {"valid_from": valid.start, "valid_to": valid.end}


def _tree(registry: Registry) -> list[Fields]:
    """A row for each edge, in their order, and one for each node without; parents may follow."""
    below = {edge.child for edge in registry.space}
    tops = [_node(n) for n in registry.nodes.values() if n.code not in below]
    return tops + [
        _node(registry.node(edge.child))
        | {"parent": edge.parent, "share": edge.share}
        | _dates(edge.valid)
        for edge in registry.space
    ]


def _node(node: Node) -> Fields:
    return vars(node) | {"type": str(node.type)}


def _meters(registry: Registry) -> list[Fields]:
    feeders: dict[str, list[str]] = {}
    for edge in registry.supply:
        feeders.setdefault(edge.fed, []).append(_feeder(edge, registry.meters[edge.fed]))
    return [_meter(m, feeders.get(m.code, [])) for m in registry.meters.values()]


def _feeder(edge: SupplyEdge, fed: Meter) -> str:
    """Its code, with its dates where these are not those of the meter it feeds."""
    if edge.valid == fed.valid:
        return edge.source
    return f"{edge.source}/{as_text(edge.valid.start)}/{as_text(edge.valid.end)}"


def _meter(meter: Meter, feeders: list[str]) -> Fields:
    return vars(meter) | {"fed_by": ";".join(feeders)} | _dates(meter.valid)


def _points(registry: Registry) -> list[Fields]:
    """A row for each installation, in their order, and before it the points with a lower id
    that have none: so reading numbers the points as they were."""
    installed = {one.point for one in registry.installations}
    bare = [registry.points[id] for id in sorted(registry.points.keys() - installed)]
    rows: list[Fields] = []
    for one in registry.installations:
        while bare and bare[0].id < one.point:
            rows.append(_point(bare[0], bare.pop(0).bare_unit))
        rows.append(_point(registry.points[one.point], one.register_unit) | _installed(one))
    return rows + [_point(point, point.bare_unit) for point in bare]


def _point(point: Point, sent: str) -> Fields:
    return vars(point) | {
        "point": point.name,
        "unit": sent,
        "low": _as_sent(point.low, sent),
        "high": _as_sent(point.high, sent),
    }


def _installed(one: Installation) -> Fields:
    return {"meter": one.meter, "ratio": one.ratio, "digits": one.digits} | _dates(one.valid)


def _as_sent(bound: float | None, sent: str) -> str:
    """A canonical bound in the sent unit, exact wherever decimals can be."""
    if bound is None:
        return ""
    return _divided((Fraction(Decimal(repr(bound))) - UNITS[sent].offset) / UNITS[sent].factor)


def as_sent(bound: str, before: str, sent: str) -> str:
    """A bound as it is written in one unit, in another one of the same dimension."""
    if not bound:
        return ""
    canonical = Fraction(Decimal(bound)) * UNITS[before].factor + UNITS[before].offset
    return _divided((canonical - UNITS[sent].offset) / UNITS[sent].factor)


def _divided(value: Fraction) -> str:
    with localcontext() as context:
        context.prec = 60
        return as_text(Decimal(value.numerator) / Decimal(value.denominator))


def _price(row: TariffRow) -> Fields:
    return (
        vars(row)
        | _dates(row.valid)
        | {
            "months": ",".join(map(str, sorted(row.months))),
            "start": _clock(row.start_min),
            "end": _clock(row.end_min),
        }
    )


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _factor(factor: Factor) -> Fields:
    return vars(factor) | {"unit": _unit(factor.quantity, factor.item)} | _dates(factor.valid)


def _unit(quantity: str, item: str) -> str:
    return f"{FACTOR_UNITS[quantity]}/{items.category(item).unit}"
