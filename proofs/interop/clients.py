"""Which clients there are, and how each is made ready and started on this machine."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = Path(__file__).parent / "programs"
HOME = Path(__file__).parents[2] / ".interop"


@dataclass(frozen=True)
class ForeignClient:
    """A program written with somebody's client."""

    name: str
    version: int
    """3 is MQTT 3.1, 4 is 3.1.1, 5 is MQTT 5."""
    needs: tuple[str, ...]
    """Programs that make it or run it."""
    command: Callable[[], list[str]]
    """Makes it ready, where that is needed, and tells how it is started."""
    relays: bool = False
    """Whether something of its own holds what it sent until it has arrived."""

    @property
    def absent(self) -> list[str]:
        """What it needs and the machine has not."""
        return [one for one in self.needs if shutil.which(one) is None]


def _module(name: str) -> Callable[[], list[str]]:
    return lambda: [sys.executable, "-m", f"proofs.interop.programs.{name}"]


def _gmqtt() -> list[str]:
    return [str(HOME / "python" / "bin" / "python"), str(PROGRAMS / "with_gmqtt.py")]


def _node() -> list[str]:
    home = _copied("node")
    _make(home, "npm", "ci", "--no-audit", "--no-fund")
    return ["node", str(home / "gateway.mjs")]


def _go() -> list[str]:
    home = _copied("go")
    _make(home, "go", "build", "-o", "gateway")
    return [str(home / "gateway")]


def _java() -> list[str]:
    home = _copied("java")
    _make(home, "mvn", "-q", "package", "dependency:copy-dependencies")
    return ["java", "-cp", f"{home}/target/classes:{home}/target/dependency/*", "Gateway"]


def _copied(name: str) -> Path:
    home = HOME / name
    shutil.copytree(PROGRAMS / name, home, dirs_exist_ok=True)
    return home


def _make(home: Path, *command: str) -> None:
    """What a build says goes to standard error."""
    subprocess.run(command, cwd=home, check=True, stdout=sys.stderr)


CLIENTS = (
    ForeignClient("paho python, 3.1", 3, (), _module("with_paho")),
    ForeignClient("paho python, 3.1.1", 4, (), _module("with_paho")),
    ForeignClient("paho python, 5", 5, (), _module("with_paho")),
    ForeignClient(
        "mosquitto_pub and _sub, 3.1.1",
        4,
        ("mosquitto_pub", "mosquitto_sub"),
        _module("with_mosquitto"),
    ),
    ForeignClient(
        "mosquitto_pub and _sub, 5",
        5,
        ("mosquitto_pub", "mosquitto_sub"),
        _module("with_mosquitto"),
    ),
    ForeignClient(
        "mosquitto bridge", 4, ("mosquitto", "mosquitto_pub"), _module("with_bridge"), relays=True
    ),
    ForeignClient("gmqtt, 5", 5, (), _gmqtt),
    ForeignClient("MQTT.js, 3.1.1", 4, ("node", "npm"), _node),
    ForeignClient("MQTT.js, 5", 5, ("node", "npm"), _node),
    ForeignClient("paho go, 3.1.1", 4, ("go",), _go),
    ForeignClient("paho java, 3.1.1", 4, ("java", "mvn"), _java),
)
