"""Tariffs in the files: what they may name, what a set covers, and overlaps of equal rank."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from metering.errors import FileProblem, InvalidFiles
from metering.registry import Registry
from metering.registry.files import read_registry_texts, write_registry
from metering.tariff_sets import set_key, with_sets

PLACES = {
    "tree.csv": """\
code,parent,type,zone
inst,,institution,Asia/Shanghai
other,,institution,Asia/Shanghai
site,inst,site,
house,site,building,
""",
    "meters.csv": "code,node,item\nmain,house,01000\nlight,house,01A00\nwater,house,02000\n",
}
HEADER = "tariff,item,days,start,end,institution,node,meter,valid_from,valid_to,months,period,price"
DOCUMENT = Path(__file__).parents[2] / "docs" / "registry.md"


def tariffs(*rows: str) -> dict[str, str]:
    """A tariff.csv of `tariff,item,days,start,end[,institution,node,meter[,from,to[,months]]]`."""
    lines = []
    for row in rows:
        fields = row.split(",")
        fields += [""] * (10 - len(fields)) + ["1-12"] * (len(fields) < 11)
        lines.append(",".join([*fields, "flat", "0.5"]))
    return {"tariff.csv": "\n".join([HEADER, *lines, ""])}


def read(*rows: str, existing: Registry | None = None) -> Registry:
    return read_registry_texts({**PLACES, **tariffs(*rows)}, existing)


def problems(*rows: str, existing: Registry | None = None) -> list[FileProblem]:
    with pytest.raises(InvalidFiles) as caught:
        read(*rows, existing=existing)
    assert all(one.fix for one in caught.value.problems)
    return list(caught.value.problems)


def told(*rows: str, existing: Registry | None = None) -> list[tuple[int, str, str]]:
    return [(one.line, one.field, one.problem) for one in problems(*rows, existing=existing)]


def registered(*rows: str) -> Registry:
    return read(*rows)


OVERLAP = "two tariffs of equal rank price the item at the same time, the other "
DAY = "all,00:00,24:00"


def test_rows_for_a_node_and_a_meter_come_back() -> None:
    registry = read(
        f"t,01000,{DAY}",
        f"t,01000,{DAY},inst",
        f"t,01000,{DAY},,house",
        f"t,01000,{DAY},,,main",
        "t,01A00,working,00:00,24:00,,site",
        "t,01A00,rest,00:00,24:00,,site",
        "t,01A00,holiday,10:00,14:00,,site",
    )
    assert [(row.institution, row.node, row.meter) for row in registry.tariff[:4]] == [
        ("", "", ""),
        ("inst", "", ""),
        ("", "house", ""),
        ("", "", "main"),
    ]
    assert registry.tariff[6].days == "holiday"
    assert read_registry_texts(write_registry(registry)) == registry


@pytest.mark.parametrize("named", ["inst,house,", ",house,main", "inst,,main", "inst,house,main"])
def test_a_row_names_one_thing_at_most(named: str) -> None:
    filled = [
        (column, value)
        for column, value in zip(("institution", "node", "meter"), named.split(","), strict=True)
        if value
    ]
    assert [(one.field, one.value, one.problem) for one in problems(f"t,01000,{DAY},{named}")] == [
        (column, value, "names a second thing") for column, value in filled[1:]
    ]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (f"t,01000,{DAY},nobody", ("institution", "nobody is not registered")),
        (f"t,01000,{DAY},site", ("institution", "site is a site")),
        (f"t,01000,{DAY},,nowhere", ("node", "nowhere is not registered")),
        (f"t,01000,{DAY},,,mian", ("meter", "mian is not registered")),
        (f"t,01000,{DAY},,a house", ("node", "not a code")),
        (f"t,02000,{DAY},,,main", ("item", "the meter main measures 01000")),
        (f"t,01B00,{DAY},,,light", ("item", "the meter light measures 01A00")),
        (f"t,01A00,{DAY},,,main", ("item", "the meter main measures 01000")),
    ],
)
def test_what_a_row_names_must_be_there_and_fit(row: str, expected: tuple[str, str]) -> None:
    assert told(row) == [(2, *expected)]


def test_what_is_registered_may_be_named() -> None:
    existing = registered()
    rows = tariffs(f"t,01000,{DAY},,house", f"t,01000,{DAY},,,light")
    assert len(read_registry_texts(rows, existing).tariff) == 2


@pytest.mark.parametrize("named", ["", ",inst", ",,house", ",,,main"])
def test_two_of_equal_rank_are_refused_with_both_named(named: str) -> None:
    first, second = f"a,01000,{DAY}{named}", f"b,01000,{DAY}{named}"
    assert told(first, second) == [(3, "valid_from", OVERLAP + "in tariff.csv:2")]


@pytest.mark.parametrize("named", ["", ",inst", ",,house", ",,,main"])
def test_what_overlaps_a_registered_one_is_refused_with_both_named(named: str) -> None:
    empty = "," * (3 - named.count(","))
    existing = registered(f"a,01000,{DAY}{named}{empty},2026-01-01")
    since = OVERLAP + "registered as tariff a from 2026-01-01"
    for dates in ("", ",2025-01-01", ",2027-01-01", ",2026-01-01"):
        row = f"b,01000,{DAY}{named}{empty}{dates}"
        assert told(row, existing=existing) == [(2, "valid_from", since)]
    assert read(f"b,01000,{DAY}{named}{empty},,2026-01-01", existing=existing)


def test_a_registered_one_without_a_first_day_is_named() -> None:
    found = told(f"b,01000,{DAY}", existing=registered(f"a,01000,{DAY}"))
    assert found == [(2, "valid_from", OVERLAP + "registered as tariff a from the beginning")]


def test_the_same_tariff_with_another_first_day_is_another_set() -> None:
    existing = registered(f"a,01000,{DAY},,house,,2026-01-01")
    found = told(f"a,01000,{DAY},,house,,2026-07-01", existing=existing)
    assert found == [(2, "valid_from", OVERLAP + "registered as tariff a from 2026-01-01")]


def test_each_of_several_names_the_one_that_it_overlaps() -> None:
    found = told(
        f"long,01000,{DAY},,house,,2026-01-01,2027-01-01",
        f"one,01000,{DAY},,house,,2026-02-01,2026-03-01",
        f"two,01000,{DAY},,house,,2026-04-01,2026-05-01",
        f"after,01000,{DAY},,house,,2027-01-01",
    )
    assert found == [(line, "valid_from", OVERLAP + "in tariff.csv:2") for line in (3, 4)]


def test_different_ranks_may_overlap() -> None:
    rows = [
        f"common,01000,{DAY}",
        f"light,01A00,{DAY}",
        f"inst,01000,{DAY},inst",
        f"other,01000,{DAY},other",
        f"site,01000,{DAY},,site",
        f"house,01000,{DAY},,house",
        f"house-light,01A00,{DAY},,house",
        f"main,01000,{DAY},,,main",
        f"lamp,01000,{DAY},,,light",
        f"lamp-own,01A00,{DAY},,,light",
    ]
    registry = read(*rows)
    assert len({row.scope for row in registry.tariff}) == len(rows)
    for row in rows:  # one by one as well as at once
        read(row, existing=registry)


def test_a_set_replaced_as_a_whole_does_not_overlap_its_old_self() -> None:
    existing = registered(f"t,01000,{DAY},,,main,2026-01-01")
    rows = (
        "t,01000,all,00:00,12:00,,,main,2026-01-01",
        "t,01000,all,12:00,24:00,,,main,2026-01-01",
    )
    again = read(*rows, existing=existing)
    assert [row.end_min for row in with_sets(existing.tariff, again.tariff)] == [720, 1440]
    ended = read(
        f"t,01000,{DAY},,,main,2026-01-01,2026-07-01",
        f"u,01000,{DAY},,,main,2026-07-01",
        existing=existing,
    )
    assert len({set_key(row) for row in with_sets(existing.tariff, ended.tariff)}) == 2


def test_a_set_has_one_last_day() -> None:
    found = told(
        "t,01000,working,00:00,24:00,,,,2026-01-01,2027-01-01",
        "t,01000,rest,00:00,24:00,,,,2026-01-01",
    )
    assert found == [(3, "valid_to", "another valid_to than in tariff.csv:2")]


def test_holiday_rows_need_not_cover_the_day() -> None:
    registry = read(
        f"t,01000,{DAY}",
        "t,01000,holiday,02:00,04:00,,,,,,2",
        "t,01000,holiday,10:00,14:00,,,,,,10",
        "t,01000,holiday,11:00,13:00,,,,,,5",
    )
    assert [row.months for row in registry.tariff[1:]] == [{2}, {10}, {5}]


def test_holiday_rows_do_not_overlap_each_other() -> None:
    found = told(
        f"t,01000,{DAY}",
        "t,01000,holiday,10:00,14:00,,,,,,5-10",
        "t,01000,holiday,13:00,15:00,,,,,,10-12",
    )
    assert found == [(4, "start", "two prices at 13:00, the other in tariff.csv:3")]


def test_holiday_rows_alone_price_no_other_day() -> None:
    assert told(f"t,01000,{DAY.replace('all', 'holiday')}") == [(2, "start", "no price at 00:00")]
    rest = told("t,01000,working,00:00,24:00", "t,01000,holiday,00:00,24:00")
    assert rest == [(2, "start", "no price at 00:00")]


def test_two_prices_of_one_minute_are_both_named() -> None:
    found = told("t,01000,all,00:00,12:00", "t,01000,all,11:00,24:00")
    assert found == [(3, "start", "two prices at 11:00, the other in tariff.csv:2")]


def test_the_examples_of_the_document_can_be_imported() -> None:
    examples = re.findall(r"^```csv\n(tariff,.*?)^```", DOCUMENT.read_text("utf-8"), re.M | re.S)
    meters = {"meters.csv": PLACES["meters.csv"] + "charging,house,01C00\n"}
    own, holidays = (
        read_registry_texts({**PLACES, **meters, "tariff.csv": text}).tariff for text in examples
    )
    assert {(row.item, row.meter) for row in own} >= {("01A00", ""), ("01000", "charging")}
    deep = [row for row in holidays if row.days == "holiday"]
    assert [(row.price, row.months) for row in deep] == [(Decimal("0.15"), {2, 5, 10})]


def test_keys_tell_what_is_named() -> None:
    rows = read(f"t,01000,{DAY},,house", f"t,01000,{DAY},,,main,2026-01-01").tariff
    assert set_key(rows[0]) == ("t", "", "house", "", "01000", date.min)
    assert set_key(rows[1]) == ("t", "", "", "main", "01000", date(2026, 1, 1))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("price", "9" * 32),
        ("price", "0." + "0" * 30 + "1"),
        ("price", "1000000000"),
        ("currency", "eur"),
        ("currency", "EURO"),
    ],
)
def test_a_price_that_nobody_asks_is_refused(column, value):
    row = {"price": "0.5", "currency": "EUR", column: value}
    text = "tariff,item,months,days,start,end,period,price,currency\n"
    text += f"t,01000,1-12,all,00:00,24:00,flat,{row['price']},{row['currency']}\n"
    with pytest.raises(InvalidFiles) as caught:
        read_registry_texts({**PLACES, "tariff.csv": text})
    assert [(one.field, one.value) for one in caught.value.problems] == [(column, value)]
