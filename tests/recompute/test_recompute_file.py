"""The exported file: read line by line, refused where it was altered, with field and fix."""

from __future__ import annotations

import json

import pytest

from metering.errors import InvalidInput, NotFound
from recompute import RecomputedBooks, read_file


@pytest.fixture
def world(helpers):
    one = helpers.World(helpers.campus([helpers.meter("m"), helpers.meter("n", "01A00")]), 2)
    times = helpers.quarters(2 * 96 + 1)
    one.push(1, times, [100 + 2.0 * n for n in range(len(times))])
    one.book()
    return one


@pytest.fixture
def file(world, helpers, tmp_path):
    return helpers.sealed(tmp_path / "journal.jsonl", world.lines())


def test_the_file_holds_what_was_registered_and_sent(file, world):
    content = read_file(file)
    assert content.header.institution == "o"
    assert set(content.facts.meters) == {"m", "n"}
    assert len(content.arrivals) == len(world.sent)


def changed(file, number, change):
    lines = file.read_bytes().splitlines(keepends=True)
    lines[number] = change(lines[number])
    file.write_bytes(b"".join(lines))
    return file


@pytest.mark.parametrize(
    ("number", "change", "field"),
    [
        (30, lambda raw: raw.replace(b"100", b"101").replace(b"1", b"2"), "sha256"),
        (30, lambda _: b"", "lines"),
        (-1, lambda _: b"", "end"),
        (-1, lambda raw: raw[:-9], "end"),
    ],
)
def test_an_altered_file_is_refused_with_field_and_fix(file, number, change, field):
    with pytest.raises(InvalidInput) as refused:
        read_file(changed(file, number, change))
    assert refused.value.field == field
    assert refused.value.fix


def test_no_file_is_not_an_empty_one(tmp_path):
    with pytest.raises(NotFound):
        read_file(tmp_path / "none.jsonl")


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("header", "rules", 1),
        ("header", "to", "2026-01-01"),
        ("header", "format", "another"),
        ("meter", "step_min", "15"),
        ("meter", "max_per_hour", "much"),
        ("installation", "ratio", "1/0"),
        ("installation", "ratio", None),
        ("message", "order", [1]),
        ("message", "readings", [[0, "m", "noon", 1.0, None]]),
        ("message", "readings", [[0, "nobody", None, 1.0, None]]),
        ("node", "kind", "riddle"),
    ],
)
def test_a_field_that_cannot_be_read_is_named(world, helpers, tmp_path, kind, field, value):
    lines = list(world.lines())
    line = next(one for one in lines if one["kind"] == kind)
    line[field] = value
    with pytest.raises(InvalidInput) as refused:
        read_file(helpers.sealed(tmp_path / "wrong.jsonl", lines))
    assert refused.value.field == field


def test_a_line_that_is_no_object_is_named(tmp_path, helpers):
    with pytest.raises(InvalidInput, match="line 1"):
        read_file(helpers.sealed(tmp_path / "wrong.jsonl", [json.loads("[1]")]))


def test_a_name_without_its_row_is_told(world, helpers, tmp_path):
    lines = [one for one in world.lines() if one.get("code") != "b"]
    content = read_file(helpers.sealed(tmp_path / "wrong.jsonl", lines))
    with pytest.raises(InvalidInput) as refused:
        RecomputedBooks.of(content)
    assert refused.value.value == "b"


def test_of_two_values_for_a_time_the_higher_order_stands(world, helpers, tmp_path):
    time_us = int(helpers.quarters(96)[40])
    right = world.sent[40][2]
    world.sent[40:41] = [(1, time_us, 9_999.0, 1)]
    world.sent.append((1, time_us, right, 1))
    again = world.recomputed(tmp_path)
    assert helpers.differences(world, again) == []
