"""The queues before the disk: everybody's turn comes, and nobody's order changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import hypothesis.strategies as st
from hypothesis import given

from collector.fair_queue import TURN, WEIGHED_BYTES, FairQueue


@dataclass(frozen=True)
class Entry:
    source: str
    records: Sequence[object]
    size: int
    number: int


def entry(source: str, number: int = 0, count: int = 1, size: int = 0) -> Entry:
    return Entry(source, [None] * count, size, number)


entries = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 3 * TURN), st.integers(0, 3 << 20)),
    max_size=30,
).map(lambda found: [entry(s, n, count, size) for n, (s, count, size) in enumerate(found)])


@given(entries, st.integers(1, 500), st.integers(1, 4 << 20))
def test_all_is_taken_once_and_in_the_order_of_each(
    put: list[Entry], most_records: int, most_bytes: int
) -> None:
    queue: FairQueue[Entry] = FairQueue()
    for one in put:
        queue.put(one)
    taken: list[Entry] = []
    while batch := queue.take(most_records, most_bytes):
        assert sum(len(one.records) for one in batch[:-1]) < most_records
        assert sum(one.size for one in batch[:-1]) < most_bytes
        taken += batch
        left = len([one for one in put if len(one.records) or one.size])
        assert queue.sources <= left
        queue.done(batch)
    assert not queue
    assert (queue.records, queue.size, queue.sources) == (0, 0, 0)
    for source in "abc":
        assert [one for one in taken if one.source == source] == [
            one for one in put if one.source == source
        ]


@given(st.integers(1, 40), st.booleans())
def test_a_flood_before_it_puts_nobody_off(others: int, by_bytes: bool) -> None:
    """However much one has waiting, the first of all others is in the next commit."""
    queue: FairQueue[Entry] = FairQueue()
    for number in range(1_000):
        count, size = (1, 250 * WEIGHED_BYTES) if by_bytes else (250, 0)
        queue.put(entry("flood", number, count, size))
    for number in range(others):
        queue.put(entry(f"good {number}"))
    batch = queue.take(1_000, 64 << 20)
    assert {one.source for one in batch} >= {f"good {number}" for number in range(others)}


def test_two_who_bring_much_share_alike() -> None:
    queue: FairQueue[Entry] = FairQueue()
    for number in range(400):
        queue.put(entry("many small", number, 10))
        queue.put(entry("few large", number, 250))
    taken = {"many small": 0, "few large": 0}
    for one in queue.take(3_000, 1 << 30):
        taken[one.source] += len(one.records)
    assert abs(taken["many small"] - taken["few large"]) <= 250 + TURN


def test_what_was_taken_waits_until_it_is_done() -> None:
    queue: FairQueue[Entry] = FairQueue()
    queue.put(entry("a", count=3, size=7))
    batch = queue.take(10, 10)
    assert (queue.records, queue.size, queue.waiting("a")) == (3, 7, (3, 7))
    queue.done(batch)
    assert (queue.records, queue.size, queue.waiting("a")) == (0, 0, (0, 0))
