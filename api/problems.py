"""Errors as `application/problem+json` (RFC 9457), always naming field, value and fix."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from api.wrong_values import sentence_of
from metering.errors import (
    Conflict,
    FileProblem,
    GreenOfficeError,
    InvalidFiles,
    InvalidInput,
    NotAllowed,
    NotFound,
    StorageFull,
    TooManyTries,
    Unavailable,
    quoted,
)
from texts import ENGLISH, accepted, negotiated, said, tag

_QUOTED = re.compile(r"'([^']+)'")
MEDIA_TYPE = "application/problem+json"


class SignInNeeded(NotAllowed):
    """No key, or one that is not known."""

    code = "unauthorized"


class KeyExpired(SignInNeeded):
    """A key that was right, and whose time is over."""

    code = "key_expired"


class WrongMethod(InvalidInput):
    """A route that is there, asked with a method that it has not."""

    code = "method_not_allowed"


class TooLarge(InvalidInput):
    """A body above its limit; it was not read to its end."""

    code = "too_large"


class QueryTooLong(InvalidInput):
    """A path and query above their limit."""

    code = "query_too_long"


class HeadTooLarge(InvalidInput):
    """Headers above their limit."""

    code = "headers_too_large"


class Malformed(InvalidInput):
    """A body that cannot be read as what it says it is."""

    code = "malformed"


class WrongMedia(InvalidInput):
    """A body of a kind that is not read here."""

    code = "unsupported_media_type"


STATUS: dict[type[GreenOfficeError], int] = {
    SignInNeeded: 401,
    TooManyTries: 429,
    WrongMethod: 405,
    TooLarge: 413,
    QueryTooLong: 414,
    HeadTooLarge: 431,
    Malformed: 400,
    WrongMedia: 415,
    InvalidFiles: 422,
    InvalidInput: 422,
    NotFound: 404,
    Conflict: 409,
    NotAllowed: 403,
    StorageFull: 507,
    Unavailable: 503,
    GreenOfficeError: 500,
}
"""The first class of an error's own ancestry that stands here decides."""

TITLES: dict[int, str] = {
    400: "Malformed",
    401: "Sign in needed",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    413: "Too large",
    414: "Query too long",
    415: "Unsupported media type",
    422: "Invalid input",
    429: "Too many failed keys",
    431: "Headers too large",
    500: "Internal error",
    503: "Unavailable for the moment",
    507: "Storage full",
}
HEADERS: dict[int, dict[str, str]] = {
    401: {"WWW-Authenticate": "Bearer"},
    429: {"Retry-After": "60"},
    503: {"Retry-After": "5"},
}


def status_of(error: GreenOfficeError) -> int:
    """The HTTP status that says what kind of error it is."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def problem_types() -> list[tuple[int, str, str]]:
    """(status, urn, title in English) of every kind of problem, by status."""
    codes = {(status, kind.code) for kind, status in STATUS.items()}
    return [(status, urn_of(code), TITLES[status]) for status, code in sorted(codes)]


def urn_of(code: str) -> str:
    """The `type` of a problem document."""
    return f"urn:greenoffice:problem:{code}"


MOST_INSTANCE = 500
"""Characters of a path that an answer repeats."""


def problem_of(error: GreenOfficeError, instance: str, language: str = ENGLISH) -> dict[str, Any]:
    """The problem document of an error, its sentences in the language."""
    status = status_of(error)
    problem: dict[str, Any] = {
        "type": urn_of(error.code),
        "title": said(TITLES[status], language),
        "status": status,
        "detail": said(error.message, language),
        "instance": instance[:MOST_INSTANCE],
        "code": error.code,
        "field": error.field,
        "value": None if error.value is None else _shown(error.value),
        "fix": None if error.fix is None else said(error.fix, language),
    }
    if isinstance(error, InvalidFiles):
        problem["problems"] = [_file_problem(one, language) for one in error.problems]
    return problem


def _file_problem(one: FileProblem, language: str) -> dict[str, Any]:
    told = {"problem": said(one.problem, language), "fix": said(one.fix, language)}
    place = {"file": one.file, "line": one.line, "field": one.field, "value": one.value}
    return {**place, **told}


def _shown(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= 120 else quoted(value)


def language_of(request: Request) -> str:
    """The code of the first language of ours that a request accepts, else English's."""
    return negotiated(*accepted(request.headers.get("accept-language", "")), ENGLISH)


