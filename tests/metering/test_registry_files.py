"""Registry files: every error with its place, nothing half taken, and the round trip."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenoffice.registry_files import read_registry
from metering.calendar import CalendarDay, DayKind, WorkCalendar
from metering.errors import FileProblem, InvalidFiles, InvalidInput
from metering.reading import Kind
from metering.registry import (
    Direction,
    Gateway,
    Installation,
    Meter,
    Node,
    NodeType,
    Point,
    Registry,
    Route,
    SpaceEdge,
    SupplyEdge,
    Validity,
)
from metering.registry.files import TABLES, read_registry_texts, write_registry
from metering.registry.routes import options_text
from metering.tariff import TariffRow

GOOD = {
    "tree.csv": """\
code,parent,type,name_zh,name_en,zone,area_m2,persons,share,valid_from,valid_to
inst,,institution,机关,Body,,,,,,
site,inst,site,园区,Site,Asia/Shanghai,,,,,
house,site,building,楼,House,,1200.5,80,,,
""",
    "gateways.csv": "site,code,name_zh,name_en\nsite,gw,网关,Gateway\n",
    "routes.csv": """\
gateway,topic,decoder,options,valid_from,valid_to
site/gw,tele/+/SENSOR,native,,,2026-05-01
site/gw,tele/+/SENSOR,csv,separator=,2026-05-01,
site/gw,plant/#,csv,zone=Asia/Shanghai;profile=a b,,
""",
    "meters.csv": """\
code,node,item,total,step_min,fed_by,dc_role,max_per_hour,name_zh,name_en,valid_from,valid_to
main,house,01000,yes,15,,,500,总表,Main,,
light,house,01A00,no,60,main,,,照明,Light,2026-01-01,
water,house,02000,yes,1440,,,,水表,Water,,
""",
    "points.csv": """\
gateway,point,kind,unit,meter,ratio,digits,low,high,role,node,valid_from,valid_to
site/gw,E1,register,Wh,main,20,6,0,2000000,,,,2026-05-01
site/gw,E1b,register,kWh,main,20,6,,,,,2026-05-01,
site/gw,P1,mean,W,light,,,,,,,,
site/gw,W1,register,L,water,1,8,,,,,,
site/gw,T1,instant,F,,,,-40,140,outdoor_temperature,site,,
""",
    "tariff.csv": """\
tariff,item,valid_from,valid_to,months,days,start,end,period,price,currency,source,grade
t,01000,,,"1-6,9-12",all,00:00,24:00,flat,0.70,CNY,list,M
t,01000,,,7-8,working,00:00,08:00,valley,0.30,CNY,list,M
t,01000,,,7-8,working,08:00,24:00,peak,1.10,CNY,list,M
t,01000,,,7-8,rest,00:00,24:00,flat,0.70,CNY,list,M
""",
    "calendar.csv": """\
date,kind,name_zh,name_en,status,source
2026-10-01,holiday,国庆节,National Day,official,notice
2026-10-10,working,调休,Make-up day,official,notice
""",
    "factors.csv": """\
