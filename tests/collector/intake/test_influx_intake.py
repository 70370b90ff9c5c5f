"""The intake on a real InfluxDB: it waits out an outage, and what the store refuses for good
becomes a dead letter beside everything else stored."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from metering.errors import Unavailable
from proofs.servers.relay import Relay
from storage.influx import InfluxAddress, InfluxClient, InfluxReadings, queries

MINUTE_US = 60_000_000


def readings(start_us: int, count: int, first: float) -> list[dict[str, Any]]:
    """Minutely ones; times in milliseconds."""
    return [
        {"point": "E1", "value": first + n, "time": (start_us + n * MINUTE_US) // 1000}
        for n in range(count)
    ]


@pytest.fixture
def address(influx_bucket: Callable[[int], InfluxAddress]) -> InfluxAddress:
    return influx_bucket(1)


@pytest.fixture
def influx_bench(make_bench: Callable[..., Any], address: InfluxAddress) -> Any:
    bench = make_bench()
    bench.readings = InfluxReadings(address)
    bench.intake = bench.fresh()
    return bench


def test_duplicates_and_corrections_are_told_apart(influx_bench: Any) -> None:
    rows = readings(influx_bench.now_us // MINUTE_US * MINUTE_US - 3600 * 1_000_000, 20, 5.0)
    influx_bench.push({"session": 1, "seq": 1, "readings": rows})
    influx_bench.push({"session": 1, "seq": 2, "readings": rows[:10]})
    changed = [{**rows[3], "value": 99.0}]
    influx_bench.push({"session": 1, "seq": 3, "readings": changed})
    for expected in ((20, 0, 0), (0, 10, 0), (0, 0, 1)):
        report = influx_bench.fresh(limit=1).step(1)
        assert (report.new, report.duplicates, report.corrections) == expected
    assert [row[2] for row in influx_bench.rows()][2:5] == [7.0, 99.0, 9.0]


def test_an_outage_costs_nothing_but_delay(influx_bench: Any, address: InfluxAddress) -> None:
    start_us = influx_bench.now_us // MINUTE_US * MINUTE_US - 3600 * 1_000_000
    influx_bench.push(readings(start_us, 30, 1.0))
    down = Relay("http://127.0.0.1:9")
    influx_bench.readings = InfluxReadings(replace(address, url=down.url))
    intake = influx_bench.fresh()
    for _ in range(3):
        with pytest.raises(Unavailable):
            intake.step(1)
    assert influx_bench.store.checkpoint(1) == (0, 0)
    down.close()
    influx_bench.readings = InfluxReadings(address)
    assert influx_bench.fresh().step(1).new == 30
    assert influx_bench.reasons() == []
    assert len(influx_bench.rows()) == 30


def test_what_lies_beyond_the_retention_becomes_dead_letters(
    influx_bench: Any, address: InfluxAddress
) -> None:
    """The server judges by its own clock, so the intake's is set to it."""
    now_us = time.time_ns() // 1000 // MINUTE_US * MINUTE_US
    alter = f'ALTER RETENTION POLICY autogen ON "{address.bucket}" DURATION 9d SHARD DURATION 1d'
    assert queries.command(InfluxClient(address), alter) == ""
    old = readings(now_us - 40 * 1440 * MINUTE_US, 7, 1.0)
    fresh = readings(now_us - 100 * MINUTE_US, 50, 100.0)
    influx_bench.push([*fresh[:25], *old, *fresh[25:]], arrived_us=now_us)
    report = influx_bench.intake.step(1)
    assert (report.new, report.dead) == (50, 7)
    assert sorted(index for _, index in influx_bench.reasons()) == list(range(25, 32))
    assert [row[2] for row in influx_bench.rows()] == [100.0 + n for n in range(50)]
