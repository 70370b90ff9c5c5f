"""The answers of /v1 over the fixed world, byte for byte as they were recorded.

`tests/data/answers/NAME.txt` holds status and body, or the hash of a long one. One that is
missing is written, to be looked at; a recorded one changes only where an answer is meant to.
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

from metering.registry import Registry

FOLDER = Path(__file__).parents[1] / "data" / "answers"
SECRET = re.compile(r'("(?:secret|password|campus/gw-1)":)"[^"]{8,}"')
MOST = 20_000
DAYS = "start=2026-11-22&end=2026-11-24"
FILES = {"tree.csv": "code\nbureau\n"}

ASKED: tuple[tuple[str, str, str, dict[str, object]], ...] = (
    ("nodes", "GET", "/v1/nodes?limit=3", {}),
    ("nodes-of-a-type", "GET", "/v1/nodes?type=datacentre", {}),
    ("node", "GET", "/v1/nodes/canteen", {}),
    ("meters", "GET", "/v1/meters?node=dc", {}),
    ("points", "GET", "/v1/points?limit=3", {}),
    ("points-without-a-meter", "GET", "/v1/points?cursor=WzIwXQ&limit=6", {}),
    ("readings", "GET", "/v1/points/1/readings?limit=2", {}),
    ("readings-count", "GET", "/v1/readings/count", {}),
    ("energy-by-day", "GET", f"/v1/energy?node=office-a&{DAYS}", {}),
    ("energy-by-hour", "GET", "/v1/energy?meter=canteen-01a00&step=hour&start=2026-11-24", {}),
    ("energy-native", "GET", "/v1/energy?meter=office-b-water&step=native&start=2026-11-24", {}),
    ("energy-with-a-gap", "GET", "/v1/energy?node=office-b&start=2026-11-15&end=2026-11-16", {}),
    ("energy-of-coarser-rows", "GET", f"/v1/energy?node=campus&item=02000&step=15min&{DAYS}", {}),
    ("energy-by-month", "GET", "/v1/energy?node=bureau&step=month&start=2026-10-01", {}),
    ("energy-not-known", "GET", "/v1/energy?node=dc&item=01C00&start=2026-11-23", {}),
    ("energy-parts", "GET", f"/v1/energy/parts?node=office-a&{DAYS}", {}),
    ("lineage", "GET", "/v1/energy/lineage?meter=canteen-01a00&time=2026-11-24T01:00:00Z", {}),
    ("lineage-of-a-node", "GET", "/v1/energy/lineage?node=dc&time=2026-11-23T02:00:00Z", {}),
    ("datacentre", "GET", "/v1/datacentre?node=dc", {}),
    ("findings", "GET", "/v1/findings", {}),
    ("findings-by-state", "GET", "/v1/findings?state=open&limit=1", {}),
    ("finding", "GET", "/v1/findings/f-after", {}),
    ("finding-of-a-fault", "GET", "/v1/findings/f-stuck", {}),
    ("acknowledge", "POST", "/v1/findings/f-after/acknowledge", {"json": {"note": "on it"}}),
    (
        "assign",
        "POST",
        "/v1/findings/f-after/assign",
        {"json": {"assignee": "陈工", "note": "schedule"}},
    ),
    ("snooze", "POST", "/v1/findings/f-after/snooze", {"json": {"until": "2026-12-01"}}),
    ("comment", "POST", "/v1/findings/f-after/comment", {"json": {"comment": "ordered"}}),
    ("finding-with-a-life", "GET", "/v1/findings/f-after", {}),
    ("resolve", "POST", "/v1/findings/f-weekend/resolve", {"json": {}}),
    ("assign-what-is-fixed", "POST", "/v1/findings/f-weekend/assign", {"json": {"assignee": "x"}}),
    ("expect", "POST", "/v1/findings/f-weekend/expect", {"json": {"note": "a course"}}),
    ("digest", "GET", "/v1/digest?week=2026-W48", {}),
    ("marks", "GET", "/v1/marks", {}),
    ("learned", "GET", "/v1/learned", {}),
    ("baselines", "GET", "/v1/baselines?limit=2", {}),
    ("baselines-not-checked", "GET", "/v1/baselines?state=not_checked&node=canteen", {}),
    (
        "ask-for-a-baseline",
        "POST",
        "/v1/baselines/canteen-01a00",
        {"json": {"reason": "a new kitchen", "from": "2026-11-01"}},
    ),
    ("baseline", "GET", "/v1/baselines/canteen-01a00", {}),
    ("gateways", "GET", "/v1/gateways", {}),
    ("gateway", "GET", "/v1/gateways/campus/gw-1", {}),
    ("renew-a-password", "POST", "/v1/gateways/campus/gw-1/password", {}),
    ("dead-letters", "GET", "/v1/dead-letters?limit=2", {}),
    ("dead-letter-groups", "GET", "/v1/dead-letters/groups", {}),
    ("dead-letter", "GET", "/v1/dead-letters/1", {}),
    ("message", "GET", "/v1/messages/16777217/7", {}),
    ("ingest", "POST", "/v1/ingest?gateway=campus/gw-1", {"content": b'{"readings": []}'}),
    ("push", "POST", "/v1/ingest/campus/gw-1?event=up", {"content": b"{}"}),
    ("register-events", "GET", "/v1/register-events", {}),
    ("feed", "GET", "/v1/feed?limit=2", {}),
    ("feed-with-history", "GET", "/v1/feed?limit=2&history=1", {}),
    ("restatements", "GET", "/v1/restatements", {}),
    ("books-hash", "GET", "/v1/books/hash?before=2026-11-20", {}),
    ("report", "GET", "/v1/reports/bureau?month=2026-10&format=csv", {}),
    ("report-issues", "GET", "/v1/reports/bureau/2026-10/issues", {}),
    (
        "report-again",
        "POST",
        "/v1/reports/bureau/2026-10/issues",
        {"json": {"reason": "a late price"}},
    ),
    ("report-issues-again", "GET", "/v1/reports/bureau/2026-10/issues", {}),
    ("keys", "GET", "/v1/keys", {"key": "building"}),
    ("make-a-key", "POST", "/v1/keys", {"json": {"name": "guest", "node": "campus"}}),
    ("refused-role", "POST", "/v1/keys", {"json": {"name": "x", "node": ""}, "key": "reader"}),
    ("refused-scope", "GET", "/v1/nodes/hall", {}),
    ("refused-value", "GET", "/v1/energy?node=office-a&step=week", {}),
    ("import-told", "POST", "/v1/registry/import?dry_run=1", {"json": FILES, "key": "whole"}),
    ("import-without-a-reason", "POST", "/v1/registry/import", {"json": FILES, "key": "whole"}),
    ("import-done", "POST", "/v1/registry/import?reason=test", {"json": FILES, "key": "whole"}),
    ("audit", "GET", "/v1/audit?limit=12", {"key": "whole"}),
    ("health", "GET", "/health", {}),
    ("repairs", "GET", "/v1/repairs?state=repair", {}),
    (
        "recompute",
        "POST",
        "/v1/repairs/recompute",
        {"json": {"node": "office-a", "from": "2026-10-01", "to": "2026-10-02"}},
    ),
    (
        "bills-from-a-table",
        "POST",
        "/v1/bills/table?file=bills.csv&dry_run=true",
        {"content": "户号,电费年月,电费,经办\n6600-1,202610,1640,李\n7,202610,1,王\n".encode()},
    ),
    (
        "entries-from-a-table",
        "POST",
        "/v1/entries/table?file=readings.csv",
        {"content": b"meter;time;value\ncanteen-water;2026-11-20;12,5\n"},
    ),
    ("verdicts", "GET", f"/v1/verdicts?node=campus&{DAYS}", {}),
    (
        "history-sent",
        "POST",
        "/v1/history?file=a.csv&dry_run=true&new=true&node=office-a",
        {"content": b"time,canteen (kWh)\n2026-11-20,12.5\n", "key": "whole"},
    ),
    ("history-asked", "GET", "/v1/history/sent0before", {"key": "whole"}),
    ("history-of-others", "GET", "/v1/history/sent0before", {}),
    (
        "recomputing",
        "GET",
        "/v1/repairs/recompute?node=office-a&from=2026-10-01&to=2026-10-02",
        {},
    ),
    ("recomputations", "GET", "/v1/repairs/recomputations", {}),
    (
        "discard-dead-letters",
        "POST",
        "/v1/dead-letters/groups/discard",
        {"json": {"reason": "unknown_point", "why": "tried out"}},
    ),
    (
        "refused-end-of-a-key",
        "POST",
        "/v1/keys/nobody/end",
        {"json": {"expires": "2027-01-01"}},
    ),
)


def reprice(world):
    """A price list that came late: a month then has something to be reported again for."""
    known = world.platform.registry()
    rows = tuple(replace(row, price=row.price + Decimal(1)) for row in known.tariff)
    world.platform.registry_store.apply(Registry(tariff=rows), actor="test", now_us=1)


def told(world, method, path, options):
    """Status and body, without what is drawn at random."""
    given = dict(options)
    headers = {"X-API-Key": world.keys[given.pop("key", "bureau")]}
    answer = world.client.request(method, path, headers=headers, **given)
    text = SECRET.sub(r'\1"shown once"', answer.text)
    known = world.platform.access.keys()
    for key in known:
        text = text.replace(key.id, f"key-{key.name}")
    if len(text) > MOST:
        text = f"sha256 {sha256(text.encode()).hexdigest()}"
    return f"{answer.status_code}\n{text}\n"


def test_answers_are_the_recorded_ones(world):
    missing, changed = [], {}
    for name, method, path, options in ASKED:
        if name == "report-again":
            reprice(world)
        found, file = told(world, method, path, options), FOLDER / f"{name}.txt"
        if not file.exists():
            file.write_text(found, encoding="utf-8", newline="")
            missing.append(name)
        elif file.read_bytes().decode() != found:
            changed[name] = (file.read_bytes().decode(), found)
    assert not missing, f"written, to be looked at: {missing}"
    assert changed == {}


def test_no_recorded_answer_is_left_over():
    assert {file.stem for file in FOLDER.iterdir()} == {name for name, *_ in ASKED}
