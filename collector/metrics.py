"""What the listener counts, for /metrics. The caller owns the registry."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_COMMIT_BUCKETS = (0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1, 2, 4)


class CollectorMetrics:
    """Counters of the way from the socket to the disk."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.connections = Gauge(
            "greenoffice_mqtt_connections", "Gateways connected now", registry=registry
        )
        self.connects = Counter(
            "greenoffice_mqtt_connects", "Gateways let in", ["version"], registry=registry
        )
        self.refused = Counter(
            "greenoffice_mqtt_connects_refused",
            "Connections not let in, by reason",
            ["reason"],
            registry=registry,
        )
        self.closed = Counter(
            "greenoffice_mqtt_disconnects",
            "Connections of gateways ended, by reason",
            ["reason"],
            registry=registry,
        )
        self.messages = Counter(
            "greenoffice_mqtt_messages", "Messages received", ["qos"], registry=registry
        )
        self.payload_bytes = Counter(
            "greenoffice_mqtt_payload_bytes", "Payload received [bytes]", registry=registry
        )
        self.acknowledged = Counter(
            "greenoffice_mqtt_acknowledged",
            "PUBACKs and PUBRECs sent, each after its commit",
            registry=registry,
        )
        self.subscriptions = Counter(
            "greenoffice_mqtt_subscriptions",
            "Topic filters subscribed to, by what became of it",
            ["granted"],
            registry=registry,
        )
        self.sessions = Gauge(
            "greenoffice_mqtt_sessions",
            "Sessions of gateways that are kept, connected or away",
            registry=registry,
        )
        self.queue_depth = Gauge(
            "greenoffice_journal_queue_records", "Records waiting for a commit", registry=registry
        )
        self.paused = Gauge(
            "greenoffice_mqtt_reading_paused",
            "1 while the queue holds back senders",
            registry=registry,
        )
        self.held = Gauge(
            "greenoffice_mqtt_gateways_held",
            "Gateways held back now, each by itself",
            registry=registry,
        )
        self.commits = Counter(
            "greenoffice_journal_commits", "Group commits that succeeded", registry=registry
        )
        self.records = Counter(
            "greenoffice_journal_records", "Records made durable", registry=registry
        )
        self.commit_seconds = Histogram(
            "greenoffice_journal_commit_seconds",
            "Duration of a group commit [s]",
            buckets=_COMMIT_BUCKETS,
            registry=registry,
        )
        self.errors = Counter(
            "greenoffice_journal_errors", "Group commits that failed", ["error"], registry=registry
        )
        self.failing = Gauge(
            "greenoffice_journal_failing",
            "1 while the journal cannot be written",
            registry=registry,
        )
