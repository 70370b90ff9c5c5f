"""The pages a visitor sees."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from api.page import (
    bills,
    case_lives,
    cases,
    closings,
    datacentre,
    digests,
    formats,
    lineage,
    live,
    patterns,
)
from api.page.visit import Acting, PageRoute, Visit, Visitor
from api.params import WRITTEN
from api.platform import RawMessage
from api.ranges import local_date
from api.usecases.alert_budgets import set_budget
from api.usecases.baselines import unchecked
from api.usecases.case_acts import assign, comment, put_off, set_state
from api.usecases.closings import ask_to_reopen, close, reopen
from api.usecases.digests import digest
from api.usecases.energy import Step, series_of, zone_of_series
from api.usecases.findings import case_of, find, find_all
from api.usecases.gateways import states_of_all
from api.usecases.lineage import asked_for
from api.usecases.messages import (
    count_of,
    dead_letter_of,
    entered_by,
    letters_of,
    raw_of,
    statement_in,
    text_of,
)
from metering.access import Role
from metering.case_life import LONGEST_COMMENT, LONGEST_NAME
from metering.errors import InvalidInput
from metering.finding import FIXED_BEFORE, CaseState
from metering.intake import DeadLetter
from metering.registry.facts.alert_budgets import MOST
from metering.registry.proposal import MAX_REASON
from metering.statement import StatementKind
from texts import word

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Node = Annotated[str | None, Query(max_length=128)]
Moment = Annotated[str | None, Query(max_length=40)]
PAGE = 50
STATES = f"^({'|'.join(cases.FILTERS)}|{FIXED_BEFORE})$"


@router.get("/findings")
def findings_page(
    visit: Visitor,
    state: Annotated[str, Query(pattern=STATES)] = "open",
    kind: Annotated[str, Query(pattern=f"^({'|'.join(cases.KINDS)})$")] = "all",
    after: Annotated[str | None, Query(max_length=64)] = None,
    at: Annotated[int | None, Query(ge=0, lt=2**62)] = None,
) -> HTMLResponse:
    """What wastes energy, ranked by what a year of it costs, and then what measures wrongly; sums
    are over all of them. Further pages rank by the instant of the first."""
    state = "fixed" if state == FIXED_BEFORE else state
    wanted = cases.chosen(state, kind)
    last = None if after is None else case_of(visit.caller, after).id
    now_us = visit.caller.platform.now_us() if at is None else at
    page = find(visit.caller, wanted, after=last, limit=PAGE + 1, now_us=now_us)
    found = find_all(visit.caller, wanted)
    waiting, first = unchecked(visit.caller)
    following = f"&after={page[PAGE - 1].id}&at={now_us}" if len(page) > PAGE else None
    return visit.render(
        "findings.html",
        unchecked=waiting,
        checked_from=first,
        state=state,
        kind=kind,
        filters=cases.FILTERS,
        cases=cases.shown(visit, page[:PAGE]),
        following=following,
        count=len(found),
        totals=cases.totals(visit, found),
        in_digest=digest(visit.caller).count if state == "open" else 0,
    )


@router.get("/findings/{id}")
def finding_page(id: str, visit: Visitor) -> HTMLResponse:
    """One case with its chart, its evidence, what was told of it and what to say about it."""
    found = case_of(visit.caller, id)
    return visit.render(
        "finding.html",
        case=cases.shown(visit, [found])[0],
        chart=cases.chart(visit, found.evidence),
        hours=cases.hours(visit, found.evidence),
        more=max(0, len(found.evidence.hours_us) - cases.MOST_HOURS),
        told=cases.told(visit, found),
        life=case_lives.life(visit, found),
        says=case_lives.says(found),
        stands=found.stands,
        saving=case_lives.saving(visit, found),
        came_back=case_lives.came_back(found),
        beside=cases.beside(visit, found.evidence),
    )


@router.post("/findings/{id}/state")
def finding_state(
    id: str,
    visit: Acting,
    state: Annotated[CaseState, Form()],
    note: Annotated[str, Form(max_length=LONGEST_COMMENT)] = "",
    assignee: Annotated[str, Form(max_length=LONGEST_NAME)] = "",
) -> Response:
    """Say what a case is, or who is to put it right."""
    visit.caller.need(Role.OPERATE)
    if state is CaseState.ASSIGNED:
        assign(visit.caller, id, assignee, note)
    else:
        set_state(visit.caller, id, state, note)
    return RedirectResponse(f"/findings/{id}", status_code=303)


@router.post("/findings/{id}/comment")
def finding_comment(
    id: str, visit: Acting, note: Annotated[str, Form(max_length=LONGEST_COMMENT)] = ""
) -> Response:
    """Say something of a case."""
    visit.caller.need(Role.OPERATE)
    comment(visit.caller, id, note)
    return RedirectResponse(f"/findings/{id}", status_code=303)


@router.post("/findings/{id}/snooze")
def finding_snooze(
    id: str,
    visit: Acting,
    until: Annotated[str, Form(max_length=10)] = "",
    note: Annotated[str, Form(max_length=LONGEST_COMMENT)] = "",
) -> Response:
    """Put a case off until a day, or for no longer."""
    visit.caller.need(Role.OPERATE)
    put_off(visit.caller, id, local_date(until, "until") if until else None, note)
    return RedirectResponse(f"/findings/{id}", status_code=303)


@router.get("/digest")
def digest_page(
    visit: Visitor,
    week: Annotated[str | None, Query(max_length=10)] = None,
    budget: Annotated[str | None, Query(alias="set", max_length=128)] = None,
) -> HTMLResponse:
    """What was found in a week and is on no list of the morning; `set` names a place whose budget
    was set."""
    return visit.render("digest.html", view=digests.digest_page(visit, week, budget))


@router.post("/digest/budget")
def digest_budget(
    visit: Acting,
    node: Annotated[str, Form(max_length=128)],
    per_meter_year: Annotated[
        Decimal, Form(ge=0, le=MOST, max_digits=7, decimal_places=4), WRITTEN
    ],
    dear_a_year: Annotated[
        Decimal | None, Form(ge=0, max_digits=15, decimal_places=2), WRITTEN
    ] = None,
    reason: Annotated[str, Form(max_length=MAX_REASON)] = "",
) -> Response:
    """Set how many new cases a place is told of at once, from today on."""
    visit.caller.need(Role.ADMIN)
    made = set_budget(visit.caller, node, per_meter_year, dear_a_year, reason)
    return RedirectResponse(f"/digest?{urlencode({'set': made.node})}", status_code=303)


@router.get("/learned")
def learned_page(visit: Visitor) -> HTMLResponse:
    """What people taught not to be told again, and the way to take it back."""
    return visit.render("learned.html", lessons=case_lives.lessons(visit))


@router.get("/patterns")
def patterns_page(visit: Visitor, node: Node = None) -> HTMLResponse:
    """What is looked for at a place, and what to register for the rest."""
    return visit.render("patterns.html", view=patterns.patterns(visit, node))


@router.get("/datacentre")
def datacentre_page(visit: Visitor, node: Node = None) -> HTMLResponse:
    """Power by role, ratio of energies, rack inlet air."""
    return visit.render("datacentre.html", view=datacentre.datacentre(visit, node))


@router.get("/bills")
def bills_page(
    visit: Visitor,
    of: Annotated[str | None, Query(max_length=140)] = None,
    month: Annotated[str | None, Query(max_length=7)] = None,
) -> HTMLResponse:
    """Bills of a month as the supplier would write them, and the audit of those that came."""
    return visit.render("bills.html", view=bills.bills(visit, of, month))


@router.get("/bills/file")
def bills_file(
    visit: Visitor,
    of: Annotated[str, Query(max_length=140)],
    month: Annotated[str, Query(max_length=7)],
    format: Annotated[str, Query(max_length=8)] = "xlsx",
) -> Response:
    """The bills of the page as a file."""
    content, media, name = bills.file_of(visit, of, month, format)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media, headers=headers)


@router.get("/closings")
def closings_page(visit: Visitor) -> HTMLResponse:
    """Closed periods, and forms to close and to reopen them."""
    return visit.render("closings.html", view=closings.closings(visit))


@router.post("/closings")
def closings_close(
    visit: Acting,
    institution: Annotated[str, Form(max_length=128)],
    period: Annotated[str, Form(max_length=10)],
    reason: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Close a period."""
    visit.caller.need(Role.CLOSE)
    close(visit.caller, institution, period, reason)
    return RedirectResponse("/closings", status_code=303)


