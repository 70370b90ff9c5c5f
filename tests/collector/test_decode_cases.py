"""Every decoder against the golden cases in its folder, and the folder itself.

A case is a folder with `payload` and what must become of it: `expected.json`, or `error.txt` where
the whole message is refused. `message.json` says what else came with it, where that matters:
topic, gateway, arrived, properties, zone, and the route's options.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import collector.decode
from collector.decode import DECODERS, Decode, Decoded, Incoming, MessageLimits
from collector.properties import Properties
from metering.localtime import iso, parse_instant
from metering.units import UNITS

HOME = Path(collector.decode.__file__).parent
CASES = sorted(path for name in DECODERS for path in (HOME / name / "cases").glob("*/"))
LIMITS = MessageLimits()
PLAIN = {
    "topic": "greenoffice/v1/s/g/readings",
    "gateway": "s/g",
    "arrived": "2026-11-24T08:15:02Z",
    "zone": "UTC",
}


def incoming(payload: bytes, said: dict[str, Any]) -> Incoming:
    return Incoming(
        said["topic"],
        payload,
        parse_instant(said["arrived"]),
        said["gateway"],
        Properties(**said.get("properties", {})),
        said["zone"],
    )


def written(found: Decoded) -> dict[str, object]:
    """What was decoded, as it stands in expected.json."""
    columns = zip(
        found.index, found.points, found.kinds, found.units, found.times, found.values, strict=True
    )
    answer: dict[str, object] = (
        {} if found.resend is None else {"resend": [found.resend.id, found.resend.has]}
    )
    if found.described:
        answer["described"] = [
            [one.point, one.name, one.unit, one.kind, one.quantity, one.topic, list(one.path)]
            for one in found.described
        ]
    return {
        **answer,
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


@pytest.mark.parametrize("case", CASES, ids=lambda path: f"{path.parents[1].name}/{path.name}")
def test_golden_case(case: Path) -> None:
    about = case / "message.json"
    said = PLAIN | (json.loads(about.read_text(encoding="utf-8")) if about.exists() else {})
    read = DECODERS[case.parents[1].name].reader(said.get("options", {}))
    found = read(incoming((case / "payload").read_bytes(), said), LIMITS)
    error = case / "error.txt"
    if error.exists():
        (problem,) = found.problems
        assert (found.index, problem.index) == ([], -1)
        stated = f"{problem.field} = {problem.value}"
        lines = [problem.reason, problem.message, stated, problem.fix]
        assert error.read_text(encoding="utf-8").splitlines() == lines
    else:
        expected = json.loads((case / "expected.json").read_text(encoding="utf-8"))
        assert written(found) == expected


@pytest.mark.parametrize("name", DECODERS)
def test_a_decoders_folder_says_what_it_takes(name: str) -> None:
    readme = (HOME / name / "README.md").read_text(encoding="utf-8")
    headings = [line for line in readme.splitlines() if line.startswith("#")]
    fixed = [f"# {name}", "## Format", "## Units", "## Times", "## Refused"]
    assert headings in (fixed, [*fixed, "## Unsupported"])
    for topic in DECODERS[name].topics:
        assert f"`{topic}`" in readme
    assert list((HOME / name / "cases").glob("*/payload"))


@pytest.mark.parametrize("name", [name for name, one in DECODERS.items() if one.suits])
def test_a_family_is_recognised_by_what_its_cases_are_and_by_no_other_family(name: str) -> None:
    cases = [one for one in CASES if one.parents[1].name == name]
    known = [case for case in cases if name in suiting(case)]
    assert known
    assert {other for case in known for other in suiting(case)} == {name}


def suiting(case: Path) -> set[str]:
    about = case / "message.json"
    said = PLAIN | {"topic": "any"}
    said |= json.loads(about.read_text(encoding="utf-8")) if about.exists() else {}
    message = incoming((case / "payload").read_bytes(), said)
    return {name for name, one in DECODERS.items() if one.suits and one.suits(message)}


def test_every_folder_stands_in_the_table() -> None:
    folders = {path.name for path in HOME.iterdir() if path.is_dir()} - {"__pycache__"}
    assert folders == set(DECODERS)


messages = st.builds(
    Incoming,
    topic=st.text(max_size=20),
    payload=st.binary(max_size=60) | st.text(max_size=30).map(str.encode),
    arrived_us=st.integers(0, 2**51),
    gateway=st.just("s/g"),
    properties=st.builds(Properties, content_type=st.text(max_size=10), is_text=st.booleans()),
    zone=st.sampled_from(["UTC", "Asia/Shanghai"]),
)


@pytest.mark.parametrize("read", [one.reader({}) for one in DECODERS.values()], ids=list(DECODERS))
@given(incoming=messages)
def test_any_message_gives_columns_and_problems(read: Decode, incoming: Incoming) -> None:
    check_form(read(incoming, LIMITS))


def check_form(found: Decoded) -> None:
    """Its columns are of one length; each problem can be stored and told."""
    columns = (found.index, found.points, found.kinds, found.units, found.times, found.values)
    assert len({len(column) for column in columns}) == 1
    assert len(set(found.index)) == len(found.index)
    assert (found.session is None) == (found.seq is None)
    for problem in found.problems:
        assert problem.reason
        assert problem.fix
        (problem.message + problem.value + problem.point).encode("utf-8")


@pytest.mark.parametrize("name", DECODERS)
@given(data=st.data())
def test_a_message_that_is_nearly_right_gives_columns_and_problems(
    name: str, data: st.DataObject
) -> None:
    """Golden cases with something else in one place: of another type, absent, or far too large."""
    case = data.draw(st.sampled_from([one for one in CASES if one.parents[1].name == name]))
    about = case / "message.json"
    said = PLAIN | (json.loads(about.read_text(encoding="utf-8")) if about.exists() else {})
    payload = data.draw(mutated((case / "payload").read_bytes()))
    found = DECODERS[name].reader(said.get("options", {}))(incoming(payload, said), LIMITS)
    check_form(found)
    assert all(math.isfinite(value) for value in found.values if name != "entered")
    if name not in SAY_UNITS:
        assert {unit for unit in found.units if unit is not None} <= set(UNITS)


SAY_UNITS = {
    *("native", "entered", "loaded", "home_assistant", "senml", "acrel", "csv_lines", "mapping"),
}
"""Families whose payloads say a unit: it is handed on as it stands, and refused where unknown."""
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["", "1e999", "20261399990000", "1970-01-01T00:00:00", "ON", "\ud800", [], {}]),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=3),
)


@st.composite
def mutated(draw: st.DrawFn, payload: bytes) -> bytes:
    """A payload with one value changed, where it is JSON; else with some of its bytes changed."""
    try:
        told = json.loads(payload.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        place = draw(st.integers(0, len(payload)))
        return payload[:place] + draw(st.binary(max_size=4)) + payload[place + 1 :]
    holders = [one for one in walk(told) if one]
    if not holders:
        return json.dumps(draw(ODD)).encode()
    holder = draw(st.sampled_from(holders))
    key = draw(st.sampled_from(range(len(holder)) if isinstance(holder, list) else sorted(holder)))
    if draw(st.booleans()):
        holder[key] = draw(ODD)
    else:
        del holder[key]
    return json.dumps(told).encode()


def walk(value: Any) -> Iterator[Any]:
    """Every list and object of a JSON value, itself first."""
    if isinstance(value, dict | list):
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from walk(inner)
