"""Tables of bills and readings: each row is new, there already, kept back or refused, once."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import openpyxl
import pytest

from metering.registry.facts.charges import Basis, Charge
from metering.statement import StatementKind
from tests.api.test_api_entries import desk as readings_desk  # noqa: F401
from tests.api.test_api_lineage import DAY
from tests.api.test_api_supplier_bills import world_of

WEEK = DAY + timedelta(days=7)
BILLS = f"""\
2026年电费台账
户号,账单号,上次抄表日期,本次抄表日期,起码,止码,倍率,电量(度),峰电量,峰电费(元),谷电量,力调电费,电费合计(元),经办
31-1,A7,{DAY:%Y/%-m/%-d},{WEEK:%Y年%-m月%-d日},100,"1,000",1,900,400,480.00,500,-3.5,"1,200.00元",李
31-1,A7,{DAY},{WEEK},100,1000,1,900,400,480.00,500,-3.5,9,李
31-9,B1,{DAY},{WEEK},1,2,1,1,1,1,1,1,1,李
31-1,A8,{DAY},{WEEK},一百,1000,1,900,1,1,1,1,1,李
"""


@pytest.fixture
def bills(booked):
    return world_of(booked, {})


def send(world, path, content, status=200, key="bureau", **asked):
    answer = world.client.post(
        f"/v1/{path}/table",
        params={"file": "t.csv", **asked},
        headers={"X-API-Key": world.keys[key]},
        content=content if isinstance(content, bytes) else content.encode(),
    )
    assert answer.status_code == status, answer.text
    return answer.json()


def journalled(world) -> list[dict]:
    """Statements that were written, with their readings."""
    told = [json.loads(raw.payload) for raw in world.journal.kept.values() if raw.kind == "entered"]
    return [{**one["statement"], "readings": one["readings"]} for one in told]


def fates(told):
    return [(row["row"], row["fate"]) for table in told["tables"] for row in table["rows"]]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_a_table_of_the_grid_company_becomes_bills(bills, encoding):
    told = send(bills, "bills", BILLS.encode(encoding))
    assert fates(told) == [(3, "new"), (4, "refused"), (5, "refused"), (6, "refused")]
    assert told["counts"]["read"] == sum(told["counts"].values()) - told["counts"]["read"] == 4
    (table,) = told["tables"]
    assert table["left_out"] == ["经办"]
    columns = [row["refused"]["column"] for row in table["rows"] if row["refused"]]
    assert columns == ["账单号", "户号", "起码"]
    (one,) = journalled(bills)
    said = one["said"]
    assert (one["subject"], one["first"], one["after"]) == ("31-1", str(DAY), str(WEEK))
    assert (said["number"], said["total"], said["quantity"], said["unit"]) == (
        *("A7", "1200.00", "900"),
        "kWh",
    )
    assert said["lines"] == [
        {"name": "energy.peak", "kind": "energy", "amount": "480.00", "quantity": "400"},
        {"name": "power_factor", "kind": "power_factor", "amount": "-3.5"},
    ]
    assert said["readings"] == [
        {"register": "total", "start": "100", "end": "1000", "consumption": "900"}
    ]
    assert said["note"] == "谷电量 500"  # without an amount it is no line
    audit = bills.get(f"/v1/bills/{table['rows'][0]['id']}/audit").json()
    assert {"consumption", "period_quantity", "sum"} & set(audit["made"])


def test_the_same_file_again_enters_nothing_and_what_was_mended_is_taken(bills):
    seen = send(bills, "bills", BILLS, dry_run=True)
    assert journalled(bills) == []
    first = send(bills, "bills", BILLS)
    assert {**seen, "dry_run": False} == first
    again = send(bills, "bills", BILLS)
    assert (again["counts"]["new"], again["counts"]["duplicate"]) == (0, 1)
    assert len(journalled(bills)) == 1
    mend = first["tables"][0]["mend"]
    assert mend.splitlines()[1].endswith(",reason")
    mended = mend.replace("一百", "100").replace("31-9", "31-1")
    told = send(bills, "bills", mended)
    assert [fate for _, fate in fates(told)] == ["differing", "new", "new"]
    numbers = {one["said"]["number"] for one in journalled(bills)}
    assert numbers == {"A7", "A8", "B1"}


def test_another_bill_of_a_number_is_kept_back_or_corrects(bills):
    send(bills, "bills", BILLS)
    other = f"户号,账单号,起始日期,截止日期,电费合计\n31-1,A7,{DAY},{WEEK - timedelta(days=1)},7\n"
    assert fates(send(bills, "bills", other)) == [(2, "differing")]
    assert len(journalled(bills)) == 1
    told = send(bills, "bills", other, correct=True)
    assert fates(told) == [(2, "corrected")]
    id = told["tables"][0]["rows"][0]["id"]
    assert bills.get(f"/v1/bills/{id}").json()["said"]["total"] == "7"
    taken = bills.post(f"/v1/bills/{id}/withdrawal", json={"reason": "not ours"})
    assert taken.json()["state"] == "withdrawn"
    assert fates(send(bills, "bills", other, correct=True)) == [(2, "taken_back")]


def test_days_follow_from_the_month_or_from_the_reading_before(bills):
    months = "account,billing month,amount due\n31-1,2026年10月,5\n31-1,202609,6\n"
    send(bills, "bills", months)
    days = [(one["said"]["number"], one["first"], one["after"]) for one in journalled(bills)]
    assert days == [
        ("2026-10", "2026-10-01", "2026-11-01"),
        ("2026-09", "2026-09-01", "2026-10-01"),
    ]
    read = f"户号,抄表日期,账单号,电费\n31-1,{DAY},r2,5\n31-1,{DAY - timedelta(days=3)},r1,6\n"
    send(bills, "bills", read)
    *_, second, first = journalled(bills)
    assert (second["first"], second["after"]) == (str(DAY - timedelta(days=3)), str(DAY))
    assert first["first"] == "2026-11-01"  # where the bill before ends
    lone = send(bills, "bills", f"户号,抄表日期,电费\n22-1,{DAY},5\n")
    assert lone["tables"][0]["rows"][0]["refused"]["problem"].startswith("the first day")


def test_a_charge_is_called_as_the_plan_of_the_account_calls_it(booked):
    world = world_of(booked, {})
    charges = (Charge("steps", "max-demand", Basis.DEMAND), Charge("steps", "fund", Basis.UNIT))
    registry = world.platform.registry()
    more = {**registry.more, "charge": charges}
    object.__setattr__(registry, "more", more)
    table = f"户号,起始日期,截止日期,基本电费,附加费,总电量,电费\n22-1,{DAY},{WEEK},10,1.5,70,99\n"
    told = send(world, "bills", table)
    assert fates(told) == [(2, "new")]
    (one,) = journalled(world)
    assert [line["name"] for line in one["said"]["lines"]] == ["max-demand", "fund"]
    assert len(one["readings"]) == 8


def test_a_workbook_is_read_as_it_is_shown(bills):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["户号", "账单号", "起始日期", "本次抄表日期", "电量", "电费"])
    sheet.append(["31-1", 7001, DAY, WEEK, 900.1, 0.1 + 0.2])
    content = io.BytesIO()
    book.save(content)
    told = send(bills, "bills", content.getvalue(), file="t.xlsx")
    assert fates(told) == [(2, "new")]
    (one,) = journalled(bills)
    assert (one["said"]["number"], one["said"]["total"]) == ("7001", "0.3")
    assert one["said"]["quantity"] == "900.1"


@pytest.mark.parametrize(
    ("content", "status", "field"),
    [
        ("户号,电费\n31-1,5\n", 422, "column"),
        ("户号,电费年月,电费(万元)\n31-1,2026-10,5\n", 422, "column"),
        ("户号,电费年月,电费,合计金额\n31-1,2026-10,5,5\n", 422, "column"),
        ("户号,抄表日期,电费\n31-1,10/01/2026,5\n", 422, "column"),
        ('户号,电费年月,电费\n31-1,2026-10,"1,234"\n', 422, "column"),
        ("户号,电费年月,电费\n", 422, "file"),
        (b"\xd0\xcf\x11\xe0" + b"x" * 80, 422, "file"),
        (b"", 422, "body"),
        (b"x" * (2 << 20) + b"y", 413, "body"),
    ],
)
def test_what_cannot_be_read_or_may_be_read_in_two_ways_is_asked(bills, content, status, field):
    problem = send(bills, "bills", content, status)
    assert problem["field"] == field
    assert problem["fix"]
    assert journalled(bills) == []


READINGS = f"""\
表号;抄表时间;读数;单位;抄表人
m;{DAY:%d.%m.%Y} 07:00;12,5;;王
m;{DAY:%d.%m.%Y};11;kWh;王
m;{DAY:%d.%m.%Y} 08:00;-1;;王
nobody;{DAY:%d.%m.%Y} 08:00;1;;王
m;morgens;1;;王
"""


def test_a_table_of_readings_becomes_entries_once(readings_desk):  # noqa: F811
    told = send(readings_desk, "entries", READINGS)
    assert fates(told) == [(2, "new"), (3, "new"), (4, "refused"), (5, "refused"), (6, "refused")]
    first, second = journalled(readings_desk)
    assert (first["said"]["value"], first["said"]["read_by"]) == ("12.5", "王")
    assert first["readings"][0]["time"].endswith("T23:00:00Z")
    assert second["said"]["day"] == str(DAY)
    again = send(readings_desk, "entries", READINGS)
    assert again["counts"]["duplicate"] == 2
    assert len(journalled(readings_desk)) == 2
    other = READINGS.replace("12,5", "13")
    assert fates(send(readings_desk, "entries", other))[0] == (2, "differing")


def test_quantities_of_months_and_days_come_from_a_table_too(readings_desk):  # noqa: F811
    last = DAY - timedelta(days=1)
    table = f"仪表,月份,起始日期,截止日期,用量(m3)\nw,2026-09,,,30\nw,,2026-10-01,{last},9\n"
    told = send(readings_desk, "entries", table)
    assert fates(told) == [(2, "new"), (3, "new")]
    kinds = {one["kind"] for one in journalled(readings_desk)}
    assert kinds == {StatementKind.QUANTITY}


WIDE = f"""\
十一月抄表
序号,抄表时间,m(kWh),抄表人,备注
1,{DAY:%Y-%m-%d} 07:00,"12.5",王,
2,{DAY:%Y-%m-%d},11 kWh,王,x
3,{DAY:%Y-%m-%d} 08:00,-1,王,
4,合计,23.5,,
5,{DAY:%Y-%m-%d} 09:00,,王,
"""


def test_a_column_for_each_meter_is_a_reading_for_each_cell(readings_desk):  # noqa: F811
    told = send(readings_desk, "entries", WIDE)
    assert fates(told) == [(3, "new"), (4, "new"), (5, "refused"), (6, "refused")]
    (table,) = told["tables"]
    assert table["left_out"] == ["序号"]
    columns = [row["refused"]["column"] for row in table["rows"] if row["refused"]]
    assert columns == ["m(kWh)", "抄表时间"]
    first, second = (one["said"] for one in journalled(readings_desk))
    assert (first["value"], first["unit"], first["read_by"]) == ("12.5", "kWh", "王")
    assert (second["day"], second["note"]) == (str(DAY), "x")
    mended = table["mend"].replace(",-1,", ",13,").replace("合计", f"{DAY:%Y-%m-%d} 10:00")
    assert fates(send(readings_desk, "entries", mended)) == [(3, "new"), (4, "new")]
    assert send(readings_desk, "entries", WIDE)["counts"]["duplicate"] == 2


def test_a_column_of_nobody_and_a_row_that_is_cut_are_refused(readings_desk):  # noqa: F811
    table = f"日期,m,nobody,w\n{DAY},11,5,\n{DAY + timedelta(days=1)},12\n"
    told = send(readings_desk, "entries", table)
    assert fates(told) == [(2, "new"), (2, "refused"), (3, "refused")]
    refused = [row["refused"] for row in told["tables"][0]["rows"] if row["refused"]]
    assert [(one["column"], one["value"]) for one in refused] == [("nobody", "nobody"), ("C", "")]
    twice = send(readings_desk, "entries", f"日期,m,m\n{DAY},11,5\n", 422)
    assert twice["field"] == "column"


def test_quantities_of_months_stand_in_a_column_for_each_meter_too(readings_desk):  # noqa: F811
    told = send(readings_desk, "entries", "月份,w(m3)\n2026年9月,30\n2026-08,29\n")
    assert fates(told) == [(2, "new"), (3, "new")]
    kinds = {one["kind"] for one in journalled(readings_desk)}
    assert kinds == {StatementKind.QUANTITY}


PARTS = f"""\
2026年10月电费明细
户号,账单号,上次抄表日期,本次抄表日期,时段,起码,止码,电量(度),单价,电费(元)
31-1,A7,{DAY},{WEEK},峰,100,500,400,1.2,480.00
,,,,谷,200,700,500,0.6,300.00
,,,,力调电费,,,,,-3.5
,,,,合计,,,900,,"776.50"
31-1,A8,{WEEK},{WEEK + timedelta(days=3)},尖,,,1,1,10
31-1,A8,{WEEK},{WEEK + timedelta(days=3)},平段,,,2,1,20
"""


def test_rows_of_periods_are_one_bill(bills):
    told = send(bills, "bills", PARTS)
    assert fates(told) == [(3, "new"), (7, "new")]
    assert told["counts"]["read"] == 2
    first, second = (one["said"] for one in journalled(bills))
    assert (first["total"], first["quantity"], first["unit"]) == ("776.50", "900", "kWh")
    assert [(one["name"], one["amount"], one.get("quantity")) for one in first["lines"]] == [
        ("energy.peak", "480.00", "400"),
        ("energy.valley", "300.00", "500"),
        ("power_factor", "-3.5", None),
    ]
    assert [one["register"] for one in first["readings"]] == ["peak", "valley"]
    assert (second["total"], second["quantity"]) == ("30", "3")
    assert send(bills, "bills", PARTS)["counts"]["duplicate"] == 2


@pytest.mark.parametrize(
    ("wrong", "column"),
    [
        (("谷,200", "夜,200"), "时段"),
        (("谷,200", "峰,200"), "起码"),
        (("合计,,,900", "合计,,,九百"), "电量(度)"),
    ],
)
def test_a_bill_of_which_a_row_is_wrong_is_refused_with_all_its_rows(bills, wrong, column):
    told = send(bills, "bills", PARTS.replace(*wrong))
    refused = [row for row in told["tables"][0]["rows"] if row["fate"] == "refused"]
    assert refused[0]["refused"]["column"] == column
    numbers = {one["said"]["number"] for one in journalled(bills)}
    assert "A7" not in numbers
    mended = told["tables"][0]["mend"]
    assert len(mended.splitlines()) >= 2 + 4
    told = send(bills, "bills", mended.replace(wrong[1], wrong[0]))
    assert "A7" in {one["said"]["number"] for one in journalled(bills)}
    assert "A8" in {one["said"]["number"] for one in journalled(bills)}


def test_a_column_called_register_that_names_no_part_is_left_out(bills):
    table = f"户号,账单号,起始日期,截止日期,项目,电费\n31-1,A7,{DAY},{WEEK},一号楼,7\n"
    told = send(bills, "bills", table)
    assert (fates(told), told["tables"][0]["left_out"]) == ([(2, "new")], ["项目"])
