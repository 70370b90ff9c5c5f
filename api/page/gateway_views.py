"""The pages of one gateway: added, let in anew, shut out, its points and its dead letters."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.page import confirming, gateway_door, gateway_one
from api.page.visit import Acting, PageRoute, Visit, Visitor
from api.usecases.gateways import add, revoke, rotate, state_of
from api.usecases.messages import ask_again, discard
from api.usecases.proposals import approve, dismiss
from metering.access import Role
from metering.gateway_life import LONGEST_OLD_H, NewGateway
from metering.intake import LetterCause
from metering.registry import NodeType
from metering.registry.proposal import MAX_REASON

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Step = Annotated[Literal["look", "save"], Form()]
Reason = Annotated[str, Form(max_length=MAX_REASON)]
Code = Annotated[str, Form(max_length=64)]
Cell = Annotated[str, Form(max_length=128)]
Back = Annotated[str, Form(max_length=129)]


@router.get("/gateways/new")
def new_gateway_page(visit: Visitor) -> HTMLResponse:
    """The form of a new gateway."""
    visit.caller.need(Role.ADMIN)
    return visit.render("gateway_new.html", sites=_sites(visit))


@router.post("/gateways/new")
def new_gateway(
    visit: Acting,
    site: Code,
    code: Code,
    name_zh: Cell = "",
    name_en: Cell = "",
    step: Step = "look",
    reason: Reason = "",
    once: confirming.Once = "",
) -> Response:
    """Show what a new gateway is, or register it; its password is shown once."""
    visit.caller.need(Role.ADMIN)
    visit.caller.reach.node(site)
    new = NewGateway(site.strip(), code.strip(), name_zh.strip(), name_en.strip())
    if step == "save":
        with visit.session.once(once):
            made = add(visit.caller, new, confirming.reasoned(reason))
        return _password(visit, new.user, made)
    title, user = visit.text("A new gateway"), {"user": new.user}
    act = confirming.ToConfirm(
        title=title,
        back=("/gateways/new", title),
        action="/gateways/new",
        changes=[
            visit.text("%(user)s is registered and gets a password, shown once.") % user,
            visit.text("What it sends under names that nobody registered is kept and proposed."),
        ],
        button=visit.text("Register it"),
        said={"site": new.site, "code": new.code, "name_zh": name_zh, "name_en": name_en},
    )
    return confirming.asked(visit, act)


def _sites(visit: Visit) -> list[tuple[str, str]]:
    """(code, name) of the sites that the visitor reaches now."""
    reach, now_us = visit.caller.reach, visit.caller.platform.now_us()
    known = (reach.registry.nodes[code] for code in sorted(reach.scope.nodes))
    return [
        (one.code, one.name(visit.language))
        for one in known
        if one.type is NodeType.SITE and (reach.scope.whole or reach.holds_now(one.code, now_us))
    ]


@router.get("/gateways/{site}/{code}")
def gateway_page(site: str, code: str, visit: Visitor) -> HTMLResponse:
    """One gateway, what comes next with it, and what it sends unregistered."""
    return visit.render("gateway.html", view=gateway_one.one(visit, f"{site}/{code}"))


@router.post("/gateways/{site}/{code}/password")
def gateway_password(
    site: str,
    code: str,
    visit: Acting,
    keep_old_h: Annotated[int, Form(ge=0, le=LONGEST_OLD_H)] = 0,
    step: Step = "look",
    reason: Reason = "",
    once: confirming.Once = "",
) -> Response:
    """Show what another password for a gateway changes, or make it."""
    visit.caller.need(Role.ADMIN)
    user = state_of(visit.caller, f"{site}/{code}")[0].gateway.user
    if step == "save":
        with visit.session.once(once):
            made = rotate(visit.caller, user, keep_old_h, confirming.reasoned(reason))
        return _password(visit, user, made)
    _ = visit.text
    told = _("It gets another password, shown once.")
    old = (
        _("The present one holds for %(hours)s hours more.") % {"hours": keep_old_h}
        if keep_old_h
        else _("The present one lets nothing in any more, and its connections end.")
    )
    act = confirming.ToConfirm(
        title=_("Another password"),
        back=(f"/gateways/{user}", user),
        action=f"/gateways/{user}/password",
        changes=[told, old],
        button=_("Another password"),
        said={"keep_old_h": str(keep_old_h)},
    )
    return confirming.asked(visit, act)


@router.post("/gateways/{site}/{code}/revocation")
def gateway_revocation(
    site: str, code: str, visit: Acting, step: Step = "look", reason: Reason = ""
) -> Response:
    """Show what shutting a gateway out changes, or do it."""
    visit.caller.need(Role.ADMIN)
    user = state_of(visit.caller, f"{site}/{code}")[0].gateway.user
    if step == "save":
        revoke(visit.caller, user, confirming.reasoned(reason))
        return RedirectResponse(f"/gateways/{user}", status_code=303)
    _ = visit.text
    act = confirming.ToConfirm(
        title=_("Let it in no more"),
        back=(f"/gateways/{user}", user),
        action=f"/gateways/{user}/revocation",
        changes=[
            _("Its connections end within seconds, and no password of it lets anything in."),
            _("What it sent stays. Adding it again gives it a new password."),
        ],
        button=_("Let it in no more"),
        said={},
    )
    return confirming.asked(visit, act)


@router.post("/gateways/{site}/{code}/points")
def gateway_points(
    site: str,
    code: str,
    visit: Acting,
    point: Cell,
    kind: Cell = "",
    unit: Cell = "",
    meter: Cell = "",
    step: Step = "look",
    reason: Reason = "",
) -> Response:
    """Show what registering a proposed point changes, or register it."""
    visit.caller.need(Role.ADMIN)
    user, given = f"{site}/{code}", {"kind": kind, "unit": unit, "meter": meter}
    row = {"point": point, **{name: text for name, text in given.items() if text}}
    if step == "save":
        approve(visit.caller, user, [row], sure=False, reason=confirming.reasoned(reason))
        return RedirectResponse(f"/gateways/{user}#gateway-points", status_code=303)
    shown = approve(visit.caller, user, [row], sure=False, reason="", dry_run=True)
    act = confirming.ToConfirm(
        title=visit.text("A proposed point"),
        back=(f"/gateways/{user}", user),
        action=f"/gateways/{user}/points",
        changes=gateway_one.approved(visit, row, shown.proposal),
        button=visit.text("Register it"),
        said={"point": point, **given},
    )
    return confirming.asked(visit, act)


@router.post("/gateways/{site}/{code}/points/dismissal")
def gateway_dismissal(
    site: str, code: str, visit: Acting, point: Cell, undo: Annotated[bool, Form()] = False
) -> Response:
    """Have a point proposed no more, or again."""
    visit.caller.need(Role.OPERATE)
    dismiss(visit.caller, f"{site}/{code}", [point], undo=undo)
    return RedirectResponse(f"/gateways/{site}/{code}#gateway-points", status_code=303)


@router.post("/dead-letters/replay")
def letters_replay(
    visit: Acting,
    gateway: Back,
    id: Annotated[int | None, Form(ge=0, lt=2**62)] = None,
    letter_reason: Cell = "",
    route: Annotated[str, Form(max_length=1024)] = "",
    point: Cell = "",
) -> Response:
    """Have open dead letters of a cause of a gateway tried again."""
    visit.caller.need(Role.OPERATE)
    ask_again(visit.caller, _cause(gateway, id, letter_reason, route, point))
    return RedirectResponse(f"/gateways/{gateway}#gateway-letters", status_code=303)


@router.post("/dead-letters/discard")
def letters_discard(
    visit: Acting,
    gateway: Back,
    id: Annotated[int | None, Form(ge=0, lt=2**62)] = None,
    letter_reason: Cell = "",
    route: Annotated[str, Form(max_length=1024)] = "",
    point: Cell = "",
    step: Step = "look",
    reason: Reason = "",
) -> Response:
    """Show what discarding dead letters of a cause changes, or do it."""
    visit.caller.need(Role.OPERATE)
    user = visit.caller.reach.gateway(gateway).user
    cause = _cause(user, id, letter_reason, route, point)
    if step == "save":
        discard(visit.caller, cause, confirming.reasoned(reason))
        return RedirectResponse(f"/gateways/{user}#gateway-letters", status_code=303)
    _ = visit.text
    act = confirming.ToConfirm(
        title=_("Discard what was refused"),
        back=(f"/gateways/{user}", user),
        action="/dead-letters/discard",
        changes=[
            _("These dead letters are tried no more, whatever is registered later."),
            _("Their messages stay in the journal as long as any other."),
        ],
        button=_("Discard"),
        said={
            "gateway": user,
            "letter_reason": letter_reason,
            "route": route,
            "point": point,
            **({} if id is None else {"id": str(id)}),
        },
    )
    return confirming.asked(visit, act)


def _cause(gateway: str, id: int | None, reason: str, route: str, point: str) -> LetterCause:
    """Letters of a gateway; '' is any."""
    return LetterCause(gateway, reason or None, route or None, point or None, id)


def _password(visit: Visit, user: str, password: str) -> HTMLResponse:
    _ = visit.text
    shown = confirming.SecretShown(
        title=_("New password"),
        about=_(
            "It is shown once and kept only hashed. Enter it in the gateway now; a lost one is "
            "renewed, not found."
        ),
        facts=[
            (_("Gateway"), user),
            (_("Password"), password),
            *((_("Note"), one) for one in gateway_door.door_warnings(visit)),
        ],
        lines=gateway_door.lines(visit, user, password),
        back=(f"/gateways/{user}", user),
    )
    return confirming.secret(visit, shown)
