"""`greenoffice points` over real stores: what is approved is taken in, and nothing is lost."""

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
from greenoffice.joining import approve
from greenoffice.registering import ImportOptions, import_registry
from greenoffice.stores import open_stores
from greenoffice.taking_in import IntakeWork
from metering.errors import InvalidInput, NotFound
from metering.localtime import iso

TREE = "code,parent,type,zone\noffice,,institution,UTC\ncampus,office,site,\n"
MESSAGES, STEP_US = 1_100, 900_000_000
"""More than the dead letters of a day that are kept."""
ROOF = "campus/roof"


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    """A site with a gateway, a meter and no point."""
    made = commands.init(tmp_path / "data", 18080, 11883, 19464, "en")
    (tmp_path / "tree.csv").write_text(TREE)
    (tmp_path / "gateways.csv").write_text("site,code\ncampus,roof\n")
    (tmp_path / "meters.csv").write_text("code,node,item\nmain,campus,01000\n")
    import_registry(tmp_path, made.root, ImportOptions(yes=True))
    return made


def push(folder: DataFolder, *messages: Any, channel: str = "readings") -> None:
    """Journal messages of the gateway, and take in what can be."""
    now_us = folder.clock().now_us()
    journal = JournalWriter(folder.journal / "listener", 1, now_us=lambda: now_us, housekeep=False)
    topic = f"greenoffice/v1/{ROOF}/{channel}"
    records = [
        Record("message", now_us - 10, ROOF, "c", "x", topic, json.dumps(one).encode(), 1)
        for one in messages
    ]
    journal.append(records)
    journal.close()
    take_in(folder)


def take_in(folder: DataFolder) -> None:
    with closing(Assembly.open(folder)) as assembly:
        work = IntakeWork(assembly)
        while work():
            pass


def stored(folder: DataFolder) -> dict[str, int]:
    """Readings of each point."""
    with closing(Assembly.open(folder)) as assembly:
        points = assembly.registry().points
        return {p.name: assembly.readings.count([id]) for id, p in points.items()}


def run(*arguments: str) -> list[Any]:
    done = CliRunner().invoke(app, ["points", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_all_that_came_of_points_is_stored_once_they_are_approved(
    folder: DataFolder, tmp_path: Path
) -> None:
    data = str(folder.root)
    about = {"points": [{"point": "E1.import", "name": "Main supply", "unit": "kWh"}]}
    push(folder, about, channel="about")
    (first,) = run("proposed", data, ROOF)
    assert (first["name"], first["readings"]) == ("Main supply", 0)
    begin_us = folder.clock().now_us() // STEP_US * STEP_US - MESSAGES * STEP_US
    push(
        folder,
        *(
            {
                "session": 1,
                "seq": n,
                "time": iso(begin_us + n * STEP_US),
                "readings": [
                    {"point": "E1.import", "unit": "Wh", "value": 1000 + 5 * n},
                    {"point": "T1", "value": 20 + n % 3},
                    {"point": "junk", "value": n},
                ],
            }
            for n in range(MESSAGES)
        ),
    )
    told = {one["point"]: one for one in run("proposed", data, ROOF)}
    assert {name: one["readings"] for name, one in told.items()} == {
        "E1.import": MESSAGES,
        "T1": MESSAGES,
        "junk": MESSAGES,
    }
    assert told["E1.import"]["kind"] == {
        "value": "register",
        "sure": "sure",
        "why": "its values only rise",
    }
    assert (told["E1.import"]["unit"]["value"], told["E1.import"]["direction"]) == ("Wh", "import")
    assert told["T1"]["step_s"] == 900.0
    assert stored(folder) == {}
    corrections = tmp_path / "corrections.csv"
    corrections.write_text("point,kind,unit,meter\nE1.import,,,main\nT1,instant,C,\n")
    wanted = ("approve", data, ROOF, "--corrections", str(corrections))
    assert run(*wanted) == [{"approved": ["E1.import", "T1"], "already": []}]
    take_in(folder)
    assert stored(folder) == {"E1.import": MESSAGES, "T1": MESSAGES}
    assert run(*wanted) == [{"approved": [], "already": ["E1.import", "T1"]}]
    assert [one["point"] for one in run("proposed", data, ROOF)] == ["junk"]
    assert run("dismiss", data, ROOF, "--point", "junk") == [{"dismissed": ["junk"]}]
    push(folder, {"readings": [{"point": "junk", "value": 1}]})
    assert run("proposed", data, ROOF) == []
    (gone,) = run("proposed", data, ROOF, "--dismissed")
    assert (gone["point"], gone["readings"]) == ("junk", MESSAGES + 1)
    assert run("dismiss", data, ROOF, "--point", "junk", "--undo") == [{"proposed": ["junk"]}]
    assert [one["point"] for one in run("proposed", data, ROOF)] == ["junk"]
    actions = {entry.action for entry in open_stores(folder).access.entries(None)}
    assert {"points.dismiss", "points.undismiss", "registry.apply"} <= actions


def test_those_that_are_sure_are_approved_together(folder: DataFolder) -> None:
    begin_us = folder.clock().now_us() - 10 * STEP_US
    readings = [
        {"point": point, "unit": unit, "value": n, "time": iso(begin_us + n * STEP_US)}
        for n in range(6)
        for point, unit in (("E1", "kWh"), ("P1", "kW"), ("x", None))
    ]
    push(folder, *({"readings": [one]} for one in readings))
    assert run("approve", str(folder.root), ROOF, "--sure") == [
        {"approved": ["E1", "P1"], "already": []}
    ]
    assert run("approve", str(folder.root), ROOF, "--sure") == [{"approved": [], "already": []}]
    take_in(folder)
    assert stored(folder) == {"E1": 6, "P1": 6}


@pytest.mark.parametrize(
    ("wanted", "error", "field"),
    [
        ([{"point": "E1", "unit": "C"}], InvalidInput, "unit"),
        ([{"point": "E1", "kind": "interval"}], InvalidInput, "kind"),
        ([{"point": "E1", "colour": "red"}], InvalidInput, "colour"),
        ([{"point": "E1"}, {"point": "E1"}], InvalidInput, "point"),
        ([{"point": "E2"}], NotFound, "point"),
        ([], InvalidInput, "points"),
    ],
)
def test_what_cannot_be_approved_is_named(
    folder: DataFolder, wanted: list[dict[str, str]], error: type[InvalidInput], field: str
) -> None:
    push(folder, {"readings": [{"point": "E1", "unit": "kWh", "kind": "register", "value": 1}]})
    with pytest.raises(error) as refused:
        approve(folder, ROOF, wanted)
    assert refused.value.field == field
    with pytest.raises(NotFound):
        approve(folder, "campus/nobody", wanted)
    assert stored(folder) == {}


@pytest.mark.parametrize("text", ["kind,unit\nregister,kWh\n", "point,unit\nE1\n", "point\nE1,x\n"])
def test_a_file_of_corrections_that_is_none_is_refused(
    folder: DataFolder, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "corrections.csv"
    path.write_text(text)
    with pytest.raises(InvalidInput) as refused:
        CliRunner().invoke(
            app,
            ["points", "approve", str(folder.root), ROOF, "--corrections", str(path)],
            catch_exceptions=False,
        )
    assert refused.value.field == "corrections"
