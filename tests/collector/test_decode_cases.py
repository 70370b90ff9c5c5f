"""Every decoder against the golden cases in its folder, and the folder itself.

A case is a folder with `payload` and what must become of it: `expected.json`, or `error.txt` where
the whole message is refused. `message.json` says what else came with it, where that matters:
topic, gateway, arrived, properties, zone, and the route's options.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import collector.decode
from collector.decode import DECODERS, Decode, Decoded, Incoming, MessageLimits
from collector.properties import Properties
from metering.localtime import iso, parse_instant

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
    """It never raises; its columns are of one length; each problem can be stored and told."""
    found = read(incoming, LIMITS)
    columns = (found.index, found.points, found.kinds, found.units, found.times, found.values)
    assert len({len(column) for column in columns}) == 1
    assert len(set(found.index)) == len(found.index)
    assert (found.session is None) == (found.seq is None)
    for problem in found.problems:
        assert problem.reason
        assert problem.fix
        (problem.message + problem.value + problem.point).encode("utf-8")
