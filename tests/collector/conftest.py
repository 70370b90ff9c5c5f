"""A real listener on a free loopback port, its event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from collector import CollectorMetrics, JournalReader, JournalWriter, Listener, ListenerSettings
from collector.journal import Record

PASSWORDS = {"s/g": b"right", "s/h": b"other"}


class Passwords:
    """Credentials of two gateways; counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def verify(self, user: str, password: bytes) -> bool:
        self.asked += 1
        if user == "broken":
            raise RuntimeError("the registry is gone")
        return PASSWORDS.get(user) == password


class Running:
    """A listener that runs, with what a test asks of it."""

    def __init__(
        self, root: Path, settings: ListenerSettings, tls: ssl.SSLContext | None, **journal: Any
    ) -> None:
        self.root = root
        self.passwords = Passwords()
        self.registry = CollectorRegistry()
        self.journal = JournalWriter(
            root / "listener", 1, now_us=lambda: time.time_ns() // 1000, housekeep=False, **journal
        )
        self.listener = Listener(
            self.journal,
            self.passwords,
            settings,
            CollectorMetrics(self.registry),
            now_us=lambda: time.time_ns() // 1000,
            tls=tls,
        )
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.run(self.listener.start())

    @property
    def port(self) -> int:
        return self.listener.port

    def run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    def records(self, *kinds: str) -> list[Record]:
        reader = JournalReader(self.root)
        found = [located.record for located in reader.iter_all(1)]
        reader.close()
        return [record for record in found if not kinds or record.kind in kinds]

    def metric(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0.0

    def close(self) -> None:
        self.run(self.listener.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        self.journal.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts listeners; keywords are settings, ``journal`` those of the journal."""
    running: list[Running] = []

    def begin(
        journal: dict[str, Any] | None = None,
        tls: ssl.SSLContext | None = None,
        **settings: Any,
    ) -> Running:
        chosen = ListenerSettings(**({"port": 0, "retry_s": 0.05} | settings))
        running.append(Running(tmp_path / "journal", chosen, tls, **(journal or {})))
        return running[-1]

    yield begin
    for one in running:
        one.close()


@pytest.fixture
def server(start: Callable[..., Running]) -> Running:
    return start()
