"""Models that others made, and files that are none: taken with a preview, or refused with a fix."""

from __future__ import annotations

import json
import socket
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenoffice.building_models import (
    BRICK,
    HAYSTACK,
    ModelRead,
    ModelWishes,
    model_text,
    read_model,
)
from greenoffice.building_models.models import MOST_BYTES
from greenoffice.commands import init
from greenoffice.registering import ImportOptions, import_registry
from metering.errors import FileProblem, InvalidFiles
from metering.registry import Registry
from metering.registry.differences import changes
from metering.registry.files import read_registry_texts
from metering.registry.merge import merged

DAY = date(2026, 11, 29)
HERE = merged(
    Registry(),
    read_registry_texts(
        {
            "tree.csv": "code,parent,type,zone\no,,institution,UTC\nhere,o,site,\n",
            "gateways.csv": "site,code\nhere,gw\n",
        }
    ),
)
WISHES = ModelWishes("here", "here/gw")
PREFIXES = """
@prefix : <http://example.com/school#> .
@prefix brick: <https://brickschema.org/schema/Brick#> .
@prefix rec: <https://w3id.org/rec#> .
@prefix ref: <https://brickschema.org/schema/Brick/ref#> .
@prefix unit: <http://qudt.org/vocab/unit/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
"""
SCHOOL = """
<http://example.com/school> a owl:Ontology ;
    owl:imports <https://brickschema.org/schema/1.4/Brick> .
:School%201 a rec:Building ; rdfs:label "School" ; brick:hasPart :Floor1 ;
    brick:isMeteredBy :Main ; brick:grossArea [ brick:value 10000 ; brick:hasUnit unit:FT2 ] .
:Floor1 a rec:Level ; rdfs:label "一层" .
:West a rec:Zone ; rec:isPartOf :Floor1 .
:Class-1A a rec:Classroom ; rec:isPartOf :West .
:Main a brick:Building_Electrical_Meter ; brick:hasSubMeter :Light ; brick:hasPoint :kWh, :V, :kW .
:Light a brick:Electrical_Meter ; brick:meters :Floor1 .
:kWh a brick:Electrical_Energy_Usage_Sensor ; brick:hasUnit unit:KiloW-HR ;
    ref:hasExternalReference [ ref:hasTimeseriesId "a7523b08" ] .
:kW a brick:Electric_Power_Sensor ; brick:hasUnit unit:KiloW .
:mean a brick:Electric_Power_Sensor ; brick:hasUnit unit:KiloW ; brick:isPointOf :Light ;
    brick:aggregate [ brick:aggregationFunction "mean" ; brick:aggregationInterval "RPT15M" ] .
:peak a brick:Peak_Demand_Sensor ; brick:hasUnit unit:KiloW ; brick:isPointOf :Light ;
    brick:aggregate [ brick:aggregationFunction "max" ; brick:aggregationInterval "RP1D" ] .
:V a brick:Voltage_Sensor ; brick:hasUnit unit:V .
:AHU a brick:AHU ; brick:feeds :West ; brick:hasLocation :School%201 .
:Air a brick:Room_Air_Temperature_Sensor ; brick:hasUnit unit:DEG_F ; brick:isPointOf :Class-1A .
:CO2 a brick:CO2_Level_Sensor ; brick:isPointOf :Class-1A .
"""


def read(body: str, wishes: ModelWishes | None = WISHES, existing: Registry = HERE) -> ModelRead:
    return read_model("school.ttl", (PREFIXES + body).encode(), existing, DAY, wishes)


def refused(name: str, data: bytes | str, wishes: ModelWishes | None = WISHES) -> list[FileProblem]:
    with pytest.raises(InvalidFiles) as caught:
        read_model(name, data.encode() if isinstance(data, str) else data, HERE, DAY, wishes)
    assert all(one.problem and one.fix for one in caught.value.problems)
    return list(caught.value.problems)


def test_a_foreign_model_becomes_places_meters_and_points() -> None:
    registry = merged(HERE, read(SCHOOL).wanted)
    added = {code: registry.nodes[code] for code in registry.nodes.keys() - HERE.nodes.keys()}
    assert {code: (str(n.type), n.name_zh, n.name_en, n.area_m2) for code, n in added.items()} == {
        "School-1": ("building", "", "School", Decimal("929.0304")),
        "Floor1": ("floor", "一层", "", None),
        "Class-1A": ("room", "", "", None),
    }
    assert {edge.child: edge.parent for edge in registry.space} == {
        "here": "o",
        "School-1": "here",
        "Floor1": "School-1",
        "Class-1A": "Floor1",
    }
    meters = {m.code: (m.node, m.item, m.total) for m in registry.meters.values()}
    assert meters == {
        "Main": ("School-1", "01000", True),
        "Light": ("Floor1", "01000", True),
    }
    assert [(e.source, e.fed) for e in registry.supply] == [("Main", "Light")]
    points = {p.name: (str(p.kind), p.unit, p.role) for p in registry.points.values()}
    assert points == {
        "a7523b08": ("register", "kWh", None),
        "mean": ("mean", "kW", None),
        "Air": ("instant", "C", "room_temperature"),
    }
    assert {registry.points[one.point].name: one.meter for one in registry.installations} == {
        "a7523b08": "Main",
        "mean": "Light",
    }


