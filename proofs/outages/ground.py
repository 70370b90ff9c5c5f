"""Servers that all cases share: each case has a bucket and a database of its own on them."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from metering.localtime import parse_instant
from proofs.outages.feed import NOW
from proofs.servers.hanging import kill, thaw
from proofs.servers.influx import OwnServer
from proofs.servers.mosquitto import OwnMosquitto
from proofs.servers.postgres import OwnPostgres
from storage.influx import InfluxAddress
from storage.influx.setup import WantedBucket

_KEPT_1 = ("meta", "data", "wal")
_KEPT_2 = ("influxd.bolt", "influxd.sqlite", "engine")


@dataclass
class CommonGround:
    """A running InfluxDB of one generation, a PostgreSQL and a Mosquitto."""

    root: Path
    influx: OwnServer
    postgres: OwnPostgres
    mosquitto: OwnMosquitto
    password: str = field(default_factory=lambda: secrets.token_hex(16))
    """Of the administrator of InfluxDB."""

    def bucket(self) -> InfluxAddress:
        """A new one, and its token to write."""
        wanted = WantedBucket(now_us=parse_instant(NOW), password=self.password)
        address, _ = self.influx.bucket(f"case-{secrets.token_hex(4)}", wanted)
        return address

    def mend(self) -> None:
        """Every server runs and answers, whatever a case left behind."""
        thaw(self.postgres)
        self.influx.thaw()
        self.mosquitto.thaw()
        kill(self.postgres)
        self.postgres.start()
        self.influx.kill()
        self.influx.start()
        self.mosquitto.kill()
        self.mosquitto.start()

    def note_influx(self) -> Path:
        """A copy of what InfluxDB keeps, as of now; it is killed for that and started again."""
        return self._copy_influx(self.influx.folder, self.root / f"influx-{secrets.token_hex(4)}")

    def put_influx_back(self, noted: Path) -> None:
        """What InfluxDB keeps is what it was then; it is killed for that and started again."""
        self._copy_influx(noted, self.influx.folder)

    def _copy_influx(self, source: Path, target: Path) -> Path:
        self.influx.kill()
        target.mkdir(exist_ok=True)
        for name in _KEPT_1 if self.influx.generation == 1 else _KEPT_2:
            _copied(source / name, target / name)
        self.influx.start()
        return target

    def note_postgres(self) -> Path:
        """A copy of what PostgreSQL keeps, as of now; it is stopped for that and started again."""
        noted = self.root / f"postgres-{secrets.token_hex(4)}"
        self.postgres.halt()
        _copied(self.postgres.folder / "data", noted)
        self.postgres.start()
        return noted

    def put_postgres_back(self, noted: Path) -> None:
        """What PostgreSQL keeps is what it was then; it is killed for that and started again."""
        kill(self.postgres)
        _copied(noted, self.postgres.folder / "data")
        self.postgres.start()


def _copied(source: Path, target: Path) -> None:
    """A file or folder with its owners, in the place of what is there."""
    if target.is_dir():
        shutil.rmtree(target)
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)


@contextlib.contextmanager
def common_ground(root: Path, generation: int) -> Iterator[CommonGround]:
    """Servers that end with the block."""
    with contextlib.ExitStack() as stack:
        (root / "influx").mkdir(parents=True)
        influx = OwnServer(root / "influx", generation)
        stack.callback(influx.stop)
        stack.callback(influx.thaw)
        postgres = OwnPostgres()
        stack.callback(postgres.stop)
        stack.callback(thaw, postgres)
        mosquitto = OwnMosquitto(root / "mosquitto")
        stack.callback(mosquitto.stop)
        stack.callback(mosquitto.thaw)
        yield CommonGround(root, influx, postgres, mosquitto)
