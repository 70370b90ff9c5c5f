"""Processes apart: who may run, and what one hears of another."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from greenoffice.api_process import run_api
from greenoffice.commands import init
from greenoffice.folder import DataFolder
from greenoffice.health import process_health
from greenoffice.heartbeat import SILENT_S, heard, tell
from greenoffice.influx_setup import InfluxOptions, influx_init
from greenoffice.ports import usable_port
from greenoffice.stores import open_credentials, open_readings
from greenoffice.work_process import run_work
from metering.errors import ConfigurationError, Conflict, Unavailable
from proofs.servers.influx import OwnServer
from proofs.steps import started, wait_until


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return init(tmp_path / "data", 18080, 11883, 19464, "en")


@pytest.mark.parametrize("run", [run_work, run_api])
def test_work_and_api_apart_need_readings_on_a_server(
    folder: DataFolder, run: Callable[[Path], None]
) -> None:
    with pytest.raises(ConfigurationError, match=r"influx\.url") as refused:
        run(folder.root)
    assert "greenoffice up" in str(refused.value)


def test_health_is_what_the_other_process_told(folder: DataFolder) -> None:
    tell(folder.heartbeat("work"), {"ledger": {"ok": False, "waiting_marks": 3, "error": "away"}})
    (name, part), *_ = process_health(folder, "work").items()
    assert (name, part.ready) == ("ledger", False)
    assert part.detail == {"waiting_marks": 3, "error": "away"}


@pytest.mark.parametrize("content", [None, "", "{not json", "old"])
def test_a_process_that_does_not_tell_is_not_ready(folder: DataFolder, content: str | None) -> None:
    file = folder.heartbeat("work")
    old = json.dumps({"at": time.time() - SILENT_S - 1, "parts": {"ledger": {"ok": True}}})
    if content is not None:
        file.write_text(old if content == "old" else content)
    health = process_health(folder, "work")
    assert list(health) == ["work"]
    assert not health["work"].ready
    assert health["work"].detail["error"]


@pytest.mark.parametrize("generation", [1, 2])
def test_influx_init_leaves_settings_and_tokens_that_work(
    folder: DataFolder, influx_server: Callable[[int], OwnServer], generation: int
) -> None:
    server = influx_server(generation)
    admin = folder.root / "admin"
    admin.write_text(server.admin_token)
    org = "greenoffice" if generation == 2 else ""
    told = InfluxOptions(
        server.url, "test-command", org, admin_token_file=admin if server.admin_token else None
    )
    influx_init(folder, told)
    assert folder.settings().influx.bucket == "test-command"
    for file in folder.secrets.glob("influx*"):
        assert file.stat().st_mode & 0o777 == 0o600
    readings = open_readings(folder)
    assert readings.count() == 0
    readings.close()
    again = InfluxOptions(admin_token_file=told.admin_token_file)
    influx_init(folder, again)
    assert folder.settings_file.read_text().count("[influx]") == 1


def test_influx_init_says_what_it_lacks(folder: DataFolder) -> None:
    with pytest.raises(ConfigurationError, match="--url"):
        influx_init(folder, InfluxOptions())
    with folder.settings_file.open("a") as file:
        file.write('\n[influx]\nurl = "http://127.0.0.1:1"\ntoken_file = "secrets/influx.token"\n')
    with pytest.raises(Conflict, match="leave the options out"):
        influx_init(folder, InfluxOptions(bucket="other"))


def test_the_collector_only_reads_the_database(tmp_path: Path) -> None:
    """Every file of it that the process holds was opened for reading alone; its log beside it is
    SQLite's own, which readers share with writers."""
    taken: set[int] = set()
    for preferred in (18080, 11883, 19464):
        taken.add(usable_port(preferred, taken))
    folder = init(tmp_path / "data", *sorted(taken), "en")
    folder.logs.mkdir(exist_ok=True)
    with started(["collector", str(folder.root)]) as process:
        told = folder.heartbeat("collector")
        wait_until("the collector", lambda: heard(told)["listener"]["ok"], 60, every_s=0.2)
        held = Path(f"/proc/{process.pid}/fd")
        numbers = [fd.name for fd in held.iterdir() if fd.resolve() == folder.database]
        modes = {
            int(line.split()[1], 8) & os.O_ACCMODE
            for number in numbers
            for line in (held.parent / "fdinfo" / number).read_text().splitlines()
            if line.startswith("flags:")
        }
    assert modes == {os.O_RDONLY}


def test_passwords_are_checked_but_never_made_where_a_process_only_reads(
    folder: DataFolder,
) -> None:
    credentials = open_credentials(folder)
    assert not credentials.verify("campus/gw", b"wrong")
    with pytest.raises(Unavailable, match=r"readonly database"):
        credentials.renew("campus/gw", actor="test", now_us=0)
