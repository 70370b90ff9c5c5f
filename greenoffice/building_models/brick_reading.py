"""What a Brick model in Turtle holds. Nothing that it names is fetched: no import is followed."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import unquote

from rdflib import OWL, RDF, RDFS, SH, SKOS, Graph, Literal, Namespace, URIRef
from rdflib.term import Node as Term

from greenoffice.building_models.brick_words import (
    BRICK,
    OWN,
    QUDT_SCHEMA,
    QUDT_UNIT,
    REC,
    REF,
    REGISTERED,
)
from greenoffice.building_models.found import (
    FoundGateway,
    FoundMeter,
    FoundPlace,
    FoundPoint,
    ModelFound,
    ModelNames,
    PassedOver,
    names_of,
)
from greenoffice.building_models.words import (
    AGGREGATES,
    CLASS_ROLES,
    COUNTING,
    ITEM_CLASSES,
    OF_QUDT,
    POWER,
    square_metres,
)
from metering.errors import InvalidInput
from metering.reading import Kind
from metering.registry.kinds import TABLES
from metering.registry.rows import Problems

MOST_STATEMENTS: Final = 500_000
_FLOORS: Final = frozenset(
    {
        *("Floor", "Level", "Basement", "Rooftop", "Parking_Level"),
        *("BasementLevel", "RoofLevel", "MezzanineLevel"),
    }
)
_BUILDINGS: Final = frozenset(
    {"Building", "SubBuilding", "Parking_Structure", "Hospital", "School", "ShoppingMall"}
)
_ROOMS: Final = frozenset(
    {
        *("Space", "Laboratory", "Library", "Lobby", "Hallway", "Auditorium", "Atrium", "Workshop"),
        *("Cubicle", "Studio", "Reception", "Lounge", "Entrance"),
        *("Kitchenette", "Storage", "Toilet", "Theater", "Cinema", "Pantry", "Office_Kitchen"),
    }
)
_TYPES: Final = {"Region": "city", "Site": "site", "Organization": "institution"}
_OF_OTHERS: Final = (OWL, RDF, RDFS, SH, SKOS, REF, QUDT_SCHEMA, Namespace("http://qudt.org/"))
"""What is typed by these is about the model, not about a building."""
_BASE: Final = "http://model.invalid/"
"""Before names that a model gives without their beginning; there is nothing at it."""
_ABOVE: Final = (BRICK.isPartOf, REC.isPartOf, BRICK.hasLocation, REC.locatedIn)
_BELOW: Final = (BRICK.hasPart, REC.hasPart, BRICK.isLocationOf, REC.isLocationOf)


def read_brick(name: str, text: str, problems: Problems) -> ModelFound:
    """All things of the model; what cannot be read of one is noted at `name` and its subject.
    Raises InvalidInput for what is no Turtle, or holds more statements than models do."""
    return _BrickReading(name, _parsed(name, text), problems).found()


def _parsed(name: str, text: str) -> Graph:
    graph = Graph(bind_namespaces="none")
    try:
        with _quiet():
            graph.parse(data=text, format="turtle", publicID=_BASE)
    except RecursionError:
        raise InvalidInput(
            "nested too deep", field="file", value=name, fix="brackets in brackets, not so many"
        ) from None
    except Exception as error:  # the parser raises whatever it stumbles over
        line = getattr(error, "lines", None)
        raise InvalidInput(
            "not Turtle" if line is None else f"not Turtle from line {line + 1} on",
            field="file",
            value=name,
            fix="a Brick model saved as Turtle",
        ) from None
    if len(graph) > MOST_STATEMENTS:
        raise InvalidInput(
            f"more than {MOST_STATEMENTS} statements",
            field="file",
            value=name,
            fix="a model of fewer buildings",
        )
    return graph


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what the parser logs of values that it cannot read; here they are told or not
    needed."""
    logger = logging.getLogger("rdflib.term")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


def _local(subject: str) -> str:
    if subject.startswith(REGISTERED):
        return unquote(subject.removeprefix(REGISTERED))
    return unquote(subject.rstrip("/#").replace("#", "/").rsplit("/", 1)[-1].rsplit(":", 1)[-1])


