"""Questions in InfluxQL to somebody else's InfluxDB, over HTTP.

InfluxDB 2.x answers them at `/query` as 1.x does: its buckets are databases there. Answers come in
chunks, one JSON object a line, so that the server's own limit of rows does not cut them.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import msgspec
import urllib3

from greenoffice.history.sources.trust import believing
from metering.errors import GreenOfficeError, InvalidInput, NotAllowed, NotFound, Unavailable

_CHUNK = 10_000
_PIECE = 1 << 18
MOST_BYTES: Final = 512 << 20
"""Of one answer."""
_CONNECT_S, _ANSWER_S = 10.0, 300.0


@dataclass(frozen=True)
class InfluxPlace:
    """A database of somebody else's server. InvalidInput where the address cannot be meant."""

    url: str
    database: str
    """Its name; of 2.x that of the bucket."""
    retention: str = ""
    """A retention policy; '' is the default one."""
    user: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    """Of 2.x; 1.x has user and password."""
    authority: Path | None = None
    """Of the certificate, where it is none that the system knows."""

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
            raise InvalidInput(
                "not the address of an InfluxDB",
                field="url",
                value=parts.hostname or "",
                fix="write it as http://host:8086 or https://host:8086",
            )
        if parts.username or parts.password:
            raise InvalidInput(
                "a password does not belong into an address, which is logged",
                field="url",
                value=f"{parts.scheme}://...@{parts.hostname}",
                fix="leave it out, and put it into a file",
            )
        if not self.token.isascii() or not self.token.isprintable():
            raise InvalidInput(
                "the token holds characters no token has",
                field="token",
                fix="copy it anew, without line breaks",
            )


@dataclass(frozen=True)
class InfluxRows:
    """Rows of one series of one statement."""

    statement: int
    measurement: str
    tags: Mapping[str, str]
    columns: Sequence[str]
    values: Sequence[Sequence[Any]]


class InfluxQuestions:
    """Connections to one server."""

    def __init__(self, place: InfluxPlace) -> None:
        self.place = place
        self._pool = urllib3.PoolManager(
            retries=False,
            timeout=urllib3.Timeout(connect=_CONNECT_S, read=_ANSWER_S),
            ssl_context=believing(place.authority),
        )

    def ask(self, statements: str) -> Iterator[InfluxRows]:
        """What InfluxQL comes to, whole: an answer that breaks off gives nothing. Times in
        nanoseconds. Raises as a `HistorySource`."""
        form = {"db": self.place.database, "epoch": "ns", "q": statements}
        form |= {"chunked": "true", "chunk_size": str(_CHUNK)}
        if self.place.retention:
            form["rp"] = self.place.retention
        for line in self._post(urlencode(form).encode()).splitlines():
            yield from self._rows(line)

    def close(self) -> None:
        """Let go of all connections."""
        self._pool.clear()

    def _rows(self, line: bytes) -> Iterator[InfluxRows]:
        try:
            told = msgspec.json.decode(line)
            error = told.get("error")
            for result in told.get("results", ()):
                error = error or result.get("error")
                for one in () if error else result.get("series", ()):
                    yield InfluxRows(
                        result.get("statement_id", 0),
                        one.get("name", ""),
                        one.get("tags") or {},
                        one["columns"],
                        one.get("values") or (),
                    )
        except (msgspec.DecodeError, AttributeError, KeyError, TypeError):
            raise self._no_influx("what it says is no answer to InfluxQL") from None
        if error:
            raise self._refused(200, str(error))

    def _post(self, body: bytes) -> bytes:
        url = f"{self.place.url.rstrip('/')}/query"
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if self.place.token:
            headers["Authorization"] = f"Token {self.place.token}"
        elif self.place.user:
            secret = f"{self.place.user}:{self.place.password}".encode()
            headers["Authorization"] = f"Basic {b64encode(secret).decode()}"
        try:
            answer = self._pool.request(
                "POST", url, body=body, headers=headers, preload_content=False, redirect=False
            )
            try:
                told = self._read(answer)
            finally:
                answer.release_conn()
        except urllib3.exceptions.SSLError as error:
            raise self._untrusted(error) from None
        except urllib3.exceptions.HTTPError as error:
            raise Unavailable(
                f"the server does not answer: {_words(error)}",
                field="url",
                value=self.place.url,
                fix="see whether it runs, and give the command again: what is loaded stays",
            ) from None
        if 300 <= answer.status < 400:
            raise self._elsewhere(answer.headers.get("Location", ""))
        if answer.status != 200:
            raise self._refused(answer.status, _reason(told))
        return told

    def _read(self, answer: urllib3.BaseHTTPResponse) -> bytes:
        pieces, size = [], 0
        for piece in answer.stream(_PIECE):
            pieces.append(piece)
            size += len(piece)
            if size > MOST_BYTES:
                answer.close()
                raise self._no_influx("its answer does not end")
        return b"".join(pieces)

    def _untrusted(self, error: Exception) -> Unavailable:
        return Unavailable(
            f"the server's certificate is not trusted: {_words(error)}",
            field="url",
            value=self.place.url,
            fix="name the certificate of who signed it with --ca, or the host as it is named there",
        )

    def _elsewhere(self, location: str) -> InvalidInput:
        return InvalidInput(
            "the server sends elsewhere, and no password follows it there",
            field="url",
            value=self.place.url,
            fix=f"if it is the right one, name it: {location[:200]}",
        )

    def _no_influx(self, why: str) -> InvalidInput:
        return InvalidInput(
            f"not an InfluxDB: {why}",
            field="url",
            value=self.place.url,
            fix="write it as http://host:8086 or https://host:8086",
        )

    def _refused(self, status: int, reason: str) -> GreenOfficeError:
        said, place = reason[:300], self.place
        if status in (401, 403) or "not authorized" in said:
            return NotAllowed(
                f"the server lets nobody in with that: {said}",
                field="token" if place.token else "user",
                value=None if place.token else place.user,
                fix="a token, or user and password, that may read the database or bucket",
            )
        if "not found" in said:
            return NotFound(
                f"the server does not have it: {said}",
                field="database",
                value=place.database,
                fix="name a database of 1.x, or a bucket of 2.x to which a database is mapped",
            )
        if status in (429, 500, 502, 503, 504):
            return Unavailable(
                f"the server answers {status}: {said}",
                field="url",
                value=place.url,
                fix="see its log, and give the command again: what is loaded stays",
            )
        return self._no_influx(f"it answers {status}: {said}")


def _reason(body: bytes) -> str:
    """The server's own words, on one line."""
    try:
        told = msgspec.json.decode(body)
        words = str(told.get("error") or told.get("message") or "")
    except (msgspec.DecodeError, AttributeError):
        words = body[:300].decode("utf-8", "replace")
    return " ".join(words.split())


def _words(error: Exception) -> str:
    cause = error.args[-1] if error.args else error
    return " ".join(str(cause).split())[:200]
