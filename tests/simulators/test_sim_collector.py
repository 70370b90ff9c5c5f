"""The gateways against the real listener, journal and decoder: the counts agree."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from collector import CollectorMetrics, JournalReader, JournalWriter, Listener, ListenerSettings
from collector.decode import DECODERS, Decoded, Incoming, MessageLimits
from metering.localtime import HOUR_US, parse_instant
from simulators import SimulatorSettings, load_campus, published, run, summary
from simulators.campus import SimPoint

START_US = parse_instant("2026-10-01T00:00:00+08:00")
NOW_US = START_US + 60 * HOUR_US
GATEWAYS = ("gw-a", "gw-b", "gw-canteen", "gw-dc")


class OnePassword:
    """Credentials of a site where every gateway has the same password."""

    def verify(self, user: str, password: bytes, now_us: int, _: object) -> bool:
        return user.removeprefix("campus/") in GATEWAYS and password == b"secret"

    def knows(self, user: str) -> bool:
        return user.removeprefix("campus/") in GATEWAYS

    def revoked(self, user: str) -> bool:
        return False


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """(journal root, port) of a listener whose clock stands at the end of the history."""
    root = tmp_path / "journal"
    journal = JournalWriter(root / "listener", 1, now_us=lambda: NOW_US, housekeep=False)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    listener = Listener(
        journal,
        OnePassword(),
        ListenerSettings(port=0),
        CollectorMetrics(CollectorRegistry()),
        now_us=lambda: NOW_US,
    )
    asyncio.run_coroutine_threadsafe(listener.start(), loop).result(30)
    yield root, listener.port
    asyncio.run_coroutine_threadsafe(listener.close(), loop).result(30)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()
    journal.close()


def test_the_files_and_the_journal_say_the_same(
    listening: tuple[Path, int], tmp_path: Path
) -> None:
    root, port = listening
    settings = SimulatorSettings(
        tmp_path / "simulators",
        seed=5,
        start_us=START_US,
        now_us=NOW_US,
        host="127.0.0.1",
        port=port,
        passwords=dict.fromkeys(GATEWAYS, "secret"),
        live_interval_s=0,
    )
    run(settings, lambda: NOW_US, threading.Event())
    points = {f"campus/{p.key}": p for p in load_campus().points}
    good: dict[tuple[str, str], set[int]] = {}
    delivered = bad = corrected = 0
    values: dict[tuple[str, str, int], float] = {}
    for gateway, decoded in decode_all(root):
        bad += len(decoded.problems)
        for name, time_us, value, fits in readings(points, gateway, decoded):
            bad += not fits
            if fits:
                delivered += 1
                good.setdefault((gateway, name), set()).add(time_us)
                corrected += values.setdefault((gateway, name, time_us), value) != value
    counts = summary(tmp_path / "simulators")
    files = {key: set(t.tolist()) for key, t in published(tmp_path / "simulators").items()}
    assert good == files
    assert bad == counts.bad_published > 0
    assert corrected == len(GATEWAYS)
    assert delivered == counts.published + counts.duplicates_published + corrected


def decode_all(root: Path) -> Iterator[tuple[str, Decoded]]:
    """(gateway code, decoded message) of every message in the journal."""
    reader = JournalReader(root)
    for located in reader.read(1, 0, 0, 10**6):
        record = located.record
        if record.kind == "message":
            incoming = Incoming(record.route, record.payload, record.arrived_us)
            decoded = DECODERS["native"].decode(incoming, MessageLimits())
            yield record.gateway.removeprefix("campus/"), decoded
    reader.close()


def readings(
    points: dict[str, SimPoint], gateway: str, decoded: Decoded
) -> Iterator[tuple[str, int, float, bool]]:
    """(point, time, value, whether the registry would take it)."""
    columns = (decoded.points, decoded.kinds, decoded.units, decoded.times, decoded.values)
    for name, kind, unit, time_us, value in zip(*columns, strict=True):
        point = points.get(f"campus/{gateway}/{name}")
        fits = point is not None and kind in (None, point.kind) and unit in (None, point.unit)
        yield name, time_us or 0, value, fits