@router.get("/closings/{name}")
def closing_page(name: str, visit: Visitor) -> HTMLResponse:
    """A closing, and what became of it."""
    return visit.render("closing.html", view=closings.closing(visit, name))


@router.post("/closings/{name}/reopening")
def closings_ask(
    name: str, visit: Acting, reason: Annotated[str, Form(max_length=2000)] = ""
) -> Response:
    """Ask for a closing to be reopened."""
    visit.caller.need(Role.CLOSE)
    ask_to_reopen(visit.caller, name, reason)
    return RedirectResponse("/closings", status_code=303)


@router.post("/closings/{name}/confirmation")
def closings_confirm(name: str, visit: Acting) -> Response:
    """Reopen a closing that somebody else asked for."""
    visit.caller.need(Role.CLOSE)
    reopen(visit.caller, name)
    return RedirectResponse("/closings", status_code=303)


@router.get("/dead-letters")
def dead_letters_page(
    visit: Visitor,
    before: Annotated[int | None, Query(ge=0, lt=2**62)] = None,
    gateway: Annotated[str | None, Query(max_length=129)] = None,
) -> HTMLResponse:
    """What could not be taken in, newest first; of all gateways or of one."""
    found = letters_of(visit.caller, gateway or None, before, PAGE + 1)
    rows = [_letter(visit, one) for one in found]
    return visit.render(
        "dead_letters.html",
        letters=rows[:PAGE],
        older=found[PAGE - 1].id if len(found) > PAGE else None,
        gateway=gateway or "",
        heard=any(one.counts.messages for one in states_of_all(visit.caller)),
        gateways=sorted(visit.caller.reach.gateways),
        total=f"{count_of(visit.caller):,}",
    )


