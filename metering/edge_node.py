"""Edge nodes of Sparkplug B: whether they and their devices are there, what of their messages is
missing, and whether they are to be asked for their births again.

    NBIRTH ─▶ online, seq 0   DBIRTH, NDATA, DDATA ─▶ seq and one, of 256   NDEATH ─▶ offline

A birth says what all that follows means. Where one was missed, or may have been, the node is asked
for it once in each pause. [Sparkplug 3.0, chapters 5 and 6]
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

Why = Literal["", "gap", "no_birth", "unknown_alias", "stale_death"]
"""Why a node is to be asked: a number of the sequence did not come, data came without a birth, an
alias that no birth names, the death of another birth than the last."""

MOST_NODES = 1_000
"""Of one gateway; of more the one heard of last longest ago goes."""
MOST_DEVICES = 1_000
"""Of one node; others are not told of."""
PAUSES_S = (60, 300, 900, 3_600, 21_600, 86_400)
"""Between one request and the next; the last one stands for all that follow."""
HEARD_US = 3_600_000_000
"""A node that said nothing for so long is not asked [us]."""
_NUMBERS = 256


@dataclass(frozen=True)
class NodeNews:
    """What a message tells of an edge node."""

    node: str
    """Group and node: `G/N`."""
    kind: str
    """NBIRTH, NDEATH, NDATA, DBIRTH, DDEATH or DDATA."""
    device: str = ""
    """'' where it is of the node itself."""
    seq: int | None = None
    bd_seq: int | None = None
    """Number of the birth that a birth or a death is of."""
    unborn: bool = False
    """Data, and no birth before it holds."""
    unnamed: bool = False
    """A metric by an alias that no birth names."""
    again: bool = False
    """Delivered a second time, as MQTT says."""


@dataclass(frozen=True)
class EdgeNode:
    """A node as it is known."""

    gateway: str
    node: str
    writer_no: int = 0
    """By which way in it came last."""
    online: bool = False
    since_us: int = 0
    """Of its last birth or death [us UTC]; 0 where none came."""
    seq: int = -1
    """The last number; -1 where none is known."""
    bd_seq: int = -1
    devices: Mapping[str, bool] = field(default_factory=dict)
    """Whether each is online."""
    gaps: int = 0
    """How often a number was not the one before and one."""
    wants: Why = ""
    """Why it is to be asked for its births; '' where it is not."""
    tries: int = 0
    """How often it was asked since its last birth."""
    asked_us: int = 0
    next_us: int = 0
    """Not to be asked before [us UTC]."""
    last_us: int = 0
    """Arrival of its last message [us UTC]."""


@dataclass(frozen=True)
class NodeArrivals:
    """What one batch brought of a node."""

    gateway: str
    node: str
    writer_no: int
    news: tuple[tuple[int, NodeNews], ...]
    """(arrival [us UTC], what it told), in the order of the journal."""


def advance(known: EdgeNode, arrived: NodeArrivals) -> EdgeNode:
    """The node after a batch."""
    for at_us, news in arrived.news:
        known = _told(known, news, at_us)
    return replace(known, writer_no=arrived.writer_no)


def asked(node: EdgeNode, now_us: int) -> EdgeNode:
    """The node once it is asked for its births: again only after a pause."""
    pause_s = PAUSES_S[min(node.tries, len(PAUSES_S) - 1)]
    return replace(
        node, tries=node.tries + 1, asked_us=now_us, next_us=now_us + pause_s * 1_000_000
    )


def is_due(node: EdgeNode, now_us: int) -> bool:
    """Whether it is to be asked now."""
    heard = node.last_us > now_us - HEARD_US
    return bool(node.wants) and node.next_us <= now_us and heard


def forgotten(nodes: Iterable[EdgeNode]) -> list[str]:
    """Nodes of one gateway that are more than are kept, by name."""
    by_age = sorted(nodes, key=lambda one: (one.last_us, one.node), reverse=True)
    return [one.node for one in by_age[MOST_NODES:]]


def _told(node: EdgeNode, news: NodeNews, at_us: int) -> EdgeNode:
    node = replace(node, last_us=max(node.last_us, at_us))
    if news.kind == "NBIRTH":
        return replace(
            node,
            online=True,
            since_us=at_us,
            seq=-1 if news.seq is None else news.seq,
            bd_seq=-1 if news.bd_seq is None else news.bd_seq,
            devices=dict.fromkeys(node.devices, False),
            wants="",
            tries=0,
        )
    if news.kind == "NDEATH":
        return _died(node, news, at_us)
    if news.again or (news.seq is not None and news.seq == node.seq):
        return node  # came before
    node = _counted(node, news)
    if news.kind in ("DBIRTH", "DDEATH"):
        node = _device(node, news.device, news.kind == "DBIRTH")
    if news.unborn or (news.kind == "DBIRTH" and not node.online):
        return _wanting(node, "no_birth")
    return _wanting(node, "unknown_alias") if news.unnamed else node


def _died(node: EdgeNode, news: NodeNews, at_us: int) -> EdgeNode:
    """A death is of one birth; that of an earlier one may come behind a later birth."""
    if news.bd_seq is not None and node.bd_seq >= 0 and news.bd_seq != node.bd_seq:
        return _wanting(node, "stale_death") if node.online else node
    return replace(
        node,
        online=False,
        since_us=at_us,
        seq=-1,
        devices=dict.fromkeys(node.devices, False),
        wants="",
    )


def _counted(node: EdgeNode, news: NodeNews) -> EdgeNode:
    if news.seq is None:
        return node
    before, node = node.seq, replace(node, seq=news.seq)
    if before < 0 or news.seq == (before + 1) % _NUMBERS:
        return node
    return _wanting(replace(node, gaps=node.gaps + 1), "gap")


def _device(node: EdgeNode, device: str, online: bool) -> EdgeNode:
    if device not in node.devices and len(node.devices) >= MOST_DEVICES:
        return node
    return replace(node, devices={**node.devices, device: online})


def _wanting(node: EdgeNode, why: Why) -> EdgeNode:
    return node if node.wants else replace(node, wants=why)
