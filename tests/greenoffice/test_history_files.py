"""`greenoffice history from` of files: Home Assistant's statistics and ThingsBoard's telemetry."""

from __future__ import annotations

import csv
import json
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from greenoffice.folder import DataFolder
from greenoffice.history.command import run_load
from greenoffice.history.options import HistoryOptions
from greenoffice.history.source_command import SourceOptions, run_from
from greenoffice.history.sources.home_assistant import HomeAssistantSource
from greenoffice.history.sources.thingsboard import ThingsBoardSource
from metering.errors import Conflict, InvalidInput, NotFound
from tests.history_office import load, office, stored

HOUR_US = 3_600_000_000
AUTUMN = datetime(2023, 10, 28, 22, tzinfo=UTC)
"""Midnight in Berlin, of the day that has 25 hours."""
META = "id integer primary key, statistic_id text, source text, unit_of_measurement text"
VALUES = "mean float, min float, max float"
SCHEMAS = {
    "2021": (
        f"{META}, has_mean bool, has_sum bool, name text",
        f"id integer primary key, created text, metadata_id integer, start text, {VALUES},"
        " last_reset text, state float, sum float",
    ),
    "2023": (
        f"{META}, has_mean bool, has_sum bool, name text",
        "id integer primary key, created text, created_ts float, metadata_id integer, start text,"
        f" start_ts float, {VALUES}, last_reset text, last_reset_ts float, state float, sum float",
    ),
    "2025": (
        f"{META}, has_mean bool, has_sum bool, name text, mean_type integer, unit_class text",
        "id integer primary key, created_ts float, metadata_id integer, start_ts float,"
        f" mean_weight float, {VALUES}, last_reset_ts float, state float, sum float",
    ),
}
"""Columns of both tables in files of these years."""
MAPPING = '"sensor.hall_energy/sum" = "hall"\n"sensor.roof/mean" = "s/g/p.roof"'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataFolder:
    monkeypatch.chdir(tmp_path)
    return office(tmp_path / "data")


def statistics(file: Path, year: str, hours: int = 25, with_text: bool = False) -> Path:
    """A counter that begins anew at hour 20, and a temperature with an hour that is missing."""
    meta, values = SCHEMAS[year]
    with closing(sqlite3.connect(file)) as con, con:
        con.execute(f"CREATE TABLE statistics_meta ({meta})")
        con.execute(f"CREATE TABLE statistics ({values})")
        for id, name, unit in ((1, "sensor.hall_energy", "Wh"), (2, "sensor.roof", "°C")):
            con.execute(
                "INSERT INTO statistics_meta (id, statistic_id, source, unit_of_measurement,"
                " has_mean, has_sum) VALUES (?, ?, 'recorder', ?, ?, ?)",
                (id, name, unit, id == 2, id == 1),
            )
        for hour in reversed(range(hours)):  # nobody promises an order
            start = AUTUMN + timedelta(hours=hour)
            old = year == "2021" or (with_text and hour < 10)
            column, told = ("start", str(start)[:19] + ".000000") if old else ("start_ts", 0.0)
            con.executemany(
                f"INSERT INTO statistics (metadata_id, {column}, state, sum, mean)"
                " VALUES (?, ?, ?, ?, ?)",
                [
                    (1, told or start.timestamp(), 1000.0 * (hour % 20), 1000.0 * hour, None),
                    (2, told or start.timestamp(), None, None, None if hour == 3 else 10.0 + hour),
                ],
            )
    return file


@pytest.mark.parametrize("year", SCHEMAS)
def test_statistics_of_a_day_of_25_hours_are_stored_hour_by_hour(
    folder: DataFolder, tmp_path: Path, year: str
) -> None:
    file = statistics(tmp_path / "home-assistant_v2.db", year, with_text=year == "2023")
    before = file.read_bytes()
    # 25 sums and 24 means are stored, 25 states have no point.
    assert load(folder, lambda: HomeAssistantSource(file), MAPPING, dry_run=True)["stored"] == 49
    told = load(folder, lambda: HomeAssistantSource(file), MAPPING)
    assert told == {"read": 74, "stored": 49, "unknown": 25}
    assert file.read_bytes() == before
    begin = int(AUTUMN.timestamp()) * 1_000_000
    ends = [(begin + (hour + 1) * HOUR_US, float(hour)) for hour in range(25)]
    assert stored(folder, "hall") == ends
    means = [(begin + hour * HOUR_US, 10.0 + hour) for hour in range(25) if hour != 3]
    assert stored(folder, "roof") == means
    again = load(folder, lambda: HomeAssistantSource(file), MAPPING)
    assert again == {"read": 74, "duplicates": 49, "unknown": 25}


