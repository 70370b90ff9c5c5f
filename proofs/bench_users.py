"""`make bench-users`: how long people wait for the panels of their boards, alone and many at once,
and while readings come in.

Each has a board open, which asks all of its panels again and again, by as many connections as a
browser has. One alone is measured in the same run: ratios to that depend on the machine less than
times.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from greenoffice.client import ApiClient, read_key
from greenoffice.clock import ShiftedClock
from proofs.bench_ingest import GATEWAYS, METERS
from proofs.board_rows import board_queries
from proofs.board_users import UsersPlan
from proofs.ingest.load import QUARTER_S, LoadPlan
from proofs.ingest.peers import begun, loaded, told
from proofs.ingest.scene import IngestScene, embedded, gateways, registry
from proofs.steps import finish, say, wait_until

EACH = 20
"""Readings a message."""
PRICES = """tariff,item,months,days,start,end,period,price
t,01000,"1,2,3,4,5,6,7,8,9,10,11,12",all,00:00,08:00,valley,0.3105
t,01000,"1,2,3,4,5,6,7,8,9,10,11,12",all,08:00,17:00,peak,0.9812
t,01000,"1,2,3,4,5,6,7,8,9,10,11,12",all,17:00,24:00,flat,0.6455
"""
FACTORS = """item,quantity,value,unit
01000,kgco2,0.5306,kgCO2/kWh
01000,kgce,0.1229,kgce/kWh
"""
GOALS = {"p95_s": 0.25, "p95_with_readings_s": 0.4}


def run_bench_users(users: int, seconds: float, refresh_s: float, days: int, per_s: float) -> None:
    """One line of JSON; exit status 1 where a goal is missed or an answer failed."""
    rounds = round(per_s * seconds / METERS) + 2
    with tempfile.TemporaryDirectory(prefix="greenoffice-users-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        files = registry(GATEWAYS, METERS // GATEWAYS)
        with embedded(root, files | {"tariff.csv": PRICES, "factors.csv": FACTORS}) as scene:
            plan = _history(scene, days * 96, rounds)
            client = ApiClient.of_folder(scene.folder)
            key = read_key(scene.folder.admin_key)
            boards, left_out = board_queries(client.base_url, key)
            say(f"boards: {sorted(boards)}, left out: {left_out}")
            asked = UsersPlan(
                client.base_url, key, list(boards.values()), users, seconds, refresh_s
            )
            alone = _looked(scene, replace(asked, users=1))
            quiet = _looked(scene, asked)
            steady = begun(replace(plan, rounds=rounds, first_round=days * 96, per_s=per_s / EACH))
            busy = _looked(scene, asked)
            load = told(steady)
    result: dict[str, Any] = {
        "p95_s": quiet["p95_s"],
        "p95_with_readings_s": busy["p95_s"],
        "alone_p95_s": alone["p95_s"],
        "ratio_to_alone": round(quiet["p95_s"] / alone["p95_s"], 1),
        "ratio_to_alone_with_readings": round(busy["p95_s"] / alone["p95_s"], 1),
        "alone": alone,
        "quiet": quiet,
        "with_readings": busy
        | {"readings_per_s": round(load["messages"] * EACH / load["seconds"])},
        "users": users,
        "meters": METERS,
        "days": days,
        "seconds": seconds,
        "refresh_s": refresh_s,
        "boards": {name: len(queries) for name, queries in boards.items()},
        "goals": GOALS,
        "not_tried": left_out,
    }
    failed = sum(one["failed"] for one in (alone, quiet, busy))
    finish(result, not failed and all(result[name] <= goal for name, goal in GOALS.items()))


def _history(scene: IngestScene, rounds: int, more: int) -> LoadPlan:
    """Send the days before now, wait until they are booked; the plan that they were sent by."""
    now_s = ShiftedClock().now_us() // 1_000_000 // QUARTER_S * QUARTER_S
    names = gateways(GATEWAYS)
    plan = LoadPlan(
        port=scene.listener_port,
        gateways=names,
        passwords=[scene.passwords[name] for name in names],
        points=METERS // GATEWAYS,
        each=EACH,
        rounds=rounds,
        first_round=0,
        start_s=now_s - (rounds + more) * QUARTER_S,
    )
    loaded(plan)
    wait_until("the readings to be stored", lambda: scene.stored() >= rounds * METERS)
    wait_until("the readings to be booked", lambda: not scene.stores.marks.waiting())
    say(f"{rounds * METERS} readings are booked")
    return plan


def _looked(scene: IngestScene, plan: UsersPlan) -> dict[str, Any]:
    before = scene.cpu_s()
    process = subprocess.run(
        [sys.executable, "-m", "proofs.board_users"],
        input=json.dumps(asdict(plan)),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(process.stdout)
    found["platform_cpu_s"] = _spent(before, scene.cpu_s())
    say(f"{plan.users} users: {found}")
    return found


def _spent(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    return {name: round(after[name] - before[name], 2) for name in after}
