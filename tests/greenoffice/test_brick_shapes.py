"""The Brick model fits the shapes of Brick 1.4 as it was released: no part of it is forgiven but
that classes of places are to have other names some day."""

from __future__ import annotations

from pathlib import Path

import brickschema
import pytest
from pyshacl import validate
from rdflib import OWL, SH, Graph, URIRef
from rdflib.term import Node

from greenoffice.building_models import BRICK, model_text
from tests.greenoffice.test_building_models import DAY, TANGLED, registered

ONTOLOGY = Path(brickschema.__file__).parent / "ontologies" / "1.4" / "Brick.ttl"
MAIN = "<urn:greenoffice:registry:main>"


@pytest.fixture(scope="module")
def ontology() -> Graph:
    return Graph().parse(ONTOLOGY, format="turtle")


@pytest.fixture(scope="module")
def text() -> str:
    return model_text(registered(TANGLED), DAY, BRICK)


def report(text: str, ontology: Graph) -> tuple[bool, Graph]:
    """Whether a model fits, and what does not. Nothing is fetched."""
    model = Graph().parse(data=text, format="turtle")
    fits, told, _ = validate(
        model, shacl_graph=ontology, ont_graph=ontology, allow_warnings=True, do_owl_imports=False
    )
    assert isinstance(told, Graph)
    return bool(fits), told


def violated(told: Graph) -> set[Node]:
    """The things that break a shape."""
    bad = told.subjects(SH.resultSeverity, SH.Violation)
    return {focus for one in bad for focus in told.objects(one, SH.focusNode)}


def test_the_ontology_is_the_released_one(ontology: Graph) -> None:
    (version,) = ontology.objects(
        URIRef("https://brickschema.org/schema/1.4/Brick"), OWL.versionInfo
    )
    assert str(version).startswith("1.4.")


def test_the_model_fits(text: str, ontology: Graph) -> None:
    fits, told = report(text, ontology)
    assert violated(told) == set()
    assert fits


def test_a_statement_that_is_wrong_does_not(text: str, ontology: Graph) -> None:
    wrong = f"\n{MAIN} brick:isSubMeterOf <urn:greenoffice:registry:moved> .\n"
    fits, told = report(text + wrong, ontology)
    assert not fits
    assert violated(told) == {URIRef(MAIN.strip("<>"))}
