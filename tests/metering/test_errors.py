"""Errors name the field, the value and the fix, and never repeat a megabyte."""

import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering import errors


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
