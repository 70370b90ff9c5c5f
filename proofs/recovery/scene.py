"""The platform that faults are done to: a folder on a small disk of its own, two sites."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from greenoffice.client import ApiClient
from greenoffice.folder import DataFolder
from proofs.recovery.gateways import ResendingGateway
from proofs.steps import COMMAND, alive, say, wait_settled, wait_until
from proofs.world_folder import platform_folder

NOW = "2026-11-18T10:00:00+08:00"
HANDLES = 1024
DISK_MB = 400
FILES = {
    "tree.csv": "code,parent,type,zone\no,,institution,Asia/Shanghai\n"
    "s1,o,site,\nb1,s1,building,\ns2,o,site,\nb2,s2,building,\n",
    "gateways.csv": "site,code\ns1,g1\ns1,g2\ns2,g3\n",
    "meters.csv": "code,node,item,total,step_min\nm1,b1,01000,yes,15\nm2,b1,01A00,,15\n"
    "m3,b2,01000,yes,15\n",
    "points.csv": "gateway,point,kind,unit,meter\ns1/g1,E1,register,kWh,m1\n"
    "s1/g2,E1,register,kWh,m2\ns2/g3,E1,register,kWh,m3\n",
}
SETTINGS = "\n[journal]\nsegment_mb = 1\n\n[analytics]\ninterval_s = 5\n"


@dataclass
class RecoveryScene:
    """A platform under `up`, its gateways at work, and what its health says."""

    folder: DataFolder
    gateways: list[ResendingGateway]
    small_disk: bool
    """Whether the folder lies on a disk of `DISK_MB`."""
    lost: int = 0
    """Records that repairs gave up so far, each told."""
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the platform, with so many file handles as is usual."""

        def limited() -> None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (HANDLES, HANDLES))

        self._process = subprocess.Popen(
            [*COMMAND, "up", str(self.folder.root)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=limited,  # noqa: PLW1509 - no thread of ours holds a lock of the child
        )

    def stop(self) -> None:
        """End the platform as Ctrl-C would."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(60)
            self._process = None

    def kill_all(self) -> None:
        """kill -9 of supervisor and processes at once, as a power cut would."""
        assert self._process is not None
        pids = [pid for name, pid in self.pids().items() if name != "supervisor"]
        self._process.kill()
        self._process.wait()
        self._process = None
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until("the processes to end", lambda: not any(map(alive, pids)), 30, 0.1)

    def restart(self, process: str) -> None:
        """kill -9 of one process; its supervisor starts it again."""
        old = self.pids()[process]
        os.kill(old, signal.SIGKILL)
        wait_until(f"{process} to run again", lambda: self.pids().get(process, old) != old, 60, 0.2)

    def restart_all(self) -> None:
        """End and start the platform, whatever state it is in."""
        with contextlib.suppress(OSError, ValueError, subprocess.TimeoutExpired):
            self.stop()
        self.start()

    def settle(self) -> None:
        """Wait until what was acknowledged is taken in."""
        wait_settled(self.folder, 120)

    def pids(self) -> dict[str, int]:
        """Process numbers by name."""
        told: dict[str, int] = json.loads((self.folder.run / "processes.json").read_text())
        return told

    @contextlib.contextmanager
    def frozen(self, process: str) -> Iterator[None]:
        """One process stopped, so that what it would do at once can be hurt before."""
        pid = self.pids()[process]
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def health(self) -> tuple[bool, str]:
        """Whether all is ready, and the errors told, as one text; not ready and empty where nobody
        answers."""
        http = self.folder.settings().http
        try:
            with urllib.request.urlopen(f"http://{http.host}:{http.port}/health", timeout=5) as got:
                parts = json.loads(got.read())["parts"]
        except urllib.error.HTTPError as not_ready:
            parts = json.loads(not_ready.read())["parts"]
        except (OSError, ValueError):
            return False, ""
        told = [str(part["detail"].get("error") or "") for part in parts.values()]
        return all(part["ready"] for part in parts.values()), "\n".join(filter(None, told))

    def wait_told(self, *words: str, timeout_s: float = 90.0) -> str:
        """What health says, once it has one of these words."""
        found: list[str] = []

        def told() -> bool:
            _, text = self.health()
            found.append(text)
            return any(word in text for word in words)

        wait_until(f"health to say {words}", told, timeout_s, 0.3)
        return found[-1]

    def wait_ready(self, timeout_s: float = 180.0) -> float:
        """Wait until health is ready and every gateway is acknowledged again; how long [s]."""
        began = time.monotonic()
        counts = [one.count for one in self.gateways]
        wait_until("health to be ready", lambda: self.health()[0], timeout_s, 0.3)
        wait_until(
            "acknowledgements",
            lambda: all(one.count > was for one, was in zip(self.gateways, counts, strict=True)),
            timeout_s,
            0.3,
        )
        return time.monotonic() - began

    def client(self) -> ApiClient:
        """With the key that is in the folder now."""
        return ApiClient.of_folder(self.folder)


@contextlib.contextmanager
def scene(root: Path) -> Iterator[RecoveryScene]:
    """A platform that works, and its gateways; ended at the end."""
    with small_disk(root) as mounted:
        folder, passwords = platform_folder(root / "disk", NOW, FILES)
        with folder.settings_file.open("a", encoding="utf-8") as settings:
            settings.write(SETTINGS)
        port, clock = folder.settings().mqtt.port, folder.clock()
        gateways = [ResendingGateway(user, word, port, clock) for user, word in passwords.items()]
        made = RecoveryScene(folder, gateways, mounted)
        with contextlib.ExitStack() as stack:
            stack.callback(made.stop)
            made.start()
            for one in gateways:
                stack.enter_context(one)
            made.wait_ready()
            yield made


@contextlib.contextmanager
def small_disk(root: Path) -> Iterator[bool]:
    """A disk of its own at root/disk, where this machine lets us mount one."""
    place = root / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(place)]
    mounted = _succeeds(mount)
    if not mounted:
        say("no disk of our own can be mounted here: a full one is not tried")
    try:
        yield mounted
    finally:
        if mounted:
            _succeeds(["umount", "-l", str(place)])


def fill_disk(ballast: Path) -> None:
    """Let the disk of a file have no byte left, until the file is removed."""
    with ballast.open("wb") as file, contextlib.suppress(OSError):
        for _ in range(DISK_MB * 16):
            file.write(bytes(1 << 16))
            file.flush()


def _succeeds(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


Fault = Callable[[RecoveryScene], dict[str, Any]]
