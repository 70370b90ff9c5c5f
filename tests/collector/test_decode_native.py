"""The native decoder: its published schema, and the laws that hold for any payload."""

import json
from datetime import datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from collector.decode import DECODERS, Decoded, Incoming, MessageLimits
from collector.decode.native.salvage import salvage
from collector.decode.native.schema import schema_text
from metering.localtime import parse_instant

ARRIVED_US = parse_instant("2026-11-24T08:15:02Z")
LIMITS = MessageLimits()


def decode(payload: bytes, limits: MessageLimits = LIMITS) -> Decoded:
    incoming = Incoming("greenoffice/v1/s/g/readings", payload, ARRIVED_US, "s/g")
    return DECODERS["native"].reader({})(incoming, limits)


def test_schema_is_the_published_one() -> None:
    published = Path(__file__).parents[2] / "docs" / "schema" / "readings.schema.json"
    assert published.read_text(encoding="utf-8") == schema_text()


def test_what_happens_without_a_time_is_published() -> None:
    assert "time of arrival stands in" in schema_text()


def test_too_long_and_too_many_are_refused_whole() -> None:
    few = MessageLimits(payload_bytes=100, readings=2)
    long = decode(b'{"readings": []}' + b" " * 100, few)
    many = decode(b'{"readings": [1, 2, 3]}', few)
    assert [(p.reason, p.field, p.index) for p in long.problems] == [("bad_message", "payload", -1)]
    assert [(p.reason, p.field, p.index) for p in many.problems] == [
        ("bad_message", "readings", -1)
    ]


numbers = st.floats(allow_nan=False, allow_infinity=False)
times = st.one_of(
    st.none(),
    st.integers(946_684_800_000, ARRIVED_US // 1000),
    st.datetimes(datetime(2008, 1, 1), datetime(2012, 12, 31)).map(
        lambda t: t.isoformat(timespec="seconds") + "+08:00"
    ),
)
readings = st.fixed_dictionaries(
    {"point": st.text("abcxyz.01/电", min_size=1, max_size=20), "value": numbers},
    optional={
        "time": times,
        "kind": st.sampled_from(["register", "state", None]),
        "unit": st.none(),
    },
)
messages = st.fixed_dictionaries(
    {"readings": st.lists(readings, max_size=5)},
    optional={"time": times, "sent": times},
)


@given(messages)
def test_both_ways_of_reading_agree(message: dict[str, object]) -> None:
    payload = json.dumps(message).encode()
    quick = decode(payload)
    assert quick.problems == []
    assert quick == salvage(payload, ARRIVED_US, LIMITS)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
fields = st.sampled_from(["point", "value", "time", "kind", "unit", "session", "other"])


@given(st.lists(st.dictionaries(fields, json_values, max_size=5) | json_values, max_size=4))
def test_every_reading_is_taken_or_a_problem(readings: list[object]) -> None:
    found = decode(json.dumps({"readings": readings}).encode())
    assert sorted(found.index + [p.index for p in found.problems]) == list(range(len(readings)))


@given(st.binary(max_size=60))
def test_any_bytes_give_readings_or_a_problem(payload: bytes) -> None:
    found = decode(payload)
    assert found.problems or found.index or b"readings" in payload
    for problem in found.problems:
        (problem.message + problem.value + problem.point).encode("utf-8")
