"""Gateways are asked for what did not come of them, and edge nodes of Sparkplug for their births.

    intake     gaps and nodes that are due, of gateways that are there ─▶ asked, when and how often
    collector  what was just asked for ─▶ the command topic of the gateway, or of the node

The intake decides, and notes it before anybody is told: so each is asked for once in each pause,
whoever dies in between. The collector, which is open to the outside, only reads.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from collector import Receiver
from collector.decode.sparkplug import rebirth, rebirth_topic
from collector.topics import topic_of
from greenoffice.folder import DataFolder
from greenoffice.gateway_passwords import database_there
from greenoffice.stores import open_requests
from metering import edge_node
from metering.delivery import OLDEST_US, Gap, asked, ended
from metering.localtime import iso
from metering.ports import Requests, Resending

ASK_S = 5.0
"""Between two looks for what is due, and for what was asked [s]."""
TELL_US = 60_000_000
"""For so long a collector tries to tell a gateway that does not listen yet [us]."""


@dataclass(frozen=True)
class AskingWork:
    """Asks for the gaps that are due, and gives up those of which that is in vain; and nodes for
    their births."""

    store: Resending
    writers: Sequence[int]
    """Of the ways in by which a gateway can be told something."""
    now_us: Callable[[], int]
    after_s: int
    """What is missing is asked for once nothing of it came for so long."""
    tries: int
    """How often at most; 0: the platform asks for nothing by itself."""

    def __call__(self) -> bool:
        """False: there is time until the next look."""
        now_us = self.now_us()
        for gap in self.store.due(now_us, self.after_s * 1_000_000, self.writers):
            most = 1 if gap.kind == "hand" else self.tries
            if gap.tries >= most or gap.found_us < now_us - OLDEST_US:
                self.store.settle(ended(gap, "given_up", now_us), gap)
            else:
                self.store.settle(asked(gap, now_us), gap)
        for node in self.store.due_nodes(now_us, self.writers) if self.tries else ():
            self.store.settle_node(edge_node.asked(node, now_us), node)
        return False


class Command(NamedTuple):
    """What is to be told to a gateway."""

    writer_no: int
    """By which way in."""
    gateway: str
    topic: str
    payload: bytes
    asked_us: int
    """When it was decided."""
    of: tuple[str, object]
    """What it asks for: told once each time that it is decided."""


@dataclass
class Telling:
    """Tells gateways what they are asked for. `news` may wait for the database; `tell` belongs to
    the loop of the receivers."""

    receivers: Mapping[int, Receiver]
    """By number of their writers."""
    now_us: Callable[[], int]
    store: Callable[[], Requests]
    since_us: int
    """What was asked for before is left: who told it may have been another process."""
    _known: dict[tuple[str, object], int] = field(default_factory=dict, init=False)
    """When each was asked for that was told."""

    def news(self) -> list[Command]:
        """What was asked for since. Raises what opening the database does."""
        store, since_us = self.store(), max(self.since_us, self.now_us() - TELL_US)
        found = []
        for writer_no in self.receivers:
            gaps = store.asked(since_us, [writer_no])
            found += [_resend(writer_no, gap) for gap in gaps]
            nodes = store.asked_nodes(since_us, [writer_no])
            found += [_rebirth(writer_no, node) for node in nodes]
        return found

    def tell(self, news: Sequence[Command]) -> None:
        """Tell those that listen; one that does not is told later, as long as it is news."""
        self._known = {of: at for of, at in self._known.items() if at > self.now_us() - 2 * TELL_US}
        for one in news:
            receiver = self.receivers[one.writer_no]
            if self._known.get(one.of) != one.asked_us and receiver.hears(one.gateway, one.topic):
                self._known[one.of] = one.asked_us
                receiver.command(one.gateway, one.topic, one.payload)


def _resend(writer_no: int, gap: Gap) -> Command:
    topic = topic_of(gap.gateway, "commands")
    of = "gap", gap.id
    return Command(writer_no, gap.gateway, topic, command_of(gap), gap.asked_us, of)


def _rebirth(writer_no: int, node: edge_node.EdgeNode) -> Command:
    topic, payload = rebirth_topic(node.node), rebirth(node.asked_us)
    of = "node", (node.gateway, node.node)
    return Command(writer_no, node.gateway, topic, payload, node.asked_us, of)


def command_of(gap: Gap) -> bytes:
    """What a gateway is told on its command topic."""
    told: dict[str, object] = {"command": "resend", "id": gap.id}
    if (numbers := gap.numbers) is not None:
        told |= {"session": gap.session, "seq": list(numbers)}
    elif (times := gap.times_us) is not None:
        told |= {"from": iso(times[0]), "until": iso(times[1])}
    return json.dumps(told).encode()


@dataclass
class RequestsOfFolder:
    """The requests of a data folder's database, opened when they are first asked for, and again
    where another file took its place."""

    folder: DataFolder
    _store: Requests | None = field(default=None, init=False)
    _there: object = field(default=None, init=False)

    def __call__(self) -> Requests:
        """Raises what `open_requests` does: another call tries again."""
        there = database_there(self.folder)
        if self._store is None or there != self._there:
            self._store, self._there = open_requests(self.folder), there
        return self._store