def test_what_has_no_place_is_listed_with_its_class() -> None:
    told = {str(one).removeprefix("http://example.com/school#") for one in read(SCHOOL).passed_over}
    assert told == {
        "AHU (AHU)",
        "West (Zone)",
        "peak (Peak_Demand_Sensor)",
        "CO2 (CO2_Level_Sensor)",
        "V (Voltage_Sensor)",
        "kW (Electric_Power_Sensor)",
    }


def test_of_meters_that_measure_one_place_the_one_that_none_feeds_is_its_total() -> None:
    meters = ":B a brick:Building . :M a brick:Gas_Meter, brick:Meter ; brick:meters :B ."
    meters += " :N a brick:Gas_Meter ; brick:meters :B . :W a brick:Water_Meter ; brick:meters :B ."

    def totals(more: str) -> set[str]:
        wanted = read(meters + more).wanted
        return {meter.code for meter in wanted.meters.values() if meter.total}

    assert totals(":M brick:hasSubMeter :N .") == {"M", "W"}
    assert totals("") == {"W"}


def test_taken_a_second_time_it_changes_nothing() -> None:
    registry = merged(HERE, read(SCHOOL).wanted)
    assert changes(registry, merged(registry, read(SCHOOL, existing=registry).wanted)) == []


@pytest.mark.parametrize(
    ("body", "wishes", "subject", "field", "fix"),
    [
        (SCHOOL, ModelWishes(gateway="here/gw"), "School%201", "parent", "--below CODE"),
        (SCHOOL, ModelWishes(below="here"), "kWh", "gateway", "--gateway SITE/GATEWAY"),
        (":M a brick:Water_Meter .", WISHES, "M", "node", "say what it measures"),
        (
            ":B a brick:Building . :M a brick:Meter ; brick:meters :B .",
            WISHES,
            "M",
            "item",
            "class",
        ),
        (
            ":B a brick:Building . :C a brick:Building ."
            " :M a brick:Gas_Meter ; brick:meters :B, :C .",
            WISHES,
            "M",
            "node",
            "one for each meter",
        ),
        (
            ":B a brick:Building . :M a brick:Gas_Meter ; brick:meters :B ."
            " :P a brick:Usage_Sensor ; brick:isPointOf :M ; brick:hasUnit unit:FT3 .",
            WISHES,
            "P",
            "unit",
            "a unit of QUDT",
        ),
        (
            ":B a brick:Building ; brick:area [ brick:value 9 ; brick:hasUnit unit:ACRE ] .",
            WISHES,
            "B",
            "area",
            "unit:M2",
        ),
        (
            ":B a brick:Building ; brick:hasPart :F . :F a brick:Floor ; brick:hasPart :B .",
            WISHES,
            "B",
            "parent",
            "break the circle",
        ),
        (
            ":B a brick:Building . :C a brick:Building ."
            " :F a brick:Floor ; brick:isPartOf :B, :C .",
            WISHES,
            "F",
            "parent",
            "or one parent",
        ),
    ],
)
def test_what_lacks_something_is_refused_at_its_thing_with_a_fix(
    body: str, wishes: ModelWishes, subject: str, field: str, fix: str
) -> None:
    told = refused("school.ttl", PREFIXES + body, wishes)
    (one,) = [one for one in told if one.file == f"school.ttl http://example.com/school#{subject}"][
        :1
    ]
    assert one.field == field
    assert fix in one.fix


HAYSTACK_SCHOOL = {
    "_kind": "grid",
    "meta": {"ver": "3.0"},
    "cols": [{"name": "id"}],
    "rows": [
        {"id": {"_kind": "ref", "val": "p:1"}, "dis": "School", "site": {"_kind": "marker"},
         "tz": "New_York", "area": {"_kind": "number", "val": 10000, "unit": "ft²"}},
        {"id": {"_kind": "ref", "val": "f1"}, "floor": {"_kind": "marker"},
         "space": {"_kind": "marker"}, "siteRef": {"_kind": "ref", "val": "p:1"}},
        {"id": {"_kind": "ref", "val": "m1"}, "equip": {"_kind": "marker"},
         "meter": {"_kind": "marker"}, "elec": {"_kind": "marker"},
         "siteMeter": {"_kind": "marker"}, "siteRef": {"_kind": "ref", "val": "p:1"}},
        {"id": {"_kind": "ref", "val": "e1"}, "point": {"_kind": "marker"},
         "sensor": {"_kind": "marker"}, "energy": {"_kind": "marker"}, "unit": "kWh",
         "equipRef": {"_kind": "ref", "val": "m1"}, "siteRef": {"_kind": "ref", "val": "p:1"}},
        {"id": {"_kind": "ref", "val": "ahu"}, "equip": {"_kind": "marker"},
         "ahu": {"_kind": "marker"}, "siteRef": {"_kind": "ref", "val": "p:1"}},
    ],
}  # fmt: skip


