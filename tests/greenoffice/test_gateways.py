"""`greenoffice gateway`: added, listed, rotated, revoked, and what is said of one."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from greenoffice import commands
from greenoffice.cli import app
from greenoffice.connected import tell_connections
from greenoffice.folder import DataFolder
from greenoffice.gateway_passwords import passwords_of
from greenoffice.gateways import say_status, status
from greenoffice.registering import ImportOptions, import_registry
from greenoffice.stores import open_stores
from metering.errors import Conflict, InvalidInput, NotFound
from metering.intake import GatewayConnection

HOUR_US = 3_600_000_000


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    made = commands.init(tmp_path / "data", 18080, 11883, 19464, "en")
    (tmp_path / "tree.csv").write_text(
        "code,parent,type,zone\noffice,,institution,Asia/Shanghai\ncampus,office,site,\n"
        "hall,campus,building,\n"
    )
    import_registry(tmp_path, made.root, ImportOptions(yes=True))
    return made


def run(*arguments: str, as_json: bool = True) -> str:
    json_too = ["--json"] if as_json else []
    done = CliRunner().invoke(app, ["gateway", *arguments, *json_too], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def refused(*arguments: str) -> None:
    CliRunner().invoke(app, ["gateway", *arguments], catch_exceptions=False)


def admits(folder: DataFolder, password: str, after_h: int = 0) -> bool:
    """As the listener asks."""
    now_us = folder.clock().now_us() + after_h * HOUR_US
    return passwords_of(folder).verify("campus/roof", password.encode(), now_us)


def test_a_gateway_is_added_rotated_revoked_and_added_again(folder: DataFolder) -> None:
    data = str(folder.root)
    made = json.loads(run("add", data, "campus/roof", "--name-zh", "屋顶"))
    assert made["gateway"] == "campus/roof"
    assert admits(folder, made["password"])
    new = json.loads(run("rotate", data, "campus/roof", "--keep-old", "24h"))["password"]
    assert [admits(folder, made["password"], after_h) for after_h in (23, 25)] == [True, False]
    assert admits(folder, new, 25)
    run("rotate", data, "campus/roof")
    assert not admits(folder, new)
    assert json.loads(run("revoke", data, "campus/roof")) == {"revoked": "campus/roof"}
    assert json.loads(run("status", data, "campus/roof"))["next"] == "add_again"
    with pytest.raises(Conflict, match="revoked"):
        refused("rotate", data, "campus/roof")
    hour = ("--from", "2026-11-24T02:00:00Z", "--until", "2026-11-24T03:00:00Z")
    with pytest.raises(Conflict, match="revoked"):
        refused("resend", data, "campus/roof", *hour)
    again = json.loads(run("add", data, "campus/roof", "--name-en", "Roof"))["password"]
    assert admits(folder, again)
    (listed,) = (json.loads(line) for line in run("list", data).splitlines())
    assert (listed["name_en"], listed["revoked"], listed["state"]) == (
        "Roof",
        False,
        "not_connected",
    )
    entries = open_stores(folder).access.entries(None)
    actions = [entry.action for entry in entries if entry.subject == "campus/roof"]
    assert actions.count("gateway.password") == 3
    assert actions.count("gateway.revoke") == 1
    kept = "".join(
        path.read_bytes().decode("latin-1") for path in folder.root.rglob("*") if path.is_file()
    )
    assert not any(secret in kept for secret in (made["password"], new, again))


def test_a_gateway_comes_with_its_route(folder: DataFolder) -> None:
    data = str(folder.root)
    run("add", data, "campus/plc", "--topic", "plc/7/#", "--decoder", "journal_only")
    (route,) = open_stores(folder).registry.load().routes
    assert (route.gateway, route.topic, route.decoder) == ("campus/plc", "plc/7/#", "journal_only")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("add", "nowhere/roof"), InvalidInput, "nowhere"),
        (("add", "campus"), InvalidInput, "code"),
        (("add", "hall/roof"), InvalidInput, "on a site"),
        (("add", "campus/a", "--decoder", "none", "--topic", "a/#"), InvalidInput, "decoder"),
        (("rotate", "campus/none"), NotFound, "no such gateway"),
        (("revoke", "campus/none"), NotFound, "no such gateway"),
        (("status", "campus/none"), NotFound, "no such gateway"),
        (("rotate", "campus/none", "--keep-old", "soon"), InvalidInput, "hours"),
        (("rotate", "campus/none", "--keep-old", "999h"), InvalidInput, "a week"),
    ],
)
def test_what_cannot_be_done_names_field_and_fix(
    folder: DataFolder, arguments: tuple[str, ...], error: type[Exception], message: str
) -> None:
    command, *others = arguments
    with pytest.raises(error, match=message):
        refused(command, str(folder.root), *others)


def test_a_gateway_is_not_added_twice(folder: DataFolder) -> None:
    run("add", str(folder.root), "campus/roof")
    with pytest.raises(Conflict, match="already"):
        refused("add", str(folder.root), "campus/roof")


def test_the_next_step_about_points_is_a_command(
    folder: DataFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    run("add", str(folder.root), "campus/roof")
    say_status({**status(folder, "campus/roof"), "next": "register_points"})
    said = capsys.readouterr().out.splitlines()[-1]
    named = re.findall(r"(?:greenoffice )?points (\w+)", said)
    assert named == ["proposed", "approve"]
    for one in named:
        assert CliRunner().invoke(app, ["points", one, "--help"]).exit_code == 0


def test_what_is_said_of_one_that_is_connected(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("add", str(folder.root), "campus/roof")
    now_us = folder.clock().now_us()
    one = GatewayConnection(
        "c", "10.2.0.14", "3.1.1", now_us - 600_000_000, 20, now_us, 3, ("a/#",)
    )
    tell_connections(folder, {"campus/roof": [one]}, now_us)
    told = json.loads(run("status", str(folder.root), "campus/roof"))
    assert told["state"] == "connected"
    assert told["connections"][0]["messages_per_minute"] == pytest.approx(2, rel=0.1)
    said = run("status", str(folder.root), "campus/roof", as_json=False)
    for word in ("10.2.0.14", "MQTT 3.1.1", "a/#", "3 messages wait", "next:"):
        assert word in said
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    monkeypatch.delenv("LC_ALL", raising=False)
    assert "下一步" in run("status", str(folder.root), "campus/roof", as_json=False)
    tell_connections(folder, {"campus/roof": [one]}, now_us - 3 * HOUR_US)
    told = json.loads(run("status", str(folder.root), "campus/roof"))
    assert (told["state"], told["connections"]) == ("not_connected", [])
