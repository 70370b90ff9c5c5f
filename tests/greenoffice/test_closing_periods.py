"""`greenoffice close`, `reopen` and `closings` on a data folder."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from greenoffice.closing import close, listed, reopen, told_figure
from greenoffice.commands import init
from metering.book import SeriesKey
from metering.errors import NotFound
from reports import ClosedSum, RegistryEdit, WorthSince


def test_a_folder_without_the_institution_or_the_closing_says_so(tmp_path):
    data = tmp_path / "data"
    init(data, 8080, 1883, 9464, "en")
    for act in (lambda: close(data, "nobody", "2026-10", ""), lambda: listed(data, "nobody")):
        with pytest.raises(NotFound, match="no such institution"):
            act()
    for confirm in (False, True):
        with pytest.raises(NotFound, match="no such closing"):
            reopen(data, "c1", "a meter was read wrongly", confirm)


def test_a_figure_that_is_worth_otherwise_is_printed_with_who_edited_what():
    edit = RegistryEdit(
        "tariff", "tou 01000", {"price": "0.98"}, {"price": "1.05"}, 8, 1, "energy office", ""
    )
    closed = ClosedSum(10, (("CNY", Decimal("9.8")),), Decimal(5))
    present = ClosedSum(10, (("CNY", Decimal("10.5")),), Decimal(5))
    days = (date(2026, 10, 1), date(2026, 10, 31))
    key = SeriesKey("bureau", "node", "hall", "01000")
    assert told_figure(WorthSince(key, *days, closed, present, 0, (edit,))) == [
        "  hall  01000  2026-10  +0.7 CNY  +0 kgCO2  0 d",
        "    changed tariff tou 01000: price '0.98' -> '1.05' (version 8, energy office)",
    ]


@pytest.mark.parametrize(
    ("closed", "present"), [(None, None), (Decimal(5), None), (None, Decimal(5))]
)
def test_carbon_that_is_unknown_on_a_side_is_no_change_of_nothing(closed, present):
    key, days = (
        SeriesKey("bureau", "node", "hall", "01000"),
        (date(2026, 10, 1), date(2026, 10, 31)),
    )
    then, now = (ClosedSum(10, (), one) for one in (closed, present))
    (line,) = told_figure(WorthSince(key, *days, then, now, 0, ()))
    assert line == "  hall  01000  2026-10  unknown kgCO2  0 d"