def test_a_foreign_haystack_model_is_taken_too() -> None:
    model = read_model("s.json", json.dumps(HAYSTACK_SCHOOL).encode(), HERE, DAY, WISHES)
    registry = merged(HERE, model.wanted)
    school = registry.nodes["p-1"]
    assert (str(school.type), school.zone, school.name_en) == (
        "building",
        "America/New_York",
        "School",
    )
    assert school.area_m2 == Decimal("929.0304")
    assert registry.meters["m1"].total
    assert (registry.nodes["f1"].type, registry.parents("f1")) == ("floor", ["p-1"])
    assert [point.name for point in registry.points.values()] == ["e1"]
    assert list(map(str, model.passed_over)) == ["ahu (ahu equip)"]


@pytest.mark.parametrize(
    ("name", "data", "problem"),
    [
        ("m.ttl", "a brick of clay", "not Turtle from line 1 on"),
        ("m.ttl", "\n\n<a> <b> ", "not Turtle from line 3 on"),
        ("m.ttl", "", "nothing in it has a place in the registry"),
        ("m.ttl", b"\xff\xfe\x00", "not UTF-8"),
        ("m.ttl", "\0", "not Turtle"),
        ("m.ttl", "<a> <b> " + "[ <b> " * 100_000, "nested too deep"),
        ("m.ttl", b"#" * (MOST_BYTES + 1), "file too large"),
        ("m.json", "{", "not JSON"),
        ("m.json", "[" * 100_000, "nested too deep"),
        ("m.json", "[]", "no grid of Haystack"),
        ("m.json", '{"rows": [1]}', "no grid of Haystack"),
        ("m.json", '{"@context": "http://x.invalid/", "@id": "a"}', "JSON-LD, whose words"),
        ("m.json", '{"rows": [{"id": "r:site", "site": "m:"}]}', "JSON of Haystack 3"),
        ("m.json", '{"rows": []}', "nothing in it has a place in the registry"),
    ],
)
def test_a_file_that_is_no_model_is_refused_kindly(
    name: str, data: bytes | str, problem: str
) -> None:
    (told,) = refused(name, data)
    assert told.problem.startswith(problem)


def test_nothing_that_a_model_names_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "socket", never)
    monkeypatch.setattr(socket, "getaddrinfo", never)
    read("@base <http://x.invalid/> . <http://x.invalid/d> owl:imports <e> ." + SCHOOL)
    refused("m.json", '{"@context": "http://x.invalid/", "rows": []}')


@cache
def own(ending: str) -> str:
    """The school as we write it."""
    return model_text(merged(HERE, read(SCHOOL).wanted), DAY, ending)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from((BRICK, HAYSTACK)), st.data())
def test_no_file_ends_in_anything_but_a_refusal(ending: str, data: st.DataObject) -> None:
    text = own(ending)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 40)))
    other = data.draw(st.text('ab"{}[]<>;.,:0-\n\0é楼', max_size=12))
    broken = text[:start] + other + text[end:]
    try:
        read_model(f"m{ending}", broken.encode(), HERE, DAY, WISHES)
    except InvalidFiles as error:
        if not error.problems:
            raise


def test_the_command_previews_and_lists_what_it_does_not_know(tmp_path: Path, capsys: Any) -> None:
    data = init(tmp_path / "data", 18080, 11883, 19464, "en").root
    base = tmp_path / "base"
    base.mkdir()
    (base / "tree.csv").write_text("code,parent,type,zone\no,,institution,UTC\nhere,o,site,\n")
    (base / "gateways.csv").write_text("site,code\nhere,gw\n")
    import_registry(base, data, ImportOptions(yes=True))
    file = tmp_path / "school.ttl"
    file.write_text(PREFIXES + SCHOOL, encoding="utf-8")
    capsys.readouterr()
    import_registry(file, data, ImportOptions(dry_run=True, model=WISHES))
    told = capsys.readouterr().out
    assert "not known to the registry: http://example.com/school#AHU (AHU)\n" in told
    assert (
        "not known to the registry: http://example.com/school#CO2 (CO2_Level_Sensor): no unit\n"
        in told
    )
    assert "added meter Main\n" in told
    assert "dry run: nothing was imported" in told
