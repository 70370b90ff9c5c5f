"""What all sections share: sizes, seeds, the panel, and thresholds that are set once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from proofs.detect.asking import Panel, Said
from proofs.detect.figures import Thresholds
from proofs.detect.generated import generated_fleet
from proofs.detect.real.cases import recorded_cases
from proofs.detect.real.energyplus import TwinFleets
from proofs.detect.real.splits import TUNING_SEEDS, Half
from proofs.detect.words import gaps_unlabelled
from proofs.steps import say

TUNED_SEEDS = TUNING_SEEDS[:2]
"""Generated fleets that thresholds are set on."""
TUNED_RECORDED = TUNING_SEEDS[0]
"""Events in the tuned half of the recorded buildings."""


@dataclass(frozen=True)
class Sizes:
    """How much a run looks at."""

    seed: int
    """First fresh seed."""
    seeds: int
    meters: int
    """Of each generated fleet."""
    buildings: int | None = None
    """Recorded buildings of each fleet; None for all."""

    @property
    def fresh(self) -> range:
        """Seeds that are scored."""
        return range(self.seed, self.seed + self.seeds)


@dataclass(frozen=True)
class Trial:
    """A run: its thresholds are worked out when the first section needs them."""

    panel: Panel
    sizes: Sizes
    data: Path

    @cached_property
    def generated(self) -> Thresholds:
        """Set on generated fleets of tuning seeds."""
        say("thresholds on generated meters")
        fleets = [generated_fleet(seed, self.sizes.meters) for seed in TUNED_SEEDS]
        return Thresholds.tuned(self.panel.asked(fleets, self.panel.detectors))

    @cached_property
    def recorded(self) -> Thresholds:
        """Set on the tuned half of the recorded buildings, with events put in."""
        say("thresholds on recorded buildings")
        events = self.recordings(Half.TUNED, TUNED_RECORDED)[0][0]
        return Thresholds.tuned(self.panel.asked([events.fleet], self.panel.detectors))

    def recordings(self, half: Half, seed: int) -> list[tuple[TwinFleets, TwinFleets]]:
        """Recorded fleets of a half, each with scattered events and with lasting ones; missing
        readings have no label."""
        cases = [self._case(case) for case in recorded_cases(self.data, half, seed)]
        return list(zip(cases[::2], cases[1::2], strict=True))

    def _case(self, case: TwinFleets) -> TwinFleets:
        kept = range(len(case.twin.load))[: self.sizes.buildings]
        return TwinFleets(gaps_unlabelled(case.fleet.of(kept)), case.twin.of(kept))

    def asked_pairs(
        self, cases: list[TwinFleets], names: tuple[str, ...]
    ) -> list[tuple[dict[str, list[Said]], dict[str, list[Said]]]]:
        """For each case what detectors say of its fleet, and of its twin, by name."""
        fleets = [one for case in cases for one in (case.fleet, case.twin)]
        said = self.panel.asked(fleets, names)
        return [
            (
                {name: [several[at]] for name, several in said.items()},
                {name: [several[at + 1]] for name, several in said.items()},
            )
            for at in range(0, len(fleets), 2)
        ]
