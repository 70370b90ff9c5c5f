"""Shares of work: each name has one owner, the same wherever it is asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.errors import InvalidInput
from metering.shard import BUCKETS, WHOLE, Shard, all_shards, bucket_of, read_name, read_shard

counts = st.integers(1, BUCKETS)


@given(st.text(), counts)
def test_one_worker_keeps_each_name(name: str, count: int) -> None:
    owners = [shard for shard in all_shards(count) if shard.keeps(name)]
    assert len(owners) == 1
    assert bucket_of(name) in owners[0].buckets


@given(counts)
def test_each_bucket_is_of_one_share(count: int) -> None:
    found = sorted(bucket for shard in all_shards(count) for bucket in shard.buckets)
    assert found == list(range(BUCKETS))


@given(counts.flatmap(lambda n: st.tuples(st.integers(1, n), st.just(n))))
def test_a_share_is_read_as_it_is_written(numbers: tuple[int, int]) -> None:
    shard = Shard(*numbers)
    assert read_shard(str(shard)) == shard
    assert read_name(shard.named("ledger")) == ("ledger", shard)


def test_owners_are_those_of_every_version() -> None:
    """Another hash would give sessions, journals and institutions of running offices to others."""
    assert [bucket_of(name) for name in ("", "s/g", "campus/gw-a", "建筑")] == [52, 32, 17, 57]


def test_names_of_processes() -> None:
    assert Shard(2, 3).named("collector") == "collector-2of3"
    assert WHOLE.named("ledger") == "ledger"
    assert read_name("work") == ("work", WHOLE)
    assert read_name("ledger-2of3.stands-by-h-1") == ("ledger-2of3.stands-by-h-1", WHOLE)


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "1/2/3", "a/b", "1/61", "-1/2", "01/2", "²/2"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_shard(text)
    assert (refused.value.field, refused.value.value) == ("shard", text)
    assert "1/2" in (refused.value.fix or "")
