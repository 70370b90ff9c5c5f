"""The days after the first one, of what docker-compose.yml starts.

A reboot with every service in any order, and TLS turned on with it; the alert rules over what the
processes print; an InfluxDB whose data is gone; everything gone but a backup.
"""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from greenoffice.clock import ShiftedClock
from greenoffice.daily_backups import kept_backups
from metering.errors import Unavailable
from proofs.compose_alerts import names_of
from proofs.compose_file import read_services
from proofs.compose_running import START_S
from proofs.compose_scene import KEPT, TLS, ComposeScene
from proofs.steps import say, wait_until

RESTORED = "/restored"


@dataclass
class Later:
    """`seen` says of each day whether it was as it should be."""

    scene: ComposeScene
    seed: int
    told: dict[str, Any] = field(default_factory=dict)
    seen: dict[str, bool] = field(default_factory=dict)

    def run(self) -> dict[str, Any]:
        """All of them; what was looked at, and `seen`."""
        self._reboot_with_tls()
        self._monitored()
        self.scene.running.stop(["simulators"])
        before = self._settled()
        self._influx_lost(before)
        self._all_lost(before)
        return {**self.told, "seen": self.seen}

    def _reboot_with_tls(self) -> None:
        running, here, local = (
            self.scene.running,
            self.scene.running.here,
            self.scene.running.here.local,
        )
        running.stop()
        assert local.postgres is not None
        local.postgres.halt()
        if local.influx is not None:
            local.influx.kill()
        running.services = read_services(self.scene.file, self.scene.file.parent / TLS)
        self.scene.certificate = _certificate(here.root / "certificates")
        here.folders["./deploy/certificates"] = here.root / "certificates"
        self.scene.lay_out()
        starts: dict[str, Callable[[], None]] = {
            name: lambda name=name: running.start(name)  # type: ignore[misc]
            for name in ("mosquitto", *KEPT, "simulators")
        }
        starts["postgres"] = local.postgres.start
        if local.influx is not None:
            starts["influxdb"] = local.influx.start
        order = sorted(starts)
        random.Random(self.seed).shuffle(order)  # noqa: S311 - an order, no secret
        say(f"a reboot, in the order {' '.join(order)}")
        for name in order:
            starts[name]()
            until = time.monotonic() + 3
            while time.monotonic() < until:
                running.tend()
                time.sleep(0.2)
        running.await_healthy("mosquitto", *KEPT)
        secrets = _contents(here.volume("data") / "secrets")
        running.to_the_end("init")
        running.to_the_end("init")
        running.await_healthy(*KEPT)
        self.told |= {"order": order, "restarts": dict(running.restarts)}
        again = _contents(here.volume("data") / "secrets")
        self.seen["init_again_changes_nothing"] = again == secrets
        self.seen["reboot"] = True
        self._over_tls()

    def _over_tls(self) -> None:
        here, before = self.scene.running.here, self._of_the_gateway()
        wait_until("the broker over TLS", lambda: self.scene.publish(_reading(2)), 60)
        listener = here.port("1883")
        wait_until("the listener over TLS", lambda: self.scene.publish(_reading(3), listener), 60)
        plain = _takes_plain(listener)
        wait_until("what came over TLS", lambda: self._of_the_gateway() > before + 1, START_S)
        self.seen["tls"] = not plain and self._of_the_gateway() == before + 2

    def _of_the_gateway(self) -> int:
        """How many readings there are of house/gw."""
        self.scene.running.tend()
        return int(self.scene.client().get("/v1/readings/count")["gateways"]["house/gw"])

    def _monitored(self) -> None:
        """A Prometheus with the shipped files, of addresses of this machine."""
        program = shutil.which("prometheus")
        if program is None:
            self.told["monitoring"] = "skipped: no prometheus"
            return
        here = self.scene.running.here
        folder = here.root / "prometheus"
        shutil.copytree(here.volume("monitoring"), folder)
        config = yaml.safe_load((folder / "prometheus.yml").read_text())
        jobs = [
            job for job in config["scrape_configs"] if job["job_name"] in ("influxdb", "grafana")
        ]
        config["scrape_configs"] = [job for job in config["scrape_configs"] if job not in jobs]
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        (folder / "prometheus.yml").write_text(_at_home(yaml.safe_dump(config), here.port))
        (folder / "api.yml").write_text(_at_home((folder / "api.yml").read_text(), here.port))
        port = here.port("9090")
        command = [program, f"--config.file={folder}/prometheus.yml", "--log.level=error"]
        command += [f"--storage.tsdb.path={folder}/kept", f"--web.listen-address=127.0.0.1:{port}"]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}/api/v1"
            wait_until("all to be scraped", lambda: self._all_up(url), START_S)
            named = set(_asked(f"{url}/label/__name__/values"))
            told = _asked(f"{url}/metadata")  # also of counters that have no series yet
            named |= {*told, *(f"{name}_total" for name in told)}
            wanted = names_of(folder / "alerts.yml")
            self.told["metrics_absent"] = sorted(wanted - named)
            firing = [a["labels"]["alertname"] for a in _asked(f"{url}/alerts")["alerts"]]
            self.told["alerts_pending_or_firing"] = sorted(firing)
            self.seen["monitoring"] = not self.told["metrics_absent"]
        finally:
            process.terminate()
            process.wait(30)

    def _all_up(self, url: str) -> bool:
        self.scene.running.tend()
        targets = _asked(f"{url}/targets")["activeTargets"]
        up = {target["labels"]["job"]: target["health"] for target in targets}
        self.told["scraped"] = up
        return up.keys() == {"collector", "broker", "api", "backup"} and set(up.values()) == {"up"}

    def _settled(self) -> dict[str, Any]:
        """What the books and the readings are, once nothing waits."""
        running = self.scene.running

        def settled() -> bool:
            running.tend()
            parts = self.scene.client().health()
            waits = parts["intake"]["waiting_messages"], parts["ledger"]["waiting_marks"]
            return waits == (0, 0)

        wait_until("nothing to wait", settled)
        today = datetime.fromtimestamp(ShiftedClock().now_us() / 1e6, UTC).date().isoformat()
        told = self.scene.client().get("/v1/books/hash", before=today)
        return {"book_hash": told["book_hash"], "readings": self.scene.stored()}

    def _influx_lost(self, before: dict[str, Any]) -> None:
        """The volume `influxdb-data` is gone; then as the documents say."""
        running, server = self.scene.running, self.scene.running.here.local.influx
        if server is None:
            self.told["influx_lost"] = "skipped: a server of others"
            return
        say("the data of InfluxDB is lost")
        running.stop(["work", "api", "backup"])
        server.kill()
        for name in ("meta", "data", "wal", "engine"):
            shutil.rmtree(server.folder / name, ignore_errors=True)
        server.start()
        running.to_the_end("init")
        running.run("init", ["greenoffice", "rebuild", "/data"])
        for name in ("work", "api", "backup"):
            running.start(name)
        running.await_healthy("work", "api", "backup")
        after = self._settled()
        self.told["influx_lost"] = {"before": before, "after": after}
        self.seen["influx_lost"] = after == before

    def _all_lost(self, before: dict[str, Any]) -> None:
        """Nothing is left but the newest backup, taken to another place; then as the documents
        say."""
        running, here = self.scene.running, self.scene.running.here
        local = here.local
        volume = here.volume("backups")
        for old in kept_backups(volume):
            shutil.rmtree(old)
        wait_until("the next backup", lambda: bool(kept_backups(volume)), START_S)
        (newest,) = kept_backups(volume)
        kept = here.root / "elsewhere"
        shutil.copytree(newest, kept)
        say("everything is lost but a backup")
        running.stop()
        assert local.postgres is not None
        local.postgres.execute("DROP DATABASE greenoffice WITH (FORCE)")
        local.postgres.database("greenoffice")
        for name in ("data", "broker-data", "backups"):
            shutil.rmtree(here.volume(name))
            here.volume(name).mkdir()
        self.scene.lay_out()
        running.run("backup", ["greenoffice", "restore", str(kept), "--data", "/data"])
        running.to_the_end("init")
        running.run("init", ["greenoffice", "rebuild", "/data"])
        self.scene.lay_out()
        self.scene.start_broker()
        for name in KEPT:
            running.start(name)
        running.await_healthy("mosquitto", *KEPT)
        after = self._settled()
        self.told["all_lost"] = after
        self.seen["all_lost"] = after == before


