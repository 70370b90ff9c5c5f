"""`python -m proofs compose`: what docker-compose.yml starts, works together.

Each service of ours runs the command the file states, and so does the broker; InfluxDB and
PostgreSQL are those of this machine. Paths, host names and ports are translated, nothing else.
A message published as a registered gateway must show in its institution's energy.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from paho.mqtt import MQTTException, publish

from greenoffice.client import ApiClient, read_key
from greenoffice.clock import ShiftedClock
from metering.errors import GreenOfficeError, Unavailable
from proofs.compose_file import ComposeService, read_services
from proofs.compose_here import Here
from proofs.compose_servers import adapted_mosquitto, answers, local_servers
from proofs.servers.mosquitto import mosquitto_program, mosquitto_version
from proofs.steps import finish, say, wait_until

START_S = 120.0
KWH = 10.0
OFFICE = {
    "tree.csv": "code,parent,type,name_en,zone\n"
    "body,,institution,A body,Asia/Shanghai\nhouse,body,site,House,\n",
    "gateways.csv": "site,code\nhouse,gw\n",
    "meters.csv": "code,node,item,total,step_min,max_per_hour\nmain,house,01000,yes,15,400\n",
    "points.csv": "gateway,point,kind,unit,meter,digits\nhouse/gw,E1,register,kWh,main,6\n",
}


def run_compose_check(file: Path) -> None:
    """Start everything, publish, look; exit status 1 where something is not as it should be."""
    services = read_services(file)
    result: dict[str, Any] = {"config_valid": _config_valid(file)}
    with tempfile.TemporaryDirectory(prefix="greenoffice-compose-") as temporary:
        check = _Check(services, Here(file.resolve().parent, Path(temporary)))
        try:
            result |= check.run()
        except GreenOfficeError as failed:
            result |= {"services": check.states, "seen": False, "error": str(failed)}
    sound = set(result["services"].values()) <= {"done", "healthy", "started"}
    finish(result, passed=bool(result["seen"] and result["config_valid"] and sound))


def _config_valid(file: Path) -> bool | str:
    """What docker-compose itself says; it needs no engine for that."""
    program = shutil.which("docker-compose")
    if program is None:
        return "skipped: no docker-compose"
    command = [program, "-f", str(file), "config", "--quiet"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        say(ran.stderr)
    return ran.returncode == 0


@dataclass
class _Check:
    services: dict[str, ComposeService]
    here: Here
    states: dict[str, str] = field(default_factory=dict)

    def run(self) -> dict[str, Any]:
        """The whole check, in the order that the file's `depends_on` asks for."""
        for service in self.services.values():
            for source in service.volumes.values():
                if not source.startswith("."):
                    self.here.volume(source).mkdir(parents=True, exist_ok=True)
        self._install()
        self._to_the_end("secrets")
        password = (self.here.volume("database-password") / "password").read_text().strip()
        with contextlib.ExitStack() as stack:
            data = self.here.volume("data")
            self.here.local = stack.enter_context(local_servers(self.here.root, password, data))
            stack.enter_context(self._broker())
            self._to_the_end("init")
            for name in ("collector", "work", "api"):
                stack.enter_context(self._running(name))
            for name in ("collector", "work", "api"):
                self._await_healthy(name)
            kwh, published = self._published()
            stack.enter_context(self._running("simulators"))
            self._await_healthy("simulators")
            wait_until("simulated readings", lambda: self._stored() > published, START_S)
        started = self.states.keys() | self.here.local.versions.keys()
        return {
            "services": self.states,
            "not_run": sorted(self.services.keys() - started),
            "servers": self.here.local.versions,
            "published": published,
            "energy_kwh": kwh,
            "seen": kwh == KWH,
        }

    def _install(self) -> None:
        """The command `greenoffice` on the path: this checkout, run by this Python."""
        program = self.here.root / "bin" / "greenoffice"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m greenoffice "$@"\n')
        program.chmod(0o755)

    def _published(self) -> tuple[float | None, int]:
        """Energy of the institution after the message, and how many readings that held."""
        password = self._register()
        payload = _readings()
        say("publishing as house/gw")
        wait_until("the broker to know the gateway", lambda: self._publish(payload, password), 60)
        client = self._client()
        found: list[float] = []

        def seen() -> bool:
            found.append(_energy_kwh(client))
            return found[-1] == KWH

        with contextlib.suppress(Unavailable):
            wait_until("the energy", seen, START_S)
        return (found[-1] if found else None), len(payload["readings"])

    def _stored(self) -> int:
        """How many readings the platform has."""
        return int(self._client().get("/v1/readings/count")["stored"])

    def _client(self) -> ApiClient:
        key = read_key(self.here.volume("data") / "secrets" / "admin.key")
        return ApiClient(f"http://127.0.0.1:{self.here.port('8080')}", key)

    def _register(self) -> str:
        """As an office would: CSV files, in a container like `init`; the gateway's password."""
        folder = self.here.root / "office"
        folder.mkdir()
        for name, text in OFFICE.items():
            (folder / name).write_text(text)
        service = self.services["init"]
        words = ["greenoffice", "registry", "import", str(folder), "--data", "/data"]
        words += ["--mosquitto-passwords", "/broker/passwords"]
        told = self._run(service, words)
        match = re.search(r"gateway house/gw +password (\S+)", told)
        if match is None:
            raise Unavailable(
                f"registry import told no password: {told[-300:]}",
                field="gateway",
                value="house/gw",
                fix="look at what the import prints",
            )
        return match[1]

    def _publish(self, payload: dict[str, Any], password: str) -> bool:
        host, _, port = self.here.local.places["mosquitto:1883"].partition(":")
        try:
            publish.single(
                "greenoffice/v1/house/gw/readings",
                json.dumps(payload),
                qos=1,
                hostname=host,
                port=int(port),
                auth={"username": "house/gw", "password": password},
            )
        except MQTTException:
            return False
        return True

    @contextlib.contextmanager
    def _broker(self) -> Iterator[None]:
        place = self.here.local.places["mosquitto:1883"]
        service = self.services["mosquitto"]
        config = self.here.root / "mosquitto"
        mounts = {mounted: self.here.place(source) for mounted, source in service.volumes.items()}
        port = int(place.rpartition(":")[2])
        adapted_mosquitto(self.here.checkout / "deploy" / "mosquitto", config, port, mounts)
        self.here.local.versions["mosquitto"] = mosquitto_version(mosquitto_program())
        with self._running("mosquitto"):
            wait_until("Mosquitto", lambda: answers(place), START_S)
            yield

    @contextlib.contextmanager
    def _running(self, name: str) -> Iterator[None]:
        service = self.services[name]
        say(f"starting {name}: {' '.join(service.command)}")
        with (self.here.root / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                self.here.words(service, service.command),
                cwd=self.here.checkout,
                env=self.here.environment(service),
                stdout=log,
                stderr=log,
            )
        self.states[name] = "started"
        try:
            yield
        finally:
            if process.poll() is not None:
                self.states[name] = f"ended {process.returncode}"
                say((self.here.root / f"{name}.log").read_text(errors="replace")[-1000:])
            process.terminate()
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
                self.states[name] = "did not end when asked"

    def _to_the_end(self, name: str) -> None:
        service = self.services[name]
        say(f"running {name}: {' '.join(service.command)}")
        self._run(service, service.command)
        self.states[name] = "done"

    def _await_healthy(self, name: str) -> None:
        """By the file's own health check."""
        service = self.services[name]

        def healthy() -> bool:
            self._run(service, service.healthcheck)
            return True

        wait_until(f"{name} to be healthy", healthy, START_S)
        self.states[name] = "healthy"

    def _run(self, service: ComposeService, words: list[str]) -> str:
        ran = subprocess.run(
            self.here.words(service, words),
            cwd=self.here.checkout,
            env=self.here.environment(service),
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode:
            raise Unavailable(
                f"a command of a service failed: {(ran.stdout + ran.stderr)[-600:]}",
                field="command",
                value=" ".join(words),
                fix="mend what it says, then prove again",
            )
        return ran.stdout


def _readings() -> dict[str, Any]:
    """A register that rises by ten kWh within an hour of yesterday."""
    now = datetime.fromtimestamp(ShiftedClock().now_us() / 1e6, UTC)
    start = (now - timedelta(days=1)).replace(hour=4, minute=0, second=0, microsecond=0)
    return {
        "session": 1,
        "seq": 1,
        "readings": [
            {
                "point": "E1",
                "kind": "register",
                "unit": "kWh",
                "time": (start + timedelta(minutes=15 * n)).isoformat(),
                "value": 1000 + n * KWH / 4,
            }
            for n in range(5)
        ],
    }


def _energy_kwh(client: ApiClient) -> float:
    today = datetime.fromtimestamp(ShiftedClock().now_us() / 1e6, UTC).date()
    answer = client.get(
        "/v1/energy",
        node="body",
        item="01000",
        step="hour",
        start=(today - timedelta(days=2)).isoformat(),
        end=(today + timedelta(days=2)).isoformat(),
    )
    return sum(int(value["amount"]) for value in answer["data"] if value["amount"]) / 1e6
