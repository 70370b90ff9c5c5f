"""What goes wrong in a world, and when: all of it by the seed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from random import Random

from proofs.simulation.disk import Disk
from proofs.simulation.gateways import GatewayClient
from proofs.simulation.network import Network
from proofs.simulation.platform import SimulatedPlatform
from proofs.simulation.runtime import VirtualLoop

KINDS = (
    "bit_flip",
    "clock_jump",
    "delayed",
    "disk_full",
    "dropped",
    "gateway_restart",
    "half_open",
    "kill",
    "lost_write",
    "news_lost",
    "power_loss",
    "repeated",
    "restart",
    "store_away",
    "store_unknown",
    "torn",
)
"""Every kind that is counted: a hundred seeds in which one never happened prove nothing of it."""
FLIPS = 0.25
"""The share of worlds in which bits flip."""


class FaultPlan:
    """The faults of one world, for as long as they last.

    say: takes what happens, for the trace.
    """

    def __init__(
        self,
        loop: VirtualLoop,
        random: Random,
        faults: Counter[str],
        say: Callable[[str], None],
        platform: SimulatedPlatform,
        network: Network,
        disk: Disk,
        gateways: list[GatewayClient],
    ) -> None:
        self._flipping = ""
        self.flips = random.random() < FLIPS
        self._loop, self._random, self._faults, self._say = loop, random, faults, say
        self._platform, self._network, self._disk = platform, network, disk
        self._gateways = gateways
        disk.on_fuse = platform.cut_off
        platform.trouble.on_fuse = platform.cut_worker_off
        platform.trouble.unknown = random.choice((0.0, 0.02, 0.1))

    async def run(self, lasts_s: float) -> None:
        """Fault after fault until time is up; then all is mended that is not broken for good."""
        ends = self._loop.time() + lasts_s
        kinds: list[Callable[[], None]] = [
            self._break_off,
            self._break_off,
            self._slow,
            self._jump,
            self._power,
            self._kill_collector,
            self._kill_worker,
            self._full,
            self._away,
            self._gateway_restart,
            self._restart,
        ]
        if self.flips:
            kinds += [self._flip, self._flip]
        chosen = [one for one in kinds if self._random.random() < 0.7] or kinds
        pause_s = self._random.uniform(0.5, 4.0)
        while self._loop.time() < ends:
            await asyncio.sleep(self._random.expovariate(1 / pause_s))
            self._random.choice(chosen)()
        self._end()

    def _end(self) -> None:
        self._disk.full = False
        self._disk.fuse = self._platform.trouble.fuse = None
        self._network.slow_until_s = 0.0
        self._platform.trouble.away = False
        self._platform.trouble.unknown = 0.0
        self._jump_to(0)
        self._say("faults end")

    def _for_a_while(self, most_s: float, end: Callable[[], None]) -> None:
        self._loop.call_later(self._random.uniform(0.1, most_s), end)

    def _break_off(self) -> None:
        if self._network.links:
            self._say("connections break off")
            self._network.break_off(self._random.choice((1, 1, 9)))

    def _slow(self) -> None:
        self._say("network is slow")
        self._network.slow_until_s = self._loop.time() + self._random.uniform(0.5, 4.0)

    def _jump(self) -> None:
        most = self._random.choice((5, 600, 7_200, 36_000))
        self._jump_to(int(self._random.uniform(-most, most) * 1e6))

    def _jump_to(self, jumped_us: int) -> None:
        """So far from the right time; a clock that is off is put right in the end."""
        if jumped_us != self._platform.clock.jumped_us:
            self._faults["clock_jump"] += 1
            self._platform.clock.jumped_us = jumped_us
            self._say(f"clock off by {jumped_us}")

    def _power(self) -> None:
        """Now, or at some write."""
        if self._random.random() < 0.6:
            self._disk.fuse = self._random.randint(0, 12)
        elif self._platform.power:
            self._platform.lose_power()

    def _kill_collector(self) -> None:
        self._faults["kill"] += 1
        self._platform.kill(self._platform.collector)

    def _kill_worker(self) -> None:
        """Now, or between two changes of the stores."""
        self._faults["kill"] += 1
        if self._random.random() < 0.7:
            self._platform.trouble.fuse = self._random.randint(0, 9)
        else:
            self._platform.kill(self._platform.worker)

    def _restart(self) -> None:
        self._faults["restart"] += 1
        if self._platform.power:
            self._loop.create_task(self._platform.stop())

    def _full(self) -> None:
        self._say("disk is full")
        self._disk.full = True
        self._for_a_while(5.0, self._room)

    def _room(self) -> None:
        self._disk.full = False
        self._say("disk has room")

    def _away(self) -> None:
        self._say("stores are away")
        self._platform.trouble.away = True
        self._for_a_while(4.0, self._back)

    def _back(self) -> None:
        self._platform.trouble.away = False
        self._say("stores are back")

    def _gateway_restart(self) -> None:
        self._faults["gateway_restart"] += 1
        self._random.choice(self._gateways).restart()

    def _flip(self) -> None:
        """Of one segment of the journal, always the same: where a segment ended is told by the one
        behind it, and where both are damaged nobody can tell."""
        name = self._disk.flip_bits(self._may_flip)
        if name is not None:
            self._say(f"bits flip in {_file(name)}")
            self._flipping = _file(name)[:8]

    def _may_flip(self, name: str) -> bool:
        file = _file(name)
        return "damaged" not in name and ".sqlite" in file and file.startswith(self._flipping)


def _file(name: str) -> str:
    return name.rsplit("/", 1)[1]
