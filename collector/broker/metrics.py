"""What is counted of the connection to a broker, beside the listener's counters."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge


class BrokerMetrics:
    """Counters of one client receiver; the caller owns the registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.connected = Gauge(
            "greenoffice_broker_connected", "1 while connected to the broker", registry=registry
        )
        self.problems = Counter(
            "greenoffice_broker_problems",
            "Connections and subscriptions that failed, by the setting to look at",
            ["field"],
            registry=registry,
        )
        self.retained = Counter(
            "greenoffice_broker_retained_ignored",
            "Retained copies that a subscription brought, not journalled",
            registry=registry,
        )
        self.others = Counter(
            "greenoffice_broker_left_to_others",
            "Messages of gateways that another receiver keeps, not journalled here",
            registry=registry,
        )
