"""Every key has its share: requests wait in lanes, and what costs much is answered by workers.

    no key              in place, at once: health, counters, the sign-in, the page's own files
    light               in place, so many at a time
    heavy, by weight    in a worker that is ended when its time or memory is, or its client

Keys are served in turn, and none has all the places of a lane.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.auth import platform_of
from api.handing import handed, send_on
from api.lane import Busy, Lane
from api.problems import SignInNeeded
from api.room import Lack, Room
from api.workers import Ended, NoWorker
from metering.access import ApiKey
from metering.errors import GreenOfficeError, TooManyTries

LIGHT_AT_ONCE, LIGHT_WAITING = 4, 64
HEAVY_WAITING = 16
_OPEN = ("/static/", "/signin", "/health", "/metrics")
Who = Callable[[Request], str]
"""The id of the key behind a request; '' where there is none. It may look into a store."""


class Lanes:
    """Sends each request its way."""

    def __init__(
        self,
        app: ASGIApp,
        who: Who,
        is_heavy: Callable[[Request], bool],
        refuse: Callable[[Request, GreenOfficeError], Response],
        room: Room,
    ) -> None:
        self._app, self._who, self._is_heavy, self._refuse = app, who, is_heavy, refuse
        self._room = room
        self._light = Lane(LIGHT_AT_ONCE, LIGHT_AT_ONCE - 1, LIGHT_WAITING, room.patience_s)
        self._heavy: Lane | None = None
        room.light = self._light

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on in its lane."""
        if scope["type"] != "http" or scope["path"].startswith(_OPEN):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        try:
            key, heavy = await run_in_threadpool(self._looked_at, request)
        except GreenOfficeError as refused:
            await self._refuse(request, refused)(scope, receive, send)
            return
        if not key:
            await self._app(scope, receive, send)
            return
        body: bytes | None = getattr(request.state, "body", None)
        if body is None:  # it is read in parts, by its route
            await self._in_turn(request, key, receive, send)
            return
        gone = asyncio.ensure_future(_until_gone(receive))
        try:
            if heavy:
                await self._handed_over(request, key, gone, send)
            else:
                await self._in_turn(request, key, _replay(body, gone), send, gone)
        finally:
            gone.cancel()

    def _looked_at(self, request: Request) -> tuple[str, bool]:
        """Whose it is, and whether it goes to a worker. What cannot be read at all is light: its
        route says what is wrong with it."""
        key = self._who(request)
        if not key or platform_of(request).workers is None or not hasattr(request.state, "key"):
            return key, False
        try:
            return key, self._is_heavy(request)
        except (SignInNeeded, TooManyTries):
            raise
        except (GreenOfficeError, ValueError):
            return key, False

    async def _in_turn(
        self,
        request: Request,
        key: str,
        receive: Receive,
        send: Send,
        gone: asyncio.Future[None] | None = None,
    ) -> None:
        if not await self._entered(self._light, request, key, send, gone):
            return
        try:
            await self._app(request.scope, receive, send)
        finally:
            self._light.leave(key)

    async def _handed_over(
        self, request: Request, key: str, gone: asyncio.Future[None], send: Send
    ) -> None:
        workers = platform_of(request).workers
        assert workers is not None
        if self._heavy is None:
            most, patience_s = workers.at_once, self._room.patience_s
            self._heavy = Lane(most, max(1, most - 1), HEAVY_WAITING, patience_s)
            self._room.heavy = self._heavy
        if not await self._entered(self._heavy, request, key, send, gone):
            return
        own: ApiKey = request.state.key
        try:
            answer = await workers.answer(handed(request.scope, own, request.state.body), gone)
        except GreenOfficeError as refused:
            self._note(request, refused)
            await self._refuse(request, refused)(request.scope, _nothing, send)
            return
        finally:
            self._heavy.leave(key)
        if answer is not None:
            request.scope["answered_by"] = answer.route
            await send_on(answer, send)

    async def _entered(
        self,
        lane: Lane,
        request: Request,
        key: str,
        send: Send,
        gone: asyncio.Future[None] | None,
    ) -> bool:
        """Whether there is a place, and the client still waits for it."""
        turn = asyncio.ensure_future(lane.enter(key))
        await asyncio.wait({turn, gone} if gone else {turn}, return_when="FIRST_COMPLETED")
        if not turn.done():
            turn.cancel()
            return False
        try:
            await turn
        except GreenOfficeError as busy:
            self._note(request, busy)
            await self._refuse(request, busy)(request.scope, _nothing, send)
            return False
        return True

    def _note(self, request: Request, error: GreenOfficeError) -> None:
        """What health tells of it."""
        if isinstance(error, Busy):
            self._room.lacked(Lack.PLACES, str(error.value))
        elif isinstance(error, NoWorker):
            self._room.lacked(Lack.WORKERS, str(error.value))
        elif isinstance(error, Ended):
            self._room.lacked(Lack.ANSWERS, request.url.path)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


def _replay(body: bytes, gone: asyncio.Future[None]) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def give() -> Message:
        if waiting:
            return waiting.pop()
        await asyncio.shield(gone)
        return {"type": "http.disconnect"}

    return give