item,quantity,region,value,unit,valid_from,valid_to,source,grade
01000,kgco2,CN,0.5306,kgCO2/kWh,2023-01-01,,notice,V
""",
}


def problems_of(
    files: dict[str, str | bytes], existing: Registry | None = None
) -> list[FileProblem]:
    with pytest.raises(InvalidFiles) as caught:
        read_registry_texts(files, existing)
    return list(caught.value.problems)


def test_good_files_become_the_registry() -> None:
    registry = read_registry_texts(GOOD)
    assert registry.nodes["house"] == Node(
        "house", NodeType.BUILDING, "楼", "House", None, Decimal("1200.5"), 80
    )
    assert registry.space[1] == SpaceEdge("site", "house")
    assert registry.gateways == {"site/gw": Gateway("site", "gw", "网关", "Gateway")}
    may = date(2026, 5, 1)
    assert registry.routes == (
        Route("site/gw", "tele/+/SENSOR", "native", valid=Validity(None, may)),
        Route("site/gw", "tele/+/SENSOR", "csv", "separator=", Validity(may)),
        Route("site/gw", "plant/#", "csv", "profile=a b;zone=Asia/Shanghai"),
    )
    assert registry.routes[2].told == {"profile": "a b", "zone": "Asia/Shanghai"}
    since = Validity(date(2026, 1, 1))
    assert registry.meters["light"] == Meter(
        "light", "house", "01A00", False, 60, None, None, "照明", "Light", since
    )
    assert registry.supply == (SupplyEdge("main", "light", since),)
    assert registry.points[1] == Point(
        1, "site/gw", "E1", Kind.REGISTER, "kWh", low=0.0, high=2000.0
    )
    assert registry.installations[:2] == (
        Installation("main", 1, Decimal(20), 6, "Wh", Validity(None, may)),
        Installation("main", 2, Decimal(20), 6, "kWh", Validity(may)),
    )
    sensor = registry.point_of("site/gw", "T1")
    assert sensor is not None
    assert (sensor.unit, sensor.low, sensor.high) == ("C", -40.0, 60.0)
    assert registry.tariff[0].months == frozenset(range(1, 13)) - {7, 8}
    assert registry.tariff[1].end_min == 480
    assert registry.calendar.is_working(date(2026, 10, 10))
    assert registry.calendar.kind(date(2026, 10, 1)) is DayKind.HOLIDAY
    assert registry.factors[0].value == Decimal("0.5306")


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (",a/b,native,,,", "gateway"),
        ("site/none,a/b,native,,,", "gateway"),
        ("site/gw,a/#/b,native,,,", "topic"),
        ("site/gw,,native,,,", "topic"),
        ("site/gw,a/b,,,,", "decoder"),
        ("site/gw,a/b,native,separator,,", "options"),
        ("site/gw,a/b,native,a=1;a=2,,", "options"),
        ("site/gw,a/b,native,A b=1,,", "options"),
        ("site/gw,plant/#,native,,2026-01-01,", "topic"),
        ("site/gw,a/b,unheard,,,", "decoder"),
    ],
)
def test_a_route_that_cannot_be_is_named(row: str, field: str) -> None:
    def check(route: Route) -> None:
        if route.decoder == "unheard":
            raise InvalidInput("unknown decoder", field="decoder", value="unheard", fix="another")

    files = {**GOOD, "routes.csv": GOOD["routes.csv"] + row + "\n"}
    with pytest.raises(InvalidFiles) as caught:
        read_registry_texts(files, check_route=check)
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.field) == ("routes.csv", 5, field)
    assert problem.fix


def test_spreadsheets_marks_and_line_ends_do_not_matter(tmp_path: Path) -> None:
    for name, text in GOOD.items():
        data = text.replace("\n", "\r\n").encode("utf-8-sig")
        (tmp_path / name).write_bytes(data)
    (tmp_path / "README.txt").write_text("not read")
    assert read_registry(tmp_path)[0] == read_registry_texts(GOOD)


def test_the_campus_of_the_simulators_is_good_and_comes_back() -> None:
    campus = read_registry(Path(__file__).parents[2] / "simulators" / "campus")[0]
    assert campus.points
    assert read_registry_texts(write_registry(campus)) == campus


CASES = [
    # file, text replaced, by, (line, field, part of the problem)
    ("tree.csv", "house,site,building", "a house,site,building", (4, "code", "not a code")),
    ("tree.csv", "site,building", "sit,building", (4, "parent", "sit is not registered")),
    ("tree.csv", "site,building", "house,building", (4, "parent", "comes round")),
    ("tree.csv", "building", "hut", (4, "type", "unknown")),
    ("tree.csv", "Asia/Shanghai", "Asia/Atlantis", (3, "zone", "unknown time zone")),
    ("tree.csv", "Asia/Shanghai", "", (2, "node", "no time zone")),
    ("tree.csv", "1200.5", "big", (4, "area_m2", "not a number")),
    ("tree.csv", "1200.5", "-1", (4, "area_m2", "below 0")),
    ("tree.csv", ",80,", ",8.5,", (4, "persons", "not a whole number")),
    ("tree.csv", "80,,,", "80,0.6,,", (4, "share", "the shares add up to 0.6")),
    ("tree.csv", "80,,,", "80,60 %,,", (4, "share", "no share")),
    ("tree.csv", "80,,,", "80,0,,", (4, "share", "no share")),
    ("tree.csv", "80,,,", "80,meter nobody,,", (4, "share", "nobody is not registered")),
    ("tree.csv", "80,,,", "80,,2026-01-32,", (4, "valid_from", "not a date")),
    ("tree.csv", "80,,,", "80,,2026-02-01,2026-02-01", (4, "valid_to", "not after")),
    ("tree.csv", "inst,,institution", "inst,,province", (2, "node", "no institution")),
    ("tree.csv", "zone,area_m2", "timezone,area_m2", (1, "timezone", "unknown column")),
    ("tree.csv", "code,parent,type", "code,parent,zone", (1, "type", "column missing")),
    ("tree.csv", "80,,,", "80,,", (4, "", "10 fields")),
    ("tree.csv", "楼,House", '楼,"House', (4, "", "not CSV")),
    ("gateways.csv", "site,gw", "nowhere,gw", (2, "site", "not registered")),
    ("gateways.csv", "site,gw,网关,Gateway", "site,gw,,\nsite,gw,,", (3, "code", "second time")),
    ("meters.csv", "light,house", "main,house", (3, "code", "second time")),
    ("meters.csv", "light,house", "house,house", (3, "code", "a node has the code")),
    ("meters.csv", "light,house", "light,hose", (3, "node", "not registered")),
    ("meters.csv", "01A00,no", "01AA0,no", (3, "item", "not an item code")),
    ("meters.csv", "01A00,no", "01000,yes", (3, "total", "two total meters")),
    ("meters.csv", ",60,", ",25,", (3, "step_min", "no such step")),
    ("meters.csv", ",60,main", ",60,mian", (3, "fed_by", "not registered")),
    ("meters.csv", ",15,,,500", ",15,light,,500", (2, "fed_by", "comes round")),
    ("meters.csv", ",15,,,500", ",15,,mains,500", (2, "dc_role", "unknown")),
    ("meters.csv", ",15,,,500", ",15,,,0", (2, "max_per_hour", "not above 0")),
    ("points.csv", "site/gw,P1", "site/gv,P1", (4, "gateway", "not registered")),
    ("points.csv", "site/gw,P1", ",P1", (4, "gateway", "no gateway")),
    ("points.csv", "P1,mean,W", "P1,power,W", (4, "kind", "unknown")),
    ("points.csv", "P1,mean,W", "P1,instant,W", (4, "kind", "cannot serve a meter")),
    ("points.csv", "P1,mean,W", "P1,mean,kWh", (4, "unit", "does not convert to kW")),
    ("points.csv", "P1,mean,W", "P1,mean,furlong", (4, "unit", "unknown unit")),
    ("points.csv", "W1,register,L", "W1,register,kWh", (5, "unit", "meter's m3")),
    ("points.csv", "W1,register,L", "W1,mean,kW", (5, "kind", "no mean power")),
    ("points.csv", "light,,", "lihgt,,", (4, "meter", "not registered")),
    ("points.csv", "light,,", "light,-1,", (4, "ratio", "not above 0")),
    ("points.csv", "light,,", "light,,6", (4, "digits", "kind mean")),
    ("points.csv", "1,8,", "1,19,", (5, "digits", "not a whole number in range")),
    ("points.csv", "2026-05-01,\n", "2026-04-01,\n", (3, "meter", "two points serve")),
    ("points.csv", "2026-05-01,\n", "2026-05-01T08:00,\n", (3, "valid_from", "nor an instant")),
    ("points.csv", "2026-05-01,\n", "2026-05-01T08:00Z/x,\n", (3, "valid_from", "nor an")),
    ("points.csv", "2026-05-01,\n", "2026-04-30T08:00Z,\n", (3, "meter", "two points serve")),
    ("points.csv", "-40,140", "140,-40", (6, "high", "not above low")),
    ("points.csv", "temperature,site", "temperature,", (6, "node", "without a node")),
    ("points.csv", "T1,instant,F,,", "T1,instant,F,,2", (6, "ratio", "without a meter")),
    ("points.csv", "T1,instant,F", "T1,register,F", (6, "unit", "not a quantity")),
    ("points.csv", "W1,register", "E1,register", (5, "point", "an earlier row says otherwise")),
    ("tariff.csv", "00:00,08:00", "00:00,07:00", (4, "start", "no price at 07:00")),
    ("tariff.csv", "00:00,08:00", "00:00,09:00", (4, "start", "two prices at 08:00")),
    ("tariff.csv", "7-8,rest", "8,rest", (2, "start", "no price at 00:00")),
    ("tariff.csv", "08:00,24:00", "08:00,25:00", (4, "end", "not a time of day")),
    ("tariff.csv", "7-8,rest", "7-13,rest", (5, "months", "not months")),
    ("tariff.csv", "7-8,rest", "7-8,sunday", (5, "days", "unknown")),
    ("tariff.csv", "7-8,rest", "7-8,holiday", (2, "start", "no price at 00:00")),
    ("tariff.csv", "1.10", "dear", (4, "price", "not a number")),
    ("calendar.csv", "2026-10-10,working", "2026-10-01,working", (3, "date", "second time")),
    ("calendar.csv", "2026-10-10,working", "2026-10-10,feast", (3, "kind", "unknown")),
    ("calendar.csv", "2026-10-10,working", "10 October,working", (3, "date", "not a date")),
    ("factors.csv", "kgCO2/kWh", "tCO2/MWh", (2, "unit", "another unit")),
    ("factors.csv", "kgco2", "kgso2", (2, "quantity", "unknown")),
]


@pytest.mark.parametrize(("file", "old", "new", "expected"), CASES)
def test_every_error_has_its_place(
    file: str, old: str, new: str, expected: tuple[int, str, str]
) -> None:
    assert old in GOOD[file]
    found = problems_of({**GOOD, file: GOOD[file].replace(old, new, 1)})
    line, field, part = expected
    fitting = [p for p in found if p.line == line and p.field == field and part in p.problem]
    assert fitting, found
    assert all(problem.fix for problem in found)


@pytest.mark.parametrize(
    ("line", "field", "part"),
    [
        ("site/gw,W1,register,L,water,8,yes,", "digits", "cannot be seen to roll over"),
        ("site/gw,W1,register,L,water,,,both", "direction", "unknown"),
        ("site/gw,W1,register,L,water,,both,", "signed", "unknown"),
        ("site/gw,W1,register,L,,,yes,", "signed", "without a meter"),
        ("site/gw,W1,register,L,,,,export", "direction", "without a meter"),
    ],
)
def test_which_way_energy_passes_is_told_of_a_meter_s_point(
    line: str, field: str, part: str
) -> None:
    head = "gateway,point,kind,unit,meter,digits,signed,direction\n"
    found = problems_of({**GOOD, "points.csv": f"{head}{line}\n"})
    assert [(p.line, p.field) for p in found if part in p.problem] == [(2, field)], found


@pytest.mark.parametrize(("said", "booked"), [(1, 15), (5, 15), (10, 30), (20, 20)])
def test_finer_steps_are_summed(said: int, booked: int) -> None:
    files = {**GOOD, "meters.csv": GOOD["meters.csv"].replace(",60,", f",{said},")}
    assert read_registry_texts(files).meters["light"].step_min == booked


def test_a_register_for_each_way() -> None:
    head = "gateway,point,kind,unit,meter,signed,direction\n"
    rows = "site/gw,W1,register,L,water,yes,export\nsite/gw,E1,register,kWh,main,,\n"
    registry = read_registry_texts({**GOOD, "points.csv": head + rows})
    told = {one.meter: (one.signed, one.direction, one.sign) for one in registry.installations}
    assert told == {
        "water": (True, Direction.EXPORT, -1),
        "main": (False, Direction.IMPORT, 1),
    }
    again = read_registry_texts(
        {"points.csv": head.replace(",signed,direction", "") + "site/gw,W1,register,L,water\n"},
        registry,
    )
    assert next(one for one in again.installations if one.meter == "water").signed


def test_all_errors_are_told_at_once() -> None:
    broken = {
        "tree.csv": GOOD["tree.csv"].replace("Asia/Shanghai", "Mars"),
        "meters.csv": GOOD["meters.csv"].replace("01A00", "99X99"),
        "tariffs.csv": "",
        "gateways.csv": GOOD["gateways.csv"].encode().replace(b"Gateway", b"\xe4\xf6\xfc.\xdf"),
    }
    found = {(p.file, p.field, p.problem) for p in problems_of({**GOOD, **broken})}
    assert {
        ("tree.csv", "zone", "unknown time zone"),
        ("meters.csv", "item", "not an item code"),
        ("tariffs.csv", "", "not a file of the registry"),
        ("gateways.csv", "", "not UTF-8, and what else it is cannot be seen"),
    } <= found


def test_no_folder_and_no_files(tmp_path: Path) -> None:
    with pytest.raises(InvalidFiles, match="no such file"):
        read_registry(tmp_path / "absent")
    with pytest.raises(InvalidFiles, match="no files"):
        read_registry(tmp_path)
    assert [p.problem for p in problems_of({"tree.csv": ""})] == ["no header line"]


def test_bounds_of_size_and_rows() -> None:
    rows = "code,parent,type\n" + "a,,site\n" * 200_001
    assert any(p.problem == "too many rows" for p in problems_of({"tree.csv": rows}))
    assert [p.problem for p in problems_of({"tree.csv": b"x" * (33 << 20)})] == ["file too large"]


def test_what_is_registered_already_counts() -> None:
    existing = read_registry_texts(GOOD)
    header = GOOD["points.csv"].splitlines()[0]
    more = {
        "points.csv": f"{header}\nsite/gw,N1,instant,C,,,,,,,,,\nsite/gw,E1,register,kWh,,,,,,,,,\n"
    }
    wanted = read_registry_texts(more, existing)
    assert {p.name: p.id for p in wanted.points.values()} == {"N1": 6, "E1": 1}
    twice = {"points.csv": f"{header}\nsite/gw,E9,register,kWh,main,1,,,,,,2026-03-01,\n"}
    assert [p.field for p in problems_of(twice, existing)] == ["meter"]
    circle = {"tree.csv": "code,parent,type\nsite,house,site\n"}
    assert {p.field for p in problems_of(circle, existing)} == {"parent"}
    other = {"tariff.csv": GOOD["tariff.csv"].replace("\nt,", "\nu,")}
    assert {p.field for p in problems_of(other, existing)} == {"valid_from"}


def test_a_code_names_a_node_or_a_meter() -> None:
    """Told at the row that brings it; a pair of an earlier version does not hold up the rest."""
    existing = read_registry_texts(GOOD)
    node = {"tree.csv": "code,parent,type\nmain,house,floor\n"}
    assert [(p.line, p.field) for p in problems_of(node, existing)] == [(2, "code")]
    meter = {"meters.csv": "code,node,item\nsite,house,01B00\n"}
    assert [(p.line, p.field) for p in problems_of(meter, existing)] == [(2, "code")]
    pair = replace(existing, nodes={**existing.nodes, "main": Node("main", NodeType.FLOOR)})
    assert read_registry_texts({"meters.csv": GOOD["meters.csv"]}, pair).meters["main"]


def test_a_place_without_shares_is_below_one_other_at_a_time() -> None:
    """Or it would count twice in what is above both."""

    def tree(first: str, second: str) -> dict[str, str]:
        rows = f"""\