def _letter(visit: Visit, letter: DeadLetter) -> dict[str, Any]:
    return {
        **vars(letter),
        "when": formats.moment(letter.arrived_us, visit.zone),
        "title": word("reason", letter.reason, visit.language),
    }


@router.get("/dead-letters/{id}")
def dead_letter_page(id: int, visit: Visitor) -> HTMLResponse:
    """One refusal with its reason, its field, its value, what to do, and its bytes."""
    letter = dead_letter_of(visit.caller, id)
    return visit.render(
        "dead_letter.html",
        letter=_letter(visit, letter),
        preview=_printable(letter.preview),
        known=letter.gateway in visit.caller.reach.gateways,
    )


@router.get("/latest")
def latest_page(visit: Visitor) -> HTMLResponse:
    """The latest reading of every point, newest first."""
    reach = visit.caller.reach
    stored = reach.counted(visit.caller.platform.readings, list(reach.points.values()))
    return visit.render("latest.html", rows=live.table(visit, 200), stored=f"{stored:,}")


@router.get("/live")
def live_lists(visit: Visitor) -> JSONResponse:
    """What has just come in, for the page's own script."""
    return JSONResponse(live.live(visit))


@router.get("/messages/{segment}/{offset}")
def message_page(visit: Visitor, segment: int, offset: int) -> HTMLResponse:
    """A message as it came in."""
    if not (0 <= segment < 2**62 and 0 <= offset < 2**62):
        raise InvalidInput(
            "not a place in the journal",
            field="segment",
            value=segment,
            fix="follow the link of a reading or a dead letter",
        )
    found = raw_of(visit.caller, segment, offset)
    return visit.render(
        "message.html",
        message=found,
        entered_by=entered_by(found),
        stated=_stated(found),
        segment=segment,
        offset=offset,
        text=_printable(found.payload[:100_000]),
        when=formats.moment(found.arrived_us, visit.zone),
    )


def _stated(message: RawMessage) -> str:
    """The way to the entry or the bill that a message holds; '' for none."""
    found = statement_in(message)
    if found is None:
        return ""
    kind, id = found
    return f"/bills/entered/{id}" if kind == StatementKind.BILL else f"/entries/{id}"


@router.get("/lineage")
def lineage_page(
    visit: Visitor,
    time: Moment = None,
    step: Annotated[Step, Query()] = Step.HOUR,
    code: Node = None,
    meter: Node = None,
    node: Node = None,
    item: Annotated[str | None, Query(max_length=5)] = None,
    start: Moment = None,
    end: Moment = None,
    role: Annotated[str | None, Query(max_length=16)] = None,
    rest: Annotated[bool, Query()] = False,
    as_of: Annotated[str | None, Query(max_length=40)] = None,
) -> HTMLResponse:
    """A figure down to the readings it rests on, what was decided of them, and raw messages; `code`
    is a place's or a meter's. With `as_of` as a closing pins it, down to the rows."""
    if code is not None:
        meters, nodes = visit.caller.reach.meters, visit.caller.reach.registry.nodes
        meter, node = (code, None) if code in meters and code not in nodes else (None, code)
    key = series_of(visit.caller, node, meter, item)
    zone = zone_of_series(visit.caller.reach.registry, key)
    asked = asked_for(zone, lineage.moment(time), step, start, end, role)
    shown = lineage.lineage(visit, key, asked, rest, as_of)
    return visit.render("lineage.html", view={**shown, "moments": _moments(visit, shown)})


def _moments(visit: Visit, shown: dict[str, Any]) -> list[tuple[str, str]]:
    """Ways to the same page as it stands, and as each closing that holds its days pins it."""
    if not shown["closings"]:
        return []
    left_out = ("as_of", "coal", "carbon")
    asked = {k: v for k, v in visit.request.query_params.items() if k not in left_out}
    way = f"/lineage?{urlencode(asked)}"
    return [(way, ""), *((f"{way}&as_of={name}", name) for name in shown["closings"])]


def _printable(payload: bytes) -> str:
    text = text_of(payload)
    return payload.hex(" ") if text is None else text
