"""Topics: our own grammar, MQTT topic filters, and which decoder reads which topic.

    greenoffice/v1/{site}/{gateway}/readings|status|events|commands|errors

Vendors' topics are often fixed, so the way from a topic to its decoder is a table: the first
row whose filter matches decides. A message pushed over HTTP travels under its route.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
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
        fix=f"publish to {_PREFIX}/SITE/GATEWAY/{'|'.join(CHANNELS)}, or add a route for it",
    )


def check_filter(text: str) -> str:
    """The MQTT topic filter itself; InvalidInput where a wildcard stands wrong."""
    levels = text.split("/")
    wrong = [
        level
        for place, level in enumerate(levels)
        if ("#" in level and (level != "#" or place != len(levels) - 1))
        or ("+" in level and level != "+")
    ]
    if not text or wrong:
        raise InvalidInput(
            "not an MQTT topic filter",
            field="filter",
            value=text,
            fix="+ stands for one whole level, # for all levels from the last place on",
        )
    return text


def matches(topic_filter: str, topic: str) -> bool:
    """Whether a topic matches a filter [MQTT 3.1.1, section 4.7]."""
    wanted, given = topic_filter.split("/"), topic.split("/")
    if given[0].startswith("$") and wanted[0] in ("+", "#"):
        return False
    for place, level in enumerate(wanted):
        if level == "#":
            return True
        if place >= len(given) or level not in ("+", given[place]):
            return False
    return len(wanted) == len(given)


@dataclass(frozen=True)
class Route:
    """One row of the table: topics that match `filter` are read by `decoder`.

    `gateway` names whose points they are where the topic cannot say; None: the sender's.
    """

    filter: str
    decoder: str
    gateway: str | None = None


ROUTES: tuple[Route, ...] = (
    Route("greenoffice/v1/+/+/readings", "native"),
    Route("greenoffice/v1/+/+/status", "status"),
    Route("greenoffice/v1/+/+/events", "journal_only"),
    Route("greenoffice/v1/+/+/commands", "journal_only"),
    Route("greenoffice/v1/+/+/errors", "journal_only"),
    Route(HTTP_ROUTE, "native"),
    Route(HTTP_ROUTE + "/+/+", "native"),
)


def routes_from(rows: Iterable[Mapping[str, str]], decoders: Iterable[str]) -> tuple[Route, ...]:
    """The table with rows from settings {filter, decoder, gateway} before the built-in ones."""
    known = sorted(decoders)
    own = []
    for row in rows:
        if row.get("decoder") not in known:
            raise InvalidInput(
                "unknown decoder",
                field="decoder",
                value=row.get("decoder"),
                fix=f"use one of: {', '.join(known)}",
            )
        topic_filter = check_filter(row.get("filter", ""))
        own.append(Route(topic_filter, row["decoder"], row.get("gateway") or None))
    return (*own, *ROUTES)


def route_of(routes: Iterable[Route], topic: str) -> Route | None:
    """The first row that matches; None where no row does."""
    return next((route for route in routes if matches(route.filter, topic)), None)


def owner_of(topic: str) -> str | None:
    """The gateway a topic or HTTP route names itself, `site/gateway`; None if it names none."""
    levels = topic.split("/")
    if topic.startswith(_PREFIX + "/") and len(levels) == 5:
        return f"{levels[2]}/{levels[3]}"
    if topic.startswith(HTTP_ROUTE + "/") and len(levels) == 5:
        return f"{levels[3]}/{levels[4]}"
    return None