def response_of(error: GreenOfficeError, request: Request) -> JSONResponse:
    """The problem as a response, in the language that the request accepts; in English where it
    names none of ours."""
    status = status_of(error)
    language = language_of(request)
    return JSONResponse(
        problem_of(error, request.url.path, language),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers={**HEADERS.get(status, {}), "Content-Language": tag(language)},
    )


def from_validation(error: RequestValidationError, *, of_form: bool = False) -> InvalidInput:
    """The first thing FastAPI found wrong, in our words. A form of the page has a way back to
    it, any other request one to the reference."""
    first = error.errors()[0]
    place = [str(part) for part in first.get("loc", ())]
    known = _known(first)
    fix = f"see /docs for what this {place[0] if place else 'request'} part accepts"
    if of_form:
        fix = "go back, put it right and send it again"
    return InvalidInput(
        sentence_of(first),
        field=".".join(place[1:]) or "body",
        value=first.get("input"),
        fix=f"one of: {', '.join(known)}" if known else fix,
    )


def _known(wrong: Mapping[str, Any]) -> list[str]:
    """The names that a value could have been, where it is one of a list; [] otherwise."""
    if wrong.get("type") not in ("enum", "literal_error"):
        return []
    return _QUOTED.findall(str(wrong.get("ctx", {}).get("expected", "")))


def from_http(error: HTTPException, request: Request) -> GreenOfficeError:
    """Errors of routing: no such route, a body that cannot be read, wrong method."""
    if error.status_code == 404:
        return NotFound("no such route", field="path", value=request.url.path, fix="see /docs")
    if error.status_code == 400:
        return Malformed(
            "a body that cannot be read",
            field="body",
            value=request.headers.get("content-type", ""),
            fix="send it whole, as its Content-Type says it is",
        )
    if error.status_code == 405:
        return WrongMethod(
            "no such method on this route",
            field="method",
            value=request.method,
            fix=f"use one of {', '.join(methods_of(request))}",
        )
    return InvalidInput(str(error.detail), field="method", value=request.method, fix="see /docs")


def methods_of(request: Request) -> list[str]:
    """The methods that the path of a request can be asked with, HEAD wherever GET is one."""
    found: set[str] = set()
    for route in iter_route_contexts(request.app.routes):
        if route.path and compile_path(route.path)[0].match(request.url.path):
            found |= set(route.methods or ())
    return sorted(found | {"HEAD"} if "GET" in found else found)


def wants_page(request: Request) -> bool:
    """Whether a person's browser asks, outside the JSON API."""
    is_api = request.url.path.startswith("/v1/")
    return not is_api and "text/html" in request.headers.get("accept", "")


def install(
    app: FastAPI,
    seen: Callable[[Request, GreenOfficeError], None],
    page: Callable[[Request, GreenOfficeError], Response],
) -> None:
    """Answer every error of ours, and every refused request, as a problem.

    `seen` is told of each error of ours before it is answered; `page` answers a browser that
    has lost its way.
    """

    @app.exception_handler(GreenOfficeError)
    def ours(request: Request, error: GreenOfficeError) -> JSONResponse:
        seen(request, error)
        return response_of(error, request)

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return response_of(from_validation(error), request)

    @app.exception_handler(HTTPException)
    def routing(request: Request, error: HTTPException) -> Response:
        problem = from_http(error, request)
        if wants_page(request):
            return page(request, problem)
        response = response_of(problem, request)
        response.status_code = error.status_code
        if error.status_code == 405:
            response.headers["Allow"] = ", ".join(methods_of(request))
        return response
