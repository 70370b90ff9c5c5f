"""Facts as rows of their files, in the words and units of these."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction

from metering import items
from metering.calendar import CalendarDay
from metering.factor import Factor
from metering.registry.model import Installation, Meter, Node, Point, Registry, SupplyEdge
from metering.registry.prices import FACTOR_UNITS
from metering.registry.rows import as_text
from metering.tariff import TariffRow
from metering.units import UNITS
from metering.validity import Validity

Fields = dict[str, object]
"""What stands in the columns of a row, before it is text."""


def dates(valid: Validity) -> Fields:
    """The two columns of the days on which a fact holds."""
    return {"valid_from": valid.start, "valid_to": valid.end}


def tree_rows(registry: Registry) -> list[Fields]:
    """A row for each edge, in their order, and one for each node without; parents may follow."""
    below = {edge.child for edge in registry.space}
    tops = [_node(n) for n in registry.nodes.values() if n.code not in below]
    return tops + [
        _node(registry.node(edge.child))
        | {"parent": edge.parent, "share": edge.share}
        | dates(edge.valid)
        for edge in registry.space
    ]


def _node(node: Node) -> Fields:
    return vars(node) | {"type": str(node.type)}


def meter_rows(registry: Registry) -> list[Fields]:
    """A row for each meter, with those that feed it."""
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
    return vars(meter) | {"fed_by": ";".join(feeders)} | dates(meter.valid)


def point_rows(registry: Registry) -> list[Fields]:
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
    said = {"meter": one.meter, "ratio": one.ratio, "digits": one.digits}
    moments = {"valid_from": one.starts, "valid_to": one.ends}
    known = {column: text for column, text in moments.items() if text}
    flow = {"signed": one.signed, "direction": str(one.direction)}
    flow |= {"accuracy_class": one.accuracy_class, "calibrated_until": one.calibrated_until}
    return said | dates(one.valid) | known | {"first": one.first, "final": one.final} | flow


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


def price_row(row: TariffRow) -> Fields:
    """A row of tariff.csv."""
    return (
        vars(row)
        | dates(row.valid)
        | {
            "months": ",".join(map(str, sorted(row.months))),
            "start": clock(row.start_min),
            "end": clock(row.end_min),
        }
    )


def clock(minute: int) -> str:
    """A minute of the day as HH:MM."""
    return f"{minute // 60:02}:{minute % 60:02}"


def factor_row(factor: Factor) -> Fields:
    """A row of factors.csv, with the unit of its value."""
    return vars(factor) | {"unit": _unit(factor.quantity, factor.item)} | dates(factor.valid)


def _unit(quantity: str, item: str) -> str:
    return f"{FACTOR_UNITS[quantity]}/{items.category(item).unit}"


def calendar_row(entry: CalendarDay) -> Fields:
    """A row of calendar.csv."""
    return vars(entry) | {"date": entry.day}


def plain_row(fact: object) -> Fields:
    """The fields of a fact, its days and minutes of the day as files have them."""
    row: Fields = {}
    for name, value in vars(fact).items():
        if isinstance(value, Validity):
            row |= dates(value)
        elif name.endswith("_min") and isinstance(value, int):
            row[name.removesuffix("_min")] = clock(value)
        else:
            row[name] = value
    return row
