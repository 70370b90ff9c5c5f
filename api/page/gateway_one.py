"""One gateway as the page shows it: how it does, what comes next, what it sends unregistered."""

from __future__ import annotations

from typing import Any

from api.page import formats
from api.page.gateway_door import door_warnings, lines
from api.page.gateways import gateway_row
from api.page.setup_fields import choice
from api.page.visit import Visit
from api.usecases.gateways import state_of
from api.usecases.messages import groups_of
from api.usecases.proposals import proposals_of
from metering.access import Role
from metering.commissioning import Proposed
from metering.gateway_life import ManagedGateway, NextStep, next_step
from metering.guessing import Guessed
from metering.intake import DeadLetter, LetterGroup
from metering.reading import Kind
from metering.registry.proposal import Proposal
from metering.units import UNITS
from texts import month_of, named, said, word

MOST_GROUPS, MOST_PROPOSED = 50, 100
NEXT_WAYS = {
    NextStep.ADD_AGAIN: "#gateway-acts",
    NextStep.SEE_TROUBLE: "#gateway-trouble",
    NextStep.SET_UP: "#gateway-lines",
    NextStep.LOOK_AT_DEVICE: "#gateway-facts",
    NextStep.REGISTER_POINTS: "#gateway-points",
    NextStep.MEND_LETTERS: "#gateway-letters",
    NextStep.SET_CLOCK: "/gateways",
    NextStep.WAIT: "#gateway-facts",
}
"""Where a person does it; nothing is to be done about the others."""


def one(visit: Visit, user: str) -> dict[str, Any]:
    """How a gateway does, what of it was refused, what it sends unregistered, and what may be done
    with it."""
    state, letters = state_of(visit.caller, user)
    step = next_step(state, letters, visit.caller.platform.now_us())
    proposed = proposals_of(visit.caller, user, dismissed=False)
    return {
        **gateway_row(visit, state),
        "standing": word("gateway_state", state.standing, visit.language),
        "revoked": state.revoked,
        "next": named("gateway_next", step, "page", visit.language),
        "next_way": NEXT_WAYS.get(step, ""),
        "points": state.points,
        "connections": _connections(visit, state),
        "lines": lines(visit, user, ""),
        "reach": door_warnings(visit),
        "letters": [
            _group(visit, *pair) for pair in groups_of(visit.caller, "open", MOST_GROUPS, user)
        ],
        "proposed": [_proposed(visit, one) for one in proposed[:MOST_PROPOSED]],
        "proposed_count": len(proposed),
        "dismissed": [
            one.seen.point
            for one in proposals_of(visit.caller, user, dismissed=True)[:MOST_PROPOSED]
        ],
        "kinds": [(str(kind), choice(str(kind), visit.language)) for kind in Kind],
        "units": sorted(UNITS),
        "meters": [
            (meter.code, meter.name(visit.language))
            for meter in sorted(visit.caller.reach.meters.values(), key=lambda one: one.code)
        ],
        "may_administer": visit.caller.may(Role.ADMIN),
    }


def _connections(visit: Visit, state: ManagedGateway) -> list[dict[str, str]]:
    now_us, zone = visit.caller.platform.now_us(), _zone(visit, state.gateway.site)
    return [
        {
            "client": one.client_id,
            "address": one.address,
            "protocol": f"MQTT {one.protocol}",
            "since": formats.minute(one.since_us, zone),
            "rate": f"{one.per_minute(now_us):.1f}",
        }
        for one in state.connections
    ]


def _group(visit: Visit, group: LetterGroup, newest: DeadLetter) -> dict[str, Any]:
    zone = _zone(visit, group.gateway.partition("/")[0])
    return {
        "title": word("reason", group.reason, visit.language),
        "letters": group.letters,
        "point": group.point,
        "last": formats.minute(group.last_us, zone),
        "message": said(newest.message, visit.language),
        "fix": said(newest.fix, visit.language),
        "example": group.example,
        "cause": {
            "gateway": group.gateway,
            "reason": group.reason,
            "route": group.route,
            "point": group.point,
        },
    }


def _proposed(visit: Visit, one: Proposed) -> dict[str, Any]:
    seen, guess = one.seen, one.guess
    zone = _zone(visit, seen.gateway.partition("/")[0])
    what = [
        word(group, value, visit.language)
        for group, value in (
            ("medium", guess.medium),
            ("quantity", guess.quantity),
            ("direction", guess.direction),
        )
        if value
    ]
    return {
        "point": seen.point,
        "name": seen.described.name if seen.described else "",
        "what": " · ".join(what),
        "readings": seen.seen,
        "heard": formats.minute(seen.last_us, zone) if seen.last_us else "–",
        "values": [formats.reading(value, unit) for _, value, unit in seen.latest[:3]],
        "kind": guess.kind.value,
        "kind_why": _why(visit, guess.kind),
        "unit": guess.unit.value,
        "unit_why": _why(visit, guess.unit),
    }


def _why(visit: Visit, one: Guessed) -> str:
    sure = word("sureness", one.sure, visit.language)
    return f"{sure}: {word('guess_reason', one.why, visit.language)}"


def approved(visit: Visit, said_of: dict[str, str], proposal: Proposal | None) -> list[str]:
    """What registering a point changes; nothing where it is registered already."""
    if proposal is None:
        return [visit.text("It is registered already: nothing changes.")]
    row = next((one.new for one in proposal.changes if one.new), None) or {}
    kind, unit = row.get("kind", said_of.get("kind", "")), row.get("unit", said_of.get("unit", ""))
    told = visit.text("%(point)s is registered: %(kind)s in %(unit)s.") % {
        "point": said_of["point"],
        "kind": choice(str(kind), visit.language),
        "unit": unit,
    }
    meter = said_of.get("meter", "")
    serves = (
        visit.text("It serves the meter %(meter)s.") % {"meter": meter}
        if meter
        else visit.text("It serves no meter: its values are kept and count nowhere.")
    )
    taken = visit.text("What came of it until now is taken in from the journal, seconds later.")
    return [told, serves, taken, months(visit, proposal)]


def months(visit: Visit, proposal: Proposal) -> str:
    """Which complete months an import restates, from the first to the last."""
    found = sorted({first for one in proposal.past for _, first in one.months})
    if not found:
        return visit.text("No complete month is restated by it.")
    ends = dict.fromkeys((found[0], found[-1]))
    span = " – ".join(month_of(one, visit.language) for one in ends)
    return f"{visit.text('Complete months that will be restated:')} {span}"


def _zone(visit: Visit, site: str) -> str:
    registry = visit.caller.reach.registry
    return registry.zone(site) if site in registry.nodes else "UTC"
