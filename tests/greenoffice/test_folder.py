"""The data folder: secrets only for their owner, never made over an existing one."""

import stat
from pathlib import Path

import pytest

from greenoffice import commands
from greenoffice.folder import DataFolder
from greenoffice.stores import open_stores
from metering.access import Role
from metering.errors import ConfigurationError, Conflict


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return commands.init(tmp_path / "data", 18080, 11883, 19464, "en")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_secrets_are_for_the_owner_only(folder: DataFolder) -> None:
    assert mode(folder.admin_key) == 0o600
    assert mode(folder.secrets) == 0o700


def test_admin_key_reaches_the_whole_platform_and_is_kept_only_hashed(folder: DataFolder) -> None:
    secret = folder.admin_key.read_text().strip()
    key = open_stores(folder).access.key(secret)
    assert key is not None
    assert (key.node, key.role) == ("", Role.ADMIN)
    tail = secret.rsplit("_", 1)[-1].encode()
    files = [file for file in folder.root.iterdir() if file.is_file()]
    assert files
    assert not any(tail in file.read_bytes() for file in files)


def test_settings_hold_what_was_asked_for(folder: DataFolder) -> None:
    settings = folder.settings()
    assert (settings.http.port, settings.mqtt.port, settings.language) == (18080, 11883, "en")


def test_a_second_init_is_refused(folder: DataFolder) -> None:
    with pytest.raises(Conflict, match="greenoffice up"):
        commands.init(folder.root, 1, 2, 3, "en")


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        commands.init(tmp_path / "file" / "data", 18080, 11883, 19464, "en")
