"""Who calls over HTTP: the API key of a request, and a trace of every refusal."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader, HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials

from api.caller import Caller
from api.platform import Platform
from api.problems import SignInNeeded, TooManyFailures
from api.reach import Outside, Reach
from metering.access import Actor, ApiKey, Role, Scope, by_key
from metering.errors import GreenOfficeError, NotAllowed

_BEARER = HTTPBearer(auto_error=False, description="An API key")
_HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, description="An API key")


class FailedKeys:
    """Counts wrong keys per address over the last minute."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._times: dict[str, deque[int]] = {}
        self._lock = threading.Lock()

    def check(self, address: str, now_us: int) -> None:
        """Raises TooManyFailures when the address has used up its tries."""
        with self._lock:
            times = self._times.get(address)
            while times and times[0] <= now_us - 60_000_000:
                times.popleft()
            if times is not None and not times:
                del self._times[address]
            if times and len(times) >= self._limit:
                raise TooManyFailures(
                    "too many wrong keys from this address",
                    field="Authorization",
                    fix="wait a minute, then use a valid key",
                )

    def add(self, address: str, now_us: int) -> None:
        """One more wrong key; the memory of addresses is bounded."""
        with self._lock:
            if len(self._times) >= 10_000:
                self._times.pop(next(iter(self._times)))
            self._times.setdefault(address, deque()).append(now_us)


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
    """The key of a secret, or SignInNeeded; wrong ones are counted per address."""
    platform = platform_of(request)
    failed: FailedKeys = request.app.state.failed_keys
    now_us, address = platform.now_us(), address_of(request)
    failed.check(address, now_us)
    key = platform.access.key(secret)
    if key is None:
        failed.add(address, now_us)
        raise SignInNeeded(
            "this key is not known, or was revoked",
            field="Authorization",
            value=f"{secret[:4]}… ({len(secret)} characters)",
            fix="check the key for missing characters, or ask an administrator for a new one",
        )
    return key


def _caller(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
    header: Annotated[str | None, Depends(_HEADER)],
) -> Caller:
    secret = bearer.credentials if bearer else header
    if not secret:
        raise SignInNeeded(
            "no API key",
            field="Authorization",
            fix="send `Authorization: Bearer KEY` or `X-API-Key: KEY`",
        )
    key = key_of_secret(request, secret[:256])
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
Operator = Annotated[Caller, Depends(_with_role(Role.OPERATE))]
Admin = Annotated[Caller, Depends(_with_role(Role.ADMIN))]
