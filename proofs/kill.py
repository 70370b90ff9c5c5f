"""`python -m proofs kill`: kill -9 of each process, and nothing acknowledged is lost.

Two demos of the same world: one undisturbed, one whose processes are killed again and again
while its history fills, the supervisor last. Afterwards every acknowledged reading is stored,
and the books of both, and of a rebuild from the journal, are the same to the last digit; the
rebuild restates nothing, and neither does one after the older half of the journal has expired.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from greenoffice.client import ApiClient
from greenoffice.commands import PROCESSES
from greenoffice.demo.stored import Times, count, missing, stored_times, within
from greenoffice.folder import DataFolder
from metering.errors import Unavailable
from metering.localtime import local_day, parse_instant
from proofs.expiry import SMALL_SEGMENTS, rebuilt_after_expiry
from proofs.steps import COMMAND, HANGS_S, alive, filled, finish, last_json, run, say, wait_until
from simulators.truth import published

NOW = "2026-11-18T10:00:00+08:00"
HASHES = ("book_hash", "worth_hash")
TARGETS = ("simulators", *PROCESSES, "supervisor")


def run_kill_check(kills: int, seed: int) -> None:
    """The whole check; exit status 1 when anything is missing or any hash differs."""
    with tempfile.TemporaryDirectory(prefix="greenoffice-kill-") as temporary:
        world = ["--seed", str(seed), "--now", NOW]
        say("undisturbed run")
        undisturbed = last_json(
            run(
                "demo",
                "--data",
                f"{temporary}/calm",
                *world,
                "--exit-when-ready",
                "--json",
                check=False,
            )
        )
        victim = _Victim(DataFolder(Path(temporary) / "killed"), world)
        rounds = {target: victim.round(target, kills) for target in TARGETS}
        for target in TARGETS:
            rounds[target] |= victim.account(target)
        goes_on = victim.goes_on()
        killed = victim.hashes()
        victim.stop()
        rebuilt = last_json(run("rebuild", str(victim.folder.root)))
        expiry = rebuilt_after_expiry(victim.folder)
    hashes = {name: (undisturbed.get(name), killed.get(name), rebuilt.get(name)) for name in HASHES}
    result = {
        "processes": rounds,
        "kills": sum(r["kills"] for r in rounds.values()),
        "missing": sum(r["missing"] for r in rounds.values()),
        "goes_on": goes_on,
        "restated_by_rebuild": rebuilt["restated"],
        "expiry": expiry,
    }
    for name, (calm, hurt, again) in hashes.items():
        result |= {name: hurt, f"{name}_undisturbed": calm, f"{name}_rebuilt": again}
    whole = result["missing"] == 0 and goes_on and expiry["segments_expired"] > 0
    whole &= all(len(set(found)) == 1 and None not in found for found in hashes.values())
    whole &= rebuilt["restated"] == expiry["restated"] == expiry["rows_lost"] == 0
    finish(result, passed=bool(whole))


class _Victim:
    """A demo whose processes are killed."""

    def __init__(self, folder: DataFolder, world: list[str]) -> None:
        self.folder = folder
        self._world = world
        self._random = random.Random(1)  # noqa: S311 - moments of kills, not secrets
        self._acknowledged: dict[str, Times] = {}
        self._demo = self._start()
        with self.folder.settings_file.open("a", encoding="utf-8") as settings:
            settings.write(SMALL_SEGMENTS)  # from the first restart on

    def round(self, target: str, kills: int) -> dict[str, Any]:
        """Kill one process several times; keep what was acknowledged by then."""
        for number in range(kills):
            self._until_more_is_acknowledged()
            time.sleep(self._random.uniform(0.2, 2.0))
            say(f"kill {number + 1} of {target}")
            if target == "supervisor":
                self._kill_supervisor()
            else:
                self._kill_child(target)
        self._acknowledged[target] = published(self.folder.simulators)
        return {"kills": kills, "acknowledged": count(self._acknowledged[target])}

    def _until_more_is_acknowledged(self) -> None:
        """Only a process that works again is worth killing."""
        before = self._recorded_bytes()
        wait_until(
            "more acknowledgements",
            lambda: self._recorded_bytes() > before,
            every_s=0.1,
            of=self._demo,
        )

    def _recorded_bytes(self) -> int:
        files = (self.folder.simulators / "gateways").glob("*.csv")
        return sum(file.stat().st_size for file in files)

    def account(self, target: str) -> dict[str, Any]:
        """What of a round's acknowledged readings is stored, once the intake has caught up."""
        client = self._settled()
        wanted = self._acknowledged[target]
        have = stored_times(client, wanted)
        return {"stored": count(within(have, wanted)), "missing": missing(wanted, have)}

    def goes_on(self) -> bool:
        """Whether live readings still arrive after all that."""
        client = self._settled()
        before = int(client.get("/v1/readings/count")["stored"])
        wait_until(
            "new live readings",
            lambda: int(client.get("/v1/readings/count")["stored"]) > before,
            of=self._demo,
        )
        return True

    def hashes(self) -> dict[str, str]:
        """Over the days complete before `now`, once the ledger has come to rest."""
        return _hashes(self._settled())

    def stop(self) -> None:
        """End the demo as Ctrl-C would."""
        self._demo.send_signal(signal.SIGINT)
        self._demo.wait(HANGS_S)

    def _settled(self) -> ApiClient:
        client = ApiClient.of_folder(self.folder)
        wait_until(
            "the demo to fill and settle", lambda: filled(self.folder, client), of=self._demo
        )
        return client

    def _start(self) -> subprocess.Popen[bytes]:
        demo = subprocess.Popen(
            [*COMMAND, "demo", "--data", str(self.folder.root), *self._world],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(
            "the processes to start",
            lambda: len(self._pids()) == len(TARGETS),
            every_s=0.1,
            of=demo,
        )
        return demo

    def _pids(self) -> dict[str, int]:
        file = self.folder.run / "processes.json"
        stored = json.loads(file.read_text()) if file.is_file() else {}
        return {name: pid for name, pid in stored.items() if alive(pid)}

    def _kill_child(self, target: str) -> None:
        old = self._pid(target)
        os.kill(old, signal.SIGKILL)
        wait_until(
            f"{target} to run again",
            lambda: self._pids().get(target, old) != old,
            every_s=0.1,
            of=self._demo,
        )

    def _pid(self, target: str) -> int:
        """Of a process, once it runs."""
        found: list[int] = []

        def runs() -> bool:
            found.append(self._pids().get(target, 0))
            return found[-1] > 0

        wait_until(f"{target} to run", runs, every_s=0.1, of=self._demo)
        return found[-1]

    def _kill_supervisor(self) -> None:
        children = [pid for name, pid in self._pids().items() if name != "supervisor"]
        os.kill(self._demo.pid, signal.SIGKILL)
        self._demo.wait()
        wait_until(
            "the children to end with it", lambda: not any(map(alive, children)), every_s=0.1
        )
        (self.folder.run / "processes.json").unlink(missing_ok=True)
        self._demo = self._start()


def _hashes(client: ApiClient) -> dict[str, str]:
    day = local_day(parse_instant(NOW), "Asia/Shanghai")
    answer = client.get("/v1/books/hash", before=day.isoformat())
    if not answer.get("book_hash"):
        raise Unavailable(
            "the books have no hash",
            field="before",
            value=day.isoformat(),
            fix="look in the platform's log why nothing was booked",
        )
    return {name: str(answer[name]) for name in HASHES}
