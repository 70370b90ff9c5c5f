"""`python -m proofs fault-ingest`: what was acknowledged is stored, or a dead letter.

Gateways send messages of unique numbers over every way in at once, and again what is not
acknowledged, while one fault after another befalls the platform. After each, and once more in the
end, every acknowledged number is looked for.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from metering.errors import InvalidInput
from proofs.fault_ingest.faults import FAULTS, IngestFault
from proofs.fault_ingest.judge import WayVerdict
from proofs.fault_ingest.scene import WayFeed, WaysScene, ingest_scene, servers_lacking
from proofs.fault_ingest.ways import WAYS
from proofs.steps import finish, say

_SHOWN: Final = 20


def run_fault_ingest(only: str) -> None:
    """Every fault over every way, or those whose `WAY/FAULT` holds `only`, either part of which
    may be empty; exit status 1 where anything is missing or there twice, or was not tried."""
    way, _, fault = only.partition("/")
    chosen = [name for name in WAYS if way in name]
    faults = [one for one in FAULTS if fault in one.name]
    if not chosen or not faults:
        raise InvalidInput(
            "no such way or fault",
            field="only",
            value=only,
            fix=f"WAY/FAULT, of {', '.join(WAYS)} and {', '.join(one.name for one in FAULTS)}",
        )
    lacking = servers_lacking()
    not_tried = {name: lacking[name] for name in chosen if name in lacking}
    ways = [name for name in chosen if name not in lacking]
    rows: dict[str, dict[str, Any]] = {name: {} for name in ways}
    with tempfile.TemporaryDirectory(prefix="greenoffice-fault-ingest-") as root:
        if ways:
            with ingest_scene(Path(root), ways) as scene:
                here = lacking | ({} if scene.on_small_disk else {"disk": "no disk can be mounted"})
                for one in faults:
                    if one.needs in here:
                        not_tried[one.name] = here[one.needs]
                    else:
                        _try(scene, one, rows)
                whole = _row_each(scene, list(scene.feeds.values()), {})
                for name, row in whole.items():
                    rows[name]["after all"] = row
    passed = bool(ways) and all(row["ok"] for found in rows.values() for row in found.values())
    sums = {
        name: sum(row[name] for found in rows.values() for row in found.values())
        for name in ("missing", "duplicated")
    }
    names = {one.name for one in faults}
    spared = {
        name: {fault: why for fault, why in WAYS[name].spared.items() if fault in names}
        for name in ways
    }
    result = {
        "ways": rows,
        "not_applicable": spared,
        "not_tried": not_tried,
        "tried_ok": passed,
        **sums,
    }
    finish(result, passed and not not_tried)


def _try(scene: WaysScene, fault: IngestFault, rows: dict[str, dict[str, Any]]) -> None:
    """Let one fault befall the ways that it can."""
    everything = dict(scene.feeds)
    feeds = [feed for name, feed in everything.items() if fault.name not in WAYS[name].spared]
    if not feeds:
        return
    say(f"{fault.name}: {', '.join(feed.name for feed in feeds)}")
    began, seen = time.monotonic(), dict[str, Any]()
    scene.feeds = {feed.name: feed for feed in feeds}
    first = {feed.name: len(feed.messages) for feed in feeds}
    try:
        for feed in feeds:
            feed.pump()
        seen = fault.befalls(scene) or {}
        for feed in feeds:
            feed.rest()
        scene.settle()
    except Exception as failed:  # told in its row, and the next fault is tried
        seen = {"error": str(failed) or type(failed).__name__}
        say(f"  {seen['error'][:2000]}")
        _mended(scene, feeds)
    finally:
        scene.feeds = everything
    seen["took_s"] = round(time.monotonic() - began, 1)
    for name, row in _row_each(scene, feeds, first).items():
        rows[name][fault.name] = row | seen | {"ok": row["ok"] and "error" not in seen}
        say(f"  {name}: {rows[name][fault.name]}")


def _mended(scene: WaysScene, feeds: Sequence[WayFeed]) -> None:
    scene.mend()
    for feed in feeds:
        feed.rest()
    scene.settle()


def _row_each(
    scene: WaysScene, feeds: Sequence[WayFeed], first: dict[str, int]
) -> dict[str, dict[str, Any]]:
    """The row of each way, of its messages from a number on."""
    return {
        feed.name: row_of(feed.judged(scene.kept(feed.name), first.get(feed.name, 0)))
        for feed in feeds
    }


def row_of(verdict: WayVerdict) -> dict[str, Any]:
    """The counts of one way and fault."""
    row: dict[str, Any] = {
        "acknowledged": verdict.acknowledged,
        "stored": verdict.stored,
        "dead_letters": verdict.dead_letters,
        "missing": len(verdict.missing),
        "duplicated": verdict.duplicated,
    }
    for name in ("missing", "wrongly_refused"):
        if numbers := getattr(verdict, name):
            row[f"numbers_{name}"] = list(numbers[:_SHOWN])
    row["ok"] = not (verdict.missing or verdict.duplicated or verdict.wrongly_refused)
    return row
