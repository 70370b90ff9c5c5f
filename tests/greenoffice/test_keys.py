"""Keys on the host: the documented way back in, whatever became of the keys."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from greenoffice import commands
from greenoffice.cli import app
from greenoffice.folder import DataFolder
from greenoffice.keys import rotate_key
from greenoffice.stores import open_stores
from metering.access import ApiKey
from metering.errors import Conflict, InvalidInput, NotFound


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return commands.init(tmp_path / "data", 18080, 11883, 19464, "en")


def run(*arguments: str) -> list[dict[str, object]]:
    done = CliRunner().invoke(app, ["key", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def refused(*arguments: str) -> None:
    CliRunner().invoke(app, ["key", *arguments], catch_exceptions=False)


def key(folder: DataFolder, secret: object) -> ApiKey | None:
    return open_stores(folder).access.key(str(secret))


def test_a_key_is_made_listed_rotated_and_ended(folder: DataFolder) -> None:
    data = str(folder.root)
    (made,) = run("add", data, "--name", "看板", "--role", "operate")
    known = key(folder, made["secret"])
    assert known is not None
    assert (known.name, known.node, str(known.role)) == ("看板", "", "operate")
    (again,) = run("rotate", data, known.id)
    assert key(folder, made["secret"]) is None
    fresh = key(folder, again["secret"])
    assert fresh is not None
    assert (fresh.name, fresh.role) == (known.name, known.role)
    run("revoke", data, fresh.id)
    assert key(folder, again["secret"]) is None
    listed = run("list", data)
    assert [one["name"] for one in listed] == ["admin", "看板", "看板"]
    assert [one["revoked"] is None for one in listed] == [True, False, False]
    assert "secret" not in json.dumps(listed)
    actors = {entry.actor for entry in open_stores(folder).access.entries(None)}
    assert "command line" in actors


def test_a_key_has_a_purpose_and_an_end_that_a_new_secret_keeps(folder: DataFolder) -> None:
    data = str(folder.root)
    options = ("--purpose", "看板", "--expires", "2099-01-01T00:00:00+08:00")
    (made,) = run("add", data, "--name", "board", *options)
    (again,) = run("rotate", data, str(made["id"]))
    for told in (made, again):
        assert (told["purpose"], told["expires"]) == ("看板", "2098-12-31T16:00:00Z")
        assert told["used"] is None
    for wrong in ("2020-01-01", "tomorrow", "2099-02-30", "2099-01-01T00:00:00"):
        with pytest.raises(InvalidInput) as refused:
            run("add", data, "--name", "x", "--expires", wrong)
        assert refused.value.field == "expires"
        assert refused.value.fix


def test_a_key_is_given_an_end_that_may_be_taken_back(folder: DataFolder) -> None:
    data = str(folder.root)
    (made,) = run("add", data, "--name", "board")
    id = str(made["id"])
    (told,) = run("end", data, id, "--expires", "2099-01-01", "--reason", "the lease is over")
    assert told["expires"] == "2099-01-01T00:00:00Z"
    (told,) = run("end", data, id, "--expires", "")
    assert told["expires"] is None
    run("revoke", data, id, "--reason", "gone")
    log = [one for one in open_stores(folder).access.entries(None) if one.subject == id]
    assert [(one.action, one.reason) for one in log][:3] == [
        ("key.revoke", "gone"),
        ("key.end", ""),
        ("key.end", "the lease is over"),
    ]


def test_the_first_key_is_never_lost(folder: DataFolder) -> None:
    """Rotated, then its file lost: each time the file holds a key that reaches everything."""
    first = folder.admin_key.read_text().strip()
    told = rotate_key(folder, None)
    assert "secret" not in told
    second = folder.admin_key.read_text().strip()
    assert key(folder, first) is None
    assert key(folder, second) is not None
    folder.admin_key.unlink()
    rotate_key(folder, None)
    third = key(folder, folder.admin_key.read_text().strip())
    assert third is not None
    assert (third.node, str(third.role)) == ("", "admin")
    assert folder.admin_key.stat().st_mode & 0o777 == 0o600
    assert key(folder, second) is not None, "nobody said that the lost one is to be ended"


def test_what_cannot_be_done_names_field_and_fix(folder: DataFolder) -> None:
    data = str(folder.root)
    admin = key(folder, folder.admin_key.read_text().strip())
    assert admin is not None
    for error, arguments, field in (
        (Conflict, ("revoke", data, admin.id), "id"),
        (NotFound, ("revoke", data, "nobody"), "id"),
        (NotFound, ("rotate", data, "nobody"), "id"),
        (NotFound, ("end", data, "nobody", "--expires", "2099-01-01"), "id"),
        (InvalidInput, ("end", data, admin.id, "--expires", "2020-01-01"), "expires"),
        (Conflict, ("end", data, admin.id, "--expires", "2099-01-01"), "id"),
        (InvalidInput, ("add", data, "--name", "x", "--node", "nowhere"), "node"),
        (InvalidInput, ("add", data, "--name", " "), "name"),
        (InvalidInput, ("add", data, "--name", "x", "--role", "king"), "role"),
    ):
        with pytest.raises(error) as caught:
            refused(*arguments)
        assert caught.value.field == field
        assert caught.value.fix
