"""`python -m proofs hostile`: attacks from outside, while ten good gateways and three keys work.

A real platform on a folder of its own, and a process of good ones that measures how long they
wait. Each attack runs alone; how they do is measured before it, and during it until some seconds
after. In the end every reading that a good gateway was acknowledged is stored.
"""

from __future__ import annotations

import importlib
import importlib.util
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from greenoffice.client import ApiClient
from greenoffice.demo.stored import Times, count, missing, stored_times
from metering.localtime import local_day
from proofs.hostile.attack import Attack, AttackTarget
from proofs.hostile.good import GoodWork, Sample
from proofs.hostile.scene import GOOD_GATEWAYS, GOOD_KEYS, POINTS, HostileScene
from proofs.hostile.watch import GoodOnes, Peaks, log_mb, p99_ms, settle
from proofs.steps import finish, say, started, wait_settled, wait_until

AFTER_S = 5.0
SETTLE_S = 180.0
LATE_S = 60.0
"""Longer than this after an attack nobody's readings may wait to be taken in."""
GOAL_MS, GOAL_TIMES = 500.0, 3.0
KINDS = {"mqtt": ("mqtt", "connect"), "http": ("http",)}


def run_hostile_check(only: str, before_s: float) -> None:
    """The whole check; exit status 1 unless every goal is reached."""
    with tempfile.TemporaryDirectory(prefix="greenoffice-hostile-") as temporary:
        say("a platform with eleven gateways")
        scene = HostileScene.make(Path(temporary))
        with started(["up", str(scene.folder.root)]) as platform:
            wait_until("the platform to start", scene.is_up, 60)
            target, work = scene.target(), _work(scene, Path(temporary))
            good = GoodOnes(work, Path(temporary))
            try:
                wait_until(
                    "good ones at work",
                    lambda: good.count > 10 * len(GOOD_GATEWAYS),
                    60,
                )
                suffered = [
                    _suffer(attack, target, scene, platform.pid, before_s)
                    for attack in _attacks(only)
                ]
            finally:
                samples = good.stop()
            told = {one.name: _told(one, samples) for one in suffered}
            say("looking for every acknowledged reading")
            stored = _stored(scene, Path(work.published))
    failed = sum(not one.ok for one in samples)
    result = {"attacks": told, "good_requests": len(samples), "good_failed": failed, **stored}
    reached = [_reached(one) for one in told.values()]
    finish(result, passed=all(reached) and bool(told) and failed == stored["missing"] == 0)


def _attacks(only: str) -> list[Attack]:
    """All whose name holds the text; over MQTT and over HTTP."""
    names = ("proofs.hostile.mqtt", "proofs.hostile.http")
    modules = [importlib.import_module(name) for name in names if importlib.util.find_spec(name)]
    found: list[Attack] = [attack for module in modules for attack in module.ATTACKS]
    return [attack for attack in found if only in attack.name]


def _work(scene: HostileScene, folder: Path) -> GoodWork:
    settings = scene.folder.settings()
    today = local_day(scene.folder.clock().now_us(), "Asia/Shanghai")
    published = folder / "published"
    published.mkdir()
    return GoodWork(
        settings.http.host,
        settings.mqtt.port,
        settings.http.port,
        {user: scene.passwords[user] for user in GOOD_GATEWAYS},
        [scene.key(f"good {number}", "bureau") for number in range(GOOD_KEYS)],
        (today.isoformat(), (today + timedelta(days=1)).isoformat()),
        str(published),
    )


@dataclass(frozen=True)
class _Suffered:
    """An attack that is over."""

    name: str
    began: float
    """From when on the good ones were measured without it [s]."""
    attacked: float
    ended: float
    seen: dict[str, Any]


def _suffer(
    attack: Attack, target: AttackTarget, scene: HostileScene, supervisor: int, before_s: float
) -> _Suffered:
    client = ApiClient.of_folder(scene.folder)
    settle(client, SETTLE_S)
    began = time.monotonic()
    time.sleep(before_s)
    say(f"attack: {attack.name}")
    attacked = time.monotonic()
    with Peaks(supervisor, scene.folder) as peaks:
        tried = attack.run(target)
        took_s = round(time.monotonic() - attacked, 1)
        time.sleep(AFTER_S)
        ended = time.monotonic()
        caught_up_s = settle(client, SETTLE_S)
    seen = {
        "tried": tried,
        "took_s": took_s,
        "memory_peak_mb": peaks.memory_mb,
        "log_mb": log_mb(scene.folder),
        "behind_peak": peaks.behind,
        "caught_up_after_s": round(AFTER_S + caught_up_s, 1),
    }
    say(f"{attack.name}: {seen}")
    return _Suffered(attack.name, began, attacked, ended, seen)


def _told(one: _Suffered, samples: Sequence[Sample]) -> dict[str, Any]:
    """What an attack did to the good ones."""
    before = [sample for sample in samples if one.began <= sample.at < one.attacked]
    during = [sample for sample in samples if one.attacked <= sample.at < one.ended]
    told = one.seen | {
        "good_p99_ms": {name: _before_and_during(before, during, name) for name in KINDS},
        "good_failed": sum(not sample.ok for sample in during),
        "locked_out": sum(sample.locked_out for sample in during),
    }
    if said := sorted({sample.said for sample in during if not sample.ok}):
        told["said"] = said[:5]
    return told | {"reached": _reached(told)}


def _before_and_during(
    before: Sequence[Sample], during: Sequence[Sample], name: str
) -> dict[str, float | None]:
    kinds = KINDS[name]
    return {"before": p99_ms(before, *kinds), "during": p99_ms(during, *kinds)}


def _reached(told: dict[str, Any]) -> bool:
    """Whether the good ones hardly noticed."""
    quick = all(
        one["before"] is not None
        and one["during"] is not None
        and one["during"] <= max(GOAL_TIMES * one["before"], GOAL_MS)
        for one in told["good_p99_ms"].values()
    )
    in_time = told["caught_up_after_s"] <= LATE_S
    return quick and in_time and told["good_failed"] == told["locked_out"] == 0


def _stored(scene: HostileScene, published: Path) -> dict[str, int]:
    """Acknowledged and stored readings of the good gateways; those of one time count once."""
    client = wait_settled(scene.folder, 600)
    wanted: Times = {}
    for user in GOOD_GATEWAYS:
        file = published / user.replace("/", "@")
        lines = file.read_text().split() if file.exists() else []
        times = np.unique(np.array([int(line) * 1000 for line in lines], dtype=np.int64))
        wanted |= {(user.split("/")[1], point): times for point in POINTS}
    have = stored_times(client, wanted)
    return {"acknowledged": count(wanted), "missing": missing(wanted, have)}
