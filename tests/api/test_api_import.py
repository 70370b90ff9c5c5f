"""An import over HTTP tells before it does, and never rewrites a complete month without a word."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from io import BytesIO

import numpy as np
import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook

from api import create_app
from api.routes.registering import XLSX
from figures import complete_months
from greenoffice.building_models import read_model
from greenoffice.registry_files import read_uploaded
from metering.localtime import HOUR_US, day_bounds, local_day
from metering.registry.differences import changes
from metering.registry.files import TABLES, read_registry_texts
from metering.registry.merge import merged

NOW_US = day_bounds(date(2026, 11, 5), "UTC")[0]
FILES = {
    "tree.csv": "code,parent,type,zone\no,,institution,UTC\nb,o,building,\n"
    "empty,,institution,UTC\n",
    "gateways.csv": "site,code\no,gw\n",
    "meters.csv": "code,node,item,total,step_min\nm,b,01000,yes,60\n",
    "points.csv": "gateway,point,kind,unit,meter\no/gw,E,register,kWh,m\n",
    "tariff.csv": "tariff,item,months,days,start,end,period,price\n"
    "list,01000,1-12,all,00:00,24:00,flat,1.05\n",
    "factors.csv": "item,quantity,value,unit\n01000,kgco2,0.5306,kgCO2/kWh\n",
}
DEARER = {"tariff.csv": FILES["tariff.csv"].replace("1.05", "2.05")}
RATIO = "gateway,point,kind,unit,meter,ratio\no/gw,E,register,kWh,m,40\n"
IMPORT = "/v1/registry/import"


@pytest.fixture
def office(booked):
    """Hourly readings from 20 September to 3 November 2026, a price and a factor."""
    start, end = (day_bounds(day, "UTC")[0] for day in (date(2026, 9, 20), date(2026, 11, 3)))
    times = np.arange(start, end, HOUR_US)
    values = {1: (times, 1000.0 + np.arange(len(times)) * 2.0)}
    world = booked(read_registry_texts(FILES), NOW_US, values)

    def read(files, end):
        return read_uploaded(files, world.platform.registry(), end_missing=end)

    platform = replace(world.platform, read_uploaded=read)
    return replace(world, platform=platform, client=TestClient(create_app(platform)))


def send(office, files, **query):
    return office.post(IMPORT, key="bureau", json=files, params=query)


def test_months_are_complete_that_are_over_settled_and_booked(office):
    platform = office.platform

    def months(now_us):
        return complete_months(platform.books, platform.registry(), now_us)

    september, october = date(2026, 9, 1), date(2026, 10, 1)
    assert months(NOW_US)("o") == (september, october)
    assert months(day_bounds(date(2026, 10, 31), "UTC")[0])("o") == (september,)
    assert months(NOW_US)("empty") == months(NOW_US)("nobody") == ()


def test_a_dry_run_tells_and_changes_nothing(office):
    before = office.platform.registry()
    told = send(office, DEARER, dry_run="true").json()
    assert (told["dry_run"], told["version"], told["change_count"]) == (True, 1, 1)
    assert told["changes"][0]["old"]["price"] == "1.05"
    assert told["changes"][0]["new"]["price"] == "2.05"
    assert told["reason_needed"] is True
    assert told["complete_months"][0]["months"] == [
        {"institution": "o", "month": "2026-09"},
        {"institution": "o", "month": "2026-10"},
    ]
    assert office.platform.registry_store.load() == before
    assert len(office.platform.access.entries(None)) == 2  # the first import, and the key


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (DEARER, "'1.05' -> '2.05'"),
        ({"factors.csv": FILES["factors.csv"].replace("0.5306", "0.9999")}, "'0.9999'"),
        ({"calendar.csv": "date,kind\n2026-10-01,holiday\n"}, "calendar 2026-10-01"),
        ({"tree.csv": "code,parent,type,area_m2\nb,o,building,10\n"}, "node b"),
        ({"points.csv": RATIO}, "installation m"),
    ],
)
def test_a_complete_month_is_rewritten_for_a_reason_alone(office, files, told):
    refused = send(office, files)
    assert refused.status_code == 422
    assert refused.json()["field"] == "reason"
    assert told in refused.json()["detail"]
    assert "o 2026-" in refused.json()["detail"]
    assert office.platform.registry().version == 1
    assert send(office, files, reason="the bill says so").json()["version"] == 2
    entry = office.get("/v1/audit").json()["data"][0]
    assert entry["reason"] == "the bill says so"
    assert entry["detail"]["total"] == len(entry["detail"]["changes"]) == 1


def test_what_begins_after_the_complete_months_needs_no_reason(office):
    later = "tariff,item,months,days,start,end,period,price,valid_from,valid_to\n"
    row = "list,01000,1-12,all,00:00,24:00,flat,"
    files = {"tariff.csv": f"{later}{row}1.05,,2026-11-01\n{row}2.05,2026-11-01,\n"}
    told = send(office, files).json()
    assert (told["version"], told["change_count"], told["reason_needed"]) == (2, 2, False)
    names = {"tree.csv": "code,parent,type,name_en\nempty,,institution,Empty\n"}
    assert send(office, names).json()["version"] == 3


def test_the_rows_of_one_day_are_replaced_together(office):
    head = "gateway,point,kind,unit,meter,ratio,valid_from,valid_to\n"

    def files(first: str, second: str) -> dict[str, str]:
        edges = ["", *(f"2026-11-02T{one}:00Z" for one in (first, second)), ""]
        rows = [
            f"o/gw,E,register,kWh,m,{ratio},{edges[n]},{edges[n + 1]}\n"
            for n, ratio in enumerate((1, 40, 60))
        ]
        return {"points.csv": head + "".join(rows)}

    assert send(office, files("10:07", "15:22")).json()["change_count"] == 3
    told = send(office, files("10:07", "15:25")).json()
    assert [(one["change"], one["key"]) for one in told["changes"]] == [
        ("changed", "m o/gw E from 2026-11-02"),
        ("changed", "m o/gw E from 2026-11-02 #1"),
    ]
    shown = office.get("/v1/meters").json()["data"][0]["installations"]
    assert [(one["ratio"], one["valid_from"]) for one in shown] == [
        ("1", None),
        ("40", "2026-11-02T10:07:00Z"),
        ("60", "2026-11-02T15:25:00Z"),
    ]


def test_what_is_not_in_the_files_is_named_and_kept_or_ended(office):
    files = {"meters.csv": "code,node,item\nnew,b,01B00\n"}
    told = send(office, files, dry_run="true").json()
    assert (told["kept_count"], told["kept"]) == (1, [{"kind": "meter", "key": "m"}])
    ended = send(office, files, end_missing="2026-11-01", dry_run="true").json()
    assert ended["kept"] == []
    changed = [one for one in ended["changes"] if one["change"] == "changed"]
    assert [(one["key"], one["new"]["valid_to"]) for one in changed] == [("m", "2026-11-01")]
    assert send(office, files, end_missing="soon").json()["field"] == "end_missing"


def test_an_end_within_the_complete_months_needs_a_reason(office):
    files = {"meters.csv": "code,node,item,valid_from\nnew,b,01B00,2026-11-01\n"}
    refused = send(office, files, end_missing="2026-10-15")
    assert refused.json()["field"] == "reason"
    assert "o 2026-10)" in refused.json()["detail"]
    assert send(office, files, end_missing="2026-11-01").status_code == 200


def test_the_files_of_the_documentation_can_be_sent(office):
    """The request's example, as OpenAPI shows it."""
    document = office.client.get("/openapi.json").json()
    body = document["paths"][IMPORT]["post"]["requestBody"]["content"]["application/json"]
    told = send(office, body["example"])
    assert told.status_code == 200, told.text
    assert {"bureau", "campus", "office-a"} <= office.platform.registry_store.load().nodes.keys()


