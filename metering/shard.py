"""Shares of work that is done side by side: which of `n` workers keeps what a name stands for.

A name falls into one of `BUCKETS` by its SHA-256, wherever and whenever it is asked, and bucket b
belongs to the worker b mod n + 1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256

from metering.errors import InvalidInput

BUCKETS = 60
"""So that two to six workers have as many each; more workers than this there cannot be."""
_WRITTEN = re.compile(r"([1-9][0-9]{0,2})/([1-9][0-9]{0,2})")
_NAMED = re.compile(r"([a-z]+)-([1-9][0-9]?)of([1-9][0-9]?)")


@dataclass(frozen=True)
class Shard:
    """The share of the worker `index` of `count`, counted from 1."""

    index: int = 1
    count: int = 1

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    @property
    def whole(self) -> bool:
        """Whether there is no other worker."""
        return self.count == 1

    @property
    def buckets(self) -> tuple[int, ...]:
        """Buckets of the share, rising."""
        return tuple(range(self.index - 1, BUCKETS, self.count))

    def keeps(self, name: str) -> bool:
        """Whether the share holds what the name stands for: one of all `count` shares does."""
        return self.whole or bucket_of(name) % self.count == self.index - 1

    def named(self, process: str) -> str:
        """What a process of this share is called, `ledger-1of2`; the process alone where whole."""
        return process if self.whole else f"{process}-{self.index}of{self.count}"


WHOLE = Shard()


def bucket_of(name: str) -> int:
    """The bucket of a name, 0 to BUCKETS - 1."""
    return int.from_bytes(sha256(name.encode()).digest()[:8]) % BUCKETS


def all_shards(count: int) -> tuple[Shard, ...]:
    """The shares of so many workers."""
    return tuple(Shard(index, count) for index in range(1, count + 1))


def read_shard(text: str) -> Shard:
    """A share as people write it, `1/2`; '' is the whole. InvalidInput where it is none."""
    if not text:
        return WHOLE
    found = _WRITTEN.fullmatch(text)
    if found is None or not 1 <= int(found[1]) <= int(found[2]) <= BUCKETS:
        raise InvalidInput(
            "no such share of the work",
            field="shard",
            value=text,
            fix=f"write it as 1/2: the first of two; there are {BUCKETS} at most",
        )
    return Shard(int(found[1]), int(found[2]))


def read_name(name: str) -> tuple[str, Shard]:
    """The process and the share that a name of `Shard.named` says."""
    found = _NAMED.fullmatch(name)
    return (name, WHOLE) if found is None else (found[1], Shard(int(found[2]), int(found[3])))
