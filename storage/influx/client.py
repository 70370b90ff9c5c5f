"""One HTTP request to InfluxDB: its connection, its time limit, its errors.

Both generations are spoken to the same way: writes as line protocol to `/api/v2/write`,
questions as InfluxQL to `/query`. An answer that says "not now" becomes Unavailable; one that
says something about the rows that were sent is given back for `writing` to judge.
"""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import urllib3

from metering.errors import OutcomeUnknown, StorageFull, Unavailable
from storage.influx.address import InfluxAddress

JSON: Final = "application/json"
CSV: Final = "application/csv"
_BUSY = (429, 503)
_NOT_SENT = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError)
_PIECE = 1 << 18
_CONNECTIONS = 8
_SLOWEST = 200_000
"""Bytes a second."""


@dataclass(frozen=True)
class ServerAnswer:
    """Status, body, and what the headers say that matters here."""

    status: int
    body: bytes
    version: str = ""
    retry_after_s: float | None = None

    @property
    def ok(self) -> bool:
        """Whether the server did what it was asked (2xx)."""
        return 200 <= self.status < 300

    @property
    def reason(self) -> str:
        """The server's own words, on one line."""
        try:
            told = json.loads(self.body)
            words = told.get("message") or told.get("error") or ""
        except (ValueError, AttributeError):
            words = self.body[:300].decode("utf-8", "replace")
        return " ".join(str(words).split()) or f"status {self.status}"


class InfluxClient:
    """Connections to one server, shared by threads."""

    def __init__(self, address: InfluxAddress) -> None:
        self.address = address
        self._pool = urllib3.PoolManager(
            maxsize=_CONNECTIONS,
            retries=False,
            timeout=urllib3.Timeout(connect=address.connect_s, read=address.answer_s),
        )

    def write(self, lines: bytes) -> ServerAnswer:
        """Line protocol with times in microseconds. Gives back any answer about the rows
        themselves (2xx, 400, 413, 422); raises on all others: OutcomeUnknown where they may still
        be written."""
        address = self.address
        answer = self.send(
            "POST",
            "/api/v2/write",
            query={"bucket": address.bucket, "org": address.org, "precision": "us"},
            body=gzip.compress(lines, 1),
            headers={"Content-Type": "text/plain; charset=utf-8", "Content-Encoding": "gzip"},
            writes=True,
        )
        if not answer.ok and answer.status not in (400, 413, 422):
            raise self.error(answer)
        return answer

    def ask(self, statements: str, accept: str = CSV) -> bytes:
        """The body of an answer to InfluxQL; times in microseconds."""
        form = {"db": self.address.bucket, "epoch": "u", "q": statements}
        if accept == CSV:
            form |= {"chunked": "true", "chunk_size": "10000"}
        answer = self.send(
            "POST",
            "/query",
            body=urlencode(form).encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": accept},
        )
        if not answer.ok:
            raise self.error(answer)
        return answer.body

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        writes: bool = False,
    ) -> ServerAnswer:
        """Any answer but a busy server's, which is asked once more when it said to.

        Raises Unavailable when nothing answers in time, or when it stays busy; of what `writes`,
        OutcomeUnknown where it was sent and no answer says what became of it.
        """
        url = self.address.url.rstrip("/") + path + ("?" + urlencode(query) if query else "")
        sent = dict(headers or {})
        if self.address.token:
            sent["Authorization"] = f"Token {self.address.token}"
        answer = self._told(method, url, body, sent, writes)
        if answer.status in _BUSY:
            time.sleep(min(answer.retry_after_s or 0.5, self.address.patience_s))
            answer = self._told(method, url, body, sent, writes)
        if answer.status in _BUSY:
            raise self.error(answer)
        return answer

    def error(self, answer: ServerAnswer) -> Unavailable:
        """What an answer that is no success means to the one who runs the platform."""
        return _unavailable(self.address, answer)

    def decoded(self, answer: ServerAnswer) -> dict[str, Any]:
        """A successful answer's JSON object; Unavailable where it is none."""
        if not answer.ok:
            raise self.error(answer)
        try:
            found = json.loads(answer.body)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise self.error(answer)
        return found

    def close(self) -> None:
        """Let go of all connections; a request on its way ends as it may."""
        self._pool.clear()

    def _told(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], writes: bool
    ) -> ServerAnswer:
        """An answer that tells what became of the request, as far as it has to."""
        try:
            answer = self._once(method, url, body, headers)
        except urllib3.exceptions.HTTPError as error:
            unknown = writes and not isinstance(error, _NOT_SENT)
            raise self._silent(error, unknown) from error
        if writes and not _tells(answer):
            raise _unavailable(self.address, answer, OutcomeUnknown)
        return answer

    def _once(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]
    ) -> ServerAnswer:
        began = time.monotonic()
        response = self._pool.request(
            method, url, body=body, headers=headers, preload_content=False, redirect=False
        )
        try:
            return ServerAnswer(
                response.status,
                self._read(response, began),
                response.headers.get("X-Influxdb-Version", "").removeprefix("v"),
                _seconds(response.headers.get("Retry-After")),
            )
        finally:
            response.release_conn()

    def _read(self, response: urllib3.BaseHTTPResponse, began: float) -> bytes:
        """A long answer may take its time, but not trickle."""
        pieces, size = [], 0
        for piece in response.stream(_PIECE):
            pieces.append(piece)
            size += len(piece)
            if time.monotonic() - began > self.address.answer_s + size / _SLOWEST:
                response.close()
                raise urllib3.exceptions.TimeoutError("the answer comes too slowly")
        return b"".join(pieces)

    def _silent(self, error: Exception, unknown: bool) -> Unavailable:
        cause = error.args[-1] if error.args else error
        said = Unavailable(
            f"InfluxDB does not answer: {' '.join(str(cause).split())[:200]}",
            field="influx url",
            value=self.address.url,
            fix="start it or correct the address; everything waits in the journal until then",
        )
        if not unknown:
            return said
        return OutcomeUnknown(said.message, field=said.field, value=said.value, fix=said.fix)


