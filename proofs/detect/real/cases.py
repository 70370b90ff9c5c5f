"""All real and simulated meters of one half, with what happened to them and without.

    bdg2, ucsd          half of the recorded buildings, with events put in; then with one lasting
                        waste in each
    medium_ny__...      a simulated office in one climate, run by run

What a `TwinFleets.twin` raises is false where the office is simulated; where it is recorded, it may
be something that really happened.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from proofs.detect.real.bdg2 import bdg2
from proofs.detect.real.energyplus import TwinFleets, runs, simulated
from proofs.detect.real.inject import injected, injected_lasting
from proofs.detect.real.splits import SITES, Half, checked_seed, half_of_fleet
from proofs.detect.real.ucsd import ucsd

RECORDED = {"bdg2": bdg2, "ucsd": ucsd}


def recorded_cases(data: Path, half: Half, seed: int) -> Iterator[TwinFleets]:
    """Recorded buildings of a half, by the seed of its events, which must be of that half."""
    for meters in RECORDED.values():
        twin = half_of_fleet(meters(data).fleet, half)
        if not len(twin.load):
            continue
        for put in (injected, injected_lasting):
            yield TwinFleets(put(twin, checked_seed(half, seed)), twin)


def simulated_cases(data: Path, half: Half) -> Iterator[TwinFleets]:
    """Simulated runs of the climate of a half."""
    for run in runs(data, SITES[half]):
        yield simulated(data, run)
