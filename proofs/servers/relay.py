"""An HTTP server that passes requests on to an InfluxDB.

In front of a 1.x server it translates `/api/v2/write`, which versions before 1.8 lack, to their
`/write`, so that one code path serves both generations.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import urllib3

_HOP_BY_HOP = {"connection", "content-length", "host", "transfer-encoding", "keep-alive", "date"}


def write_of_1(path: str) -> str:
    """The 1.x path of a request; only `/api/v2/write` has another one."""
    parts = urlsplit(path)
    if parts.path != "/api/v2/write":
        return path
    asked = parse_qs(parts.query, keep_blank_values=True)
    precision = asked.get("precision", ["ns"])[0]
    return "/write?" + urlencode(
        {"db": asked["bucket"][0], "precision": {"us": "u", "ns": "n"}.get(precision, precision)}
    )


Reply = tuple[int, dict[str, str], bytes]


class Relay:
    """An HTTP server that passes requests on to another, their paths rewritten."""

    def __init__(self, upstream: str, rewrite: Callable[[str], str] = lambda path: path) -> None:
        self._upstream = upstream
        self._rewrite = rewrite
        self._pool = urllib3.PoolManager(maxsize=8, retries=False)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply | None:
        """The reply to a request; None cuts the connection."""
        try:
            got = self._pool.request(
                method,
                self._upstream + self._rewrite(path),
                headers=headers,
                body=body,
                decode_content=False,
                redirect=False,
            )
        except urllib3.exceptions.HTTPError:
            return None
        return got.status, _end_to_end(got.headers), got.data

    def close(self) -> None:
        """Stop listening and let go of all connections."""
        self._server.shutdown()
        self._server.server_close()
        self._pool.clear()


class HoldingRelay(Relay):
    """Holds one write, and passes on all else meanwhile; whoever sent it may have given up."""

    def __init__(self, upstream: str) -> None:
        self._armed, self._let_go, self._done = Event(), Event(), Event()
        self.held = Event()
        super().__init__(upstream)

    def hold_next(self) -> None:
        """Hold the next write until it is let go; `held` is set when there was one."""
        self._armed.set()

    def let_go(self) -> None:
        """Pass on what is held, now; returns when the server has answered it."""
        self._let_go.set()
        self._done.wait()

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply | None:
        """As it comes, but for the one that is held: its connection is cut afterwards."""
        if not path.startswith("/api/v2/write") or not self._armed.is_set():
            return super().answer(method, path, headers, body)
        self._armed.clear()
        self.held.set()
        self._let_go.wait()
        super().answer(method, path, headers, body)
        self._done.set()
        return None


class RefusingRelay(Relay):
    """Answers every request itself while `reply` is set, as a busy server or a proxy does."""

    def __init__(self, upstream: str) -> None:
        self.reply: Reply | None = None
        self.refused = 0
        super().__init__(upstream)

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply | None:
        """The refusal where there is one; `refused` counts them."""
        if self.reply is None:
            return super().answer(method, path, headers, body)
        self.refused += 1
        return self.reply


def _end_to_end(headers: Any) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _HOP_BY_HOP}


def _handler(relay: Relay) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _pass(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            reply = relay.answer(self.command, self.path, _end_to_end(self.headers), body)
            if reply is None:
                self.close_connection = True
                return
            status, headers, data = reply
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_DELETE = _pass  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the servers behind keep their own logs."""

    return Handler
