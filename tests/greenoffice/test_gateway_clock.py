"""`greenoffice gateway clock`: what waits for a wrong clock is taken in once a person says so."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from collector.journal import JournalWriter, Record
from greenoffice import commands
from greenoffice.assembly import Assembly
from greenoffice.cli import app
from greenoffice.folder import DataFolder
from greenoffice.registering import ImportOptions, import_registry
from greenoffice.stores import open_stores
from greenoffice.taking_in import IntakeWork
from metering.errors import GreenOfficeError
from metering.localtime import HOUR_US, iso

TREE = "code,parent,type,zone\noffice,,institution,UTC\ncampus,office,site,\n"
POINTS = "gateway,point,kind,unit\ncampus/roof,T1,instant,C\n"
TOPIC = "greenoffice/v1/campus/roof/readings"
MESSAGES, STEP_US = 80, 60_000_000


def payload(n: int, clock_us: int) -> bytes:
    reading = {"point": "T1", "value": n / 10, "time": clock_us // 1000}
    return json.dumps({"sent": clock_us // 1000, "readings": [reading]}).encode()


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    """A gateway that sent for more than an hour, its clock an hour ahead."""
    made = commands.init(tmp_path / "data", 18080, 11883, 19464, "en")
    (tmp_path / "tree.csv").write_text(TREE)
    (tmp_path / "gateways.csv").write_text("site,code\ncampus,roof\n")
    (tmp_path / "points.csv").write_text(POINTS)
    import_registry(tmp_path, made.root, ImportOptions(yes=True))
    begin_us = begin(made)
    journal = JournalWriter(made.journal / "listener", 1, now_us=lambda: begin_us, housekeep=False)
    arrivals = [begin_us + n * STEP_US for n in range(MESSAGES)]
    journal.append(
        [
            Record("message", at, "campus/roof", "c", "x", TOPIC, payload(n, at + HOUR_US), 1)
            for n, at in enumerate(arrivals)
        ]
    )
    journal.close()
    take_in(made)
    return made


def begin(folder: DataFolder) -> int:
    return (folder.clock().now_us() // HOUR_US - 24) * HOUR_US


def take_in(folder: DataFolder) -> Any:
    with closing(Assembly.open(folder)) as assembly:
        work = IntakeWork(assembly)
        while work():
            pass
        points = list(assembly.registry().points)
        return assembly.readings.scan(points, 0, 2**62)


def clock(folder: DataFolder, *arguments: str) -> Any:
    words = ["gateway", "clock", str(folder.root), "campus/roof", *arguments]
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def status(folder: DataFolder, *arguments: str) -> str:
    words = ["gateway", "status", str(folder.root), "campus/roof", *arguments]
    return CliRunner().invoke(app, words, catch_exceptions=False).stdout


def test_a_clock_is_proposed_accepted_and_taken_back(folder: DataFolder) -> None:
    known = clock(folder)
    assert (known["mode"], known["quarantined"]) == ("propose", MESSAGES)
    (one,) = known["repairs"]
    assert (one["state"], one["ahead_s"]) == ("proposed", 3_600.0)
    told = json.loads(status(folder, "--json"))
    assert (told["quarantined"], told["clock_proposed_seconds"]) == (MESSAGES, 3_600.0)
    assert (told["clock_offset_seconds"], told["next"]) == (3_600.0, "set_clock")
    assert f"{MESSAGES} dead letters wait for its clock" in status(folder)
    clock(folder, "--accept", str(one["id"]))
    found = take_in(folder)
    first_us = begin(folder)
    assert found.time_us.tolist() == [first_us + n * STEP_US for n in range(MESSAGES)]
    known = clock(folder)
    assert (known["quarantined"], known["repairs"][0]["moving"]) == (0, False)
    clock(folder, "--dismiss", str(one["id"]))
    assert len(take_in(folder)) == 0
    assert clock(folder)["quarantined"] == MESSAGES
    actions = [entry.action for entry in open_stores(folder).access.entries(None)]
    assert {"clock.repair", "clock.dismiss"} <= set(actions)


def test_a_person_states_what_no_message_says(folder: DataFolder) -> None:
    known = clock(folder, "--mode", "off")
    clock(folder, "--dismiss", str(known["repairs"][0]["id"]))
    start = iso(begin(folder) - HOUR_US)
    stated = clock(folder, "--ahead-s", "3600", "--from", start)["repairs"]
    assert [one["state"] for one in stated] == ["repaired", "dismissed"]
    assert len(take_in(folder)) == MESSAGES
    for wrong in (["--mode", "always"], ["--accept", "99"], ["--ahead-s", "900"]):
        with pytest.raises(GreenOfficeError):
            clock(folder, *wrong)