def test_a_series_goes_only_to_a_point_of_its_kind(folder: DataFolder, tmp_path: Path) -> None:
    file = statistics(tmp_path / "ha.db", "2025")
    with pytest.raises(InvalidInput, match="of another kind") as refused:
        load(folder, lambda: HomeAssistantSource(file), '"sensor.hall_energy/sum" = "shop"')
    assert "registered as interval" in str(refused.value)
    with pytest.raises(InvalidInput, match="of another kind"):
        load(folder, lambda: HomeAssistantSource(file), '"sensor.roof/mean" = "hall"')
    both = '"sensor.hall_energy/sum" = "hall"\n"sensor.hall_energy/state" = "hall"'
    with pytest.raises(InvalidInput, match="two series"):
        load(folder, lambda: HomeAssistantSource(file), both)
    assert stored(folder, "hall") == stored(folder, "shop") == []


def test_the_database_is_only_read(tmp_path: Path) -> None:
    source = HomeAssistantSource(statistics(tmp_path / "ha.db", "2025"))
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        source._con.execute("DELETE FROM statistics")
    source.close()


def test_what_a_running_home_assistant_has_just_written_is_read(tmp_path: Path) -> None:
    file = statistics(tmp_path / "ha.db", "2025", hours=3)
    with closing(sqlite3.connect(file)) as running:
        running.execute("PRAGMA journal_mode = WAL")
        add = "INSERT INTO statistics (metadata_id, start_ts, sum) VALUES (1, 1700000000, ?)"
        running.execute(add, (5,))
        running.commit()
        running.execute(add, (6,))  # not committed
        with closing(HomeAssistantSource(file)) as source:
            counts = {one.name: one.count for one in source.series()}
        assert counts["sensor.hall_energy/sum"] == 4
        running.commit()  # nobody has kept it from writing


def test_what_is_no_database_of_home_assistant_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no such file"):
        HomeAssistantSource(tmp_path / "none.db")
    other = tmp_path / "other.db"
    other.write_bytes(b"no database at all, but long enough to be looked at" * 30)
    with pytest.raises(InvalidInput, match="not a database of Home Assistant"):
        HomeAssistantSource(other)
    empty = tmp_path / "empty.db"
    sqlite3.connect(empty).execute("CREATE TABLE states (id integer)")
    with pytest.raises(InvalidInput, match="it has no statistics"):
        HomeAssistantSource(empty)
    assert not (tmp_path / "none.db").exists()


