"""Laws of what an IntakeStore keeps of what gateways said, and of edge nodes."""

from __future__ import annotations

from metering.edge_node import (
    HEARD_US,
    MOST_NODES,
    EdgeNode,
    NodeArrivals,
    NodeNews,
    advance,
    asked,
)
from metering.intake import IntakeBatch
from metering.remembered import Remembered
from storage import Stores

SEGMENT = 1 << 24 | 5
AT_US = 1_764_000_000_000_000
FIRST = Remembered("s/a", "G/N", SEGMENT, 3, b"\x00one")
SECOND = Remembered("s/a", "G/N", SEGMENT, 7, b"")
OTHER = Remembered("s/b", "电表", SEGMENT, 3, b"other")
EARLIER = Remembered("s/a", "G/N", SEGMENT - 1, 9, b"before")


def take(stores: Stores, **brought: object) -> None:
    place = stores.intake.checkpoint(1)
    stores.intake.commit(IntakeBatch(1, *place, SEGMENT, place[1] + 1, **brought))  # type: ignore[arg-type]


def node(gateway: str, name: str, *news: NodeNews, at_us: int = AT_US) -> NodeArrivals:
    return NodeArrivals(gateway, name, 1, tuple((at_us, one) for one in news))


def test_what_was_said_stands_in_the_order_of_the_journal(stores: Stores) -> None:
    take(stores, remembered=(SECOND, OTHER))
    take(stores, remembered=(FIRST, EARLIER))
    assert stores.intake.remembered("s/a") == [EARLIER, FIRST, SECOND]
    assert stores.intake.remembered("s/b") == [OTHER]
    ended = Remembered("s/a", "G/N", SEGMENT, 3, b"")
    take(stores, remembered=(ended,), outlived=(EARLIER,))
    assert stores.intake.remembered("s/a") == [ended, SECOND]


def test_a_rebuild_forgets_what_it_reads_again(stores: Stores) -> None:
    take(stores, remembered=(FIRST, EARLIER, OTHER), nodes=(node("s/a", "G/N"),))
    stores.intake.clear()
    assert stores.intake.remembered("s/a") == [EARLIER, FIRST]
    stores.intake.forget_remembered([SEGMENT])
    assert stores.intake.remembered("s/a") == [EARLIER]
    assert stores.intake.remembered("s/b") == []
    assert stores.intake.edge_nodes(None) == []


def test_nodes_are_as_their_messages_say(stores: Stores) -> None:
    born = node("s/a", "G/N", NodeNews("G/N", "NBIRTH", seq=0, bd_seq=4))
    more = node(
        "s/a",
        "G/N",
        NodeNews("G/N", "DBIRTH", "D", seq=1),
        NodeNews("G/N", "NDATA", seq=3),
        at_us=AT_US + 5,
    )
    other = node("s/b", "G/M", NodeNews("G/M", "NDEATH"))
    take(stores, nodes=(born, other))
    take(stores, nodes=(more,))
    known = advance(advance(EdgeNode("s/a", "G/N"), born), more)
    assert (known.online, known.devices, known.wants) == (True, {"D": True}, "gap")
    assert stores.intake.edge_nodes(frozenset({"s/a"})) == [known]
    assert [one.node for one in stores.intake.edge_nodes(None)] == ["G/N", "G/M"]


def test_who_is_to_be_asked_is_asked_once_in_a_pause(stores: Stores) -> None:
    gap = [NodeNews("G/N", "NDATA", seq=seq, unborn=True) for seq in (1, 3)]
    take(stores, nodes=(node("s/a", "G/N", *gap), node("s/a", "G/M", NodeNews("G/M", "NBIRTH"))))
    now_us = AT_US + 1
    (due,) = stores.intake.due_nodes(now_us, [1])
    assert (due.node, due.wants) == ("G/N", "no_birth")
    assert stores.intake.due_nodes(now_us, [2]) == []
    assert stores.intake.due_nodes(AT_US + HEARD_US, [1]) == []
    assert stores.intake.asked_nodes(0, [2]) == []
    told = asked(due, now_us)
    assert stores.intake.settle_node(told, due)
    assert not stores.intake.settle_node(told, due)
    assert stores.intake.asked_nodes(now_us, [1]) == [told]
    assert stores.intake.asked_nodes(now_us + 1, [1]) == []
    assert stores.intake.due_nodes(now_us, [1]) == []
    assert stores.intake.due_nodes(told.next_us, [1]) == [told]
    take(stores, nodes=(node("s/a", "G/N", NodeNews("G/N", "NBIRTH", seq=0)),))
    assert stores.intake.asked_nodes(now_us, [1]) == []
    assert stores.intake.due_nodes(told.next_us, [1]) == []


def test_of_a_gateway_so_many_nodes_are_kept(stores: Stores) -> None:
    take(stores, nodes=(node("s/a", "G/old", at_us=1), node("s/b", "G/N")))
    born = (NodeNews("", "NBIRTH"),)
    take(stores, nodes=tuple(node("s/a", f"G/{n:04}", *born) for n in range(MOST_NODES)))
    kept = [one.node for one in stores.intake.edge_nodes(frozenset({"s/a"}))]
    assert (len(kept), kept[0]) == (MOST_NODES, "G/0000")
    assert len(stores.intake.edge_nodes(None)) == MOST_NODES + 1
