"""Laws of every kind of facts that is a file of `metering.registry.facts`, on what the documents
show of it; and what is particular to each."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from metering.errors import InvalidFiles, InvalidInput
from metering.registry import Registry
from metering.registry.changes import marks_of_change
from metering.registry.differences import changes
from metering.registry.facts import FACTS
from metering.registry.facts.accounts import KIND as ACCOUNT
from metering.registry.facts.accounts import Account
from metering.registry.facts.charges import KIND as CHARGE
from metering.registry.facts.charges import PERS
from metering.registry.files import read_registry_texts, write_registry
from metering.registry.kind import FactKind
from metering.registry.merge import merged
from metering.registry.missing import missing_from
from metering.registry.past import days_touched
from metering.registry.proposal import propose
from tests.registry_examples import BASE, registered, shown

EVERY = pytest.mark.parametrize("kind", FACTS, ids=lambda kind: kind.name)
Kind = FactKind[Any]
DAY = date(2027, 1, 1)


def rows_of(kind: Kind) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(shown(kind.table.name))))


def text_of(rows: list[dict[str, str]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def test_kinds_are_in_the_order_of_their_names_each_once() -> None:
    names = [kind.name for kind in FACTS]
    assert names == sorted(set(names))
    assert {"account", "charge", "limit", "office_hours", "power_factor", "tier"} <= set(names)


@EVERY
def test_it_is_dated_and_named_after_its_first_day(kind: Kind) -> None:
    assert kind.dated
    assert kind.by[-1] == "valid"
    assert kind.read is not None


@EVERY
def test_what_is_shown_is_read_written_and_read_again(kind: Kind) -> None:
    registry = registered(kind.table.name)
    assert len(kind.of(registry)) == len(rows_of(kind))
    files = write_registry(registry)
    again = read_registry_texts(files, registry)
    assert merged(registry, again) is registry
    assert merged(Registry(), again) == registry
    assert missing_from(registry, again, files) == []


@EVERY
def test_the_needed_columns_alone_keep_what_stands(kind: Kind) -> None:
    registry = registered(kind.table.name)
    for column in set(kind.table.optional) - {*kind.by, "valid_from"}:
        rows = [{n: v for n, v in row.items() if n != column} for row in rows_of(kind)]
        again = read_registry_texts({kind.table.name: text_of(rows)}, registry)
        assert changes(registry, merged(registry, again)) == []


def with_accounts(kind: Kind, registry: Registry) -> Registry:
    """The registry with an account for each plan and standard that a fact of the kind may be of."""
    facts = () if kind is ACCOUNT else kind.of(registered(kind.table.name))
    meter = next(iter(registry.meters))
    accounts = [
        Account(
            f"x{n}",
            meter,
            plan=getattr(one, "plan", ""),
            power_factor=getattr(one, "standard", ""),
        )
        for n, one in enumerate(facts)
    ]
    return replace(registry, more={**registry.more, "account": tuple(accounts)})


@EVERY
def test_a_change_is_told_books_nothing_and_needs_a_reason_where_bills_rest_on_it(
    kind: Kind,
) -> None:
    old, new = registered(), registered(kind.table.name)
    found = changes(old, new)
    assert [one.kind for one in found] == [kind.name] * len(rows_of(kind))
    days = [[fact.valid] if kind.billed else [] for fact in kind.in_order(kind.of(new))]
    assert [days_touched(one) for one in found] == days
    assert marks_of_change(old, new) == []
    wanted = read_registry_texts({kind.table.name: shown(kind.table.name)}, old)
    past = propose(with_accounts(kind, old), wanted, lambda _: [date(2026, 3, 1)]).past
    assert {one.months for one in past} == ({(("i", date(2026, 3, 1)),)} if kind.billed else set())


@EVERY
def test_a_row_gone_from_the_file_is_named_kept_or_ended(kind: Kind) -> None:
    registry = registered(kind.table.name)
    one = next(fact for fact in kind.of(registry) if fact.valid.end is None)
    left = replace(registry, more={kind.name: tuple(f for f in kind.of(registry) if f != one)})
    files = {kind.table.name: write_registry(left)[kind.table.name]}
    wanted = read_registry_texts(files, registry)
    assert [gone.fact for gone in missing_from(registry, wanted, files)] == [one]
    assert merged(registry, wanted) == registry
    ended = merged(registry, read_registry_texts(files, registry, end_missing=DAY))
    (change,) = changes(registry, ended)
    assert change.fields == (("valid_to", "", str(DAY)),)


@EVERY
def test_the_same_row_twice_is_refused(kind: Kind) -> None:
    rows = rows_of(kind)
    files = BASE | {kind.table.name: text_of([*rows, rows[-1]])}
    with pytest.raises(InvalidFiles) as refused:
        read_registry_texts(files)
    assert [problem.line for problem in refused.value.problems] == [len(rows) + 2]


@EVERY
def test_what_it_refers_to_must_be_registered(kind: Kind) -> None:
    for reference in kind.refers:
        row = next(row for row in rows_of(kind) if row[reference.said])
        files = BASE | {kind.table.name: text_of([row | {reference.said: "nobody"}])}
        with pytest.raises(InvalidFiles, match="nobody is not registered"):
            read_registry_texts(files)
        fact = next(f for f in kind.of(registered(kind.table.name)) if getattr(f, reference.field))
        dangling = Registry(more={kind.name: (replace(fact, **{reference.field: "nobody"}),)})
        with pytest.raises(InvalidInput, match="not registered"):
            merged(registered(), dangling)


@pytest.mark.parametrize(
    ("file", "row", "field"),
    [
        ("alert_budgets.csv", "b,,,,", "per_meter_year"),
        ("alert_budgets.csv", "b,-1,,,", "per_meter_year"),
        ("alert_budgets.csv", "b,100.1,,,", "per_meter_year"),
        ("alert_budgets.csv", "b,1,-5,,", "dear_a_year"),
        ("budgets.csv", "b,01000,,,,,", "budgeted"),
        ("budgets.csv", "b,01000,0,,,,", "budgeted"),
        ("budgets.csv", "b,01000,5,m3,,,", "budget_unit"),
        ("budgets.csv", "b,01000,5,yuan,,,", "budget_unit"),
        ("budgets.csv", "b,01000,5,,weekly,,", "budget_each"),
        ("budgets.csv", "b,0,5,,,,", "item"),
        ("office_hours.csv", "b,18:00,07:00,1-5,,", "end"),
        ("office_hours.csv", "b,7,16:00,1-5,,", "start"),
        ("office_hours.csv", "b,07:00,24:30,1-5,,", "end"),
        ("office_hours.csv", "b,07:00,16:00,0-5,,", "days"),
        ("office_hours.csv", "b,07:00,16:00,5-1,,", "days"),
        ("office_hours.csv", "b,07:00,16:00,Mon,,", "days"),
        ("office_hours.csv", ",07:00,16:00,1-5,,", "node"),
        ("limits.csv", "sigma,3,,,,", "name"),
        ("limits.csv", "sigmas,,,,,", "value"),
        ("limits.csv", "sigmas,-1,,,,", "value"),
        ("limits.csv", "nights,1.5,,,,", "value"),
        ("limits.csv", "rest_days,1,,,,", "value"),
        ("limits.csv", "nights,2,b,charging,,", "meter"),
        ("accounts.csv", "1,charging,,1,,,,,,,", "reading_day"),
        ("accounts.csv", "1,charging,,29,,,,,,,", "reading_day"),
        ("accounts.csv", "1,charging,,,charging,,,,,,", "reactive"),
        ("accounts.csv", "1,charging,,,,,0.90,,,,", "power_factor"),
        ("accounts.csv", "1,charging,,,charging-kvarh,,0.95,,,,", "power_factor"),
        ("accounts.csv", "1,charging-kvarh,,,,,,630,,,", "capacity_kva"),
        ("accounts.csv", "1,charging,,,,,,,0,,", "contract_kw"),
        ("charges.csv", "p,total,unit,1,,,,,,,,", "charge"),
        ("charges.csv", "p,c,tax,1,,,,,,,,", "basis"),
        ("charges.csv", "p,c,unit,,,,,,,,,", "price"),
        ("charges.csv", "p,energy,energy,1,,,,,,,,", "price"),
        ("charges.csv", "p,c,unit,1,peak,,,,,,,", "ratios"),
        ("charges.csv", "p,c,unit,1,peak=1;peak=2,,,,,,,", "ratios"),
        ("charges.csv", "p,c,demand,1,peak=2,,,,,,,", "ratios"),
        ("charges.csv", "p,c,unit,1,,maybe,,,,,,", "adjusted"),
        ("charges.csv", "p,c,month,1,,,,yes,,,,", "included"),
        ("charges.csv", "p,c,demand,1,,,,,1.05,2,,", "over_from"),
        ("charges.csv", "p,c,contract,1,,,,,1.05,,,", "over_from"),
        ("charges.csv", "p,a,vat,6,,,,,,,,2026-01-01\np,b,vat,13,,,,,,,,", "basis basis"),
        ("tiers.csv", "p,0,0,1,year,,", "tier"),
        ("tiers.csv", "p,1,5,1,year,,", "above"),
        ("tiers.csv", "p,2,0,1,year,,", "above"),
        ("tiers.csv", "p,1,0,1,year,,\np,2,9,2,month,,", "period period"),
        ("tiers.csv", "p,2,9,1,year,,\np,3,4,2,year,,", "above above"),
        ("tiers.csv", "p,1,0,1,week,,", "period"),
        ("power_factors.csv", "0.95,0.90,1.00,-1,,,,", "standard"),
        ("power_factors.csv", "0.90,0.9,1.00,-1,,,,", "low"),
        ("power_factors.csv", "0.90,0.95,0.90,-1,,,,", "low"),
        ("power_factors.csv", "0.90,0.90,1.01,-1,,,,", "high"),
        ("power_factors.csv", "0.90,0.90,1.00,,,,,", "percent"),
    ],
)
def test_a_wrong_field_is_named(file: str, row: str, field: str) -> None:
    header = shown(file).splitlines()[0]
    with pytest.raises(InvalidFiles) as refused:
        read_registry_texts(BASE | {file: f"{header}\n{row}\n"})
    assert [problem.field for problem in refused.value.problems] == field.split()
    assert all(problem.fix for problem in refused.value.problems)


def test_two_rows_of_one_place_never_hold_at_once() -> None:
    header = shown("office_hours.csv").splitlines()[0]
    rows = "b,07:00,16:00,1-5,,2026-05-02\nb,07:00,16:00,1-6,2026-05-01,\n"
    with pytest.raises(InvalidFiles, match="hold at the same time"):
        read_registry_texts(BASE | {"office_hours.csv": f"{header}\n{rows}"})
    present = registered("office_hours.csv")
    later = {"office_hours.csv": f"{header}\nb,09:00,16:00,1-5,2026-06-01,\n"}
    with pytest.raises(InvalidFiles, match="hold at the same time"):
        read_registry_texts(later, present)


@pytest.mark.parametrize(
    ("basis", "per", "right"),
    [
        *(
            (basis, per, True)
            for basis in ("demand", "contract", "capacity", "month")
            for per in PERS
        ),
        ("month", "week", False),
        ("unit", "day", False),
        ("vat", "month", False),
    ],
)
def test_only_what_stands_for_a_time_has_one(basis: str, per: str, right: bool) -> None:
    file = {"charges.csv": f"plan,charge,basis,price,per\np,c,{basis},1,{per}\n"}
    if right:
        (charge,) = CHARGE.of(read_registry_texts(BASE | file))
        assert charge.per == per
        return
    with pytest.raises(InvalidFiles) as refused:
        read_registry_texts(BASE | file)
    assert [problem.field for problem in refused.value.problems] == ["per"]
