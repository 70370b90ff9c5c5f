"""A gateway as a person manages it: how it is added, gets another password, and what to do next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from metering.clock_repair import QUARANTINED, ClockRepair
from metering.delivery import DeliveryState
from metering.edge_node import EdgeNode
from metering.errors import Conflict, InvalidInput, NotFound
from metering.intake import (
    GatewayConnection,
    GatewayCounts,
    GatewayStatus,
    GatewayTrouble,
    HeldGateway,
    LetterGroup,
)
from metering.ports import Credentials, CredentialStore, IntakeReader, RegistryStore
from metering.registry import Gateway, NodeType, Point, Registry
from metering.tables import csv_text

HOUR_US = 3_600_000_000
LONGEST_OLD_H = 168
"""For so long an old password may be left beside a new one [h]."""
SILENT_US = 24 * HOUR_US
"""A gateway that sent nothing for so long is looked after."""
SKEW_US = 60_000_000
"""A clock that is off by more is to be set."""
ReadFiles = Callable[[Mapping[str, str]], Registry]
"""A registry from the texts of CSV files by name; InvalidFiles names every problem."""


@dataclass(frozen=True)
class NewGateway:
    """What is said of a gateway that is to be added."""

    site: str
    code: str
    name_zh: str = ""
    name_en: str = ""
    topic: str = ""
    """An MQTT filter of what it publishes, where `decoder` is to read that."""
    decoder: str = ""

    @property
    def user(self) -> str:
        """SITE/GATEWAY."""
        return f"{self.site}/{self.code}"

    def files(self) -> dict[str, str]:
        """The same as files of the registry."""
        rows: dict[str, list[tuple[str, ...]]] = {
            "gateways.csv": [
                ("site", "code", "name_zh", "name_en"),
                (self.site, self.code, self.name_zh, self.name_en),
            ]
        }
        if self.decoder or self.topic:
            rows["routes.csv"] = [
                ("gateway", "topic", "decoder"),
                (self.user, self.topic, self.decoder),
            ]
        return {name: csv_text(own) for name, own in rows.items()}


def add_gateway(
    store: RegistryStore,
    credentials: CredentialStore,
    read: ReadFiles,
    new: NewGateway,
    *,
    actor: str,
    now_us: int,
    reason: str = "",
) -> str:
    """Register a gateway, or one that was revoked anew; its password, shown once. Conflict where
    there is one that was not revoked; InvalidInput where it is to stand on a node that is no site;
    InvalidFiles where a part of it cannot be registered."""
    before = store.load()
    known = new.user in before.gateways
    place = before.nodes.get(new.site)
    if not known and place is not None and place.type is not NodeType.SITE:
        raise InvalidInput(
            "a gateway is registered on a site",
            field="site",
            value=new.site,
            fix="name the site that this place lies in",
        )
    if known and not credentials.revoked(new.user):
        raise Conflict(
            "there is such a gateway already",
            field="gateway",
            value=new.user,
            fix="choose another code, or give this one a new password",
        )
    made = store.apply(
        read(new.files()),
        actor=actor,
        now_us=now_us,
        reason=reason,
        expected_version=before.version,
    )
    return made.get(new.user) or credentials.renew(
        new.user, actor=actor, now_us=now_us, reason=reason
    )


def rotate_gateway(
    credentials: CredentialStore,
    user: str,
    keep_old_h: int,
    *,
    actor: str,
    now_us: int,
    reason: str = "",
) -> str:
    """A new password, shown once; the one before holds for so long beside it [h]. Conflict where
    the gateway was revoked; NotFound where there is none."""
    if not 0 <= keep_old_h <= LONGEST_OLD_H:
        raise InvalidInput(
            "an old password holds for a week at most",
            field="keep_old_h",
            value=keep_old_h,
            fix=f"0 to {LONGEST_OLD_H} hours",
        )
    require_let_in(credentials, user)
    kept_us = keep_old_h * HOUR_US
    return credentials.renew(user, actor=actor, now_us=now_us, keep_old_us=kept_us, reason=reason)


def require_registered(registry: Registry, user: str) -> None:
    """NotFound where there is no such gateway."""
    if user not in registry.gateways:
        raise NotFound(
            "no such gateway",
            field="gateway",
            value=user,
            fix="SITE/GATEWAY, as it stands in gateways.csv",
        )


def require_let_in(credentials: Credentials, user: str) -> None:
    """Conflict where a gateway was revoked: nothing is to be set up for it, or asked of it."""
    if credentials.revoked(user):
        raise Conflict(
            "this gateway was revoked", field="gateway", value=user, fix="add the gateway again"
        )


class NextStep(StrEnum):
    """What a person does next about a gateway; each has its text, `gateway_next`."""

    ADD_AGAIN = "add_again"
    SEE_TROUBLE = "see_trouble"
    SET_UP = "set_up"
    LOOK_AT_DEVICE = "look_at_device"
    REGISTER_POINTS = "register_points"
    MEND_LETTERS = "mend_letters"
    SET_CLOCK = "set_clock"
    WAIT = "wait"
    NOTHING = "nothing"


class GatewayStanding(StrEnum):
    """Whether a gateway is there; each has its word, `gateway_state`."""

    CONNECTED = "connected"
    NOT_CONNECTED = "not_connected"
    REVOKED = "revoked"


@dataclass(frozen=True)
class ListenerTold:
    """What the listener tells of gateways, by their user."""

    held: Mapping[str, HeldGateway]
    troubles: Mapping[str, GatewayTrouble]
    connections: Mapping[str, Sequence[GatewayConnection]]
    subscribed: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class IntakeTold:
    """What the intake tells of gateways."""

    counted: Iterable[GatewayStatus]
    gaps: Mapping[str, int]
    """How many are open, by user."""
    deliveries: Mapping[str, DeliveryState]
    """By user."""
    nodes: Iterable[EdgeNode]
    """Edge nodes of Sparkplug, of any gateway."""
    quarantined: Mapping[str, int]
    """How much waits for its clock, by user."""
    clocks: Sequence[ClockRepair]


def intake_told(intake: IntakeReader, users: Iterable[str]) -> IntakeTold:
    """What a store has of these gateways."""
    named = frozenset(users)
    return IntakeTold(
        intake.gateways(),
        intake.open_gaps(),
        intake.delivery_states(named),
        intake.edge_nodes(named),
        intake.quarantined(),
        intake.clock_repairs(),
    )


@dataclass(frozen=True)
class ManagedGateway:
    """What is known of a gateway now."""

    gateway: Gateway
    counts: GatewayCounts
    points: int
    """How many it has, of those that may be seen."""
    open_gaps: int
    """What is missing of what it sent."""
    clock_offset_us: int | None
    """How far its clock is ahead of ours; None where it does not tell."""
    revoked: bool
    held: HeldGateway | None
    trouble: GatewayTrouble | None
    connections: tuple[GatewayConnection, ...] = ()
    subscribed: tuple[str, ...] = ()
    """Topic filters that it subscribed to, and that nothing is ever published to."""
    nodes: tuple[EdgeNode, ...] = ()
    """Edge nodes of Sparkplug that it speaks for, those that are offline first."""
    quarantined: int = 0
    """Readings and messages of it that wait for its clock."""
    clock_repair: ClockRepair | None = None
    """By which its times are repaired now, or what is proposed."""

    @property
    def clock_proposed(self) -> ClockRepair | None:
        """What is proposed of its clock and waits for a person."""
        one = self.clock_repair
        return one if one is not None and one.state == "proposed" else None

    @property
    def standing(self) -> GatewayStanding:
        """As the listener says, or the journal where that does not know it."""
        if self.revoked:
            return GatewayStanding.REVOKED
        there = bool(self.connections) or bool(self.counts.connected)
        return GatewayStanding.CONNECTED if there else GatewayStanding.NOT_CONNECTED


def gateway_states(
    gateways: Iterable[Gateway],
    points: Iterable[Point],
    intake: IntakeTold,
    revoked: frozenset[str],
    told: ListenerTold,
) -> list[ManagedGateway]:
    """The state of each gateway, with zeros for those never heard of; `points` are those that may
    be seen."""
    counts = {one.gateway: one.counts for one in intake.counted}
    own = Counter(point.gateway for point in points)
    nodes: dict[str, list[EdgeNode]] = {}
    for node in sorted(intake.nodes, key=lambda one: (one.online, one.node)):
        nodes.setdefault(node.gateway, []).append(node)
    lasting = [one for one in intake.clocks if not one.until_us and one.state != "dismissed"]
    clocks = {one.gateway: one for one in lasting}
    return [
        ManagedGateway(
            g,
            counts.get(g.user, GatewayCounts(g.user)),
            own[g.user],
            intake.gaps.get(g.user, 0),
            intake.deliveries[g.user].clock_offset_us if g.user in intake.deliveries else None,
            g.user in revoked,
            told.held.get(g.user),
            told.troubles.get(g.user),
            tuple(told.connections.get(g.user, ())),
            told.subscribed.get(g.user, ()),
            tuple(nodes.get(g.user, ())),
            intake.quarantined.get(g.user, 0),
            clocks.get(g.user),
        )
        for g in gateways
    ]


def by_reason(groups: Iterable[LetterGroup]) -> dict[str, int]:
    """How many dead letters there are for each reason."""
    found: Counter[str] = Counter()
    for one in groups:
        found[one.reason] += one.letters
    return dict(found)


def next_step(state: ManagedGateway, letters: Mapping[str, int], now_us: int) -> NextStep:
    """By its state and its open dead letters by reason: the first thing that stands in the way and
    that a person can do something about."""
    counts, trouble = state.counts, state.trouble
    if state.revoked:
        return NextStep.ADD_AGAIN
    if state.standing is GatewayStanding.NOT_CONNECTED and trouble is not None:
        return NextStep.SEE_TROUBLE
    if not counts.last_arrival_us:
        return NextStep.SET_UP
    if now_us - counts.last_arrival_us > SILENT_US:
        return NextStep.LOOK_AT_DEVICE
    if not state.points or "unknown_point" in letters:
        return NextStep.REGISTER_POINTS
    if letters.keys() - QUARANTINED:
        return NextStep.MEND_LETTERS
    if letters or abs(state.clock_offset_us or 0) > SKEW_US:
        return NextStep.SET_CLOCK
    return NextStep.NOTHING if state.held is None else NextStep.WAIT
