"""Checks of what is stored, each with its fix, and the buttons of those that have one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from api.answers.common import PageAnswer
from api.answers.repairs import (
    CheckAnswer,
    MendedAnswer,
    MendingAnswer,
    RecomputedAnswer,
    RecomputingAnswer,
    RepairAnswer,
    RepairsAnswer,
)
from api.auth import Operator, Reader
from api.caller import Caller
from api.params import Code, JsonBody, example, refuses
from api.ranges import local_date
from api.repairs_said import next_step, sentence, title
from api.routes.registering import proposal_json
from api.usecases.repairs import (
    Checked,
    CheckState,
    Mending,
    MendingDone,
    Recomputing,
    RecomputingAsked,
    Repair,
    check_all,
    mend,
    moved,
    recomputations,
    recompute,
    recomputing,
)
from metering.access import Role
from metering.localtime import iso
from metering.registry.proposal import MAX_REASON
from texts import both

router = APIRouter(route_class=JsonBody, prefix="/v1/repairs", tags=["repairs"])

MOST_TOLD = 200
"""Repairs of one check that an answer lists; all are counted."""
LANGUAGES = ("en", "zh")
Column = Annotated[str, Field(max_length=64)]
Said = Annotated[str, Field(max_length=2000)]
EXAMPLE = {
    "checks": 51,
    "fine": 39,
    "to_mend": 1,
    "not_checked": 11,
    "data": [
        {
            "check": "slower_than_step",
            "severity": "wrong",
            "state": "repair",
            "title": {"en": "Meters slower than their step", "zh": "慢于步长的仪表"},
            "looked_at": 12,
            "repair_count": 1,
            "repairs": [
                {
                    "subject": "meter",
                    "code": "office-a-water",
                    "text": {
                        "en": "a reading every 60 min, at a step of 15 min",
                        "zh": "每 60 分钟一个读数，而步长为 15 分钟",
                    },
                    "fix": {
                        "en": "Let it be read more often, or give the meter a longer step.",
                        "zh": "提高抄表频率，或为该仪表设更长的步长。",
                    },
                    "said": {"every": 60, "step": 15},
                    "mending": {
                        "kind": "row",
                        "file": "meters.csv",
                        "row": {"code": "office-a-water", "node": "office-a", "step_min": "60"},
                        "rows": [{"code": "office-a-water", "node": "office-a", "step_min": "60"}],
                        "asks": [],
                    },
                }
            ],
        }
    ],
}
RECOMPUTING_EXAMPLE = {
    "code": "office-a",
    "kind": "node",
    "start": "2026-10-01",
    "end": "2026-10-31",
    "meters": 6,
    "days": 31,
    "days_done": 14,
    "waiting": True,
    "revision": 812,
    "asked": "2026-11-24T08:15:02Z",
    "by": "auditor (k1)",
    "reason": "the meter was read wrongly",
}
RECOMPUTED_EXAMPLE = {
    **RECOMPUTING_EXAMPLE,
    "moved": [
        {
            **{"meter": "office-a-ac", "item": "01B00", "days": 2},
            **{"old_total": 812300200, "new_total": 812300900},
        }
    ],
    "left_out": 0,
}


class ToMend(BaseModel):
    """Which repair."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "check": "slower_than_step",
                "code": "office-a-water",
                "reason": "read by the hour",
            }
        },
    )
    check: str = Field(max_length=64)
    code: str = Field(max_length=512)
    which: int = Field(
        0, ge=0, lt=10_000, description="Of several repairs that a check says of one code"
    )
    values: dict[Column, Said] = Field(
        default_factory=dict, max_length=20, description="Of columns that the button asks for"
    )
    reason: str = Field("", max_length=MAX_REASON)
    dry_run: bool = Field(default=False, description="Of rows, only tell what they would change")


class ToRecompute(BaseModel):
    """What is to be computed again; local days, both included."""

    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        json_schema_extra={
            "example": {
                "node": "office-a",
                "from": "2026-10-01",
                "to": "2026-10-31",
                "reason": "the meter was read wrongly",
            }
        },
    )
    node: str | None = Field(None, max_length=128, description="All meters at it and below")
    meter: str | None = Field(None, max_length=128, description="One meter instead")
    from_day: str = Field(alias="from", max_length=10)
    to_day: str = Field(alias="to", max_length=10)
    reason: str = Field("", max_length=MAX_REASON)


@router.get("", responses=example(EXAMPLE))
def repairs(
    caller: Reader,
    state: Annotated[CheckState | None, Query(description="Checks of that state alone")] = None,
) -> RepairsAnswer:
    """Every check of what is stored: of gateways, points, readings, books and the registry, as far
    as the key reaches. One that had nothing to look at is `not_checked`. Of the platform itself
    only an admin key of the whole of it is told."""
    checked = check_all(caller)
    states = [one.found.state for one in checked]
    return {
        "checks": len(checked),
        "fine": states.count(CheckState.FINE),
        "to_mend": states.count(CheckState.REPAIR),
        "not_checked": states.count(CheckState.NOT_CHECKED),
        "data": [check_json(one) for one in checked if state in (None, one.found.state)],
    }


