"""The command `registry import`: it tells, asks, and keeps the reason."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

import greenoffice.registering as registering
from greenoffice.commands import init
from greenoffice.folder import DataFolder
from greenoffice.registering import ImportOptions, day_of, export_registry, import_registry
from greenoffice.stores import open_stores
from metering.errors import Conflict, InvalidFiles, InvalidInput
from metering.registry import Registry

TREE = "code,parent,type,zone\no,,institution,UTC\nb,o,building,\n"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return init(tmp_path / "data", 18080, 11883, 19464, "en").root


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "tree.csv").write_text(TREE)
    return folder


def registered(data: Path) -> Registry:
    return open_stores(DataFolder(data)).registry.load()


def test_a_dry_run_tells_what_will_change_and_stops_there(
    data: Path, files: Path, capsys: Any
) -> None:
    import_registry(files, data, ImportOptions(dry_run=True))
    told = capsys.readouterr().out
    assert "added node b\n" in told
    assert "3 changes, 0 into complete months" in told
    assert "dry run: nothing was imported" in told
    assert registered(data) == Registry()


def test_a_person_may_say_no(data: Path, files: Path, capsys: Any) -> None:
    import_registry(files, data, ask=lambda _: False)
    assert "nothing was imported" in capsys.readouterr().out
    assert registered(data) == Registry()
    import_registry(files, data, ask=lambda _: True)
    assert set(registered(data).nodes) == {"o", "b"}


def test_yes_skips_the_question_and_nothing_to_do_asks_none(data: Path, files: Path) -> None:
    def never(_: str) -> bool:
        raise AssertionError

    import_registry(files, data, ImportOptions(yes=True), ask=never)
    import_registry(files, data, ask=never)
    assert registered(data).version == 1


def test_yes_never_skips_the_reason(data: Path, files: Path, monkeypatch: Any) -> None:
    import_registry(files, data, ImportOptions(yes=True))
    months = [date(2026, 10, 1)]
    monkeypatch.setattr(registering, "complete_months", lambda *_: lambda _: months)
    (files / "tree.csv").write_text(
        "code,parent,type,zone,persons\no,,institution,UTC,\nb,o,building,,7\n"
    )
    with pytest.raises(InvalidInput, match="b: persons '' -> '7'") as refused:
        import_registry(files, data, ImportOptions(yes=True))
    assert refused.value.field == "reason"
    assert registered(data).version == 1
    import_registry(files, data, ImportOptions(yes=True, reason="counted in October"))
    entry = open_stores(DataFolder(data)).access.entries(None)[0]
    assert (entry.actor, entry.reason) == ("command line", "counted in October")


def test_what_is_exported_imports_to_the_same(data: Path, files: Path, capsys: Any) -> None:
    import_registry(files, data, ImportOptions(yes=True))
    (files / "tree.csv").write_text(TREE.replace("b,o", "c,o"))
    import_registry(files, data, ImportOptions(yes=True))
    assert "not in the files, kept: node b\n" in capsys.readouterr().out
    export_registry(data / "out", data)
    capsys.readouterr()
    import_registry(data / "out", data)
    told = capsys.readouterr().out
    assert "0 changes, 0 into complete months; 0 registered and not in the files" in told
    assert registered(data).version == 2
    export_registry(data / "before", data, version=1)
    assert "c,o" not in (data / "before" / "tree.csv").read_text()


def test_an_export_overwrites_nothing(data: Path, files: Path) -> None:
    with pytest.raises(Conflict, match=r"tree\.csv"):
        export_registry(files, data)
    assert (files / "tree.csv").read_text() == TREE


def test_a_day_to_end_on_is_a_date() -> None:
    assert day_of("2026-12-01") == date(2026, 12, 1)
    with pytest.raises(InvalidInput) as refused:
        day_of("December")
    assert refused.value.field == "end_missing"


CHINESE = """编码,上级,类型,时区,面积,生效日期
o,,institution,Asia/Shanghai,,
b,o,building,,{area},{day}
"""


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize(
    ("area", "day", "separator"),
    [
        ("1200.5", "2026-01-31", ","),
        ('"1,200.5"', "2026/1/31", ","),
        ("１２００．５", "2026年1月31日", "\t"),
        ("1200,5", "31 Jan 2026", ";"),
    ],
)
def test_files_of_people_import_as_they_are(
    data: Path, files: Path, encoding: str, area: str, day: str, separator: str
) -> None:
    text = CHINESE.replace(",", separator).format(area=area, day=day)
    (files / "tree.csv").write_bytes(text.encode(encoding))
    import_registry(files, data, ImportOptions(yes=True))
    present = registered(data)
    assert present.nodes["b"].area_m2 == Decimal("1200.5")
    assert [edge.valid.start for edge in present.space if edge.child == "b"] == [date(2026, 1, 31)]


@pytest.mark.parametrize(
    ("area", "day", "field"), [('"1,200"', "", "area_m2"), ("", "10/01/2026", "valid_from")]
)
def test_what_may_be_two_values_is_asked(
    data: Path, files: Path, area: str, day: str, field: str
) -> None:
    (files / "tree.csv").write_text(CHINESE.format(area=area, day=day), encoding="gb18030")
    with pytest.raises(InvalidFiles) as refused:
        import_registry(files, data, ImportOptions(yes=True))
    assert [(one.line, one.field) for one in refused.value.problems] == [(3, field)]
    assert registered(data) == Registry()


def test_a_workbook_has_a_sheet_a_table(data: Path, files: Path, tmp_path: Path) -> None:
    book = Workbook()
    tree, meters = book.active, book.create_sheet("仪表")
    tree.title = "tree"
    for row in (["code", "parent", "type", "zone"], ["o", None, "institution", "UTC"]):
        tree.append(row)
    tree.append(["b", "o", "building", None])
    for row in (["编码", "节点", "分项"], ["m", "b", "01000"]):
        meters.append(row)
    book.save(tmp_path / "office.xlsx")
    import_registry(tmp_path / "office.xlsx", data, ImportOptions(yes=True))
    assert set(registered(data).meters) == {"m"}
    (files / "tree.csv").rename(files / "notes.csv")
    with pytest.raises(InvalidFiles, match=r"notes\.csv: .*not a file of the registry"):
        import_registry(files, data, ImportOptions(yes=True))
    (files / "notes.csv").unlink()
    (files / "tree.xls").write_bytes(b"\xd0\xcf\x11\xe0" + bytes(508))
    with pytest.raises(InvalidFiles, match=r"tree\.xls: .*save it as XLSX"):
        import_registry(files, data, ImportOptions(yes=True))
