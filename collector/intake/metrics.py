"""Counters of the intake for /metrics."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge

from collector.intake.report import IntakeReport


class IntakeMetrics:
    """Prometheus counters, kept in the registry that is passed in."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._records = Counter(
            "greenoffice_intake_records", "Journal records taken in", registry=registry
        )
        self._readings = Counter(
            "greenoffice_intake_readings",
            "Readings by what became of them",
            ["outcome"],
            registry=registry,
        )
        self._dead = Counter(
            "greenoffice_intake_dead_letters",
            "Dead letters by reason",
            ["reason"],
            registry=registry,
        )
        self._replayed = Counter(
            "greenoffice_intake_replayed", "Dead letters taken in after all", registry=registry
        )
        self._mended = Counter(
            "greenoffice_intake_mended_readings",
            "Readings put right after a late write",
            registry=registry,
        )
        self._lag = Gauge(
            "greenoffice_intake_lag_seconds",
            "Age of the last record when it was taken in",
            registry=registry,
        )

    def mended(self, readings: int) -> None:
        """Add readings that a late write had put back and a look has put right."""
        self._mended.inc(readings)

    def observe(self, report: IntakeReport, dead: Mapping[str, int], lag_us: int | None) -> None:
        """Add one committed batch."""
        self._records.inc(report.records)
        for outcome in ("new", "duplicates", "corrections", "outdated"):
            self._readings.labels(outcome).inc(getattr(report, outcome))
        for reason, count in dead.items():
            self._dead.labels(reason).inc(count)
        self._replayed.inc(report.replayed)
        if lag_us is not None:
            self._lag.set(max(lag_us, 0) / 1e6)