@router.post(
    "/mend",
    responses={
        **example({"kind": "replay", "count": 12, "dry_run": False, "proposal": None}),
        **refuses(400, 409),
    },
)
def mend_one(body: ToMend, caller: Operator) -> MendedAnswer:
    """Do what the button of a repair does. Rows of the registry need an admin key of the whole
    platform, and a reason where it reaches into complete months; approving points an admin key."""
    done = mend(
        caller,
        body.check,
        body.code,
        which=body.which,
        values=body.values,
        reason=body.reason,
        dry_run=body.dry_run,
    )
    return mended_json(done)


@router.post("/recompute", responses={**example(RECOMPUTING_EXAMPLE), **refuses(422)})
def recompute_days(body: ToRecompute, caller: Operator) -> RecomputingAnswer:
    """Have days computed again from the readings that are stored. What comes out equal stays; the
    rest is restated with the cause `asked`. GET tells how far it is."""
    asked = _asked(body.node, body.meter, body.from_day, body.to_day, body.reason)
    return _recomputing_json(caller, recompute(caller, asked))


@router.get("/recompute", responses={**example(RECOMPUTED_EXAMPLE), **refuses(422)})
def recomputing_days(
    caller: Reader,
    from_day: Annotated[str, Query(alias="from", max_length=10)],
    to_day: Annotated[str, Query(alias="to", max_length=10)],
    node: Code = None,
    meter: Code = None,
) -> RecomputedAnswer:
    """How far it is, and what has moved since it was asked for: `waiting` while something in those
    days is not booked yet. It goes on whatever is started anew, and is told afterwards too."""
    now = recomputing(caller, _asked(node, meter, from_day, to_day))
    found = moved(caller, now)
    return {
        **_recomputing_json(caller, now),
        "moved": [
            {
                "meter": one.meter,
                "item": one.item,
                "days": one.days,
                "old_total": one.before,
                "new_total": one.after,
            }
            for one in found.meters
        ],
        "left_out": found.left_out,
    }


@router.get("/recomputations", responses=example({"data": [RECOMPUTING_EXAMPLE], "next": None}))
def asked_recomputations(caller: Reader) -> PageAnswer[RecomputingAnswer]:
    """The latest computations that were asked for of what the key reaches, newest first, as far as
    the latest entries of the audit log tell."""
    data = [_recomputing_json(caller, one) for one in recomputations(caller)]
    return {"data": data, "next": None}


def _asked(
    node: str | None, meter: str | None, first: str, last: str, reason: str = ""
) -> RecomputingAsked:
    days = local_date(first, "from"), local_date(last, "to")
    return RecomputingAsked(node, meter, *days, reason)


def _recomputing_json(caller: Caller, now: Recomputing) -> RecomputingAnswer:
    asked, entry = now.asked, now.entry
    seen = entry if caller.may(Role.ADMIN) else None
    return {
        "code": asked.code,
        "kind": "node" if asked.meter is None else "meter",
        "start": asked.first.isoformat(),
        "end": asked.last.isoformat(),
        "meters": len(now.meters),
        "days": now.days,
        "days_done": now.days_done,
        "waiting": now.waiting,
        "revision": now.revision,
        "asked": None if entry is None else iso(entry.at_us),
        "by": None if seen is None else seen.actor,
        "reason": None if seen is None else seen.reason,
    }


def check_json(one: Checked) -> CheckAnswer:
    """A check and what it found."""
    name, found = one.check.name, one.found
    return {
        "check": name,
        "severity": str(one.check.severity),
        "state": str(found.state),
        "title": both(lambda language: title(name, language), LANGUAGES),
        "looked_at": found.count,
        "repair_count": len(found.repairs),
        "repairs": [_repair_json(name, repair) for repair in found.repairs[:MOST_TOLD]],
    }


def _repair_json(check: str, repair: Repair) -> RepairAnswer:
    mending = repair.mending
    return {
        "subject": str(repair.subject),
        "code": repair.code,
        "text": both(lambda language: sentence(check, repair, language), LANGUAGES),
        "fix": both(lambda language: next_step(check, repair, language), LANGUAGES),
        "said": dict(repair.said),
        "mending": None if mending is None else _mending_json(mending),
    }


def _mending_json(mending: Mending) -> MendingAnswer:
    rows = [dict(row) for row in mending.rows]
    return {
        "kind": str(mending.kind),
        "file": mending.file,
        "row": rows[0] if rows else {},
        "rows": rows,
        "asks": list(mending.asks),
    }


def mended_json(done: MendingDone) -> MendedAnswer:
    """What a button did."""
    return {
        "kind": str(done.kind),
        "count": done.count,
        "dry_run": done.done is not None and done.done.dry_run,
        "proposal": None if done.done is None else proposal_json(done.done.proposal),
    }
