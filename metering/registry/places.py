"""Rows of tree.csv, gateways.csv, meters.csv and points.csv."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from metering.errors import InvalidInput
from metering.localtime import zone_of
from metering.moment import INSTANT_FIX
from metering.reading import Kind
from metering.registry.model import (
    Direction,
    Gateway,
    Installation,
    Meter,
    Node,
    NodeType,
    Point,
    SpaceEdge,
    SupplyEdge,
)
from metering.registry.rows import Row
from metering.registry.sharing import UNDIVIDED, Share, read_share
from metering.registry.tables import Facts
from metering.units import UNITS
from metering.validity import Validity

STEPS = (15, 20, 30, 60, 1440)
"""Steps of books [min]."""
SUMMED = {1: 15, 5: 15, 10: 30}
"""Finer ones, and the step at which they are summed."""
_ACCURACY = re.compile(r"[A-E]|\d{1,2}(\.\d{1,2})?S?", re.ASCII)
DC_ROLES = ("", "utility", "ups_in", "ups_out", "it", "cooling")


def take_node(row: Row, facts: Facts) -> None:
    """A row of tree.csv: the node, and its edge to the node above where it names one."""
    code, kind = row.code("code"), row.choice("type", NodeType)
    zone = row.text("zone") or None
    if zone is not None:
        try:
            zone_of(zone)
        except InvalidInput as error:
            row.wrong("zone", error.message, error.fix or "")
    node = Node(
        code,
        kind or NodeType.BUILDING,
        row.named("name_zh"),
        row.named("name_en"),
        zone,
        row.number("area_m2", least=0),
        row.whole("persons", 0, 100_000_000),
    )
    if not code:
        return  # what else is wrong with the row is told all the same
    facts.nodes.append((row, node))
    valid, share = row.validity(), _share(row, kind)
    if row.text("parent"):
        facts.space.append((row, SpaceEdge(row.code("parent"), code, share, valid)))
    elif valid != Validity() or row.text("share"):
        row.wrong("parent", "dates or a share without a parent", "leave them empty at the top")


def _share(row: Row, kind: NodeType | None) -> str:
    text = row.text("share")
    share = read_share(text) if text else Share(Decimal(1))
    if share is None or (not share.unit and share.amount > 1):
        fix = "such as 0.6, 1200 m2, 35 persons, or meter CODE for what a meter counts"
        row.wrong("share", "no share", fix)
        return UNDIVIDED
    if str(share) != UNDIVIDED and kind is NodeType.INSTITUTION:
        row.wrong("share", "an institution cannot be shared", "share its buildings")
        return UNDIVIDED
    return str(share)


def take_gateway(row: Row, facts: Facts) -> None:
    """A row of gateways.csv; without site or code there is none."""
    site, code = row.code("site"), row.code("code")
    if site and code:
        gateway = Gateway(site, code, row.named("name_zh"), row.named("name_en"))
        facts.gateways.append((row, gateway))


def take_meter(row: Row, facts: Facts) -> None:
    """A row of meters.csv: the meter, and its edges to the meters that feed it."""
    code, valid = row.code("code"), row.validity()
    step = row.whole("step_min", 1, 1440) if row.text("step_min") else 15
    step = SUMMED.get(step or 15, step)
    if step is not None and step not in STEPS:
        fix = "15, 20, 30, 60 or 1440 minutes; 1 and 5 are summed to 15, 10 to 30"
        row.wrong("step_min", "no such step", fix)
    meter = Meter(
        code,
        row.code("node"),
        row.item(),
        row.one_of("total", ("", "no", "yes")) == "yes",
        step or 15,
        row.one_of("dc_role", DC_ROLES) or None,
        row.number("max_per_hour", above=0),
        row.named("name_zh"),
        row.named("name_en"),
        valid,
    )
    if not code:
        return
    facts.meters.append((row, meter))
    for text in filter(None, map(str.strip, row.text("fed_by").split(";"))):
        facts.supply.append((row, _feed(row, text, code, valid)))


def _feed(row: Row, text: str, fed: str, valid: Validity) -> SupplyEdge:
    """`CODE`, with the dates of the meter that is fed, or `CODE/FROM/TO` with its own."""
    source, *dates = text.split("/")
    if not dates:
        return SupplyEdge(source, fed, valid)
    try:
        start, end = (date.fromisoformat(one) if one else None for one in dates)
        if start is not None and end is not None and start >= end:
            raise ValueError(text)
    except ValueError:
        fix = "CODE, or CODE/FROM/TO with dates such as main/2026-01-01/; either may be empty"
        row.wrong("fed_by", f"{text} is no code with dates", fix)
        return SupplyEdge(source, fed, valid)
    return SupplyEdge(source, fed, Validity(start, end))


def take_point(row: Row, facts: Facts) -> None:
    """A row of points.csv: the point in its canonical unit, and its installation where a meter is
    named. A point that is known keeps its id."""
    name, kind, unit = row.named("point", 128), row.choice("kind", Kind), row.text("unit")
    if not name:
        row.wrong("point", "no name", "the name the gateway sends, 1 to 128 characters")
    if unit not in UNITS:
        row.wrong("unit", "unknown unit", f"one of {', '.join(UNITS)}")
    role = row.code("role") if row.text("role") else None
    node = row.code("node") if row.text("node") else None
    if role and not node:
        row.wrong("node", f"role {role} without a node", "the node the sensor speaks for")
    low, high = _bound(row, "low", unit), _bound(row, "high", unit)
    if low is not None and high is not None and low >= high:
        row.wrong("high", "not above low", "the highest value that can be true")
    kind = kind or Kind.REGISTER
    canonical = UNITS[unit].canonical if unit in UNITS else unit
    gateway = row.text("gateway")
    if not gateway:
        row.wrong("gateway", "no gateway", "SITE/CODE as in gateways.csv")
    id = facts.id_of(gateway, name)
    sent = "" if unit == canonical or row.text("meter") else unit
    point = Point(id, gateway, name, kind, canonical, role, node, low, high, sent)
    facts.points.append((row, point))
    _install(row, point, facts)


def _bound(row: Row, column: str, unit: str) -> float | None:
    """A bound given in the sent unit, in the canonical one."""
    number = row.number(column)
    if number is None or unit not in UNITS:
        return None
    return float(Fraction(number) * UNITS[unit].factor + UNITS[unit].offset)


def _install(row: Row, point: Point, facts: Facts) -> None:
    ratio, digits = row.ratio("ratio"), row.whole("digits", 1, 18)
    valid, starts, ends = row.moments()
    first = _noted(row, "first", point, "valid_from", starts, digits)
    final = _noted(row, "final", point, "valid_to", ends, digits)
    calibrated = row.day("calibrated_until")
    if digits is not None and point.kind is not Kind.REGISTER:
        row.wrong("digits", f"digits of a point of kind {point.kind}", "only a register rolls over")
    if row.text("meter"):
        meter, unit = row.code("meter"), row.text("unit")
        ratio, (signed, direction) = ratio or Decimal(1), _flow(row, digits)
        counted = Installation(meter, point.id, ratio, digits, unit, valid, starts, ends)
        noted = replace(counted, first=first, final=final, signed=signed, direction=direction)
        known = replace(noted, accuracy_class=_accuracy(row), calibrated_until=calibrated)
        facts.installations.append((row, known))
        return
    dated = ("valid_from", "valid_to", "first", "final")
    register = ("signed", "direction", "accuracy_class", "calibrated_until")
    for column in ("ratio", "digits", *dated, *register):
        if row.text(column):
            row.wrong(column, "given without a meter", "name the meter, or leave it empty")


def _accuracy(row: Row) -> str:
    text = row.text("accuracy_class")
    if text and not _ACCURACY.fullmatch(text):
        row.wrong("accuracy_class", "no accuracy class", "as on the meter, such as 0.5S, 1 or B")
        return ""
    return text


def _flow(row: Row, digits: int | None) -> tuple[bool, Direction]:
    """Whether its values may fall, and which way energy passes."""
    signed = row.one_of("signed", ("", "no", "yes")) == "yes"
    if signed and digits is not None:
        problem = "a register that may fall cannot be seen to roll over"
        row.wrong("digits", problem, "leave it empty, or signed")
    direction = row.one_of("direction", ("", *Direction))
    return signed, Direction(direction or Direction.IMPORT)


def _noted(
    row: Row, column: str, point: Point, dated: str, moment: str, digits: int | None
) -> Decimal | None:
    """What a register said when it was changed; only beside an instant or a window, and no more
    than the register can show."""
    value = row.number(column)
    if value is not None and value < 0 and row.text("signed") != "yes":
        row.wrong(column, "below 0 of a register that is not signed", "what the register showed")
        return None
    if value is not None and digits is not None and value >= 10**digits:
        fix = f"what the register showed, below {10**digits}, or more digits"
        row.wrong(column, f"more than {digits} digits hold", fix)
        return None
    if value is not None and point.kind is not Kind.REGISTER:
        row.wrong(column, f"a register value of a point of kind {point.kind}", "leave it empty")
    elif value is not None and not moment and row.text("meter"):
        row.wrong(column, f"given without an instant in {dated}", INSTANT_FIX)
    return value
