"""What gateways subscribed to beside their own topics, and those of an edge node's commands, where
nothing is ever published: whoever set one up may wait for something that does not come."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping

from collector.topics import topic_of

MOST = 1_000
"""Gateways of which something is told; the one of which it is oldest goes first."""
MOST_OF_ONE = 8
LONGEST = 200
"""Characters of a filter that are told."""


class SubscribedFilters:
    """As of the latest change of each gateway's connections. May be asked from any thread."""

    def __init__(self) -> None:
        self._latest: OrderedDict[str, tuple[str, ...]] = OrderedDict()

    def note(self, gateway: str, filters: Iterable[str]) -> None:
        """What the connections of a gateway are subscribed to now."""
        own = {topic_of(gateway, channel) for channel in ("commands", "errors")}
        silent = {one[:LONGEST] for one in filters if not _is_of_node(one)} - own
        others = sorted(silent)[:MOST_OF_ONE]
        self._latest.pop(gateway, None)
        if others:
            self._latest[gateway] = tuple(others)
        if len(self._latest) > MOST:
            self._latest.popitem(last=False)

    def told(self) -> Mapping[str, tuple[str, ...]]:
        """Filters by gateway, sorted."""
        return self._latest.copy()


def _is_of_node(name: str) -> bool:
    """Whether an edge node of Sparkplug hears its commands by the filter."""
    levels = name.split("/")
    return levels[0] == "spBv1.0" and len(levels) >= 3 and levels[2] == "NCMD"
