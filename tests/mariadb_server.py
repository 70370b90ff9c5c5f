"""A real MariaDB of one's own on a free loopback port, with a folder of its own."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pymysql

from proofs.servers.influx import free_port

_PLACES = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
_START_S = 120.0


def programs() -> tuple[str, str] | None:
    """The server, and what makes its folder; None where one of them is not here."""
    server = shutil.which("mariadbd", path=_PLACES)
    install = shutil.which("mariadb-install-db", path=_PLACES)
    return (server, install) if server and install else None


class OwnMariaDb:
    """One server, in which `reader` with a generated password may read everything. It runs as the
    system user `mysql` where the tests are root's."""

    def __init__(self) -> None:
        found = programs()
        assert found is not None
        self._server, install = found
        self._as = ["--user=mysql"] if os.getuid() == 0 else []
        self.folder = Path(tempfile.mkdtemp(prefix="greenoffice-mariadb-"))
        if self._as:
            shutil.chown(self.folder, "mysql", "mysql")
        self.password = secrets.token_hex(16)
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        command = [
            install,
            "--no-defaults",
            *(f"--datadir={self.folder / 'data'}", "--auth-root-authentication-method=normal"),
            *("--skip-test-db", *self._as),
        ]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr[-2000:]
        self.start()
        self.execute(
            f"CREATE USER reader@'%' IDENTIFIED BY '{self.password}'",
            "GRANT SELECT ON *.* TO reader@'%'",
        )

    def execute(self, *statements: str) -> None:
        """Run statements as the administrator."""
        with pymysql.connect(
            unix_socket=str(self._socket), user="root", charset="utf8mb4", autocommit=True
        ) as con:
            for statement in statements:
                con.cursor().execute(statement)

    def start(self) -> None:
        """Returns when it answers."""
        command = [
            self._server,
            "--no-defaults",
            *(f"--datadir={self.folder / 'data'}", f"--socket={self._socket}"),
            *(f"--port={self.port}", "--bind-address=127.0.0.1", "--skip-name-resolve"),
            *("--innodb-flush-log-at-trx-commit=2", "--innodb-buffer-pool-size=32M", *self._as),
            # Nothing may hang on the zone of the server or of its session.
            "--default-time-zone=+08:00",
        ]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        until = time.monotonic() + _START_S
        while time.monotonic() < until and self._process.poll() is None:
            try:
                self.execute("SELECT 1")
            except pymysql.Error:
                time.sleep(0.1)
            else:
                return
        self.kill()
        raise AssertionError((self.folder / "log").read_text("utf-8", "replace")[-2000:])

    def kill(self) -> None:
        """As a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """Kill it, and delete its folder."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _socket(self) -> Path:
        return self.folder / "socket"
