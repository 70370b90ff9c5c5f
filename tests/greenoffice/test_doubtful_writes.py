"""A write that InfluxDB gets late, on real servers: the numbers are those of an undisturbed one."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry, generate_latest

from api import create_app
from collector.intake import IntakeMetrics
from collector.intake.doubts import LOOKS_S
from collector.journal import JournalWriter, Record
from greenoffice import commands
from greenoffice.api_process import platform_of
from greenoffice.assembly import Assembly
from greenoffice.booking import LedgerWork
from greenoffice.clock import ShiftedClock
from greenoffice.folder import DataFolder
from greenoffice.news import News
from greenoffice.stores import create_admin_key, influx_address, open_stores
from greenoffice.taking_in import IntakeWork, intake_work
from metering.bookhash import book_hash
from metering.errors import OutcomeUnknown
from metering.localtime import HOUR_US, day_bounds, iso, local_day
from metering.registry.files import read_registry_texts
from proofs.quiet_platform import NoPeople
from proofs.servers.postgres import OwnPostgres
from proofs.servers.relay import HoldingRelay
from storage.influx import InfluxAddress, InfluxReadings

pytestmark = pytest.mark.long

ZONE = "Asia/Shanghai"
FILES = {
    "tree.csv": f"code,parent,type,zone\no,,institution,{ZONE}\ns,o,site,\nb,s,building,\n",
    "gateways.csv": "site,code\ns,g\n",
    "meters.csv": "code,node,item,total,step_min\nm,b,01000,yes,60\n",
    "points.csv": "gateway,point,kind,unit,meter\ns/g,E1,register,kWh,m\n",
}
NOW_US = ShiftedClock().now_us()
DAY = local_day(NOW_US, ZONE) - timedelta(2)
DAY_US = day_bounds(DAY, ZONE)[0]
QUIET_ROUNDS = 20
HOURLY = {hour: hour * 0.8 for hour in range(25)}


@dataclass
class Office:
    """A data folder at work on its stores, by a clock of the test's own."""

    folder: DataFolder
    assembly: Assembly
    counters: CollectorRegistry
    waited_us: list[int] = field(default_factory=lambda: [0])

    @classmethod
    def of(cls, folder: DataFolder, answer_s: float = 30.0) -> Office:
        """The parts; `answer_s` is how long InfluxDB is waited for [s]."""
        counters, waited_us = CollectorRegistry(), [0]
        opened = Assembly.open(folder, IntakeMetrics(counters))
        assembly = replace(opened, now_us=lambda: NOW_US + waited_us[0])
        if address := influx_address(folder):
            opened.readings.close()
            readings = InfluxReadings(replace(address, answer_s=answer_s))
            assembly = replace(assembly, readings=readings, owned=readings)
        return cls(folder, assembly, counters, waited_us)

    def __post_init__(self) -> None:
        self.intake, self.ledger = IntakeWork(self.assembly), LedgerWork(self.assembly)

    def rest(self) -> None:
        """All that waits is taken in and booked: both look for news at times only, and late
        readings are let wait for a while."""
        quiet = 0
        while quiet < QUIET_ROUNDS:
            works = self.intake() or self.ledger() or self.assembly.stores.marks.waiting()
            quiet = 0 if works else quiet + 1
            time.sleep(0.02)

    def wait(self, seconds: float) -> None:
        self.waited_us[0] += int(seconds * 1e6)

    def value(self) -> float:
        """Of the register at the end of the day."""
        (point,) = self.assembly.registry().points
        return float(self.assembly.readings.scan([point], DAY_US, NOW_US).value[-1])

    def numbers(self) -> tuple[Any, ...]:
        """Readings, books and what is asked over HTTP."""
        (point,) = self.assembly.registry().points
        found = self.assembly.readings.scan([point], DAY_US - HOUR_US, NOW_US)
        stored = [column.tolist() for column in vars(found).values()]
        return stored, book_hash(self.assembly.stores.books), self.energy()

    def energy(self) -> list[Any]:
        """`/v1/energy` of the day."""
        app = create_app(platform_of(self.folder, self.assembly, lambda _: (0, 0), NoPeople()))
        asked = f"node=o&item=01000&start={DAY}&end={DAY + timedelta(1)}&step=day"
        key = {"X-API-Key": create_admin_key(self.folder)}
        answer = TestClient(app).get(f"/v1/energy?{asked}", headers=key)
        assert answer.status_code == 200, answer.text
        return [(one["start"], one["amount"], one["shares"]) for one in answer.json()["data"]]

    def restated(self) -> list[tuple[int | None, int | None]]:
        """(from, to) of the meter's day."""
        told = self.assembly.stores.books.restatements("o")
        return [(one.old_total, one.new_total) for _, one in told if one.key.kind == "meter"]

    def close(self) -> None:
        self.assembly.close()


