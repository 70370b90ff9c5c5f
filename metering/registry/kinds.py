"""All kinds of registered facts: those that figures are made of, and those of `facts`.

tree.csv      places and bodies, whose parts they are and since when
gateways.csv  field gateways
routes.csv    which decoder reads which topics of a gateway
meters.csv    meters, where they hang and which meter feeds them (`fed_by`, several by ;)
formulas.csv  what a meter is of others, where it has no register
points.csv    a gateway's values; a row with a meter installs the point there
tariff.csv    prices by time of use        calendar.csv  exceptions to the week
factors.csv   carbon and standard coal per unit of energy

Dated facts of one key begin on the same day: with another beginning it is a fact more.
Installations of one key are a set that is replaced as a whole, as the rows of a tariff are.
"""

from __future__ import annotations

from typing import Any

from metering.calendar import CalendarDay, DayKind
from metering.factor import Factor
from metering.reading import Kind
from metering.registry.facts import FACTS
from metering.registry.formulas import take_formula
from metering.registry.installation_sets import in_time, with_installed
from metering.registry.kind import FactKind, Level, Reference
from metering.registry.model import (
    Direction,
    Gateway,
    Installation,
    Meter,
    MeterFormula,
    Node,
    NodeType,
    Point,
    Route,
    SpaceEdge,
    SupplyEdge,
)
from metering.registry.places import (
    DC_ROLES,
    STEPS,
    take_gateway,
    take_meter,
    take_node,
    take_point,
)
from metering.registry.prices import (
    FACTOR_UNITS,
    FACTORS_IN,
    GRADES,
    KINDS_OF_DAYS,
    PERIODS,
    take_calendar,
    take_factor,
    take_tariff,
)
from metering.registry.routes import take_route
from metering.registry.rows import YES_NO, Table
from metering.registry.tables import DATED
from metering.registry.written import (
    calendar_row,
    factor_row,
    meter_rows,
    point_rows,
    price_row,
    tree_rows,
)
from metering.tariff import TariffRow
from metering.tariff_sets import set_key, with_sets
from metering.units import UNITS

_NAMES = ("name_zh", "name_en")
_FLOW = ("signed", "direction")
_CALIBRATED = ("accuracy_class", "calibrated_until")
_TARIFF_SET = ("tariff", "item", "institution", "node", "meter", "valid_from")
_TREE = Table(
    "tree.csv",
    ("code", "parent", "type"),
    (*_NAMES, "zone", "area_m2", "persons", "share", *DATED),
    closed={"type": tuple(NodeType)},
    usual={"zone": ("Asia/Shanghai", "Asia/Urumqi", "UTC")},
)
_METERS = Table(
    "meters.csv",
    ("code", "node", "item"),
    ("total", "step_min", "fed_by", "dc_role", "max_per_hour", *_NAMES, *DATED),
    closed={"total": YES_NO, "dc_role": DC_ROLES[1:]},
    usual={"step_min": tuple(map(str, STEPS))},
)
_POINTS = Table(
    "points.csv",
    ("gateway", "point", "kind", "unit"),
    (
        *("meter", "ratio", "digits", "low", "high", "role", "node"),
        *(*DATED, "first", "final", *_FLOW, *_CALIBRATED),
    ),
    closed={
        "kind": tuple(Kind),
        "unit": tuple(UNITS),
        "signed": YES_NO,
        "direction": tuple(Direction),
    },
    usual={
        "role": (
            *("outdoor_temperature", "outdoor_humidity", "room_temperature", "co2"),
            *("occupancy", "rack_inlet_temperature"),
        )
    },
)
_TARIFF = Table(
    "tariff.csv",
    ("tariff", "item", "months", "days", "start", "end", "period", "price"),
    (*DATED, "currency", "source", "grade", "institution", "node", "meter"),
    closed={"days": KINDS_OF_DAYS},
    usual={"period": PERIODS, "months": ("1-12",), "currency": ("CNY",), "grade": GRADES},
)