def test_what_a_refused_body_is_told_to_send_are_files_of_the_registry(office):
    fix = send(office, ["not", "files"]).json()["fix"]
    assert set(re.findall(r"\w+\.csv", fix)) <= TABLES.keys()


def test_an_uploaded_file_may_be_in_the_encoding_of_a_spreadsheet(office):
    """GBK with semicolons, as spreadsheets write it in China and in Europe."""
    text = "编码;上级;类型;面积\nb;o;building;1200,5\n".encode("gbk")
    told = office.post(IMPORT, files={"files": ("tree.csv", text)}, params={"dry_run": "true"})
    assert told.status_code == 200, told.text
    assert told.json()["changes"][0]["new"]["area_m2"] == "1200.5"
    refused = office.post(IMPORT, files={"files": ("tree.csv", b"\xe4\xf6\xfc.\xdf")})
    assert (refused.status_code, "save the file as UTF-8" in refused.text) == (422, True)


BOOK = "/v1/registry/workbook"


def uploaded(office, name, content, **query):
    return office.post(IMPORT, key="bureau", files={"files": (name, content)}, params=query)


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_a_workbook_comes_back_unchanged(office, language):
    book = office.get(BOOK, key="bureau", language=language)
    assert book.headers["content-type"] == XLSX
    told = uploaded(office, "office.xlsx", book.content, dry_run="true").json()
    assert (told["change_count"], told["kept_count"]) == (0, 0)
    files = office.get("/v1/registry", key="bureau").json()
    assert files["version"] == office.platform.registry().version
    told = send(office, files["files"], dry_run="true").json()
    assert (told["change_count"], told["kept_count"]) == (0, 0)


