"""The months after a report: a finding is resolved, the clock goes on, analytics looks again, a
price is edited, a reading comes late. Issue 1 stays; issue 2 names what differs."""

from __future__ import annotations

import hashlib
import re
import urllib.parse
import urllib.request
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from greenoffice.client import ApiClient, read_key
from greenoffice.demo.options import INSTITUTION
from greenoffice.folder import DataFolder
from metering.errors import NotFound
from metering.localtime import day_bounds, iso
from proofs.steps import run, say, settled, started, wait_until
from reports import FORMATS, LANGUAGES

LATER_DAYS: Final = 92
ZONE: Final = "Asia/Shanghai"
OLD_PRICE, NEW_PRICE = ",peak,1.10,", ",peak,2.05,"
REASON: Final = "电价调整，迟到读数 (price list and a late reading)"
CAUSES: Final = {"price", "restatement", "finding"}
"""Kinds of differences that what happened must leave; lines follow from them."""
Files = dict[tuple[str, str], str]
"""SHA-256 of what was told, by language and format."""


@dataclass(frozen=True)
class ToldIssue:
    """An issue as the API told it."""

    hashes: frozenset[str]
    files: Files
    size: int
    """Bytes of all its files, the JSON counted once."""


def ask(folder: DataFolder, month: date, issue: int | None = None) -> ToldIssue:
    """The month's report in all languages and formats."""
    hashes, files, sizes = set(), {}, {}
    for language in LANGUAGES:
        for format in FORMATS:
            data, content_hash = _file(folder, month, language, format, issue)
            hashes.add(content_hash)
            files[language, format] = hashlib.sha256(data).hexdigest()
            sizes["" if format == "json" else language, format] = len(data)
    return ToldIssue(frozenset(hashes), files, sum(sizes.values()))


def resolve_a_finding(client: ApiClient, month: date) -> int:
    """Resolve one finding that the month's issue 1 shows; how many were."""
    (issue,) = client.get(_issues(month))["data"]
    for id, state in issue["pins"]["findings"].items():
        try:
            if state == "open":
                number = id.rpartition("/")[2]  # a part of another case is told as 5/7
                client.post(f"/v1/findings/{number}/fix", {"note": "schedule put right"})
                return 1
        except NotFound:
            continue
    return 0


def months_later(folder: DataFolder, month: date, before: ToldIssue) -> dict[str, Any]:
    """All of it, with the platform started again on a later clock; what came of it."""
    say(f"{LATER_DAYS} days later")
    _move_clock(folder, LATER_DAYS)
    with started(["up", str(folder.root)]):
        client = ApiClient.of_folder(folder)
        wait_until("the platform to start", lambda: bool(client.health()))
        _push_late_reading(client, month)
        _edit_a_price(folder)
        _wait_for_rest(folder, client)
        again = ask(folder, month)
        told = _by_command(folder, month)
        say("issue 2")
        issue = client.post(_issues(month), {"reason": REASON})
        kept = ask(folder, month, 1)
        latest = ask(folder, month)
    kinds = Counter(one["kind"] for one in issue["differences"])
    same = again == kept == before and told == before.files["en", "csv"]
    return {
        "issue_1_same": same,
        "issue_1_hash": min(before.hashes),
        "issue_2_hash": issue["content_hash"],
        "issue_2_differences": len(issue["differences"]),
        "issue_2_kinds": dict(sorted(kinds.items())),
        "issue_2_differs": latest.hashes == {issue["content_hash"]} != before.hashes,
        "kept_bytes": before.size,
    }


def passed(later: dict[str, Any]) -> bool:
    """Issue 1 stood, and issue 2 names lines and every cause."""
    kinds = set(later["issue_2_kinds"])
    return bool(later["issue_1_same"] and later["issue_2_differs"] and kinds >= {*CAUSES, "line"})


def _issues(month: date) -> str:
    return f"/v1/reports/{INSTITUTION}/{month:%Y-%m}/issues"


