"""Rows of the registry as a Brick model in Turtle.

tree.csv      brick:Site, Building, Floor, Room ...   brick:isPartOf, area, labels
meters.csv    brick:Electrical_Meter, Water_Meter ... brick:meters the whole of a place, else
                                                      hasLocation; isSubMeterOf
points.csv    brick:Energy_Sensor ...                 isPointOf, hasUnit, the id of the readings
gateways.csv  rec:Gateway                             hasLocation
"""

from __future__ import annotations

from typing import Final

from rdflib import RDF, RDFS, XSD, BNode, Graph, Literal, URIRef
from rdflib.term import Node as Term

from greenoffice.building_models.brick_words import (
    BRICK,
    OWN,
    PLACE_CLASSES,
    QUDT_SCHEMA,
    QUDT_UNIT,
    REC,
    REF,
    registered,
)
from greenoffice.building_models.said import Rows
from greenoffice.building_models.words import (
    CATEGORY_CLASSES,
    METER_CLASSES,
    QUDT,
    ROLE_CLASSES,
    UNIT_CLASSES,
)
from metering.registry.write import Record
from metering.units import UNITS

_PREFIXES: Final = {
    "brick": str(BRICK),
    "rec": str(REC),
    "ref": str(REF),
    "unit": str(QUDT_UNIT),
    "qudt": str(QUDT_SCHEMA),
    "own": str(OWN),
    "rdfs": str(RDFS),
    "xsd": str(XSD),
}
_SAID_BY_CLASS: Final = frozenset({"institution", "site", "building", "floor", "room"})
_ELECTRIC: Final = ("01", "90")


def turtle_of(rows: Rows) -> str:
    """The model as Turtle, the same text for the same rows."""
    graph = Graph(bind_namespaces="none")
    for prefix, name in _PREFIXES.items():
        graph.bind(prefix, name)
    for row in rows["tree.csv"]:
        _add_place(graph, row)
    for row in rows["gateways.csv"]:
        _add_gateway(graph, row)
    items = {row["code"]: row["item"] for row in rows["meters.csv"]}
    for row in rows["meters.csv"]:
        _add_meter(graph, row)
    for row in rows["points.csv"]:
        _add_point(graph, row, items.get(row["meter"], ""))
    return str(graph.serialize(format="longturtle"))


def _add(graph: Graph, subject: Term, **said: Term | str) -> None:
    for name, value in said.items():
        if value != "":
            graph.add((subject, BRICK[name], value if isinstance(value, Term) else Literal(value)))


def _own(graph: Graph, subject: Term, name: str, text: str) -> None:
    if text:
        graph.add((subject, OWN[name], Literal(text)))


def _label(graph: Graph, subject: Term, row: Record) -> None:
    for language in ("zh", "en"):
        if text := row[f"name_{language}"]:
            graph.add((subject, RDFS.label, Literal(text, lang=language)))


def _add_place(graph: Graph, row: Record) -> None:
    place = registered(row["code"])
    for one in PLACE_CLASSES[row["type"]]:
        graph.add((place, RDF.type, one))
    if row["type"] not in _SAID_BY_CLASS:
        _own(graph, place, "type", row["type"])
    _label(graph, place, row)
    _own(graph, place, "zone", row["zone"])
    if row["parent"]:
        _add(graph, place, isPartOf=registered(row["parent"]))
    if row["area_m2"]:
        area = BNode(f"area-{row['code']}")
        _add(graph, place, area=area)
        _add(graph, area, value=Literal(row["area_m2"], datatype=XSD.decimal))
        _unit(graph, area, "M2")


def _unit(graph: Graph, subject: Term, name: str) -> None:
    """A unit, which the model itself says to be one: the shapes want to know it."""
    _add(graph, subject, hasUnit=QUDT_UNIT[name])
    graph.add((QUDT_UNIT[name], RDF.type, QUDT_SCHEMA.Unit))


def _add_gateway(graph: Graph, row: Record) -> None:
    user = f"{row['site']}/{row['code']}"
    gateway = registered(user)
    graph.add((gateway, RDF.type, REC.Gateway))
    _own(graph, gateway, "gateway", user)
    _label(graph, gateway, row)
    _add(graph, gateway, hasLocation=registered(row["site"]))


def _add_meter(graph: Graph, row: Record) -> None:
    meter, node = registered(row["code"]), registered(row["node"])
    kind = METER_CLASSES.get(row["item"][:2], "Meter")
    graph.add((meter, RDF.type, BRICK[kind]))
    _own(graph, meter, "item", row["item"])
    _label(graph, meter, row)
    graph.add((meter, BRICK.meters if row["total"] == "yes" else BRICK.hasLocation, node))
    for source in filter(None, row["fed_by"].split(";")):
        _add(graph, meter, isSubMeterOf=registered(source))


def _add_point(graph: Graph, row: Record, item: str) -> None:
    series = f"{row['gateway']}/{row['point']}"
    point = registered(series)
    graph.add((point, RDF.type, BRICK[_class(row, item[:2])]))
    for column in ("kind", "ratio", "digits"):
        _own(graph, point, column, row[column])
    if row["role"] not in ROLE_CLASSES:
        _own(graph, point, "role", row["role"])
    for code in filter(None, (row["meter"], row["node"])):
        _add(graph, point, isPointOf=registered(code))
    if row["unit"] in QUDT:
        _unit(graph, point, QUDT[row["unit"]])
    else:
        _own(graph, point, "unit", row["unit"])
    _flow(graph, point, row, item)
    reference = BNode(f"series-{point[len('urn:') :]}".replace(":", "-").replace("%", "_"))
    graph.add((point, REF.hasExternalReference, reference))
    graph.add((reference, RDF.type, REF.TimeseriesReference))
    graph.add((reference, REF.hasTimeseriesId, Literal(series)))


def _class(row: Record, category: str) -> str:
    unit = UNITS[row["unit"]].canonical
    if row["role"]:
        return ROLE_CLASSES.get(row["role"], UNIT_CLASSES.get(unit, "Sensor"))
    if row["kind"] == "state":
        return "Status"
    return CATEGORY_CLASSES.get((category, unit), UNIT_CLASSES.get(unit, "Sensor"))


def _flow(graph: Graph, point: URIRef, row: Record, item: str) -> None:
    """Which way energy passes, which Brick says of electricity."""
    if row["direction"] and item[:2] in _ELECTRIC:
        flow = BNode(f"flow-{point[len('urn:') :]}".replace(":", "-").replace("%", "_"))
        _add(graph, point, electricalFlow=flow)
        _add(graph, flow, value=row["direction"])