def _tells(answer: ServerAnswer) -> bool:
    """Whether an answer says that a write was done, or that it will not be.

    A proxy's 502 and 504 do not, nor a server's own 500: after its `timeout` it goes on writing.
    Its own 503, and a full disk, come before anything is written.
    """
    if answer.status == 503:
        return bool(answer.version)
    return answer.status != 408 and (answer.status < 500 or _is_full(answer))


def _unavailable(
    address: InfluxAddress, answer: ServerAnswer, kind: type[Unavailable] = Unavailable
) -> Unavailable:
    field, value, fix = _advice(address, answer)
    kind = StorageFull if _is_full(answer) else kind
    return kind(
        f"InfluxDB answered {answer.status}: {answer.reason[:300]}",
        field=field,
        value=value,
        fix=fix,
    )


def _advice(address: InfluxAddress, answer: ServerAnswer) -> tuple[str, Any, str]:
    """(field, value, fix) per status; the token itself is never shown."""
    if answer.status in (401, 403):
        fix = "give a token that may read and write the bucket: `greenoffice influx init` makes one"
        return "influx token", None, fix
    if answer.status == 404 and "organization" in answer.reason:
        return "influx org", address.org, "name an organization the server has"
    if answer.status == 404:
        return "influx bucket", address.bucket, "make it with `greenoffice influx init`"
    if answer.status in _BUSY:
        return "influx url", address.url, "nothing to do: it is tried again until it has time"
    if _is_full(answer):
        return "influx url", address.url, "free space on its disk: intake goes on by itself"
    return "influx url", address.url, "see whether this is an InfluxDB, and its log"


def _is_full(answer: ServerAnswer) -> bool:
    return answer.status >= 500 and "no space left" in answer.reason.lower()


def _seconds(retry_after: str | None) -> float | None:
    """Retry-After in seconds; its other form, a date, would need a clock and is not used."""
    return float(retry_after) if retry_after and retry_after.strip().isdigit() else None