def _file(
    folder: DataFolder, month: date, language: str, format: str, issue: int | None
) -> tuple[bytes, str]:
    query = {"month": f"{month:%Y-%m}", "format": format, "language": language}
    if issue is not None:
        query["issue"] = str(issue)
    http = folder.settings().http
    request = urllib.request.Request(
        f"http://{http.host}:{http.port}/v1/reports/{INSTITUTION}?{urllib.parse.urlencode(query)}",
        headers={"Authorization": f"Bearer {read_key(folder.admin_key)}"},
    )
    with urllib.request.urlopen(request, timeout=300) as answer:  # noqa: S310
        return bytes(answer.read()), str(answer.headers["X-Content-Hash"])


def _by_command(folder: DataFolder, month: date) -> str:
    """The SHA-256 of issue 1 as the command line writes it beside the running platform."""
    file = folder.root.parent / "issue-1.csv"
    options = ["--format", "csv", "--language", "en", "--issue", "1", "--output", str(file)]
    run("report", INSTITUTION, f"{month:%Y-%m}", "--data", str(folder.root), *options)
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _move_clock(folder: DataFolder, days: int) -> None:
    text = folder.settings_file.read_text(encoding="utf-8")
    offset_s = folder.settings().clock.offset_s + days * 86_400
    text, count = re.subn(r"(?m)^offset_s = .*$", f"offset_s = {offset_s:.6f}", text)
    assert count == 1, "the demo's settings set no clock"
    folder.settings_file.write_text(text, encoding="utf-8")


def _push_late_reading(client: ApiClient, month: date) -> None:
    """A register of the month's 16th at midnight, read again: it stood half a slot lower."""
    meter = next(one for one in client.pages("/v1/meters", limit=1000) if one["item"] == "01B00")
    points = client.get("/v1/points", meter=meter["code"])["data"]
    point = next(one for one in points if one["kind"] == "register")
    midnight_us = day_bounds(month.replace(day=16), ZONE)[0]
    start, end = iso(midnight_us - 7_200_000_000), iso(midnight_us + 1)
    read = client.get(f"/v1/points/{point['id']}/readings", start=start, end=end)["data"]
    before, last = read[-2:]
    value = (before["value"] + last["value"]) / 2
    reading = {"point": point["name"], "time": last["time"], "value": value}
    say(f"late: {meter['code']} at {last['time']}, {last['value']} -> {value}")
    answer = client.post("/v1/ingest", {"readings": [reading]}, gateway=point["gateway"])
    assert not answer["refused"], answer
    place = f"/v1/points/{point['id']}/readings"
    wait_until(
        "the late reading to be stored",
        lambda: bool(client.get(place, start=start, end=end)["data"][-1]["value"] == value),
    )


def _edit_a_price(folder: DataFolder) -> None:
    """The demo's peak price in the files it was registered from."""
    source = folder.root.parent / "edited"
    source.mkdir()
    campus = Path(__file__).parents[1] / "simulators" / "campus" / "tariff.csv"
    text = campus.read_text(encoding="utf-8")
    assert OLD_PRICE in text, "the demo's tariff has no such price"
    (source / "tariff.csv").write_text(text.replace(OLD_PRICE, NEW_PRICE), encoding="utf-8")
    why = ("--reason", "the supplier's price was entered wrongly", "--yes")
    run("registry", "import", str(source), "--data", str(folder.root), *why)


def _wait_for_rest(folder: DataFolder, client: ApiClient) -> None:
    """Until everything is booked, and analytics has looked at it since."""
    since_us = folder.clock().now_us()
    wait_until("the books to rest", lambda: settled(client))
    booked_us = folder.clock().now_us()
    wait_until(
        "analytics to look again",
        lambda: bool(client.health()["analytics"]["began_us"] > booked_us),
    )
    say(f"rested {timedelta(microseconds=booked_us - since_us)}")
