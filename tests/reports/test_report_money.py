"""Money by currency, with bounds; differences; data centres; what the check sees."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

import figures
from metering.errors import InvalidInput
from metering.items import parent, whole
from metering.tariff import TariffRow
from proofs.report_cells import Check, check_report, check_workbook
from reports import FORMATS, LANGUAGES, from_json, render, to_json
from reports.layout import layout
from reports.seal import sealed
from reports.table import Tables

FORMAT_1 = Path(__file__).parents[1] / "data/reports/month-1.json"
MONTH = date(2026, 10, 1), date(2026, 10, 31)


def line(report, node, item):
    return next(one for one in report.lines if (one.node, one.item) == (node, item))


def amounts(spent):
    return {one.currency: one.amount for one in spent.money}


def test_each_currency_has_its_own_sum_and_they_are_never_added(mixed_october):
    own = line(mixed_october, "bureau", "01000")
    assert set(amounts(own)) == {"CNY", "USD"}
    assert (own.cost, own.currency, own.cost_low, own.cost_high) == (None, "", None, None)
    abroad = line(mixed_october, "office-b", "01000")
    assert (abroad.cost, abroad.currency) == (amounts(own)["USD"], "USD")
    total = mixed_october.total("bureau")
    water = line(mixed_october, "bureau", "02000")
    assert (total.cost, total.currency) == (None, "")
    assert amounts(total) == {
        "CNY": amounts(own)["CNY"] + water.cost,
        "USD": amounts(own)["USD"],
    }


def test_every_file_shows_each_currency_in_a_cell_of_its_own(mixed_october):
    own = line(mixed_october, "bureau", "01000")
    head, first = nodes(mixed_october)
    cells = dict(zip(head, first, strict=True))
    for currency, amount in amounts(own).items():
        assert Decimal(cells[f"Cost [{currency}]"]) == amount
    told = layout(mixed_october, "en")
    assert [one["unit"] for one in told["key"] if one["label"] == "Cost"] == ["CNY", "USD"]
    assert [one["text"].split()[1] for one in told["items"][0]["money"]] == ["CNY", "USD"]
    assert told["several"]
    book = openpyxl.load_workbook(io.BytesIO(render(mixed_october, "en", "xlsx")))
    units = [row[2] for row in book["Summary"].iter_rows(values_only=True) if row[0] == "Cost"]
    assert units == ["CNY", "USD"]


def nodes(report):
    text = render(report, "en", "csv").decode("utf-8-sig")
    head, first = list(csv.reader(io.StringIO(text)))[:2]
    return head, first


def test_money_of_a_tariff_that_turns_inside_an_hour_is_estimated_between_bounds(
    mixed, mixed_october
):
    """Meters are read by the hour, prices turn at 08:30: what passed from 8 to 9 is split."""
    own = line(mixed_october, "office-a", "01000")
    assert own.shares == (10_000, 0, 0, 0)
    (money,) = own.money
    assert money.shares[2] > 0
    assert own.cost_low < own.cost < own.cost_high
    with mixed.figures.view() as view:
        found = figures.cost(view, view.key_of("office-a", "01000"), *MONTH).sole
        hours = figures.energy(view, view.key_of("office-a", "01000"), *MONTH, "hour")
    assert (own.cost, own.cost_low, own.cost_high) == (found.amount, found.low, found.high)
    split = sum(q for place, q in enumerate(hours.values()) if place % 24 == 8)
    spread = Decimal(split) / 10**6 * (Decimal("1.1033") - Decimal("0.3217"))
    assert own.cost_high - own.cost_low == spread
    shown = next(row for row in layout(mixed_october, "en")["places"] if row["label"] == "Office A")
    assert re.fullmatch(r"[\d,.]+ – [\d,.]+", shown["money"][0]["range"])


def test_a_certain_sum_has_no_range(mixed_october):
    own = line(mixed_october, "bureau", "02000")
    assert own.cost_low == own.cost == own.cost_high
    assert layout(mixed_october, "en")["items"][-1]["money"] == [
        {"text": "4,684.76 CNY", "range": None}
    ]


def test_sub_items_and_the_difference_add_up_to_the_total_to_the_last_digit(mixed_october):
    parted = [one for one in mixed_october.lines if parts(mixed_october, one)]
    assert {one.item for one in parted} == {"01000", "01D00"}
    for total in parted:
        rows = parts(mixed_october, total)
        assert sum(row.amount for row in rows) == total.amount
        for currency, amount in amounts(total).items():
            assert sum(amounts(row).get(currency, 0) for row in rows) == amount
        for day, amount in enumerate(total.daily):
            assert sum(row.daily[day] for row in rows) == amount
        assert sum(row.kgco2 for row in rows) == total.kgco2


def parts(report, total):
    own = [x for x in report.lines_of(total.node) if parent(x.item) == total.item]
    return own and [*own, *(x for x in report.differences_of(total.node) if x.item == total.item)]


def test_a_total_that_is_made_of_its_sub_items_has_no_difference(mixed_october):
    assert {(one.node, one.item) for one in mixed_october.differences} == {
        (node, "01000") for node in ("bureau", "campus", "office-a", "office-b")
    }


def test_the_money_of_a_difference_holds_what_other_prices_of_sub_items_leave(mixed_october):
    """Light and cooling of office A have prices of their own, its total has others."""
    total = line(mixed_october, "office-a", "01000")
    light, cooling = (line(mixed_october, "office-a", item) for item in ("01A00", "01B00"))
    (difference,) = mixed_october.differences_of("office-a")
    assert difference.cost == total.cost - light.cost - cooling.cost
    assert difference.cost_low <= difference.cost <= difference.cost_high


@pytest.mark.parametrize(
    ("language", "code"), [("en", "01000 difference"), ("zh-CN", "01000 差额")]
)
def test_the_difference_is_a_row_after_the_sub_items(mixed_october, language, code):
    tables = Tables(mixed_october, language)
    (table,) = tables.sub_items()
    assert [row[0] for row in table.rows] == ["01A00", "01B00", "01C00", "01D00", code]
    items = [row[2] for row in tables.nodes().rows if row[0] == "bureau"]
    assert items == ["01000", "01A00", "01B00", "01C00", "01D00", "01D10", code, "02000"]
    assert f"(bureau/{code})" in tables.daily().columns[7].heading


def test_ratios_are_those_of_figures_and_stand_in_every_file(mixed, mixed_october):
    with mixed.figures.view() as view:
        wanted = [figures.ratio(view, "dc", name, *MONTH) for name in figures.RATIOS]
    assert [
        (one.ratio, one.value, one.above, one.below, one.cover, one.category, one.boundary)
        for one in mixed_october.ratios
    ] == [
        (one.name, one.value, one.above, one.below, one.cover, one.category, one.boundary)
        for one in wanted
    ]
    value = wanted[0].value
    assert value is not None
    assert f",{value}," in render(mixed_october, "en", "csv").decode("utf-8-sig")
    assert f'"value":"{value}"' in to_json(mixed_october).decode()
    book = openpyxl.load_workbook(io.BytesIO(render(mixed_october, "en", "xlsx")))
    cells = [cell for row in book["Summary"].iter_rows(values_only=True) for cell in row]
    assert float(value) in cells
    assert [row[2] for row in layout(mixed_october, "en")["ratios"]] == ["1.485", "0.934"]


def test_without_a_data_centre_nothing_is_said_of_ratios(october):
    assert october.ratios == ()
    assert b"Data centre" not in render(october, "en", "csv")


def test_prices_of_different_meters_stay_apart_in_a_fixed_order(mixed_october):
    """Two meters at the same price in the same period are two rows."""
    rows = [(row.item, row.meter, row.node, row.tariff) for row in mixed_october.prices]
    assert rows == sorted(rows)
    assert {row.meter for row in mixed_october.prices} == {"", "a-light", "a-ac"}
    assert {row.node for row in mixed_october.prices} == {"", "office-b"}
    told = [row[0] for row in layout(mixed_october, "en")["prices"]]
    assert "Lighting and sockets · Flat · A, lighting (a-light)" in told
    assert "Air conditioning · Flat · A, cooling (a-ac)" in told


def test_what_is_partly_without_a_price_has_no_cost_but_its_money_is_told(helpers):
    registry = helpers.registry()
    night = TariffRow(
        "n", "01000", frozenset(range(1, 13)), "all", 0, 480, "valley", Decimal("0.32")
    )
    world = helpers.Bureau(months=(date(2026, 10, 1),), registry=replace(registry, tariff=(night,)))
    report = world.report()
    own = line(report, "bureau", "01000")
    assert (own.cost, own.all_priced, own.told) == (None, False, ())
    assert own.unpriced > 0
    assert own.money[0].amount > 0
    priced = [one for one in report.periods if one.period == "valley"]
    assert priced[0].amount + own.unpriced == own.amount
    head, first = nodes(report)
    cells = dict(zip(head, first, strict=True))
    assert cells["Cost [CNY]"] == ""
    assert Decimal(cells["Energy without a price"]) == Decimal(own.unpriced) / 10**6
    assert layout(report, "en")["key"][2]["note"] == "not every part is known"
    assert check_report(report, "en", lambda node, item: line(report, node, item).amount).passed


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_check_agrees_in_two_currencies(mixed, mixed_october, language):
    def month(node, item):
        with mixed.figures.view() as view:
            key = view.key_of(node, item)
            energy = figures.energy(view, key, *MONTH, "month")
            return energy.values()[0], figures.costs_of_each(view, energy)[0].sole

    check = check_report(
        mixed_october,
        language,
        lambda node, item: month(node, item)[0],
        lambda node, item: getattr(month(node, item)[1], "amount", None),
    )
    assert check.passed, check.differences
    assert check.bounds > 20


def forged(report, **changes):
    report = sealed(replace(report, **changes))
    right = {(one.node, one.item): one.amount for one in report.lines}
    return check_report(report, "en", lambda node, item: right[node, item]).differences


def test_the_check_sees_money_that_is_not_its_own(mixed_october):
    one = mixed_october.lines[0]
    cny, usd = one.money
    more = replace(one, money=(replace(cny, amount=cny.amount + 1), usd))
    told = forged(mixed_october, lines=(more, *mixed_october.lines[1:]))
    assert any("bureau, its categories" in one for one in told)
    assert any("bureau/01000, its tariff periods" in one for one in told)
    assert any("bureau/01000, the money of its sub-items" in one for one in told)
    low = replace(one, money=(replace(cny, low=cny.amount + 1), usd))
    told = forged(mixed_october, lines=(low, *mixed_october.lines[1:]))
    assert any("is not within" in one for one in told)


def test_the_check_sees_a_difference_that_is_not_one(mixed_october):
    first, *rest = mixed_october.differences
    told = forged(mixed_october, differences=(replace(first, amount=first.amount + 1), *rest))
    assert any("bureau/01000, its sub-items" in one for one in told)
    assert any("bureau/01000 difference, its days" in one for one in told)
    told = forged(mixed_october, differences=tuple(rest))
    assert any("bureau/01000, the money of its sub-items" in one for one in told)


@pytest.mark.parametrize("sheet", ["Summary", "By node", "Daily", "Sub-items", "Costs"])
def test_the_check_sees_any_cell_that_was_changed_in_the_workbook(mixed_october, sheet):
    data = render(mixed_october, "en", "xlsx")
    names = openpyxl.load_workbook(io.BytesIO(data)).sheetnames
    path = f"xl/worksheets/sheet{names.index(sheet) + 1}.xml"
    numbers = re.findall(
        r"<v>\d+\.\d+</v></c>", zipfile.ZipFile(io.BytesIO(data)).read(path).decode()
    )
    assert not differences(mixed_october, data)
    for place in (0, len(numbers) // 2, len(numbers) - 1):
        assert differences(mixed_october, changed(data, path, place)), numbers[place]


def differences(report, data):
    check = Check()
    check_workbook(check, report, "en", data)
    return check.differences


def changed(data, path, place):
    """The workbook with the last digit of a number another."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            if name == path:
                found = list(re.finditer(rb"<v>\d+\.\d+(?=</v></c>)", text))[place]
                digit = b"1" if text[found.end() - 1 : found.end()] != b"1" else b"2"
                text = text[: found.end() - 1] + digit + text[found.end() :]
            new.writestr(name, text)
    return out.getvalue()


