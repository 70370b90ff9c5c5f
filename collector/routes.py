"""Which decoder reads a message, and whose points it then finds: one rule.

    sender     of a topic of our own grammar the gateway that it names; else the gateway that
               signed in. A broker tells nobody: then it is the gateway whose route takes the topic.
    route      1 of the sender, as registered   2 of the settings   3 a decoder's own topics;
               in each the narrowest filter that matches, and holds on the day of arrival.

So it is a function of record, registry and settings, and a rebuild decides as was decided first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from collector.decode import DECODERS, Decoder, Problem
from collector.journal.record import OURS, Record
from collector.topics import HTTP_ROUTE, owner_of, unfit
from metering.errors import InvalidInput, shorten
from metering.localtime import local_day
from metering.registry import Registry, Route, Validity
from metering.topic_filter import check_filter, matches, width


def own_topics(decoders: Mapping[str, Decoder]) -> tuple[Route, ...]:
    """A route for each topic that a decoder reads wherever nothing says otherwise."""
    return tuple(Route("", topic, name) for name, one in decoders.items() for topic in one.topics)


def check_route(route: Route, decoders: Mapping[str, Decoder] = DECODERS) -> None:
    """Raises InvalidInput, naming `topic`, `decoder` or `options`, where the route is of no use."""
    try:
        check_filter(route.topic)
    except InvalidInput as error:
        raise InvalidInput(error.message, field="topic", value=error.value, fix=error.fix) from None
    owner = owner_of(route.topic)
    if route.gateway and owner and not matches(owner, route.gateway):
        raise InvalidInput(
            "topics of another gateway",
            field="topic",
            value=route.topic,
            fix=f"name topics of {route.gateway}, or register the route for {owner}",
        )
    if route.decoder not in decoders:
        raise InvalidInput(
            "unknown decoder",
            field="decoder",
            value=route.decoder,
            fix=f"one of {', '.join(sorted(decoders))}",
        )
    decoders[route.decoder].reader(route.told)


@dataclass(frozen=True)
class Chosen:
    """How a message is read."""

    route: Route
    gateway: str
    """Whose points its readings are."""
    zone: str
    """Time zone of the gateway's site."""


class Router:
    """The rule over one snapshot of the registry."""

    def __init__(
        self,
        registry: Registry,
        settings: Sequence[Route] = (),
        decoders: Mapping[str, Decoder] = DECODERS,
    ) -> None:
        self.registry = registry
        self._tiers = (registry.routes, tuple(settings), own_topics(decoders))
        self._fitting = lru_cache(maxsize=4096)(self._find_fitting)
        self._zone = lru_cache(maxsize=4096)(self._find_zone)

    def choose(self, record: Record) -> Chosen | Problem:
        """How the record is read, or why it is not: unknown_topic or foreign_topic."""
        owner = owner_of(record.route)
        sender = owner or record.gateway
        ours = record.kind in OURS
        known = owner is not None or sender in self.registry.gateways
        for tier in self._fitting(sender if known else "", record.route, ours):
            standing = [one for one in tier if self._holds(one, sender, record.arrived_us)]
            if len({one.gateway for one in standing}) > 1:
                return _ambiguous(record, standing)
            if standing:
                route = standing[0]
                gateway = sender if known else route.gateway or sender
                foreign = foreign_topic(record.gateway, record.route)
                return foreign or Chosen(route, gateway, self._zone(gateway))
        return _unrouted(record)

    def always(self, record: Record) -> Chosen | None:
        """How all records of its kind, sender and topic are read, whenever they came; None where
        that depends on the day, or they are not read."""
        owner = owner_of(record.route)
        sender = owner or record.gateway
        known = owner is not None or sender in self.registry.gateways
        tiers = self._fitting(sender if known else "", record.route, record.kind in OURS)
        if not tiers or any(one.valid != Validity() for one in tiers[0]):
            return None
        chosen = self.choose(record)
        return chosen if isinstance(chosen, Chosen) else None

    def _find_fitting(self, sender: str, topic: str, ours: bool) -> list[list[Route]]:
        """Routes of the topic in the order in which they are asked; equal ones together. '' is
        a sender that nobody knows: then the routes of all gateways are asked. What a person
        entered or loaded is of our own grammar, however the gateway speaks."""
        groups: dict[tuple[int, tuple[int, ...], bool], list[Route]] = {}
        for tier, routes in enumerate(self._tiers):
            if ours and tier < len(self._tiers) - 1:
                continue
            for route in routes:
                theirs = not route.gateway or not sender or route.gateway == sender
                if theirs and matches(route.topic, topic):
                    rank = (tier, width(route.topic), not route.gateway)
                    groups.setdefault(rank, []).append(route)
        return [groups[rank] for rank in sorted(groups)]

    def _holds(self, route: Route, sender: str, at_us: int) -> bool:
        if route.valid == Validity():
            return True
        return route.valid.holds(local_day(at_us, self._zone(route.gateway or sender)))

    def _find_zone(self, gateway: str) -> str:
        site = gateway.partition("/")[0]
        return self.registry.zone(site) if site in self.registry.nodes else "UTC"


def routed_gateways(registry: Registry, settings: Iterable[Route]) -> frozenset[str] | None:
    """Gateways of which a route may say how they are read; None means all of them."""
    if any(not route.gateway for route in settings):
        return None
    return frozenset(route.gateway for route in (*registry.routes, *settings))


def _unrouted(record: Record) -> Problem:
    wrong = unfit(record.route)
    named = record.route if record.route.isprintable() else shorten(record.route)
    if wrong is not None:
        fix = "publish to a shorter topic of fewer levels, in plain letters"
        return Problem("unknown_topic", wrong, "topic", shorten(named), fix)
    return Problem(
        "unknown_topic",
        "no decoder is set for this topic",
        "topic",
        named,
        "publish to greenoffice/v1/SITE/GATEWAY/readings, or add a row for it to routes.csv",
    )


def _ambiguous(record: Record, routes: Iterable[Route]) -> Problem:
    names = " and ".join(sorted({route.gateway for route in routes}))
    return Problem(
        "unknown_topic",
        f"routes of {names} take this topic, and a broker does not tell who sent it",
        "topic",
        record.route if record.route.isprintable() else shorten(record.route),
        "give each gateway topics of its own, or let them sign in to the platform itself",
    )


def foreign_topic(gateway: str, topic: str) -> Problem | None:
    """What is wrong with a topic that a gateway published to: it may only do so under its own name.
    HTTP checked its key before."""
    owner = owner_of(topic)
    if owner is None or owner == gateway or topic.startswith(HTTP_ROUTE):
        return None
    return Problem(
        "foreign_topic",
        f"sent by gateway {gateway}",
        "topic",
        topic,
        f"publish to greenoffice/v1/{gateway}/..., or sign in as {owner}",
    )
