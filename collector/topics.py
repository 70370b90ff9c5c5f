"""Topics of our own grammar, which name their gateway.

    greenoffice/v1/{site}/{gateway}/readings|status|events|commands|errors

Which decoder reads a topic, of this grammar or of another, says `collector.routes`.
"""

from __future__ import annotations

CHANNELS = ("readings", "status", "events", "commands", "errors")
HTTP_ROUTE = "http/v1/ingest"
"""Route of a pushed message; its gateway is the record's, or the two levels that follow. One more
behind them is an event of a webhook."""

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
