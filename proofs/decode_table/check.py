"""A line of payloads after another through the decoders, and what came of each family.

agreeing      all that others read of it is among our readings
explained     no measurement, and its dead letter says so; or nobody says what it should be,
              and it was read; or what lacks was refused for its time, and said so
disputed      the other side says what the device does not; see `disputes`
unsupported   a dead letter of a model that the family's README names under that heading
wrong         anything else
"""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import collector.decode
from greenoffice.clock import ShiftedClock
from greenoffice.decoding import DecodeOptions, of_line
from proofs.decode_table.disputes import dispute_of, right_to_refuse
from proofs.decode_table.expected import Needed, expectation
from proofs.decode_table.matching import missing
from proofs.steps import data_folder_with_recordings, finish, say

FILE = "gateway_payloads/payloads.jsonl.gz"
HONEST = frozenset({"not_a_measurement"})
"""Reasons that say that a message holds no measurement."""
NOT_READ = frozenset({"decoder_failed", "unknown_topic", "ambiguous"})
"""Reasons that say nothing of what a broken message holds: no decoder has looked at it."""
ABSURD = frozenset({"old_time", "future_time"})
"""Reasons for which a reading with an absurd time is refused beside good ones."""
MOST_UNSUPPORTED = 0.05
"""Of a family's payloads."""


@dataclass(frozen=True)
class Judgement:
    """What became of one line."""

    name: str
    """agreeing, explained, disputed, unsupported or wrong."""
    why: str = ""


def run_decode_table(*, listed: bool) -> None:
    """Prints the table as one line of JSON, and before it each wrong line where asked to."""
    file = data_folder_with_recordings() / FILE
    if not file.is_file():
        say(f"skipped: no {FILE} in {data_folder_with_recordings()} (GREENOFFICE_DATA)")
        finish({"skipped": f"no {FILE}"}, True)
    table: dict[str, dict[str, int]] = {}
    about = DecodeOptions(at_us=ShiftedClock().now_us())
    for line in _lines(file):
        told = of_line(line, about)
        outcome = judged(line, told)
        row = table.setdefault(str(line.get("family")), _row())
        row["payloads"] += 1
        row["decoded"] += bool(told.get("readings"))
        row[outcome.name] += 1
        if listed and outcome.name in ("wrong", "disputed"):
            about_it = f"{line.get('id')} {line.get('family')} {_model(line)}"
            say(f"{outcome.name} {about_it}: {outcome.why}")
    passed = all(
        not row["wrong"] and row["unsupported"] <= MOST_UNSUPPORTED * row["payloads"]
        for row in table.values()
    )
    finish({"families": dict(sorted(table.items())), "total": _total(table)}, passed)


def judged(line: dict[str, Any], told: dict[str, Any]) -> Judgement:
    """What became of a line, by what it expects."""
    expected = expectation(line.get("expected"), line.get("expected_kind"))
    reason = told.get("dead_letter")
    if expected is None:
        return _unexpected(line, told)
    if expected.refused and not reason:
        return Judgement("wrong", "read, though it is broken")
    if expected.refused and reason not in NOT_READ:
        return Judgement("explained")
    if reason and not expected.numbers and reason in HONEST:
        return Judgement("explained")
    if reason and (cause := right_to_refuse(_device(line), reason, expected.numbers)):
        return Judgement("disputed", cause)
    if reason:
        named = _unsupported(line, told)
        return Judgement("unsupported" if named else "wrong", f"{reason}: {told['message']}")
    lacking = missing(expected.numbers, told["readings"])
    if not lacking:
        return Judgement("agreeing")
    late = Counter(map(_own, _refused_for_their_time(told)))
    causes = [_cause(line, one, told, late) for one in lacking]
    if None not in causes:
        why = "; ".join(sorted({one for one in causes if one}))
        return Judgement("disputed", why) if why else Judgement("explained")
    texts = [f"{one.name} = {one.value:.9g} {one.unit or ''}".strip() for one in lacking]
    return Judgement("wrong", f"not among the readings: {', '.join(texts)}")


def _cause(
    line: dict[str, Any], need: Needed, told: dict[str, Any], late: Counter[str]
) -> str | None:
    """Why it lacks, '' where it was refused for its time; None where nothing says so. Each reading
    that was refused stands for one number, and is taken off `late`."""
    disputed = dispute_of(_device(line), need, told["readings"])
    if disputed:
        return disputed
    if not late[_own(need.name)]:
        return None
    late[_own(need.name)] -= 1
    return ""


def _own(name: str) -> str:
    return name.rpartition(".")[2]


def _refused_for_their_time(told: dict[str, Any]) -> list[str]:
    """The names of readings that were refused because their time is absurd."""
    problems = told.get("problems", ())
    return [str(one.get("name", "")) for one in problems if one["dead_letter"] in ABSURD]


def _unexpected(line: dict[str, Any], told: dict[str, Any]) -> Judgement:
    """Nobody says what it should be: read, or refused for a reason that says what it is."""
    reason = told.get("dead_letter")
    if reason and (cause := right_to_refuse(_device(line), reason, ())):
        return Judgement("disputed", cause)
    broken = "malformed" in str(line.get("realness"))
    if reason is None and told["readings"]:
        return Judgement("explained")
    if reason == "unknown_device" and not _model(line):
        return Judgement("explained")
    if reason in HONEST or (broken and reason and reason not in NOT_READ):
        return Judgement("explained")
    if reason is not None and _unsupported(line, told):
        return Judgement("unsupported")
    return Judgement("wrong", f"{reason}: {told['message']}" if reason else "no reading, no reason")


def _model(line: dict[str, Any]) -> str:
    """The model of a line's device, as whoever recorded it says."""
    extra = line.get("extra") or {}
    words = str(extra.get("args") or "").split()
    return str(extra.get("device") or (words[1] if len(words) > 1 else ""))


def _device(line: dict[str, Any]) -> str:
    """What disputes call its device: the model, else the line's id."""
    return _model(line) or str(line.get("id"))


def _unsupported(line: dict[str, Any], told: dict[str, Any]) -> bool:
    """Whether the README of the family names the line's model under `## Unsupported`."""
    family, model = told.get("family"), _model(line)
    if not family or not model:
        return False
    readme = Path(collector.decode.__file__).parent / family / "README.md"
    section = readme.read_text(encoding="utf-8").partition("\n## Unsupported\n")[2]
    return model.lower() in re.findall(r"`([^`]+)`", section.partition("\n## ")[0].lower())


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(file, "rt", encoding="utf-8") as rows:
        for row in rows:
            yield json.loads(row)


def _row() -> dict[str, int]:
    names = ("payloads", "decoded", "agreeing", "explained", "disputed", "unsupported", "wrong")
    return dict.fromkeys(names, 0)


def _total(table: dict[str, dict[str, int]]) -> dict[str, int]:
    return {name: sum(row[name] for row in table.values()) for name in _row()}
