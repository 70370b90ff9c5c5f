"""`greenoffice bill`: every line of a bill, and its total."""

from __future__ import annotations

import csv
import io

import pytest

from greenoffice.billing import bill
from greenoffice.commands import init
from greenoffice.entering import audit_bills
from greenoffice.folder import DataFolder
from greenoffice.stores import open_stores
from metering.errors import InvalidInput, NotFound
from metering.registry import Meter, Node, NodeType, Registry, SpaceEdge
from proofs.bills.platform import told
from proofs.bills.written import ACCOUNT, written_bills
from reports import BILL_HEADER, bills_csv


def test_lines_stand_as_on_the_bill_with_a_last_row_for_the_total():
    written = next(one for one in written_bills() if one.name == "demand-not-known")
    rows = list(csv.DictReader(io.StringIO(bills_csv([told(written)]))))
    assert list(rows[0]) == list(BILL_HEADER)
    assert [(row["line"], row["amount"], row["complete"], row["lacks"]) for row in rows] == [
        ("energy.flat", "4836.00", "yes", ""),
        ("demand", "", "no", ""),
        ("total", "4836.00", "no", "demand"),
    ]
    assert {row["account"] for row in rows} == {ACCOUNT}


def test_a_folder_without_the_account_says_so(tmp_path):
    init(tmp_path / "data", 8080, 1883, 9464, "en")
    with pytest.raises(NotFound, match="no account there"):
        bill(tmp_path / "data", "nobody", "2026-07", None, "csv", "en")
    with pytest.raises(InvalidInput, match="not a month"):
        bill(tmp_path / "data", "nobody", "2026-7", None, "csv", "en")
    with pytest.raises(InvalidInput, match="no such format"):
        bill(tmp_path / "data", "nobody", "2026-07", None, "pdf", "en")
    with pytest.raises(InvalidInput, match="a workbook is no text"):
        bill(tmp_path / "data", "nobody", "2026-07", None, "xlsx", "en")


def test_an_audit_asks_for_one_bill_or_all_of_a_month(tmp_path, capsys):
    data = tmp_path / "data"
    init(data, 8080, 1883, 9464, "en")
    capsys.readouterr()
    audit_bills(data, None, "2026-10")
    assert capsys.readouterr().out == ""
    with pytest.raises(NotFound, match="no such bill"):
        audit_bills(data, "77aa", None)
    for id, month in ((None, None), ("77aa", "2026-10")):
        with pytest.raises(InvalidInput, match="exactly one"):
            audit_bills(data, id, month)


def test_a_place_without_an_account_is_billed_by_its_prices_as_the_api_does(tmp_path, capsys):
    data = tmp_path / "data"
    init(data, 8080, 1883, 9464, "en")
    nodes = {
        "o": Node("o", NodeType.INSTITUTION, zone="Asia/Shanghai"),
        "dc": Node("dc", NodeType.DATACENTRE),
    }
    meters = {"m": Meter("m", "dc", "02000", total=True)}
    known = Registry(nodes=nodes, space=(SpaceEdge("o", "dc"),), meters=meters)
    open_stores(DataFolder(data)).registry.apply(known, actor="test", now_us=1)
    capsys.readouterr()
    for code in ("dc", "m"):
        bill(data, code, "2026-07", None, "csv", "en")
        rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
        assert {(row["account"], row["meter"]) for row in rows} == {("", code)}
