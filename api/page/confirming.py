"""What is about to be done, shown before it is done: what it changes, and the reason asked for.

    a form ─▶ what it changes, with all that it says ─▶ the same, with a reason ─▶ done

The second form holds what the first one said, so that only what was shown is done.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Form
from fastapi.responses import HTMLResponse

from api.page.visit import Visit
from metering.errors import InvalidInput
from metering.registry.proposal import MAX_REASON

Once = Annotated[str, Form(max_length=64)]
"""Mark of a second form, for `Session.once`: reloading a page that shows a secret sends the form
again, which must not make another secret in place of the one that somebody has just noted."""


@dataclass(frozen=True)
class ToConfirm:
    """An act that waits for its reason."""

    title: str
    back: tuple[str, str]
    """Link and name of the page that it is of."""
    action: str
    """Where its form goes."""
    changes: Sequence[str]
    """What it changes, in sentences."""
    button: str
    said: Mapping[str, str]
    """What the form says, by field."""


def asked(visit: Visit, act: ToConfirm) -> HTMLResponse:
    """The page that shows an act and asks for its reason."""
    once = secrets.token_urlsafe(16)
    return visit.render("confirm.html", act=act, longest_reason=MAX_REASON, once=once)


def reasoned(reason: str) -> str:
    """The reason without blanks around it; InvalidInput where there is none."""
    if not reason.strip():
        raise InvalidInput("a reason is needed", field="reason", value="", fix="say why")
    return reason.strip()


@dataclass(frozen=True)
class SecretShown:
    """A secret that is shown this once, and what to do with it."""

    title: str
    about: str
    facts: Sequence[tuple[str, str]]
    """What it is for, by name; the secret with them."""
    lines: str
    """To be copied; '' where there is nothing but the secret."""
    back: tuple[str, str]


def secret(visit: Visit, shown: SecretShown) -> HTMLResponse:
    """The page that shows a secret; nothing keeps it."""
    answer = visit.render("secret.html", shown=shown)
    answer.headers["Cache-Control"] = "no-store"
    return answer
