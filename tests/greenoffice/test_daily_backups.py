"""Backups again and again: when one is due, which are kept, what a failure leaves."""

from __future__ import annotations

import re
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from sqlalchemy import make_url

from greenoffice.backing_up import restore_folder
from greenoffice.commands import init
from greenoffice.daily_backups import BackupMetrics, BackupPlan, BackupsWork, kept_backups
from greenoffice.folder import DataFolder
from greenoffice.heartbeat import heard
from greenoffice.ports import usable_port
from greenoffice.stores import open_stores
from metering.errors import Unavailable
from proofs.servers.postgres import OwnPostgres
from proofs.steps import started, wait_until
from storage.backup import verified


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return init(tmp_path / "data", 18080, 11883, 19464, "en")


def work_of(folder: DataFolder, keep: int = 2, **more: Any) -> BackupsWork:
    plan = BackupPlan(folder.root.parent / "backups", keep, 24)
    plan.target.mkdir(exist_ok=True)
    return BackupsWork(folder, plan, BackupMetrics(folder, plan, CollectorRegistry()), **more)


def later(folder: DataFolder, hours: float) -> None:
    """The platform's clock, so much later than the real one."""
    text = re.sub(r"\n\[clock\]\n.*", "", folder.settings_file.read_text())
    folder.settings_file.write_text(f"{text}\n[clock]\noffset_s = {hours * 3600}\n")


def test_one_a_day_is_taken_and_the_newest_are_kept(folder: DataFolder) -> None:
    work = work_of(folder)
    target = work.plan.target
    (target / "by hand").mkdir()
    names: list[str] = []
    for hours in (0, 1, 23.9, 24.1, 48.2, 72.3):
        later(folder, hours)
        assert work() is False
        names.append(kept_backups(target)[-1].name)
    assert len(set(names)) == 4
    assert [path.name for path in kept_backups(target)] == sorted(set(names))[-2:]
    assert (target / "by hand").is_dir()
    for path in kept_backups(target):
        verified(path)
    assert work.details()["backups"]["kept"] == 2


def test_one_that_broke_off_is_none_and_goes(folder: DataFolder) -> None:
    work = work_of(folder)
    broken = work.plan.target / "2026-11-24T000000Z"
    broken.mkdir()
    (broken / "greenoffice.db").touch()
    assert kept_backups(work.plan.target) == []
    work()
    assert not broken.exists()
    assert len(kept_backups(work.plan.target)) == 1


def test_a_failure_is_counted_and_leaves_those_before(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = work_of(folder, keep=1)
    work()
    kept = kept_backups(work.plan.target)

    def halfway(_folder: DataFolder, target: Path) -> dict[str, object]:
        (target / "journal").mkdir(parents=True)
        raise Unavailable("the disk is full", field="folder", fix="make room")

    monkeypatch.setattr("greenoffice.daily_backups.back_up_folder", halfway)
    later(folder, 25)
    with pytest.raises(Unavailable, match="disk is full"):
        work()
    assert list(work.plan.target.iterdir()) == kept
    assert work.metrics.failures._value.get() == 1


def test_a_backup_that_would_fill_the_disk_is_not_begun(folder: DataFolder) -> None:
    """The platform may be on it, which would then acknowledge nothing."""
    work = work_of(folder)
    with pytest.raises(Unavailable, match="would fill the disk"):
        replace(work, disk=lambda _: (1000, 960, 40))()
    assert list(work.plan.target.iterdir()) == []
    replace(work, disk=lambda _: (1 << 40, 0, 1 << 39))()
    assert len(kept_backups(work.plan.target)) == 1


def test_the_command_takes_one_that_restores_and_tells_of_it(
    folder: DataFolder, tmp_path: Path
) -> None:
    port = usable_port(0, {0})
    target = tmp_path / "backups"
    words = ["backups", str(folder.root), "--to", str(target), "--metrics-port", str(port)]
    with started(words) as process:
        wait_until("a backup", lambda: bool(kept_backups(target)), of=process)
        told = heard(folder.heartbeat("backups"))["backups"]
        wait_until("its health", lambda: heard(folder.heartbeat("backups"))["backups"]["kept"] == 1)
        assert told["ok"]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            text = answer.read().decode()
    assert "greenoffice_backups_kept 1.0" in text
    assert "greenoffice_backup_failures_total 0.0" in text
    assert re.search(r'^greenoffice_disk_free_bytes\{folder="data"\} ', text, re.MULTILINE)
    restored = DataFolder(tmp_path / "restored")
    restore_folder(kept_backups(target)[-1], restored)
    assert restored.admin_key.read_bytes() == folder.admin_key.read_bytes()


def test_nothing_is_said_of_a_newest_one_where_there_is_none(folder: DataFolder) -> None:
    registry = CollectorRegistry()
    BackupMetrics(folder, BackupPlan(folder.root.parent / "absent", 1, 24), registry)
    text = generate_latest(registry).decode()
    assert "greenoffice_backups_kept 0.0" in text
    assert "greenoffice_backup_last_timestamp_seconds" not in text


def test_a_backup_restores_to_the_server_that_its_settings_name(
    folder: DataFolder, tmp_path: Path, postgres: OwnPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the password of the file that they name; the address has none."""
    work = work_of(folder)
    url = make_url(postgres.database())
    password = tmp_path / "password"
    password.write_text(str(url.password))
    bare = url.set(password=None).render_as_string()
    monkeypatch.setenv("GREENOFFICE_DATABASE__URL", bare)
    monkeypatch.setenv("GREENOFFICE_DATABASE__PASSWORD_FILE", str(password))
    open_stores(folder)
    work()
    empty = make_url(postgres.database()).set(password=None).render_as_string()
    monkeypatch.setenv("GREENOFFICE_DATABASE__URL", empty)
    restore_folder(kept_backups(work.plan.target)[-1], DataFolder(tmp_path / "restored"))
