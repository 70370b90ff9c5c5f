"""Asks peers in their own environment: a fleet goes there as a file, scores come back as one."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from metering.errors import ConfigurationError, Unavailable
from proofs.detect.fleet import Fleet
from proofs.detect.peers.given import GivenArrays, PeerScores
from proofs.detect.peers.table import PEERS

ROOT: Final = Path(__file__).resolve().parents[3]
PYTHON: Final = ROOT / ".peers/bin/python"
PACKAGES: Final = ROOT / "requirements-peers.txt"
STAMP: Final = ROOT / ".peers/.ready"
KEPT: Final = ROOT / ".peers/answers"
"""What peers said before, by who was asked of what: hours of work that nothing changes."""
ONE_THREAD: Final = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
}
"""Figures are of one core."""


def ask_peer(fleet: Fleet, peer: str) -> PeerScores:
    """Scores of all meters and days by a peer of `PEERS`; its progress goes to standard error. What
    the same code of ours and the same packages said of the same fleet before is said again, with
    the CPU that it took then.

    ConfigurationError for an unknown name or where the environment is absent, Unavailable where the
    peer fails as a whole; meters that it fails on are named in the answer.
    """
    if peer not in PEERS:
        raise ConfigurationError(
            "no such peer", field="peer", value=peer, fix=f"one of {', '.join(PEERS)}"
        )
    if not STAMP.exists():
        raise ConfigurationError(
            "the environment of other people's detectors is absent",
            field="environment",
            value=".peers",
            fix="make .peers/.ready",
        )
    with tempfile.TemporaryDirectory(prefix="greenoffice-peers-") as folder:
        given, out = Path(folder) / "given.npz", Path(folder) / "scores.npz"
        given_arrays(fleet).save(given)
        kept = KEPT / f"{asked_of(peer, given)}.npz"
        if kept.exists():
            return PeerScores.read(kept)
        command = [PYTHON, Path(__file__).with_name("run.py"), "--peer", peer]
        done = subprocess.run(
            [*map(str, command), "--fleet", str(given), "--out", str(out)],
            env=os.environ | ONE_THREAD,
            cwd=ROOT,
            check=False,
        )
        if done.returncode:
            raise Unavailable(
                f"the peer {peer} failed",
                field="exit status",
                value=done.returncode,
                fix="see what it wrote to standard error",
            )
        KEPT.mkdir(parents=True, exist_ok=True)
        half = kept.with_suffix(f".{os.getpid()}")
        shutil.copyfile(out, half)
        half.replace(kept)
        return PeerScores.read(kept)


def asked_of(peer: str, given: Path) -> str:
    """What an answer depends on, as a name: the peer, what it is given, the code that asks it and
    the packages of its environment."""
    told = hashlib.sha256(peer.encode())
    for file in (given, PACKAGES, *sorted(Path(__file__).parent.glob("*.py"))):
        told.update(file.read_bytes())
    return told.hexdigest()


def given_arrays(fleet: Fleet) -> GivenArrays:
    """What a peer may see of a fleet: no labels."""
    return GivenArrays(
        load=fleet.load,
        temperature=fleet.temperature,
        station=fleet.station,
        off_days=fleet.off_days,
        calendar=fleet.calendar,
        start=fleet.start,
        scored_from=fleet.scored_from,
    )
