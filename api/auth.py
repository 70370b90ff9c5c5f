"""Who calls over HTTP: the API key of a request, and a trace of every refusal."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader, HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials

from api.caller import Caller
from api.platform import Platform
from api.problems import KeyExpired, SignInNeeded
from api.reach import Outside, Reach
from metering.access import Actor, ApiKey, Role, Scope, by_key
from metering.errors import GreenOfficeError, NotAllowed, Unavailable
from metering.localtime import HOUR_US, iso
from metering.tries import FailedTries

_BEARER = HTTPBearer(auto_error=False, description="An API key")
_HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, description="An API key")

Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
KeyHeader = Annotated[str | None, Depends(_HEADER)]

KEYS_NOTED = 10_000


def platform_of(request: Request) -> Platform:
    """The platform an app serves."""
    platform: Platform = request.app.state.platform
    return platform


def reach_of(request: Request, key: ApiKey) -> Reach:
    """The key's reach; kept as long as the registry stays the same."""
    registry = platform_of(request).registry()
    kept: dict[tuple[str, int], Reach] = request.app.state.reaches
    found = kept.get((key.node, registry.version))
    if found is None or found.registry is not registry:
        if len(kept) >= 64:
            kept.clear()
        found = kept[(key.node, registry.version)] = Reach(registry, Scope.of(key, registry))
    return found


def address_of(request: Request) -> str:
    """The address a request comes from."""
    return request.client.host if request.client else ""


def key_of_secret(request: Request, secret: str) -> ApiKey:
    """The key of a secret, or SignInNeeded; wrong ones are counted by address and key, and
    TooManyTries is raised where they are too many."""
    failed: FailedTries = request.app.state.failed_keys
    key = platform_of(request).access.key(secret, failed.at(address_of(request)))
    if key is None:
        raise SignInNeeded(
            "this key is not known, or was revoked",
            field="Authorization",
            value=f"{secret[:4]}… ({len(secret)} characters)",
            fix="check the key for missing characters, or ask an administrator for a new one",
        )
    now_us = platform_of(request).now_us()
    if key.expired(now_us):
        raise KeyExpired(
            "this key has expired",
            field="Authorization",
            value=iso(key.expires_us),
            fix="ask an administrator for a new one",
        )
    note_use(request, key, now_us)
    return key


def note_use(request: Request, key: ApiKey, now_us: int) -> None:
    """Write down that a key was used: once an hour, and never at the cost of what is asked."""
    noted: dict[str, int] = request.app.state.key_uses
    if now_us - max(key.used_us, noted.get(key.id, 0)) < HOUR_US:
        return
    if len(noted) >= KEYS_NOTED:
        noted.clear()
    noted[key.id] = now_us
    with suppress(Unavailable):
        platform_of(request).access.used(key.id, now_us)


def secret_of(request: Request) -> str:
    """The key in the headers of a request; '' where it brings none."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        secret = request.headers.get("x-api-key", "")
    return secret.strip()[:256]


def key_of_request(request: Request) -> ApiKey:
    """The key that a request brings in its headers, looked for once; errors as `key_of_secret`,
    and SignInNeeded where it brings none."""
    found: ApiKey | None = getattr(request.state, "key", None)
    if found is None:
        secret = secret_of(request)
        if not secret:
            raise SignInNeeded(
                "no API key",
                field="Authorization",
                fix="send `Authorization: Bearer KEY` or `X-API-Key: KEY`",
            )
        found = request.state.key = key_of_secret(request, secret)
    return found


def _caller(
    request: Request,
    _bearer: Bearer,
    _header: KeyHeader,
) -> Caller:
    """By the key of the request; bearer and header stand here for the OpenAPI document."""
    key = key_of_request(request)
    return caller_of(request, key, by_key(key))


def caller_of(request: Request, key: ApiKey, actor: Actor) -> Caller:
    """Who asks with a key's role and reach; what it is refused is traced."""
    caller = Caller(platform_of(request), actor, key.role, key.node, reach_of(request, key))
    request.state.caller = caller
    return caller


def trace_refusal(request: Request, error: GreenOfficeError) -> None:
    """What a key was refused, by scope or by role, stands in the audit log."""
    caller: Caller | None = getattr(request.state, "caller", None)
    if caller is not None and isinstance(error, Outside | NotAllowed):
        caller.trace("refused", f"{request.method} {request.url.path[:200]}", error.message)


def _with_role(role: Role) -> Callable[[Caller], Caller]:
    def check(caller: Annotated[Caller, Depends(_caller)]) -> Caller:
        caller.need(role)
        return caller

    return check


Reader = Annotated[Caller, Depends(_with_role(Role.READ))]
Enterer = Annotated[Caller, Depends(_with_role(Role.ENTER))]
Operator = Annotated[Caller, Depends(_with_role(Role.OPERATE))]
Closer = Annotated[Caller, Depends(_with_role(Role.CLOSE))]
Admin = Annotated[Caller, Depends(_with_role(Role.ADMIN))]
