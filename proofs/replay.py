"""`python -m proofs replay`: real data through the whole platform, to the last mWh.

Recorded files go over MQTT as a gateway would have sent them. A program that imports nothing
of ours adds the same rows month by month; the API's monthly energy must equal its sums. Where it
does not, every hour that is called measured must be what was recorded, and every other one must
belong to a value that repeats for longer than a day, or be four times what is usual.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from greenoffice.client import ApiClient
from greenoffice.folder import DataFolder
from greenoffice.ports import usable_port
from greenoffice.replay.command import publish, register_series
from greenoffice.replay.mending import ReplayMending
from greenoffice.replay.options import ReplayOptions, ValueColumn
from greenoffice.replay.registration import meter_code
from metering.localtime import HOUR_US, iso, next_month, parse_instant, previous_month, zone_of
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
    """Of months that are whole, and of measured hours of the others."""
    repeated_hours: int = 0
    """Not measured, because one value repeats there for longer than a day."""
    impossible_hours: int = 0
    """Not measured, because no hour of these months is likely to be so much."""
    unexplained_hours: int = 0
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
        totals.max_difference_mwh == totals.unexplained_hours == 0
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
    register_series(recording.options, folder)
    report = publish(recording.options, folder, ReplayMending())
    totals.rows += report.values
    totals.null_values += report.null_values
    totals.refused += report.refused
    totals.published += report.published


def _compare(recording: Recording, client: ApiClient, totals: Totals) -> None:
    say(f"comparing {recording.name}")
    expected = independent_sums(recording)["sums"]
    differing: dict[str, list[str]] = {}
    for series, months in sorted(expected.items()):
        booked = _booked_months(client, meter_code(series), months)
        totals.months_compared += len(months)
        found = [month for month, amount in sorted(months.items()) if booked.get(month) != amount]
        if found:
            differing[series] = found
    if not differing:
        return
    asked = {series: sorted(set(_with_neighbours(found))) for series, found in differing.items()}
    values = independent_sums(recording, asked)["values"]
    for series, found in differing.items():
        recorded = [tuple(one) for month in asked[series] for one in values[series].get(month, ())]
        meter = meter_code(series)
        for month in found:
            _account(recording, client, meter, month, recorded, totals)


def _with_neighbours(months: Sequence[str]) -> Iterator[str]:
    """What repeats over the turn of a month is seen as one."""
    for month in months:
        first = date.fromisoformat(f"{month}-01")
        yield from (f"{one:%Y-%m}" for one in (previous_month(first), first, next_month(first)))


def _account(
    recording: Recording,
    client: ApiClient,
    meter: str,
    month: str,
    recorded: Sequence[tuple[int, int]],
    totals: Totals,
) -> None:
    """A month that is not the sum of its values: hours that are called measured are what was
    recorded, to the last unit, and all others repeat for over a day or are far beyond the usual."""
    zone = recording.options.zone
    ahead_us = 0 if recording.options.utc else _ahead_us(zone)
    hours = _booked_hours(client, meter, month)
    told: dict[int, int] = defaultdict(int)
    for time_us, amount in recorded:
        told[(time_us - ahead_us) // HOUR_US * HOUR_US] += amount
    repeated, possible = repeating(recorded, ahead_us), possible_hour(told)
    for start_us, (amount, measured) in hours.items():
        if measured:
            difference = abs(amount - told.get(start_us, 0))
            totals.max_difference_mwh = max(totals.max_difference_mwh, difference)
        else:
            lost = told.get(start_us, 0)
            difference = int(lost != 0 and start_us not in repeated and lost <= possible)
            totals.unexplained_hours += difference
            totals.repeated_hours += start_us in repeated
            totals.impossible_hours += lost > possible
        if difference:
            totals.differences.append(
                f"{recording.name} {meter} {iso(start_us, zone)}: booked {amount},"
                f" recorded {told.get(start_us, 0)} mWh"
            )


def repeating(recorded: Sequence[tuple[int, int]], offset_us: int = 0) -> set[int]:
    """Hours (UTC) [us] of values other than 0 that are equal for longer than a day on end;
    `recorded` are (time on the recorded clock [us], amount), `offset_us` what that is ahead."""
    found: set[int] = set()
    for amount, group in itertools.groupby(sorted(recorded), key=lambda one: one[1]):
        times = [time_us - offset_us for time_us, _ in group]
        if amount and times[-1] - times[0] >= 24 * HOUR_US:
            found.update(time_us // HOUR_US * HOUR_US for time_us in times)
    return found


def possible_hour(amounts: Mapping[int, int]) -> float:
    """Four times what is usual of the largest hour of a day, by amounts of hours [us]; no limit of
    a month is lower."""
    largest: dict[int, int] = defaultdict(int)
    for start_us, amount in amounts.items():
        day = start_us // (24 * HOUR_US)
        largest[day] = max(largest[day], amount)
    return 4 * median(largest.values())


def _ahead_us(zone: str) -> int:
    """What an offset such as -07:00 is ahead of UTC."""
    ahead = zone_of(zone).utcoffset(None) or timedelta()
    return int(ahead.total_seconds()) * 1_000_000


def _booked_hours(client: ApiClient, meter: str, month: str) -> dict[int, tuple[int, bool]]:
    """(amount [mWh], whether all of it is measured) by the start of the hour [us]."""
    answer = client.get(
        "/v1/energy", meter=meter, item="01000", step="hour", start=f"{month}-01", end=_after(month)
    )
    return {
        parse_instant(one["start"]): (int(one["amount"] or 0), one["shares"]["measured"] == 1)
        for one in answer["data"]
    }


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


def independent_sums(
    recording: Recording, values: Mapping[str, Sequence[str]] | None = None
) -> dict[str, Any]:
    """Sums of the recorded rows by the program that imports none of our packages; of the months
    named by series each value too."""
    options = recording.options
    task = {
        "file": str(options.file),
        "time": options.time,
        "id": options.id,
        "value": options.values[0].column,
        "scale": recording.scale,
        **({"where": options.where} if options.where else {}),
        **recording.months,
        **({"values": values} if values else {}),
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
