"""/v1/bill: an account's month line by line, within the walls of a key."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from metering.localtime import MINUTE_US, day_bounds
from metering.reading import Kind, ReadingColumns
from metering.registry import Installation, Point, Registry
from metering.registry.facts.accounts import Account
from metering.registry.facts.charges import Basis, Charge
from metering.registry.files import read_registry_texts
from tests.api.conftest import sign_in
from tests.api.test_api_lineage import NOW, ZONE, main, office

ACCOUNTS = (
    Account("3100-1", "office-a-total", "p", capacity_kva=Decimal(630)),
    Account("3100-9", "hall-total", "p", capacity_kva=Decimal(100)),
)
CHARGES = (Charge("p", "capacity", Basis.CAPACITY, Decimal(23), adjusted=True),)


@pytest.fixture
def billed(world):
    """The world with an account of the bureau and one of the school."""
    more = {"account": ACCOUNTS, "charge": CHARGES}
    store = world.platform.registry_store
    store.apply(Registry(more=more), actor="test", now_us=1)
    return world


def test_a_bill_adds_up_and_says_what_lacks(billed):
    (bill,) = billed.get("/v1/bill", account="3100-1", month="2026-11").json()["bills"]
    amounts = [Decimal(line["amount"]) for line in bill["lines"] if line["amount"] is not None]
    assert sum(amounts) == Decimal(bill["total"])
    capacity = next(line for line in bill["lines"] if line["name"] == "capacity")
    assert (capacity["quantity"], capacity["unit"], capacity["amount"]) == (
        "630.00",
        "kVA",
        "14490.00",
    )
    assert bill["complete"] is False
    assert "running" in bill["lacks"]


@pytest.mark.parametrize(
    ("per", "quantity", "unit", "share"),
    [
        ("", "630.00", "kVA", ""),
        ("month", "630.00", "kVA", ""),
        ("thirtieth", "651.00", "kVA", "31/30"),
        ("day", "19530.00", "kVA d", "31 d"),
    ],
)
def test_a_line_says_what_of_its_time_it_holds(billed, per, quantity, unit, share):
    charge = replace(CHARGES[0], per=per)
    billed.platform.registry_store.apply(
        Registry(more={"charge": (charge,)}), actor="test", now_us=2
    )
    (bill,) = billed.get("/v1/bill", account="3100-1", month="2026-10").json()["bills"]
    line = next(one for one in bill["lines"] if one["name"] == "capacity")
    assert (line["quantity"], line["unit"], line["share"]) == (quantity, unit, share)
    assert Decimal(line["amount"]) == Decimal(quantity) * 23


@pytest.mark.parametrize(("included", "place"), [(True, "within"), (False, "lines")])
def test_a_tax_of_lines_that_are_not_known_is_not_known(billed, included, place):
    tax = Charge("p", "vat", Basis.VAT, Decimal(13), included=included)
    account = Account("3100-7", "office-a-total", "p")
    more = Registry(more={"account": (account,), "charge": (tax,)})
    billed.platform.registry_store.apply(more, actor="test", now_us=2)
    asked = {"account": "3100-7", "month": "2025-01"}
    (bill,) = billed.get("/v1/bill", **asked).json()["bills"]
    (told,) = [line for line in bill[place] if line["name"] == "vat"]
    assert (told["quantity"], told["amount"], told["complete"]) == (None, None, False)
    assert bill["total"] is None
    table = billed.get("/v1/bill/file", **asked, format="csv", language="en").text
    assert "0.00" not in table


def test_a_node_has_the_bills_of_all_its_accounts_and_of_no_others(billed):
    told = billed.get("/v1/bill", node="bureau", month="2026-11").json()
    assert [one["account"] for one in told["bills"]] == ["3100-1", "6600-1"]
    assert told["left_out"] == 0
    (own,) = billed.get("/v1/bill", node="office-a", item="02000", month="2026-11").json()["bills"]
    assert (own["account"], own["item"]) == (None, "02000")


def test_an_account_of_others_does_not_exist(billed):
    refused = billed.get("/v1/bill", account="3100-9", month="2026-11")
    unknown = billed.get("/v1/bill", account="3100-8", month="2026-11")
    assert (refused.status_code, unknown.status_code) == (404, 404)
    assert refused.json()["fix"] == unknown.json()["fix"]
    assert "hall" not in refused.text


@pytest.mark.parametrize("query", [{"month": "2026-13"}, {"month": "2026"}, {}])
def test_what_is_asked_wrongly_is_named(billed, query):
    assert billed.get("/v1/bill", account="3100-1", **query).status_code in (400, 422)
    assert billed.get("/v1/bill", month="2026-11").status_code in (400, 422)


def demand_of(booked, demand, every=1, lost=()):
    """The bill of October of `with_demand`."""
    world = with_demand(booked, demand, every, lost)
    (bill,) = world.get("/v1/bill", account="31-1", month="2026-10").json()["bills"]
    return bill


def with_demand(booked, demand, every=1, lost=()):
    """120 kW, and 240 kW from 10:08 to 10:23 on the 15th; a register behind a transformer of 40
    that is read so many minutes apart."""
    points = [Point(1, "b/g", "E1", Kind.REGISTER, "kWh")]
    account = Account("31-1", "m", "p", demand=demand)
    charges = (Charge("p", "demand", Basis.DEMAND, Decimal(40)),)
    registry = office([main()], points, [Installation("m", 1, ratio=Decimal(40))])
    registry = replace(registry, more={"account": (account,), "charge": charges})
    start, end = (day_bounds(date(2026, month, 1), ZONE)[0] for month in (10, 11))
    minutes = np.full((end - start) // MINUTE_US, 0.05)
    peak = 14 * 1440 + 10 * 60 + 8
    minutes[peak : peak + 15] = 0.1
    values = np.concatenate([[100.0], 100 + np.cumsum(minutes)])
    kept = np.arange(0, len(values), every)
    kept = kept[~np.isin(kept, lost)]
    return booked(registry, NOW, {1: (start + kept * MINUTE_US, values[kept])})


def test_a_sliding_demand_is_that_of_any_15_minutes_where_readings_are_finer(booked):
    bill = demand_of(booked, "sliding")
    text = bill["demand"].pop("text")
    assert bill["demand"] == {
        "kw": "240.000000",
        "at": "2026-10-15T10:08:00+08:00",
        "window": "sliding",
        "fine": 1.0,
        "taken": "sliding",
        "complete": True,
    }
    assert "any 15 minutes" in text["en"]
    line = next(one for one in bill["lines"] if one["name"] == "demand")
    assert (line["quantity"], line["amount"], line["complete"]) == ("240.00", "9600.00", True)


def test_a_demand_by_blocks_is_so_however_often_the_register_is_read(booked):
    of_block = {"kw": "184.000000", "at": "2026-10-15T10:15:00+08:00", "window": "block"}
    for demand, every, taken in (("block", 1, "block"), ("sliding", 15, "seldom")):
        told = demand_of(booked, demand, every)["demand"]
        assert told.pop("text")["en"].endswith("finer.") == (taken == "seldom")
        assert told == {**of_block, "taken": taken, "fine": 0.0, "complete": True}


def test_a_sliding_demand_says_where_it_was_read_too_seldom(booked):
    """A quarter of 120 kW beside others cannot hide more than the 240 kW that were seen; beside
    one of the most it can."""
    for lost, whole in ((range(3001, 3015), True), (range(20746, 20760), False)):
        bill = demand_of(booked, "sliding", lost=lost)
        assert (bill["demand"]["kw"], bill["demand"]["window"]) == ("240.000000", "mixed")
        assert 0.999 < bill["demand"]["fine"] < 1
        assert "finer than that, of quarters" in bill["demand"]["text"]["en"]
        assert bill["demand"]["complete"] is whole
        assert ("demand" in bill["lacks"]) is not whole


@pytest.mark.parametrize(("kind", "unit"), [(Kind.INTERVAL, "kWh"), (Kind.MEAN, "kW")])
def test_a_sliding_demand_is_also_that_of_intervals(booked, kind, unit):
    """120 kW, and 240 kW from 10:05 to 10:20 on the 15th, told every 5 minutes."""
    account = Account("31-1", "m", "p", demand="sliding")
    charges = (Charge("p", "demand", Basis.DEMAND, Decimal(40)),)
    points = [Point(1, "b/g", "E1", kind, unit)]
    registry = office([main()], points, [Installation("m", 1, ratio=Decimal(40))])
    registry = replace(registry, more={"account": (account,), "charge": charges})
    start, end = (day_bounds(date(2026, month, 1), ZONE)[0] for month in (10, 11))
    stamps = np.arange(start, end, 5 * MINUTE_US)
    power = np.full(len(stamps), 3.0)
    power[14 * 288 + 121 : 14 * 288 + 124] = 6.0
    told = power if kind is Kind.MEAN else power / 12
    world = booked(registry, NOW, {1: (stamps, told)})
    (bill,) = world.get("/v1/bill", account="31-1", month="2026-10").json()["bills"]
    own = {name: bill["demand"][name] for name in ("kw", "at", "window", "fine", "complete")}
    assert own == {
        "kw": "240.000000",
        "at": "2026-10-15T10:05:00+08:00",
        "window": "sliding",
        "fine": 1.0,
        "complete": True,
    }


def asked_as_of(world, revision):
    answer = world.get("/v1/bill", account="31-1", month="2026-10", as_of=revision)
    assert answer.status_code == 200, answer.text
    return answer


def test_as_of_a_revision_a_sliding_demand_says_that_its_readings_are_not_kept(booked):
    """What the bill said then, 240 kW, cannot be made again: it goes by the blocks of then, and
    says in a field and in a sentence that it was at least this."""
    world = with_demand(booked, "sliding")
    (present,) = world.get("/v1/bill", account="31-1", month="2026-10").json()["bills"]
    answer = asked_as_of(world, present["revision"])
    (bill,) = answer.json()["bills"]
    assert (present["demand"]["kw"], present["demand"]["complete"]) == ("240.000000", True)
    text = bill["demand"].pop("text")
    assert bill["demand"] == {
        "kw": "184.000000",
        "at": "2026-10-15T10:15:00+08:00",
        "window": "block",
        "fine": 0.0,
        "taken": "kept",
        "complete": False,
    }
    assert "readings are not kept as they were then. It was at least this." in text["en"]
    assert "至少为此值" in text["zh"]
    assert set(bill["lacks"]) - set(present["lacks"]) == {"kept"}
    line = next(one for one in bill["lines"] if one["name"] == "demand")
    assert (line["quantity"], line["amount"], line["complete"]) == ("184.00", "7360.00", False)
    file = {"account": "31-1", "month": "2026-10", "as_of": present["revision"]}
    told = world.get("/v1/bill/file", **file, format="csv", language="en").text
    assert "kept" in told.splitlines()[-1].split(",")[-1].split()


def test_as_of_a_revision_no_later_reading_changes_the_demand(booked):
    world = with_demand(booked, "sliding")
    (present,) = world.get("/v1/bill", account="31-1", month="2026-10").json()["bills"]
    before = asked_as_of(world, present["revision"]).content
    start = day_bounds(date(2026, 10, 15), ZONE)[0] + (10 * 60 + 15) * MINUTE_US
    world.platform.readings.upsert(ReadingColumns.of([(1, start, 1e6, 0, 0, 9_999, 0, 0, 0)]))
    (later,) = world.get("/v1/bill", account="31-1", month="2026-10").json()["bills"]
    assert later["demand"]["kw"] != "240.000000"
    assert asked_as_of(world, present["revision"]).content == before


def test_as_of_a_revision_a_demand_by_blocks_is_whole(booked):
    world = with_demand(booked, "block")
    (present,) = world.get("/v1/bill", account="31-1", month="2026-10").json()["bills"]
    (bill,) = asked_as_of(world, present["revision"]).json()["bills"]
    assert bill["demand"] == present["demand"]
    assert bill["lacks"] == present["lacks"]


DOCUMENT = Path(__file__).parents[2] / "docs" / "bills.md"
AROUND = {
    "tree.csv": f"code,parent,type,zone\no,,institution,{ZONE}\ncampus,o,site,\n",
    "gateways.csv": "site,code\ncampus,gw-1\n",
    "tariff.csv": "tariff,item,months,days,start,end,period,price\n"
    "flat,01000,1-12,all,00:00,24:00,flat,0.6500\n",
    "charges.csv": "plan,charge,basis,price\ntwo-part,demand,demand,40\n",
    "power_factors.csv": "standard,low,high,percent\n0.90,0.00,1.00,2\n",
}


def files_of_section(title):
    """The files that a section of the page of bills shows, by name."""
    section = DOCUMENT.read_text("utf-8").split(f"\n## {title}\n")[1].split("\n## ")[0]
    shown = re.findall(r"^`(\w+\.csv)`:.*?^```csv\n(.*?)^```", section, re.M | re.S)
    return dict(shown)


def test_one_account_over_several_meters_is_billed_as_the_document_says(booked):
    """100 and 60 kW; 100 kW more of one from 10:00 on for a quarter, and of the other from 10:15
    on: 260 kW at a time, not 360."""
    files = files_of_section("One account over several meters")
    assert set(files) == {"meters.csv", "formulas.csv", "points.csv", "accounts.csv"}
    registry = read_registry_texts(AROUND | files)
    start, end = (day_bounds(date(2026, month, 1), ZONE)[0] for month in (10, 11))
    times = np.arange(start, end, 15 * MINUTE_US)
    peak = 14 * 96 + 40
    kw = {"feed-1": 100, "feed-2": 60, "feed-1-kvarh": 50, "feed-2-kvarh": 30}
    told = {}
    for number, point in registry.points.items():
        (installed,) = [one for one in registry.installations if one.point == number]
        values = np.full(len(times), float(kw[point.name]))
        if point.name in ("feed-1", "feed-2"):
            values[peak + (point.name == "feed-2")] += 100
        told[number] = (times, values / 4 / float(installed.ratio))
    world = booked(registry, NOW, told)
    (bill,) = world.get("/v1/bill", account="3100-77", month="2026-10").json()["bills"]
    lines = {one["name"]: (one["quantity"], one["amount"]) for one in bill["lines"]}
    # 160 kW x 744 h and two quarters of 100 kW; 0.65; 40 a kW; 119090 / sqrt(119090^2 + 59520^2)
    assert lines == {
        "energy.flat": ("119090.00", "77408.50"),
        "demand": ("260.00", "10400.00"),
        "power_factor": ("87808.50", "1756.17"),
    }
    assert (bill["code"], bill["demand"]["at"]) == ("supply", "2026-10-15T10:00:00+08:00")
    assert bill["power_factor"]["value"] == "0.89"
    assert (bill["total"], bill["complete"]) == ("89564.67", True)
    span = {"start": "2026-10-01", "end": "2026-11-01", "step": "month"}
    (month,) = world.get("/v1/energy", node="campus", **span).json()["data"]
    assert Decimal(month["value"]) == 119090


@pytest.mark.parametrize("month", ["2026-13", "2026-00", "2026-1x", "1999-12"])
def test_a_month_that_is_none_is_told_as_it_was_sent(world, month):
    quantity = {"meter": "canteen-water", "value": 7, "month": month}
    sign_in(world)
    page = world.client.get("/bills", params={"of": "node/bureau", "month": month}).text
    answers = [
        world.get("/v1/bill", node="bureau", month=month),
        world.post("/v1/entries", json=quantity),
    ]
    for answer in answers:
        told = answer.json()
        assert (told["value"], told["fix"]) == (month, "YYYY-MM, e.g. 2026-10"), answer.text
    assert f"{month}-01" not in page
    assert "YYYY-MM, e.g. 2026-10" in page


@pytest.mark.parametrize(
    ("language", "shown", "other"),
    [("en", "example price", "示例价格"), ("zh", "示例价格", "example price")],
)
def test_where_an_example_is_from_is_told_in_the_language_of_the_reader(
    world, language, shown, other
):
    """Of a source that is none of ours all words stay, also those behind a dot."""
    source = "示例价格 · example price"
    charges = (
        replace(CHARGES[0], source=source, grade="example"),
        Charge("p", "fee", Basis.MONTH, Decimal(3), source="通知 · No. 12", grade="V"),
    )
    more = {"account": ACCOUNTS, "charge": charges}
    world.platform.registry_store.apply(Registry(more=more), actor="test", now_us=1)
    sign_in(world)
    world.client.get(f"/language/{language}")
    asked = {"of": "account/3100-1", "month": "2026-11"}
    page = world.client.get("/bills", params=asked).text
    file = world.client.get("/bills/file", params={**asked, "format": "xlsx"}).content
    cells = {
        str(cell)
        for row in openpyxl.load_workbook(io.BytesIO(file)).active.iter_rows(values_only=True)
        for cell in row
    }
    for told in (re.findall('source">([^<]*)<', page), cells):
        assert any(shown in one for one in told)
        assert any("通知 · No. 12" in one for one in told)
        assert not any(other in one for one in told)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("total", "￥12 元", "不是数值</b> · 应付金额 = ￥12 元"),
        ("peak.quantity", "5,000", "可能是两个数值</b> · 高峰 · 数量 = 5,000"),
    ],
)
def test_a_bill_that_is_typed_wrong_is_told_in_the_words_of_its_form(billed, name, value, told):
    csrf = sign_in(billed).csrf
    billed.client.get("/language/zh")
    sent = {"csrf": csrf, "account": "3100-1", "month": "2026-10", name: value}
    page = billed.client.post("/bills/entered/add", data=sent).text
    alert = re.search(r'role="alert">(.*?)</div>', page)[1]
    assert told in alert
    fix = re.search(r'<span class="small">(.*?)</span>', alert)[1]
    assert re.search("[一-鿿]", fix), fix
