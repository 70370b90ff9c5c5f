"""The intake over the journal, DuckDB and SQLite, with the demo's registry imported."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.intake import Intake, IntakeReport
from collector.journal import JournalReader, JournalWriter, Record
from collector.routes import check_route
from greenoffice.registry_files import read_registry
from metering.localtime import HOUR_US, iso, parse_instant
from metering.registry.files import read_registry_texts
from storage import DuckDBReadings, open_engine, sql_stores

NOW_US = parse_instant("2026-11-24T08:15:02Z")
CAMPUS = Path(__file__).parents[3] / "simulators" / "campus"


class Platform:
    """One platform's data folder, opened as its processes do."""

    def __init__(self, root: Path) -> None:
        self.stores = sql_stores(open_engine(f"sqlite:///{root / 'greenoffice.db'}"))
        self.readings = DuckDBReadings(root / "readings.duckdb")
        self.writer = JournalWriter(root / "journal" / "listener", 1, now_us=lambda: NOW_US)
        self.reader = JournalReader(root / "journal")
        self.stores.registry.apply(read_registry(CAMPUS)[0], actor="test", now_us=NOW_US)
        self.reload()
        self.intake = Intake(
            self.reader,
            self.readings,
            self.stores.intake,
            self.stores.marks,
            lambda: self.registry,
            lambda: NOW_US,
            limit=7,
        )

    def reload(self) -> None:
        self.registry = self.stores.registry.load()

    def publish(self, seq: int, readings: list[dict[str, Any]]) -> None:
        body = json.dumps({"session": 1, "seq": seq, "readings": readings}).encode()
        topic = "greenoffice/v1/campus/gw-a/readings"
        self.writer.append([Record("message", NOW_US, "campus/gw-a", "c", "1", topic, body, 1)])

    def drain(self) -> IntakeReport:
        total = IntakeReport()
        while (report := self.intake.step(1)).records:
            total += report
        return total

    def close(self) -> None:
        self.writer.close()
        self.reader.close()
        self.readings.close()


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    opened = Platform(tmp_path)
    yield opened
    opened.close()


def reading(point: str, hour: int, value: float) -> dict[str, Any]:
    return {"point": point, "time": iso(NOW_US - hour * HOUR_US), "value": value}


def test_everything_arrives_and_replays_and_rebuilds(platform: Platform) -> None:
    for seq in range(40):
        platform.publish(seq, [reading("E1.import", 50 - seq, seq), reading("NEW", seq, seq)])
    platform.publish(3, [reading("E1.import", 47, 3)])
    platform.publish(99, [reading("E1.import", 47, 4)])
    report = platform.drain()
    assert (report.records, report.new, report.duplicates, report.corrections) == (42, 40, 1, 1)
    assert (report.dead, platform.readings.count()) == (40, 40)
    point = platform.registry.point_of("campus/gw-a", "E1.import")
    assert point is not None
    assert {mark.point for mark in platform.stores.marks.ready() if mark.cause == "reading"} == {
        point.id
    }

    added = "gateway,point,kind,unit\ncampus/gw-a,NEW,instant,C\n"
    wanted = read_registry_texts({"points.csv": added}, platform.registry)
    platform.stores.registry.apply(wanted, actor="test", now_us=NOW_US)
    platform.reload()
    assert platform.intake.replay_dead_letters().replayed == 40
    assert platform.readings.count() == 80
    assert platform.stores.intake.dead_letters(None, state="open") == []

    every = list(platform.registry.points)
    before = platform.readings.scan(every, 0, NOW_US)
    assert platform.intake.rebuild().new == 80
    after = platform.readings.scan(every, 0, NOW_US)
    for name, column in vars(before).items():
        assert column.tolist() == getattr(after, name).tolist()


def test_a_route_that_is_imported_takes_in_what_it_mends(platform: Platform) -> None:
    """Over the stores of a platform: refused, imported, taken in; and rebuilt to the same."""
    body = json.dumps({"readings": [reading("E1.import", 1, 5.0)]}).encode()
    platform.writer.append([Record("message", NOW_US, "campus/gw-a", "c", "1", "tele/7", body, 1)])
    platform.drain()
    (letter,) = platform.stores.intake.dead_letters(None)
    assert (letter.reason, letter.read_by) == ("unknown_topic", "")

    day = iso(NOW_US)[:10]
    for until, replayed in ((day, 0), ("", 1)):
        rows = f"gateway,topic,decoder,valid_to\ncampus/gw-a,tele/+,native,{until}\n"
        wanted = read_registry_texts(
            {"routes.csv": rows}, platform.registry, check_route=check_route
        )
        platform.stores.registry.apply(wanted, actor="test", now_us=NOW_US)
        platform.reload()
        assert platform.intake.replay_dead_letters().replayed == replayed
    assert platform.readings.count() == 1
    assert platform.intake.rebuild().new == 1
    assert platform.stores.intake.dead_letters(None) == []
