"""`greenoffice enter-readings` and `enter-bills`: beside no platform, once, with rows to mend."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import Workbook
from typer.testing import CliRunner

from greenoffice import commands
from greenoffice.cli import app
from greenoffice.stores import open_stores
from metering.registry.files import read_registry_texts

FILES = {
    "tree.csv": "code,parent,type,zone\no,,institution,Asia/Shanghai\ns,o,site,\nb,s,building,\n",
    "gateways.csv": "site,code\ns,by-hand\n",
    "meters.csv": "code,node,item,total,name_zh\nm,b,01000,yes,总表\n",
    "points.csv": "gateway,point,kind,unit,meter\ns/by-hand,m,register,kWh,m\n",
    "accounts.csv": "account,meter\n0031,m\n",
}
READINGS = "仪表\t抄表日期\t读数\n总表\t2026-10-01\t1,234.5\n总表\t2026-11-01\tx\n"
BILLS = "户号;电费年月;电费\n0031;2026-09;100,50\n0031;2026-10;7\n"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    made = commands.init(tmp_path / "data", 18080, 11883, 19464, "en")
    open_stores(made).registry.apply(read_registry_texts(FILES), actor="test", now_us=1)
    return made.root


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_readings_of_a_table_are_entered_once_and_the_rest_is_to_be_mended(data, tmp_path):
    file = tmp_path / "readings.csv"
    file.write_bytes(READINGS.encode("gb18030"))
    assert "dry run" in run("enter-readings", str(data), str(file), "--dry-run")
    assert "1 new" in run("enter-readings", str(data), str(file))
    assert "0 new" in run("enter-readings", str(data), str(file))
    refused = (tmp_path / "readings.refused.csv").read_text("utf-8-sig")
    assert "总表,2026-11-01,x" in refused
    mended = tmp_path / "mended.csv"
    mended.write_text(refused.replace(",x,", ",1300,"))
    assert "1 new" in run("enter-readings", str(data), str(mended))


def test_bills_of_a_table_keep_their_zeros(data, tmp_path):
    file = tmp_path / "bills.csv"
    file.write_text(BILLS)
    assert "2 new" in run("enter-bills", str(data), str(file))
    other = tmp_path / "other.csv"
    other.write_text(BILLS.replace(";7", ";8"))
    told = run("enter-bills", str(data), str(other))
    assert "1 duplicates" in told
    assert "1 differing" in told
    assert "1 corrected" in run("enter-bills", str(data), str(other), "--correct")


def test_one_sheet_of_a_workbook_is_named(data, tmp_path):
    book = Workbook()
    book.active.append(["台账"])
    sheet = book.create_sheet("抄表")
    sheet.append(["日期", "总表(kWh)"])
    sheet.append(["2026-10-01", 1234.5])
    sheet.append(["2026-10-02", 1235])
    book.save(tmp_path / "a.xlsx")
    assert "2 new" in run("enter-readings", str(data), f"{tmp_path / 'a.xlsx'}#抄表")
    mixed = tmp_path / "b.csv"
    mixed.write_text("日期,总表(kWh),空调\n2026-10-03,1236,\n2026-10-04,x,3\n")
    told = run("enter-readings", str(data), str(mixed))
    assert "1 new" in told
    assert "空调 = 空调: " in told
