"""The simulated shared platform: what it keeps, counts and survives."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from simulators.shared_entries import SharedEntries
from simulators.shared_platform import SharedPlatform, SharedSettings


def entry(day: int, revision: int, amount: int | None, institution: str = "bureau") -> dict:
    return {
        "key": f"{institution}/node/{institution}/01000/2026-11-{day:02d}",
        "institution": institution,
        "node": institution,
        "item": "01000",
        "day": f"2026-11-{day:02d}",
        "revision": revision,
        "unit": "kWh",
        "value": None if amount is None else f"{amount / 1e6:.6f}",
        "amount": amount,
        "shares": {"measured": 1.0},
    }


@pytest.fixture
def entries(tmp_path: Path) -> SharedEntries:
    return SharedEntries(tmp_path / "shared.sqlite")


def amounts(entries: SharedEntries, institution: str = "bureau") -> dict[str, int | None]:
    return {day: amount for (_, _, day), (_, amount) in entries.days(institution).items()}


def test_the_highest_revision_stands_whatever_the_order(entries: SharedEntries) -> None:
    entries.take("bureau", [entry(1, 5, 50), entry(1, 3, 30), entry(1, 5, 50)], "c1")
    assert amounts(entries) == {"2026-11-01": 50}
    entries.take("bureau", [entry(1, 6, None)], "c2")
    assert amounts(entries) == {"2026-11-01": None}
    assert entries.cursor("bureau") == "c2"
    counts = {name: entries.count(name) for name in ("taken", "restated", "repeated", "leaked")}
    assert counts == {"taken": 2, "restated": 1, "repeated": 2, "leaked": 0}


def test_a_foreign_entry_is_counted_and_not_kept(entries: SharedEntries) -> None:
    entries.take("bureau", [entry(1, 1, 10, "school"), entry(1, 1, 10)], "c1")
    assert entries.count("leaked") == 1
    assert amounts(entries, "school") == {}


def test_a_page_that_breaks_leaves_nothing_of_it(entries: SharedEntries) -> None:
    broken = entry(2, 1, 10) | {"revision": None}
    with pytest.raises(Exception, match="NOT NULL"):
        entries.take("bureau", [entry(1, 1, 10), broken], "c1")
    assert amounts(entries) == {}
    assert entries.cursor("bureau") is None
    assert entries.count("taken") == 0


class Feeds(ThreadingHTTPServer):
    """Two institutions' feeds, a page of two entries each; the cursor is a number."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.told = {
            name: [entry(day, 1, day, name) for day in range(1, 6)] for name in ("bureau", "school")
        }
        self.walls = True


class _Handler(BaseHTTPRequestHandler):
    server: Feeds

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        own = self.headers["Authorization"].removeprefix("Bearer key-of-")
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        asked = query.get("institution", own)
        if self.server.walls and (url.path != "/v1/feed" or asked != own):
            return self._answer(404, {"field": "institution"})
        cursor = query.get("cursor", f"{asked}-0")
        name, _, place = cursor.partition("-")
        if name != asked:
            return self._answer(422, {"field": "cursor"})
        told = self.server.told[asked]
        page = told[int(place) : int(place) + 2]
        following = int(place) + len(page)
        more = following < len(told)
        return self._answer(200, {"data": page, "next": f"{asked}-{following}", "more": more})

    def _answer(self, status: int, body: object) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def feeds() -> Iterator[Feeds]:
    server = Feeds()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def settings(feeds: Feeds, tmp_path: Path) -> SharedSettings:
    return SharedSettings(
        f"http://127.0.0.1:{feeds.server_port}",
        tmp_path / "shared.sqlite",
        {name: f"key-of-{name}" for name in feeds.told},
    )


def test_settings_come_back_as_written(settings: SharedSettings, tmp_path: Path) -> None:
    settings.write(tmp_path / "settings.json")
    assert SharedSettings.read(tmp_path / "settings.json") == settings


def test_a_new_start_goes_on_where_the_last_one_was(settings: SharedSettings) -> None:
    assert SharedPlatform(settings).pull("bureau") is True
    again = SharedPlatform(settings)
    while again.pull("bureau"):
        pass
    assert amounts(again.entries) == {f"2026-11-{day:02d}": day for day in range(1, 6)}
    assert again.entries.count("repeated") == 0
    assert again.entries.count("starts") == 2
    assert again.entries.cursor("school") is None


def test_a_cursor_that_is_refused_begins_the_institution_again(
    settings: SharedSettings,
) -> None:
    shared = SharedPlatform(settings)
    shared.entries.take("bureau", [entry(9, 9, 9)], "nonsense")
    shared.entries.take("school", [entry(9, 9, 9, "school")], "school-5")
    assert shared.pull("bureau") is False
    assert shared.entries.cursor("bureau") is None
    assert (amounts(shared.entries), len(amounts(shared.entries, "school"))) == ({}, 1)
    while shared.pull("bureau"):
        pass
    assert len(amounts(shared.entries)) == 5


def test_walls_are_tried_and_holes_are_seen(settings: SharedSettings, feeds: Feeds) -> None:
    shared = SharedPlatform(settings)
    shared.pull("school")
    shared.try_walls()
    assert (shared.entries.count("refused"), shared.entries.count("leaked")) == (12, 0)
    feeds.walls = False
    shared.try_walls()
    assert shared.entries.count("leaked") > 0


def test_nobody_answering_is_no_refusal_and_changes_nothing(
    settings: SharedSettings, feeds: Feeds
) -> None:
    shared = SharedPlatform(settings)
    shared.pull("bureau")
    feeds.shutdown()
    feeds.server_close()
    assert shared.pull("bureau") is False
    shared.try_walls()
    assert shared.entries.cursor("bureau") == "bureau-2"
    assert (shared.entries.count("refused"), shared.entries.count("leaked")) == (0, 0)
