"""`python -m proofs replay`: real data through the whole platform, to the last mWh.

Recorded files go over MQTT as a gateway would have sent them. A program that imports nothing
of ours adds the same rows month by month; the API's monthly energy must equal its sums.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from greenoffice.client import ApiClient
from greenoffice.folder import DataFolder
from greenoffice.ports import usable_port
from greenoffice.replay.command import publish, register_series
from greenoffice.replay.options import ReplayOptions, ValueColumn
from greenoffice.replay.registration import meter_code
from greenoffice.replay.table import RecordedTable
from metering.reading import Kind
from proofs.steps import (
    data_folder_with_recordings,
    finish,
    run,
    say,
    started,
    wait_settled,
    wait_until,
)

RECORDED_SUMS = Path(__file__).with_name("recorded_sums.py")
"""The program that adds recorded rows without importing any of our packages."""


@dataclass(frozen=True)
class Recording:
    """One file to replay, and how the independent sums read it."""

    name: str
    options: ReplayOptions
    scale: float
    """mWh of one unit of the value over one interval."""
    months: dict[str, str]
    """`zone` for a UTC column; nothing where the recorded clock is the months' clock."""


@dataclass
class Totals:
    """The result line."""

    rows: int = 0
    null_values: int = 0
    refused: int = 0
    published: int = 0
    stored: int = 0
    months_compared: int = 0
    max_difference_mwh: int = 0
    differences: list[str] = field(default_factory=list)


def recordings(data: Path) -> list[Recording]:
    """The recordings of the check; absent files are left out."""
    bdg2 = data / "bdg2_electricity" / "electricity_hourly.parquet"
    ucsd = data / "ucsd_microgrid" / "meters_15min.parquet"
    wanted = [
        Recording("fox", _hourly(bdg2, "fox", "-07:00", "building_id LIKE 'Fox%'"), 1e6, {}),
        Recording(
            "panther", _hourly(bdg2, "panther", "-05:00", "building_id LIKE 'Panther%'"), 1e6, {}
        ),
        Recording("ucsd", _quarter_hourly(ucsd), 0.25e6, {"zone": "America/Los_Angeles"}),
    ]
    return [one for one in wanted if one.options.file.is_file()]


def run_replay_check() -> None:
    """Replay every recording into a fresh platform and compare all months."""
    found = recordings(data_folder_with_recordings())
    if not found:
        say("skipped: no recorded data; set GREENOFFICE_DATA to its folder")
        finish({"skipped": "no recorded data"}, passed=True)
    with tempfile.TemporaryDirectory(prefix="greenoffice-replay-") as temporary:
        folder = _platform_folder(Path(temporary) / "data")
        with started(["up", str(folder.root)]):
            wait_until("the platform to start", _is_up(folder))
            totals = Totals()
            for recording in found:
                _replay_one(recording, folder, totals)
            client = wait_settled(folder)
            totals.stored = client.get("/v1/readings/count")["stored"]
            for recording in found:
                _compare(recording, client, totals)
    for difference in totals.differences[:20]:
        say(difference)
    result = {name: value for name, value in vars(totals).items() if name != "differences"}
    finish(result, passed=_passed(totals))


def _passed(totals: Totals) -> bool:
    return (
        totals.max_difference_mwh == 0
        and totals.months_compared > 0
        and totals.stored == totals.published
        and totals.rows == totals.null_values + totals.refused + totals.published
    )


def _hourly(file: Path, site: str, offset: str, where: str) -> ReplayOptions:
    return ReplayOptions(
        file=file,
        time="ts_local",
        id="building_id",
        values=(ValueColumn("kwh", "kWh"),),
        kind=Kind.INTERVAL,
        interval_min=60,
        site=site,
        zone=offset,
        offset=offset,
        where=where,
    )


def _quarter_hourly(file: Path) -> ReplayOptions:
    return ReplayOptions(
        file=file,
        time="ts_utc",
        id="meter",
        values=(ValueColumn("real_kw", "kW"),),
        kind=Kind.MEAN,
        interval_min=15,
        site="ucsd",
        zone="America/Los_Angeles",
        utc=True,
    )


def _platform_folder(root: Path) -> DataFolder:
    ports: set[int] = set()
    for _ in range(3):
        ports.add(usable_port(0, ports | {0}))
    http, mqtt, metrics = ports
    run(
        "init",
        str(root),
        "--http-port",
        str(http),
        "--mqtt-port",
        str(mqtt),
        "--metrics-port",
        str(metrics),
    )
    return DataFolder(root)


def _is_up(folder: DataFolder) -> Callable[[], bool]:
    return lambda: bool(ApiClient.of_folder(folder).health())


def _replay_one(recording: Recording, folder: DataFolder, totals: Totals) -> None:
    say(f"replaying {recording.name}")
    table = RecordedTable(recording.options)
    register_series(table, folder)
    report = publish(table, folder)
    totals.rows += report.rows
    totals.null_values += report.null_values
    totals.refused += report.refused
    totals.published += report.published


def _compare(recording: Recording, client: ApiClient, totals: Totals) -> None:
    say(f"comparing {recording.name}")
    expected = independent_sums(recording)["sums"]
    value = recording.options.values[0]
    for series, months in sorted(expected.items()):
        booked = _booked_months(client, meter_code(recording.options, series, value), months)
        for month, amount in sorted(months.items()):
            totals.months_compared += 1
            difference = abs(booked.get(month, 0) - amount)
            totals.max_difference_mwh = max(totals.max_difference_mwh, difference)
            if difference:
                totals.differences.append(
                    f"{recording.name} {series} {month}: booked {booked.get(month)}, "
                    f"recorded {amount} mWh"
                )


def _booked_months(client: ApiClient, meter: str, months: dict[str, int]) -> dict[str, int]:
    first, last = min(months), max(months)
    answer = client.get(
        "/v1/energy",
        meter=meter,
        item="01000",
        step="month",
        start=f"{first}-01",
        end=_after(last),
    )
    return {
        value["start"][:7]: int(value["amount"])
        for value in answer["data"]
        if value["amount"] is not None
    }


def _after(month: str) -> str:
    year, number = int(month[:4]), int(month[5:])
    return f"{year + number // 12}-{number % 12 + 1:02d}-01"


def independent_sums(recording: Recording) -> dict[str, Any]:
    """Sums of the recorded rows by the program that imports none of our packages."""
    options = recording.options
    task = {
        "file": str(options.file),
        "time": options.time,
        "id": options.id,
        "value": options.values[0].column,
        "scale": recording.scale,
        **({"where": options.where} if options.where else {}),
        **recording.months,
    }
    done = subprocess.run(
        [sys.executable, "-I", str(RECORDED_SUMS), json.dumps(task)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    parsed = json.loads(done.stdout)
    assert isinstance(parsed, dict)
    return parsed
