"""What a meter tells instead of what was taken. No energy is wasted by any of these."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from proofs.detect.fleet import Floats
from proofs.detect.generated.chance import YEAR
from proofs.detect.generated.waste import Event

CATCHES_UP = 0.5
"""From this variant on a register that stood catches up at once."""
BELOW = 0.3
"""Up to this variant a spike goes below zero."""


def _stuck(told: Floats, event: Event) -> None:
    window = told[event.first : event.end]
    if event.variant < CATCHES_UP:
        window[:] = told[event.first - 1]
        return
    missed = window.sum()
    window[:] = 0.0
    window[-1] = missed


def _zero(told: Floats, event: Event) -> None:
    told[event.first : event.end] = 0.0


def _spike(told: Floats, event: Event) -> None:
    """size: of the first year's mean, which no event of the second changes."""
    window = told[event.first : event.end]
    height = event.size * told[:YEAR].mean()
    window += -height if event.variant < BELOW else height


def _multiplier(told: Floats, event: Event) -> None:
    told[event.first : event.end] *= event.size


def _clock(told: Floats, event: Event) -> None:
    """size: hours behind, below 0 ahead."""
    told[event.first : event.end] = np.roll(told, round(event.size))[event.first : event.end]


FAULTS: dict[str, Callable[[Floats, Event], None]] = {
    "meter_stuck": _stuck,
    "meter_zero": _zero,
    "meter_spike": _spike,
    "meter_multiplier": _multiplier,
    "meter_clock": _clock,
}
