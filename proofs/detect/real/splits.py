"""What a detector may be tuned on, and what it is scored on: never the same.

- Recorded buildings fall into one half by a hash of their name: a building that is added moves no
  other. The campus of `ucsd` is scored as a whole: nothing is tuned on a place like it.
- Seeds of generated meters and of injected events: 1 to 99 to tune on, 1000 and above to score.
- Simulated offices: New York to tune on, Colorado to score. Both are one building in two climates,
  so other faults, weather and dates are unseen there, but not another building.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from hashlib import sha256

from metering.errors import InvalidInput
from proofs.detect.fleet import Fleet


class Half(StrEnum):
    """Of all that is known."""

    TUNED = "tuned"
    SCORED = "scored"


TUNING_SEEDS = range(1, 100)
FIRST_SCORED_SEED = 1000
SCORED_ALONE = ("ucsd",)
"""Fleets of which no building is tuned on."""
SITES = {Half.TUNED: "medium_ny", Half.SCORED: "medium_co"}
"""Prefix of the simulated runs."""


def half_of_building(name: str) -> Half:
    """The half that a building falls into by its name alone."""
    even = sha256(name.encode()).digest()[0] % 2 == 0
    return Half.TUNED if even else Half.SCORED


def half_of_meter(fleet: str, name: str) -> Half:
    """The half of a building of a fleet."""
    return Half.SCORED if fleet in SCORED_ALONE else half_of_building(name)


def checked_seed(half: Half, seed: int) -> int:
    """The seed, if it belongs to that half; otherwise `InvalidInput`."""
    belongs = seed in TUNING_SEEDS if half is Half.TUNED else seed >= FIRST_SCORED_SEED
    if not belongs:
        raise InvalidInput(
            f"a seed of the other half, or of none, is not {half}",
            field="seed",
            value=seed,
            fix=f"tune with 1 to {TUNING_SEEDS[-1]}, score with {FIRST_SCORED_SEED} or above",
        )
    return seed


def half_of_fleet(fleet: Fleet, half: Half) -> Fleet:
    """The meters of the buildings of one half, in their order, with their labels. A meter that
    belongs to no building goes by its number."""
    names = fleet.building or tuple(str(meter) for meter in range(len(fleet.load)))
    kept = [meter for meter, name in enumerate(names) if half_of_meter(fleet.name, name) is half]
    return replace(fleet.of(kept), building=tuple(names[meter] for meter in kept))
