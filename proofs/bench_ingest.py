"""`make bench-ingest`: what a message costs from the broker and from the listener to the readings.

A message carries readings of different points at one instant; every round moves their time on by a
quarter of an hour, so that it touches every running day. All is measured beside something that does
less with the same messages in the same run: a bare drain of the broker that acknowledges and keeps
nothing, a broker with one subscriber, Telegraf. The ratios depend on the machine less than rates.
Processor time is that of all threads of a process, and of the servers it uses.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from greenoffice.client import ApiClient
from greenoffice.clock import ShiftedClock
from metering.localtime import local_day
from proofs.ingest import wire
from proofs.ingest.load import QUARTER_S, LoadPlan
from proofs.ingest.peers import begun, drained, loaded, telegraf_missing, telegraf_stores, told
from proofs.ingest.scene import (
    PROBE,
    PROBE_GATEWAY,
    IngestScene,
    embedded,
    gateways,
    on_servers,
    registry,
)
from proofs.steps import check_stack, finish, say, wait_until

GATEWAYS, METERS = 10, 1_000
SIZES = {1: 20_000, 20: 200_000, 100: 400_000}
"""Readings by how many of them a message has."""
NAMES = {1: "ratio_to_drain_single", 20: "ratio_to_drain_20", 100: "ratio_to_drain_100"}
WARM_ROUNDS, WARM_EACH = 2 * 96, 100
"""Two days that a platform is sent before anything is measured: one at work has a yesterday."""
LATENCY_EACH = 20
"""Readings a message while latency is measured."""
GOALS: dict[str, Any] = {
    "ratio_to_drain_single": 0.7,
    "ratio_to_drain_20": 0.7,
    "ratio_to_drain_100": 0.7,
    "ratio_to_telegraf": {"1": 8, "20": 3, "100": 3},
    "listener_ratio_to_broker": {"1": 3, "20": 1.5, "100": 1},
    "cpu_us_per_reading": {
        "ledger_at_work": {"1": 16, "20": 7, "100": 6},
        "ledger_off": {"1": 12, "20": 5, "100": 4.5},
    },
    "latency_ms": {"p50": 100, "p99": 250},
}


@dataclass(frozen=True)
class IngestSizes:
    """How much is published."""

    scale: float
    """Times of what is usual."""
    per_s: float
    """Readings a second while latency is measured."""
    seconds: float
    """How long that is [s]."""

    def rounds(self, each: int) -> int:
        """Of one run with so many readings a message."""
        return max(2, round(self.scale * SIZES[each] / METERS))

    @property
    def latency_rounds(self) -> int:
        """Of the run that latency is measured in."""
        return max(2, round(self.per_s * self.seconds / METERS))

    @property
    def all_rounds(self) -> int:
        """Of everything one platform is sent: two days, each size through broker and listener."""
        return WARM_ROUNDS + 2 * sum(map(self.rounds, SIZES)) + self.latency_rounds


def run_bench_ingest(stack: str, scale: float, per_s: float, seconds: float) -> None:
    """One line of JSON; exit status 0 whatever the figures are: goals stand beside them."""
    check_stack(stack)
    sizes = IngestSizes(scale, per_s, seconds)
    not_tried: list[str] = []
    with tempfile.TemporaryDirectory(prefix="greenoffice-ingest-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        peers = _peers(root, stack, sizes, not_tried)
        with _platform(root / "at-work", stack) as scene:
            at_work = _all_ways(scene, sizes)
            latency = _latency(scene, sizes)
        off: dict[str, Any] = {}
        if stack == "embedded":
            with _platform(root / "off", stack, ledger=False) as scene:
                off = _all_ways(scene, sizes, ways=("broker",))
        else:
            not_tried.append("cpu_us_per_reading of ledger_off: one process does both")
    result = {
        **_ratios(at_work, peers),
        "cpu_us_per_reading": {"ledger_at_work": _cpu(at_work), "ledger_off": _cpu(off)},
        "latency_ms": latency,
        "platform": {"ledger_at_work": at_work, "ledger_off": off},
        "peers": peers,
        "stack": stack,
        "sizes": {
            "meters": METERS,
            "gateways": GATEWAYS,
            "readings": {str(each): sizes.rounds(each) * METERS for each in SIZES},
            "latency": {"readings_per_s": per_s, "seconds": seconds, "each": LATENCY_EACH},
        },
        "goals": GOALS,
        "not_tried": not_tried,
    }
    finish(result, True)


@contextlib.contextmanager
def _platform(root: Path, stack: str, *, ledger: bool = True) -> Iterator[IngestScene]:
    root.mkdir()
    root.chmod(0o755)
    files = registry(GATEWAYS, METERS // GATEWAYS)
    opened: AbstractContextManager[IngestScene] = (
        embedded(root, files, ledger=ledger) if stack == "embedded" else on_servers(root, files)
    )
    with opened as scene:
        yield scene


def _plan(sizes: IngestSizes, each: int) -> LoadPlan:
    now_s = ShiftedClock().now_us() // 1_000_000 // QUARTER_S * QUARTER_S
    return LoadPlan(
        port=0,
        gateways=gateways(GATEWAYS),
        passwords=(),
        points=METERS // GATEWAYS,
        each=each,
        rounds=sizes.rounds(each),
        first_round=0,
        start_s=now_s - (sizes.all_rounds + 2) * QUARTER_S,
    )


def _peers(root: Path, stack: str, sizes: IngestSizes, not_tried: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"drain": {}, "telegraf": {}}
    missing = telegraf_missing() if stack == "servers" else "embedded stores are not its"
    if missing:
        not_tried.append(f"ratio_to_telegraf: {missing}")
    for each in SIZES:
        plan = _plan(sizes, each)
        found["drain"][str(each)] = drained(root / f"drain-{each}", plan)
        say(f"drain, {each} a message: {found['drain'][str(each)]}")
        if not missing:
            found["telegraf"][str(each)] = telegraf_stores(root / f"telegraf-{each}", plan)
            say(f"telegraf, {each} a message: {found['telegraf'][str(each)]}")
    return found


def _all_ways(
    scene: IngestScene, sizes: IngestSizes, ways: tuple[str, ...] = ("broker", "listener")
) -> dict[str, Any]:
    """Each size through each way in, one after the other; time goes on from one to the next."""
    found: dict[str, Any] = {way: {} for way in ways}
    first = WARM_ROUNDS
    warm = replace(_plan(sizes, WARM_EACH), port=scene.listener_port, rounds=first)
    warm = replace(warm, passwords=[scene.passwords[name] for name in warm.gateways])
    say(f"two days before: {_measured(scene, warm)}")
    for way in ways:
        port = scene.broker_port if way == "broker" else scene.listener_port
        for each in SIZES:
            plan = replace(_plan(sizes, each), port=port, first_round=first)
            if way == "listener":
                words = [scene.passwords[name] for name in plan.gateways]
                plan = replace(plan, passwords=words)
            found[way][str(each)] = _measured(scene, plan)
            first += plan.rounds
            say(f"{way}, {each} a message: {found[way][str(each)]}")
    return found


def _measured(scene: IngestScene, plan: LoadPlan) -> dict[str, Any]:
    """One run, until all of it is stored and nothing waits to be booked."""
    readings = plan.rounds * METERS
    wanted, before = scene.stored() + readings, scene.cpu_s()
    load = loaded(plan)
    wait_until("the readings to be stored", lambda: scene.stored() >= wanted, every_s=0.05)
    took_s = time.monotonic() - load["began"]
    if "api" in scene.pids:
        wait_until("the readings to be booked", lambda: not scene.stores.marks.waiting())
    after = scene.cpu_s()
    return {
        "readings": readings,
        "messages": load["messages"],
        "acknowledged_per_s": round(load["messages"] / load["seconds"]),
        "stored_messages_per_s": round(load["messages"] / took_s),
        "stored_readings_per_s": round(readings / took_s),
        "load_share": round(load["cpu_s"] / load["seconds"], 2),
        "cpu_us": {name: round(1e6 * (after[name] - before[name]) / readings, 2) for name in after},
    }


def _ratios(at_work: Mapping[str, Any], peers: Mapping[str, Any]) -> dict[str, Any]:
    drain, telegraf = peers["drain"], peers["telegraf"]
    broker, listener = at_work["broker"], at_work["listener"]

    def ratio(ours: float, theirs: float) -> float:
        return round(ours / theirs, 2)

    return {
        **{
            name: ratio(
                broker[str(each)]["stored_messages_per_s"], drain[str(each)]["messages_per_s"]
            )
            for each, name in NAMES.items()
        },
        "ratio_to_telegraf": {
            each: ratio(broker[each]["stored_readings_per_s"], one["readings_per_s"])
            for each, one in telegraf.items()
        },
        "listener_ratio_to_broker": {
            each: ratio(listener[each]["acknowledged_per_s"], one["acknowledged_per_s"])
            for each, one in drain.items()
        },
    }


def _cpu(ways: Mapping[str, Any]) -> dict[str, float]:
    """Of intake and ledger, through the broker."""
    parts = ("intake", "ledger", "work")
    return {
        each: round(sum(one["cpu_us"].get(part, 0.0) for part in parts), 2)
        for each, one in ways.get("broker", {}).items()
    }


def _latency(scene: IngestScene, sizes: IngestSizes) -> dict[str, Any]:
    """From a publish to the listener to `/v1/energy`, one after the other, under a steady load."""
    plan = _plan(sizes, LATENCY_EACH)
    load = begun(
        replace(
            plan,
            port=scene.listener_port,
            passwords=[scene.passwords[name] for name in plan.gateways],
            rounds=sizes.latency_rounds,
            first_round=sizes.all_rounds - sizes.latency_rounds,
            per_s=sizes.per_s / LATENCY_EACH,
        )
    )
    took: list[float] = []
    with contextlib.closing(_Probe(scene)) as probe:
        probe.booked_after_ms()  # its first register is no energy yet
        while load.poll() is None:
            took.append(probe.booked_after_ms())
    steady = told(load)
    if not took:
        return {}
    return {
        "p50": round(median(took)),
        "p99": round(float(np.percentile(took, 99))),
        "samples": len(took),
        "readings_per_s": round(steady["messages"] * LATENCY_EACH / steady["seconds"]),
    }


class _Probe:
    """A gateway whose one meter is asked for again and again; it reads now, as a live one does,
    while the load is of the days before."""

    def __init__(self, scene: IngestScene) -> None:
        self._client = ApiClient.of_folder(scene.folder)
        word = scene.passwords[PROBE_GATEWAY]
        self._connection = wire.connected(scene.listener_port, "probe", PROBE_GATEWAY, word)
        self._clock = ShiftedClock()
        today = local_day(self._clock.now_us(), "Asia/Shanghai")
        self._asked = {"node": PROBE, "item": "01000", "step": "day"}
        self._asked |= {"start": str(today - timedelta(1)), "end": str(today + timedelta(1))}
        self._number = 0

    def booked_after_ms(self) -> float:
        """Publish the next reading; how long until energy comes out otherwise, or, of the first
        one, until it is acknowledged [ms]."""
        before = self._told() if self._number else None
        told = datetime.fromtimestamp(self._clock.now_us() / 1e6, UTC).isoformat()
        reading = {"point": "E0", "time": told, "value": 1000.0 + 1.5 * self._number}
        sent = json.dumps({"readings": [reading]}).encode()
        topic = f"greenoffice/v1/{PROBE_GATEWAY}/readings"
        began = time.monotonic()
        self._connection.sendall(wire.publish(topic, self._number % 65_535 + 1, sent))
        self._connection.recv(4)
        if before is not None:
            wait_until("energy of the probe", lambda: self._told() != before, 60, 0.005)
        self._number += 1
        return 1000 * (time.monotonic() - began)

    def _told(self) -> Any:
        rows = self._client.get("/v1/energy", **self._asked)["data"]
        return [row["value"] for row in rows]

    def close(self) -> None:
        """Let go."""
        self._connection.close()
