"""What a batch brought of edge nodes of Sparkplug."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from collector.intake.decoding import Received
from metering.edge_node import NodeArrivals, NodeNews
from metering.registry import Registry


def node_arrivals(
    messages: Iterable[Received], writer_no: int, registry: Registry
) -> tuple[NodeArrivals, ...]:
    """One of each node, of gateways that are registered. messages: in the order of the journal."""
    found: dict[tuple[str, str], list[tuple[int, NodeNews]]] = {}
    for one in messages:
        news = one.found.node
        if news is not None and one.gateway in registry.gateways:
            told = replace(news, again=one.record.dup)
            found.setdefault((one.gateway, news.node), []).append((one.record.arrived_us, told))
    return tuple(NodeArrivals(*key, writer_no, tuple(found[key])) for key in sorted(found))