code,parent,type,zone,valid_from,valid_to
a,,institution,UTC,,
north,a,site,,,
south,a,site,,,
house,north,building,,{first}
house,south,building,,{second}
"""
        return {"tree.csv": rows}

    read_registry_texts(tree(",2026-01-01", "2026-01-01,"))
    (told,) = problems_of(tree(",2026-01-02", "2026-01-01,"))
    assert (told.line, told.field) == (6, "parent")
    assert told.problem == "whole below north and south at once"
    registered = read_registry_texts(tree(",2026-01-01", "2026-01-01,"))
    later = "code,parent,type,valid_from\nhouse,north,building,2026-06-01\n"
    assert {p.field for p in problems_of({"tree.csv": later}, registered)} == {"parent"}


def test_an_institution_may_change_but_never_be_two() -> None:
    def tree(first: str, second: str) -> dict[str, str]:
        rows = f"""\
code,parent,type,zone,valid_from,valid_to
a,,institution,,,
b,,institution,,,
site,a,site,UTC,{first}
site,b,site,UTC,{second}
house,site,building,,,
"""
        return {**GOOD, "tree.csv": rows}

    read_registry_texts(tree(",2026-01-01", "2026-01-01,"))
    found = problems_of(tree(",2026-01-02", "2026-01-01,"))
    assert {(p.file, p.field, p.problem) for p in found} == {
        ("meters.csv", "node", "below a and b at once"),
        ("tree.csv", "parent", "whole below a and b at once"),
    }


def test_a_feed_may_have_dates_of_its_own() -> None:
    registry = read_registry_texts(GOOD)
    begun, ended = Validity(date(2027, 1, 1)), Validity(None, date(2027, 1, 1))
    feeds = (SupplyEdge("main", "light", begun), SupplyEdge("water", "light", ended))
    dated = replace(registry, supply=feeds)
    texts = write_registry(dated)
    assert "main/2027-01-01/;water//2027-01-01" in texts["meters.csv"]
    assert read_registry_texts(texts) == dated
    for wrong in ("main/2027", "main/2027-02-01/2027-01-01", "main/x/", "main/1/2/3"):
        text = texts["meters.csv"].replace("main/2027-01-01/", wrong)
        assert [p.field for p in problems_of({**texts, "meters.csv": text})] == ["fed_by"]


codes = st.text("abcXYZ019._-", min_size=1, max_size=8).filter(lambda code: code.strip("."))


def without_semicolon(text: str) -> str:
    return text.replace(";", "").strip()


names = st.text("楼 Aa,\"';-", max_size=8).map(str.strip)
amounts = st.decimals(Decimal("0.001"), Decimal(10**9 - 1), places=4)
shown = st.decimals(Decimal("0.001"), Decimal("999999.9"), places=4)
"""By a register of six digits."""
bounds = st.floats(-1e9, 1e9).map(lambda value: value + 0.0)


@st.composite
def tariff_sets(draw: st.DrawFn, nodes: list[str], meters: list[str]) -> list[TariffRow]:
    """A whole set of rows for each thing and item that is drawn."""
    things = [("", ""), ("institution", "i")]
    things += [("node", code) for code in nodes if code != "i"] + [
        ("meter", code) for code in meters
    ]
    items = st.sampled_from(["01000", "01B00"])
    drawn = draw(st.lists(st.tuples(st.sampled_from(things), items), max_size=4, unique=True))
    rows: list[TariffRow] = []
    for (column, code), item in drawn:
        start = draw(st.none() | st.dates(date(2000, 1, 1), date(2030, 1, 1)))
        cut, tariff = draw(st.integers(1, 1439)), draw(codes)
        spans = [("working", 0, cut), ("working", cut, 1440), ("rest", 0, 1440)]
        spans += [("holiday", cut, 1440)] if draw(st.booleans()) else []
        for days, first, end in draw(st.permutations(spans)):
            row = TariffRow(
                tariff,
                item,
                frozenset(range(1, 13)),
                days,
                first,
                end,
                draw(st.sampled_from(["deep_valley", "flat"])),
                draw(amounts),
                valid=Validity(start),
            )
            rows.append(replace(row, **{column: code}) if column else row)
    return rows


topics = st.lists(codes | st.just("+"), min_size=1, max_size=3).map("/".join)
options = st.dictionaries(st.text("az_09", min_size=1, max_size=4), names.map(without_semicolon))


@st.composite
def registries(draw: st.DrawFn) -> Registry:
    """Registries as files can say them: some buildings, each with a meter or a sensor."""
    nodes = {"i": Node("i", NodeType.INSTITUTION, zone="+05:30")}
    meters, points, installed, space = {}, {}, [], []
    start = draw(st.none() | st.dates(date(2000, 1, 1), date(2030, 1, 1)))
    for number, code in enumerate(draw(st.lists(codes, max_size=4, unique=True)), 1):
        if code == "i":
            continue
        nodes[code] = Node(
            code, NodeType.BUILDING, draw(names), draw(names), None, draw(st.none() | amounts)
        )
        space.append(SpaceEdge("i", code))
        low = draw(st.none() | bounds)
        high = None if low is None else low + abs(low) + 1.0
        id = len(points) + 1
        name = f"P{number}"
        if draw(st.booleans()):
            meter = f"{code}-m{number}"  # no node has an m
            meters[meter] = Meter(
                meter, code, "01B00", draw(st.booleans()), draw(st.sampled_from([15, 1440]))
            )
            unit = draw(st.sampled_from(["kWh", "Wh", "MWh", "mWh"]))
            points[id] = Point(id, "i/g", name, Kind.REGISTER, "kWh", low=low, high=high)
            signed, direction = draw(st.booleans()), draw(st.sampled_from(Direction))
            digits = None if signed else 6
            valid = Validity(start, None)
            one = Installation(meter, id, draw(amounts), digits, unit, valid)
            one = replace(one, signed=signed, direction=direction)
            if start is not None and draw(st.booleans()):
                text = draw(st.sampled_from(["T00:00Z", "T14:37:00.5+08:00"]))
                one = replace(one, starts=f"{start}{text}", first=draw(st.none() | shown))
                if draw(st.booleans()):
                    evening = f"{start}T23:00+08:00"
                    earlier = Validity(start, start + timedelta(1))
                    installed.append(replace(one, valid=earlier, ends=evening))
                    one = replace(one, starts=evening, ratio=draw(amounts), first=None)
            installed.append(one)
        else:
            points[id] = Point(id, "i/g", name, Kind.INSTANT, "C", "co2", code, low, high)
    return Registry(
        nodes=nodes,
        space=tuple(space),
        gateways={"i/g": Gateway("i", "g")},
        routes=tuple(
            Route("i/g", topic, draw(codes), options_text(draw(options).items()), Validity(start))
            for topic in draw(st.lists(topics, max_size=3, unique=True))
        ),
        meters=meters,
        points=points,
        installations=tuple(installed),
        tariff=tuple(draw(tariff_sets(list(nodes), list(meters)))),
        calendar=WorkCalendar.of(
            CalendarDay(day, draw(st.sampled_from(DayKind)), draw(names))
            for day in draw(st.lists(st.dates(), max_size=3, unique=True))
        ),
    )


@given(registries())
def test_what_is_written_reads_back_the_same(registry: Registry) -> None:
    assert read_registry_texts(write_registry(registry)) == registry


lines = st.lists(st.text('ab,"\n\r0-1:./é\x00', max_size=30), max_size=6).map("\n".join)


@given(st.sampled_from(sorted(TABLES)), lines, st.booleans())
def test_no_text_breaks_the_reader(name: str, body: str, headed: bool) -> None:
    text = ",".join(TABLES[name].columns) + "\n" + body if headed else body
    try:
        read_registry_texts({name: text})
    except InvalidFiles as refused:
        if not refused.problems:
            raise


@pytest.mark.parametrize("code", [".", "..", "..."])
def test_a_code_is_not_dots_alone(code: str) -> None:
    """It would be another place in a path."""
    files = {"tree.csv": f"code,parent,type,zone\n{code},,institution,UTC\n"}
    with pytest.raises(InvalidFiles) as caught:
        read_registry_texts(files, Registry())
    assert [(one.field, one.value) for one in caught.value.problems] == [("code", code)]