def write(folder: DataFolder, seq: int, values: dict[int, float], writer: str = "listener") -> None:
    """A message with readings by hour of the day."""
    number = {"listener": 1, "http": 2}[writer]
    found = [
        {"point": "E1", "time": iso(DAY_US + hour * HOUR_US), "value": value}
        for hour, value in values.items()
    ]
    body = json.dumps({"session": 1, "seq": seq, "readings": found}).encode()
    topic = "greenoffice/v1/s/g/readings"
    with closing(
        JournalWriter(folder.journal / writer, number, now_us=lambda: NOW_US, housekeep=False)
    ) as journal:
        journal.append([Record("message", NOW_US, "s/g", "c", "1", topic, body, 1)])


def founded(root: Path, settings: str = "") -> DataFolder:
    folder = commands.init(root, 18080, 11883, 19464, "en")
    if settings:
        file = folder.root / "greenoffice.toml"
        file.write_text(file.read_text() + settings)
    stores = open_stores(folder)
    wanted = read_registry_texts(FILES, stores.registry.load())
    stores.registry.apply(wanted, actor="test", now_us=1)
    return folder


@pytest.fixture
def relay(influx_bucket: Callable[[int], InfluxAddress]) -> Iterator[tuple[HoldingRelay, str]]:
    """Before a real InfluxDB, and the name of a bucket there."""
    address = influx_bucket(1)
    held = HoldingRelay(address.url)
    yield held, address.bucket
    held.close()


@pytest.fixture
def served(
    tmp_path: Path, relay: tuple[HoldingRelay, str], postgres: OwnPostgres
) -> Iterator[Office]:
    """On InfluxDB and PostgreSQL."""
    settings = (
        f'\n[influx]\nurl = "{relay[0].url}"\nbucket = "{relay[1]}"\n'
        f'\n[database]\nurl = "{postgres.database()}"\n'
    )
    with closing(Office.of(founded(tmp_path / "served", settings), answer_s=1.0)) as office:
        yield office


@pytest.mark.parametrize("way", ["listener", "http"])
@pytest.mark.parametrize("restarts", [False, True])
def test_a_write_that_lands_after_its_correction_is_put_right(
    tmp_path: Path, served: Office, relay: tuple[HoldingRelay, str], way: str, restarts: bool
) -> None:
    folder = served.folder
    write(folder, 0, HOURLY)
    served.rest()
    write(folder, 1, {24: 20.0})
    relay[0].hold_next()
    with pytest.raises(OutcomeUnknown):
        served.intake()
    assert served.intake.doubtful_writes == 1
    served.rest()
    write(folder, 2, {24: 25.0}, way)
    served.rest()

    relay[0].let_go()
    assert served.value() == 20.0
    write(folder, 3, {12: 9.7}, way)
    served.rest()
    if restarts:
        served.assembly.close()
        served = Office.of(folder)
        served.rest()
    assert served.value() == 20.0

    served.wait(LOOKS_S[0])
    served.rest()
    with closing(Office.of(founded(tmp_path / "plain"))) as plain:
        for seq, values, by in (
            *((0, HOURLY, "listener"), (1, {24: 20.0}, "listener")),
            *((2, {24: 25.0}, way), (3, {12: 9.7}, way)),
        ):
            write(plain.folder, seq, values, by)
            plain.rest()
        assert served.value() == 25.0
        assert served.numbers() == plain.numbers()
        assert served.restated()[-1][1] == 25_000_000
        told = generate_latest(served.counters).decode()
        assert "greenoffice_intake_mended_readings_total 1.0" in told

    for after_s in LOOKS_S:
        served.wait(after_s)
        served.rest()
    assert served.assembly.stores.intake.doubts() == []
    assert served.intake.doubtful_writes == 0
    served.close()


def test_health_tells_of_writes_that_are_in_doubt(served: Office) -> None:
    news = News()
    loops = intake_work(served.folder, served.assembly, Event(), news, news.ledger.set)
    assert loops.parts()["readings"] == {"ok": True, "doubtful_writes": 0, "error": ""}
