"""The API's own counters, and the sizes of the stores as these told last."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.latest import Latest
from api.platform import Platform
from api.room import Lack, PartHealth, Room
from metering.errors import Unavailable

PATIENCE_S: Final = 0.1
"""How long a scrape waits for stores before it shows what they told last [s]."""


@dataclass(frozen=True)
class _StoresTold:
    """What the stores and the other processes told."""

    readings: int | None = None
    marks: int | None = None
    letters: int | None = None
    parts: Mapping[str, PartHealth] = field(default_factory=dict)


class _Stores(Collector):
    """Asks the stores when scraped, and does not wait for one that is slow or away."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._told = Latest(self._ask)

    def collect(self) -> Iterator[Metric]:
        found, age_s = self._told.get(PATIENCE_S)
        told = found or _StoresTold()
        if told.readings is not None:
            text = "Unique readings that gateways brought, as the intake counts them"
            yield _gauge("readings_stored", text, told.readings)
        if told.marks is not None:
            yield _gauge("dirty_marks", "Ranges the ledger has to look at", told.marks)
        if told.letters is not None:
            yield _gauge("dead_letters", "Dead letters of all states", told.letters)
        ready = GaugeMetricFamily("greenoffice_ready", "1 where a part is ready", labels=["part"])
        for name, part in told.parts.items():
            ready.add_metric([name], float(part.ready))
        yield ready
        yield _gauge("told_seconds", "Age of these sizes, and of what parts are ready [s]", age_s)

    def _ask(self) -> _StoresTold:
        platform = self._platform
        return _StoresTold(
            _size(lambda: sum(one.counts.new for one in platform.intake.gateways())),
            _size(platform.marks.waiting),
            _size(platform.intake.dead_letter_count),
            platform.parts(),
        )


def _size(ask: Callable[[], int]) -> int | None:
    """None of a store that is away: it has no size, the others are told."""
    with suppress(Unavailable):
        return ask()
    return None


class _Room(Collector):
    """What found no room, and what there is in it when scraped."""

    def __init__(self, room: Room) -> None:
        self._room = room

    def collect(self) -> Iterator[Metric]:
        refused = CounterMetricFamily(
            "greenoffice_http_refused",
            "What found no room, by what there was no room for",
            labels=["reason"],
        )
        for what in Lack:
            refused.add_metric([what], self._room.counts[what])
        yield refused
        yield _gauge("http_connections", "Clients connected now", self._room.connections)
        yield _gauge("http_requests_waiting", "Requests that wait for a place", self._room.waiting)


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"greenoffice_{name}", text, value=value)


class Metrics:
    """One set of counters an app."""

    def __init__(self, platform: Platform) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Stores(platform))
        self._registry.register(_Room(platform.room))
        self.requests = Counter(
            "greenoffice_http_requests",
            "Requests answered",
            ["method", "route", "status"],
            registry=self._registry,
        )
        self.seconds = Histogram(
            "greenoffice_http_request_seconds",
            "Time to answer [s]",
            ["route"],
            registry=self._registry,
        )

    def exposition(self) -> bytes:
        """The Prometheus text."""
        return generate_latest(self._registry)
