"""`greenoffice dead-letters`: told by cause, shown with what would mend them, tried again."""

from __future__ import annotations

import json
from collections.abc import Iterator
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
from metering.errors import InvalidInput, NotFound

TREE = "code,parent,type,zone\noffice,,institution,UTC\ncampus,office,site,\n"
TOPIC = "greenoffice/v1/campus/roof/readings"


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    """Three letters of one cause, of which the point is not registered, and one of another."""
    made = commands.init(tmp_path / "data", 18080, 11883, 19464, "en")
    (tmp_path / "tree.csv").write_text(TREE)
    (tmp_path / "gateways.csv").write_text("site,code\ncampus,roof\n")
    import_registry(tmp_path, made.root, ImportOptions(yes=True))
    now_us = made.clock().now_us()
    journal = JournalWriter(made.journal / "listener", 1, now_us=lambda: now_us, housekeep=False)
    payloads = [
        b'{"readings": [{"point": "E9", "unit": "kWh", "value": %d}]}' % n for n in range(3)
    ]
    journal.append(
        [
            Record("message", now_us - 10 + n, "campus/roof", "c", "x", TOPIC, payload, 1)
            for n, payload in enumerate([*payloads, b"\xff"])
        ]
    )
    journal.close()
    take_in(made)
    return made


def take_in(folder: DataFolder) -> None:
    with closing(Assembly.open(folder)) as assembly:
        work = IntakeWork(assembly)
        while work():
            pass


def run(*arguments: str) -> Iterator[Any]:
    done = CliRunner().invoke(app, ["dead-letters", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    yield from map(json.loads, done.stdout.splitlines())


def shown(folder: DataFolder, id: object) -> dict[str, Any]:
    done = CliRunner().invoke(
        app, ["dead-letters", "show", str(folder.root), str(id)], catch_exceptions=False
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def refused(*arguments: str) -> None:
    CliRunner().invoke(app, ["dead-letters", *arguments], catch_exceptions=False)


def test_letters_are_told_by_cause_mended_by_the_row_shown_and_taken_in(
    folder: DataFolder, tmp_path: Path
) -> None:
    data = str(folder.root)
    assert len(list(run("list", data))) == 4
    assert len(list(run("list", data, "--limit", "2"))) == 2
    groups = {one["reason"]: one for one in run("groups", data)}
    assert {reason: one["letters"] for reason, one in groups.items()} == {
        "unknown_point": 3,
        "bad_utf8": 1,
    }
    example = groups["unknown_point"]["example"]
    told = shown(folder, example["id"])
    assert json.loads(told["payload"]["text"])["readings"][0]["point"] == "E9"
    assert (told["now"]["read_by"], told["now"]["readings"]) == ("native", 0)
    proposal = told["now"]["proposal"]
    assert proposal["text"] == "gateway,point,kind,unit\ncampus/roof,E9,register,kWh\n"
    mended = tmp_path / "mended"
    mended.mkdir()
    (mended / proposal["file"]).write_text(proposal["text"])
    import_registry(mended, folder.root, ImportOptions(yes=True))
    assert shown(folder, example["id"])["now"]["problems"] == []
    assert list(run("replay", data, "--reason", "unknown_point", "--point", "E9")) == [{"asked": 3}]
    assert len(list(run("list", data, "--state", "asked"))) == 3
    assert list(run("replay", data, "--reason", "bad_utf8")) == [{"asked": 1}]
    take_in(folder)
    assert [one["reason"] for one in run("list", data)] == ["bad_utf8"]
    assert len(list(run("list", data, "--state", "replayed"))) == 3
    actions = [entry.action for entry in open_stores(folder).access.entries(None)]
    assert actions.count("dead_letters.replay") == 2


def test_letters_of_a_cause_are_discarded_with_the_reason_in_the_log(folder: DataFolder) -> None:
    data = str(folder.root)
    cause = ("--reason", "unknown_point", "--point", "E9")
    assert list(run("discard", data, *cause, "--why", "tried out")) == [{"discarded": 3}]
    assert [one["reason"] for one in run("list", data)] == ["bad_utf8"]
    assert len(list(run("list", data, "--state", "discarded"))) == 3
    entry = open_stores(folder).access.entries(None)[0]
    told = (entry.actor, entry.action, entry.subject, entry.reason)
    named = "reason=unknown_point point=E9"
    assert told == ("command line", "dead_letters.discard", named, "tried out")
    with pytest.raises(NotFound, match="no open dead letter"):
        refused("replay", data, "--reason", "unknown_point")


def test_a_letter_whose_message_has_expired_is_told_without(folder: DataFolder) -> None:
    (one,) = run("list", str(folder.root), "--reason", "bad_utf8")
    for path in (folder.journal / "listener").glob("*.sqlite*"):
        path.unlink()
    told = shown(folder, one["id"])
    assert (told["payload"], told["now"]) == (None, None)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("list", "--state", "odd"), InvalidInput, "no such state"),
        (("groups", "--state", "odd"), InvalidInput, "no such state"),
        (("show", "77"), NotFound, "no such dead letter.*dead-letters list DATA"),
        (("show", str(2**70)), NotFound, "no such dead letter"),
        (("replay",), InvalidInput, "no cause is named"),
        (("replay", "--point", "none"), NotFound, "no open dead letter"),
        (("discard", "--why", "x"), InvalidInput, "no cause is named"),
        (("discard", "--point", "E9", "--why", " "), InvalidInput, "a reason is needed"),
        (("discard", "--point", "none", "--why", "x"), NotFound, "no open dead letter"),
    ],
)
def test_what_cannot_be_done_names_field_and_fix(
    folder: DataFolder, arguments: tuple[str, ...], error: type[Exception], message: str
) -> None:
    command, *others = arguments
    with pytest.raises(error, match=message):
        refused(command, str(folder.root), *others)
