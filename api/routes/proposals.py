"""Points that gateways send and nobody registered: proposed, approved, dismissed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api import paging
from api.answers.common import InLanguages, PageAnswer
from api.answers.proposals import (
    GuessAnswer,
    PointsApprovedAnswer,
    PointsDismissedAnswer,
    ProposedPointAnswer,
)
from api.auth import Admin, Operator, Reader
from api.paging import Cursor, Limit
from api.params import JsonBody, example, refuses
from api.usecases.proposals import approve, dismiss, proposals_of
from metering.commissioning import Proposed
from metering.guessing import Guessed, GuessReason, Sureness
from metering.joining import MOST_SEEN
from metering.localtime import iso
from metering.registry.proposal import MAX_REASON
from texts import word

router = APIRouter(
    route_class=JsonBody, prefix="/v1/gateways/{site}/{code}/proposals", tags=["gateways"]
)
_Cell = Annotated[str, Field(max_length=128)]


def _in_languages(group: str, value: str) -> InLanguages:
    return {language: word(group, value, language) for language in ("zh", "en")}


def _guess_json(one: Guessed) -> GuessAnswer:
    return {
        "value": one.value,
        "sure": one.sure,
        "why": one.why,
        "text": _in_languages("guess_reason", one.why),
    }


PROPOSED_EXAMPLE = {
    "point": "E1.import",
    "name": "Main supply",
    "first_seen": "2026-11-24T08:00:02Z",
    "last_seen": "2026-11-24T08:15:02Z",
    "readings": 2,
    "step_s": None,
    "values": [{"time": "2026-11-24T08:15:00Z", "value": 10234.52, "unit": "kWh"}],
    "kind": _guess_json(Guessed("register", Sureness.UNSURE, GuessReason.UNIT_COUNTS)),
    "unit": _guess_json(Guessed("kWh", Sureness.SAID, GuessReason.SENT)),
    "quantity": _in_languages("quantity", "energy"),
    "medium": _in_languages("medium", "electricity"),
    "direction": _in_languages("direction", "import"),
    "dismissed": None,
    "dismissed_by": None,
}


class PointToApprove(BaseModel):
    """A point, with what is to be registered otherwise than it is proposed: columns of
    points.csv."""

    model_config = ConfigDict(extra="forbid")
    point: str = Field(min_length=1, max_length=128)
    kind: _Cell = ""
    unit: _Cell = ""
    meter: _Cell = ""
    ratio: _Cell = ""
    digits: _Cell = ""
    low: _Cell = ""
    high: _Cell = ""
    role: _Cell = ""
    node: _Cell = ""
    valid_from: _Cell = ""
    valid_to: _Cell = ""
    first: _Cell = ""
    final: _Cell = ""
    signed: _Cell = ""
    direction: _Cell = ""
    accuracy_class: _Cell = ""
    calibrated_until: _Cell = ""


class PointsToApprove(BaseModel):
    """Points that are to be registered; `sure` adds all of which kind and unit are sure."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"points": [{"point": "E1.import", "kind": "register"}], "sure": False}
        },
    )
    points: list[PointToApprove] = Field([], max_length=MOST_SEEN)
    sure: bool = False
    reason: str = Field("", max_length=MAX_REASON)


class PointsToDismiss(BaseModel):
    """Points that are proposed no more; `undo` has them proposed again."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"points": ["AI7"]}})
    points: list[_Cell] = Field(min_length=1, max_length=MOST_SEEN)
    undo: bool = False


@router.get("", responses=example({"data": [PROPOSED_EXAMPLE], "next": None}))
def proposed_points(
    request: Request,
    response: Response,
    site: str,
    code: str,
    caller: Reader,
    dismissed: Annotated[bool, Query(description="Those that were dismissed instead")] = False,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> PageAnswer[ProposedPointAnswer]:
    """What the gateway sends or describes and nobody registered, by name: when it came, the latest
    values as sent, and what it most likely is, with why and how sure that is."""
    place = paging.decode(cursor, str)
    known = proposals_of(caller, f"{site}/{code}", dismissed=dismissed)
    page, following = paging.cut(known, lambda one: (one.seen.point,), place, limit)
    return paging.answer(request, response, [_proposed_json(one) for one in page], following)


@router.post(
    "/approve",
    responses={
        **example({"approved": ["E1.import"], "already": [], "version": 5}),
        **refuses(400, 409),
    },
)
def approve_points(
    site: str, code: str, body: PointsToApprove, caller: Admin
) -> PointsApprovedAnswer:
    """Register points as they are proposed, or as the body corrects them: all or none, as an import
    of points.csv would. What came of them is taken in from the journal, seconds later. Those that
    are registered already stay as they are."""
    wanted = [one.model_dump(exclude_defaults=True) for one in body.points]
    done = approve(caller, f"{site}/{code}", wanted, sure=body.sure, reason=body.reason)
    return {
        "approved": list(done.approved),
        "already": list(done.already),
        "version": done.version,
    }


@router.post("/dismiss", responses=example({"points": ["AI7"], "dismissed": True}))
def dismiss_points(
    site: str, code: str, body: PointsToDismiss, caller: Operator
) -> PointsDismissedAnswer:
    """Propose points no more, or again. Their readings are kept as dead letters as before."""
    done = dismiss(caller, f"{site}/{code}", body.points, undo=body.undo)
    return {"points": done, "dismissed": not body.undo}


def _proposed_json(one: Proposed) -> ProposedPointAnswer:
    seen, guess = one.seen, one.guess
    return {
        "point": seen.point,
        "name": seen.described.name if seen.described else "",
        "first_seen": iso(seen.first_us) if seen.first_us else None,
        "last_seen": iso(seen.last_us) if seen.last_us else None,
        "readings": seen.seen,
        "step_s": None if seen.step_us is None else seen.step_us / 1e6,
        "values": [
            {"time": iso(time), "value": value, "unit": unit} for time, value, unit in seen.latest
        ],
        "kind": _guess_json(guess.kind),
        "unit": _guess_json(guess.unit),
        "quantity": _in_languages("quantity", guess.quantity) if guess.quantity else None,
        "medium": _in_languages("medium", guess.medium) if guess.medium else None,
        "direction": _in_languages("direction", guess.direction) if guess.direction else None,
        "dismissed": iso(seen.dismissed_us) if seen.dismissed_us else None,
        "dismissed_by": seen.dismissed_by or None,
    }
