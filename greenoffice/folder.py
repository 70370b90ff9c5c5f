"""A data folder: where everything of one installation lies, and how a new one is made.

greenoffice.toml      settings
greenoffice.db        registry, books, findings, intake (SQLite)
readings.duckdb       decoded readings
journal/              raw messages, segment by segment
evidence/             files that people gave as evidence, by their SHA-256
gateways.json         hashes of the gateways' passwords, for a collector whose database is away
unfinished.json       only while a rebuild or an upgrade is at work, or after it broke off
secrets/              the admin key, passwords, national secrets; mode 0600, the folder 0700
backups/              backups that upgrades take
damaged/              damaged files that were put aside
uploads/              histories that people sent to be loaded; each is gone after a day
run/                  process numbers, state of the parts, socket of the readings, address of the
                      API, pipes for news; may be deleted when stopped
logs/                 one file a process
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from greenoffice.clock import ShiftedClock
from metering.errors import ConfigurationError, Conflict

if TYPE_CHECKING:
    from greenoffice.settings import Settings


@dataclass(frozen=True)
class DataFolder:
    """Paths of a data folder."""

    root: Path

    @property
    def settings_file(self) -> Path:
        """The settings, TOML."""
        return self.root / "greenoffice.toml"

    @property
    def database(self) -> Path:
        """Registry, books, findings, intake and keys, SQLite; unused where they lie in
        PostgreSQL."""
        return self.root / "greenoffice.db"

    @property
    def readings(self) -> Path:
        """Decoded readings, DuckDB; unused where they lie in an InfluxDB."""
        return self.root / "readings.duckdb"

    @property
    def journal(self) -> Path:
        """Folders of the journal's writers, each by its name."""
        return self.root / "journal"

    @property
    def evidence(self) -> Path:
        """Files that people gave as evidence, each named by its SHA-256."""
        return self.root / "evidence"

    @property
    def uploads(self) -> Path:
        """Histories that people sent to be loaded, in a folder each, for a day."""
        return self.root / "uploads"

    @property
    def damaged(self) -> Path:
        """Damaged files that were put aside."""
        return self.root / "damaged"

    @property
    def unfinished(self) -> Path:
        """The note of a command that is at work on the folder, or broke off."""
        return self.root / "unfinished.json"

    @property
    def secrets(self) -> Path:
        """Files that the owner alone may read."""
        return self.root / "secrets"

    @property
    def admin_key(self) -> Path:
        """The secret of the key that reaches the whole platform."""
        return self.secrets / "admin.key"

    @property
    def national_keys(self) -> Path:
        """What gateways of the national protocol hash when they log in, by what they call
        themselves."""
        return self.secrets / "national.json"

    @property
    def gateway_passwords(self) -> Path:
        """The collector's copy of the hashes of the gateways' passwords, by user."""
        return self.root / "gateways.json"

    @property
    def gateway_sessions(self) -> Path:
        """MQTT sessions of gateways that come again."""
        return self.root / "sessions.json"

    @property
    def run(self) -> Path:
        """Process numbers and what processes tell of their health; nothing that must outlive
        them."""
        return self.root / "run"

    @property
    def logs(self) -> Path:
        """One file a process, JSON lines."""
        return self.root / "logs"

    def heartbeat(self, process: str) -> Path:
        """Where a process tells of its health each second."""
        return self.run / f"{process}.json"

    def news(self, duty: str) -> Path:
        """The pipe through which who does a duty is told that there may be something to do."""
        return self.run / f"{duty}.news"

    @property
    def connections(self) -> Path:
        """Where the listener tells who is connected."""
        return self.run / "connections.json"

    @property
    def http_address(self) -> Path:
        """Where the API tells under which address it answers."""
        return self.run / "http.json"

    def counters_of(self, process: str) -> Path:
        """What a process counts, in the Prometheus text format, for /metrics of the API."""
        return self.run / f"{process}.prom"

    @property
    def readings_socket(self) -> Path:
        """Where the process that owns the readings answers the others."""
        return self.run / "readings.sock"

    @property
    def simulators(self) -> Path:
        """What a demo's gateways know and were acknowledged."""
        return self.root / "simulators"

    @property
    def demo_world(self) -> Path:
        """Where a demo remembers its world."""
        return self.root / "demo.json"

    @property
    def simulated_passwords(self) -> Path:
        """Passwords of a demo's gateways by code."""
        return self.secrets / "simulated-gateways.json"

    def secret(self, file: Path | None) -> str:
        """The text of a secret's file; relative names lie in the data folder. '' for None."""
        if file is None:
            return ""
        path = self.root / file
        try:
            return path.read_text(encoding="utf-8").strip()
        except OSError as refused:
            raise ConfigurationError(
                f"a secret cannot be read: {refused.strerror}",
                field="file",
                value=str(path),
                fix="write it there, readable only by the platform's user",
            ) from refused

    def settings(self) -> Settings:
        """The folder's settings; ConfigurationError where there are none or they are broken."""
        from greenoffice.settings import load_settings  # takes long: not for a check of health

        return load_settings(self.settings_file)

    def clock(self) -> ShiftedClock:
        """The clock the folder's settings ask for."""
        return ShiftedClock(round(self.settings().clock.offset_s * 1_000_000))


def create_folder(
    root: Path, settings_text: str, make_admin_key: Callable[[DataFolder], str]
) -> DataFolder:
    """Make a new data folder with generated secrets.

    `make_admin_key` opens the new folder's database and returns the secret of a key for the
    whole platform. Conflict if the folder holds one already; ConfigurationError if it cannot
    be written.
    """
    folder = DataFolder(root.absolute())
    if folder.settings_file.exists():
        raise Conflict(
            "there is a data folder already",
            field="folder",
            value=str(folder.root),
            fix=f"start it with: greenoffice up {root}",
        )
    try:
        for path in (folder.root, folder.journal, folder.run, folder.logs):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.secrets.mkdir(mode=0o700, exist_ok=True)
        write_secret(folder.settings_file, settings_text)
        _first_key(folder, make_admin_key)
        folder.root.chmod(0o700)
        for path in folder.root.glob(f"{folder.database.name}*"):
            path.chmod(0o600)
    except OSError as refused:
        raise ConfigurationError(
            f"the data folder cannot be written: {refused.strerror}",
            field="folder",
            value=str(folder.root),
            fix="name a folder you may write, on a disk with room",
        ) from refused
    return folder


def _first_key(folder: DataFolder, make_admin_key: Callable[[DataFolder], str]) -> None:
    """Without its key a folder is not one: a failed database leaves nothing half made."""
    try:
        write_secret(folder.admin_key, make_admin_key(folder))
    except BaseException:
        folder.settings_file.unlink()
        raise


def write_secret(path: Path, text: str) -> None:
    """Write a file that only its owner may read (mode 0600)."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text + "\n")
    path.chmod(0o600)
