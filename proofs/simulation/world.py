"""One seed: a small world, its faults, its rest, and the judgement."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from metering.localtime import parse_instant
from proofs.simulation.disk import Disk, mount, unmount
from proofs.simulation.faults import FaultPlan
from proofs.simulation.gateways import GatewayClient, GatewayTruth, made_up
from proofs.simulation.laws import SentTruth, Verdict
from proofs.simulation.network import Network
from proofs.simulation.platform import WRITER, JumpingClock, SimulatedPlatform, registry_of
from proofs.simulation.runtime import VirtualLoop, WouldHang, forget
from proofs.simulation.seams import simulated

BASE_US = parse_instant("2026-03-04T10:07:00Z")
LATER_US = 3 * 86_400_000_000
"""After which every day that was told of is over."""
REST_S = 240.0
"""Within which all must have come to rest once the faults have ended; virtual [s]."""
MOST_MENDED = 5
"""Looks after which nothing is damaged any more."""
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it


@dataclass
class SeedOutcome:
    """What came of one seed."""

    seed: int
    faults: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    trace: str = ""
    """Of all that happened, in its order: one hash."""
    messages: int = 0
    virtual_s: float = 0.0


def run_seed(seed: int, show: Callable[[str], None] | None = None) -> SeedOutcome:
    """Play one seed to its end. show: takes every line of the trace."""
    outcome = SeedOutcome(seed)
    random = Random(f"world {seed}")
    loop = VirtualLoop(Random(f"turns {seed}"))
    digest = hashlib.sha256()

    def say(what: str) -> None:
        line = f"{loop.time() - 1000.0:10.4f} {what}"
        digest.update(line.encode() + b"\n")
        if show is not None:
            show(line)

    folder = Path(tempfile.mkdtemp(prefix="simulation-", dir=MEMORY if MEMORY.is_dir() else None))
    disk = Disk(folder, Random(f"disk {seed}"), outcome.faults)
    (folder / "journal").mkdir()
    mount(disk)
    world = _World(seed, random, loop, disk, outcome, say)
    try:
        with simulated(loop, Random(f"secrets {seed}"), world.platform.pause):
            try:
                loop.run_until_complete(world.play())
            except WouldHang as error:
                outcome.violations.append(f"hangs: {error}")
            finally:
                world.end()
    finally:
        outcome.violations += loop.failures
        outcome.trace = digest.hexdigest()
        outcome.virtual_s = loop.time() - 1000.0
        loop.close()
        forget(loop)
        unmount()
        shutil.rmtree(folder)
    return outcome


class _World:
    def __init__(
        self,
        seed: int,
        random: Random,
        loop: VirtualLoop,
        disk: Disk,
        outcome: SeedOutcome,
        say: Callable[[str], None],
    ) -> None:
        faults, self._disk = outcome.faults, disk
        self._loop, self._outcome, self._say = loop, outcome, say
        self._lasts_s = random.uniform(10.0, 25.0)
        users = [f"o/g{number}" for number in range(random.randint(1, 3))]
        meters = random.randint(1, 3)
        network = Network(loop, Random(f"network {seed}"), faults)
        self.platform = SimulatedPlatform(
            loop,
            disk,
            network,
            registry_of(users, meters),
            JumpingClock(loop, BASE_US),
            Random(f"platform {seed}"),
            faults,
            say,
        )
        truths = [made_up(random, user, meters, BASE_US) for user in users]
        self._sent = _together(truths)
        outcome.messages = len(self._sent.messages)
        self._gateways = [
            GatewayClient(
                loop,
                network,
                Random(f"gateway {seed} {user}"),
                truth.messages,
                user=user,
                address=f"10.0.1.{number}",
                lasts_s=self._lasts_s,
                faults=faults,
                say=say,
            )
            for number, (user, truth) in enumerate(zip(users, truths, strict=True))
        ]
        self._plan = FaultPlan(
            loop,
            Random(f"faults {seed}"),
            faults,
            say,
            self.platform,
            network,
            disk,
            self._gateways,
        )

    async def play(self) -> None:
        """From the first start to the judgement."""
        looking = self._loop.create_task(self.platform.look_after())
        await self._plan.run(self._lasts_s)
        await self._rest("the faults ended")
        looking.cancel()
        await self._mend()
        if self._plan.flips:
            looking = self._loop.create_task(self.platform.look_after())
            await self._rest("a last repair")
            looking.cancel()
        else:
            self.platform.start_worker()
        self.platform.clock.jumped_us = LATER_US
        await self._settled()
        await self.platform.stop()
        if not self._outcome.violations:
            verdict = Verdict(self.platform, self._sent, self._gateways, self._disk.flipped)
            self._outcome.violations += verdict.violations()
        self._outcome.violations += self.platform.troubles

    async def _mend(self) -> None:
        """Until a look finds nothing damaged: no bit flips any more."""
        for _ in range(MOST_MENDED):
            if not await self.platform.mend():
                return
            if not self._plan.flips:
                self._outcome.violations.append("the journal is damaged, and no bit flipped")
                return
        self._outcome.violations.append("the journal stays damaged however often it is mended")

    def end(self) -> None:
        """Whatever still runs is gone."""
        for process in (self.platform.collector, self.platform.worker):
            self.platform.kill(process)

    async def _rest(self, after: str) -> None:
        """Until nothing is left to do; what is still open when time is up is a violation."""
        ends = self._loop.time() + REST_S
        while left := self._left():
            if self._loop.time() > ends:
                self._outcome.violations.append(f"not at rest after {after}: {', '.join(left)}")
                return
            await asyncio.sleep(1.0)
        self._say(f"at rest after {after}")

    async def _settled(self) -> None:
        """Until the ledger has looked at the days that ended."""
        runs = self.platform.loops[-1].state.runs
        ends = self._loop.time() + REST_S
        while self.platform.loops[-1].state.runs < runs + 3:
            if self._loop.time() > ends:
                self._outcome.violations.append("the ledger does not settle")
                return
            await asyncio.sleep(1.0)

    def _left(self) -> list[str]:
        """What there is to do, or is not well."""
        platform = self.platform
        left = [f"{g.user} has {len(g.queue)}" for g in self._gateways if not g.idle]
        listener, health = platform.listener, None
        if listener is None or platform.collector is None or not platform.collector.alive:
            return [*left, "no collector"]
        if platform.worker is None or not platform.worker.alive:
            return [*left, "no worker"]
        health = listener.health()
        if not health.ok:
            left.append(f"collector: {health.failure}")
        if health.waiting_records:
            left.append(f"{health.waiting_records} records wait for the disk")
        left += [f"{one.name}: {one.state.error}" for one in platform.loops if not one.state.ok]
        if platform.kept.marks.waiting():
            left.append(f"{platform.kept.marks.waiting()} marks wait")
        if not left and not platform.is_taken_in():
            left.append(f"intake is at {platform.kept.intake.checkpoint(WRITER)}")
        return left


def _together(truths: list[GatewayTruth]) -> SentTruth:
    sent = SentTruth([], {})
    for truth in truths:
        sent.messages += truth.messages
        sent.standing |= truth.standing
    return sent
