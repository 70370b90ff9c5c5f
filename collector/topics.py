"""Topics of our own grammar, which name their gateway.

    greenoffice/v1/{site}/{gateway}/readings|status|events|commands|errors

Which decoder reads a topic, of this grammar or of another, says `collector.routes`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from metering.errors import InvalidInput

CHANNELS = ("readings", "status", "events", "commands", "errors")
HTTP_ROUTE = "http/v1/ingest"
"""Route of a pushed message; its gateway is the record's, or the two levels that follow."""

_PREFIX = "greenoffice/v1"
_LEVEL = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True)
class Topic:
    """A topic of our own grammar; `str(topic)` writes it."""

    site: str
    gateway: str
    channel: str

    @property
    def user(self) -> str:
        """The MQTT user it belongs to."""
        return f"{self.site}/{self.gateway}"

    def __str__(self) -> str:
        return f"{_PREFIX}/{self.site}/{self.gateway}/{self.channel}"


def parse_topic(text: str) -> Topic:
    """The topic of that text; InvalidInput names what does not fit."""
    *prefix, site, gateway, channel = ["", "", "", *text.split("/")]
    if "/".join(prefix[3:]) != _PREFIX or channel not in CHANNELS:
        raise _not_a_topic(text)
    if not (_LEVEL.fullmatch(site) and _LEVEL.fullmatch(gateway)):
        raise _not_a_topic(text)
    return Topic(site, gateway, channel)


def _not_a_topic(text: str) -> InvalidInput:
    return InvalidInput(
        "not a topic of this platform",
        field="topic",
        value=text,
        fix=f"publish to {_PREFIX}/SITE/GATEWAY/{'|'.join(CHANNELS)}, or route it (routes.csv)",
    )


def owner_of(topic: str) -> str | None:
    """The gateway a topic or HTTP route names itself, `site/gateway`; None if it names none."""
    levels = topic.split("/")
    if topic.startswith(_PREFIX + "/") and len(levels) == 5:
        return f"{levels[2]}/{levels[3]}"
    if topic.startswith(HTTP_ROUTE + "/") and len(levels) == 5:
        return f"{levels[3]}/{levels[4]}"
    return None
