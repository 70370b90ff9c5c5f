"""`make bench-gateways`: thousands of gateways at once before one collector.

The collector is started at the soft limit of handles that is usual, and lifts it itself. As many
as fit are let in and publish a message a second each; the rest are told so by the code that their
version has, none is let go without a word. Beside it stands the same number of messages a second
over few connections.

Then the collector is started again, and what it remembered of passwords is gone: a few come first
and publish, and all others come at once. Beside the time until all are in stands what a server
needs that asks nothing of them, beside the PUBACKs of the few those before the others came.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from collector.journal import JournalReader
from greenoffice.clock import ShiftedClock
from greenoffice.folder import DataFolder
from greenoffice.handles import for_connections, raise_handles
from greenoffice.heartbeat import heard
from greenoffice.receivers import WRITERS
from metering.localtime import iso
from proofs.gateways.bare import bare_server
from proofs.gateways.client import V5, V311, GatewayLogin, SmallGateway, connect_small
from proofs.steps import COMMAND, finish, say, wait_until
from proofs.world_folder import platform_folder

SOFT, FEW = 1_024, 20
TOGETHER = 25
"""Connections that are begun in one turn of the loop, which measures PUBACKs meanwhile."""
STEADY_PER_S, CALM_S = 200, 3.0
"""Messages a second of the few beside the rush, and how long they publish before it [s]."""
PATIENCE_S = 120.0
"""Within which each has its answer, and the last PUBACK has come."""
BUSY = {V311: 3, V5: 0x89}
"""What tells a gateway that there is no room: CONNACK 3 (MQTT 3.1.1, table 3.1), SERVER BUSY."""
SITE = "s"


@dataclass
class GatewaysScene:
    """A collector that runs, and who may connect to it. hard: the limit of handles it has."""

    folder: DataFolder
    logins: Sequence[GatewayLogin]
    port: int
    """Where gateways connect."""
    hard: int
    process: subprocess.Popen[bytes]

    @property
    def soft(self) -> int:
        """The limit of handles that the collector has now."""
        return int(psutil.Process(self.process.pid).rlimit(psutil.RLIMIT_NOFILE)[0])

    @property
    def handles(self) -> int:
        """Those that it has open."""
        return int(psutil.Process(self.process.pid).num_fds())

    def stop(self) -> None:
        """End the collector."""
        self.process.terminate()
        self.process.wait(60)

    def restart(self) -> None:
        """Start another collector in its place."""
        self.stop()
        self.process = _collector(self.folder, self.hard)

    def journalled(self) -> int:
        """Messages in the listener's journal."""
        reader = JournalReader(self.folder.journal)
        with contextlib.closing(reader):
            found = reader.read(WRITERS["listener"], 0, 0, 1 << 30)
            return sum(one.record.kind == "message" for one in found)


def run_bench_gateways(gateways: int, hard: int, seconds: float) -> None:
    """One line of JSON; exit status 1 where one that fits is not let in, another is not told why,
    or a message that was acknowledged is not in the journal. `hard`: the limit that the collector
    has; 0 for that of this machine."""
    raise_handles()
    limit = hard or resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with (
        tempfile.TemporaryDirectory(prefix="greenoffice-gateways-") as temporary,
        gateways_scene(Path(temporary), gateways, limit) as scene,
    ):
        result = asyncio.run(measured(scene, seconds))
        result["journalled"] = scene.journalled()
        result["runs"] = scene.process.poll() is None
        result["ok"] = fits(result)
    finish(result, result["ok"])


def fits(result: dict[str, Any]) -> bool:
    """Whether as many were let in as have room, the rest were told, and nothing was lost."""
    expected = min(result["gateways"], for_connections(result["hard_limit"]))
    return bool(
        result["connected"] == result["after_restart"]["connected"] == expected
        and result["connected"] + result["refused_politely"] == result["gateways"]
        and result["journalled"] >= result["acknowledged"] == result["sent"]
        and result["comes_in_later"]
        and result["runs"]
    )


@contextlib.contextmanager
def gateways_scene(root: Path, gateways: int, hard: int) -> Iterator[GatewaysScene]:
    """A collector of so many gateways, at a hard limit of handles."""
    codes = [f"g{number}" for number in range(gateways)]
    files = {
        "tree.csv": f"code,parent,type,zone\no,,institution,Asia/Shanghai\n{SITE},o,site,\n",
        "gateways.csv": "site,code\n" + "".join(f"{SITE},{code}\n" for code in codes),
    }
    folder, passwords = platform_folder(root, iso(ShiftedClock().now_us()), files)
    logins = [
        GatewayLogin(user, password, (V311, V5)[number % 2])
        for number, (user, password) in enumerate(passwords.items())
    ]
    port = folder.settings().mqtt.port
    scene = GatewaysScene(folder, logins, port, hard, _collector(folder, hard))
    try:
        yield scene
    finally:
        scene.stop()


