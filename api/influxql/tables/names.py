"""Tags of nodes and items: codes, names in both languages, and where they lie."""

from __future__ import annotations

from collections.abc import Iterator

from api.reach import Reach
from metering import items
from texts import word

NODE_TAGS = (
    "institution",
    "node",
    "node_en",
    "node_zh",
    "choice_en",
    "choice_zh",
    "type",
    "zone",
    "under",
)
ITEM_TAGS = ("item", "item_en", "item_zh", "item_level", "category", "unit")


def node_tags(reach: Reach, code: str) -> dict[str, str]:
    """Tags of a node; '' for everything where it lies outside the scope.

    `choice_*` is what a drop-down shows: the name with the code behind it.
    """
    if code not in reach.scope.nodes or code not in reach.registry.nodes:
        return dict.fromkeys((tag for tag in NODE_TAGS if tag != "under"), "") | {"zone": "UTC"}
    node = reach.registry.nodes[code]
    return {
        "institution": reach.institution_of(code),
        "node": code,
        "node_en": node.name("en"),
        "node_zh": node.name("zh"),
        "choice_en": f"{node.name('en')} [{code}]",
        "choice_zh": f"{node.name('zh')} [{code}]",
        "type": str(node.type),
        "zone": reach.registry.zone(code),
    }


def item_tags(item: str) -> dict[str, str]:
    """Tags of an item code; the level is 0 for a category, 1 for a sub-item, 2 and 3 below."""
    level = len(item.rstrip("0")[2:]) if item[2] != "0" else 0
    return {
        "item": item,
        "item_en": word("item", item, "en"),
        "item_zh": word("item", item, "zh"),
        "item_level": str(level),
        "category": items.whole(item),
        "unit": items.category(item).unit,
    }


def under(reach: Reach, code: str) -> frozenset[str]:
    """The node and all above it, as far as the scope goes."""
    return frozenset([code, *reach.registry.ancestors(code)]) & reach.scope.nodes


def in_tree_order(reach: Reach) -> list[str]:
    """Nodes of the scope, each before its parts."""
    inside = reach.scope.nodes & reach.registry.nodes.keys()
    roots = [c for c in sorted(inside) if not set(reach.registry.parents(c)) & inside]
    return list(dict.fromkeys(_below(reach, roots, inside)))


def _below(reach: Reach, roots: list[str], inside: frozenset[str] | set[str]) -> Iterator[str]:
    waiting, seen = roots[::-1], set[str]()
    while waiting:
        code = waiting.pop()
        if code in seen:
            continue
        seen.add(code)
        yield code
        waiting += [c for c in reversed(reach.registry.children(code)) if c in inside]
