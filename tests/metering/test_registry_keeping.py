"""Laws of importing again: what was written comes back, what is left out stands, what is gone
is named."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path

import pytest

from greenoffice.registry_files import read_registry
from metering.errors import InvalidFiles
from metering.registry import Registry
from metering.registry.differences import changes
from metering.registry.files import TABLES, read_registry_texts, write_registry
from metering.registry.merge import merged
from metering.registry.missing import missing_from

DAY = date(2026, 11, 1)
OFFICE = {
    "tree.csv": """\
code,parent,type,name_zh,name_en,zone,area_m2,persons,share,valid_from,valid_to
o,,institution,机关,Office,,,,,,
s,o,site,园区,Site,UTC,,,,,
b,s,building,楼,House,,1200.5,80,,,2027-01-01
b,o,building,楼,House,,1200.5,80,,2027-01-01,
""",
    "gateways.csv": "site,code,name_zh,name_en\ns,gw,网关,Gateway\n",
    "routes.csv": """\
gateway,topic,decoder,options,valid_from,valid_to
s/gw,tele/+/SENSOR,native,zone=UTC,2026-01-01,2026-06-01
s/gw,tele/+/SENSOR,native,profile=a;zone=UTC,2026-06-01,
""",
    "meters.csv": """\
code,node,item,total,step_min,fed_by,dc_role,max_per_hour,name_zh,name_en,valid_from,valid_to
m,b,01000,yes,15,,utility,500,总表,Main,,
l,b,01A00,no,60,m,,,照明,Light,2026-01-01,
w,b,02000,yes,1440,,,,水,Water,2027-06-01,
""",
    "points.csv": """\
gateway,point,kind,unit,meter,ratio,digits,low,high,role,node,valid_from,valid_to,first,final
s/gw,E,register,MWh,m,40,6,0,9000,,,,,,
s/gw,L,register,kWh,l,1,,,,,,,2026-06-01,,
s/gw,L2,register,kWh,l,1,,,,,,2026-06-01,2026-06-20T14:37:00+08:00,,98.5
s/gw,L3,register,kWh,l,1,,,,,,2026-06-20T14:37:00+08:00,,12,
s/gw,T,instant,C,,,,-30,60,outdoor_temperature,s,,,,
""",
    "tariff.csv": """\
tariff,item,months,days,start,end,period,price,valid_from,valid_to,currency,source,grade,institution
t,01000,1-12,all,00:00,08:00,valley,0.32,,2026-07-01,EUR,bill,V,o
t,01000,1-12,all,08:00,24:00,peak,1.05,,2026-07-01,EUR,bill,V,o
t,01000,1-12,all,00:00,24:00,flat,0.90,2026-07-01,,EUR,bill,V,o
""",
    "calendar.csv": """\
date,kind,name_zh,name_en,status,source
2026-10-01,holiday,国庆,Day,official,x
""",
    "factors.csv": """\