def _takes_plain(port: int) -> bool:
    """Whether a CONNECT of MQTT 3.1.1 in the clear is answered by a CONNACK."""
    connect = b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x0a\x00\x00"
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 10) as plain:
        plain.sendall(connect)
        return plain.recv(4)[:1] == b"\x20"
    return False


def _certificate(folder: Path) -> Path:
    """One that names itself, for this machine's address."""
    folder.mkdir(mode=0o700)
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    command += " -addext subjectAltName=IP:127.0.0.1,DNS:localhost"
    paths = ["-keyout", str(folder / "server.key"), "-out", str(folder / "server.pem")]
    ran = subprocess.run([*command.split(), *paths], capture_output=True, text=True, check=False)
    if ran.returncode:
        raise Unavailable(
            f"no certificate: {ran.stderr[-200:]}", field="openssl", fix="install openssl"
        )
    return folder / "server.pem"


def _contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def _reading(number: int) -> dict[str, Any]:
    """One of today, later than those before."""
    now = datetime.fromtimestamp(ShiftedClock().now_us() / 1e6, UTC)
    reading = {"point": "E1", "kind": "register", "unit": "kWh", "time": now.isoformat()}
    return {"session": 1, "seq": number, "readings": [{**reading, "value": 1010.0 + number}]}


def _at_home(text: str, port: Callable[[str], int]) -> str:
    """The addresses of a configuration, as they are on this machine."""
    for name, stated in (
        ("collector", "9464"),
        ("collector", "9465"),
        ("api", "8080"),
        ("backup", "9466"),
    ):
        text = text.replace(f"{name}:{stated}", f"127.0.0.1:{port(stated)}")
    return text


def _asked(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own server
        return json.loads(answer.read())["data"]
