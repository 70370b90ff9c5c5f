"""`python -m proofs feed`: a shared platform pulls what the books say, and nothing else.

Three institutions publish days of registers. A simulated shared platform pulls their feeds
and is killed in the middle; later some readings are corrected and others come late. In the
end its latest entries must add up to the books, day by day and month by month, and nothing
of one institution may have reached it with another's key. A reader that comes only then is told one
entry a key, and every restatement is news. A reader of all institutions with one cursor, that began
before the corrections, holds the same in the end and was told nothing twice.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from greenoffice.client import ApiClient
from proofs.feed_scene import FeedScene
from proofs.feed_sums import WholeReader, compare, first_pull
from proofs.feed_world import DAYS, ZONES
from proofs.steps import finish, say, started, wait_until
from simulators.shared_entries import SharedEntries
from simulators.shared_platform import SharedSettings

T = TypeVar("T")

KILL_AFTER = 40
"""Entries after which the shared platform is killed."""
CORRECTED_DAYS = (3, 6, 9)
LATE_DAYS = (5, 7)
"""Of one meter, readings between these days come late."""


def run_feed_check(seed: int) -> None:
    """The whole check; exit status 1 unless the sums agree and the walls held."""
    with tempfile.TemporaryDirectory(prefix="greenoffice-feed-") as temporary:
        say("a platform with three institutions")
        scene = FeedScene.make(Path(temporary), seed)
        with started(["up", str(scene.folder.root)]):
            wait_until("the platform to start", scene.is_up)
            result = _play(scene, Path(temporary))
    finish(result, passed=_passed(result))


def _passed(result: dict[str, Any]) -> bool:
    none = (
        *("sum_difference", "register_difference", "leaked"),
        *("restated_before_corrections", "restatements_without_news"),
        *("doubles_of_all", "difference_of_all"),
    )
    some = (
        *("entries", "refused", "restated", "restarts", "days_compared", "months_compared"),
        *("keys", "restatements"),
    )
    return (
        all(result[name] == 0 for name in none)
        and all(result[name] > 0 for name in some)
        and result["killed_before_the_end"]
        and result["entries_first_pull"] == result["keys"] < result["entries_history"]
        and result["keys"] < result["entries_of_all"] <= result["entries_history"]
    )


def _play(scene: FeedScene, folder: Path) -> dict[str, Any]:
    say("publishing days of registers")
    for one in ZONES:
        scene.publish(one, scene.on_time(one, LATE_DAYS))
    client = scene.settle()
    shared = _Shared(client, folder)
    say("pulling, with a kill in the middle")
    shared.start()
    shared.wait_for_entries(KILL_AFTER)
    shared.kill()
    halfway = not shared.is_level()
    shared.start()
    shared.wait_until_level()
    before = shared.look(lambda entries: entries.count("restated"))
    whole = WholeReader(client)
    whole.follow()
    say("correcting readings, and sending those that are late")
    for one in ZONES:
        scene.publish(one, scene.corrections(one, CORRECTED_DAYS))
        scene.publish(one, scene.late(one, LATE_DAYS))
    scene.settle()
    shared.wait_until_level()
    shared.kill()
    whole.follow()
    say("comparing with the books")
    return {
        "institutions": len(ZONES),
        "days": DAYS,
        **shared.look(lambda entries: compare(entries, client, scene)),
        **shared.look(_counts),
        **first_pull(client),
        **whole.compared(),
        "restated_before_corrections": before,
        "killed_before_the_end": halfway,
    }


def _counts(entries: SharedEntries) -> dict[str, int]:
    return {
        "entries": entries.count("taken"),
        "restated": entries.count("restated"),
        "repeated": entries.count("repeated"),
        "refused": entries.count("refused"),
        "leaked": entries.count("leaked"),
        "restarts": entries.count("starts") - 1,
    }


class _Shared:
    """The simulated shared platform, in a process of its own."""

    def __init__(self, client: ApiClient, folder: Path) -> None:
        keys = {
            one: client.post("/v1/keys", {"name": "shared", "node": one, "role": "read"})["secret"]
            for one in ZONES
        }
        self._settings = SharedSettings(
            client.base_url, folder / "shared.sqlite", keys, page=20, pause_s=0.05
        )
        self._file = folder / "shared.json"
        self._settings.write(self._file)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "simulators.shared_platform", str(self._file)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)

    def kill(self) -> None:
        """kill -9: it is not asked to finish anything."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def look(self, at: Callable[[SharedEntries], T]) -> T:
        """What its file says now."""
        entries = SharedEntries(self._settings.file)
        try:
            return at(entries)
        finally:
            entries.close()

    def wait_for_entries(self, count: int) -> None:
        deadline = time.monotonic() + 60
        while self.look(lambda entries: entries.count("taken")) < count:
            if time.monotonic() > deadline or self._has_ended():
                return
            time.sleep(0.02)

    def wait_until_level(self) -> None:
        wait_until("the shared platform to catch up", self.is_level)

    def is_level(self) -> bool:
        """Whether no feed has anything beyond its cursors, nor holds anything back."""
        cursors = self.look(lambda entries: {one: entries.cursor(one) for one in ZONES})
        pages = [self._feed(one, cursor) for one, cursor in cursors.items() if cursor is not None]
        nothing = not any(page["data"] or page["booking"] for page in pages)
        return nothing and len(pages) == len(cursors)

    def _feed(self, institution: str, cursor: str) -> Any:
        client = ApiClient(self._settings.url, self._settings.keys[institution])
        return client.get("/v1/feed", cursor=cursor, limit=1)

    def _has_ended(self) -> bool:
        return self._process is None or self._process.poll() is not None
