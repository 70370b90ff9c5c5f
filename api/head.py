"""HEAD is GET without its body (RFC 9110, 9.3.2), on every route."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadAsGet:
    """Asks the application for what GET would answer, and keeps the body back."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def without_body(message: Message) -> None:
            empty = message["type"] == "http.response.body"
            await send({**message, "body": b""} if empty else message)

        await self._app({**scope, "method": "GET"}, receive, without_body)
