"""A batch that breaks off between its readings and its checkpoint is counted as it was at first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.errors import Unavailable
from metering.intake import IntakeBatch
from metering.reading import ReadingColumns

TIMES = ["2026-11-24T08:00:00Z", "2026-11-24T08:15:00Z"]
WRITERS = (1, 2)

readings = st.fixed_dictionaries(
    {"point": st.just("E1"), "time": st.sampled_from(TIMES), "value": st.integers(0, 2)}
)
messages = st.tuples(st.sampled_from(WRITERS), st.lists(readings, min_size=1, max_size=3))
steps = st.tuples(st.sampled_from(WRITERS), st.sampled_from(["well", "written", "half"]))


@contextmanager
def broken_off(bench: Any, how: str) -> Iterator[None]:
    """The process ends once all of the readings are written, or every second one."""
    commit, upsert = bench.store.commit, bench.readings.upsert

    def killed(batch: IntakeBatch) -> None:
        raise Unavailable("killed")

    def half(rows: ReadingColumns) -> None:
        chosen = rows.value % 2 == 0
        upsert(rows.take(chosen))
        raise Unavailable("killed")

    if how == "written":
        bench.store.commit = killed
    if how == "half":
        bench.readings.upsert = half
    yield
    bench.store.commit, bench.readings.upsert = commit, upsert


def recorded(bench: Any) -> list[int]:
    """Writers of the batches that are committed from now on, in order."""
    order: list[int] = []
    commit = bench.store.commit

    def watched(batch: IntakeBatch) -> None:
        commit(batch)
        order.append(batch.writer_no)

    bench.store.commit = watched
    return order


@given(st.lists(messages, max_size=8), st.lists(steps, max_size=8), st.integers(1, 3))
def test_the_counters_are_those_of_a_run_that_nothing_broke_off(
    make_bench: Callable[..., Any],
    sent: list[tuple[int, list[dict[str, Any]]]],
    schedule: list[tuple[int, str]],
    limit: int,
) -> None:
    torn, whole = make_bench(limit=limit), make_bench(limit=limit)
    for number, (writer_no, body) in enumerate(sent):
        for bench in (torn, whole):
            message = {"session": 1, "seq": number, "readings": body}
            bench.push(message, writer_no=writer_no, arrived_us=bench.now_us + number)
    order = recorded(torn)
    for writer_no, how in schedule + [(writer_no, "well") for writer_no in WRITERS] * 10:
        with broken_off(torn, how):
            try:
                torn.intake.step(writer_no)
            except Unavailable:
                torn.intake = torn.fresh(limit=limit)
    for writer_no in order:
        whole.intake.step(writer_no)
    assert torn.rows() == whole.rows()
    assert torn.store.gateways() == whole.store.gateways()
    assert torn.reasons() == whole.reasons()
    assert torn.store.judged() == []
    assert {mark.point for mark in torn.marks.ready()} == {row[0] for row in torn.rows()}


def corrected(bench: Any) -> None:
    """A reading that is taken in, and its correction that is written and not committed."""
    bench.push({"session": 1, "seq": 1, "readings": [at(1)]})
    bench.drain()
    bench.push({"session": 1, "seq": 2, "readings": [at(2)]})
    with broken_off(bench, "written"), pytest.raises(Unavailable):
        bench.intake.step(1)
    bench.intake = bench.fresh()


def at(value: float) -> dict[str, Any]:
    return {"point": "E1", "time": TIMES[0], "value": value}


def test_a_written_correction_stays_one_and_what_came_meanwhile_waits_for_it(bench: Any) -> None:
    corrected(bench)
    bench.push({"session": 1, "seq": 3, "readings": [at(3)]})
    report = bench.intake.step(1)
    assert (report.records, report.new, report.corrections) == (1, 0, 1)
    assert bench.intake.step(1).corrections == 1


@pytest.mark.parametrize("call", ["replay_dead_letters", "rebuild"])
def test_whatever_else_is_done_first_finishes_it_or_begins_anew(bench: Any, call: str) -> None:
    corrected(bench)
    getattr(bench.intake, call)()
    bench.drain()
    (gateway,) = bench.store.gateways()
    assert (gateway.counts.new, gateway.counts.corrections) == (1, 1)
    assert bench.store.judged() == []


def test_a_batch_that_the_registry_reads_otherwise_by_now_is_judged_anew(bench: Any) -> None:
    corrected(bench)
    points = {id: point for id, point in bench.registry.points.items() if point.name != "E1"}
    bench.registry = replace(bench.registry, points=points)
    report = bench.intake.step(1)
    assert (report.readings, report.dead) == (0, 1)
    assert bench.store.judged() == []


def test_one_of_records_that_expired_is_forgotten(bench: Any) -> None:
    corrected(bench)
    kept = bench.journal.records.pop(1)
    assert not bench.intake.step(2).records
    bench.journal.records[1] = kept + kept[-1:]
    assert bench.intake.step(1).records == 2