@pytest.mark.parametrize(
    ("kind", "media", "name"),
    [
        ("brick", "text/turtle; charset=utf-8", "m.ttl"),
        ("haystack", "application/json", "m.json"),
    ],
)
def test_a_building_model_is_given_out_and_changes_nothing_coming_back(office, kind, media, name):
    model = office.get(f"/v1/registry/{kind}", key="bureau")
    assert (model.status_code, model.headers["content-type"]) == (200, media)
    registry = office.platform.registry()
    day = local_day(office.platform.now_us(), "UTC")
    again = read_model(name, model.content, registry, day)
    assert changes(registry, merged(registry, again.wanted)) == []
    assert set(again.wanted.nodes) == set(registry.nodes)


def test_a_template_that_was_filled_in_is_previewed_and_imported(office):
    template = office.get("/v1/registry/template", key="bureau", language="zh-CN")
    refused = uploaded(office, "template.xlsx", template.content)
    assert [one["problem"] for one in refused.json()["problems"]] == ["nothing is filled in"]
    book = load_workbook(BytesIO(template.content))
    book["组织"].append(["hall", "o", "建筑", "会堂"])
    out = BytesIO()
    book.save(out)
    told = uploaded(office, "template.xlsx", out.getvalue(), dry_run="true").json()
    assert [one["key"] for one in told["changes"] if one["kind"] == "node"] == ["hall"]
    assert {one["kind"] for one in told["kept"]} <= {"node", "space"}
    assert "hall" not in office.platform.registry().nodes
    assert uploaded(office, "template.xlsx", out.getvalue(), reason="built").status_code == 200
    assert office.platform.registry().nodes["hall"].name_zh == "会堂"


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("office.xlsx", b"PK\x03\x04 not whole", "a damaged archive"),
        ("office.xlsx", b"code,parent", "not a file of the registry"),
    ],
)
def test_what_is_no_workbook_is_named(office, name, content, problem):
    refused = uploaded(office, name, content)
    assert refused.status_code == 422
    assert [(one["file"], one["problem"]) for one in refused.json()["problems"]] == [
        (name, problem)
    ]
