"""Numbers, states and times as devices write them."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.decode import Incoming, MessageLimits, Refusal
from collector.decode.json_object import DEEPEST
from collector.decode.quantity import Quantity
from collector.decode.values import (
    clock_of,
    epoch_of,
    json_of,
    leaves,
    measured,
    number_of,
    state_of,
)
from metering.localtime import iso

NOON = "2026-11-24T04:00:00Z"


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (12, 12.0),
        ("12", 12.0),
        (" -0.5 ", -0.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("007970903", 7970903.0),
        (True, None),
        ("1,5", None),
        ("0x10", None),
        ("nan", None),
        ("inf", None),
        ("١٢", None),
        ("1_000", None),
        ("", None),
        (None, None),
        (10**400, None),
        ("1e999", None),
    ],
)
def test_a_number_is_a_number_or_a_text_that_is_one(value: object, number: float | None) -> None:
    assert number_of(value) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_written_out_is_the_number(number: float) -> None:
    assert number_of(number) == number
    read = number_of(repr(number))
    assert read is None or read == number


@pytest.mark.parametrize(
    ("value", "state"),
    [(True, 1.0), ("ON", 1.0), ("off", 0.0), ("Closed", 0.0), ("auto", None), (1, None)],
)
def test_states(value: object, state: float | None) -> None:
    assert state_of(value) == state


@pytest.mark.parametrize(
    ("written", "zone", "at"),
    [
        ("2026-11-24T12:00:00", "Asia/Shanghai", NOON),
        ("2026-11-24 12:00:00.5", "Asia/Shanghai", "2026-11-24T04:00:00.500000Z"),
        ("2026/11/24 12:00", "Asia/Shanghai", NOON),
        ("20261124120000", "Asia/Shanghai", NOON),
        ("202611241200", "Asia/Shanghai", NOON),
        (20261124120000, "Asia/Shanghai", NOON),
        ("2026-11-24T04:00:00Z", "Asia/Shanghai", NOON),
        ("2026-11-24T12:00:00+08:00", "UTC", NOON),
        ("2026-11-24T12:00:00.123456789+08:00", "UTC", "2026-11-24T04:00:00.123457Z"),
        (1795492800, "UTC", NOON),
        (1795492800000.0, "UTC", NOON),
        ("1795492800000", "UTC", NOON),
        (1795492800_000_000_000, "UTC", NOON),
        ("2026-10-25T02:30:00", "Europe/Berlin", "2026-10-25T00:30:00Z"),
        ("1970-01-01T00:33:28", "UTC", None),
        (1.61, "UTC", None),
        (None, "UTC", None),
        ("", "UTC", None),
    ],
)
def test_times(written: object, zone: str, at: str | None) -> None:
    found = clock_of(written, zone)
    assert (None if found is None else iso(found)) == at


@pytest.mark.parametrize("written", ["2017-01-01T07:59:60", "20170101075960"])
def test_a_leap_second_is_the_start_of_the_next(written: str) -> None:
    found = clock_of(written, "Asia/Shanghai")
    assert found is not None
    assert iso(found) == "2017-01-01T00:00:00Z"
    with pytest.raises(Refusal):
        clock_of(written, "UTC")


@pytest.mark.parametrize("written", ["noon", "2026-13-01T00:00:00", True, [1], "24.11.2026"])
def test_what_is_no_time_is_refused(written: object) -> None:
    with pytest.raises(Refusal) as refused:
        clock_of(written, "UTC")
    assert refused.value.problem.reason == "bad_time"


@given(st.datetimes(datetime(2001, 1, 1), datetime(2199, 1, 1)), st.sampled_from([1, 1e3, 1e6]))
def test_a_count_is_known_by_its_size(moment: datetime, per_second: float) -> None:
    seconds = int(moment.replace(tzinfo=UTC).timestamp())
    assert epoch_of(seconds * per_second) == seconds * 1_000_000


def test_leaves_end_at_some_depth() -> None:
    nested: object = 1
    for _ in range(100):
        nested = {"a": nested}
    assert list(leaves(nested)) == []
    assert list(leaves({"a": [1, {"b": 2}], "c": None})) == [
        (("a", "0"), 1),
        (("a", "1", "b"), 2),
        (("c",), None),
    ]


def test_no_more_is_looked_at_than_a_message_may_hold() -> None:
    incoming, limits = Incoming("", b"", 0), MessageLimits(readings=3)
    endless = (Quantity(str(n), math.pi) for n in iter(int, 1))
    found = measured(endless, incoming, limits, "nothing", "")
    assert len(found.values) == 3
    assert [problem.reason for problem in found.problems] == ["bad_message"]


@pytest.mark.parametrize("left", ["[", '{"a":'])
def test_json_is_as_deep_as_it_may_be_whoever_asks(left: str) -> None:
    right = "]" if left == "[" else "}"

    def told(levels: int) -> str:
        try:
            json_of((left * levels + "1" + right * levels).encode(), MessageLimits())
        except Refusal as refused:
            return refused.problem.message
        return ""

    assert [told(levels) for levels in (1, DEEPEST, DEEPEST + 1, 900, 100_000)] == [
        *("", ""),
        *["not JSON: nested too deep"] * 3,
    ]
