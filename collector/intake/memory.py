"""What gateways said, for decoders that go by earlier messages.

    decode ─note▶ held here, seen by the messages behind it ─changes▶ committed with the batch

What a message finds depends on its place in its writer's journal, and on nothing else: not on how
the journal is cut into batches, nor on when it is read.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from collector.decode.past import SaidOnce
from metering.ports import Remembering
from metering.remembered import (
    LONGEST_VALUE,
    MOST_BYTES,
    MOST_ENTRIES,
    MOST_VALUES,
    Remembered,
    beyond,
)

_HELD, _HELD_BYTES = 10_000, 64 << 20
"""Gateways that are held at once, and their bytes; of more the store is asked anew."""
_LONGEST_KEY = 1_024
Identity = tuple[str, str, int, int]


class _OfOne:
    """All that one gateway said by one way in."""

    def __init__(self, entries: Iterable[Remembered]) -> None:
        self.entries = {one.identity: one for one in entries}
        self.bytes = sum(len(one.value) for one in self.entries.values())
        self.keys: dict[str, list[SaidOnce]] = {}
        for one in sorted(self.entries.values(), key=lambda one: one.place):
            self.keys.setdefault(one.key, []).append(SaidOnce(one.place, one.value))

    def add(self, one: Remembered) -> tuple[list[Remembered], list[Remembered]]:
        """(what is to be kept of it: itself, and the end of what was before the oldest value; what
        is more than is kept with it)."""
        self._put(one)
        kept, gone, said = [one], list[Remembered](), self.keys[one.key]
        if len(said) > MOST_VALUES + 1:
            oldest, end = (self._at(one, said[n].place) for n in (0, 1))
            gone.append(oldest)
            kept.append(replace(end, value=b""))
            self._drop(oldest)
            self._drop(end)
            self._put(kept[-1])
        if len(self.entries) > MOST_ENTRIES or self.bytes > MOST_BYTES:
            more = beyond(self.entries.values())
            for other in more:
                self._drop(other)
            gone += more
        return kept, gone

    def _put(self, one: Remembered) -> None:
        self.entries[one.identity] = one
        self.bytes += len(one.value)
        insort(self.keys.setdefault(one.key, []), SaidOnce(one.place, one.value))

    def _at(self, one: Remembered, place: int) -> Remembered:
        return self.entries[one.gateway, one.key, place >> 32, place & 0xFFFF_FFFF]

    def _drop(self, one: Remembered) -> None:
        del self.entries[one.identity]
        self.bytes -= len(one.value)
        said = self.keys[one.key]
        said.remove(SaidOnce(one.place, one.value))
        if not said:
            del self.keys[one.key]


class PastFromPlace:
    """A `GatewayPast`."""

    def __init__(self, keys: dict[str, list[SaidOnce]], place: int) -> None:
        self._keys = keys
        self._place = place

    def before(self, key: str) -> SaidOnce | None:
        """As the protocol says."""
        said = self._keys.get(key, ())
        at = bisect_left(said, (self._place,))
        return said[at - 1] if at else None

    def after(self, key: str) -> Sequence[SaidOnce]:
        """As the protocol says."""
        said = self._keys.get(key, ())
        return said[bisect_left(said, (self._place + 1,)) :]


class GatewayMemory:
    """What is known of gateways, with what is not committed yet. For one thread."""

    def __init__(self, store: Remembering) -> None:
        self._store = store
        self._held: OrderedDict[tuple[str, int], _OfOne] = OrderedDict()
        self._put: dict[Identity, Remembered] = {}
        self._gone: dict[Identity, Remembered] = {}

    def past(self, gateway: str, segment: int, offset: int) -> PastFromPlace:
        """What a gateway said, seen from a place in the journal."""
        return PastFromPlace(self._of(gateway, segment >> 24).keys, segment << 32 | offset)

    def note(
        self, gateway: str, segment: int, offset: int, told: Iterable[tuple[str, bytes]]
    ) -> None:
        """What a message said; the same again changes nothing. What is too long is not kept, and
        ends what was said before under its key."""
        own = self._of(gateway, segment >> 24)
        for key, value in told:
            if len(key) > _LONGEST_KEY or not key.isprintable():
                continue
            kept = value if len(value) <= LONGEST_VALUE else b""
            one = Remembered(gateway, key, segment, offset, kept)
            if one.identity in own.entries:
                continue
            put, gone = own.add(one)
            for other in put:
                self._put[other.identity] = other
                self._gone.pop(other.identity, None)
            for other in gone:
                self._put.pop(other.identity, None)
                self._gone[other.identity] = other

    def changes(self) -> tuple[tuple[Remembered, ...], tuple[Remembered, ...]]:
        """(what was said, what is remembered no more) since the last commit."""
        return tuple(self._put.values()), tuple(self._gone.values())

    def committed(self) -> None:
        """The changes are in the store."""
        self._put.clear()
        self._gone.clear()
        size = sum(one.bytes for one in self._held.values())
        while self._held and (size > _HELD_BYTES or len(self._held) > _HELD):
            size -= self._held.popitem(last=False)[1].bytes

    def forget(self) -> None:
        """Ask the store anew: nobody knows what it has."""
        self._held.clear()
        self._put.clear()
        self._gone.clear()

    def _of(self, gateway: str, writer_no: int) -> _OfOne:
        key = gateway, writer_no
        if key not in self._held:
            kept = self._store.remembered(gateway)
            self._held[key] = _OfOne(one for one in kept if one.segment >> 24 == writer_no)
        self._held.move_to_end(key)
        return self._held[key]
