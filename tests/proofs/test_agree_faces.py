"""Reading the faces of `agree`: a page's figures, a report's cells."""

from __future__ import annotations

import io
from datetime import date
from fractions import Fraction

import openpyxl
import pytest

from proofs.agree_compare import AskedFigure, NoAnswer
from proofs.agree_printed import csv_rows, of_report, printed, xlsx_rows
from proofs.agree_questions import ONE
from proofs.agree_world import MOVES

OCTOBER = ("2026-10-01", "2026-11-01")


def test_a_page_prints_exact_values_beside_rounded_ones():
    html = (
        '<p>1 <data class="figure" data-figure="cost" data-code="office" data-item="01000"'
        ' data-start="2026-10-08" data-end="2026-10-09" data-currency="CNY" value="281.0412">'
        '¥281</data> <data value="7">7</data><data class="figure" data-figure="energy"'
        ' data-code="office" data-item="01000" data-start="2026-10-08" data-end="2026-10-09"'
        ' data-name="difference" value="">–</data></p>'
    )
    day = ("office", "01000", "2026-10-08", "2026-10-09")
    assert list(printed(html)) == [
        (AskedFigure("cost", *day, currency="CNY"), Fraction("281.0412")),
        (AskedFigure("energy", *day, "difference"), NoAnswer("absent")),
    ]


MONEY = ["Cost [CNY]", "Cost, at least [CNY]", "Cost, at most [CNY]", "Cost [EUR]"]
TABLES = [
    [
        ["Code", "Node", "Item code", "Item", "Unit", "This month", *MONEY, "kgCO₂"],
        ["office", "", "01000", "", "kWh", "10.000001", "2.5", "2.25", "3.75", None, "5.127"],
        ["office", "", "01000 difference", "", "kWh", "1.5", "0.5", "0.25", "1.75", None, "0.75"],
    ],
    [
        ["Day", "Office · Electricity (office/01000) [kWh]", "Office (office/02000) [m³]"],
        ["2026-10-01", "0.25", None],
        ["2026-10-02", "0.5", "4"],
    ],
    [
        ["Code", "Data centre", "Ratio", "Value"],
        ["dc", "Dc", "Utility / IT energy", "1.573872"],
    ],
]
DAY = ("2026-10-02", "2026-10-03")
FIGURES = {
    AskedFigure("energy", "office", "01000", *OCTOBER): "10.000001",
    AskedFigure("cost", "office", "01000", *OCTOBER, currency="CNY"): "2.5",
    AskedFigure("cost_low", "office", "01000", *OCTOBER, currency="CNY"): "2.25",
    AskedFigure("cost_high", "office", "01000", *OCTOBER, currency="CNY"): "3.75",
    AskedFigure("kgco2", "office", "01000", *OCTOBER): "5.127",
    AskedFigure("energy", "office", "01000", *OCTOBER, "difference"): "1.5",
    AskedFigure("cost_low", "office", "01000", *OCTOBER, "difference", "CNY"): "0.25",
    AskedFigure("energy", "office", "01000", *DAY): "0.5",
    AskedFigure("energy", "office", "02000", *DAY): "4",
    AskedFigure("ratio", "dc", "01000", *OCTOBER, "utility_per_it"): "1.573872",
}


@pytest.fixture
def csv_data():
    tables = ("\r\n".join(",".join(f'"{c or ""}"' for c in row) for row in t) for t in TABLES)
    return "\r\n\r\n".join(tables).encode("utf-8-sig")


@pytest.fixture
def xlsx_data():
    book, out = openpyxl.Workbook(), io.BytesIO()
    for table in TABLES:
        sheet = book.create_sheet()
        sheet.append(["A title over it"])
        sheet.append([])
        for row in table:
            sheet.append([_typed(cell) for cell in row])
        sheet.append(["Total", 9])
    book.save(out)
    return out.getvalue()


def _typed(cell):
    for kind in (float, date.fromisoformat):
        try:
            return cell if cell in ("01000", "02000") else kind(cell)
        except (ValueError, TypeError):
            continue
    return cell


def test_cells_of_csv_are_exact(csv_data):
    found = of_report(csv_rows(csv_data), "bureau")
    assert {figure: found[figure] for figure in FIGURES} == {
        figure: Fraction(value) for figure, value in FIGURES.items()
    }
    assert not [figure for figure in found if figure.currency == "EUR"]


def test_cells_of_xlsx_are_doubles(xlsx_data):
    found = of_report(xlsx_rows(xlsx_data), "bureau")
    told = {figure: found[figure] for figure in FIGURES}
    assert told == {figure: float(value) for figure, value in FIGURES.items()}
    assert {type(value) for value in told.values()} == {float}


def test_days_of_another_institution_are_not_the_reports():
    """A place that moved: its row ends with its days, and a later day's cell must be empty."""
    move = next(one for one in MOVES if one.code == "store")
    before, after = move.day - ONE, move.day
    table = [
        TABLES[0][0],
        ["store", "", "01000", "", "kWh", "7.5", "2.5", "2.25", "3.75", None, "5.127"],
        [],
        ["Day", "Store (store/01000) [kWh]"],
        [before.isoformat(), "0.25"],
        [after.isoformat(), "0.5"],
    ]
    data = "\r\n".join(",".join(f'"{c or ""}"' for c in row) for row in table).encode()
    spans = (
        ("2026-10-01", "2026-10-16"),
        ("2026-10-15", "2026-10-16"),
        ("2026-10-16", "2026-10-17"),
    )
    month, day, beyond = (AskedFigure("energy", "store", "01000", *span) for span in spans)
    found = of_report(csv_rows(data), "bureau")
    assert (found[month], found[day]) == (Fraction("7.5"), Fraction("0.25"))
    assert isinstance(found[beyond], NoAnswer)
    found = of_report(csv_rows(data), "mission")
    assert [isinstance(one, NoAnswer) for one in found.values()] == [True] * 3
