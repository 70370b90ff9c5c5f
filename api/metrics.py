"""The API's own counters, and the sizes of the stores at the moment of asking."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.platform import Platform
from api.room import Lack, Room
from metering.errors import Unavailable


class _Stores(Collector):
    """Asks the stores when scraped."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def collect(self) -> Iterator[Metric]:
        platform = self._platform
        stored, waiting = platform.readings.count, platform.marks.waiting
        letters = platform.intake.dead_letter_count
        sizes: tuple[Callable[[], Metric], ...] = (
            lambda: _gauge("readings_stored", "Unique readings in the store", stored()),
            lambda: _gauge("dirty_marks", "Ranges the ledger has to look at", waiting()),
            lambda: _gauge("dead_letters", "Dead letters of all states", letters()),
        )
        for size in sizes:
            with suppress(Unavailable):  # a store that is away has no size; the others are told
                yield size()
        ready = GaugeMetricFamily("greenoffice_ready", "1 where a part is ready", labels=["part"])
        for name, part in platform.parts().items():
            ready.add_metric([name], float(part.ready))
        yield ready


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
