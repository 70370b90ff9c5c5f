"""A platform with a gateway for each client, whose listener is restarted while they publish."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from greenoffice.client import ApiClient
from greenoffice.clock import ShiftedClock
from greenoffice.folder import DataFolder
from metering.localtime import iso
from proofs.steps import started, wait_settled, wait_until
from proofs.world_folder import platform_folder

SITE = "s"


@dataclass(frozen=True)
class InteropScene:
    """The running platform."""

    folder: DataFolder
    passwords: Mapping[str, str]
    """By gateway, `site/code`."""
    client: ApiClient

    @property
    def port(self) -> int:
        """Where gateways connect."""
        return self.folder.settings().mqtt.port

    def restart_listener(self) -> None:
        """End the process that listens, and wait until the next one does."""
        before = self._collector()
        os.kill(before, signal.SIGTERM)
        wait_until("another listener", lambda: self._listens_as_other_than(before), every_s=0.1)

    def _collector(self) -> int:
        told: dict[str, int] = json.loads((self.folder.run / "processes.json").read_text())
        return told["collector"]

    def _listens_as_other_than(self, pid: int) -> bool:
        now = self._collector()
        try:
            ports = [one.laddr.port for one in psutil.Process(now).net_connections("tcp")]
        except psutil.NoSuchProcess:  # the one before it has gone, and the next is not told yet
            return False
        return now != pid and self.port in ports

    def stored(self, gateway: str) -> set[float]:
        """Values of all readings of a gateway's only point, once all that was sent is taken in."""
        wait_settled(self.folder)
        points = {one["gateway"]: one["id"] for one in self.client.pages("/v1/points", limit=1000)}
        rows = self.client.pages(f"/v1/points/{points[gateway]}/readings", limit=1000, **_ALL_TIME)
        return {float(row["value"]) for row in rows}


_ALL_TIME = {"start": "2020-01-01T00:00:00Z", "end": "2100-01-01T00:00:00Z"}


@contextlib.contextmanager
def interop_scene(root: Path, codes: Sequence[str]) -> Iterator[InteropScene]:
    """A platform of these gateways under `up`, each with one sensor `T`."""
    files = {
        "tree.csv": "code,parent,type,zone\no,,institution,Asia/Shanghai\n"
        f"{SITE},o,site,\nb,{SITE},building,\n",
        "gateways.csv": "site,code\n" + "".join(f"{SITE},{code}\n" for code in codes),
        "points.csv": "gateway,point,kind,unit,role,node\n"
        + "".join(f"{SITE}/{code},T,instant,C,room_temperature,b\n" for code in codes),
    }
    folder, passwords = platform_folder(root, iso(ShiftedClock().now_us()), files)
    with started(["up", str(folder.root)]):
        yield InteropScene(folder, passwords, wait_settled(folder))
