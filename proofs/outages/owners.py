"""Cases of the processes: two that would do the work, and commands beside one that does."""

from __future__ import annotations

import re
import secrets
import threading
import time
from contextlib import closing
from dataclasses import replace
from typing import Any, cast

from greenoffice.assembly import Assembly
from greenoffice.stores import open_stores
from metering.errors import Conflict, GreenOfficeError
from metering.intake import IntakeBatch
from metering.ports import IntakeStore
from proofs.outages.case import OutageCase, Seen, must
from proofs.outages.scene import OutageScene
from proofs.steps import wait_until

_ONE, _OTHER = "work", "work-2"
_BEYOND_LOCK_S = 15.0
"""So long the lock of an owner that stands still lasts [s]."""


def _two(scene: OutageScene) -> None:
    """Two of the work, of which the first one owns it, and a part of the messages."""
    scene.open()
    must(scene.wait_for_owner() == _ONE, "the first one does not own the work")
    scene.start(_OTHER)
    wait_until("a stand-by", lambda: _standing_by(scene) == 1, 60, 0.2)
    scene.gateways.quickly(0.3)
    scene.gateways.slowly(0.8)


def _standing_by(scene: OutageScene) -> int:
    return len(scene.told("ledger", "ledger").get("stands_by", []))


def two_owners(scene: OutageScene) -> Seen:
    """Both run all the time; one of them stands by."""
    _two(scene)
    for _ in range(5):
        scene.pushed_further()
        must(_standing_by(scene) == 1, "nobody stands by", scene.told("ledger", "ledger"))
        must(scene.owner() == _ONE, "it is owned by another one", scene.owner())
    return {}


def owner_killed(scene: OutageScene) -> Seen:
    """kill -9 of the owner in the middle, and once more of the one that took over."""
    _two(scene)
    took = []
    for owner, other in ((_ONE, _OTHER), (_OTHER, _ONE)):
        scene.pushed_further()
        began = time.monotonic()
        scene.kill(owner)
        must(scene.wait_for_owner() == other, "the other one did not take over")
        took.append(round(time.monotonic() - began, 1))
        scene.start(owner)
        wait_until("a stand-by", lambda: _standing_by(scene) == 1, 60, 0.2)
    return {"taken_over_after_s": took}


def owner_lost_its_lock(scene: OutageScene) -> Seen:
    """The owner's session is ended by an administrator, in the middle, again and again."""
    _two(scene)
    ended = 0
    for _ in range(4):
        scene.pushed_further()
        ended += len(
            scene.servers.postgres.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name"
                " LIKE 'work %' AND pid IN (SELECT pid FROM pg_locks"
                " WHERE locktype = 'advisory' AND granted)"
            )
        )
        scene.wait_for_owner()
    must(ended >= 4, "no session was ended", ended)
    return {"sessions_ended": ended}


def owner_frozen(scene: OutageScene) -> Seen:
    """The owner stands still for longer than its lock lasts; then it goes on where it was."""
    _two(scene)
    scene.pushed_further()
    began = time.monotonic()
    scene.freeze(_ONE)
    must(scene.wait_for_owner(_ONE) == _OTHER, "the other one did not take over")
    took_s = round(time.monotonic() - began, 1)
    must(took_s > _BEYOND_LOCK_S / 2, "the lock was lost at once", took_s)
    with closing(open_stores(scene.folder)) as stores:
        place = stores.intake.checkpoint(1)
        scene.pushed_further()
        wait_until("its work", lambda: stores.intake.checkpoint(1) > place, 180, 0.1)
    scene.thaw(_ONE)
    wait_until("the former owner to stand by", lambda: _standing_by(scene) == 1, 60, 0.2)
    scene.pushed_further()
    return {"taken_over_after_s": took_s}


class SlowIntakeStore:
    """An intake store whose commits wait until they are let go."""

    def __init__(self, store: IntakeStore) -> None:
        self._store = store
        self.reached = threading.Event()
        self.go = threading.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def commit(self, batch: IntakeBatch) -> None:
        """When it is let go."""
        self.reached.set()
        self.go.wait(60)
        self._store.commit(batch)


def checkpoint_set_back(scene: OutageScene) -> Seen:
    """A second writer that no lock holds read the same records, and commits them after the owner
    has gone on: refused, and the checkpoint stays where it is."""
    scene.open()
    scene.gateways.quickly(0.3)
    scene.settle()
    refused: list[str] = []
    stores = open_stores(scene.folder)
    slow = SlowIntakeStore(stores.intake)
    scene.freeze("work")  # for less than its lock lasts
    scene.gateways.quickly(0.35)
    with closing(
        Assembly.open(scene.folder, stores=replace(stores, intake=cast(IntakeStore, slow)))
    ) as beside:

        def write() -> None:
            try:
                beside.intake.step(1)
            except GreenOfficeError as error:
                refused.append(type(error).__name__)

        writing = threading.Thread(target=write)
        writing.start()
        must(slow.reached.wait(10), "the second writer had nothing to write")
        place = stores.intake.checkpoint(1)
        scene.thaw("work")
        scene.gateways.slowly(0.6)
        wait_until("the owner", lambda: stores.intake.checkpoint(1) > place, 60, 0.1)
        scene.pushed_further()
        further = stores.intake.checkpoint(1)
        slow.go.set()
        writing.join()
        after = stores.intake.checkpoint(1)
    must(after >= further, "the checkpoint was set back", [further, after])
    must(refused == [Conflict.__name__], "the second writer was not refused", refused)
    return {"refused": refused[0]}


def offline_refused(scene: OutageScene) -> Seen:
    """Commands for a platform that is stopped, beside one that works."""
    scene.open()
    scene.gateways.quickly(0.3)
    scene.settle()
    scene.gateways.slowly(0.8)
    data = str(scene.folder.root)
    backup = f"{data}-backup-{secrets.token_hex(2)}"
    scene.done("backup", backup, "--data", data)
    commands = {
        "rebuild": ["rebuild", data],
        "rebook": ["rebook", data, "--reason", "because"],
        "upgrade": ["upgrade", data],
        "restore": ["restore", backup, "--data", data, "--keep-journal"],
        "journal repair": ["journal", "repair", data],
    }
    told = {}
    for name, words in commands.items():
        ran = scene.command(*words)
        said = ran.stderr.strip().splitlines()[-1:] or [""]
        told[name] = ran.returncode
        whole = re.search(r"\(\w+ = 'work .+'\) - .*stop it", said[0])
        must(ran.returncode == 2 and bool(whole), f"{name} was not refused", said[0])
        scene.look_for_the_dead()
    must(not scene.folder.unfinished.exists(), "a refused command left its note")
    return {"refused": told}


CASES = (
    OutageCase("two-owners", two_owners),
    OutageCase("owner-killed", owner_killed),
    OutageCase("owner-lost-its-lock", owner_lost_its_lock),
    OutageCase("owner-frozen", owner_frozen),
    OutageCase("checkpoint-set-back", checkpoint_set_back),
    OutageCase("offline-refused", offline_refused),
)
