"""Detectors: one file each, whose `DETECTOR` is a value; the table collects them.

Whoever adds one writes its file and its texts: what the rest of the platform knows of a pattern it
asks the table.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

from analytics.detectors.detector import Detector, EvidenceUnit
from analytics.detectors.site import Candidate, Input, Limits, Site

__all__ = [
    "BY_EXPECTATION",
    "DETECTORS",
    "FAULTS",
    "UNPRICED",
    "WORTHLESS",
    "Candidate",
    "Detector",
    "Limits",
    "Site",
    "candidates",
]


def _collected() -> Iterator[Detector]:
    for found in iter_modules(__path__):
        detector = getattr(import_module(f"{__name__}.{found.name}"), "DETECTOR", None)
        if isinstance(detector, Detector):
            yield detector


DETECTORS: dict[str, Detector] = {
    one.name: one for one in sorted(_collected(), key=lambda one: (one.quantity, one.name))
}
"""By name. Faults first: a reader of the table sees the order in which data is judged."""
FAULTS = frozenset(one.name for one in DETECTORS.values() if one.quantity is EvidenceUnit.FAULT)
"""Patterns of meters that measure wrongly."""
UNPRICED = frozenset(
    one.name for one in DETECTORS.values() if one.quantity is EvidenceUnit.UNPRICED
)
WORTHLESS = FAULTS | UNPRICED
"""Patterns whose hours are worth nothing."""
BY_EXPECTATION = frozenset(one.name for one in DETECTORS.values() if Input.BASELINE in one.needs)
"""Patterns that are told by what a baseline expects; the others stand in the books."""


def candidates(site: Site) -> list[Candidate]:
    """What all detectors flag, in the order of the table; one that lacks an input flags nothing."""
    there = site.has
    able = (one for one in DETECTORS.values() if one.needs <= there)
    return [candidate for one in able for candidate in one.candidates(site)]
