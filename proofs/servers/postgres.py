"""A real PostgreSQL of one's own on a free loopback port.

`initdb` and `postgres` refuse to run as root; then they run as the system user `postgres`.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import psycopg
from sqlalchemy import URL

from metering.errors import ConfigurationError, Unavailable

USER: Final = "greenoffice"
_START_S: Final = 300.0
_SYSTEM_USER: Final = "postgres"


@cache
def found() -> Path | None:
    """The folder of the newest `initdb` and `postgres`: of Debian's packages, or on PATH."""
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True):
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    program = shutil.which("initdb")
    folder = Path(program).resolve().parent if program else Path()
    return folder if (folder / "postgres").exists() else None


class OwnPostgres:
    """One server with a generated password and a folder of its own, gone after `stop`.

    sync: False for tests that make many databases; a power cut could then damage them.
    settings: of the server, NAME=VALUE each.
    ConfigurationError where this machine has no server to start.
    """

    def __init__(self, *, sync: bool = True, settings: Sequence[str] = ()) -> None:
        self._bin = _programs()
        self._as: dict[str, Any] = _other_user()
        self.folder = Path(tempfile.mkdtemp(prefix="greenoffice-postgres-"))
        if self._as:
            shutil.chown(self.folder, _SYSTEM_USER, _SYSTEM_USER)
        self.password = secrets.token_hex(16)
        self.port = _free_port()
        self._sync = sync
        self._settings = [part for one in settings for part in ("-c", one)]
        self._process: subprocess.Popen[bytes] | None = None
        self._init()
        self.start()

    def url(self, database: str = "postgres", user: str = USER, password: str = "") -> str:
        """The address for `open_engine`."""
        made = URL.create(
            "postgresql+psycopg", user, password or self.password, "127.0.0.1", self.port, database
        )
        return made.render_as_string(hide_password=False)

    def database(self, name: str = "", options: str = "") -> str:
        """The address of a new, empty database; `options` as CREATE DATABASE takes them."""
        name = name or f"t{secrets.token_hex(6)}"
        self.execute(f'CREATE DATABASE "{name}" {options}')
        return self.url(name)

    def execute(self, statement: str, database: str = "postgres") -> list[Any]:
        """Run one statement as the administrator; its rows, if it has any."""
        with self._connect(database) as con:
            cursor = con.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def start(self) -> None:
        """Returns when it answers. Unavailable, with the end of its log, when it does not."""
        command = [
            str(self._bin / "postgres"),
            *("-D", str(self._data), "-p", str(self.port), "-k", str(self.folder)),
            *("-c", "listen_addresses=127.0.0.1"),
            *([] if self._sync else ["-c", "fsync=off", "-c", "full_page_writes=off"]),
            *self._settings,
        ]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=self.folder, **self._as
            )
        self._await()

    def halt(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """Stop the server, its folder kept: SIGQUIT at once, SIGINT in good order."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(how)
            self._process.wait(_START_S)

    def stop(self) -> None:
        """Stop the server, and have its folder deleted: hundreds of databases are a hundred
        thousand files, which nobody waits for."""
        self.halt(signal.SIGINT)
        subprocess.Popen(
            ["rm", "-rf", "--", str(self.folder)], stderr=subprocess.DEVNULL, start_new_session=True
        )

    @property
    def pid(self) -> int:
        """The number of the server's first process."""
        assert self._process is not None
        return self._process.pid

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _init(self) -> None:
        secret = self.folder / "password"
        secret.touch(0o600)
        secret.write_text(self.password, "ascii")
        if self._as:
            shutil.chown(secret, _SYSTEM_USER, _SYSTEM_USER)
        command = [
            str(self._bin / "initdb"),
            *("-D", str(self._data), "-U", USER, "-E", "UTF8", "--locale=C.UTF-8"),
            *("-A", "scram-sha-256", f"--pwfile={secret}", "--no-instructions"),
            *([] if self._sync else ["--no-sync"]),
        ]
        ran = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=self.folder, **self._as
        )
        secret.unlink()
        if ran.returncode:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise Unavailable(
                f"initdb failed: {ran.stderr[-500:]}", field="initdb", fix="mend what it says"
            )

    def _await(self) -> None:
        until = time.monotonic() + _START_S
        while time.monotonic() < until and self._process and self._process.poll() is None:
            try:
                self._connect("postgres").close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return
        log = (self.folder / "log").read_text("utf-8", "replace")[-500:]
        raise Unavailable(
            f"postgres did not start: {log}", field="postgres", fix="mend what its log says"
        )

    def _connect(self, database: str) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=USER,
            password=self.password,
            dbname=database,
            autocommit=True,
        )


def _programs() -> Path:
    programs = found()
    if programs is None or (os.getuid() == 0 and not _other_user()):
        raise ConfigurationError(
            "no PostgreSQL server to start",
            field="PATH",
            fix="install it (Debian: apt-get install postgresql)",
        )
    return programs


def _other_user() -> dict[str, Any]:
    """How a process is started so that it is not root's."""
    if os.getuid() != 0:
        return {}
    try:
        group = pwd.getpwnam(_SYSTEM_USER).pw_gid
    except KeyError:
        return {}
    return {"user": _SYSTEM_USER, "group": group, "extra_groups": []}


def _version(folder: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in folder.parent.name.split(".") if part.isdecimal())


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
