"""Names of the vocabularies in which a Brick model is written."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from rdflib import Namespace, URIRef

BRICK: Final = Namespace("https://brickschema.org/schema/Brick#")
REC: Final = Namespace("https://w3id.org/rec#")
REF: Final = Namespace("https://brickschema.org/schema/Brick/ref#")
QUDT_SCHEMA: Final = Namespace("http://qudt.org/schema/qudt/")
QUDT_UNIT: Final = Namespace("http://qudt.org/vocab/unit/")
OWN: Final = Namespace("urn:greenoffice:term:")
"""What Brick has no word for and the registry cannot do without."""
REGISTERED: Final = "urn:greenoffice:registry:"
"""What every registered thing is called after."""

PLACE_CLASSES: Final[dict[str, tuple[URIRef, ...]]] = {
    "province": (BRICK.Region, REC.Region),
    "city": (BRICK.Region, REC.Region),
    "institution": (REC.Organization, BRICK.Region, REC.Region),
    "site": (BRICK.Site, REC.Site),
    "building": (BRICK.Building, REC.Building),
    "datacentre": (BRICK.Building, REC.Building),
    "floor": (BRICK.Floor, REC.Level),
    "room": (BRICK.Room, REC.Room),
}
"""The classes of a type of place: Brick's, which its shapes ask for, and those that are to follow
them since 1.4."""


def registered(name: str) -> URIRef:
    """The name of a registered thing, whatever letters are in it."""
    return URIRef(REGISTERED + quote(name, safe=""))
