"""`python -m proofs servers`: the platform on real servers, while these and its own processes die,
hang and come back.

The same messages are pushed in every case. What comes of them is held against what an undisturbed
platform on the embedded stores makes of them: books, counters, dead letters and findings.
"""

from __future__ import annotations

import contextlib
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from metering.errors import InvalidInput, Unavailable
from proofs.outages import broker, influx, owners, postgres, signs
from proofs.outages.case import OutageCase
from proofs.outages.feed import IN_DOUBT
from proofs.outages.ground import CommonGround, common_ground
from proofs.outages.numbers import ToldNumbers, compared, numbers_of
from proofs.outages.scene import OutageScene, SceneWish, embedded_scene, served_scene
from proofs.servers.influx import found
from proofs.servers.mosquitto import mosquitto_program
from proofs.servers.postgres import found as found_postgres
from proofs.steps import finish, say

CASES: Final = (*owners.CASES, *influx.CASES, *postgres.CASES, *broker.CASES, *signs.CASES)
LIMIT_S: Final = 420
"""A case that takes longer has failed [s]."""
_LINES: Final = 12
"""Of the log of each process, where a case has failed."""


class CaseLate(Exception):
    """The time of a case is up; no error of the platform, which those who wait would bear."""


def run_servers_check(wanted: str, generation: int, seed: int) -> None:
    """All cases, or those named, on each generation of InfluxDB that is there, or the one named;
    one line of JSON, and exit status 1 where any failed or none could be tried."""
    chosen = _chosen(wanted, seed)
    generations = [generation] if generation else [1, 2]
    results: list[dict[str, Any]] = []
    not_tried = [
        f"{case.name}: no influxd of generation {one} on PATH"
        for one in generations
        if found(one) is None
        for case in chosen
    ]
    mosquitto_program()
    if found_postgres() is None:
        raise InvalidInput("no PostgreSQL", field="PATH", fix="apt-get install postgresql")
    with tempfile.TemporaryDirectory(prefix="greenoffice-servers-") as temporary:
        root = Path(temporary)
        calm = _undisturbed(root / "undisturbed", seed)
        for one in generations:
            if found(one) is not None:
                with common_ground(root / f"servers{one}", one) as ground:
                    version = ground.influx.version
                    for case in chosen:
                        at = root / f"{case.name}-{one}"
                        results.append(_tried(case, version, seed, ground, calm, at))
    failed = sum(not result["passed"] for result in results)
    told = {"seed": seed, "cases": results, "failed": failed, "not_tried": not_tried}
    finish(told, passed=bool(results) and not failed)


def _chosen(wanted: str, seed: int) -> Sequence[OutageCase]:
    known = {case.name: case for case in (*CASES, broker.everything(seed))}
    names = [name.strip() for name in wanted.split(",") if name.strip()] or list(known)
    for name in names:
        if name not in known:
            raise InvalidInput(
                "no such case", field="cases", value=name, fix=f"one of {', '.join(known)}"
            )
    return [known[name] for name in names]


def _undisturbed(root: Path, seed: int) -> ToldNumbers:
    say("undisturbed, on the embedded stores")
    with embedded_scene(root, seed) as scene, _within(LIMIT_S):
        scene.open()
        scene.gateways.finish()
        scene.settle()
        calm = numbers_of(scene)
    say(f"  {calm.book_hash[:12]}, {len(calm.findings)} findings, {len(calm.letters)} dead letters")
    for what, there in {"findings": calm.findings, "dead letters": calm.letters}.items():
        if not there:
            raise Unavailable(f"the messages make no {what}", field="seed", value=seed, fix="more")
    return calm


def _tried(
    case: OutageCase,
    version: str,
    seed: int,
    ground: CommonGround,
    calm: ToldNumbers,
    root: Path,
) -> dict[str, Any]:
    say(f"{case.name}: {(case.befalls.__doc__ or '').splitlines()[0]}")
    began = time.monotonic()
    result: dict[str, Any] = {
        "case": case.name,
        "influx": ".".join(version.split(".")[:2]),
        "hash_equal": False,
        "missing": None,
        "doubled": None,
        "recovered": False,
    }
    wish = SceneWish(seed, case.relay, case.broker, case.password_file, case.ports)
    try:
        with served_scene(root, wish, ground) as scene, _within(LIMIT_S):
            result |= _came_through(case, scene, calm)
    except Exception as failed:  # said, and the next case is tried
        result["error"] = str(failed) or type(failed).__name__
    if "error" in result:
        ground.mend()
    good = result["hash_equal"] and result["recovered"] and "error" not in result
    counted = result["missing"] == result["doubled"] == result.get("short") == 0
    result |= {"passed": good and counted, "seconds": round(time.monotonic() - began)}
    if not result["passed"]:
        _say_logs(root)
    say(f"  {'passed' if result['passed'] else 'FAILED'}: {result}")
    return result


def _say_logs(root: Path) -> None:
    """What its processes wrote last."""
    for log in sorted((root / "logs").glob("*.out")):
        for line in log.read_text(errors="replace").splitlines()[-_LINES:]:
            say(f"  {log.stem}: {line[:400]}")


def _came_through(case: OutageCase, scene: OutageScene, calm: ToldNumbers) -> dict[str, Any]:
    """Let it befall, push the rest of the messages, and look what came of them."""
    seen = case.befalls(scene)
    scene.gateways.finish()
    if case.broker:
        scene.wait_ready()
        scene.gateways.gateways[1].push_again(IN_DOUBT)
        scene.gateways.finish()
    scene.settle()
    scene.look_for_the_dead()
    told: dict[str, Any] = {"recovered": not scene.bystanders}
    if scene.bystanders:
        told["ended"] = scene.bystanders
    return told | compared(scene, calm) | seen


@contextlib.contextmanager
def _within(seconds: int) -> Iterator[None]:
    """Whatever is waited for inside ends with CaseLate when time is up."""

    def late(_number: int, _frame: object) -> None:
        raise CaseLate(f"the case does not end within {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