NODE = FactKind(
    name="node",
    type=Node,
    table=_TREE,
    by=("code",),
    take=take_node,
    rows=tree_rows,
    levels=(
        Level(("code",), (*_NAMES, "zone", "area_m2", "persons")),
        Level(("code", "parent", "valid_from"), ("share", "valid_from", "valid_to")),
    ),
    held="nodes",
    index="code",
)
SPACE = FactKind(
    name="space",
    type=SpaceEdge,
    table=_TREE,
    by=("parent", "child", "valid"),
    refers=(Reference("parent", "nodes"), Reference("child", "nodes", "code")),
    held="space",
    stored="space_edge",
)
GATEWAY = FactKind(
    name="gateway",
    type=Gateway,
    table=Table("gateways.csv", ("site", "code"), _NAMES),
    by=("user",),
    refers=(Reference("site", "nodes"),),
    take=take_gateway,
    levels=(Level(("site", "code"), _NAMES),),
    held="gateways",
    index="user",
)
ROUTE = FactKind(
    name="route",
    type=Route,
    table=Table("routes.csv", ("gateway", "topic", "decoder"), ("options", *DATED)),
    by=("gateway", "topic", "valid"),
    refers=(Reference("gateway", "gateways"),),
    take=take_route,
    held="routes",
)
METER = FactKind(
    name="meter",
    type=Meter,
    table=_METERS,
    by=("code",),
    refers=(Reference("node", "nodes"),),
    take=take_meter,
    rows=meter_rows,
    held="meters",
    index="code",
)
SUPPLY = FactKind(
    name="supply",
    type=SupplyEdge,
    table=_METERS,
    by=("source", "fed", "valid"),
    refers=(Reference("source", "meters", "fed_by"), Reference("fed", "meters", "code")),
    held="supply",
    stored="supply_edge",
)
FORMULA = FactKind(
    name="formula",
    type=MeterFormula,
    table=Table("formulas.csv", ("meter", "formula"), DATED),
    by=("meter", "valid"),
    refers=(Reference("meter", "meters"),),
    apart=("meter",),
    take=take_formula,
    held="formulas",
)
POINT = FactKind(
    name="point",
    type=Point,
    table=_POINTS,
    by=("gateway", "name"),
    refers=(Reference("gateway", "gateways"), Reference("node", "nodes", needed=False)),
    take=take_point,
    rows=point_rows,
    levels=(
        Level(("gateway", "point"), ("low", "high", "role", "node")),
        Level(
            ("gateway", "point", "meter", "valid_from"),
            (
                *("meter", "ratio", "digits", "valid_from", "valid_to", "first", "final"),
                *(*_FLOW, *_CALIBRATED),
            ),
        ),
    ),
    held="points",
    index="id",
    stored_by=("id",),
    order=lambda point: point.id,
)
INSTALLATION = FactKind(
    name="installation",
    type=Installation,
    table=_POINTS,
    by=("meter", "point", "valid"),
    refers=(Reference("meter", "meters"),),
    held="installations",
    stored_by=("meter", "point", "valid", "starts"),
    united=with_installed,
    order=in_time,
)
TARIFF = FactKind(
    name="tariff",
    type=TariffRow,
    table=_TARIFF,
    by=("tariff", "institution", "node", "meter", "item", "valid"),
    refers=(
        Reference("institution", "nodes", needed=False),
        Reference("node", "nodes", needed=False),
        Reference("meter", "meters", needed=False),
    ),
    take=take_tariff,
    rows=lambda registry: map(price_row, registry.tariff),
    levels=(
        Level((*_TARIFF_SET, "months", "days", "start", "end"), _TARIFF.optional),
        Level(_TARIFF_SET, _TARIFF.optional),
    ),
    held="tariff",
    stored="tariff_row",
    stored_by=("tariff", "institution", "node", "meter", "item", "valid", "place"),
    united=with_sets,
    order=set_key,
)
FACTOR = FactKind(
    name="factor",
    type=Factor,
    table=Table(
        "factors.csv",
        ("item", "quantity", "value", "unit"),
        ("region", *DATED, "source", "grade"),
        closed={"quantity": tuple(FACTOR_UNITS)},
        usual={"region": ("CN",), "unit": FACTORS_IN, "grade": GRADES},
    ),
    by=("item", "quantity", "region", "valid"),
    take=take_factor,
    rows=lambda registry: map(factor_row, registry.factors),
    held="factors",
)
CALENDAR = FactKind(
    name="calendar",
    type=CalendarDay,
    table=Table(
        "calendar.csv",
        ("date", "kind"),
        (*_NAMES, "status", "source"),
        closed={"kind": tuple(DayKind)},
        usual={"status": ("official", "expected")},
    ),
    by=("day",),
    take=take_calendar,
    rows=lambda registry: map(calendar_row, registry.calendar.days.values()),
    levels=(Level(("date",), (*_NAMES, "status", "source")),),
    held="calendar",
    stored="calendar_day",
)

KINDS: tuple[FactKind[Any], ...] = (
    NODE,
    SPACE,
    GATEWAY,
    ROUTE,
    METER,
    SUPPLY,
    FORMULA,
    POINT,
    INSTALLATION,
    TARIFF,
    FACTOR,
    CALENDAR,
    *FACTS,
)
"""What a fact refers to stands before it."""
KIND_OF: dict[str, FactKind[Any]] = {kind.name: kind for kind in KINDS}
_READ: tuple[FactKind[Any], ...] = (
    *(NODE, GATEWAY, ROUTE, METER, FORMULA, POINT, TARIFF, CALENDAR, FACTOR),
    *FACTS,
)
FILES: dict[str, list[FactKind[Any]]] = {
    first.table.name: [kind for kind in KINDS if kind.table is first.table] for first in _READ
}
"""The kinds that each file holds, in the order in which files are read; the first one reads it."""
TABLES: dict[str, Table] = {name: kinds[0].table for name, kinds in FILES.items()}
"""The columns of each file."""
