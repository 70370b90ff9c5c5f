"""`python -m proofs bench-detect`: how much waste is found, and how often nothing was wrong.

tuning seeds, tuned half ──▶ one threshold of each detector and budget ──▶ frozen
fresh seeds, other half ───▶ what each detector says there ──▶ figures, goals, losses
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from metering.errors import ConfigurationError
from proofs.detect.asking import detectors_of, panel
from proofs.detect.figures import Figures
from proofs.detect.goals import as_rows, goals_of, losses_of, too_easy
from proofs.detect.real.splits import Half, checked_seed
from proofs.detect.sections.fleets import fleets
from proofs.detect.sections.harmless import harmless
from proofs.detect.sections.hours import hours
from proofs.detect.sections.lasting import lasting
from proofs.detect.sections.media import media
from proofs.detect.sections.office import office
from proofs.detect.sections.recorded import recorded
from proofs.detect.sections.second import second
from proofs.detect.sections.signals import signals
from proofs.detect.sections.trial import Sizes, Trial
from proofs.detect.tables import markdown
from proofs.steps import data_folder_with_recordings, finish, last_json, say

SECTIONS: Final[dict[str, Callable[[Trial], Figures]]] = {
    "fleets": fleets,
    "recorded": recorded,
    "office": office,
    "media": media,
    "harmless": harmless,
    "lasting": lasting,
    "hours": hours,
    "second": second,
    "signals": signals,
}
QUICK_METERS, QUICK_SEEDS, QUICK_BUILDINGS, QUICK_PEERS = 24, 1, 8, 4


@dataclass(frozen=True)
class BenchRun:
    """What a run is to look at."""

    sizes: Sizes
    sections: tuple[str, ...]
    detectors: tuple[str, ...]
    most: int = 1000
    """Meters of a fleet that any of the peers is asked of."""

    @classmethod
    def of(cls, only: str, peers: str, quick: bool, seed: int, seeds: int, meters: int) -> BenchRun:
        """Options as they are given; ConfigurationError for a section or peer that there is not,
        `InvalidInput` for a seed that thresholds may be set on."""
        sections = tuple(one.strip() for one in only.split(",")) if only else tuple(SECTIONS)
        for name in sections:
            if name not in SECTIONS:
                raise ConfigurationError(
                    "no such section", field="only", value=name, fix=", ".join(SECTIONS)
                )
        first = checked_seed(Half.SCORED, seed)
        sizes = (
            Sizes(first, QUICK_SEEDS, QUICK_METERS, QUICK_BUILDINGS)
            if quick
            else Sizes(first, seeds, meters)
        )
        most = QUICK_PEERS if quick else meters
        return cls(sizes, sections, detectors_of(peers), most)


def run_bench(asked: BenchRun) -> None:
    """Figures of all sections, goals and losses, as one line of JSON. Fails where a detector or its
    data cannot be had, and where generic scores find the generated meters easy; goals that are
    missed are named, and fail nothing."""
    result = measured(asked, data_folder_with_recordings())
    for goal in result["goals"]:
        met = "met   " if goal["met"] else "MISSED"
        say(f"{met} {goal['name']}: {goal['value']} ({goal['wanted']})")
    for loss in result["losses"]:
        say("better: {other}, {where}: {figure} {theirs}, ours {ours}".format(**loss))
    finish(result, not too_easy(result))


def measured(asked: BenchRun, data: Path) -> Figures:
    """Figures by section, with goals, losses and how it was asked."""
    begun = time.monotonic()
    result: Figures = {
        "seed": asked.sizes.seed,
        "seeds": asked.sizes.seeds,
        "meters": asked.sizes.meters,
        "detectors": list(asked.detectors),
    }
    with panel(asked.detectors, asked.most) as one:
        trial = Trial(one, asked.sizes, data)
        for name in asked.sections:
            say(f"{name}, after {time.monotonic() - begun:.0f} s")
            result[name] = SECTIONS[name](trial)
    goals = goals_of(result)
    return result | {
        "goals": as_rows(goals),
        "missed": [goal.name for goal in goals if not goal.met],
        "losses": losses_of(result),
        "took_s": round(time.monotonic() - begun),
    }


def show_table(file: Path) -> None:
    """Print what a run wrote, its last line being JSON, as tables for docs/detection.md; an
    `OSError` where there is no such file."""
    print(markdown(last_json(file.read_text(encoding="utf-8"))))
