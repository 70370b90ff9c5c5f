"""`python -m proofs recompute`: a stranger computes the books again, and finds what was altered.

A platform is fed a month and some days of registers that misbehave. `export journal` writes the
file of each institution; a second implementation computes every figure from it, which must be what
the API tells. Then one reading, one ratio, one price and one formula of the file are altered, each
with a seal that fits again: each must be found by its figures, and without it by the old seal.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from greenoffice.client import ApiClient, read_key
from greenoffice.folder import DataFolder
from greenoffice.replay.publisher import BrokerAddress, Publisher
from greenoffice.stores import open_stores
from metering.errors import InvalidInput
from metering.localtime import day_bounds
from proofs.agree_world import AFTER, GATEWAYS, MONTH, NOW
from proofs.recompute_compare import STEPS, ComparedNumbers, Told, compare, of_answer
from proofs.recompute_world import Stream, files, messages, streams
from proofs.steps import finish, say, settled, started, wait_until
from proofs.steps import run as run_command
from proofs.world_folder import platform_folder
from recompute import RecomputedBooks, RecomputedSeries, read_file
from recompute.story import EventSays

SHOWN = 30
"""Differences that are printed."""
INSTITUTIONS = ("bureau", "court", "mission")
Answers = dict[tuple[RecomputedSeries, str], Told]
"""What /v1/energy told, by series and step."""
Line = dict[str, Any]


@dataclass
class Found:
    """What the proof came to."""

    outcome: ComparedNumbers = field(default_factory=ComparedNumbers)
    series: int = 0
    decisions: Counter[str] = field(default_factory=Counter)
    open_days: int = 0
    """Days asked that are not settled, which nobody computes."""
    found: list[str] = field(default_factory=list)
    """Alterations that the figures showed."""
    told: list[str] = field(default_factory=list)
    """Alterations that the seal told."""


def run_recompute_check(seed: int) -> None:
    """The whole check; exit status 1 unless nothing differs and every alteration is found."""
    began, found = time.monotonic(), Found()
    with tempfile.TemporaryDirectory(prefix="greenoffice-recompute-") as temporary:
        root = Path(temporary)
        say("a platform with three institutions whose registers misbehave")
        folder, passwords = platform_folder(root, NOW, files())
        answers: dict[str, Answers] = {}
        exported: dict[str, Path] = {}
        with started(["up", str(folder.root)]):
            client = _filled(folder, passwords, streams(seed), seed)
            for institution in INSTITUTIONS:
                exported[institution] = _exported(folder, institution, root)
                books = RecomputedBooks.of(read_file(exported[institution]))
                own = _client_of(folder, client, institution, root)
                answers[institution] = _compare(own, books, found)
                _compare_events(folder, institution, books, found.outcome)
        for line in found.outcome.differing[:SHOWN]:
            say(line)
        for name, alter in ALTERATIONS.items():
            _altered(name, alter, exported["bureau"], answers["bureau"], found)
    seconds = round(time.monotonic() - began, 1)
    passed = not found.outcome.differing and found.outcome.compared > 0
    passed = passed and len(found.found) == len(found.told) == len(ALTERATIONS)
    finish({**_result(found), "seed": seed, "seconds": seconds}, passed)


def _result(found: Found) -> dict[str, Any]:
    return {
        "differences": len(found.outcome.differing),
        "compared": found.outcome.compared,
        "series": found.series,
        "decisions": dict(sorted(found.decisions.items())),
        "altered": len(ALTERATIONS),
        "found": len(found.found),
        "told_by_seal": len(found.told),
        "not_tried": {"days_not_settled": found.open_days},
    }


def _filled(
    folder: DataFolder, passwords: dict[str, str], found: Sequence[Stream], seed: int
) -> ApiClient:
    """Publish everything, and wait until all of it is booked."""
    wait_until(
        "the platform to start", lambda: bool(ApiClient.of_folder(folder).health()), every_s=0.2
    )
    mqtt = folder.settings().mqtt
    say(f"publishing {sum(len(one.readings) for one in found)} readings")
    for user in GATEWAYS.values():
        publisher = Publisher(BrokerAddress(mqtt.host, mqtt.port, user, passwords[user]))
        for message in messages(found, user, seed):
            publisher.publish(f"greenoffice/v1/{user}/readings", json.dumps(message).encode())
        publisher.close()
    client = ApiClient.of_folder(folder)
    wait_until("the books to rest", lambda: settled(client))
    return client


def _client_of(folder: DataFolder, client: ApiClient, institution: str, root: Path) -> ApiClient:
    """With a key of the institution: of what moved it reads the days that are its own."""
    secret = root / f"{institution}.key"
    named = ["--name", institution, "--node", institution, "--secret-file", str(secret)]
    run_command("key", "add", str(folder.root), *named)
    return ApiClient(client.base_url, read_key(secret))


def _exported(folder: DataFolder, institution: str, root: Path) -> Path:
    file = root / f"{institution}.jsonl"
    span = ["--from", MONTH.isoformat(), "--to", AFTER.isoformat()]
    data = ["--data", str(folder.root), "--institution", institution]
    say(run_command("export", "journal", str(file), *data, *span).strip())
    return file


def _compare(client: ApiClient, books: RecomputedBooks, found: Found) -> Answers:
    """Figures of an institution; what the API told of the meters' intervals, of days and of months,
    to compare with again."""
    say(f"comparing {books.header.institution}: {len(books.series())} series")
    kept: Answers = {}
    for one in books.series():
        for step in STEPS:
            told = dict(of_answer(step, _asked(client, books, one, step)))
            found.outcome.add(compare(_name(one), told, books.at(one, step)))
            if step in ("day", "month") or (step == "native" and one.kind == "meter"):
                kept[one, step] = told
    found.series += len(books.series())
    found.open_days += len(books.asked) - len(books.days)
    for code in sorted(books.measured):
        found.decisions.update(one.kind for one in books.decisions(code))
    return kept


def _asked(client: ApiClient, books: RecomputedBooks, one: RecomputedSeries, step: str) -> Any:
    first, after = books.days[0], books.days[-1] + timedelta(days=1)
    named = {"meter": one.code} if one.kind == "meter" else {"node": one.code}
    return client.get("/v1/energy", item=one.item, step=step, start=first, end=after, **named)


def _again(books: RecomputedBooks, answers: Answers) -> ComparedNumbers:
    """The figures against what was told before."""
    outcome = ComparedNumbers()
    for (one, step), told in answers.items():
        outcome.add(compare(_name(one), told, books.at(one, step)))
    return outcome


def _name(one: RecomputedSeries) -> str:
    return f"{one.kind} {one.code} {one.item}"


def _compare_events(
    folder: DataFolder, institution: str, books: RecomputedBooks, outcome: ComparedNumbers
) -> None:
    zone = books.facts.zone(institution)
    start, end = day_bounds(books.days[0], zone)[0], day_bounds(books.days[-1], zone)[1]
    events = open_stores(folder).books.events(institution, start, end)
    told = {
        (one.meter, one.kind, one.start_us, one.end_us, one.cost, one.limit, one.value, one.energy)
        for one in events
    }
    own = {
        (code, *span, says.cost, says.limit, says.value, says.energy)
        for code, measured in books.measured.items()
        for span in books.spans(code)
        for says in (measured.says.get(span, EventSays()),)
    }
    outcome.compared += len(told)
    outcome.differing += [f"event {one}" for one in sorted(told ^ own)]


def _altered(
    name: str, alter: Callable[[Line], bool], file: Path, answers: Answers, found: Found
) -> None:
    """One fact of the file is altered: once under the old seal, once under one that fits."""
    for sealed in (False, True):
        other = file.with_name(f"{file.stem}-{name}-{sealed}.jsonl")
        _write(other, _lines(file, alter), sealed=sealed)
        try:
            books = RecomputedBooks.of(read_file(other))
        except InvalidInput as told:
            say(f"{name}: {told}")
            found.told += [name] * (not sealed)
            continue
        differing = _again(books, answers).differing
        if sealed and differing:
            found.found.append(name)
            say(f"{name}: {len(differing)} numbers differ, such as {differing[0]}")


def _lines(file: Path, alter: Callable[[Line], bool]) -> Iterator[bytes]:
    """The lines of a file, the first one that can be altered altered."""
    done = False
    with file.open("rb") as source:
        for raw in source:
            line = json.loads(raw)
            if done or not alter(line):
                yield raw
            else:
                done = True
                yield json.dumps(line, ensure_ascii=False).encode() + b"\n"
    assert done, "nothing to alter"


def _write(file: Path, lines: Iterator[bytes], *, sealed: bool) -> None:
    digest, count = hashlib.sha256(), 0
    with file.open("wb") as into:
        for raw in lines:
            if sealed and json.loads(raw)["kind"] == "end":
                end = {"kind": "end", "lines": count, "sha256": digest.hexdigest()}
                into.write(json.dumps(end).encode() + b"\n")
                return
            into.write(raw)
            digest.update(raw)
            count += 1


def _reading(line: Line) -> bool:
    """A kWh more on one reading of a register in the middle of the month."""
    middle = f"{MONTH:%Y-%m}-15"
    for reading in line.get("readings", ()):
        if reading[1] == "office-ac" and str(reading[2]).startswith(middle):
            reading[3] += 1.0
            return True
    return False


def _ratio(line: Line) -> bool:
    if line["kind"] == "installation" and line["meter"] == "annex-ct":
        line["ratio"] = "41"
        return True
    return False


def _price(line: Line) -> bool:
    if line["kind"] == "price" and line["tariff"] == "grid":
        line["price"] = f"{line['price']}1"
        return True
    return False


def _formula(line: Line) -> bool:
    """A hundredth more of what is let."""
    if line["kind"] == "formula" and line["meter"] == "annex-let":
        line["formula"] = line["formula"].replace("0.62", "0.63")
        return True
    return False


ALTERATIONS: dict[str, Callable[[Line], bool]] = {
    "reading": _reading,
    "ratio": _ratio,
    "price": _price,
    "formula": _formula,
}
