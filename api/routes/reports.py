"""The month's energy report of an institution as a file, and its issues."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth import Caller, Operator, Reader
from api.params import Json, example
from metering.localtime import iso
from metering.report_issue import ReportIssue
from reports import Issued, Issues, ReportSource, media_type

router = APIRouter(prefix="/v1", tags=["reports"])

MONTH: Final = r"^[0-9]{4}-[0-9]{2}$"
EXAMPLE = {"institution": "bureau", "month": "2026-10", "content_hash": "80479ef8f5d9…"}
WHY: Final = "the price list of October came late"
ISSUE_EXAMPLE = {
    "institution": "bureau",
    "month": "2026-10",
    "issue": 2,
    "content_hash": "80479ef8f5d9…",
    "pins": {
        "revision": 812,
        "rows_registry_version": 6,
        "registry_version": 7,
        "rules_version": 1,
        "findings": {},
    },
    "made_at": "2026-12-03T01:20:00Z",
    "made_by": "energy office (k-3f)",
    "reason": WHY,
    "differences": [
        {
            "kind": "price",
            "what": "changed",
            "node": "",
            "item": "01000",
            "subject": "tou",
            "field": "price",
            "old": "1.05",
            "new": "1.08",
            "unit": "CNY/kWh",
        }
    ],
}

Month = Annotated[str, Query(pattern=MONTH, description="e.g. 2026-10")]
MonthPath = Annotated[str, Path(pattern=MONTH, description="e.g. 2026-10")]
Number = Annotated[int | None, Query(ge=1, le=9_999, description="Default: the latest issue")]


class ReissueReason(BaseModel):
    """Why a month is reported again."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"reason": WHY}})
    reason: str = Field(max_length=2_000)


def issues_of(caller: Caller, institution: str) -> Issues:
    """The institution's issues, if the key reaches all of it."""
    for node in [institution, *sorted(caller.reach.registry.subtree(institution))]:
        caller.reach.node(node)
    platform = caller.platform
    source = ReportSource(platform.figures, caller.reach.registry, platform.findings)
    return Issues(source, platform.reports, platform.now_us, caller.actor)


def issue_json(issue: ReportIssue) -> Json:
    """An issue as listed, without its content."""
    return {
        "institution": issue.institution,
        "month": issue.month,
        "issue": issue.number,
        "content_hash": issue.content_hash,
        "pins": issue.pins,
        "made_at": iso(issue.made_us),
        "made_by": issue.made_by,
        "reason": issue.reason,
        "differences": list(issue.differences),
    }


@router.get(
    "/reports/{institution}",
    response_class=Response,
    responses={
        200: {
            "description": "The file",
            "content": {
                "application/json": {"example": EXAMPLE},
                "application/pdf": {"schema": {"type": "string", "format": "binary"}},
            },
        }
    },
)
def report(
    institution: str,
    caller: Reader,
    request: Request,
    month: Month,
    format: Literal["pdf", "xlsx", "csv", "json"] = "pdf",
    language: Literal["zh-CN", "en"] = "zh-CN",
    issue: Number = None,
    provisional: bool = False,
) -> Response:
    """A sealed report. The first complete one is kept as issue 1 and told byte for byte ever
    after; without `issue` it is the latest.

    The key must reach the whole institution. A month that is not complete is refused unless
    `provisional` is asked for; one whose readings are still being booked is answered as
    provisional. What is provisional is never kept.
    """
    issues = issues_of(caller, institution)
    issued = issues.get(institution, month, number=issue, provisional=provisional)
    _trace(caller, issued)
    headers = _headers(issued, language, format)
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    name = f"{institution}-{month}.{format}"
    return Response(
        issued.file(language, format),
        media_type=media_type(format),
        headers={**headers, "Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.get(
    "/reports/{institution}/{month}/issues",
    responses=example({"data": [{**ISSUE_EXAMPLE, "issue": 1, "reason": "", "differences": []}]}),
)
def issues(institution: str, month: MonthPath, caller: Reader) -> Json:
    """All issues of a month, oldest first: hash, pins, who made it, when and why, and what it
    tells otherwise than the issue before."""
    found = issues_of(caller, institution).list(institution, month)
    return {"data": [issue_json(one) for one in found]}


@router.post(
    "/reports/{institution}/{month}/issues",
    status_code=201,
    responses={201: example(ISSUE_EXAMPLE)[200]},
)
def new_issue(institution: str, month: MonthPath, body: ReissueReason, caller: Operator) -> Json:
    """Another issue from today's state, with its reason; the issues before stay as they are.

    Refused (409) where nothing differs from the latest issue, or while readings of the month are
    being booked.
    """
    issued = issues_of(caller, institution).make(institution, month, body.reason)
    _trace(caller, issued)
    assert issued.kept is not None
    return issue_json(issued.kept)


def _headers(issued: Issued, language: str, format: str) -> dict[str, str]:
    content_hash = issued.report.content_hash
    return {
        "ETag": f'"{content_hash}-{language}-{format}"',
        "X-Content-Hash": content_hash,
        "X-Report-Issue": str(issued.report.issue),
    }


def _trace(caller: Caller, issued: Issued) -> None:
    """An issue that was kept just now stands in the audit log."""
    if issued.new and issued.kept is not None:
        one = issued.kept
        subject = f"{one.institution} {one.month} issue {one.number}"
        caller.trace("report.issue", subject, one.reason, one.institution)
