"""Topics of our own grammar, which name their gateway.

    greenoffice/v1/{site}/{gateway}/readings|status|about|events|commands|errors

Which decoder reads a topic, of this grammar or of another, says `collector.routes`.
"""

from __future__ import annotations

from unicodedata import category

CHANNELS = ("readings", "status", "about", "events", "commands", "errors")
HTTP_ROUTE = "http/v1/ingest"
"""Route of a pushed message; its gateway is the record's, or the two levels that follow. One more
behind them is an event of a webhook."""

MOST_BYTES, MOST_LEVELS = 1_024, 128
"""Of a topic that is published to."""

_PREFIX = "greenoffice/v1"


def topic_of(gateway: str, channel: str) -> str:
    """A topic of a gateway, `site/gateway`."""
    return f"{_PREFIX}/{gateway}/{channel}"


def owner_of(topic: str) -> str | None:
    """The gateway a topic or HTTP route names itself, `site/gateway`; None if it names none."""
    levels = topic.split("/")
    if topic.startswith(_PREFIX + "/") and len(levels) == 5:
        return f"{levels[2]}/{levels[3]}"
    if topic.startswith(HTTP_ROUTE + "/") and len(levels) == 5:
        return f"{levels[3]}/{levels[4]}"
    return None


def kept_together(topic: str) -> str:
    """What collectors that share a broker tell apart, so that messages which belong together stay
    in one journal and in order: the gateway, or the edge node of Sparkplug with its devices, or
    the topic where it names neither."""
    levels = topic.split("/")
    if levels[0] == "spBv1.0" and len(levels) in (4, 5):
        return f"{levels[0]}/{levels[1]}/{levels[3]}"
    return owner_of(topic) or topic


def unfit(topic: str, most_bytes: int = MOST_BYTES) -> str | None:
    """Why nothing can be published to a topic, well formed though it is; None where it can. Topics
    of the server's own, which begin with `$`, can: clouds have gateways publish there."""
    size = len(topic.encode())
    if size > most_bytes:
        return f"a topic of {size} bytes, allowed are {most_bytes}"
    levels = topic.count("/") + 1
    if levels > MOST_LEVELS:
        return f"a topic of {levels} levels, allowed are {MOST_LEVELS}"
    if any(category(sign) == "Cc" for sign in topic):
        return "the topic holds control characters"
    return None


def cut(topic: str, most_bytes: int = MOST_BYTES) -> str:
    """A topic as it is kept: the beginning of one that is too long, by which it stays unfit."""
    data = topic.encode()
    return topic if len(data) <= most_bytes else data[:most_bytes].decode(errors="ignore") + "…"
