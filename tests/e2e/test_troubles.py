"""Servers that are away or misconfigured: health names them, and nothing is lost."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from greenoffice.ports import usable_port
from metering.localtime import parse_instant
from proofs.servers.influx import OwnServer, found
from storage.influx.setup import WantedBucket


@pytest.fixture
def influx(tmp_path: Path) -> Iterator[OwnServer]:
    if found(1) is None:
        pytest.skip("no influxd 1 on PATH")
    (tmp_path / "influx").mkdir()
    server = OwnServer(tmp_path / "influx", 1)
    yield server
    server.stop()


def settle(platform: Any, text: str) -> None:
    file = platform.folder.settings_file
    file.write_text(file.read_text() + text)


@pytest.mark.long
def test_a_broker_that_is_away_is_named(new_platform: Any, eventually: Any) -> None:
    port = usable_port(0, {0})
    platform = new_platform(
        f'\n[broker]\nurl = "mqtt://127.0.0.1:{port}"\nmetrics_port = {usable_port(0, {0, port})}\n'
    )
    error = eventually(lambda: platform.api.health()["broker"]["error"])
    assert str(port) in error
    platform.send({"readings": [{"point": "T1", "value": 21.0, "time": "2026-11-20T08:00:00Z"}]})
    assert eventually(lambda: platform.readings("T1"))


def test_a_store_that_goes_away_costs_nothing_but_delay(
    new_platform: Any, eventually: Any, influx: OwnServer
) -> None:
    influx.bucket("greenoffice", WantedBucket(now_us=parse_instant("2026-11-20T08:00:00Z")))
    platform = new_platform(f'\n[influx]\nurl = "{influx.url}"\n')
    platform.send({"readings": [{"point": "T1", "value": 20.0, "time": "2026-11-20T08:00:00Z"}]})
    assert eventually(lambda: len(platform.readings("T1")) == 1)
    influx.kill()
    for minute in range(5):
        platform.send(
            {"readings": [{"point": "T1", "value": 21.0, "time": f"2026-11-20T09:0{minute}:00Z"}]}
        )
    error = eventually(lambda: platform.api.health()["intake"]["error"])
    assert "InfluxDB" in error or "influx" in error
    influx.start()
    assert eventually(lambda: len(platform.readings("T1")) == 6, 60)
    assert platform.letters("refused") == []


@pytest.mark.long
def test_a_bucket_that_is_not_there_is_named(
    new_platform: Any, eventually: Any, influx: OwnServer
) -> None:
    platform = new_platform(f'\n[influx]\nurl = "{influx.url}"\nbucket = "nowhere"\n')
    error = eventually(lambda: platform.api.health()["readings"]["error"])
    assert "nowhere" in error
    assert "influx init" in error


def test_an_unreachable_database_is_named_at_the_start(command: Any, new_folder: Any) -> None:
    port = usable_port(0, {0})
    platform = new_folder()
    settle(platform, f'\n[database]\nurl = "postgresql+psycopg://u@127.0.0.1:{port}/x"\n')
    refused = command(
        "registry", "import", str(platform.folder.root), "--data", str(platform.folder.root)
    )
    assert refused.returncode != 0
    assert str(port) in refused.stderr
    assert "database" in refused.stderr
    shutil.rmtree(platform.folder.root)
