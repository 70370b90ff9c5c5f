"""Runs in the environment of the peers: `run.py --peer NAME --fleet given.npz --out scores.npz`."""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from proofs.detect.peers.days import MeterDays
    from proofs.detect.peers.given import Floats, GivenArrays, PeerScores


def main() -> None:
    """Score one fleet by one peer."""
    # Not this folder, whose modules have names like others' packages.
    sys.path[0] = str(Path(__file__).resolve().parents[3])
    from proofs.detect.peers.given import GivenArrays
    from proofs.detect.peers.table import PEERS

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", choices=sorted(PEERS), required=True)
    parser.add_argument("--fleet", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")  # of packages, for each meter
    scored(asked.peer, PEERS[asked.peer], GivenArrays.read(asked.fleet)).save(asked.out)


def scored(name: str, peer: Callable[[MeterDays], Floats], given: GivenArrays) -> PeerScores:
    """Every meter by a peer; what it raises is kept, and says which meter it refused."""
    from proofs.detect.peers.days import LEAST_DAYS, MeterDays, standardised
    from proofs.detect.peers.given import HOURS_A_DAY, PeerScores

    meters = len(given.load)
    scores = np.full((meters, given.load.shape[1] // HOURS_A_DAY), np.nan)
    refused: list[str] = []

    def score(row: int) -> None:
        one = MeterDays.of(given, row)
        if one.past.sum() >= LEAST_DAYS:
            scores[row] = standardised(one, peer(one))

    with contextlib.suppress(Exception):  # once for nothing: packages are loaded and compiled
        score(0)
    began_s = time.process_time()
    for row in range(meters):
        try:
            score(row)
        except Exception as failed:
            refused.append(f"meter {row}: {type(failed).__name__}: {failed}")
        if (row + 1) % max(1, meters // 10) == 0:
            each_s = (time.process_time() - began_s) / (row + 1)
            print(
                f"{name}: {row + 1} of {meters} meters, {each_s:.4f} s of CPU each", file=sys.stderr
            )
    return PeerScores(scores, time.process_time() - began_s, tuple(refused))


if __name__ == "__main__":
    main()