item,quantity,value,unit,region,valid_from,valid_to,source,grade
01000,kgco2,0.5306,kgCO2/kWh,CN,,,notice,V
""",
}


def registered() -> Registry:
    return merged(Registry(), read_registry_texts(OFFICE))


def without(name: str, *columns: str) -> str:
    rows = list(csv.DictReader(io.StringIO(OFFICE[name])))
    kept = [column for column in rows[0] if column not in columns]
    out = io.StringIO()
    writer = csv.DictWriter(out, kept, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def told(files: dict[str, str], end: date | None = None) -> list[str]:
    """What importing the files changes."""
    present = registered()
    wanted = read_registry_texts(files, present, end_missing=end)
    return [str(one) for one in changes(present, merged(present, wanted))]


def missing(files: dict[str, str], end: date | None = None) -> list[str]:
    present = registered()
    wanted = read_registry_texts(files, present, end_missing=end)
    return [str(one) for one in missing_from(present, wanted, files)]


def test_what_is_written_imports_to_the_same() -> None:
    files = write_registry(registered())
    assert told(files) == missing(files) == []
    campus = merged(
        Registry(), read_registry(Path(__file__).parents[2] / "simulators" / "campus")[0]
    )
    files = write_registry(campus)
    wanted = read_registry_texts(files, campus)
    assert changes(campus, merged(campus, wanted)) == []
    assert missing_from(campus, wanted, files) == []


KEYS = {"valid_from", "institution", "node", "meter", "region"}


@pytest.mark.parametrize(
    ("name", "column"),
    [(n, c) for n, t in TABLES.items() if n in OFFICE for c in t.optional if c not in KEYS],
)
def test_an_absent_column_keeps_what_stands(name: str, column: str) -> None:
    assert told({name: without(name, column)}) == []


@pytest.mark.parametrize("name", ["gateways.csv", "meters.csv", "calendar.csv", "factors.csv"])
def test_the_needed_columns_alone_change_nothing(name: str) -> None:
    assert told({name: without(name, *TABLES[name].optional)}) == []


def test_a_tree_without_its_columns_blanks_nothing() -> None:
    needed = "code,parent,type\no,,institution\ns,o,site\n"
    assert told({"tree.csv": needed}) == []
    moved = "code,parent,type,valid_from\nb,s,building,\n"
    assert told({"tree.csv": moved}) == []


def test_an_empty_field_blanks() -> None:
    blank = "code,parent,type,area_m2,name_zh\nb,o,building,,\n"
    (change,) = told({"tree.csv": blank})
    assert change == "changed node b: name_zh '楼' -> '', area_m2 '1200.5' -> ''"


def test_the_points_of_a_meter_keep_their_ratio_and_limits_in_whatever_unit() -> None:
    assert told({"points.csv": "gateway,point,kind,unit\ns/gw,E,register,MWh\n"}) == []
    assert told({"points.csv": "gateway,point,kind,unit,meter\ns/gw,E,register,MWh,m\n"}) == []
    (change,) = told({"points.csv": "gateway,point,kind,unit,meter\ns/gw,E,register,kWh,m\n"})
    assert change == "changed installation m s/gw E: register_unit 'MWh' -> 'kWh'"


def test_a_tariff_keeps_its_currency_source_and_dates() -> None:
    rows = "t,01000,1-12,all,00:00,24:00,flat,0.95\n"
    (change,) = told({"tariff.csv": f"tariff,item,months,days,start,end,period,price\n{rows}"})
    assert "from 2026-07-01" in change
    assert change.endswith(": price '0.90' -> '0.95'")


def test_new_rows_have_no_past_to_keep() -> None:
    assert told({"meters.csv": "code,node,item\nnew,b,01B00\n"}) == ["added meter new"]


def test_a_row_gone_from_the_files_is_named_and_kept() -> None:
    files = {
        "meters.csv": "code,node,item\nm,b,01000\n",
        "tariff.csv": OFFICE["tariff.csv"].replace(
            "t,01000,1-12,all,00:00,24:00,flat,0.90,2026-07-01,,EUR,bill,V,o\n", ""
        ),
    }
    months = "months 1,2,3,4,5,6,7,8,9,10,11,12 all"
    assert missing(files) == [
        "meter l",
        "meter w",
        "supply m l from 2026-01-01",
        f"tariff t o 01000 from 2026-07-01 {months} 00:00-24:00",
    ]
    assert told(files) == []
    assert missing({"gateways.csv": OFFICE["gateways.csv"]}) == []


def test_a_missing_row_can_be_ended() -> None:
    files = {
        "tree.csv": "code,parent,type\no,,institution\ns,o,site\n",
        "routes.csv": "gateway,topic,decoder\ns/gw,a/b,native\n",
        "meters.csv": "code,node,item\nm,b,01000\n",
        "points.csv": "gateway,point,kind,unit,meter\ns/gw,E,register,MWh,m\n",
        "factors.csv": "item,quantity,value,unit\n01000,kgce,0.1229,kgce/kWh\n",
        "calendar.csv": "date,kind\n2026-10-02,rest\n",
    }
    ends = f"valid_to '' -> '{DAY}'"
    assert told(files, DAY) == [
        f"changed space s b: valid_to '2027-01-01' -> '{DAY}'",
        "added route s/gw a/b",
        f"changed route s/gw tele/+/SENSOR from 2026-06-01: {ends}",
        f"changed meter l: {ends}",
        f"changed supply m l from 2026-01-01: {ends}",
        f"changed installation l s/gw L3 from 2026-06-20: {ends}",
        "added factor 01000 kgce",
        f"changed factor 01000 kgco2 CN: {ends}",
        "added calendar 2026-10-02",
    ]
    assert missing(files, DAY) == [
        "node b",
        "space o b from 2027-01-01",
        "route s/gw tele/+/SENSOR from 2026-01-01",
        "meter w",
        "point s/gw L",
        "point s/gw L2",
        "point s/gw T",
        "installation l s/gw L",
        "installation l s/gw L2 from 2026-06-01",
        "calendar 2026-10-01",
    ]


def test_a_tariff_may_follow_one_that_is_ended_with_it() -> None:
    header = "tariff,item,months,days,start,end,period,price,valid_from,institution\n"
    files = {"tariff.csv": f"{header}new,01000,1-12,all,00:00,24:00,flat,1,{DAY},o\n"}
    with pytest.raises(InvalidFiles, match="equal rank"):
        told(files)
    ended = [one for one in told(files, DAY) if one.startswith("changed")]
    assert len(ended) == 1
    assert ended[0].endswith(f"valid_to '' -> '{DAY}'")