def test_a_report_sealed_in_format_1_is_read_shown_and_written_as_it_was():
    data = FORMAT_1.read_bytes()
    report = from_json(data)
    assert report.format == "greenoffice-month/1"
    assert to_json(report) == data
    own = line(report, "bureau", "01000")
    assert own.cost == Decimal("75619.62966")
    assert amounts(own) == {"CNY": own.cost}
    assert (own.cost_low, own.money[0].low, report.differences, report.ratios) == (
        None,
        None,
        (),
        (),
    )
    for language in LANGUAGES:
        for name in FORMATS:
            assert render(report, language, name) == render(from_json(data), language, name)
    assert render(report, "en", "json") == data
    head, first = nodes(report)
    cells = dict(zip(head, first, strict=True))
    assert (cells["Cost [CNY]"], cells["Cost, at least [CNY]"]) == ("75619.62966", "")
    assert layout(report, "en")["items"][0]["money"] == [{"text": "75,619.63", "range": None}]


def test_a_forged_report_of_format_1_is_refused():
    data = FORMAT_1.read_bytes()
    with pytest.raises(InvalidInput, match="seal is broken"):
        from_json(data.replace(b'"cost":"75619.62966"', b'"cost":"75619.62967"', 1))


def test_categories_alone_are_in_the_totals(mixed_october):
    assert {whole(one.item) for one in mixed_october.lines} == {"01000", "02000"}
    own = line(mixed_october, "bureau", "01000")
    assert mixed_october.total("bureau").kgco2 == own.kgco2
