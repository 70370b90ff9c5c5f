"""A process killed at any moment leaves whole transactions and nothing else."""

from __future__ import annotations

import multiprocessing
import os
import signal
from datetime import date
from multiprocessing.connection import Connection

import numpy as np
import pytest

from metering import quality
from metering.book import BookRow, DirtyMark, Restatement, SeriesKey
from metering.errors import Conflict
from metering.intake import GatewayCounts, IntakeBatch
from storage import Stores, open_engine, sql_stores

SPAWN = multiprocessing.get_context("spawn")
DAY = date(2026, 11, 23)
KEYS = [SeriesKey("office", "meter", f"E{n}", "01000") for n in range(5)]


def row(key: SeriesKey, energy: int) -> BookRow:
    shares = quality.all_of(quality.MEASURED, 96)
    slots = np.full(96, energy, np.int64)
    return BookRow.of(key, DAY, 15, slots, shares, shares[:24], 96 * energy, shares[0])


def restated(stores: Stores) -> list[Restatement]:
    return [one for _, one in stores.books.restatements("office", limit=9999)]


def work_for_ever(url: str, told: Connection) -> None:
    """Per round: a mark, an intake batch that makes it ready, books that clear it."""
    stores = sql_stores(open_engine(url))
    revision = 0
    while True:
        stores.marks.mark([DirtyMark(revision, 0, 1)], writer_no=1)
        stores.intake.commit(
            IntakeBatch(
                1,
                *stores.intake.checkpoint(1),
                *(1, revision + 1),
                counts=(GatewayCounts("s/a", readings=5),),
            )
        )
        revision = stores.books.commit(
            "office",
            [row(key, revision + 1) for key in KEYS],
            expected_revision=revision,
            cleared=[mark.id for mark in stores.marks.ready()],
            now_us=1,
        )
        told.send(revision)


def race(url: str, told: Connection, energy: int) -> None:
    """Commit ten times, each time on the revision that stands."""
    books = sql_stores(open_engine(url)).books
    won = 0
    while won < 10:
        try:
            books.commit(
                "office",
                [row(KEYS[0], 1_000 * energy + won)],
                expected_revision=books.revision("office"),
                now_us=1,
            )
            won += 1
        except Conflict:
            continue
    told.send(won)


@pytest.mark.parametrize("rounds", [5, 40])
@pytest.mark.sampled(2)
def test_kill_9_leaves_whole_transactions(url: str, rounds: int) -> None:
    ours, theirs = SPAWN.Pipe()
    worker = SPAWN.Process(target=work_for_ever, args=(url, theirs))
    worker.start()
    told = [ours.recv() for _ in range(rounds)]
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGKILL)
    worker.join()
    while ours.poll():
        told.append(ours.recv())
    stores = sql_stores(open_engine(url))
    revision = stores.books.revision("office")
    assert revision in (told[-1], told[-1] + 1)
    assert {found.total for found in stores.books.rows(KEYS, DAY, DAY)} == {96 * revision}
    ends = {(one.old_revision, one.new_revision) for one in restated(stores)}
    assert (len(restated(stores)), ends) == (len(KEYS), {(1, revision)})
    (gateway,) = stores.intake.gateways()
    _, offset = stores.intake.checkpoint(1)
    assert gateway.counts.readings == 5 * offset
    assert offset in (revision, revision + 1)
    assert stores.marks.waiting() <= 1


def test_processes_that_race_lose_nothing(url: str) -> None:
    open_engine(url).dispose()
    ours, theirs = SPAWN.Pipe()
    racers = [SPAWN.Process(target=race, args=(url, theirs, n)) for n in (1, 2)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert [ours.recv(), ours.recv()] == [10, 10]
    stores = sql_stores(open_engine(url))
    assert stores.books.revision("office") == 20
    (one,) = restated(stores)
    assert (one.old_revision, one.new_revision) == (1, 20)
