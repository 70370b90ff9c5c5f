"""The month's energy report of an institution as a file, and its issues."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.answers.records import IssueAnswer, IssuesAnswer
from api.auth import Operator, Reader
from api.params import CarbonBasis, CoalBasis, JsonBody, example, refuses
from api.usecases.reports import another_issue, issues_of, report_of
from metering.factor import Bases, Carbon, Coal
from metering.localtime import iso
from metering.report_issue import ReportIssue
from reports import Issued, file_name, media_type

router = APIRouter(route_class=JsonBody, prefix="/v1", tags=["reports"])

MONTH: Final = r"^[0-9]{4}-[0-9]{2}$"
EXAMPLE = {"institution": "bureau", "month": "2026-10", "content_hash": "80479ef8f5d9…"}
WHY: Final = "the price list of October came late"
ISSUE_EXAMPLE = {
    "institution": "bureau",
    "month": "2026-10",
    "coal": "equivalent",
    "carbon": "location",
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
    coal: Coal = Coal.EQUIVALENT
    carbon: Carbon = Carbon.LOCATION


def issue_json(issue: ReportIssue) -> IssueAnswer:
    """An issue as listed, without its content."""
    return {
        "institution": issue.institution,
        "month": issue.month,
        "coal": str(issue.bases.coal),
        "carbon": str(issue.bases.carbon),
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
                media_type("xlsx"): {"schema": {"type": "string", "format": "binary"}},
                "text/csv": {"schema": {"type": "string"}},
            },
        },
        304: {"description": "The file that is held already, by its ETag"},
        **refuses(409),
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
    as_of: Annotated[
        str | None, Query(max_length=20, description="The issue that a closing pins, such as c7")
    ] = None,
    coal: CoalBasis = Coal.EQUIVALENT,
    carbon: CarbonBasis = Carbon.LOCATION,
) -> Response:
    """A sealed report. The first complete one is kept as issue 1 and told byte for byte ever
    after; without `issue` it is the latest, with `as_of` the one that a closing pins.

    The key must reach the whole institution. A month that is not complete is refused unless
    `provisional` is asked for; one whose readings are still being booked is answered as
    provisional. What is provisional is never kept. On each pair of `coal` and `carbon` a month has
    issues of its own; a closing pins those of the usual bases.
    """
    bases = Bases(coal, carbon)
    issued = report_of(
        caller,
        institution,
        month,
        number=issue,
        provisional=provisional,
        as_of=as_of,
        bases=bases,
    )
    headers = _headers(issued, language, format)
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    name = file_name(institution, month, bases, format)
    return Response(
        issued.file(language, format),
        media_type=media_type(format),
        headers={**headers, "Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.get(
    "/reports/{institution}/{month}/issues",
    responses=example({"data": [{**ISSUE_EXAMPLE, "issue": 1, "reason": "", "differences": []}]}),
)
def issues(institution: str, month: MonthPath, caller: Reader) -> IssuesAnswer:
    """All issues of a month, those on the usual bases first, of each bases oldest first: hash,
    pins, who made it, when and why, and what it tells otherwise than the issue before."""
    found = issues_of(caller, institution).list(institution, month)
    return {"data": [issue_json(one) for one in found]}


@router.post(
    "/reports/{institution}/{month}/issues",
    status_code=201,
    responses={201: example(ISSUE_EXAMPLE)[200]},
)
def new_issue(
    institution: str, month: MonthPath, body: ReissueReason, caller: Operator
) -> IssueAnswer:
    """Another issue from today's state, with its reason; the issues before stay as they are.

    `coal` and `carbon` name the bases of the issue. Refused (409) where nothing differs from the
    latest issue on them, or while readings of the month are
    being booked.
    """
    bases = Bases(body.coal, body.carbon)
    return issue_json(another_issue(caller, institution, month, body.reason, bases))


def _headers(issued: Issued, language: str, format: str) -> dict[str, str]:
    content_hash = issued.report.content_hash
    return {
        "ETag": f'"{content_hash}-{language}-{format}"',
        "X-Content-Hash": content_hash,
        "X-Report-Issue": str(issued.report.issue),
    }
