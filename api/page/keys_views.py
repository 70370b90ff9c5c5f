"""The pages of keys, for administrators: of what their own key reaches."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.page import confirming, keys
from api.page.visit import Acting, PageRoute, Visit, Visitor
from api.usecases.keys import KeyMade, KeyWanted, end, key_of, make, revoke, rotate
from metering.access import Role
from metering.registry.proposal import MAX_REASON

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Step = Annotated[Literal["look", "save"], Form()]
Reason = Annotated[str, Form(max_length=MAX_REASON)]
Expires = Annotated[str, Form(max_length=40)]


@router.get("/keys")
def keys_page(visit: Visitor, done: Annotated[str, Query(max_length=128)] = "") -> HTMLResponse:
    """Keys of what the visitor's own key reaches."""
    return visit.render("keys.html", view=keys.listed(visit), done=done)


@router.get("/keys/new")
def new_key_page(visit: Visitor) -> HTMLResponse:
    """The form of a new key."""
    visit.caller.need(Role.ADMIN)
    whole = visit.caller.reach.scope.whole
    return visit.render("key_new.html", view=keys.form(visit, whole=whole))


@router.post("/keys/new")
def new_key(
    visit: Acting,
    name: Annotated[str, Form(max_length=keys.LONGEST_NAME)],
    node: Annotated[str, Form(max_length=128)] = "",
    role: Annotated[Role, Form()] = Role.READ,
    purpose: Annotated[str, Form(max_length=keys.LONGEST_PURPOSE)] = "",
    expires: Expires = "",
    step: Step = "look",
    reason: Reason = "",
    once: confirming.Once = "",
) -> Response:
    """Show what a new key may, or make it."""
    wanted = KeyWanted(name, node, role, purpose, expires)
    changes = keys.new(visit, wanted)
    if step == "save":
        with visit.session.once(once):
            made = make(visit.caller, wanted, confirming.reasoned(reason))
        return _secret(visit, made)
    act = confirming.ToConfirm(
        title=visit.text("A new key"),
        back=("/keys/new", visit.text("A new key")),
        action="/keys/new",
        changes=changes,
        button=visit.text("Make this key"),
        said={**vars(wanted), "role": str(role)},
    )
    return confirming.asked(visit, act)


@router.get("/keys/{id}")
def key_page(id: str, visit: Visitor) -> HTMLResponse:
    """A key, what may be done with it, and what was."""
    visit.caller.need(Role.ADMIN)
    return visit.render("key.html", view=keys.one(visit, id))


@router.post("/keys/{id}/rotation")
def key_rotation(
    id: str, visit: Acting, step: Step = "look", reason: Reason = "", once: confirming.Once = ""
) -> Response:
    """Show what another secret for a key changes, or make it."""
    key = key_of(visit.caller, id)
    if step == "save":
        with visit.session.once(once):
            made = rotate(visit.caller, id, confirming.reasoned(reason))
        return _secret(visit, made)
    title, path = visit.text("Another secret"), f"/keys/{id}"
    act = confirming.ToConfirm(
        title, (path, key.name), f"{path}/rotation", keys.rotated(visit, key), title, {}
    )
    return confirming.asked(visit, act)


@router.post("/keys/{id}/end")
def key_end(
    id: str, visit: Acting, expires: Expires = "", step: Step = "look", reason: Reason = ""
) -> Response:
    """Show what an end of a key changes, or set it; none takes it back."""
    key = key_of(visit.caller, id)
    changes = keys.ended(visit, key, expires)
    if step == "save":
        end(visit.caller, id, expires, confirming.reasoned(reason))
        return RedirectResponse(f"/keys/{id}", status_code=303)
    title, path, said = visit.text("End of a key"), f"/keys/{id}", {"expires": expires}
    act = confirming.ToConfirm(title, (path, key.name), f"{path}/end", changes, title, said)
    return confirming.asked(visit, act)


@router.post("/keys/{id}/revocation")
def key_revocation(id: str, visit: Acting, step: Step = "look", reason: Reason = "") -> Response:
    """Show what ending a key at once changes, or end it."""
    key = key_of(visit.caller, id)
    if step == "save":
        revoke(visit.caller, id, confirming.reasoned(reason))
        return RedirectResponse(f"/keys/{id}", status_code=303)
    title, path = visit.text("End it at once"), f"/keys/{id}"
    act = confirming.ToConfirm(
        title, (path, key.name), f"{path}/revocation", keys.revoked(visit, key), title, {}
    )
    return confirming.asked(visit, act)


def _secret(visit: Visit, made: KeyMade) -> HTMLResponse:
    key = made.key
    shown = confirming.SecretShown(
        title=visit.text("A new key"),
        about=visit.text(
            "The secret is shown once and kept only hashed: give it to its owner now. A lost one "
            "is renewed, not found."
        ),
        facts=[
            (visit.text("For whom"), key.name),
            (visit.text("Place"), keys.place_name(visit, key.node)),
            (visit.text("Secret"), made.secret),
        ],
        lines="",
        back=("/keys", visit.text("Keys and persons")),
    )
    return confirming.secret(visit, shown)
