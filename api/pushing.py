"""Who pushes readings for a gateway over HTTP.

    POST /v1/ingest/SITE/GATEWAY    Authorization: Basic SITE/GATEWAY:PASSWORD
                                    Authorization: Bearer SECRET, or SECRET alone
                                    X-API-Key: SECRET

SECRET is the gateway's own password, or an API key that may operate on its site: most servers that
call webhooks can set one header and nothing else.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from api.auth import (
    Bearer,
    KeyHeader,
    address_of,
    caller_of,
    key_of_secret,
    platform_of,
)
from api.problems import SignInNeeded
from metering.access import KEY_PREFIX, ApiKey, Role, by_key
from metering.tries import FailedTries

PREFIX = "/v1/ingest/"
_LONGEST_SECRET = 256


@dataclass(frozen=True)
class Pusher:
    """Who was found to push for a gateway."""

    gateway: str
    """`site/code`"""
    key: ApiKey | None
    """The API key; None for the gateway itself, by its own password."""


def pusher_of_request(request: Request) -> Pusher:
    """Who pushes, looked for once. SignInNeeded where the request brings no secret, a wrong one, or
    one of another gateway than its path names; TooManyTries where too many were wrong."""
    found: Pusher | None = getattr(request.state, "pusher", None)
    if found is None:
        gateway = request.scope["path"].removeprefix(PREFIX)
        user, secret = _secret(request)
        if not secret:
            raise SignInNeeded(
                "no password and no API key",
                field="Authorization",
                fix="send the gateway's password, or a key: `Authorization: Bearer SECRET`",
            )
        if user not in ("", gateway):
            raise SignInNeeded(
                "the user is another gateway than the path names",
                field="Authorization",
                value=user,
                fix=f"sign in as {gateway}, or post to {PREFIX}{user}",
            )
        found = request.state.pusher = _proven(request, gateway, secret)
    return found


def _proven(request: Request, gateway: str, secret: str) -> Pusher:
    if secret.startswith(KEY_PREFIX):
        key = request.state.key = key_of_secret(request, secret)
        return Pusher(gateway, key)
    failed: FailedTries = request.app.state.failed_keys
    tries = failed.at(address_of(request))
    platform = platform_of(request)
    if not platform.credentials.verify(gateway, secret.encode(), platform.now_us(), tries):
        if platform.credentials.revoked(gateway):
            raise SignInNeeded(
                "this gateway was revoked",
                field="Authorization",
                value=gateway,
                fix="add the gateway again, and give it its new password",
            )
        raise SignInNeeded(
            "wrong password, or no such gateway",
            field="Authorization",
            value=gateway,
            fix="check the path, and give the gateway its password again, or a new one",
        )
    return Pusher(gateway, None)


def _secret(request: Request) -> tuple[str, str]:
    """The user, '' where none is named, and the secret; '' where there is none."""
    told = request.headers.get("authorization", "").strip()
    scheme, _, rest = told.partition(" ")
    if scheme.lower() == "basic":
        return _basic(rest.strip())
    if scheme.lower() == "bearer":
        told = rest
    return "", (told.strip() or request.headers.get("x-api-key", "").strip())[:_LONGEST_SECRET]


def _basic(text: str) -> tuple[str, str]:
    try:
        user, colon, password = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        colon = ""
    if not colon:
        raise SignInNeeded(
            "this is no user and password",
            field="Authorization",
            fix="send `Basic` and the base64 of SITE/GATEWAY:PASSWORD",
        )
    return user, password[:_LONGEST_SECRET]


def _pusher(
    request: Request,
    _bearer: Bearer,
    _header: KeyHeader,
) -> Pusher:
    """An API key needs its role and reach; bearer and header stand here for the document."""
    found = pusher_of_request(request)
    if found.key is not None:
        caller = caller_of(request, found.key, by_key(found.key))
        caller.need(Role.OPERATE)
        caller.reach.writable(found.gateway, caller.platform.now_us())
    return found


Pushing = Annotated[Pusher, Depends(_pusher)]
