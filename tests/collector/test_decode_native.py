"""The native decoder: golden cases by folder, and the laws that hold for any payload."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.decode import DECODERS, Decoded, Limits, schema_text
from collector.decode.native import decode
from collector.decode.salvage import salvage
from metering.localtime import iso, parse_instant

ROOT = Path(__file__).parents[1] / "data" / "native"
ARRIVED_US = parse_instant("2026-11-24T08:15:02Z")
LIMITS = Limits()


def written(found: Decoded) -> dict[str, object]:
    """What was decoded, as it stands in expected.json."""
    columns = zip(
        found.index, found.points, found.kinds, found.units, found.times, found.values, strict=True
    )
    return {
        "order": [found.session, found.seq],
        "sent": None if found.sent_us is None else iso(found.sent_us),
        "readings": [
            [index, point, kind, unit, None if time is None else iso(time), value]
            for index, point, kind, unit, time, value in columns
        ],
        "problems": [
            [p.index, p.reason, p.point, f"{p.field} = {p.value}", p.message, p.fix]
            for p in found.problems
        ],
    }


@pytest.mark.parametrize("case", sorted(p.name for p in ROOT.iterdir()))
def test_golden_case(case: str) -> None:
    found = decode((ROOT / case / "payload").read_bytes(), ARRIVED_US, LIMITS)
    error = ROOT / case / "error.txt"
    if error.exists():
        (problem,) = found.problems
        assert (found.index, problem.index) == ([], -1)
        said = f"{problem.field} = {problem.value}"
        lines = [problem.reason, problem.message, said, problem.fix]
        assert error.read_text(encoding="utf-8").splitlines() == lines
    else:
        expected = json.loads((ROOT / case / "expected.json").read_text(encoding="utf-8"))
        assert written(found) == expected


def test_schema_is_the_published_one() -> None:
    published = Path(__file__).parents[2] / "docs" / "schema" / "readings.schema.json"
    assert published.read_text(encoding="utf-8") == schema_text()


def test_what_happens_without_a_time_is_published() -> None:
    assert "time of arrival stands in" in schema_text()


def test_too_long_and_too_many_are_refused_whole() -> None:
    few = Limits(payload_bytes=100, readings=2)
    long = decode(b'{"readings": []}' + b" " * 100, ARRIVED_US, few)
    many = decode(b'{"readings": [1, 2, 3]}', ARRIVED_US, few)
    assert [(p.reason, p.field, p.index) for p in long.problems] == [("bad_message", "payload", -1)]
    assert [(p.reason, p.field, p.index) for p in many.problems] == [
        ("bad_message", "readings", -1)
    ]


def test_status_is_an_object_and_the_rest_is_only_kept() -> None:
    status = DECODERS["status"]
    assert status(b'{"uptime": 5}', ARRIVED_US, LIMITS) == Decoded()
    assert [p.reason for p in status(b"up", ARRIVED_US, LIMITS).problems] == ["bad_json"]
    assert DECODERS["journal_only"](b"\xff", ARRIVED_US, LIMITS) == Decoded()


numbers = st.floats(allow_nan=False, allow_infinity=False)
times = st.one_of(
    st.none(),
    st.integers(946_684_800_000, ARRIVED_US // 1000),
    st.datetimes().map(lambda t: t.replace(year=2010).isoformat(timespec="seconds") + "+08:00"),
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
    quick = decode(payload, ARRIVED_US, LIMITS)
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
    found = decode(json.dumps({"readings": readings}).encode(), ARRIVED_US, LIMITS)
    assert sorted(found.index + [p.index for p in found.problems]) == list(range(len(readings)))


@given(st.binary(max_size=60))
def test_any_bytes_give_readings_or_a_problem(payload: bytes) -> None:
    found = decode(payload, ARRIVED_US, LIMITS)
    assert found.problems or found.index or b"readings" in payload
    for problem in found.problems:
        (problem.message + problem.value + problem.point).encode("utf-8")
