"""Differences of two reports: none of the same, and no field that could change unseen."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from reports import differences
from reports.differences import KINDS, TWICE
from reports.model import EventLine, LackingFactor, RestatementLine, Spent
from texts import catalogue

TEXTS = catalogue().words["en"]
MADE_FROM = {
    *("revision", "factor_set", "tariff_version", "registry_version", "rules_version"),
    "rows_registry_version",
    *("as_of_us", "issue", "reason", "issued_us", "changes", "format", "content_hash"),
    *("institution", "month", "coal", "carbon"),
}
"""What a report was made from and is called; not what it tells."""

KNOWN = {"unit": "m3", "item": "02A00"}
"""Other values of fields that are looked up."""


def other(value):
    """Another value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | Decimal):
        return value + 1
    if isinstance(value, date):
        return value + timedelta(days=1)
    if isinstance(value, str):
        return value + "x"
    return "x" if value is None else (*value, "x")


def variants(row, path=""):
    """(path, row) with each of its values changed alone, those within it too."""
    for field in fields(row):
        value = getattr(row, field.name)
        name = f"{path}{field.name}"
        if is_dataclass(value):
            for inner, changed in variants(value, f"{name}."):
                yield inner, replace(row, **{field.name: changed})
        elif isinstance(value, tuple) and value and is_dataclass(value[0]):
            for inner, changed in variants(value[0], f"{name}."):
                yield inner, replace(row, **{field.name: (changed, *value[1:])})
        elif field.name in ("shares", "daily") and value:
            for place in range(len(value)):
                changed = (*value[:place], other(value[place]), *value[place + 1 :])
                yield f"{name}.{place}", replace(row, **{field.name: changed})
        else:
            changed = KNOWN.get(name) or other(value)
            yield name, replace(row, **{field.name: changed})


@pytest.fixture(scope="session")
def told(october, mixed_october):
    """A report with a row in every list."""
    restated = RestatementLine("bureau", "01000", date(2026, 10, 3), 1, None, 2, 3, "reading")
    return replace(
        mixed_october,
        restatements=(restated,),
        factors=october.factors,
        cases=october.cases,
        lacking=(LackingFactor("01000", "kgce", date(2026, 10, 3), date(2026, 10, 4), 2),),
        events=(EventLine("a-ac", "gap", 1, 30, 5),),
    )


def test_the_same_report_differs_in_nothing_whatever_it_was_made_from(told):
    assert differences(told, told) == ()
    for name in MADE_FROM - {"institution", "month", "changes", "coal", "carbon"}:
        assert differences(told, replace(told, **{name: other(getattr(told, name))})) == (), name


def test_no_field_of_any_row_changes_unseen(told):
    lists = {kind.rows for kind in KINDS}
    plain = {field.name for field in fields(told)} - lists - MADE_FROM
    for name in plain:
        changed = replace(told, **{name: other(getattr(told, name))})
        assert differences(told, changed), name
    seen = set()
    for name in lists:
        rows = getattr(told, name)
        assert rows, name
        for path, row in variants(rows[0]):
            if isinstance(row, Spent) and path in TWICE:
                continue
            found = differences(told, replace(told, **{name: (row, *rows[1:])}))
            assert found, (name, path)
            seen |= {part for one in found for part in one.field.split(".")}
    assert len(seen) > 50


def test_every_field_and_kind_has_its_words(told):
    parts = set()
    for kind in KINDS:
        assert f"about.{kind.name}" in TEXTS
        for _, row in variants(getattr(told, kind.rows)[0]):
            changed = replace(told, **{kind.rows: (row, *getattr(told, kind.rows)[1:])})
            for one in differences(told, changed):
                assert f"what.{one.what}" in TEXTS
                parts |= set(one.field.split("."))
    words = {part for part in parts if not part[0].isdigit() and not part.isupper()}
    assert {part for part in words if f"field.{part}" not in TEXTS} == {"CNYx"}


def test_the_same_number_written_otherwise_is_no_difference(told):
    price = told.prices[0]
    again = replace(price, price=price.price.quantize(Decimal("0.00000001")))
    assert str(again.price) != str(price.price)
    assert differences(told, replace(told, prices=(again, *told.prices[1:]))) == ()


def test_rows_that_come_and_go_are_told_with_their_value(told):
    case = told.cases[0]
    without = replace(told, cases=())
    (gone,) = differences(told, without)
    assert (gone.kind, gone.what, gone.subject, gone.old, gone.new) == (
        "finding",
        "gone",
        case.id,
        "open",
        None,
    )
    (added,) = differences(without, told)
    assert (added.what, added.old, added.new) == ("added", None, "open")


def test_equal_rows_are_told_apart_by_their_number(told):
    twice = replace(told, prices=(told.prices[0], *told.prices))
    (added,) = differences(told, twice)
    assert (added.what, added.subject.endswith("#2")) == ("added", True)


def test_an_amount_is_told_in_its_unit_and_the_unknown_as_unknown(told):
    line = told.lines[0]
    changed = replace(told, lines=(replace(line, amount=None), *told.lines[1:]))
    (one,) = differences(told, changed)
    assert (one.field, one.unit, one.new) == ("amount", "kWh", None)
    assert Decimal(one.old) == Decimal(line.amount) / 10**6
