"""Recorded ledger cases in a folder beside the project: their own runner judges them.

The runner takes `proofs/ledger_cases.py` for the house as it is. What it tells of a case is kept;
hashes of the books, and the numbers of the matrix, are taken from the same figures and the truth
that the case itself states.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Any

from metering.bookhash import book_hash

ROOT = Path(__file__).parents[2]
MEASURED_WHOLE = 0.9999


def folder() -> Path:
    """Where recorded cases are: `ledger` in GREENOFFICE_CASES, default ../shared/cases."""
    named = os.environ.get("GREENOFFICE_CASES", "../shared/cases")
    return (ROOT / named).resolve() / "ledger"


def recorded_files() -> list[Path]:
    """The cases; none where there is no such folder."""
    return sorted((folder() / "cases").glob("*.json"))


def recorded_entry(file: Path) -> dict[str, Any]:
    """What the matrix says of one recorded case; `ok` None where it cannot be expressed."""
    runner, case = _runner(), json.loads(file.read_text(encoding="utf-8"))
    seen: dict[str, Any] = {}

    class HashedRun(runner.Run):  # type: ignore[misc, name-defined]
        """The runner's, which also remembers figures and hashes."""

        def published(self, product: Any) -> Any:
            found = super().published(product)
            seen[str(len(seen))] = (found, book_hash(product.stores.books), self.origin)
            return found

    own, runner.Run = runner.Run, HashedRun
    try:
        line = runner.check(case, 1, True)
    finally:
        runner.Run = own
    entry = {"name": f"recorded: {case['name']}", "kind": case["kind"], "ok": line["ok"]}
    if line["ok"] is None:
        return entry | {"why": line["why"]}
    numbers = [_numbers(case, found, origin, runner) for found, _, origin in seen.values()]
    worst = [max(column) for column in zip(*numbers, strict=True)] or [0, 0, 0.0]
    one_hash = len({found for _, found, _ in seen.values()}) == 1
    doubted = _doubted(case)
    return entry | {
        "ok": bool(line["ok"]) and one_hash,
        "energy_error_kwh": line["energy_error_kwh"],
        **({"energy_bound_kwh": doubted} if doubted else {}),
        "measured_wrong_slots": worst[0],
        "measured_lost_slots": worst[1],
        "profile_error_percent": round(worst[2], 4),
        "one_hash": one_hash,
        **({} if line["ok"] else {"words": line["why"]}),
    }


def _runner() -> Any:
    """The runner as a module, with our `Product` and `Express` in it."""
    if "run_case" not in sys.modules:
        spec = importlib.util.spec_from_file_location("run_case", folder() / "run_case.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["run_case"] = module
        spec.loader.exec_module(module)
        for name in ("Product", "Express"):
            own = importlib.import_module("proofs.ledger_cases")
            if hasattr(own, name):
                setattr(module, name, getattr(own, name))
    return sys.modules["run_case"]


def _doubted(case: dict[str, Any]) -> float:
    """Between which bounds the case itself leaves the total open [kWh]."""
    width = sum(high - low for _, low, high in (one["total"] for one in case["expected"]))
    return float(round(width / 1000, 3))


def _numbers(
    case: dict[str, Any], found: list[Any], origin: int, runner: Any
) -> tuple[int, int, float]:
    """(slots measured and wrong, sound slots not measured, profile error in percent)."""
    wrong, lost, off, true = 0, 0, 0.0, 0.0
    for expected, told in zip(case["expected"], found, strict=True):
        figures = runner.resampled(told, expected, origin)
        if figures is None:
            lost += sum(run["n"] for run in expected["slots"])
            continue
        place = 0
        for run in expected["slots"]:
            truth = runner.listed(run["truth"], run["n"])
            for n, one in enumerate(truth, place):
                value, share = figures[0][n], figures[1][n]
                sure = value is not None and share is not None and share >= MEASURED_WHOLE
                away = abs((value or 0) - one)
                exact = run["rule"] == "exact"
                wrong += sure and exact and away > run["tol"] + 0.01
                wrong += sure and run["rule"] in ("gap", "part", "open") and away > run["tol"] + 1
                lost += exact and not sure and share is not None
                off, true = off + away, true + abs(one)
            place += run["n"]
    return wrong, lost, 100 * off / true if true else 0.0
