"""The platform's API as the command line and the proofs call it."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from greenoffice.folder import DataFolder
from greenoffice.tls import trusting
from metering.errors import (
    GreenOfficeError,
    InvalidInput,
    NotAllowed,
    NotFound,
    Unavailable,
)

Json = Any
_ERRORS: dict[int, type[GreenOfficeError]] = {
    401: NotAllowed,
    403: NotAllowed,
    404: NotFound,
    503: Unavailable,
}


class ApiClient:
    """Calls with one key; problem+json answers become errors of the tree."""

    def __init__(
        self, base_url: str, key: str, timeout_s: float = 60.0, certificate: Path | None = None
    ) -> None:
        self.base_url = base_url
        self._key = key
        self._timeout_s = timeout_s
        self._tls = None if certificate is None else trusting(certificate)

    @classmethod
    def of_folder(cls, folder: DataFolder) -> ApiClient:
        """A client with the data folder's own admin key."""
        http = folder.settings().http
        return cls(http.url, read_key(folder.admin_key), certificate=http.certificate)

    def answers(self) -> bool:
        """Whether anything comes back, of what asks neither stores nor keys."""
        try:
            with self._open(urllib.request.Request(f"{self.base_url}/static/")):  # noqa: S310
                return True
        except urllib.error.HTTPError:
            return True
        except (OSError, ValueError):
            return False

    def get(self, path: str, **query: object) -> Json:
        """JSON of a GET."""
        return self._call("GET", path, query)

    def post(self, path: str, body: Json = None, **query: object) -> Json:
        """JSON of a POST."""
        return self._call("POST", path, query, body)

    def post_once(self, path: str, body: Json, key: str) -> Json:
        """JSON of a POST that, sent again with the same key, answers with what is there."""
        return self._call("POST", path, {}, body, {"Idempotency-Key": key})

    def post_file(self, path: str, content: bytes, media: str) -> Json:
        """JSON of a POST of a file's bytes."""
        return self._call("POST", path, {}, content, {"Content-Type": media})

    def health(self) -> dict[str, Json]:
        """Every part's `detail` by name, ready or not; Unavailable when nobody answers."""
        return {name: part["detail"] for name, part in self.parts().items()}

    def parts(self) -> dict[str, Json]:
        """Every part's `ready` and `detail` by name; Unavailable when nobody answers, or there is
        no room to."""
        try:
            with self._open(urllib.request.Request(f"{self.base_url}/health")) as answer:  # noqa: S310
                parts: dict[str, Json] = json.loads(answer.read())["parts"]
        except urllib.error.HTTPError as refused:
            told = _told(refused)
            if "parts" not in told:
                raise _problem(refused, told) from None
            parts = told["parts"]
        except (OSError, ValueError) as failed:
            raise Unavailable(
                f"the platform does not answer: {failed}",
                field="url",
                value=self.base_url,
                fix="start it with: greenoffice up DATA-FOLDER",
            ) from failed
        return parts

    def pages(self, path: str, **query: object) -> Iterator[Json]:
        """Every item of a paginated listing."""
        cursor: object = None
        while True:
            page = self.get(path, **query, cursor=cursor)
            yield from page["data"]
            cursor = page.get("next")
            if not cursor:
                return

    def _open(self, request: urllib.request.Request) -> Any:
        request.add_header("Authorization", f"Bearer {self._key}")
        return urllib.request.urlopen(  # noqa: S310 - the URL is the platform's own
            request, timeout=self._timeout_s, context=self._tls
        )

    def _call(
        self,
        method: str,
        path: str,
        query: dict[str, object],
        body: Json = None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> Json:
        given = {name: value for name, value in query.items() if value is not None}
        url = f"{self.base_url}{path}" + (f"?{urllib.parse.urlencode(given)}" if given else "")
        request = urllib.request.Request(  # noqa: S310 - the URL is the platform's own
            url,
            method=method,
            data=body if body is None or isinstance(body, bytes) else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", **headers},
        )
        try:
            with self._open(request) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as refused:
            raise _problem(refused, _told(refused)) from None
        except (OSError, ValueError) as failed:
            raise Unavailable(
                f"the platform does not answer: {failed}",
                field="url",
                value=self.base_url,
                fix="start it with: greenoffice up DATA-FOLDER",
            ) from failed


def read_key(path: Path) -> str:
    """The secret in a key file."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as refused:
        raise NotFound(
            "no key file",
            field="key_file",
            value=str(path),
            fix="make the data folder with: greenoffice init FOLDER",
        ) from refused


def _told(refused: urllib.error.HTTPError) -> dict[str, Json]:
    text = refused.read().decode(errors="replace")
    try:
        told = json.loads(text)
    except ValueError:
        told = None
    return told if isinstance(told, dict) else {"detail": text[:200]}


def _problem(refused: urllib.error.HTTPError, problem: dict[str, Json]) -> GreenOfficeError:
    kind = _ERRORS.get(refused.code, InvalidInput if refused.code < 500 else Unavailable)
    return kind(
        str(problem.get("detail") or problem.get("title") or refused.reason),
        field=problem.get("field"),
        value=problem.get("value"),
        fix=problem.get("fix"),
    )
