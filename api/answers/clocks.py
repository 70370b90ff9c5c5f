"""Clocks of gateways."""

from __future__ import annotations

from typing_extensions import TypedDict


class ClockRepairAnswer(TypedDict):
    """A stretch of time in which a clock was wrong, and what was decided of it. `until` is null
    while it is wrong; `moving`: what came before is still being put right."""

    id: int
    state: str
    ahead_s: float
    from_time: str
    until: str | None
    seen: str | None
    decided: str | None
    decided_by: str | None
    moving: bool


class ClockAnswer(TypedDict):
    """What is known of the clock of a gateway, oldest first."""

    gateway: str
    mode: str
    quarantined: int
    repairs: list[ClockRepairAnswer]
