"""Institutions of the hostile check: one whose gateways and keys are good, and the attacker's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from greenoffice.client import ApiClient
from greenoffice.folder import DataFolder
from greenoffice.ports import usable_port
from proofs.hostile.attack import AttackTarget
from proofs.steps import run

GOOD_GATEWAYS = tuple(f"bureau-site/gw-{number}" for number in range(10))
ATTACKER = "mall-site/gw"
POINTS = ("p0", "p1", "p2")
GOOD_KEYS = 3


@dataclass(frozen=True)
class HostileScene:
    """A platform's folder, and the gateways' passwords by `site/code`."""

    folder: DataFolder
    passwords: dict[str, str]

    @classmethod
    def make(cls, root: Path) -> HostileScene:
        """Init on free ports, and import the registry; nothing runs yet."""
        ports: set[int] = set()
        for _ in range(3):
            ports.add(usable_port(0, ports | {0}))
        names = ("--http-port", "--mqtt-port", "--metrics-port")
        options = [
            part for name, port in zip(names, ports, strict=True) for part in (name, str(port))
        ]
        data, source = root / "data", root / "registry"
        run("init", str(data), *options)
        source.mkdir()
        for name, lines in _registry().items():
            (source / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        told = run("registry", "import", str(source), "--data", str(data))
        return cls(DataFolder(data), dict(re.findall(r"gateway (\S+)  password (\S+)", told)))

    def is_up(self) -> bool:
        """Whether the API answers and gateways are listened to."""
        mqtt = self.folder.settings().mqtt
        listens = usable_port(mqtt.port, set(), mqtt.host) != mqtt.port
        return listens and bool(ApiClient.of_folder(self.folder).health())

    def key(self, name: str, node: str) -> str:
        """A new key that reads one institution."""
        client = ApiClient.of_folder(self.folder)
        made = client.post("/v1/keys", {"name": name, "node": node, "role": "read"})
        return str(made["secret"])

    def target(self) -> AttackTarget:
        """What the attacker has."""
        settings = self.folder.settings()
        return AttackTarget(
            settings.http.host,
            settings.mqtt.port,
            settings.http.port,
            self.folder.root,
            ATTACKER,
            self.passwords[ATTACKER],
            self.key("attacker", "mall"),
        )


def _registry() -> dict[str, list[str]]:
    tree = ["code,parent,type,name_en,zone"]
    gateways = ["site,code"]
    meters = ["code,node,item,total,step_min,max_per_hour"]
    points = ["gateway,point,kind,unit,meter,digits"]
    for institution in ("bureau", "mall"):
        tree += [
            f"{institution},,institution,{institution.title()},Asia/Shanghai",
            f"{institution}-site,{institution},site,Site,",
            f"{institution}-a,{institution}-site,building,Building,",
        ]
    for gateway, meter, point in _points():
        building = "mall-a" if gateway == ATTACKER else "bureau-a"
        if point == POINTS[0]:
            gateways.append(gateway.replace("/", ","))
        meters.append(f"{meter},{building},01000,,15,4000")
        points.append(f"{gateway},{point},register,kWh,{meter},7")
    return {"tree": tree, "gateways": gateways, "meters": meters, "points": points}


def _points() -> Iterator[tuple[str, str, str]]:
    """(gateway, meter, point)"""
    for gateway in (*GOOD_GATEWAYS, ATTACKER):
        for point in POINTS:
            yield gateway, f"{gateway.replace('/', '-')}-{point}", point
