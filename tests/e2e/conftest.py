"""A whole platform in a temporary folder: init, registry import, up, and gateways over MQTT."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paho.mqtt.publish as publish
import pytest

from greenoffice.client import ApiClient
from greenoffice.folder import DataFolder
from greenoffice.ports import usable_port

ROOT = Path(__file__).resolve().parents[2]
FILES = {
    "tree.csv": "code,parent,type,name_en,zone\n"
    "body,,institution,A body,Asia/Shanghai\nhouse,body,site,House,\nwest,house,building,West,\n",
    "gateways.csv": "site,code\nhouse,gw\n",
    "meters.csv": "code,node,item,total,step_min,max_per_hour\nmain,west,01000,yes,15,400\n",
    "points.csv": "gateway,point,kind,unit,meter,digits,role,node,low,high\n"
    "house/gw,E1,register,kWh,main,6,,,,\nhouse/gw,T1,instant,C,,,room_temperature,west,-30,60\n",
}


def run_command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end."""
    return subprocess.run(
        [sys.executable, "-m", "greenoffice", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=100,
        check=False,
    )


def wait_for(ready: Callable[[], Any], timeout_s: float = 30) -> Any:
    """The first true answer; fails when time is up."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        try:
            if answer := ready():
                return answer
        except Exception as failed:
            last: object = failed
        else:
            last = "nothing"
        time.sleep(0.1)
    pytest.fail(f"gave up waiting: {last}")


@dataclass
class RunningPlatform:
    """A platform under supervision, and what its newcomer was told."""

    folder: DataFolder
    passwords: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    _seq: int = field(default=0)

    @property
    def api(self) -> ApiClient:
        return ApiClient.of_folder(self.folder)

    def start(self) -> None:
        with (self.folder.root / "up.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "greenoffice", "up", str(self.folder.root)],
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
        wait_for(lambda: self.api.health() and self._listens(), 90)

    def _listens(self) -> bool:
        mqtt = self.folder.settings().mqtt
        return usable_port(mqtt.port, set()) != mqtt.port

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(40)

    def send(self, payload: object, *, topic: str | None = None, password: str = "") -> None:
        """Publish at QoS 1; returns once acknowledged. Bytes go as they are."""
        mqtt = self.folder.settings().mqtt
        raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        publish.single(
            topic or "greenoffice/v1/house/gw/readings",
            raw,
            qos=1,
            hostname=mqtt.host,
            port=mqtt.port,
            auth={"username": "house/gw", "password": password or self.passwords["house/gw"]},
        )

    def letters(self, reason: str) -> list[dict[str, Any]]:
        found = self.api.pages("/v1/dead-letters", limit=1000)
        return [letter for letter in found if letter["reason"] == reason]

    def point(self, name: str) -> int:
        points = self.api.pages("/v1/points", limit=1000)
        return next(int(point["id"]) for point in points if point["name"] == name)

    def readings(self, name: str) -> list[dict[str, Any]]:
        rows = self.api.pages(
            f"/v1/points/{self.point(name)}/readings",
            limit=1000,
            start="2026-01-01",
            end="2027-12-31",
        )
        return list(rows)


def made_platform(root: Path, files: dict[str, str]) -> RunningPlatform:
    """Init a data folder on free ports and import a registry, as a newcomer would."""
    taken: set[int] = set()
    for _ in range(3):
        taken.add(usable_port(0, taken | {0}))
    http, mqtt, metrics = taken
    made = run_command(
        "init",
        str(root / "data"),
        "--http-port",
        str(http),
        "--mqtt-port",
        str(mqtt),
        "--metrics-port",
        str(metrics),
        "--language",
        "en",
    )
    assert made.returncode == 0, made.stderr
    source = root / "registry"
    source.mkdir()
    for name, text in files.items():
        (source / name).write_text(text)
    imported = run_command("registry", "import", str(source), "--data", str(root / "data"))
    assert imported.returncode == 0, imported.stderr
    passwords = dict(re.findall(r"gateway (\S+)  password (\S+)", imported.stdout))
    return RunningPlatform(DataFolder(root / "data"), passwords)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    running = made_platform(tmp_path_factory.mktemp("platform"), FILES)
    running.start()
    yield running
    if running.process is not None and running.process.poll() is None:
        running.stop()
    assert not os.path.exists(running.folder.run / "processes.json")  # noqa: PTH110


@pytest.fixture
def command() -> Callable[..., subprocess.CompletedProcess[str]]:
    return run_command


@pytest.fixture
def eventually() -> Callable[..., Any]:
    return wait_for


@pytest.fixture
def new_folder(tmp_path: Path) -> Callable[[], RunningPlatform]:
    """Makes a platform's folder that is not started."""
    return lambda: made_platform(tmp_path, FILES)


@pytest.fixture
def new_platform(
    new_folder: Callable[[], RunningPlatform],
) -> Iterator[Callable[[str], RunningPlatform]]:
    """Starts a platform with more settings; stopped at the end."""
    started: list[RunningPlatform] = []

    def start(settings: str) -> RunningPlatform:
        running = new_folder()
        file = running.folder.settings_file
        file.write_text(file.read_text() + settings)
        running.start()
        started.append(running)
        return running

    yield start
    for running in started:
        running.stop()
