"""Stuck: a register or a value that stands still while the meter should have changed.

The books tell it of registers; the hours themselves tell it of meters that send no register, or
nothing and then all at once.
"""

from __future__ import annotations

from analytics.detectors.detector import Detector, EvidenceUnit
from analytics.detectors.hourly_faults import from_hours
from analytics.detectors.register_events import from_events
from analytics.detectors.site import Candidate, Input, Site

NAME = "meter_stuck"


def _still(site: Site) -> list[Candidate]:
    told = from_events(site, NAME, (event for event in site.events if event.kind == "stuck"))
    seen = from_hours(site, NAME, "stuck")
    return told + [one for one in seen if not any(_is_told(one, other) for other in told)]


def _is_told(one: Candidate, other: Candidate) -> bool:
    """Whether the register's own events tell the same."""
    shared = one.start_us < other.end_us and other.start_us < one.end_us
    return one.meter == other.meter and shared


DETECTOR = Detector(
    name=NAME,
    needs=frozenset({Input.METER}),
    candidates=_still,
    quantity=EvidenceUnit.FAULT,
    causes=("register_frozen",),
    action="check_register",
)
