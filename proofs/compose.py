"""`python -m proofs compose`: what docker-compose.yml starts, works together.

Each service of ours runs the command the file states, and so does the broker; InfluxDB and
PostgreSQL are those of this machine. Paths, host names and ports are translated, nothing else.
A message published as a registered gateway must show in its institution's energy. Then come the
days after (`compose_later.py`): a reboot, TLS, the alert rules, a lost InfluxDB, a restore.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from greenoffice.clock import ShiftedClock
from metering.errors import GreenOfficeError, Unavailable
from proofs.compose_file import read_services
from proofs.compose_here import Here
from proofs.compose_later import Later
from proofs.compose_running import START_S, Running, beyond
from proofs.compose_scene import KEPT, TLS, ComposeScene
from proofs.compose_servers import local_servers
from proofs.steps import finish, say, wait_until

KWH = 10.0
OFFICE = {
    "tree.csv": "code,parent,type,name_en,zone\n"
    "body,,institution,A body,Asia/Shanghai\nhouse,body,site,House,\n",
    "gateways.csv": "site,code\nhouse,gw\n",
    "meters.csv": "code,node,item,total,step_min,max_per_hour\nmain,house,01000,yes,15,400\n",
    "points.csv": "gateway,point,kind,unit,meter,digits\nhouse/gw,E1,register,kWh,main,6\n",
}


def run_compose_check(file: Path, seed: int) -> None:
    """Start everything, publish, look; exit status 1 where something is not as it should be."""
    result: dict[str, Any] = {"config_valid": _config_valid(file), "seed": seed}
    with tempfile.TemporaryDirectory(prefix="greenoffice-compose-") as temporary:
        running = Running(read_services(file), Here(file.resolve().parent, Path(temporary)))
        try:
            result |= _Check(ComposeScene(file, running), seed).run()
        except GreenOfficeError as failed:
            result |= {"services": running.states, "seen": False, "error": str(failed)}
    sound = set(result["services"].values()) <= {"done", "healthy", "started"}
    finish(result, passed=bool(result["seen"] and result["config_valid"] and sound))


def _config_valid(file: Path) -> bool | str:
    """What docker-compose itself says, without and with TLS; it needs no engine for that."""
    program = shutil.which("docker-compose")
    if program is None:
        return "skipped: no docker-compose"
    for over in ([], ["-f", str(file.parent / TLS)]):
        command = [program, "-f", str(file), *over, "config", "--quiet"]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        if ran.returncode:
            say(ran.stderr)
            return False
    return True


@dataclass
class _Check:
    scene: ComposeScene
    seed: int

    def run(self) -> dict[str, Any]:
        """The first day, in the order that the file's `depends_on` asks for; then the others."""
        running, here = self.scene.running, self.scene.running.here
        running.install()
        self.scene.lay_out()
        password = (here.volume("database-password") / "password").read_text().strip()
        data = here.volume("data")
        with local_servers(here.root, password, data, here.local):
            try:
                self.scene.start_broker()
                running.to_the_end("init")
                for name in KEPT:
                    running.start(name)
                running.await_healthy(*KEPT)
                kwh, published = self._published()
                running.start("simulators")
                running.await_healthy("simulators")
                wait_until("simulated readings", lambda: self._more_than(published), START_S)
                later = Later(self.scene, self.seed).run()
                ended = dict(running.states)
            finally:
                running.stop()
        started = ended.keys() | here.local.versions.keys()
        return {
            "services": running.states,
            "not_run": sorted(running.services.keys() - started),
            "servers": here.local.versions,
            "published": published,
            "energy_kwh": kwh,
            "memory_mb_and_threads": running.peaks,
            "beyond_half_of_limits": beyond(running),
            **later,
            "seen": kwh == KWH and not beyond(running) and all(later["seen"].values()),
            "later": later["seen"],
        }

    def _more_than(self, published: int) -> bool:
        self.scene.running.tend()
        return self.scene.stored() > published

    def _published(self) -> tuple[float | None, int]:
        """Energy of the institution after the message, and how many readings that held."""
        self.scene.password = self._register()
        payload = _readings()
        say("publishing as house/gw")
        wait_until("the broker to know the gateway", lambda: self.scene.publish(payload), 60)
        found: list[float] = []

        def seen() -> bool:
            self.scene.running.tend()
            found.append(self._energy_kwh())
            return found[-1] == KWH

        with contextlib.suppress(Unavailable):
            wait_until("the energy", seen, START_S)
        return (found[-1] if found else None), len(payload["readings"])

    def _register(self) -> str:
        """As an office would: CSV files, in a container like `init`; the gateway's password."""
        folder = self.scene.running.here.root / "office"
        folder.mkdir()
        for name, text in OFFICE.items():
            (folder / name).write_text(text)
        words = ["greenoffice", "registry", "import", str(folder), "--data", "/data"]
        words += ["--mosquitto-passwords", "/broker/passwords"]
        told = self.scene.running.run("init", words)
        match = re.search(r"gateway house/gw +password (\S+)", told)
        if match is None:
            raise Unavailable(
                f"registry import told no password: {told[-300:]}",
                field="gateway",
                value="house/gw",
                fix="look at what the import prints",
            )
        return match[1]

    def _energy_kwh(self) -> float:
        today = datetime.fromtimestamp(ShiftedClock().now_us() / 1e6, UTC).date()
        answer = self.scene.client().get(
            "/v1/energy",
            node="body",
            item="01000",
            step="hour",
            start=(today - timedelta(days=2)).isoformat(),
            end=(today + timedelta(days=2)).isoformat(),
        )
        return sum(int(value["amount"]) for value in answer["data"] if value["amount"]) / 1e6


def _readings() -> Mapping[str, Any]:
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
