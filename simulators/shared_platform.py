"""A simulated shared platform: pulls the change feed of several institutions, a key for each.

    python -m simulators.shared_platform settings.json

    {"url": "http://127.0.0.1:8080", "file": "shared.sqlite",
     "keys": {"bureau": "go_...", "school": "go_..."}, "page": 100, "pause_s": 0.5}

It runs until it is killed, and goes on where it was when it is started again. At every start
it also tries each key on the other institutions: an answer is a leak, an error is as it
should be.
"""

from __future__ import annotations

import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulators.shared_entries import SharedEntries

HTTP_OK, CLIENT_ERRORS = 200, range(400, 500)
TRIES = (
    "/v1/feed?institution={other}",
    "/v1/nodes/{other}",
    "/v1/energy?node={other}&item=01000",
    "/v1/restatements?institution={other}",
    "/v1/books/hash?institution={other}",
)
"""What a curious platform would ask of an institution that is not its own."""


@dataclass(frozen=True)
class SharedSettings:
    """Whom to ask, with which keys, and how fast."""

    url: str
    file: Path
    keys: dict[str, str]
    """Secret by institution."""
    page: int = 100
    pause_s: float = 0.5
    """Between two requests [s]."""

    @classmethod
    def read(cls, file: Path) -> SharedSettings:
        """The settings that a file holds as JSON."""
        stored = json.loads(file.read_text(encoding="utf-8"))
        return cls(**{**stored, "file": Path(stored["file"])})

    def write(self, file: Path) -> None:
        """Put them into a file, for a process of its own to read."""
        file.write_text(json.dumps({**vars(self), "file": str(self.file)}), encoding="utf-8")


class SharedPlatform:
    """One run of it. An API that does not answer is asked again at the next round."""

    def __init__(self, settings: SharedSettings) -> None:
        self._settings = settings
        self.entries = SharedEntries(settings.file)
        self.entries.add("starts")

    def pull(self, institution: str) -> bool:
        """One page of an institution's feed; whether there is more at once."""
        cursor = self.entries.cursor(institution)
        query = {"limit": self._settings.page, **({"cursor": cursor} if cursor else {})}
        path = f"/v1/feed?{urllib.parse.urlencode(query)}"
        status, answer = self._get(path, self._settings.keys[institution])
        if status == HTTP_OK:
            self.entries.take(institution, answer["data"], answer["next"])
            return bool(answer["more"])
        if answer.get("field") == "cursor":
            self.entries.forget(institution)
        return False

    def try_walls(self) -> None:
        """Ask with each key for what belongs to the others."""
        for own, key in self._settings.keys.items():
            for other in self._settings.keys.keys() - {own}:
                for path in self._foreign(other):
                    self._try(path, key)

    def _foreign(self, other: str) -> list[str]:
        paths = [path.format(other=other) for path in TRIES]
        stolen = self.entries.cursor(other)
        routes = ("/v1/feed", "/v1/feed/all")
        return [*paths, *(f"{route}?cursor={stolen}" for route in routes)] if stolen else paths

    def _try(self, path: str, key: str) -> None:
        status, answer = self._get(path, key)
        if status == HTTP_OK:
            self.entries.add("leaked", max(1, len(answer.get("data", ()))))
        elif status in CLIENT_ERRORS:
            self.entries.add("refused")

    def _get(self, path: str, key: str) -> tuple[int, dict[str, Any]]:
        """(status, answer); status 0 where nobody answers."""
        request = urllib.request.Request(  # noqa: S310 - the URL is the settings' own
            self._settings.url + path, headers={"Authorization": f"Bearer {key}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                return HTTP_OK, json.loads(answer.read())
        except urllib.error.HTTPError as refused:
            return refused.code, _problem(refused)
        except OSError:
            return 0, {}

    def run(self) -> None:
        """Pull in turn, page by page, until killed."""
        self.try_walls()
        while True:
            for institution in self._settings.keys:
                self.pull(institution)
                time.sleep(self._settings.pause_s)


def _problem(refused: urllib.error.HTTPError) -> dict[str, Any]:
    try:
        parsed = json.loads(refused.read())
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


if __name__ == "__main__":
    SharedPlatform(SharedSettings.read(Path(sys.argv[1]))).run()
