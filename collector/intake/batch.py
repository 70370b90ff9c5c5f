"""The messages of a batch: most of them as columns, the others one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from collector.decode import MessageLimits
from collector.decode.decoder import PlainMessage
from collector.intake.bulk import BulkLane, Parsed, PlainReadings, read_plainly
from collector.intake.decoding import Decoding, Received
from collector.intake.resolve import Resolver
from collector.journal.record import Located


@dataclass(frozen=True, eq=False)
class ReceivedBatch:
    """Records in the order of the journal: what was in each, and what stood against it.

    A message is numbered by its place among them. `batch[number]` is the message by itself; one
    that was read with the others is read again then, for what stands against it to be kept.
    """

    count: int
    plain: PlainReadings
    """Those that were read together."""
    apart: dict[int, Received]
    """All others by number, and those that were asked for."""
    last_arrived_us: int
    """When the last record came [us UTC]."""
    _again: Callable[[int], Received]
    """Reads one by itself."""

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, number: int) -> Received:
        if number not in self.apart:
            self.apart[number] = self._again(number)
        return self.apart[number]

    def by_itself(self) -> list[Received]:
        """Those that were read by themselves, or asked for, in order: nothing stands against
        any other."""
        return [self.apart[number] for number in sorted(self.apart)]

    @classmethod
    def of(cls, messages: Sequence[Received]) -> ReceivedBatch:
        """Messages that were all read by themselves."""
        nothing, _ = read_plainly(Parsed.none(), MessageLimits(), lambda _: None)
        last_us = messages[-1].record.arrived_us if messages else 0
        apart = dict(enumerate(messages))
        return cls(len(messages), nothing, apart, last_us, apart.__getitem__)


def _in_form(lane: BulkLane, payload: bytes) -> PlainMessage | None:
    """A message that its decoder takes; None of any other, also of one that breaks the decoder:
    read by itself it becomes a dead letter, and the intake goes on."""
    try:
        return lane.plain(payload)
    except Exception:
        return None


def receive(
    located: Sequence[Located], decoding: Decoding, resolver: Resolver, most_readings: int
) -> ReceivedBatch:
    """Read records in order, until they hold so many readings; at least one of them."""
    apart: dict[int, Received] = {}
    parsed = Parsed.none()
    lane_of, most_bytes = decoding.lanes(resolver), decoding.limits.payload_bytes
    readings = count = 0
    for number, one in enumerate(located):
        record = one.record
        lane = lane_of(record)
        message = None
        if lane is not None and len(record.payload) <= most_bytes:
            message = _in_form(lane, record.payload)
        if lane is None or message is None:
            apart[number] = decoding.read(*one, resolver)
            readings += len(apart[number].found.index)
        else:
            parsed.number.append(number)
            parsed.located.append(one)
            parsed.lane.append(lane)
            parsed.message.append(message)
            readings += len(message.readings)
        count = number + 1
        if readings >= most_readings:
            break

    def again(number: int) -> Received:
        return decoding.read(*located[number], resolver)

    def learn(one: Located) -> Received:
        return decoding.read(*one, resolver)

    plain, others = read_plainly(parsed, decoding.limits, learn)
    apart |= {number: again(number) for number in others.tolist()}
    last_us = located[count - 1].record.arrived_us if count else 0
    return ReceivedBatch(count, plain, apart, last_us, again)
