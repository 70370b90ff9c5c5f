"""The registry's workbook in LibreOffice: what it saves keeps its drop-downs and imports the same.

Where there is no `soffice` on PATH these tests are skipped.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from greenoffice.registry_files import read_registry
from greenoffice.registry_workbook import registry_workbook
from metering.errors import InvalidFiles
from metering.registry.files import read_registry_texts
from metering.tables import known_heading, known_table

OFFICE = shutil.which("soffice")
pytestmark = [
    pytest.mark.skipif(OFFICE is None, reason="no soffice on PATH: install LibreOffice Calc"),
    pytest.mark.timeout(300),
]
XLSX = "xlsx:Calc MS Excel 2007 XML"
TEXTS = {
    "tree.csv": "code,parent,type,name_zh,zone,area_m2,persons,valid_from\n"
    "0012,,institution,市机关事务局,Asia/Shanghai,,,\ncampus,0012,site,=1+1,,,,2026-01-05\n"
    "007,campus,building,“东”楼，二期,,1234.5,480,2026-01-05\n",
    "gateways.csv": "site,code,name_zh\ncampus,1e5,网关一\n",
    "meters.csv": "code,node,item,total,step_min\n0001,007,01000,yes,15\n"
    "2026-01-05,007,02000,no,1440\n",
    "points.csv": "gateway,point,kind,unit,meter,ratio,digits,valid_from,valid_to\n"
    "campus/1e5,1/2,register,kWh,0001,40.5,8,,2026-03-03T14:37:00+08:00\n"
    "campus/1e5,1-2,register,kWh,0001,1,6,2026-03-03T14:37:00+08:00,\n",
    "office_hours.csv": "node,start,end,days\n0012,08:30,17:30,1-5\n",
}
"""Codes that look like numbers, dates and powers of ten; half signs, a formula that is none."""


def saved(file: Path, kind: str, folder: Path) -> Path:
    """What LibreOffice makes of a file."""
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    words = [str(OFFICE), profile, "--headless", "--convert-to", kind, "--outdir", str(folder)]
    subprocess.run([*words, str(file)], check=True, capture_output=True, timeout=240)
    return folder / f"{file.stem}.{kind.partition(':')[0]}"


def drop_downs(file: Path) -> dict[tuple[str, str], tuple[str, bool]]:
    """By sheet and column of ours: the cells that a drop-down chooses from, and whether it takes
    nothing else. It reaches far below what is filled in."""
    found = {}
    for sheet in load_workbook(file).worksheets:
        for rule in sheet.data_validations.dataValidation:
            (span,) = rule.sqref.ranges
            assert span.min_row == 2
            assert span.max_row > 900
            column = known_heading(sheet.cell(1, span.min_col).value)[0]
            source = rule.formula1.lstrip("=").replace("'", "")
            found[known_table(sheet.title), column] = (source, bool(rule.showErrorMessage))
    return found


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_what_libreoffice_saves_imports_to_the_same(tmp_path: Path, language: str) -> None:
    registry = read_registry_texts(TEXTS)
    ours = tmp_path / "registry.xlsx"
    ours.write_bytes(registry_workbook(language, registry))
    again = saved(ours, XLSX, tmp_path / "xlsx")
    assert read_registry(again)[0] == registry
    other = saved(ours, "ods", tmp_path / "ods")
    for name in ("registry.ods", "renamed.xlsx"):
        file = tmp_path / name
        file.write_bytes(other.read_bytes())
        with pytest.raises(InvalidFiles) as refused:
            read_registry(file)
        (told,) = refused.value.problems
        assert (told.file, "XLSX" in told.fix) == (name, True)
    assert read_registry(saved(other, XLSX, tmp_path / "back"))[0] == registry
    assert drop_downs(again) == drop_downs(ours)
    assert ("points.csv", "gateway") in drop_downs(again)


def test_a_template_is_filled_in_and_its_examples_stay_examples(tmp_path: Path) -> None:
    ours = tmp_path / "template.xlsx"
    ours.write_bytes(registry_workbook("zh-CN"))
    again = saved(ours, XLSX, tmp_path / "xlsx")
    with pytest.raises(InvalidFiles, match="nothing is filled in"):
        read_registry(again)
    book: Any = load_workbook(again)
    tree = next(one for one in book if known_table(one.title) == "tree.csv")
    tree.append(["0099", "", "机构", "会堂", "", "Asia/Shanghai"])
    book.save(again)
    read, tables = read_registry(saved(again, XLSX, tmp_path / "twice"))
    assert (set(read.nodes), tables) == ({"0099"}, ["tree.csv"])


def test_a_printed_sheet_is_one_page_wide(tmp_path: Path) -> None:
    ours = tmp_path / "registry.xlsx"
    ours.write_bytes(registry_workbook("en"))
    sheets = sum(one.sheet_state == "visible" for one in load_workbook(ours))
    pages = saved(ours, "pdf", tmp_path).read_bytes().count(b"/Type/Page/")
    assert pages == sheets
