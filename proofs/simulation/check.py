"""Seed after seed: what befell the worlds, and which laws were broken."""

from __future__ import annotations

import sys
import time
from collections import Counter

import structlog

from proofs.simulation.faults import KINDS
from proofs.simulation.world import SeedOutcome, run_seed
from proofs.steps import finish, say

EVERY_KIND = 100
"""From so many seeds on a kind of fault that never happened is a failure: nothing was proved."""
_TOLD_S = 10.0


def run_simulate(seeds: int, first: int, trace: bool) -> None:
    """Play the seeds from `first` on; prints the tally, fails on any violation. trace: print what
    happens to standard output, before the line of JSON."""
    quieten()
    faults: Counter[str] = Counter()
    broken, messages, told_s = 0, 0, time.monotonic()
    for number, seed in enumerate(range(first, first + seeds), 1):
        outcome = run_seed(seed, print if trace else None)
        faults += outcome.faults
        messages += outcome.messages
        broken += bool(outcome.violations)
        _tell(outcome)
        if time.monotonic() - told_s > _TOLD_S:
            told_s = time.monotonic()
            say(f"{number} seeds, {broken} with violations")
    missing = never(faults) if seeds >= EVERY_KIND else []
    if missing:
        say(f"never happened: {', '.join(missing)}")
    result = {
        "seeds": seeds,
        "first": first,
        "messages": messages,
        "faults": {kind: faults[kind] for kind in KINDS},
        "violations": broken,
    }
    finish(result, seeds > 0 and not broken and not missing)


def never(faults: Counter[str]) -> list[str]:
    """Kinds of faults that never happened."""
    return [kind for kind in KINDS if not faults[kind]]


def quieten() -> None:
    """The product's own log says nothing: it is all that goes wrong on purpose."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))


def _tell(outcome: SeedOutcome) -> None:
    for violation in outcome.violations:
        print(f"seed {outcome.seed}: {violation}", file=sys.stderr, flush=True)
