"""Which kinds of labels a pattern is the right word for, and what is no matter of the bench.

The same thing has other names where it is made up (`generated`), put into recordings
(`real.inject`) and simulated (`real.energyplus`). A pattern that is not here is the right word for
nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from proofs.detect.fleet import Alert, Fleet
from proofs.detect.scoring import Kinds

_SCHEDULE: Final = frozenset({"schedule_change", "early_start", "late_stop"})
WORDS: Final[Kinds] = {
    "after_hours_plant": frozenset({"after_hours_plant"}),
    "weekend_run": frozenset({"weekend_run"}),
    "schedule_change": _SCHEDULE,
    "early_start": _SCHEDULE,
    "late_stop": _SCHEDULE,
    "high_base_load": frozenset({"high_base_load", "base_step"}),
    "base_load_creep": frozenset({"base_load_creep", "base_creep"}),
    "lost_setback": frozenset({"lost_setback"}),
    "slope_degradation": frozenset({"slope_degradation", "slope"}),
    "balance_point_shift": frozenset({"balance_point"}),
    "free_cooling_not_used": frozenset({"free_cooling"}),
    "simultaneous_heating_and_cooling": frozenset({"simultaneous_heating_and_cooling"}),
    "peak_excess": frozenset({"peak_excess"}),
    "meter_stuck": frozenset({"meter_stuck", "stuck"}),
    "meter_zero": frozenset({"meter_zero", "zero"}),
    "meter_spike": frozenset({"meter_spike", "spike"}),
    "meter_negative": frozenset({"negative", "meter_spike"}),
    "meter_multiplier": frozenset({"meter_multiplier", "multiplier"}),
    "meter_clock": frozenset({"meter_clock", "clock"}),
}
GAP_PATTERNS: Final = frozenset({"meter_gap"})
GAP_KINDS: Final = frozenset({"gap"})
"""Most gaps of the data have no label, and who has no reading knows it without a detector."""


def without_gaps(alerts: Sequence[Alert]) -> list[Alert]:
    """Alerts of all patterns but those of missing readings."""
    return [alert for alert in alerts if alert.pattern not in GAP_PATTERNS]


def gaps_unlabelled(fleet: Fleet) -> Fleet:
    """The fleet without labels of missing readings."""
    return replace(fleet, labels=tuple(x for x in fleet.labels if x.kind not in GAP_KINDS))
