"""deploy/prometheus: what the rules ask for is printed, and each fires when it should."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest

from api import PartHealth, Room
from api.metrics import Metrics
from collector import CollectorMetrics
from collector.broker.metrics import BrokerMetrics
from collector.intake import IntakeMetrics
from greenoffice.daily_backups import BackupMetrics, BackupPlan
from greenoffice.folder import DataFolder
from proofs.compose_alerts import names_of, rules_of
from storage.backup import MANIFEST

FOLDER = Path(__file__).parents[1] / "deploy" / "prometheus"
ALERTS = FOLDER / "alerts.yml"
MINUTES = 300
needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="no promtool on PATH (Debian: prometheus)"
)


def printed_names(folder: Path) -> set[str]:
    """What the processes print, from the very classes that print it."""
    registry = CollectorRegistry()
    CollectorMetrics(registry)
    BrokerMetrics(registry)
    IntakeMetrics(registry)
    plan = BackupPlan(folder / "backups", 1, 24)
    kept = plan.target / "2026-11-24T000000Z"
    kept.mkdir(parents=True)
    (kept / MANIFEST).touch()
    BackupMetrics(DataFolder(folder), plan, registry)
    text = generate_latest(registry).decode() + api_exposition()
    return set(re.findall(r"^# TYPE (\w+)", text, re.MULTILINE))


def api_exposition() -> str:
    """The API's own, over stores that have nothing."""
    nothing = SimpleNamespace(gateways=list, waiting=lambda: 0, dead_letter_count=lambda: 0)
    platform = SimpleNamespace(
        **dict.fromkeys(("readings", "marks", "intake"), nothing),
        parts=lambda: {"http": PartHealth(True, {})},
        room=Room(),
    )
    return Metrics(cast("Any", platform)).exposition().decode()


def test_every_metric_of_a_rule_is_printed(tmp_path: Path) -> None:
    """By the collector and its broker client, the API, the intake or the backups."""
    assert len(names_of(ALERTS)) > 10
    assert names_of(ALERTS) <= printed_names(tmp_path)


def promtool(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["promtool", *words], capture_output=True, text=True, check=False)


@needs_promtool
@pytest.mark.parametrize("api", ["plain", "tls"])
def test_prometheus_reads_the_configuration(api: str, tmp_path: Path) -> None:
    """As the service `secrets` lays it out, beside the key that `init` makes."""
    shipped = tmp_path / "shipped"
    shutil.copytree(FOLDER, shipped)
    (shipped / "prometheus.key").write_text("key")
    shutil.copy(FOLDER / f"api-{api}.yml", shipped / "api.yml")
    ran = promtool("check", "config", str(shipped / "prometheus.yml"))
    assert ran.returncode == 0, ran.stdout + ran.stderr


def always(series: str, value: float) -> tuple[str, str]:
    return series, f"{value}x{MINUTES}"


def rising(series: str, by: int = 1) -> tuple[str, str]:
    return series, f"0+{by}x{MINUTES}"


def late(series: str) -> tuple[str, str]:
    """One more, some minutes before the end."""
    return series, f"0x{MINUTES - 10} 1x10"


NEW = 'greenoffice_intake_readings_total{outcome="new"}'
CAME, TAKEN = "greenoffice_journal_records_total", "greenoffice_intake_records_total"
FREE, SIZE = 'greenoffice_disk_free_bytes{folder="d"}', 'greenoffice_disk_bytes{folder="d"}'
LAST = "greenoffice_backup_last_timestamp_seconds"
REFUSED = 'greenoffice_mqtt_connects_refused_total{reason="x"}'
STORED = always("greenoffice_readings_stored", 5)
Series = list[tuple[str, str]]
CASES: dict[str, tuple[Series, Series]] = {
    "ProcessAway": ([always('up{job="api"}', 0)], [always('up{job="api"}', 1)]),
    "PartNotReady": ([always("greenoffice_ready", 0)], [always("greenoffice_ready", 1)]),
    "NothingAcknowledged": (
        [always("greenoffice_journal_failing", 1)],
        [always("greenoffice_journal_failing", 0)],
    ),
    "BrokerAway": (
        [always("greenoffice_broker_connected", 0)],
        [always("greenoffice_broker_connected", 1)],
    ),
    "MessagesWait": ([rising(CAME), always(TAKEN, 7)], [rising(CAME), rising(TAKEN)]),
    "IntakeBehind": (
        [always("greenoffice_intake_lag_seconds", 901)],
        [always("greenoffice_intake_lag_seconds", 60)],
    ),
    "LedgerBehind": (
        [rising("greenoffice_dirty_marks")],
        [always("greenoffice_dirty_marks", 50)],
    ),
    "DeadLetters": (
        [late('greenoffice_intake_dead_letters_total{reason="x"}')],
        [always('greenoffice_intake_dead_letters_total{reason="x"}', 5)],
    ),
    "NoReadings": ([STORED, always(NEW, 5)], [STORED, rising(NEW)]),
    "GatewaysHeld": (
        [always("greenoffice_mqtt_gateways_held", 1)],
        [always("greenoffice_mqtt_gateways_held", 0)],
    ),
    "GatewaysRefused": ([rising(REFUSED, 2)], [always(REFUSED, 50)]),
    "DiskAlmostFull": ([always(FREE, 9), always(SIZE, 99)], [always(FREE, 20), always(SIZE, 99)]),
    "BackupTooOld": ([always(LAST, -36 * 3600)], [always(LAST, 0)]),
    "NoBackup": (
        [always("greenoffice_backups_kept", 0)],
        [always("greenoffice_backups_kept", 7)],
    ),
    "BackupFailed": (
        [late("greenoffice_backup_failures_total")],
        [always("greenoffice_backup_failures_total", 1)],
    ),
}
"""Of each rule series at whose end it fires, a value a minute, and others where it does not."""


def test_every_rule_is_tried_and_speaks_both_languages() -> None:
    assert {rule["alert"] for rule in rules_of(ALERTS)} == CASES.keys()
    for rule in rules_of(ALERTS):
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"].keys() == {"summary", "summary_zh"}


@needs_promtool
@pytest.mark.parametrize("alert", CASES)
def test_a_rule_fires_when_it_should_and_not_else(alert: str, tmp_path: Path) -> None:
    firing, quiet = CASES[alert]
    assert fires(alert, firing, tmp_path)
    assert not fires(alert, quiet, tmp_path)


@needs_promtool
def test_no_readings_is_told_also_where_none_was_counted_since_the_start(tmp_path: Path) -> None:
    assert fires("NoReadings", [STORED], tmp_path)


def fires(alert: str, series: Series, folder: Path) -> bool:
    """Whether the rule fires at the end of the series, as Prometheus works it out."""
    text = {
        "rule_files": [str(ALERTS)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": s, "values": v} for s, v in series],
                "alert_rule_test": [
                    {"eval_time": f"{MINUTES}m", "alertname": alert, "exp_alerts": []}
                ],
            }
        ],
    }
    file = folder / "tried.yml"
    file.write_text(yaml.safe_dump(text))
    ran = promtool("test", "rules", str(file))
    said = ran.stdout + ran.stderr
    assert ran.returncode == 0 or f"alertname: {alert}" in said, said
    return ran.returncode != 0
