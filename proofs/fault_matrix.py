"""Every fault that meters and gateways show, on plants whose energy is known: are the books right?

Our own cases (`proofs/faults`) and recorded ones, each booked in one piece, in random batches with
restarts, and again from the messages.
"""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from proofs.faults.cases import all_cases
from proofs.faults.judge import FaultVerdict, judge
from proofs.faults.platform import NotExpressible, ways
from proofs.faults.recorded import folder, recorded_entry, recorded_files
from proofs.steps import finish, say

PROCESSES = 2
LEAST_CASES = 150
Entry = dict[str, Any]


def run_fault_matrix(only: str, seed: int, *, details: bool = False) -> None:
    """All cases whose name holds `only`; prints the table, fails where one case does."""
    own = [name for name in all_cases() if only in name]
    files = [file for file in recorded_files() if only in f"recorded: {file.stem}"]
    say(f"{len(own)} cases of our own, {len(files)} recorded in {folder()}")
    found = _all(
        [*(partial(own_entry, name, seed) for name in own), *(partial(_recorded, f) for f in files)]
    )
    result = tally(found)
    for one in result["results"]:
        if not one["ok"] or details:
            say(f"{'sound ' if one['ok'] else 'FAILED'} {one['name']}: {one.get('words', '')}")
    enough = bool(only) or result["cases"] >= LEAST_CASES
    finish(result | {"seed": seed, "recorded": len(files)}, enough and not result["failed"])


def tally(found: Sequence[Entry]) -> dict[str, Any]:
    """The line of JSON of all entries."""
    tried = [one for one in found if one["ok"] is not None]
    failed = [one["name"] for one in tried if not one["ok"]]
    return {
        "cases": len(tried),
        "failed": len(failed),
        "failing": failed,
        "kinds": dict(sorted(Counter(one["kind"] for one in tried).items())),
        "not_expressible": [
            {"name": one["name"], "why": one["why"]} for one in found if one["ok"] is None
        ],
        "not_tried": [] if recorded_files() else [f"recorded cases: none in {folder()}"],
        "results": tried,
    }


def own_entry(name: str, seed: int) -> Entry:
    """What the matrix says of one of our own cases."""
    case = all_cases()[name]()
    entry: Entry = {"name": name, "kind": case.kind}
    verdicts: list[FaultVerdict] = []
    hashes, whys, words = set(), set(), []
    try:
        for way in ways(case, seed):
            verdict, because = judge(case, way.told)
            verdicts.append(verdict)
            hashes.add(way.hash)
            whys |= because
            words += [f"{way.name}: {one}" for one in verdict.words]
    except NotExpressible as refused:
        return entry | {"ok": None, "why": str(refused)[:300]}
    except Exception as broken:  # a failure of the platform is a result
        place = traceback.extract_tb(broken.__traceback__)[-1]
        told = f"{type(broken).__name__} in {Path(place.filename).name}:{place.lineno}: {broken}"
        return entry | {"ok": False, "words": told[:300]}
    worst = max(verdicts, key=lambda one: (one.error, one.wrong, one.lost, one.bound))
    one_hash = len(hashes) == 1
    return entry | {
        "ok": one_hash and all(one.sound for one in verdicts),
        "energy_error_kwh": round(max(one.error for one in verdicts) / 1000, 6),
        **({"energy_bound_kwh": round(worst.bound / 1000, 6)} if worst.doubted else {}),
        **({"doubted_kwh": round(worst.doubted / 1000, 6)} if worst.doubted else {}),
        **({"because": sorted(whys)} if whys else {}),
        "measured_wrong_slots": max(one.wrong for one in verdicts),
        "measured_lost_slots": max(one.lost for one in verdicts),
        "profile_error_percent": round(
            max(100 * one.off / one.true if one.true else one.off for one in verdicts), 4
        ),
        **({"cost_error": str(max(one.cost_error for one in verdicts))} if case.prices else {}),
        "one_hash": one_hash,
        **({"words": words[:4]} if words else {}),
    }


def _recorded(file: Path) -> Entry:
    return recorded_entry(file)


def _all(tasks: Sequence[Callable[[], Entry]]) -> list[Entry]:
    found = []
    with ProcessPoolExecutor(PROCESSES) as pool:
        for entry in pool.map(_call, tasks, chunksize=4):
            found.append(entry)
            if len(found) % 50 == 0:
                say(f"{len(found)} of {len(tasks)} cases")
    return found


def _call(task: Callable[[], Entry]) -> Entry:
    return task()
