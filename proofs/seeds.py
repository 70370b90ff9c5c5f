"""`python -m proofs seeds`: the demo over unseen seeds, with every kind of waste and without."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from proofs.steps import finish, last_json, run, say


def run_seeds(first: int, count: int) -> None:
    """Each seed's demo to its end, twice; then one line over all of them."""
    runs: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory(prefix="greenoffice-seeds-") as temporary:
        for seed in range(first, first + count):
            for name, flags in (("waste", ["--more-waste"]), ("no_waste", ["--no-waste"])):
                say(f"seed {seed}, {name}")
                data = Path(temporary) / f"{seed}-{name}"
                output = run(
                    "demo",
                    "--data",
                    str(data),
                    "--seed",
                    str(seed),
                    *flags,
                    "--exit-when-ready",
                    "--json",
                    check=False,
                )
                runs[f"{seed}-{name}"] = last_json(output)
                say(str(runs[f"{seed}-{name}"]))
    wasteful = [result for name, result in runs.items() if name.endswith("-waste")]
    clean = [result for name, result in runs.items() if name.endswith("-no_waste")]
    finish(
        _line(wasteful, clean, first, count),
        all(_sound(r) for r in runs.values())
        and all(r.get("false_findings") == 0 for r in wasteful)
        and all(_findings(r) == 0 for r in clean),
    )


def _sound(result: dict[str, Any]) -> bool:
    return bool(result) and result.get("problems") == 0


def _findings(result: dict[str, Any]) -> int:
    return int(sum(result.get("found", {}).values()) + result.get("false_findings", 0))


def _line(
    wasteful: list[dict[str, Any]], clean: list[dict[str, Any]], first: int, count: int
) -> dict[str, Any]:
    both = [*wasteful, *clean]
    return {
        "seeds": list(range(first, first + count)),
        "runs": len(both),
        "runs_sound": sum(_sound(result) for result in both),
        "injected": sum(sum(r.get("injected", {}).values()) for r in wasteful),
        "found": sum(sum(r.get("found", {}).values()) for r in wasteful),
        "false_findings": sum(r.get("false_findings", 0) for r in wasteful),
        "findings_without_waste": sum(_findings(r) for r in clean),
        "bill_false_alarms": sum(r.get("bill_false_alarms", 0) for r in both),
        "missing": sum(r.get("missing", 0) for r in both),
        "energy_error_percent": max((r.get("energy_error_percent", 0) for r in both), default=None),
        "hour_error_percent": max((r.get("hour_error_percent", 0) for r in both), default=None),
        "seconds": max((r.get("seconds", 0) for r in both), default=None),
        "peak_memory_mb": max((r.get("peak_memory_mb", 0) for r in both), default=None),
    }
