"""A real Mosquitto of one's own on a free loopback port."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from greenoffice.ports import usable_port
from metering.errors import ConfigurationError, Unavailable

CONFIG = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence true
persistence_location {folder}/
autosave_on_changes true
autosave_interval 100
max_queued_messages 1000000
max_inflight_messages 4000
{user}
"""


@dataclass(frozen=True)
class Mosquitto:
    """A running broker."""

    url: str
    version: str
    pid: int


class OwnMosquitto:
    """One broker process in a folder of its own; ConfigurationError where none is installed.

    configure: writes `mosquitto.conf` into the folder for a port; by default one that lets
    everybody in.
    """

    def __init__(self, folder: Path, configure: Callable[[Path, int], None] | None = None) -> None:
        self._program = mosquitto_program()
        self.folder = folder
        folder.mkdir(parents=True)
        self.port = usable_port(0, {0})
        self._config = folder / "mosquitto.conf"
        (configure or _configure_open)(folder, self.port)
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def broker(self) -> Mosquitto:
        """Where it is, which version, and its process."""
        assert self._process is not None
        url = f"mqtt://127.0.0.1:{self.port}"
        return Mosquitto(url, mosquitto_version(self._program), self._process.pid)

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The one that runs, or has ended."""
        assert self._process is not None
        return self._process

    def start(self) -> None:
        """Returns when it listens; Unavailable, with the end of its log, when it does not."""
        with (self.folder / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, "-c", str(self._config)], stdout=log, stderr=log
            )
        _await(self.port, self.folder)

    def kill(self) -> None:
        """As a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def freeze(self) -> None:
        """Let it stand still, its sockets open."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let one that stands still go on; nothing for one that does not."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it in good order."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)


def _configure_open(folder: Path, port: int) -> None:
    user = "user root" if os.geteuid() == 0 else ""
    text = CONFIG.format(port=port, folder=folder, user=user)
    (folder / "mosquitto.conf").write_text(text)


@contextlib.contextmanager
def own_mosquitto(folder: Path) -> Iterator[Mosquitto]:
    """A broker that ends with the block; ConfigurationError where none is installed."""
    server = OwnMosquitto(folder)
    try:
        yield server.broker
    finally:
        server.stop()


def mosquitto_program() -> str:
    """Where it is; ConfigurationError where none is installed."""
    program = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if program is None:
        raise ConfigurationError(
            "no mosquitto on PATH",
            field="PATH",
            fix="install it (Debian: apt-get install mosquitto)",
        )
    return program


def _await(port: int, folder: Path) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise Unavailable(
        f"mosquitto did not start: {(folder / 'mosquitto.log').read_text()[-300:]}",
        field="mosquitto",
        value=port,
        fix="mend what its log says",
    )


def mosquitto_version(program: str) -> str:
    """Its name and version."""
    told = subprocess.run([program, "-h"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"version (\S+)", told)
    return f"Mosquitto {found[1] if found else '?'}"