class _BrickReading:
    """A graph that is being read."""

    def __init__(self, name: str, graph: Graph, problems: Problems) -> None:
        self.name, self.graph, self.problems = name, graph, problems
        self.types: dict[URIRef, list[str]] = {}
        for subject, kind in sorted(graph.subject_objects(RDF.type)):
            if isinstance(subject, URIRef) and isinstance(kind, URIRef):
                self.types.setdefault(subject, []).append(str(kind))

    def found(self) -> ModelFound:
        """All things, each as what its classes say."""
        found = ModelFound()
        for subject, kinds in self.types.items():
            found.local[str(subject)] = _local(str(subject))
            brick = [_after(one) for one in kinds if one.startswith((str(BRICK), str(REC)))]
            if type := self.place_type(subject, brick):
                found.places.append(self.place(subject, type))
            elif self.own(subject, "item") or any(one in ITEM_CLASSES for one in brick):
                found.meters.append(self.meter(subject, brick))
            elif user := self.own(subject, "gateway"):
                found.gateways.append(FoundGateway(str(subject), user, self.names(subject)))
            elif point := self.point(subject, brick):
                found.points.append(point)
            elif any(not one.startswith(tuple(map(str, _OF_OTHERS))) for one in kinds):
                found.within[str(subject)] = self.around(subject)
                shown = ", ".join(brick or map(_after, kinds))
                found.passed_over.append(PassedOver(str(subject), shown))
        return found

    def place_type(self, subject: URIRef, kinds: list[str]) -> str:
        """Which type of place something is; '' where it is none."""
        own = self.own(subject, "type")
        if own in TABLES["tree.csv"].closed["type"]:
            return own
        for one in ("Organization", "Site", "Region"):
            if one in kinds:
                return _TYPES[one]
        if any(one in _BUILDINGS for one in kinds):
            return "building"
        if any(one in _FLOORS for one in kinds):
            return "floor"
        return "room" if any(_is_room(one) for one in kinds) else ""

    def place(self, subject: URIRef, type: str) -> FoundPlace:
        return FoundPlace(
            str(subject),
            type,
            self.around(subject),
            self.names(subject),
            self.own(subject, "zone"),
            self.area(subject),
        )

    def meter(self, subject: URIRef, kinds: list[str]) -> FoundMeter:
        said = self.own(subject, "item")
        items = [ITEM_CLASSES[one] for one in kinds if ITEM_CLASSES.get(one)]
        return FoundMeter(
            str(subject),
            said or (items[0] if items else ""),
            self.related(subject, (BRICK.meters,), (BRICK.isMeteredBy,)),
            self.around(subject),
            self.related(subject, (BRICK.isSubMeterOf,), (BRICK.hasSubMeter,)),
            self.names(subject),
        )

    def point(self, subject: URIRef, kinds: list[str]) -> FoundPoint | None:
        """A point of use; None for setpoints, commands, extremes and what is not known."""
        own = self.own(subject, "kind")
        role = next((CLASS_ROLES[one] for one in kinds if one in CLASS_ROLES), "")
        meant = self.meaning(subject, kinds)
        if own not in set(Kind) and not role and meant is None:
            return None
        return FoundPoint(
            str(subject),
            ", ".join(kinds),
            self.series(subject),
            Kind(own) if own in set(Kind) else meant,
            self.unit(subject),
            self.related(subject, (BRICK.isPointOf, REC.isPointOf), (BRICK.hasPoint, REC.hasPoint)),
            self.own(subject, "role") or role,
            self.direction(subject),
            self.own(subject, "ratio"),
            self.own(subject, "digits"),
            own in set(Kind),
        )

    def meaning(self, subject: URIRef, kinds: list[str]) -> Kind | None:
        """What values mean by class and aggregate; None where they are of no use to a meter."""
        functions = [
            str(function)
            for aggregate in self.graph.objects(subject, BRICK.aggregate)
            for function in self.graph.objects(aggregate, BRICK.aggregationFunction)
        ]
        counts = any(one in COUNTING for one in kinds)
        if functions:
            fits = counts or any(one in POWER for one in kinds)
            return AGGREGATES.get(functions[0]) if fits else None
        return Kind.REGISTER if counts else None

    def series(self, subject: URIRef) -> str:
        references = (REF.hasExternalReference, BRICK.timeseries, REF.hasTimeseriesReference)
        ids = (REF.hasTimeseriesId, BRICK.hasTimeseriesId)
        found = sorted(
            str(id)
            for by in references
            for reference in self.graph.objects(subject, by)
            for name in ids
            for id in self.graph.objects(reference, name)
        )
        return found[0] if found else ""

    def unit(self, subject: Term) -> str:
        """Our name of a unit; what the model says where that is none of ours."""
        own = self.own(subject, "unit")
        said = sorted(map(str, self.graph.objects(subject, BRICK.hasUnit)))
        if own or not said:
            return own
        name = said[0].removeprefix(str(QUDT_UNIT))
        return OF_QUDT.get(name, name)

    def direction(self, subject: URIRef) -> str:
        flows = self.graph.objects(subject, BRICK.electricalFlow)
        said = {str(value) for flow in flows for value in self.graph.objects(flow, BRICK.value)}
        return next(iter(said & {"import", "export"}), "")

    def area(self, subject: URIRef) -> str:
        """In m2; '' where there is none, or it cannot be read, which is noted."""
        for by in (BRICK.area, BRICK.grossArea, BRICK.netArea):
            for area in self.graph.objects(subject, by):
                said = next(iter(self.graph.objects(area, BRICK.value)), "")
                unit = next(iter(self.graph.objects(area, BRICK.hasUnit)), "")
                try:
                    return square_metres(str(said), str(unit).removeprefix(str(QUDT_UNIT)))
                except ValueError:
                    where = f"{self.name} {subject}"
                    fix = "a brick:value and a brick:hasUnit, unit:M2 or unit:FT2"
                    self.problems.add(where, 0, "area", f"{said} {unit}", "no area", fix)
                    return ""
        return ""

    def around(self, subject: URIRef) -> tuple[str, ...]:
        """What a thing is part of, or stands in."""
        return self.related(subject, _ABOVE, _BELOW)

    def related(
        self, subject: URIRef, there: Iterable[URIRef], back: Iterable[URIRef]
    ) -> tuple[str, ...]:
        found = {str(o) for by in there for o in self.graph.objects(subject, by)}
        found |= {str(s) for by in back for s in self.graph.subjects(by, subject)}
        return tuple(sorted(found))

    def names(self, subject: URIRef) -> ModelNames:
        labels = [
            one for one in self.graph.objects(subject, RDFS.label) if isinstance(one, Literal)
        ]
        return names_of((str(one), one.language or "") for one in labels)

    def own(self, subject: Term, name: str) -> str:
        return next(iter(sorted(map(str, self.graph.objects(subject, OWN[name])))), "")


def _after(name: str) -> str:
    return name.replace("#", "/").rsplit("/", 1)[-1]


def _is_room(name: str) -> bool:
    return name in _ROOMS or name.lower().endswith(("room", "office"))
