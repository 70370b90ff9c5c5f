"""The feed check's scene: a platform in a temporary folder, and gateways that publish to it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from greenoffice.client import ApiClient
from greenoffice.folder import DataFolder
from greenoffice.ports import usable_port
from greenoffice.replay.publisher import BrokerAddress, Publisher
from metering.localtime import day_bounds, local_day
from proofs.feed_world import (
    DAYS,
    ZONES,
    Reading,
    Register,
    messages,
    registers,
    registry_files,
)
from proofs.steps import run, wait_settled, wait_until

LATE_METER = "a-cooling"
CORRECTED_METER = "a-total"


@dataclass
class FeedScene:
    """A platform, its institutions and what their meters showed."""

    folder: DataFolder
    passwords: dict[str, str]
    first: date
    """The first local day with readings."""
    registers: dict[str, list[Register]]
    session: int = 0
    published: int = 0
    """Readings of different identity so far."""

    @classmethod
    def make(cls, root: Path, seed: int) -> FeedScene:
        """Init on free ports, and import the registry; nothing runs yet."""
        folder, passwords = _platform_folder(root)
        now_us = folder.clock().now_us()
        today = min(local_day(now_us, zone) for zone in ZONES.values())
        first = today - timedelta(days=DAYS + 1)
        shown = {one: registers(one, first, DAYS, seed) for one in ZONES}
        return cls(folder, passwords, first, shown)

    def is_up(self) -> bool:
        """Whether the API answers and gateways are listened to."""
        mqtt = self.folder.settings().mqtt
        listens = usable_port(mqtt.port, set(), mqtt.host) != mqtt.port
        return listens and bool(ApiClient.of_folder(self.folder).health())

    def midnight(self, institution: str, number: int) -> int:
        """When the day of that number begins [us]."""
        return day_bounds(self.first + timedelta(days=number), ZONES[institution])[0]

    def on_time(self, institution: str, late: tuple[int, int]) -> list[Reading]:
        """All readings but those that will be late."""
        held = {self._identity(one) for one in self._late(institution, late)}
        shown = [one for register in self.registers[institution] for one in register.readings()]
        found = [one for one in shown if self._identity(one) not in held]
        self.published += len(found)
        return found

    def late(self, institution: str, late: tuple[int, int]) -> list[Reading]:
        """The readings held back before."""
        found = self._late(institution, late)
        self.published += len(found)
        return found

    def corrections(self, institution: str, days: tuple[int, ...]) -> list[Reading]:
        """One meter's readings at some midnights, one unit higher: it moves between two days."""
        times = {self.midnight(institution, day) for day in days}
        meter = self._register(institution, CORRECTED_METER)
        at_midnight = [one for one in meter.readings() if int(one["time"]) * 1000 in times]
        return [{**one, "value": int(one["value"]) + 1} for one in at_midnight]

    def publish(self, institution: str, readings: list[Reading]) -> None:
        """As a new session of the institution's gateway; returns once acknowledged."""
        mqtt = self.folder.settings().mqtt
        self.session += 1
        user = f"{institution}-site/gw"
        publisher = Publisher(BrokerAddress(mqtt.host, mqtt.port, user, self.passwords[user]))
        for message in messages(readings, self.session):
            publisher.publish(f"greenoffice/v1/{user}/readings", json.dumps(message).encode())
        publisher.close()

    def settle(self) -> ApiClient:
        """Wait until all that was published is stored and booked; a client."""
        client = ApiClient.of_folder(self.folder)
        wait_until(
            f"{self.published} readings to be stored",
            lambda: client.get("/v1/readings/count")["stored"] == self.published,
        )
        return wait_settled(self.folder)

    def _late(self, institution: str, late: tuple[int, int]) -> list[Reading]:
        first_us, last_us = (self.midnight(institution, day) for day in late)
        meter = self._register(institution, LATE_METER)
        return [one for one in meter.readings() if first_us <= int(one["time"]) * 1000 < last_us]

    def _register(self, institution: str, meter: str) -> Register:
        code = f"{institution}-{meter}"
        return next(one for one in self.registers[institution] if one.meter == code)

    @staticmethod
    def _identity(reading: Reading) -> tuple[object, object]:
        return reading["point"], reading["time"]


def _platform_folder(root: Path) -> tuple[DataFolder, dict[str, str]]:
    """A data folder on free ports with the registry, and its gateways' passwords."""
    ports: set[int] = set()
    for _ in range(3):
        ports.add(usable_port(0, ports | {0}))
    names = ("--http-port", "--mqtt-port", "--metrics-port")
    options = [part for name, port in zip(names, ports, strict=True) for part in (name, str(port))]
    data, source = root / "data", root / "registry"
    run("init", str(data), *options)
    source.mkdir()
    for name, text in registry_files().items():
        (source / name).write_text(text, encoding="utf-8")
    told = run("registry", "import", str(source), "--data", str(data))
    return DataFolder(data), dict(re.findall(r"gateway (\S+)  password (\S+)", told))
