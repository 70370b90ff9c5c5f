"""A real Mosquitto of one's own on a free loopback port."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
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


@contextlib.contextmanager
def own_mosquitto(folder: Path) -> Iterator[Mosquitto]:
    """A broker that ends with the block; ConfigurationError where none is installed."""
    program = mosquitto_program()
    folder.mkdir(parents=True)
    port = usable_port(0, {0})
    user = "user root" if os.geteuid() == 0 else ""
    config = folder / "mosquitto.conf"
    config.write_text(CONFIG.format(port=port, folder=folder, user=user))
    with (folder / "mosquitto.log").open("wb") as log:
        process = subprocess.Popen([program, "-c", str(config)], stdout=log, stderr=log)
    try:
        _await(port, folder)
        yield Mosquitto(f"mqtt://127.0.0.1:{port}", mosquitto_version(program), process.pid)
    finally:
        process.terminate()
        process.wait(20)


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