def _collector(folder: DataFolder, hard: int) -> subprocess.Popen[bytes]:
    """A collector that listens."""
    listens = folder.heartbeat("collector")
    listens.unlink(missing_ok=True)  # what one before told

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(SOFT, hard), hard))

    process = subprocess.Popen(
        [*COMMAND, "collector", str(folder.root)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=limited,  # noqa: PLW1509 - no thread of ours holds a lock of the child
    )
    try:
        wait_until("the collector", lambda: heard(listens)["listener"]["ok"], of=process)
    except BaseException:
        process.terminate()
        raise
    return process


async def measured(scene: GatewaysScene, seconds: float) -> dict[str, Any]:
    """What becomes of all gateways at once, beside the first few alone."""
    count = len(scene.logins)
    some = await _connected(scene.port, scene.logins[:FEW])
    few = await _published([one for one in some if one.told.result() == 0], count, seconds)
    _close(some)
    began = time.monotonic()
    everybody = await _connected(scene.port, scene.logins)
    took_s = time.monotonic() - began
    inside = [one for one in everybody if one.told.result() == 0]
    say(f"{len(inside)} of {count} are in after {took_s:.1f} s")
    refused = Counter(one.told.result() for one in everybody if one not in set(inside))
    polite = sum(one.told.result() == BUSY[one.login.version] for one in everybody)
    many = await _published(inside, len(inside), seconds)
    handles, soft = scene.handles, scene.soft
    _close(everybody)
    late = await _later(scene)
    storm = await _stormed(scene)
    return {
        "gateways": count,
        "connected": len(inside),
        "refused_politely": polite,
        "refused": {str(code): number for code, number in sorted(refused.items(), key=str)},
        "connect_s": round(took_s, 2),
        "comes_in_later": late,
        "hard_limit": scene.hard,
        "soft_limit_before": min(SOFT, scene.hard),
        "soft_limit_after": soft,
        "handles_open": handles,
        "sent": few["sent"] + many["sent"] + storm.pop("sent"),
        "acknowledged": few["acknowledged"] + many["acknowledged"] + storm.pop("acknowledged"),
        "puback_p50_ms": many["p50_ms"],
        "puback_p99_ms": many["p99_ms"],
        "messages_per_s": many["per_s"],
        "few": few | {"connections": FEW},
        "after_restart": storm,
        "ratio_p50_to_few": round(many["p50_ms"] / few["p50_ms"], 2),
        "ratio_p99_to_few": round(many["p99_ms"] / few["p99_ms"], 2),
    }


async def _connected(port: int, logins: Sequence[GatewayLogin]) -> list[SmallGateway]:
    begun: list[asyncio.Task[SmallGateway]] = []
    for number, login in enumerate(logins):
        begun.append(asyncio.create_task(connect_small(port, login, PATIENCE_S)))
        if number % TOGETHER == 0:
            await asyncio.sleep(0)
    return await asyncio.gather(*begun)


async def _stormed(scene: GatewaysScene) -> dict[str, Any]:
    """How long all take to come in once the collector was started again, and what becomes
    meanwhile of a few that came first."""
    await asyncio.to_thread(scene.restart)
    first = await _connected(scene.port, scene.logins[:FEW])
    calm = await _published(first, STEADY_PER_S, CALM_S)
    began = time.monotonic()
    rush = asyncio.create_task(_connected(scene.port, scene.logins[FEW:]))
    for one in first:
        one.took_s.clear()
    meanwhile = await _published(first, STEADY_PER_S, PATIENCE_S, rush)
    others = await rush
    inside = [one for one in others if one.told.result() == 0]
    all_in_s = _last_in_s(inside) - began
    _close([*first, *others])
    bare_s = await _bare_s([one.login for one in inside])
    return {
        "sent": calm["sent"] + meanwhile["sent"],
        "acknowledged": calm["acknowledged"] + meanwhile["acknowledged"],
        "connected": len(inside) + sum(one.told.result() == 0 for one in first),
        "all_in_s": round(all_in_s, 2),
        "bare_s": round(bare_s, 2),
        "ratio_all_in_to_bare": round(all_in_s / bare_s, 2),
        "meanwhile_p99_ms": meanwhile["p99_ms"],
        "before_p99_ms": calm["p99_ms"],
        "ratio_p99_to_before": round(meanwhile["p99_ms"] / calm["p99_ms"], 2),
    }


async def _bare_s(logins: Sequence[GatewayLogin]) -> float:
    """What as many take to come in where nothing is asked of them [s]."""
    with bare_server() as port:
        began = time.monotonic()
        there = await _connected(port, logins)
        took_s = _last_in_s(there) - began
        _close(there)
    return took_s


def _last_in_s(gateways: Sequence[SmallGateway]) -> float:
    return max((one.told_s for one in gateways), default=0.0)


async def _later(scene: GatewaysScene) -> bool:
    """Whether the last of them comes in once the others have gone."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        one = await connect_small(scene.port, scene.logins[-1], PATIENCE_S)
        one.close()
        if one.told.result() == 0:
            return True
        await asyncio.sleep(0.1)
    return False


async def _published(
    gateways: Sequence[SmallGateway],
    per_s: int,
    seconds: float,
    until: asyncio.Task[Any] | None = None,
) -> dict[str, Any]:
    """Publish so many messages a second over all of these, in turn, until a time is over or
    something is done, and wait for their PUBACKs."""
    loop = asyncio.get_running_loop()
    began, sent = loop.time(), 0
    wanted = max(int(per_s * seconds), len(gateways))
    while sent < wanted and (until is None or not until.done()):
        due = min(wanted, int((loop.time() - began) * per_s) + 1)
        for number in range(sent, due):
            gateways[number % len(gateways)].publish(number % 1000)
        sent = due
        await asyncio.sleep(0.002)
    took_s = loop.time() - began
    deadline = loop.time() + PATIENCE_S
    while any(one.unacknowledged for one in gateways) and loop.time() < deadline:
        await asyncio.sleep(0.02)
    waits = np.array([one for gateway in gateways for one in gateway.took_s]) * 1e3
    return {
        "sent": sent,
        "acknowledged": len(waits),
        "per_s": round(sent / took_s),
        "p50_ms": round(float(np.percentile(waits, 50)), 2),
        "p99_ms": round(float(np.percentile(waits, 99)), 2),
    }


def _close(gateways: Sequence[SmallGateway]) -> None:
    for one in gateways:
        one.close()
