"""The registry takes rows, wherever they come from: no file is needed."""

from datetime import date, datetime, time
from decimal import Decimal
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from metering.errors import InvalidFiles
from metering.registry import Meter, Node, NodeType, Validity
from metering.registry.files import read_registry_texts
from metering.registry.rows import Sheet, as_text
from metering.registry.taking import take

SINCE = date(2026, 3, 1)
TREE = [
    ["code", "parent", "type", "zone", "area_m2", "persons", "valid_from"],
    ["body", None, "institution", None, None, 480, None],
    ["house", "body", "building", "Asia/Shanghai", 1200.0, None, SINCE],
]
METERS = [
    ["code", "node", "item", "total", "step_min"],
    ["main", "house", "01000", True, 15],
    ["light", "house", "01A00", False, 60],
]


def lines(rows, first=1):
    return list(enumerate(rows, start=first))


def problems_of(*sheets, existing=None):
    with pytest.raises(InvalidFiles) as caught:
        take(sheets, existing)
    return [(p.file, p.line, p.field, p.value, p.problem) for p in caught.value.problems]


def test_rows_of_values_become_the_registry():
    found = take([Sheet("meters.csv", lines(METERS)), Sheet("tree.csv", lines(TREE))])
    assert found.nodes["house"] == Node(
        "house", NodeType.BUILDING, zone="Asia/Shanghai", area_m2=Decimal(1200)
    )
    assert found.nodes["body"].persons == 480
    assert found.space[0].valid == Validity(SINCE)
    assert found.meters["main"] == Meter("main", "house", "01000", total=True)
    assert found.meters["light"].step_min == 60


def test_a_spreadsheet_gives_what_its_text_would():
    book = Workbook()
    book.remove(book.active)
    for name, rows in (("tree", TREE), ("meters", METERS)):
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    data = BytesIO()
    book.save(data)
    read = load_workbook(BytesIO(data.getvalue()), read_only=True)
    sheets = [
        Sheet(
            f"{one.title}.csv", lines(one.iter_rows(values_only=True)), f"office.xlsx {one.title}"
        )
        for one in read
    ]
    texts = {
        f"{name}.csv": "\n".join(",".join(map(as_text, row)) for row in rows)
        for name, rows in (("tree", TREE), ("meters", METERS))
    }
    assert take(sheets) == read_registry_texts(texts)


def test_what_is_wrong_is_named_by_source_line_column_and_value():
    wrong = [*METERS, ["spare", "hut", "01000", "maybe", 7]]
    found = problems_of(
        Sheet("tree.csv", lines(TREE)), Sheet("meters.csv", lines(wrong, 4), "office.xlsx meters")
    )
    assert {one[:4] for one in found} == {
        ("office.xlsx meters", 7, "node", "hut"),
        ("office.xlsx meters", 7, "total", "maybe"),
        ("office.xlsx meters", 7, "step_min", "7"),
    }


def test_a_table_is_one_of_the_registry_and_given_once():
    assert problems_of(Sheet("rooms", [], "a.xlsx rooms"))[0][4] == "not a table of the registry"
    tree = Sheet("tree.csv", lines(TREE))
    assert [one[4] for one in problems_of(tree, tree)] == ["the table a second time"]
    assert problems_of()[0][4] == "no files"


def test_a_column_that_is_left_out_keeps_what_stands_here_too():
    present = take([Sheet("tree.csv", lines(TREE))])
    less = [row[:3] for row in TREE]
    assert take([Sheet("tree.csv", lines(less))], present).nodes == present.nodes


@pytest.mark.parametrize(
    ("table", "rows", "field"),
    [
        ("meters.csv", [*METERS, METERS[1]], "code"),
        ("tree.csv", [*TREE, TREE[1]], "code"),
        ("tree.csv", [*TREE, TREE[2]], "code"),
        (
            "meters.csv",
            [[*METERS[0], "fed_by"], [*METERS[1], ""], [*METERS[2], "main;main"]],
            "fed_by",
        ),
        ("calendar.csv", [["date", "kind"], [SINCE, "rest"], [SINCE, "working"]], "date"),
        (
            "factors.csv",
            [
                ["item", "quantity", "value", "unit"],
                ["01000", "kgco2", 0.5, "kgCO2/kWh"],
                ["01000", "kgco2", 0.6, "kgCO2/kWh"],
            ],
            "item",
        ),
    ],
)
def test_one_fact_has_one_row(table, rows, field):
    present = take([Sheet("tree.csv", lines(TREE))])
    found = problems_of(Sheet(table, lines(rows)), existing=present)
    assert [(one[1], one[2]) for one in found] == [(len(rows), field)]
    assert "a second time" in found[0][4]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "yes"),
        (15.0, "15"),
        (0.00001, "0.00001"),
        (1e21, "1000000000000000000000"),
        (Decimal("1.50"), "1.50"),
        (datetime(2026, 3, 1), "2026-03-01"),
        (datetime(2026, 3, 1, 8), "2026-03-01T08:00:00"),
        (time(8, 30), "08:30"),
        (7, "7"),
    ],
)
def test_values_read_as_a_file_writes_them(value, text):
    assert as_text(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_reads_as_itself(value):
    assert float(as_text(value)) == value
