"""Clocks of gateways."""

from __future__ import annotations

from typing_extensions import TypedDict

from metering.clock_repair import ClockRepairTold


class ClockAnswer(TypedDict):
    """What is known of the clock of a gateway, oldest first."""

    gateway: str
    mode: str
    quarantined: int
    repairs: list[ClockRepairTold]
