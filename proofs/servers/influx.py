"""A real InfluxDB of one's own on free loopback ports, in a folder of its own.

Either generation of `influxd` is taken from PATH.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from functools import cache
from pathlib import Path
from typing import Final

import urllib3

from metering.errors import ConfigurationError, Unavailable
from proofs.servers.relay import Relay, write_of_1
from storage.influx.address import InfluxAddress
from storage.influx.setup import Prepared, WantedBucket, prepare

_START_S: Final = 300.0
_CONFIG_1 = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
dir = "{folder}/meta"
[data]
dir = "{folder}/data"
wal-dir = "{folder}/wal"
index-version = "tsi1"
query-log-enabled = false
[monitor]
store-enabled = false
[http]
bind-address = "127.0.0.1:{port}"
log-enabled = false
[subscriber]
enabled = false
[continuous_queries]
enabled = false
"""


@cache
def found(generation: int) -> str | None:
    """The first `influxd` of the generation (1 or 2) on PATH."""
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        program = shutil.which("influxd", path=folder) if folder else None
        if program and _generation(program) == generation:
            return program
    return None


def _generation(program: str) -> int:
    ran = subprocess.run([program, "version"], capture_output=True, text=True, check=False)
    return 1 if "InfluxDB v1." in ran.stdout + ran.stderr else 2


def free_port() -> int:
    """A port of this machine on which nobody listens at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


class OwnServer:
    """One server process. ConfigurationError where PATH has no `influxd` of the generation."""

    def __init__(self, folder: Path, generation: int) -> None:
        program = found(generation)
        if program is None:
            raise ConfigurationError(
                f"no influxd of generation {generation} on PATH",
                field="PATH",
                fix="install InfluxDB (Debian: apt-get install influxdb is generation 1)",
            )
        self.folder = folder
        self.generation = generation
        self._port = free_port()
        self._command = _command(program, generation, folder, self._port)
        self._process: subprocess.Popen[bytes] | None = None
        self._relay: Relay | None = None
        self._admin = ""
        self.start()

    @property
    def url(self) -> str:
        """Where it answers: the relay's address where one stands before it."""
        return self._relay.url if self._relay else f"http://127.0.0.1:{self._port}"

    @property
    def own_url(self) -> str:
        """Where the server itself answers, whatever stands before it."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        """The number of its process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Returns when it answers. Unavailable, with the end of its log, when it does not."""
        with (self.folder / "influxd.log").open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        self._await()
        if self.generation == 1 and self._relay is None:
            self._relay = Relay(f"http://127.0.0.1:{self._port}", rewrite=write_of_1)

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

    @property
    def version(self) -> str:
        """What it says it is, without the `v`."""
        told = urllib3.request("GET", f"{self.url}/ping", retries=False, timeout=10)
        return told.headers.get("X-Influxdb-Version", "?").removeprefix("v")

    def stop(self) -> None:
        """End it, by force after 20 s, and the relay with it."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
        if self._relay is not None:
            self._relay.close()

    def bucket(self, name: str, wanted: WantedBucket) -> tuple[InfluxAddress, Prepared]:
        """A prepared bucket, and its address with the token to write."""
        org = "greenoffice" if self.generation == 2 else ""
        address = InfluxAddress(self.url, name, org=org, token=self._admin)
        prepared = prepare(address, wanted)
        self._admin = prepared.admin_token or self._admin
        return InfluxAddress(self.url, name, org=org, token=prepared.write_token), prepared

    @property
    def admin_token(self) -> str:
        """The token that may do everything; '' where it was not set up."""
        return self._admin

    def _await(self) -> None:
        until = time.monotonic() + _START_S
        ping = f"http://127.0.0.1:{self._port}/ping"
        while time.monotonic() < until and self._process and self._process.poll() is None:
            try:
                if urllib3.request("GET", ping, retries=False, timeout=2).status < 300:
                    return
            except urllib3.exceptions.HTTPError:
                time.sleep(0.05)
        self.kill()
        log = (self.folder / "influxd.log").read_text("utf-8", "replace")[-500:]
        raise Unavailable(f"influxd did not start: {log}", field="PATH", fix="see its log")


def _command(program: str, generation: int, folder: Path, port: int) -> list[str]:
    if generation == 1:
        config = folder / "influxdb.conf"
        config.write_text(_CONFIG_1.format(folder=folder, port=port, rpc=free_port()), "utf-8")
        return [program, "run", "-config", str(config)]
    return [
        program,
        f"--bolt-path={folder / 'influxd.bolt'}",
        f"--sqlite-path={folder / 'influxd.sqlite'}",
        f"--engine-path={folder / 'engine'}",
        f"--http-bind-address=127.0.0.1:{port}",
        "--reporting-disabled",
        "--log-level=error",
    ]
