"""Says what there is to judge by: buildings, what was left out and why, events and waste."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from proofs.detect.real.cases import RECORDED, recorded_cases, simulated_cases
from proofs.detect.real.energyplus import TwinFleets
from proofs.detect.real.labelled import SERIES
from proofs.detect.real.splits import FIRST_SCORED_SEED, TUNING_SEEDS, Half
from proofs.steps import data_folder_with_recordings, say

SEEDS = {Half.TUNED: TUNING_SEEDS[0], Half.SCORED: FIRST_SCORED_SEED}


def told(half: Half, case: TwinFleets) -> str:
    """One line of a case."""
    fleet = case.fleet
    kinds = Counter(label.kind for label in fleet.labels)
    return (
        f"{half} {fleet.name}: {len(fleet.load)} meters, {fleet.meter_years:.1f} years scored, "
        f"{sum(label.kwh for label in fleet.labels):.0f} kWh wasted, {dict(kinds.most_common())}"
    )


def main(data: Path) -> None:
    """Print what the folder holds; `FileNotFoundError` and its kin where a part is absent."""
    for name, meters in RECORDED.items():
        found = meters(data)
        say(f"{name}: {len(found.fleet.load)} buildings; left out: {'; '.join(found.dropped)}")
    for half in Half:
        for case in (*recorded_cases(data, half, SEEDS[half]), *simulated_cases(data, half)):
            say(told(half, case))
    for name, read in SERIES.items():
        for one in read(data):
            say(f"{name} {one.name}: {len(one.time)} rows, {int(one.labels.sum())} {one.kind}")


if __name__ == "__main__":
    main(data_folder_with_recordings())
