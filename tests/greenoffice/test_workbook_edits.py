"""A workbook as people edit it: each edit gives what was meant, or an error that names sheet, row,
column, value and fix in the words of the workbook."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from greenoffice.registry_files import read_registry
from greenoffice.registry_workbook import registry_workbook
from greenoffice.saying import complaint
from metering.errors import InvalidFiles
from metering.registry import Registry

TREE = "编码, 上级, 类型, 中文名, 英文名, 时区, 面积, 人数, 占比, 生效日期, 失效日期"
SHEETS = (
    "组织, 网关, 路由, 仪表, 公式, 测点, 电价, 日历, 因子, 户号, 提醒额度, 费用, 用能预算, 限值, "
    "办公时间, 力调, 阶梯价"
)


def edited(folder: Path, edit: Callable[[Any], None]) -> Registry:
    """What a Chinese workbook says in which a hall was filled in below the examples, and more."""
    book = load_workbook(io.BytesIO(registry_workbook("zh-CN")))
    book["组织"].append(["hall", None, "机构", "会堂", None, "Asia/Shanghai"])
    edit(book)
    book.save(folder / "o.xlsx")
    return read_registry(folder / "o.xlsx")[0]


def nothing(_: Any) -> None:
    """Only the hall is filled in."""


def without_meters(book: Any) -> None:
    del book["仪表"]


def without_examples(book: Any) -> None:
    book["组织"].delete_rows(2, 3)


def with_empty_sheet(book: Any) -> None:
    book.create_sheet("Sheet1")


def with_hidden_notes(book: Any) -> None:
    sheet = book.create_sheet("备忘")
    sheet.append(["问老王"])
    sheet.sheet_state = "hidden"


def with_empty_column(book: Any) -> None:
    book["组织"].insert_cols(3)


@pytest.mark.parametrize(
    "edit",
    [
        nothing,
        without_meters,
        without_examples,
        with_empty_sheet,
        with_hidden_notes,
        with_empty_column,
    ],
)
def test_what_changes_nothing_that_is_said_is_passed_over(tmp_path: Path, edit: Any) -> None:
    assert edited(tmp_path, edit) == edited(tmp_path, nothing)
    assert set(edited(tmp_path, edit).nodes) == {"hall"}


def put(column: str, value: object, sheet: str = "组织") -> Callable[[Any], None]:
    """A building below the hall, with one more cell filled in."""

    def edit(book: Any) -> None:
        rows = book[sheet]
        if sheet == "组织":
            rows.append(["b", "hall", "建筑"])
        rows[f"{column}{rows.max_row}"] = value

    return edit


@pytest.mark.parametrize(
    "written",
    [
        "2026/1/5",
        "2026-01-05",
        "2026年1月5日",
        "20260105",
        "5.1.2026",  # who writes points writes the day first
        "５.１.２０２６",
        date(2026, 1, 5),
        datetime(2026, 1, 5),
    ],
)
def test_a_day_is_read_as_it_is_written(tmp_path: Path, written: object) -> None:
    (edge,) = edited(tmp_path, put("J", written)).space
    assert edge.valid.start == date(2026, 1, 5)


@pytest.mark.parametrize("written", ["1234.5", 1234.5, "1,234.50", "１２３４.5", " 1 234.5 "])
def test_a_number_is_read_as_it_is_written(tmp_path: Path, written: object) -> None:
    assert edited(tmp_path, put("G", written)).nodes["b"].area_m2 == 1234.5


def renamed(book: Any) -> None:
    book["仪表"].title = "我的表"


def with_column(book: Any) -> None:
    book["组织"]["M1"] = "备注"


def without_heading(book: Any) -> None:
    book["组织"]["C1"] = "种别"


def below_example(book: Any) -> None:
    book["组织"].append(["b", "bureau", "建筑"])


WRONG: list[tuple[Callable[[Any], None], list[str]]] = [
    (put("J", "5/1/2026"), ["o.xlsx#组织:6: 生效日期 = '5/1/2026': 可能是两个日期 - YYYY-MM-DD"]),
    (put("J", 46027), ["o.xlsx#组织:6: 生效日期 = '46027': 不是日期 - YYYY-MM-DD"]),
    (put("G", "1,200"), ["o.xlsx#组织:6: 面积 = '1,200': 可能是两个数值 - 只写数字"]),
    (put("H", "80 人"), ["o.xlsx#组织:6: 人数 = '80 人': 不是范围内的整数 - 0 至 "]),
    (put("P", "?"), ["o.xlsx#组织:6: P = '?': 上方没有表头 - 请为该列写上本表的表头，或删除"]),
    (put("B", "=A5"), ["o.xlsx#组织:6: 上级 = '=A5': 不是编码 - 1 至 64 个字符"]),
    (
        put("C", "宫殿"),
        [
            "o.xlsx#组织:6: 类型 = '宫殿': 未知 - 取 省, 市, 机构, 园区, 建筑, 数据中心, 楼层, "
            "房间 之一"
        ],
    ),
    (
        below_example,
        ["o.xlsx#组织:6: 上级 = 'bureau': bureau 未登记 - 请添加到 组织："],
    ),
    (
        renamed,
        [
            f"o.xlsx#我的表:  = '我的表': 不是台账的工作表 - 请改名为 {SHEETS} 之一；"
            "自己的工作表请隐藏或删除"
        ],
    ),
    (with_column, [f"o.xlsx#组织:1: 备注 = '备注': 未知的列 - 请删除；各列为 {TREE}"]),
    (
        without_heading,
        [
            f"o.xlsx#组织:1: 类型 = '': 缺少列 - 请补上；各列为 {TREE}",
            f"o.xlsx#组织:1: 种别 = '种别': 未知的列 - 请删除；各列为 {TREE}",
        ],
    ),
]


@pytest.mark.parametrize(("edit", "told"), WRONG)
def test_what_cannot_be_taken_is_told_in_the_words_of_the_workbook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, edit: Any, told: list[str]
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    with pytest.raises(InvalidFiles) as refused:
        edited(tmp_path, edit)
    _, *lines, _ = complaint(refused.value).splitlines()
    assert len(lines) == len(told)
    for line, wanted in zip(lines, told, strict=True):
        assert line.startswith(wanted)


def test_an_english_workbook_is_told_of_in_english(tmp_path: Path) -> None:
    book = load_workbook(io.BytesIO(registry_workbook("en")))
    book["meters"].append(["m", "office-a", "01000", "maybe"])
    book["meters"].title = "meter list"
    book["tree"].append(["b", None, "castle"])
    book.save(tmp_path / "o.xlsx")
    with pytest.raises(InvalidFiles) as refused:
        read_registry(tmp_path / "o.xlsx")
    told = [(one.file, one.line, one.column, one.problem) for one in refused.value.problems]
    assert told == [
        ("o.xlsx#meter list", 0, "", "a sheet that is none of the registry"),
        ("o.xlsx#tree", 5, "type", "unknown"),
    ]
