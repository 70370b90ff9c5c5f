"""Signing in with a key, signing out, choosing a language, and the page's own files."""

from __future__ import annotations

import hmac
import secrets
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import FileResponse, RedirectResponse

from api.auth import key_of_secret, platform_of
from api.page import assets
from api.page.language import COOKIE as LANGUAGE_COOKIE
from api.page.sessions import COOKIE, LIFETIME_US
from api.page.visit import Acting, PageRoute, page, request_language, sessions_of
from api.problems import SignInNeeded, status_of
from metering.errors import GreenOfficeError, NotFound, TooManyTries
from texts import LANGUAGES

router = APIRouter(route_class=PageRoute, include_in_schema=False)

FORM_COOKIE = "greenoffice_form"


def local_path(wanted: str) -> str:
    """Where to go after signing in: a path of this site, never another host."""
    fits = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable()
    return wanted if fits else "/"


def _form(request: Request, wanted: str, error: GreenOfficeError | None = None) -> Response:
    token = secrets.token_urlsafe(32)
    response = page(
        request,
        request_language(request),
        "signin.html",
        status=200 if error is None else status_of(error),
        token=token,
        next=wanted,
        error=error,
        too_many=isinstance(error, TooManyTries),
    )
    _set_cookie(request, response, FORM_COOKIE, token, 3600)
    return response


def _set_cookie(request: Request, response: Response, name: str, value: str, seconds: int) -> None:
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        httponly=True,
        samesite="strict",
        secure=platform_of(request).secure_cookies,
    )


@router.get("/signin")
def signin_form(request: Request, next: Annotated[str, Query(max_length=512)] = "/") -> Response:
    """The form that asks for a key."""
    return _form(request, local_path(next))


@router.post("/signin")
def sign_in(
    request: Request,
    key: Annotated[str, Form(max_length=256)] = "",
    token: Annotated[str, Form(max_length=128)] = "",
    next: Annotated[str, Form(max_length=512)] = "/",
) -> Response:
    """Begin a session for a valid key."""
    sent = request.cookies.get(FORM_COOKIE, "")
    if not sent or not hmac.compare_digest(sent.encode(), token.encode()):
        error = SignInNeeded("the form was too old", field="token", fix="try again")
        return _form(request, local_path(next), error)
    try:
        found = key_of_secret(request, key.strip())
    except GreenOfficeError as error:
        return _form(request, local_path(next), error)
    value = sessions_of(request).begin(found.id, platform_of(request).now_us())
    response = RedirectResponse(local_path(next), status_code=303)
    _set_cookie(request, response, COOKIE, value, LIFETIME_US // 1_000_000)
    response.delete_cookie(FORM_COOKIE)
    return response


@router.post("/signout")
def sign_out(visit: Acting) -> Response:
    """End the session."""
    sessions_of(visit.request).end(visit.request.cookies.get(COOKIE))
    response = RedirectResponse("/signin", status_code=303)
    response.delete_cookie(COOKIE)
    return response


@router.get("/language/{chosen}")
def choose_language(
    chosen: str, request: Request, next: Annotated[str, Query(max_length=512)] = "/"
) -> Response:
    """Remember the language for a year."""
    if chosen not in LANGUAGES:
        raise NotFound(
            "no such language",
            field="language",
            value=chosen,
            fix=f"one of: {', '.join(LANGUAGES)}",
        )
    response = RedirectResponse(local_path(next), status_code=303)
    response.set_cookie(
        LANGUAGE_COOKIE,
        chosen,
        max_age=365 * 86_400,
        httponly=True,
        samesite="lax",
        secure=platform_of(request).secure_cookies,
    )
    return response


@router.get("/static/{name}")
def static(name: str, request: Request) -> Response:
    """The page's own files, compressed for whoever takes that."""
    known = assets.found(name)
    if known is None:
        raise NotFound("no such file", field="name", value=name, fix="reload the page")
    file, kept = known
    headers = {"Cache-Control": kept, "Vary": "Accept-Encoding"}
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return FileResponse(file.path, media_type=file.media, headers=headers)
    headers["Content-Encoding"] = "gzip"
    return Response(file.compressed, media_type=file.media, headers=headers)
