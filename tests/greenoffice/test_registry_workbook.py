"""The registry as a workbook: to fill in, and back as it was."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from collector.routes import check_route
from greenoffice.commands import init
from greenoffice.folder import DataFolder
from greenoffice.registering import (
    ImportOptions,
    export_workbook,
    import_registry,
    write_template,
)
from greenoffice.registry_files import read_registry
from greenoffice.registry_workbook import registry_workbook
from greenoffice.stores import open_stores
from metering.errors import Conflict, InvalidFiles, InvalidInput
from metering.registry import Registry
from metering.registry.differences import changes
from metering.registry.examples import EXAMPLES
from metering.registry.files import TABLES, read_registry_texts
from metering.registry.write import records
from metering.tables import chinese_heading, chinese_table, chinese_word, known_heading, known_table
from tests.metering.test_registry_files import registries
from texts import catalogue

LANGUAGES = ("zh-CN", "en")


def written(path: Path, book: Any) -> Path:
    book.save(path)
    return path


def template(tmp_path: Path, language: str) -> Any:
    write_template(tmp_path / "template.xlsx", language)
    return load_workbook(tmp_path / "template.xlsx")


def sheet_of(book: Any, name: str) -> Any:
    return next(one for one in book if known_table(one.title) == name)


@settings(max_examples=4)
@given(registries(), st.sampled_from(LANGUAGES))
def test_a_registry_comes_back_from_its_workbook(
    tmp_path_factory: Any, registry: Registry, language: str
) -> None:
    file = tmp_path_factory.mktemp("book") / "registry.xlsx"
    file.write_bytes(registry_workbook(language, registry))
    assert read_registry(file)[0] == registry


def test_headings_sheets_and_words_are_understood_in_both_languages() -> None:
    for name, table in TABLES.items():
        assert known_table(chinese_table(name)) == name
        for column in table.columns:
            assert known_heading(chinese_heading(column))[0] == column
            assert {table.read(column, chinese_word(one)) for one in table.words(column)} == set(
                table.words(column)
            )


@pytest.mark.parametrize("language", LANGUAGES)
def test_examples_are_passed_over_as_they_stand_and_good_without_their_mark(
    tmp_path: Path, language: str
) -> None:
    book = template(tmp_path, language)
    with pytest.raises(InvalidFiles) as nothing:
        read_registry(tmp_path / "template.xlsx")
    assert [one.problem for one in nothing.value.problems] == ["nothing is filled in"]
    for name in EXAMPLES:
        sheet = sheet_of(book, name)
        sheet.delete_cols(sheet.max_column)
    read, tables = read_registry(written(tmp_path / "own.xlsx", book), check_route=check_route)
    assert set(tables) == EXAMPLES.keys()
    counted = {name: len(rows) for name, rows in records(read).items() if rows}
    assert counted == {name: len(rows) for name, rows in EXAMPLES.items()}


def test_an_example_that_was_changed_is_a_row(tmp_path: Path) -> None:
    book = template(tmp_path, "zh-CN")
    tree, meters = sheet_of(book, "tree.csv"), sheet_of(book, "meters.csv")
    assert [cell.value for cell in tree[2]][:3] == ["bureau", None, "机构"]
    tree["D2"] = "市机关事务局"
    tree.append(["hall", "bureau", "建筑", "会堂"])
    meters.append(["hall-main", "hall", "01000 电", "是"])
    read, tables = read_registry(written(tmp_path / "filled.xlsx", book))
    assert tables == ["tree.csv", "meters.csv"]
    assert set(read.nodes) == {"bureau", "hall"}
    assert read.nodes["bureau"].name_zh == "市机关事务局"
    assert (read.meters["hall-main"].item, read.meters["hall-main"].total) == ("01000", True)


def test_a_mistake_is_named_by_sheet_and_row(tmp_path: Path) -> None:
    book = template(tmp_path, "zh-CN")
    sheet_of(book, "tree.csv").append(["hall", "", "宫殿"])
    with pytest.raises(InvalidFiles) as refused:
        read_registry(written(tmp_path / "filled.xlsx", book))
    (told,) = [one for one in refused.value.problems if one.field == "type"]
    assert (told.file, told.line, told.value) == ("filled.xlsx#组织", 5, "宫殿")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_template_explains_itself(language: str) -> None:
    book = load_workbook(io.BytesIO(registry_workbook(language)))
    visible = [one for one in book if one.sheet_state == "visible"]
    assert [known_table(one.title) for one in visible[1:]] == list(TABLES)
    for sheet in visible[1:]:
        assert sheet.freeze_panes == "A2"
        columns = TABLES[known_table(sheet.title)].columns
        headings = [cell for cell in sheet[1] if known_heading(cell.value)[0] != "example"]
        assert [known_heading(cell.value)[0] for cell in headings] == list(columns)
        assert all(cell.comment for cell in headings)
    rules = {
        known_heading(sheet_of(book, "points.csv").cell(1, place).value)[0]
        for rule in sheet_of(book, "points.csv").data_validations.dataValidation
        for place in [next(iter(rule.sqref.ranges)).min_col]
    }
    assert {"gateway", "kind", "unit", "meter", "node", "direction"} <= rules


def test_own_meanings_are_of_columns_that_there_are() -> None:
    own = [key.split(".")[1:] for key in catalogue().words["en"] if key.startswith("column.")]
    for column, *of in own:
        assert not of or column in TABLES[f"{of[0]}.csv"].columns


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return init(tmp_path / "data", 18080, 11883, 19464, "en").root


def test_what_is_exported_as_a_workbook_changes_nothing(
    data: Path, tmp_path: Path, capsys: Any
) -> None:
    texts = {"tree.csv": "code,parent,type,name_zh,zone\no,,institution,=1+1,UTC\n"}
    store = open_stores(DataFolder(data)).registry
    store.apply(read_registry_texts(texts), actor="test", now_us=1)
    export_workbook(tmp_path / "out", data)
    capsys.readouterr()
    import_registry(tmp_path / "out" / "registry.xlsx", data, ImportOptions(dry_run=True))
    assert "0 changes, 0 into complete months; 0 registered" in capsys.readouterr().out
    read, _ = read_registry(tmp_path / "out" / "registry.xlsx", store.load())
    assert changes(store.load(), read) == []


def test_nothing_is_written_over(data: Path, tmp_path: Path) -> None:
    write_template(tmp_path, "en")
    with pytest.raises(Conflict, match=r"registry\.xlsx"):
        export_workbook(tmp_path, data)
    with pytest.raises(InvalidInput) as refused:
        write_template(tmp_path / "other.xlsx", "fr")
    assert refused.value.field == "language"
