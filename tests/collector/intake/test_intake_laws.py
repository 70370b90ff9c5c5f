"""Laws of the intake: order, repetition, batches, restarts and rebuilding do not matter."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from collector.intake import Intake
from collector.journal import JournalReader, JournalWriter, Record

ARRIVED_US = 1_795_508_102_000_000
TIMES = ["2026-11-24T08:00:00Z", "2026-11-24T08:15:00Z", "2026-11-20T08:15:00Z"]

readings = st.fixed_dictionaries(
    {
        "point": st.sampled_from(["E1", "T1", "nobody"]),
        "time": st.sampled_from(TIMES),
        "value": st.integers(0, 2),
    }
)


@st.composite
def published(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Messages of one gateway: each seq once, its times once, some of it sent again."""
    bodies = draw(
        st.lists(
            st.lists(readings, max_size=3, unique_by=lambda r: (r["point"], r["time"])),
            max_size=6,
        )
    )
    sent = [{"session": 1, "seq": n, "readings": body} for n, body in enumerate(bodies)]
    again = draw(st.lists(st.sampled_from(sent), max_size=4)) if sent else []
    return draw(st.permutations(sent + again))


def contents(bench: Any) -> list[tuple[float, ...]]:
    """Everything stored, without lineage, which tells the order of arrival."""
    found = bench.stored()
    columns = (found.point, found.time_us, found.value, found.flag, found.order_lo)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def lineage(bench: Any) -> list[list[int]]:
    found = bench.stored()
    return [found.segment.tolist(), found.offset.tolist(), found.index.tolist()]


def taken(bench: Any, messages: list[dict[str, Any]]) -> Any:
    for number, message in enumerate(messages):
        bench.push(message, arrived_us=ARRIVED_US + number)
    bench.drain()
    return bench


@given(published(), st.randoms(), st.integers(1, 5))
def test_duplicates_order_and_batches_do_not_matter(
    make_bench: Callable[..., Any], messages: list[dict[str, Any]], random: Any, limit: int
) -> None:
    once = {message["seq"]: message for message in messages}
    plain = taken(make_bench(), [once[seq] for seq in sorted(once)])
    mixed = list(messages)
    random.shuffle(mixed)
    assert contents(taken(make_bench(limit=limit), mixed)) == contents(plain)


@given(published(), st.integers(1, 5), st.integers(0, 12))
def test_every_reading_is_stored_or_a_dead_letter(
    make_bench: Callable[..., Any], messages: list[dict[str, Any]], limit: int, restart: int
) -> None:
    bench = make_bench(limit=limit)
    for number, message in enumerate(messages):
        bench.push(message)
        if number == restart:
            bench.drain()
            bench.intake = bench.fresh(limit=limit)
    bench.drain()
    sent = [r for message in messages for r in message["readings"]]
    wanted = {(r["point"], r["time"]) for r in sent if r["point"] != "nobody"}
    assert len(bench.rows()) == len(wanted)
    counts = [status.counts for status in bench.store.gateways()]
    told = sum(c.new + c.duplicates + c.corrections + c.outdated + c.dead for c in counts)
    assert told == sum(c.readings for c in counts) == len(sent)
    assert sum(c.new for c in counts) == len(wanted)


@given(published())
def test_rebuild_makes_the_same_again(
    make_bench: Callable[..., Any], messages: list[dict[str, Any]]
) -> None:
    bench = taken(make_bench(), messages)
    before, places, letters = contents(bench), lineage(bench), bench.reasons()
    counts = bench.store.gateways()
    bench.intake.rebuild()
    assert (contents(bench), lineage(bench)) == (before, places)
    assert (bench.reasons(), bench.store.gateways()) == (letters, counts)


def test_over_a_real_journal(make_bench: Callable[..., Any], tmp_path: Path) -> None:
    bench = make_bench()
    body = json.dumps({"readings": [{"point": "E1", "time": TIMES[0], "value": 7}]}).encode()
    record = Record(
        "message", ARRIVED_US, "s/g", "c", "1", "greenoffice/v1/s/g/readings", body, qos=1
    )
    writer = JournalWriter(tmp_path / "listener", 1, now_us=lambda: ARRIVED_US, housekeep=False)
    writer.append([record])
    writer.close()
    reader = JournalReader(tmp_path)
    intake = Intake(
        reader,
        bench.readings,
        bench.store,
        bench.marks,
        lambda: bench.registry,
        lambda: ARRIVED_US,
    )
    assert intake.step(1).new == 1
    found = bench.stored()
    place = (int(found.segment[0]), int(found.offset[0]))
    assert reader.record(*place).payload == body
    reader.close()
