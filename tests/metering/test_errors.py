"""Errors name the field, the value and the fix, and never repeat a megabyte."""

import inspect
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering import errors
from metering.statement import EvidenceFile


def all_errors():
    return [
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, errors.GreenOfficeError)
    ]


def test_every_error_has_a_code_of_its_own():
    codes = [kind.code for kind in all_errors()]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("kind", all_errors())
def test_the_tree_in_the_docstring_names_every_error(kind):
    assert kind.__name__ in errors.__doc__


def test_an_error_reads_as_a_sentence_with_field_value_and_fix():
    told = errors.InvalidInput("unknown unit", field="unit", value="kwh", fix="use kWh")
    assert str(told) == "unknown unit (unit = 'kwh') - use kWh"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Decimal("-5"), "-5"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1E+999999"), "1E+999999"),
        (Decimal("NaN"), "NaN"),
        (Decimal("1." + "1" * 500), "1." + "1" * 117 + "…"),
        (b"<html>secret", "12 bytes"),
        (7, "7"),
    ],
)
def test_a_value_is_quoted_as_people_write_it(value, shown):
    assert errors.quoted(value) == shown
    assert str(errors.InvalidInput("no", field="value", value=value)) == f"no (value = {shown})"


def test_what_is_no_evidence_is_not_repeated():
    with pytest.raises(errors.InvalidInput) as refused:
        EvidenceFile.of(b"<html>secret")
    assert refused.value.value == "12 bytes"
    assert "secret" not in str(refused.value)


@given(st.one_of(st.text(), st.binary(), st.lists(st.integers())), st.integers(2, 200))
def test_shown_values_are_short(value, limit):
    shown = errors.shorten(value, limit)
    assert len(shown) <= limit
    assert shown == repr(value) or shown.endswith("…")


def test_problems_of_files_are_all_listed():
    problems = [
        errors.FileProblem("meters.csv", 3, "item", "1000", "not an item code", "use 01000"),
        errors.FileProblem("tree.csv", 0, "file", "", "is empty", "add a header"),
    ]
    text = str(errors.InvalidFiles(problems))
    assert "meters.csv:3: item = '1000'" in text
    assert "tree.csv: file" in text
    assert "2 problem(s), nothing imported" in text
