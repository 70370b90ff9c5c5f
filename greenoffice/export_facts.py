"""What is registered, as lines of an exported journal: all that an institution's figures rest on.

Whoever computes them again must find the same answer from these rows alone. Places and meters of
others are among them only where they stand above or in front of the institution's own: they decide
what prices it and what counts in it. A place that it has a share of is there with all below it,
since the part rests on it; who else has one is not, but for the weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from collector.intake.resolve import Resolver
from metering.errors import InvalidInput
from metering.localtime import iso
from metering.moment import Moment
from metering.registry import Meter, Registry
from metering.validity import Validity, epochs, turning_days

Fields = dict[str, Any]


def points_of(registry: Registry, institution: str) -> set[int]:
    """The points that serve the institution's meters, and those of places it has a share of."""
    return {
        one.point
        for code, meter in registry.meters.items()
        if institution in registry.parties(meter.node)
        for one in registry.installations_of(code)
    }


def fact_lines(registry: Registry, institution: str) -> Iterator[Fields]:
    """One JSON object a row; a row stands behind those that it names."""
    nodes, meters = _reach(registry, institution)
    points = sorted(points_of(registry, institution) & registry.points.keys())
    for code, node in registry.nodes.items():
        if code in nodes:
            yield {"kind": "node", "code": code, "type": str(node.type), "zone": node.zone}
    told = [edge for edge in registry.space if edge.parent in nodes and edge.child in nodes]
    for edge in told:
        yield {"kind": "edge", "parent": edge.parent, "child": edge.child, **_dates(edge.valid)}
    yield from _shares(registry, {(edge.parent, edge.child) for edge in told})
    for code, meter in registry.meters.items():
        if code in meters:
            yield _meter(meter)
    for supply in registry.supply:
        if supply.source in meters and supply.fed in meters:
            names = {"source": supply.source, "fed": supply.fed}
            yield {"kind": "supply", **names, **_dates(supply.valid)}
    for made in registry.formulas:
        if made.meter in meters:
            names = {"meter": made.meter, "formula": made.formula}
            yield {"kind": "formula", **names, **_dates(made.valid)}
    for point in points:
        yield _point(registry, point)
    yield from _installations(registry, set(points), institution)
    yield from _prices(registry, nodes, meters)
    for factor in registry.factors:
        yield {
            "kind": "factor",
            "item": factor.item,
            "quantity": factor.quantity,
            "value": str(factor.value),
            "region": factor.region,
            "source": factor.source,
            "grade": factor.grade,
            **_dates(factor.valid),
        }
    for day in sorted(registry.calendar.days):
        kind = str(registry.calendar.days[day].kind)
        yield {"kind": "day", "date": day.isoformat(), "day_kind": kind}


def _shares(registry: Registry, edges: set[tuple[str, str]]) -> Iterator[Fields]:
    """Of each edge to a shared place the weights, for as long as they are the same."""
    for parent, child in sorted(edges):
        if child not in registry.shared:
            continue
        turns = turning_days(edge.valid for edge in registry.space if edge.child == child)
        for span in epochs(turns):
            division = registry.division(parent, child, span.some_day)
            if division is not None:
                names = {"kind": "share", "parent": parent, "child": child}
                meters = {"meters": list(division.meters)} if division.meters else {}
                weights = [] if division.meters else list(division.weights)
                told = {"weights": weights, "place": division.place, **meters}
                yield {**names, **told, **_dates(span)}


def _above(registry: Registry, node: str, institution: str) -> list[str]:
    """What is ever right above a place; above a shared one the institution's own alone."""
    found = registry.parents(node)
    if node not in registry.shared:
        return found
    return [one for one in found if institution in (one, *registry.parties(one))]


def _reach(registry: Registry, institution: str) -> tuple[set[str], set[str]]:
    """(places, meters) of the institution and of what it has a share of, with what stands above or
    in front of them."""
    nodes = {code for code in registry.nodes if institution in registry.parties(code)}
    meters = {code for code, one in registry.meters.items() if one.node in nodes}
    while True:
        size = len(nodes), len(meters)
        nodes |= {registry.meters[code].node for code in meters}
        nodes |= {above for code in nodes for above in _above(registry, code, institution)}
        linked = [e for e in registry.supply if e.source in meters or e.fed in meters]
        meters |= {code for edge in linked for code in (edge.source, edge.fed)}
        meters |= {c for c, one in registry.meters.items() if one.total and one.node in nodes}
        if size == (len(nodes), len(meters)):
            return nodes, meters


def _meter(meter: Meter) -> Fields:
    return {
        "kind": "meter",
        "code": meter.code,
        "node": meter.node,
        "item": meter.item,
        "total": meter.total,
        "step_min": meter.step_min,
        "max_per_hour": _text(meter.max_per_hour),
        **_dates(meter.valid),
    }


def _point(registry: Registry, id: int) -> Fields:
    point = registry.points[id]
    try:
        unit = Resolver(registry).sent_unit(point)
    except InvalidInput:  # registered in two units over time: then each reading names its own
        unit = ""
    return {
        "kind": "point",
        "point": point_name(registry, id),
        "kind_of_value": str(point.kind),
        "canonical": point.unit,
        "unit": unit,
        "low": point.low,
        "high": point.high,
    }


def point_name(registry: Registry, id: int) -> str:
    """SITE/GATEWAY/POINT."""
    return f"{registry.points[id].gateway}/{registry.points[id].name}"


def _installations(registry: Registry, points: set[int], institution: str) -> Iterator[Fields]:
    ordered = sorted(registry.installations, key=lambda one: one.point)
    for one in ordered:
        own = institution in registry.parties(registry.meters[one.meter].node)
        if own and one.point in points:
            yield {
                "kind": "installation",
                "meter": one.meter,
                "point": point_name(registry, one.point),
                "ratio": str(one.ratio),
                "digits": one.digits,
                "unit": one.register_unit,
                "signed": one.signed,
                "direction": str(one.direction),
                **_dates(one.valid),
                "began": _window(one.began),
                "ended": _window(one.ended),
                "first": _text(one.first),
                "final": _text(one.final),
            }


def _prices(registry: Registry, nodes: set[str], meters: set[str]) -> Iterator[Fields]:
    for row in registry.tariff:
        place = row.node or row.institution
        if (row.meter and row.meter not in meters) or (place and place not in nodes):
            continue
        yield {
            "kind": "price",
            "tariff": row.tariff,
            "meter": row.meter,
            "place": place,
            "item": row.item,
            "months": sorted(row.months),
            "days": row.days,
            "start_min": row.start_min,
            "end_min": row.end_min,
            "period": row.period,
            "price": str(row.price),
            "currency": row.currency,
            "source": row.source,
            "grade": row.grade,
            **_dates(row.valid),
        }


def _dates(valid: Validity) -> Fields:
    return {
        "valid_from": None if valid.start is None else valid.start.isoformat(),
        "valid_to": None if valid.end is None else valid.end.isoformat(),
    }


def _window(moment: Moment | None) -> list[str] | None:
    """From when to when it was; twice the same for an instant."""
    return None if moment is None else [iso(moment.start_us), iso(moment.end_us)]


def _text(number: Decimal | None) -> str | None:
    return None if number is None else str(number)
