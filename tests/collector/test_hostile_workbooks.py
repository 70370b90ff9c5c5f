"""Small workbooks that claim to be large: what they may cost."""

from __future__ import annotations

import io
from itertools import chain

import openpyxl
import pytest

from collector.tables import read_tables, workbook
from metering.errors import InvalidInput
from proofs.tables import written

ENTITY = '<!DOCTYPE x [<!ENTITY a "b">]><x/>'
BEGIN = '<?xml version="1.0"?>'


@pytest.mark.parametrize(
    "part",
    [
        f"{BEGIN}<!--{'x' * 5_000}-->{ENTITY}".encode(),
        f"{BEGIN}<!--{'x' * ((1 << 20) - len(BEGIN) - 11)}-->{ENTITY}".encode(),
        f"{BEGIN}<!-- <x> -->{ENTITY}".encode(),
        f"{'<!--' + 'x' * 5_000 + '-->'}{ENTITY}".encode("utf-16"),
    ],
    ids=["after a long comment", "over the end of a block", "after an element", "in UTF-16"],
)
def test_a_document_type_is_found_wherever_it_stands(part):
    data = written.packed({"xl/workbook.xml": part, "[Content_Types].xml": b"<x/>"})
    with pytest.raises(InvalidInput, match="document type"):
        read_tables("a.xlsx", data)


def _sparse(*last_rows: int) -> bytes:
    """A workbook with a sheet for each number: two rows, the second one so far below."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number in last_rows:
        sheet = book.create_sheet()
        sheet["A1"], sheet[f"A{number}"] = "meter", "a"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("last_rows", [(200,), (90, 90), (1_048_576,)])
def test_rows_that_are_only_claimed_are_bounded_over_all_sheets(monkeypatch, last_rows):
    monkeypatch.setattr(workbook, "MOST_BLANK_ROWS", 100)
    tables = read_tables("a.xlsx", _sparse(*last_rows))
    with pytest.raises(InvalidInput, match="100 blank rows") as refused:
        list(chain.from_iterable(one.lines() for one in tables))
    assert refused.value.fix


def test_a_sheet_that_is_read_twice_is_counted_once(monkeypatch):
    monkeypatch.setattr(workbook, "MOST_BLANK_ROWS", 100)
    (table,) = read_tables("a.xlsx", _sparse(90))
    assert len(list(table.lines())) == len(list(table.lines()))
