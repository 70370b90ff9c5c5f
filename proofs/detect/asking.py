"""Detectors by name, and fleets that are put before them, as many at once as there are cores."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Final

import numpy as np
import psutil

from analytics.detectors.stretched import TOLD_SCORE
from metering.errors import ConfigurationError
from proofs.detect.fleet import Fleet
from proofs.detect.ours import alerts_of
from proofs.detect.peers.frozen_generic import frozen_generic
from proofs.detect.peers.outside import ONE_THREAD, ask_peer
from proofs.detect.peers.seasonal_naive import seasonal_naive
from proofs.detect.peers.table import PEERS
from proofs.detect.scoring import Answer
from proofs.detect.stretches import stretches_of
from proofs.detect.words import without_gaps
from proofs.steps import environment, say

OURS, STRETCHES, GENERIC = "ours", "stretches", "frozen generic"
"""The platform; what `analytics.scan` says, which it does not tell yet; a plain score."""
INSIDE: Final[dict[str, Callable[[Fleet], Answer]]] = {
    OURS: lambda fleet: without_gaps(alerts_of(fleet)),
    STRETCHES: stretches_of,
    GENERIC: frozen_generic,
    "seasonal naive": seasonal_naive,
}
"""Those that run without the environment of the peers."""
OWN: Final = {OURS: -np.inf, STRETCHES: TOLD_SCORE}
"""Thresholds of those that have one of their own, and need no budget to say when to tell."""
FEW: Final[dict[str, int]] = {
    "opendsm hourly": 16,
    "boosted quantiles": 16,
    "stumpy stump": 32,
    "boosted mean": 32,
    "pyod isolation forest": 80,
    "stumpy aamp": 80,
}
"""Meters of a fleet that those are asked of which take a fifth of a second of CPU each or more."""
SLOW: Final = tuple(FEW)[:4]
"""Those of them that are asked by the first two sections alone."""
NAMES_NOTHING: Final = frozenset({*INSIDE, *PEERS}) - {OURS, STRETCHES}
"""Only score, and have no word for what they find."""


@dataclass(frozen=True, eq=False)
class Said:
    """What a detector says of a fleet."""

    detector: str
    fleet: Fleet
    """What was put before it, with its labels, which it was not shown."""
    answer: Answer
    cpu_s: float
    """[s of CPU] of all meters."""
    refused: int
    """Meters that it failed on."""


def ask(detector: str, given: Fleet) -> tuple[Answer, float, int]:
    """What a detector says of a fleet without labels, what it took [s of CPU], and of how many
    meters it failed; ConfigurationError and Unavailable as of `ask_peer`."""
    if detector not in INSIDE:
        scores = ask_peer(given, detector)
        return scores.scores, scores.cpu_s, len(scores.refused)
    begun = time.process_time()
    answer = INSIDE[detector](given)
    return answer, time.process_time() - begun, 0


def detectors_of(peers: str) -> tuple[str, ...]:
    """Ours, the generic ones, and the peers asked for: `all`, `none`, or names between commas;
    ConfigurationError for a name that there is not."""
    names = {"all": tuple(PEERS), "none": ()}.get(peers)
    if names is None:
        names = tuple(name.strip() for name in peers.split(","))
    for name in names:
        if name not in PEERS:
            fix = f"all, none, or names between commas: {', '.join(PEERS)}"
            raise ConfigurationError("no such peer", field="peers", value=name, fix=fix)
    return (*INSIDE, *names)


@dataclass(frozen=True, eq=False)
class Panel:
    """The detectors of a run, and the cores that they are asked on."""

    detectors: tuple[str, ...]
    most: int
    """Meters of a fleet that any of the peers is asked of."""
    pool: ProcessPoolExecutor

    @property
    def quick(self) -> tuple[str, ...]:
        """Those that are asked of all meters."""
        return tuple(name for name in self.detectors if name not in SLOW)

    def asked(self, fleets: Sequence[Fleet], names: Sequence[str]) -> dict[str, list[Said]]:
        """By detector, what it says of each fleet, in their order."""
        costly = list(FEW)
        slow_first = sorted(names, key=lambda one: costly.index(one) if one in FEW else len(FEW))
        shown = {name: [self._shown(name, fleet) for fleet in fleets] for name in slow_first}
        waiting = {
            name: [self.pool.submit(ask, name, fleet.given) for fleet in several]
            for name, several in shown.items()
        }
        return {
            name: [_told(name, *pair) for pair in zip(shown[name], waiting[name], strict=True)]
            for name in names
        }

    def _shown(self, name: str, fleet: Fleet) -> Fleet:
        few = min(FEW.get(name, self.most), self.most)
        return fleet if name in INSIDE or few >= len(fleet.load) else fleet.of(range(few))


def _told(name: str, fleet: Fleet, waiting: Future[tuple[Answer, float, int]]) -> Said:
    answer, cpu_s, refused = waiting.result()
    meters = len(fleet.load)
    each_ms = 1e3 * cpu_s / max(meters, 1)
    say(f"  {fleet.name}: {name}, {meters} meters, {each_ms:.1f} ms of CPU each")
    return Said(name, fleet, answer, cpu_s, refused)


@contextmanager
def panel(detectors: tuple[str, ...], most: int) -> Iterator[Panel]:
    """A panel on the cores of this machine, each asked on one thread; it ends with the block."""
    cores = psutil.cpu_count(logical=True) or 1
    with (
        environment(**ONE_THREAD),
        ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool,
    ):
        yield Panel(detectors, most, pool)
