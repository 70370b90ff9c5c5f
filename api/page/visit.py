"""A visit to the page: who, in which language, and how pages and errors are answered."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import Depends, Form, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute

from api import problems
from api.auth import caller_of, note_use, platform_of, trace_refusal
from api.caller import Caller
from api.page.language import environment, visitor_language
from api.page.next_steps import way_of
from api.page.sessions import COOKIE, Session, Sessions
from api.problems import SignInNeeded
from metering.access import Role, by_session
from metering.errors import GreenOfficeError, NotAllowed
from metering.factor import USUAL_BASES, Bases, Carbon, Coal, bases_named
from texts import tag, translations, word

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
"""Styles may stand inline because the charts set them; scripts may not."""


@dataclass(frozen=True)
class Visit:
    """A signed-in visitor's request."""

    request: Request
    caller: Caller
    session: Session
    language: str

    @property
    def bases(self) -> Bases:
        """On which coal and carbon are shown, as the address says; InvalidInput for no such one."""
        asked = self.request.query_params
        coal, carbon = asked.get("coal", USUAL_BASES.coal), asked.get("carbon", USUAL_BASES.carbon)
        return bases_named(coal, carbon)

    @property
    def basis(self) -> dict[str, str]:
        """The bases that are not the usual ones, in words, by what is told on them."""
        group = {"coal": "kgce", "carbon": "kgco2"}
        return {
            group[name]: word("basis", value, self.language) for name, value in self.bases.unusual
        }

    @property
    def zone(self) -> str:
        """The zone of the first institution, in which moments of the whole are told."""
        top = self.caller.reach.top()
        return self.caller.reach.registry.zone(top[0].code) if top else "UTC"

    def kept(self, link: str) -> str:
        """A way to another page that shows coal and carbon on the same bases."""
        return with_bases(link, self.bases)

    def ways_of_bases(self) -> list[list[tuple[str, str, bool]]]:
        """Ways to the same page on each basis of carbon, and of coal: (link, words, whether it is
        this one)."""
        asked = self.request.query_params.multi_items()
        rest = urlencode([one for one in asked if one[0] not in ("coal", "carbon")])
        here = f"{self.request.url.path}?{rest}" if rest else self.request.url.path
        own = self.bases
        carbon = [(replace(own, carbon=one), str(one)) for one in Carbon]
        coal = [(replace(own, coal=one), str(one)) for one in Coal]
        return [
            [
                (with_bases(here, bases), word("basis", name, self.language), bases == own)
                for bases, name in ways
            ]
            for ways in (carbon, coal)
        ]

    def text(self, message: str) -> str:
        """The message in the visitor's language."""
        return translations(self.language).gettext(message)

    def render(self, template: str, **values: Any) -> HTMLResponse:
        """A page for this visitor."""
        shown = {
            "visit": self,
            "csrf": self.session.csrf,
            "may_enter": self.caller.may(Role.ENTER),
            "may_operate": self.caller.may(Role.OPERATE),
            "may_administer": self.caller.may(Role.ADMIN),
            "may_set_up": self.caller.may(Role.ADMIN) and self.caller.reach.scope.whole,
            "troubles": self._troubles(),
            "kept": self.kept,
            "next_way": partial(way_of, self.caller),
            "ways_of_bases": self.ways_of_bases(),
            **values,
        }
        return page(self.request, self.language, template, **shown)

    def _troubles(self) -> list[tuple[str, str]]:
        """Parts of the platform that do not do their work, with what they say of it."""
        return [
            (name, str(part.detail.get("error", "")))
            for name, part in self.caller.platform.parts().items()
            if not part.ready
        ]


def with_bases(link: str, bases: Bases) -> str:
    """A link of ours that asks for these bases, where they are not the usual ones."""
    told = urlencode(bases.unusual)
    if not told or not link.startswith("/"):
        return link
    return f"{link}{'&' if '?' in link else '?'}{told}"


def page(
    request: Request, language: str, template: str, *, status: int = 200, **values: Any
) -> HTMLResponse:
    """A rendered template with the page's security headers."""
    shown = {
        "visit": None,
        "kept": lambda link: link,
        "path": request.url.path,
        "lang": tag(language),
        **values,
    }
    html = environment(language).get_template(template).render(shown)
    return HTMLResponse(html, status_code=status, headers=SECURITY_HEADERS)


def request_language(request: Request) -> str:
    """The language of any request, signed in or not."""
    return visitor_language(request, platform_of(request).language)


def sessions_of(request: Request) -> Sessions:
    """The app's sessions."""
    sessions: Sessions = request.app.state.sessions
    return sessions


def need_session(request: Request) -> None:
    """SignInNeeded unless a request is of somebody who is signed in."""
    if not session_key(request):
        raise SignInNeeded("not signed in", field="session", fix="sign in with a key")


def session_key(request: Request) -> str:
    """The id of the key that the session of a request was begun with; '' where it has none."""
    now_us = platform_of(request).now_us()
    session = sessions_of(request).get(request.cookies.get(COOKIE), now_us)
    return session.key_id if session else ""


def _visit(request: Request) -> Visit:
    platform = platform_of(request)
    session = sessions_of(request).get(request.cookies.get(COOKIE), platform.now_us())
    key = None
    if session is not None:
        keys = platform.access.keys()
        standing = (k for k in keys if not k.revoked_us and not k.expired(platform.now_us()))
        key = next((one for one in standing if one.id == session.key_id), None)
    if session is None or key is None:
        raise SignInNeeded("not signed in", field="session", fix="sign in with a key")
    note_use(request, key, platform.now_us())
    caller = caller_of(request, key, by_session(key))
    return Visit(request, caller, session, request_language(request))


Visitor = Annotated[Visit, Depends(_visit)]


def need_token(visit: Visit, csrf: str) -> None:
    """NotAllowed where a form does not carry the token of the visitor's session."""
    if not visit.session.accepts(csrf):
        raise NotAllowed(
            "this form did not come from your session",
            field="csrf",
            fix="reload the page and send the form again",
        )


def _acting(visit: Visitor, csrf: Annotated[str, Form(max_length=128)] = "") -> Visit:
    need_token(visit, csrf)
    return visit


Acting = Annotated[Visit, Depends(_acting)]
"""A visitor whose form carries the session's own token."""


class PageRoute(APIRoute):
    """Answers errors as pages, and visitors without a session with the sign-in form."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's own handler, with errors as pages; without a session it leads to the
        sign-in."""
        handle = super().get_route_handler()

        async def shown(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                return error_page(request, problems.from_validation(error, of_form=True))
            except GreenOfficeError as error:
                trace_refusal(request, error)
                return error_page(request, error)

        return shown


def error_page(request: Request, error: GreenOfficeError) -> Response:
    """The error as a page, or as JSON for the page's own script."""
    if request.url.path == "/live":
        return problems.response_of(error, request)
    if isinstance(error, SignInNeeded):
        wanted = request.url.path if request.method == "GET" else "/"
        return RedirectResponse(f"/signin?next={quote(wanted)}", status_code=303)
    return page(
        request,
        request_language(request),
        "error.html",
        status=problems.status_of(error),
        problem=problems.problem_of(error, request.url.path, request_language(request)),
    )