def test_the_list_proposes_a_mapping_that_is_loaded_with(
    folder: DataFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, proposed = statistics(tmp_path / "ha.db", "2025"), tmp_path / "map.csv"
    with closing(sqlite3.connect(file)) as con, con:
        con.execute("UPDATE statistics_meta SET statistic_id = 'sensor.hall' WHERE id = 1")
    options = SourceOptions(HistoryOptions(zone="UTC"), listed=True, propose=proposed)
    run_from(lambda: HomeAssistantSource(file), options, folder.root, as_json=False)
    said = capsys.readouterr().out
    assert (
        "sensor.hall/sum: 25 values, 2023-10-28T23:00:00Z to 2023-10-29T23:00:00Z kWh" not in said
    )
    assert "sensor.hall/sum: 25 values in Wh, 2023-10-28T23:00:00Z to 2023-10-29T23:00:00Z" in said
    assert "maybe s/g/p.hall" in said
    with proposed.open(encoding="utf-8-sig", newline="") as source:
        rows = {row["series"]: row for row in csv.DictReader(source)}
    # The counter is proposed once, for what goes on where it began anew.
    assert rows["sensor.hall/sum"]["point"] == "s/g/p.hall"
    assert rows["sensor.hall/state"]["point"] == ""
    assert rows["sensor.roof/mean"] == {
        "series": "sensor.roof/mean",
        "point": "",
        "unit": "°C",
        "kind": "mean",
        "values": "24",
        "first": "2023-10-28T22:00:00Z",
        "last": "2023-10-29T22:00:00Z",
    }
    with pytest.raises(Conflict, match="there is a file already"):
        run_from(lambda: HomeAssistantSource(file), options, folder.root, as_json=False)
    run_from(
        lambda: HomeAssistantSource(file),
        SourceOptions(HistoryOptions(mapping=proposed, zone="UTC")),
        folder.root,
        as_json=False,
    )
    assert "74 values = 25 stored" in capsys.readouterr().out
    assert len(stored(folder, "hall")) == 25


def telemetry(file: Path, **keys: list[tuple[int, object]]) -> Path:
    told = {key: [{"ts": ts, "value": value} for ts, value in rows] for key, rows in keys.items()}
    file.write_text(json.dumps(told), "utf-8")
    return file


def test_telemetry_is_stored_and_every_value_counted_once(
    folder: DataFolder, tmp_path: Path
) -> None:
    ms = int(AUTUMN.timestamp()) * 1000
    rows: list[tuple[int, object]] = [(ms + hour * 3_600_000, f"{hour}.5") for hour in range(24)]
    wrong: list[tuple[int, object]] = [
        *((ms + 30 * 3_600_000, "on"), (ms + 31 * 3_600_000, True), (ms + 32 * 3_600_000, "1e400")),
        *((ms + 33 * 3_600_000, None), (ms, "0.5"), (ms, "0.7"), (0, "4")),
    ]
    # Newest first, as it answers.
    file = telemetry(tmp_path / "hall.json", energy=[*reversed(rows), *wrong], volt=[(ms, 230)])
    mapping = '"hall/energy" = { point = "hall", unit = "kWh" }'
    told = load(folder, lambda: ThingsBoardSource([file]), mapping)
    assert told == {
        **{"read": 32, "stored": 24, "duplicates": 1, "differing": 1, "unknown": 1},
        **{"missing": 1, "refused": 4},
    }
    assert stored(folder, "hall") == [(ts * 1000, float(str(value))) for ts, value in rows]
    # What was refused is mended and loaded as a table.
    refused = tmp_path / "thingsboard.refused.csv"
    text = refused.read_text("utf-8-sig")
    assert text.count("\n") == 5
    refused.write_text(text.replace(",on,", ",40,"), "utf-8")
    run_load(
        HistoryOptions(files=(refused,), mapping=folder.root / "mapping.toml"),
        folder.root,
        as_json=True,
    )
    assert stored(folder, "hall")[-1] == ((ms + 30 * 3_600_000) * 1000, 40.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("time;energy\n2024-01-01;5\n", "not telemetry"),
        ('[{"ts": 1, "value": 2}]', "not telemetry"),
        ('{"energy": [{"ts": 1e300, "value": 2}]}', "not telemetry"),
        ('{"energy": [{"ts": 99999999999999999, "value": 2}]}', "not telemetry"),
        ('{"energy": []}', "nothing is in it"),
    ],
)
def test_what_is_no_telemetry_is_named(
    folder: DataFolder, tmp_path: Path, text: str, message: str
) -> None:
    file = tmp_path / "a.json"
    file.write_text(text, "utf-8")
    with pytest.raises(InvalidInput, match=message):
        load(folder, lambda: ThingsBoardSource([file]))
    with pytest.raises(NotFound):
        load(folder, lambda: ThingsBoardSource([tmp_path / "none.json"]))


def test_killed_in_the_midst_and_given_again_is_as_given_once(
    folder: DataFolder, tmp_path: Path
) -> None:
    rows: list[tuple[int, object]] = [
        ((1_700_000_000 + 3600 * hour) * 1000, hour) for hour in range(40)
    ]
    file, mapping = telemetry(tmp_path / "a.json", energy=rows), '"a/energy" = "hall"'
    load(folder, lambda: ThingsBoardSource([file]), mapping, dry_run=True)  # writes the mapping
    script = (
        "import os, signal\nfrom pathlib import Path\nfrom greenoffice.history import loading\n"
        "from greenoffice.cli import app\n"
        "loading.PART, loading.TOGETHER = 5, 1\nfound = loading._TableLoad._flush\n"
        "def flush(self, left=[4]):\n"
        "    left[0] -= 1\n"
        "    if not left[0]: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    found(self)\n"
        "loading._TableLoad._flush = flush\n"
        "app(['history', 'from', 'thingsboard', 'a.json', '--data', 'data',"
        " '--mapping', 'data/mapping.toml'])\n"
    )
    died = subprocess.run([sys.executable, "-c", script], check=False, cwd=tmp_path)
    assert died.returncode == -signal.SIGKILL
    told = load(folder, lambda: ThingsBoardSource([file]), mapping)
    assert told == {"read": 40, "duplicates": 15, "stored": 25}
    assert [value for _, value in stored(folder, "hall")] == [float(hour) for hour in range(40)]


def test_two_devices_of_one_name_are_told(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    files = [telemetry(tmp_path / one / "a.json", energy=[(1, 2)]) for one in (".", "b")]
    with pytest.raises(InvalidInput, match="called alike"):
        ThingsBoardSource(files).series()
