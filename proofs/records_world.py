"""The records check's year: the demo's campus on a platform whose clock jumps from stop to stop.

start ──── stop ── stop ─────── stop ──── ...      what gateways sent until then is published,
  months ▲        ▲ in the middle of an event       the books come to rest, analytics looks
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from greenoffice.client import ApiClient
from greenoffice.clock import ShiftedClock
from greenoffice.demo.options import DemoWorld
from greenoffice.demo.setting_up import register_campus
from greenoffice.folder import DataFolder
from greenoffice.ports import usable_port
from greenoffice.replay.publisher import BrokerAddress, Publisher
from metering.localtime import DAY_MIN, MINUTE_US, day_bounds, local_day, next_month
from proofs.steps import run, settled, started, wait_until
from simulators.campus import SITE, ZONE, Campus, load_campus
from simulators.devices import Devices
from simulators.message import Publication, topic
from simulators.plan import GatewayPlan
from simulators.world import World

START: Final = date(2025, 10, 1)
END: Final = date(2026, 10, 1)
FIRST_STOP: Final = timedelta(days=20)
"""Before four weeks of history are there."""
REPORT_DAY, REPORT_HOUR = 3, 9
"""When last month's reports are asked for, local."""
DAY_US: Final = DAY_MIN * MINUTE_US
SETTINGS = "\n[analytics]\ninterval_s = 5\n\n[journal]\nsegment_mb = 1\n\n[clock]\noffset_s = 0.0\n"


@dataclass(frozen=True)
class Stop:
    """An instant at which the platform is looked at."""

    at_us: int
    month: date | None = None
    """The month that has just become complete; None in the middle of an event."""

    @property
    def day(self) -> date:
        """The local day it falls on."""
        return local_day(self.at_us, ZONE)


@dataclass
class Year:
    """The platform's folder, its gateways, and how far they have sent."""

    folder: DataFolder
    campus: Campus
    world: World
    plans: list[GatewayPlan]
    passwords: dict[str, str]
    sent: dict[str, int] = field(default_factory=dict)
    """Messages published, by gateway."""

    @classmethod
    def make(cls, root: Path, seed: int) -> Year:
        """A folder on free ports with the campus registered, before its first reading."""
        start_us, end_us = (day_bounds(day, ZONE)[0] for day in (START, END))
        folder = _folder(root)
        _set_clock(folder, start_us)
        registered = register_campus(folder, DemoWorld(seed, start_us, end_us, waste=True))
        campus = load_campus()
        world = World(seed, start_us, end_us, ZONE, campus.calendar)
        devices = Devices(world, campus)
        plans = [GatewayPlan(devices, campus, code) for code in campus.gateways]
        passwords = {user.partition("/")[2]: secret for user, secret in registered.items()}
        return cls(folder, campus, world, plans, passwords)

    def stops(self) -> list[Stop]:
        """The first weeks, each month's report, and the middle of each event of waste."""
        start_us, end_us = (day_bounds(day, ZONE)[0] for day in (START, END))
        found = [Stop(start_us + FIRST_STOP // timedelta(microseconds=1))]
        month = START
        while (following := next_month(month)) <= END:
            at = datetime(following.year, following.month, REPORT_DAY, REPORT_HOUR)
            found.append(Stop(round(at.replace(tzinfo=ZoneInfo(ZONE)).timestamp() * 1e6), month))
            month = following
        waste = (one for one in self.world.labels if one.is_waste)
        found += [Stop(_morning(one.hours[len(one.hours) // 2])) for one in waste]
        ordered = sorted((one for one in found if one.at_us < end_us + 3 * DAY_US), key=_at)
        return [
            a for a, b in pairwise([*ordered, Stop(2**62)]) if a.month or b.at_us - a.at_us > DAY_US
        ]

    @contextlib.contextmanager
    def at(self, stop: Stop) -> Iterator[ApiClient]:
        """The platform at work at that instant, with everything sent until then booked and looked
        at; stopped again afterwards."""
        _set_clock(self.folder, stop.at_us)
        with started(["up", str(self.folder.root)]):
            client = ApiClient.of_folder(self.folder)
            wait_until("the platform to start", lambda: self._is_up(client))
            self._publish(stop.at_us)
            self.rest(client)
            yield client

    def rest(self, client: ApiClient) -> None:
        """Until everything is booked, and analytics has looked at it since."""
        wait_until("the books to rest", lambda: settled(client), every_s=0.2)
        booked_us = self.folder.clock().now_us()
        wait_until(
            "analytics to look",
            lambda: bool(client.health()["analytics"]["began_us"] > booked_us),
            every_s=0.2,
        )

    def _is_up(self, client: ApiClient) -> bool:
        mqtt = self.folder.settings().mqtt
        listens = usable_port(mqtt.port, set(), mqtt.host) != mqtt.port
        return listens and bool(client.health())

    def _publish(self, until_us: int) -> None:
        mqtt = self.folder.settings().mqtt
        for plan in self.plans:
            code = plan.gateway
            user, password = f"{SITE}/{code}", self.passwords[code]
            publisher = Publisher(BrokerAddress(mqtt.host, mqtt.port, user, password))
            number = self.sent.get(code, 0)
            while number < len(plan) and _known_at(message := plan.message(number, 1)) <= until_us:
                publisher.publish(topic(code), message.payload)
                number += 1
            publisher.close()
            self.sent[code] = number


def _at(stop: Stop) -> int:
    return stop.at_us


def _morning(at_us: int) -> int:
    """Nine o'clock on the local day after an instant."""
    return day_bounds(local_day(at_us, ZONE), ZONE)[1] + REPORT_HOUR * 3_600_000_000


def _known_at(message: Publication) -> int:
    """When a gateway can send it at the earliest; unreadable ones at any time."""
    return max((entry.time_us for entry in message.entries), default=0)


def _folder(root: Path) -> DataFolder:
    ports: set[int] = set()
    for _ in range(3):
        ports.add(usable_port(0, ports | {0}))
    names = ("--http-port", "--mqtt-port", "--metrics-port")
    options = [part for name, port in zip(names, ports, strict=True) for part in (name, str(port))]
    run("init", str(root / "data"), *options)
    folder = DataFolder(root / "data")
    text = folder.settings_file.read_text(encoding="utf-8")
    folder.settings_file.write_text(text + SETTINGS, encoding="utf-8")
    return folder


def _set_clock(folder: DataFolder, at_us: int) -> None:
    """The folder's clock shows that instant now, and goes on from there."""
    offset_s = ShiftedClock.showing(at_us).offset_us / 1e6
    text = folder.settings_file.read_text(encoding="utf-8")
    text, count = re.subn(r"(?m)^offset_s = .*$", f"offset_s = {offset_s:.6f}", text)
    assert count == 1, "the settings set no clock"
    folder.settings_file.write_text(text, encoding="utf-8")
