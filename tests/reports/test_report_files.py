"""The renderings: the same bytes everywhere, and what the cells add up to."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from metering.errors import InvalidInput
from metering.localtime import parse_instant
from proofs.report_cells import check_report
from reports import FORMATS, LANGUAGES, media_type, render, to_json
from reports.details import spans
from reports.layout import layout
from reports.pdf import faces
from reports.printed import number, percent
from reports.seal import sealed
from reports.table import ReportTable, TableColumn, to_csv

ROOT = Path(__file__).parents[2]
SCRIPT = """
import hashlib, pathlib, sys
from reports import from_json, render
report = from_json(pathlib.Path(sys.argv[1]).read_bytes())
for language in ("zh-CN", "en"):
    for format in ("pdf", "xlsx", "csv", "json"):
        print(language, format, hashlib.sha256(render(report, language, format)).hexdigest())
"""


def digests(report):
    return {
        (language, name): hashlib.sha256(render(report, language, name)).hexdigest()
        for language in LANGUAGES
        for name in FORMATS
    }


def test_another_process_in_another_place_locale_and_zone_renders_the_same_bytes(october, tmp_path):
    """Without a home, and where fontconfig finds no font at all."""
    sealed_file = tmp_path / "report.json"
    sealed_file.write_bytes(to_json(october))
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "HOME": str(tmp_path),
        "XDG_DATA_HOME": str(tmp_path),
        "FONTCONFIG_FILE": str(tmp_path / "none.conf"),
        "LC_ALL": "C",
        "TZ": "America/St_Johns",
        "SOURCE_DATE_EPOCH": "1",
        "PYTHONHASHSEED": "7",
    }
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(sealed_file)],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    elsewhere = {(a, b): c for a, b, c in map(str.split, ran.stdout.splitlines())}
    assert elsewhere == digests(october)


def test_languages_differ_and_json_has_none(october):
    found = digests(october)
    assert found["zh-CN", "json"] == found["en", "json"]
    assert found["zh-CN", "pdf"] != found["en", "pdf"]


def test_the_pdf_is_a_2b_with_chinese_from_the_fonts_that_come_along(october):
    assert set(faces()) == {"Noto Sans SC", "Noto Serif SC"}
    data = render(october, "zh-CN", "pdf")
    assert data.startswith(b"%PDF-1.7")
    assert re.search(rb"pdfaid:part>2<.*pdfaid:conformance>B<", data, re.DOTALL)
    assert b"D:20261031160000" in data
    assert b"NotoSansSC" in data
    assert b"NotoSerifSC" in data


def test_a_glyph_that_the_font_does_not_have_is_refused_not_shown_as_a_box(october):
    places = (replace(october.places[0], name_zh="ก"), *october.places[1:])
    with pytest.raises(InvalidInput, match="cannot be shown"):
        render(sealed(replace(october, places=places)), "zh-CN", "pdf")


def test_names_are_set_as_they_are_not_run_as_markup(october):
    sly = '#panic("x") *b* $x$ = "=1+1" \\'
    places = (replace(october.places[0], name_en=sly), *october.places[1:])
    report = sealed(replace(october, places=places))
    assert render(report, "en", "pdf").startswith(b"%PDF")
    book = openpyxl.load_workbook(io.BytesIO(render(report, "en", "xlsx")))
    assert book["Summary"]["B6"].value == sly
    places = (replace(october.places[0], name_en="=1+1"), *october.places[1:])
    report = sealed(replace(october, places=places))
    assert (
        openpyxl.load_workbook(io.BytesIO(render(report, "en", "xlsx")))["Summary"]["B5"].data_type
        == "s"
    )
    assert ",'=1+1," in render(report, "en", "csv").decode("utf-8-sig")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_check_adds_every_cell_and_agrees_with_the_books(bureau, october, language):
    def figures(node, item):
        days = bureau.energy(node, item, october.first, october.last, "day").values()
        return sum(day for day in days if day is not None)

    check = check_report(october, language, figures)
    assert check.passed, check.differences
    assert check.figures == len(october.lines)
    assert check.cells > 31 * 5


def test_the_check_sees_a_wrong_figure_and_a_wrong_cell(october):
    right = {(one.node, one.item): one.amount for one in october.lines}

    def figures(node, item):
        return right[node, item] + (1 if (node, item) == ("office-b", "01000") else 0)

    wrong = check_report(october, "en", figures)
    assert not wrong.passed
    assert len(wrong.differences) == 1
    one = october.lines[0]
    lines = (replace(one, daily=(one.daily[0] + 1, *one.daily[1:])), *october.lines[1:])
    forged = check_report(
        sealed(replace(october, lines=lines)), "en", lambda node, item: right[node, item]
    )
    assert any("bureau/01000, its days" in told for told in forged.differences)


@pytest.mark.parametrize(
    "name", ["=1+1", "+1+A1", "-1+A1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "－1"]
)
def test_no_cell_of_the_csv_is_a_formula_nor_a_heading(name):
    """Names come from whoever may write the registry, and some head columns."""
    table = ReportTable("t", name, (TableColumn(name),), ((name,), ("1-1",), (Decimal("-1.5"),)))
    heading, *rows = csv.reader(io.StringIO(to_csv([table]).decode("utf-8-sig"), newline=""))
    assert [heading, *rows] == [[f"'{name}"], [f"'{name}"], ["1-1"], ["-1.5"]]


def test_totals_in_the_workbook_are_formulas_and_carry_their_values(october):
    data = render(october, "en", "xlsx")
    formulas = openpyxl.load_workbook(io.BytesIO(data))["Daily"]
    values = openpyxl.load_workbook(io.BytesIO(data), data_only=True)["Daily"]
    assert formulas["A36"].value == "Total"
    assert formulas["B36"].value == "=SUM(B5:B35)"
    days = [values.cell(row, 2).value for row in range(5, 36)]
    assert sum(Decimal(repr(day)) for day in days) == Decimal(repr(values["B36"].value))
    assert formulas["A5"].value.date() == date(2026, 10, 1)


def test_sheets_have_the_readers_language(october):
    book = openpyxl.load_workbook(io.BytesIO(render(october, "zh-CN", "xlsx")))
    assert book.sheetnames == [
        "汇总",
        "分节点",
        "逐日",
        "分项",
        "费用明细",
        "分时费用",
        "用能问题",
        "数据质量",
        "数据来源",
    ]
    assert october.content_hash in book.properties.description


def test_unknown_is_an_empty_cell_and_a_dash_never_zero(helpers):
    hole = ("2026-08-01T00:00:00+08:00", "2026-11-02T00:00:00+08:00")
    report = helpers.Bureau(holes={"b-power": hole}).report()
    rows = render(report, "en", "csv").decode("utf-8-sig").splitlines()
    power = next(row for row in rows if row.startswith("bureau,") and "01C00" in row).split(",")
    assert power[5] == ""
    told = next(row for row in layout(report, "en")["items"] if row["label"] == "Power")
    assert told["cells"][1] == "–"
    assert layout(report, "en")["silent"] == ["B, power"]


def test_a_provisional_report_says_so_in_every_file(helpers):
    world = helpers.Bureau(now_us=parse_instant("2026-10-17T12:00:00+08:00"))
    report = world.report(provisional=True)
    assert layout(report, "en")["status"].startswith("Provisional: the month has not ended")
    book = openpyxl.load_workbook(io.BytesIO(render(report, "en", "xlsx")))
    for sheet in book.worksheets:
        assert "Provisional" in sheet["A2"].value
    assert render(report, "zh-CN", "pdf") == render(report, "zh-CN", "pdf")


def test_formats_and_languages_that_do_not_exist_are_refused(october):
    with pytest.raises(InvalidInput) as refused:
        render(october, "en", "docx")
    assert refused.value.field == "format"
    for name in ("pdf", "xlsx", "csv"):
        with pytest.raises(InvalidInput) as refused:
            render(october, "fr", name)
        assert refused.value.field == "language"
    assert media_type("pdf") == "application/pdf"


def test_numbers_as_they_are_shown():
    assert number(Decimal("1234567.005"), 2) == "1,234,567.01"
    assert number(Decimal(-5), 0) == "−5"
    assert number(None, 2) == "–"
    assert percent(Decimal("0.0301"), signed=True) == "+3.0 %"
    assert percent(None) == "–"
    assert spans((1, 2, 3, 7, 12)) == "1-3,7,12"
    assert to_csv([]) == b"\xef\xbb\xbf"
