"""`greenoffice backups`: a backup again and again, the newest ones kept, health and counters."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from greenoffice.backing_up import back_up_folder
from greenoffice.folder import DataFolder
from greenoffice.logs import set_up_logs
from greenoffice.loops import Loop
from greenoffice.metrics_port import serve_metrics
from greenoffice.private import keep_private
from greenoffice.signals import stop_event
from greenoffice.working import WorkLoops, keep, leave
from metering.errors import ConfigurationError, Unavailable
from metering.localtime import iso
from storage.backup import MANIFEST

PART = "backups"
LOOK_S = 30.0
LONGEST_S = 1800.0
"""Between tries at a backup that fails, at most [s]."""
LEFT_FREE = 0.05
"""This share of a disk is not for backups: the platform may be on it too."""
HOUR_US = 3_600_000_000
_NAME = "%Y-%m-%dT%H%M%SZ"

log = structlog.get_logger()
Disk = Callable[[Path], tuple[int, int, int]]
"""Size, what is used and what is free of the disk of a folder [bytes]."""


@dataclass(frozen=True)
class BackupPlan:
    """Where backups go, how many are kept, and how many hours lie between two."""

    target: Path
    keep: int
    hours: float


class BackupMetrics(Collector):
    """What is told of the backups for /metrics, of the folders as they are when scraped."""

    def __init__(self, folder: DataFolder, plan: BackupPlan, registry: CollectorRegistry) -> None:
        self._disks = {"data": folder.root, "backups": plan.target}
        self._target = plan.target
        self.failures = Counter(
            "greenoffice_backup_failures", "Backups that could not be taken", registry=registry
        )
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """Of the newest backup nothing where there is none."""
        kept = kept_backups(self._target)
        yield GaugeMetricFamily("greenoffice_backups_kept", "Whole backups", value=len(kept))
        if kept:
            yield GaugeMetricFamily(
                "greenoffice_backup_last_timestamp_seconds",
                "When the newest backup was taken, since 1970 [s]",
                value=taken_us(kept[-1]) / 1e6,
            )
        free = GaugeMetricFamily(
            "greenoffice_disk_free_bytes", "Room on the disk of a folder", labels=["folder"]
        )
        size = GaugeMetricFamily(
            "greenoffice_disk_bytes", "Size of the disk of a folder", labels=["folder"]
        )
        for name, path in self._disks.items():
            if path.exists():
                total, _, left = shutil.disk_usage(path)
                free.add_metric([name], left)
                size.add_metric([name], total)
        yield free
        yield size


@dataclass
class BackupsWork:
    """Takes a backup when one is due, then deletes what is beyond the newest ones."""

    folder: DataFolder
    plan: BackupPlan
    metrics: BackupMetrics
    disk: Disk = field(default=shutil.disk_usage)

    def __call__(self) -> bool:
        """False always: the next one is not due yet. Unavailable where it cannot be taken; the
        ones before stay."""
        now_us = self.folder.clock().now_us()
        kept = kept_backups(self.plan.target)
        if kept and now_us < taken_us(kept[-1]) + self.plan.hours * HOUR_US:
            return False
        try:
            self._take(kept, now_us)
        except Exception:
            self.metrics.failures.inc()
            raise
        for old in kept_backups(self.plan.target)[: -self.plan.keep]:
            shutil.rmtree(old)
        return False

    def details(self) -> Mapping[str, Mapping[str, object]]:
        """The newest backup, how many there are, and whether the disk is that of the data, for
        health."""
        kept = kept_backups(self.plan.target)
        last = iso(taken_us(kept[-1])) if kept else ""
        same = self.plan.target.stat().st_dev == self.folder.root.stat().st_dev
        return {PART: {"last": last, "kept": len(kept), "same_disk": same}}

    def _take(self, kept: list[Path], now_us: int) -> None:
        for broken in set(_named(self.plan.target)) - set(kept):
            shutil.rmtree(broken)
        self._check_room(kept)
        target = self.plan.target / datetime.fromtimestamp(now_us / 1e6, UTC).strftime(_NAME)
        try:
            told = back_up_folder(self.folder, target)
        except Exception:
            shutil.rmtree(target, ignore_errors=True)
            raise
        log.info("backup taken", **told)

    def _check_room(self, kept: list[Path]) -> None:
        """Unavailable where a backup as large as what it copies would fill the disk."""
        needed = max(_size(self.folder.journal), _size(kept[-1]) if kept else 0)
        total, _, free = self.disk(self.plan.target)
        if free - needed < LEFT_FREE * total:
            raise Unavailable(
                f"a backup of some {needed >> 20} MB would fill the disk",
                field="target",
                value=str(self.plan.target),
                fix="make room, keep fewer backups, or name a folder on another disk",
            )


def run_backups(data: Path, plan: BackupPlan, metrics_port: int) -> None:
    """Take backups until terminated; ConfigurationError where folder or port are unusable."""
    folder = DataFolder(data.absolute())
    keep_private(folder)
    set_up_logs(PART, folder.clock())
    _make(plan.target)
    registry = CollectorRegistry()
    work = BackupsWork(folder, plan, BackupMetrics(folder, plan, registry))
    host = folder.settings().mqtt.metrics_host
    serve_metrics(registry, host, metrics_port, field="metrics_port")
    stop = stop_event()
    loop = Loop(PART, work, LOOK_S, stop, folder.clock().now_us, longest_s=LONGEST_S)
    loops = WorkLoops(
        {PART: loop},
        gauge=lambda counters: Gauge(
            "greenoffice_backups_loop_ok", "1 while its work succeeds", ["loop"], registry=counters
        ),
        details=work.details,
    )
    leave(folder, keep(folder, {PART: loops}, stop, registry), stop)


def kept_backups(target: Path) -> list[Path]:
    """The whole backups of ours in the folder, oldest first."""
    return [path for path in _named(target) if (path / MANIFEST).is_file()]


def taken_us(backup: Path) -> int:
    """When a backup was taken, as its name says [us]."""
    return round(datetime.strptime(backup.name, _NAME).replace(tzinfo=UTC).timestamp() * 1e6)


def _named(target: Path) -> list[Path]:
    """Folders that are named as we name backups, oldest first; what others put there is theirs."""
    found = []
    for path in sorted(target.iterdir()) if target.is_dir() else ():
        try:
            taken_us(path)
        except ValueError:
            continue
        found.append(path)
    return found


def _size(folder: Path) -> int:
    """Bytes of the files; one that is put away meanwhile counts as it can."""
    size = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            size += path.stat().st_size
    return size


def _make(target: Path) -> None:
    try:
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as refused:
        raise ConfigurationError(
            f"the folder of the backups cannot be made: {refused.strerror}",
            field="target",
            value=str(target),
            fix="name a folder that may be written",
        ) from refused
