"""`python -m proofs fault`: every fault in turn, and what each gateway was acknowledged by then."""

from __future__ import annotations

import resource
import tempfile
import time
from pathlib import Path
from typing import Any

from greenoffice.demo.stored import count, missing, stored_times, within
from proofs.recovery.faults import FAULTS
from proofs.recovery.scene import Fault, RecoveryScene, scene
from proofs.steps import finish, say, wait_settled

SETTLE_S = 300.0


def run_fault_check(only: str) -> None:
    """One line of JSON; exit status 1 where anything is missing, untold or does not recover."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    wanted = [fault for fault in FAULTS if only in fault.__name__]
    results: list[dict[str, Any]] = []
    not_tried: list[str] = []
    with (
        tempfile.TemporaryDirectory(prefix="greenoffice-faults-") as root,
        scene(Path(root)) as running,
    ):
        for fault in wanted:
            say(f"fault: {fault.__name__}: {(fault.__doc__ or '').splitlines()[0]}")
            try:
                results.append(_tried(fault, running))
            except NotImplementedError as impossible:
                not_tried.append(f"{fault.__name__}: {impossible}")
    passed = bool(results) and all(
        one["seen"] and one["recovered"] and one["missing"] == 0 for one in results
    )
    finish({"faults": results, "not_tried": not_tried}, passed)


def _tried(fault: Fault, running: RecoveryScene) -> dict[str, Any]:
    began = time.monotonic()
    told: dict[str, Any] = {}
    error = ""
    try:
        told = fault(running)
    except NotImplementedError:
        raise
    except Exception as failed:  # said, and the next fault is tried on what is left
        error = str(failed) or type(failed).__name__
        say(f"  {error}")
        running.restart_all()
    wanted = {key: times for one in running.gateways for key, times in one.acknowledged().items()}
    client = wait_settled(running.folder, SETTLE_S)
    have = stored_times(client, wanted)
    lost = int(told.get("lost", 0))
    running.lost += lost
    absent = missing(wanted, have)
    text = str(told.get("told", ""))
    result: dict[str, Any] = {
        "fault": fault.__name__,
        "seen": not error,
        "acknowledged": count(wanted),
        "stored": count(within(have, wanted)),
        "missing": max(absent - running.lost, 0),
        "lost": lost,
        "recovered": not error,
        "recovered_after_s": round(float(told.get("recovered_after_s", 0.0)), 1),
        "told_in_health": text.splitlines()[0] if text else "",
        "took_s": round(time.monotonic() - began),
    }
    extra = {k: v for k, v in told.items() if k not in result and k != "told"}
    result |= extra | ({"error": error} if error else {})
    say(f"  {result}")
    return result
