"""The clock of a gateway, and what is decided of it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.answers.clocks import ClockAnswer, ClockRepairAnswer
from api.auth import Operator, Reader
from api.caller import Caller
from api.params import JsonBody, example, refuses
from api.usecases.clocks import dismiss, repair, set_mode
from metering.clock_repair import DEFAULT_MODE, LONGEST_US, ClockRepair
from metering.localtime import iso

router = APIRouter(
    route_class=JsonBody, prefix="/v1/gateways/{site}/{code}/clock", tags=["gateways"]
)
_FAR_S = LONGEST_US / 1e6
REPAIR_EXAMPLE = {
    "id": 3,
    "state": "proposed",
    "ahead_s": 28_800.0,
    "from_time": "2026-11-24T02:00:00Z",
    "until": None,
    "seen": "2026-11-24T08:15:02Z",
    "decided": None,
    "decided_by": None,
    "moving": False,
}
CLOCK_EXAMPLE = {
    "gateway": "campus/gw-1",
    "mode": "propose",
    "quarantined": 375,
    "repairs": [REPAIR_EXAMPLE],
}


class ClockToRepair(BaseModel):
    """Which proposal is right, or how far the clock is ahead; `until` only where it is right
    again."""

    model_config = ConfigDict(
        extra="forbid", populate_by_name=True, json_schema_extra={"example": {"id": 3}}
    )
    id: Annotated[int, Field(ge=1, le=2**53)] | None = None
    ahead_s: Annotated[float, Field(ge=-_FAR_S, le=_FAR_S, description="[s]")] | None = None
    from_time: str = Field("", alias="from", max_length=40)
    until: str = Field("", max_length=40)


class ClockToDismiss(BaseModel):
    """What is not to be repaired, or no more."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"id": 3}})
    id: int = Field(ge=1, le=2**53)


class ClockMode(BaseModel):
    """What the platform does about a clock by itself."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"mode": "repair"}})
    mode: Literal["off", "propose", "repair"]


@router.get("", responses=example(CLOCK_EXAMPLE))
def clock(site: str, code: str, caller: Reader) -> ClockAnswer:
    """When the clock of a gateway was wrong and by how much, and what was decided of it.
    `quarantined` readings, of times to come or doubtful ones, wait for it."""
    return _clock_json(caller, caller.reach.gateway(f"{site}/{code}").user)


@router.post("/repair", responses={**example(REPAIR_EXAMPLE), **refuses(400, 409)})
def repair_clock(site: str, code: str, body: ClockToRepair, caller: Operator) -> ClockRepairAnswer:
    """Put the times of a gateway right: what it sent since then, and what it sends, stands at the
    right time seconds later, and days that are settled are restated."""
    times = body.from_time, body.until
    return _repair_json(repair(caller, f"{site}/{code}", body.id, body.ahead_s, times))


@router.post("/dismiss", responses=example({**REPAIR_EXAMPLE, "state": "dismissed"}))
def dismiss_repair(
    site: str, code: str, body: ClockToDismiss, caller: Operator
) -> ClockRepairAnswer:
    """Propose a repair no more, or take it back: what was moved stands again at the times that the
    gateway gave."""
    return _repair_json(dismiss(caller, f"{site}/{code}", body.id))


@router.post("/mode", responses=example(CLOCK_EXAMPLE))
def clock_mode(site: str, code: str, body: ClockMode, caller: Operator) -> ClockAnswer:
    """What is done about this clock without a person: nothing (`off`), proposals, or repairs within
    bounds."""
    return _clock_json(caller, set_mode(caller, f"{site}/{code}", body.mode))


def _clock_json(caller: Caller, user: str) -> ClockAnswer:
    intake = caller.platform.intake
    return {
        "gateway": user,
        "mode": intake.clock_modes().get(user, DEFAULT_MODE),
        "quarantined": intake.quarantined().get(user, 0),
        "repairs": [_repair_json(one) for one in intake.clock_repairs(user)],
    }


def _repair_json(one: ClockRepair) -> ClockRepairAnswer:
    return {
        "id": one.id,
        "state": one.state,
        "ahead_s": one.offset_us / 1e6,
        "from_time": iso(one.from_us),
        "until": iso(one.until_us) if one.until_us else None,
        "seen": iso(one.seen_us) if one.seen_us else None,
        "decided": iso(one.decided_us) if one.decided_us else None,
        "decided_by": one.decided_by or None,
        "moving": one.pending,
    }
