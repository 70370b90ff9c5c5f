"""`python -m proofs fuzz-ingest`: bad input of every kind; no crash, no stall, nothing lost."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from collector.decode import DECODERS
from metering.errors import InvalidInput
from proofs.fuzz_ingest.decoders import fuzz_decoder
from proofs.fuzz_ingest.modbus import fuzz_modbus
from proofs.fuzz_ingest.row import FuzzRow
from proofs.fuzz_ingest.scene import fuzz_scene
from proofs.fuzz_ingest.ways import fuzz_intake, fuzz_way
from proofs.steps import finish, say

WAYS: Final = ("mqtt", "http", "national-a", "national-b")
INTAKE, MODBUS, LOGS = "intake", "modbus", "platform"
_TARGETS: Final = (*DECODERS, MODBUS, *WAYS, INTAKE)


def run_fuzz_ingest(inputs: int, seed: str, only: str) -> None:
    """So many inputs for each decoder, a tenth of that for each way in; exit status 1 where any law
    does not hold. InvalidInput where `only` names no target."""
    chosen = [name for name in _TARGETS if only in name]
    if not chosen:
        raise InvalidInput(
            "no such target", field="only", value=only, fix=f"one of {', '.join(_TARGETS)}"
        )
    rows: dict[str, FuzzRow] = {}
    for name in (one for one in chosen if one in DECODERS):
        rows[name] = _told(name, partial(fuzz_decoder, name, inputs, seed, measured=True))
    few = max(1, inputs // 10)
    if MODBUS in chosen:
        rows[MODBUS] = _told(MODBUS, partial(fuzz_modbus, few, seed))
    if any(name in chosen for name in (*WAYS, INTAKE)):
        rows |= _over_ways(chosen, few, seed)
    passed = all(one.ok for one in rows.values())
    sums = {
        "inputs": sum(one.inputs for one in rows.values()),
        "crashes": sum(len(one.failures) for one in rows.values()),
        "stalls": sum(one.stalls for one in rows.values()),
    }
    told = {name: one.told() for name, one in rows.items()}
    finish({"seed": seed, "targets": told, **sums}, passed)


def _over_ways(chosen: list[str], few: int, seed: str) -> dict[str, FuzzRow]:
    rows: dict[str, FuzzRow] = {}
    with (
        tempfile.TemporaryDirectory(prefix="greenoffice-fuzz-") as root,
        fuzz_scene(Path(root), WAYS) as scene,
    ):
        for way in (one for one in chosen if one in WAYS):
            rows[way] = _told(way, partial(fuzz_way, scene, way, few, seed))
        if INTAKE in chosen:
            rows[INTAKE] = _told(INTAKE, partial(fuzz_intake, scene, few * 5, seed))
        whole = rows[LOGS] = FuzzRow()
        for one in (*scene.died(), *scene.broke()):
            whole.note("process", one)
    return rows


def _told(name: str, run: Callable[[], FuzzRow]) -> FuzzRow:
    began = time.monotonic()
    row = run()
    say(f"{name}: {row.told()} in {time.monotonic() - began:.0f} s")
    return row
