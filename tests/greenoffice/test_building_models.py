"""The registry as a Brick and as a Haystack model: out, and back as it was."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from rdflib import RDF, Graph, URIRef

from greenoffice.building_models import (
    BRICK,
    HAYSTACK,
    left_out,
    model_text,
    read_model,
)
from greenoffice.building_models.said import said_of
from greenoffice.commands import init
from greenoffice.folder import DataFolder
from greenoffice.registering import (
    ImportOptions,
    export_model,
    import_registry,
    require_target,
)
from greenoffice.stores import open_stores
from metering.errors import ConfigurationError, Conflict, InvalidInput
from metering.registry import Registry
from metering.registry.differences import changes
from metering.registry.files import TABLES, read_registry_texts
from metering.registry.merge import merged
from tests.metering.test_registry_files import registries

DAY = date(2026, 11, 29)
KINDS = (BRICK, HAYSTACK)
CAMPUS = Path(__file__).parents[2] / "simulators" / "campus"
TANGLED = {
    "tree.csv": "code,parent,type,name_zh,name_en,zone,area_m2,persons,share,valid_from,valid_to\n"
    "p,,province,示例省,,Asia/Shanghai,,,,,\n"
    "c,p,city,示例市,,,,,,,\n"
    "a,c,institution,甲局,Bureau A,,,60,,,\n"
    "b,c,institution,乙局,,Asia/Urumqi,,,,,\n"
    "a-site,a,site,甲园,,,,,,,\n"
    "b-site,b,site,,,,,,,,\n"
    "moved,a-site,building,搬迁楼,,,1200.5,,,,2026-03-01\n"
    "moved,b-site,building,搬迁楼,,,1200.5,,,2026-03-01,\n"
    "hall,a-site,building,共用“大厅”,Shared 'hall',,800,,0.6,,\n"
    "hall,b-site,building,共用“大厅”,Shared 'hall',,800,,0.4,,\n"
    "hall-2f,hall,floor,二层,,,,,,,\n"
    "hall-201,hall-2f,room,会议室 201,,,35.25,,,,\n"
    "gone,a-site,building,,,,,,,,2025-01-01\n"
    "dc,b-site,datacentre,机房,,,,,,,\n",
    "gateways.csv": "site,code,name_zh,name_en\na-site,gw,网关,\nb-site,gw,,\n",
    "meters.csv": "code,node,item,total,step_min,fed_by,max_per_hour,name_zh,valid_from,valid_to\n"
    "main,moved,01000,yes,15,,500,总表,,\n"
    "old,moved,01B00,no,60,main,,,,2026-01-01\n"
    "ac,moved,01B00,no,15,main/2026-02-01/;old//2026-01-01,,空调,,\n"
    "reserve,moved,01C00,no,15,main;old//2026-01-01,,,,\n"
    "next,moved,01A00,no,15,,,,2027-01-01,\n"
    "solar,hall,01000,yes,15,,,光伏,,\n"
    "water,hall-201,02000,no,1440,,,,,\n"
    "heat,hall,04000,no,15,,,,,\n"
    "cold,hall,05000,no,15,,,,,\n"
    "gas,dc,03000,no,15,,,,,\n"
    "lpg,dc,08000,no,15,,,,,\n"
    "kvarh,moved,90000,no,15,,,,,\n",
    "points.csv": "gateway,point,kind,unit,meter,ratio,digits,low,high,role,node,"
    "valid_from,valid_to,signed,direction\n"
    "a-site/gw,电表/一号,register,MWh,main,20,,0,900,,,,2026-03-01T10:00+08:00,,\n"
    "a-site/gw,电表/二号,register,kWh,main,40,6,,,,,2026-03-01T10:00+08:00,,,\n"
    "a-site/gw,kW,mean,kW,ac,,,,,,,,,,\n"
    "a-site/gw,PV,register,kWh,solar,,,,,,,,,,export\n"
    "a-site/gw,both,register,kWh,reserve,,,,,,,,,yes,\n"
    "a-site/gw,水表 201,interval,L,water,,,,,,,,,,\n"
    "b-site/gw,H,register,GJ,heat,,,,,,,,,,\n"
    "b-site/gw,K,register,kWh,cold,,,,,,,,,,\n"
    "b-site/gw,gas,register,m3,gas,,8,,,,,,,,\n"
    "b-site/gw,lpg,register,t,lpg,,,,,,,,,,\n"
    "b-site/gw,Q,register,mvarh,kvarh,,,,,,,,,,\n"
    "b-site/gw,next,register,Wh,next,,,,,,,2027-01-01,,,\n"
    "b-site/gw,out,instant,F,,,,-40,140,outdoor_temperature,b-site,,,,\n"
    "b-site/gw,rack,instant,C,,,,,,rack_inlet_temperature,dc,,,,\n"
    "b-site/gw,lux,instant,klx,,,,,,,,,,,\n"
    "b-site/gw,on,state,1,,,,,,,,,,,\n",
}
"""Names in Chinese, edges with dates, a shared place, a register that was changed, what has ended
and what has not begun."""


def registered(texts: Mapping[str, str]) -> Registry:
    return merged(Registry(), read_registry_texts(texts))


def demo() -> Registry:
    files = {one.name: one.read_text(encoding="utf-8") for one in CAMPUS.glob("*.csv")}
    return registered({name: text for name, text in files.items() if name in TABLES})


def back(text: str, ending: str, existing: Registry) -> Registry:
    return merged(existing, read_model(f"model{ending}", text.encode(), existing, DAY).wanted)


def said(registry: Registry) -> dict[str, set[frozenset[tuple[str, str]]]]:
    """What a model says of it, whatever the order."""
    rows = said_of(registry, DAY)
    return {
        table: {frozenset(map(number, row.items())) for row in some} for table, some in rows.items()
    }


def number(cell: tuple[str, str]) -> tuple[str, str]:
    """An area without the zeros at its end, which say nothing."""
    column, text = cell
    size = Decimal(text).normalize() if column == "area_m2" and text else ""
    return column, f"{size:f}" if size else text


@pytest.mark.parametrize("ending", KINDS)
@pytest.mark.parametrize("make", [demo, lambda: registered(TANGLED)], ids=["demo", "tangled"])
def test_a_model_says_the_same_in_an_empty_folder_and_changes_nothing_in_its_own(
    ending: str, make: Any
) -> None:
    registry = make()
    text = model_text(registry, DAY, ending)
    assert said(back(text, ending, Registry())) == said(registry)
    assert changes(registry, back(text, ending, registry)) == []


@pytest.mark.parametrize("ending", KINDS)
@settings(max_examples=25, deadline=None)
@given(registry=registries())
def test_so_does_one_of_any_registry(ending: str, registry: Registry) -> None:
    text = model_text(registry, DAY, ending)
    assert said(back(text, ending, Registry())) == said(registry)
    assert changes(registry, back(text, ending, registry)) == []


@pytest.mark.parametrize("ending", KINDS)
def test_what_a_model_cannot_say_is_told(ending: str) -> None:
    registry = demo()
    again = back(model_text(registry, DAY, ending), ending, Registry())
    assert [(one.table, one.column, one.rows) for one in left_out(registry, again)] == [
        ("tree.csv", "persons", 4),
        ("meters.csv", "dc_role", 5),
        ("meters.csv", "max_per_hour", 24),
        ("points.csv", "low", 13),
        ("points.csv", "high", 13),
        ("tariff.csv", "", 10),
        ("calendar.csv", "", 72),
        ("factors.csv", "", 12),
        ("accounts.csv", "", 2),
        ("charges.csv", "", 2),
        ("office_hours.csv", "", 3),
        ("power_factors.csv", "", 5),
    ]


def test_rows_that_do_not_hold_and_columns_that_have_no_word_are_told_apart() -> None:
    registry = registered(TANGLED)
    again = back(model_text(registry, DAY, BRICK), BRICK, Registry())
    assert {(one.table, one.column): one.rows for one in left_out(registry, again)} == {
        ("tree.csv", ""): 2,
        ("tree.csv", "persons"): 1,
        ("tree.csv", "share"): 1,
        ("tree.csv", "valid_from"): 1,
        ("tree.csv", "valid_to"): 1,
        ("meters.csv", ""): 2,
        ("meters.csv", "step_min"): 1,
        ("meters.csv", "fed_by"): 2,
        ("meters.csv", "max_per_hour"): 1,
        ("points.csv", ""): 2,
        ("points.csv", "low"): 1,
        ("points.csv", "high"): 1,
        ("points.csv", "valid_from"): 1,
        ("points.csv", "signed"): 1,
    }


def test_what_is_edited_in_a_model_is_changed_and_the_rest_stays() -> None:
    registry = registered(TANGLED)
    text = model_text(registry, DAY, BRICK)
    edited = text.replace("800.0", "810.0").replace('"搬迁楼"', '"新楼"').replace('"40"', '"60"')
    found = {str(one) for one in changes(registry, back(edited, BRICK, registry))}
    assert {one.partition(":")[0] for one in found} == {
        "changed node hall",
        "changed node moved",
        "changed installation main a-site/gw 电表/二号 from 2026-03-01",
    }


def test_a_ratio_of_a_model_is_that_of_today_and_not_of_before() -> None:
    points = (
        "gateway,point,kind,unit,meter,ratio,low,high,valid_from,valid_to\n"
        "a-site/gw,E,register,MWh,main,20,0,9,,2026-01-01\n"
        "a-site/gw,E,register,MWh,main,40,0,9,2026-01-01,\n"
        "a-site/gw,E,register,MWh,main,80,0,9,2027-01-01,\n"
    ).replace("40,0,9,2026-01-01,", "40,0,9,2026-01-01,2027-01-01")
    registry = registered(TANGLED | {"points.csv": points})
    text = model_text(registry, DAY, BRICK)
    assert changes(registry, back(text, BRICK, registry)) == []
    edited = text.replace('own:ratio "40"', 'own:ratio "50"')
    (found,) = changes(registry, back(edited, BRICK, registry))
    assert str(found).startswith(
        "changed installation main a-site/gw E from 2026-01-01: ratio '40'"
    )


def test_a_new_meter_of_a_model_comes_beside_what_stands() -> None:
    registry = registered(TANGLED)
    more = (
        "\n<urn:greenoffice:registry:lift> a brick:Electrical_Meter ;"
        ' own:item "01C00" ; brick:hasLocation <urn:greenoffice:registry:moved> ;'
        " brick:isSubMeterOf <urn:greenoffice:registry:main> .\n"
        "<urn:greenoffice:registry:kvarh> brick:isSubMeterOf <urn:greenoffice:registry:main> .\n"
    )
    found = changes(registry, back(model_text(registry, DAY, BRICK) + more, BRICK, registry))
    assert sorted(str(one) for one in found) == [
        "added meter lift",
        "added supply main kvarh",
        "added supply main lift",
    ]


def test_a_brick_model_is_in_the_words_of_brick() -> None:
    graph = Graph().parse(data=model_text(registered(TANGLED), DAY, BRICK), format="turtle")
    brick = "https://brickschema.org/schema/Brick#"

    def classes(code: str) -> set[str]:
        subject = URIRef(f"urn:greenoffice:registry:{code}")
        kinds = graph.objects(subject, RDF.type)
        return {str(one).removeprefix(brick) for one in kinds if str(one).startswith(brick)}

    assert classes("hall") == {"Building"}
    assert classes("hall-2f") == {"Floor"}
    assert classes("hall-201") == {"Room"}
    assert classes("main") == {"Electrical_Meter"}
    assert classes("water") == {"Water_Meter"}
    assert classes("gas") == {"Gas_Meter"}
    assert classes("heat") == {"Thermal_Power_Meter"}
    assert classes("b-site%2Fgw%2Fgas") == {"Natural_Gas_Usage_Sensor"}
    assert classes("b-site%2Fgw%2Fout") == {"Outside_Air_Temperature_Sensor"}
    assert classes("a-site%2Fgw%2FkW") == {"Active_Power_Sensor"}
    whole = (
        "ASK { <urn:greenoffice:registry:main> brick:meters <urn:greenoffice:registry:moved> ."
        " <urn:greenoffice:registry:ac> brick:hasLocation <urn:greenoffice:registry:moved> ;"
        " brick:isSubMeterOf <urn:greenoffice:registry:main> ."
        " ?point brick:isPointOf <urn:greenoffice:registry:main> ; brick:hasUnit unit:KiloW-HR ;"
        ' ref:hasExternalReference/ref:hasTimeseriesId "a-site/gw/电表/二号" .'
        " <urn:greenoffice:registry:hall> brick:area [ brick:value 800.0 ;"
        " brick:hasUnit unit:M2 ] }"
    )
    assert graph.query(whole).askAnswer


def test_a_haystack_model_is_in_the_tags_of_haystack() -> None:
    grid = json.loads(model_text(registered(TANGLED), DAY, HAYSTACK))
    assert (grid["_kind"], grid["meta"]) == ("grid", {"ver": "3.0"})
    things = {one["id"]["val"]: one for one in grid["rows"]}
    assert {name for one in grid["rows"] for name in one} == {one["name"] for one in grid["cols"]}
    marker = {"_kind": "marker"}
    site, floor, meter = things["a-site"], things["hall-2f"], things["ac"]
    assert (site["site"], site["tz"]) == (marker, "Shanghai")
    assert floor["space"] == floor["floor"] == marker
    assert floor["siteRef"]["val"] == "a-site"
    assert floor["spaceRef"]["val"] == "hall"
    assert meter["equip"] == meter["meter"] == meter["elec"] == marker
    assert meter["submeterOf"]["val"] == "main"
    assert things["hall"]["area"] == {"_kind": "number", "val": 800, "unit": "m²"}
    point = next(one for one in things.values() if one.get("dis") == "电表/二号")
    assert point["point"] == point["sensor"] == point["energy"] == marker
    assert (point["unit"], point["equipRef"]["val"]) == ("kWh", "main")
    assert things["b-site:gw:out"]["unit"] == "°F"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = init(tmp_path / "data", 18080, 11883, 19464, "en").root
    store = open_stores(DataFolder(folder)).registry
    store.apply(read_registry_texts(TANGLED), actor="test", now_us=1)
    return folder


@pytest.mark.parametrize("ending", KINDS)
def test_the_commands_tell_what_is_not_said_and_change_nothing_coming_back(
    data: Path, tmp_path: Path, capsys: Any, ending: str
) -> None:
    file = tmp_path / f"office{ending}"
    export_model(file, data, ending)
    told = capsys.readouterr().out
    assert told.startswith(f"{file}\n")
    assert "not in the model: persons in 1 rows of tree.csv\n" in told
    import_registry(file, data, ImportOptions(yes=True))
    assert "0 changes, 0 into complete months" in capsys.readouterr().out
    assert open_stores(DataFolder(data)).registry.load().version == 1
    with pytest.raises(Conflict, match="such a file already"):
        export_model(file, data, ending)
    with pytest.raises(InvalidInput) as ended:
        import_registry(file, data, ImportOptions(end_missing=DAY))
    assert ended.value.field == "end_missing"


def test_a_model_goes_into_a_file_of_its_kind(data: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="not a file of that kind"):
        export_model(tmp_path / "office.json", data, BRICK)
    with pytest.raises(InvalidInput, match="nowhere to write to"):
        require_target(None)


def test_an_installation_without_the_library_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for part in ("reading", "writing"):
        monkeypatch.setitem(sys.modules, f"greenoffice.building_models.brick_{part}", None)
    with pytest.raises(ConfigurationError, match=r"greenoffice\[brick\]"):
        read_model("m.ttl", b"", Registry(), DAY)
    with pytest.raises(ConfigurationError, match="not installed"):
        model_text(Registry(), DAY, BRICK)
    assert model_text(Registry(), DAY, HAYSTACK)
