"""Closed periods on the page: listed, closed and reopened."""

from __future__ import annotations

from typing import Any, Final

from api.page import formats
from api.page.visit import Visit
from api.usecases.closings import listed, told
from metering.access import Role
from metering.closing import Closing, ClosingState, Signed
from metering.registry import NodeType
from metering.registry.differences import FactRow
from reports import ClosedSum, WorthSince
from texts import word

MOST: Final = 200
"""Figures that a page lists."""
KIND_WORDS: Final = {"tariff": "price", "space": "place", "supply": "meter", "calendar": "period"}
"""Kinds of facts, by the words that reports have for them."""


def closings(visit: Visit) -> dict[str, Any]:
    """The closings of what the visitor reaches, newest first, and what he may close."""
    reach, caller = visit.caller.reach, visit.caller
    nodes = reach.registry.nodes
    bodies = [code for code in reach.institutions if code in reach.scope.nodes or reach.scope.whole]
    return {
        "closings": [_shown(visit, one) for one in reversed(listed(caller, None))],
        "may_close": caller.may(Role.CLOSE),
        "institutions": [
            (code, nodes[code].name(visit.language))
            for code in bodies
            if nodes[code].type is NodeType.INSTITUTION
        ],
    }


def closing(visit: Visit, name: str) -> dict[str, Any]:
    """A closing with what became of its sums, figures and days since."""
    found, since = told(visit.caller, name)
    zone = visit.caller.reach.registry.zone(found.institution)
    return {
        **_shown(visit, found),
        "sums": [
            {
                "item": word("item", one.item, visit.language),
                "closed": _sum(visit, one.item, one.closed),
                "present": _sum(visit, one.item, one.present),
            }
            for one in since.sums
        ],
        "figures": [_figure(visit, one, zone) for one in since.figures[:MOST]],
        "figures_left_out": max(0, len(since.figures) - MOST),
        "restated": len(since.restatements),
    }


def _sum(visit: Visit, item: str, one: ClosedSum) -> str:
    """Carbon is location-based; said where the visitor looks at the other basis."""
    said = f" ({word('basis', 'location', visit.language)})" if "kgco2" in visit.basis else ""
    money = [formats.money(amount, currency) for currency, amount in one.money]
    carbon = [] if one.kgco2 is None else [f"{formats.number(one.kgco2)} kg CO₂{said}"]
    return " · ".join([formats.energy(one.amount, item), *money, *carbon])


def _figure(visit: Visit, one: WorthSince, zone: str) -> dict[str, Any]:
    nodes = visit.caller.reach.registry.nodes
    code, item = one.key.code, one.key.item
    return {
        "place": nodes[code].name(visit.language) if code in nodes else code,
        "item": word("item", item, visit.language),
        "month": f"{one.first:%Y-%m}",
        "closed": _sum(visit, item, one.closed),
        "present": _sum(visit, item, one.present),
        "restated": one.restated,
        "edits": [
            {
                "kind": word("about", KIND_WORDS.get(edit.kind, edit.kind), visit.language),
                "key": edit.key,
                "old": _row(edit.old, edit.new),
                "new": _row(edit.new, edit.old),
                "when": formats.minute(edit.at_us, zone),
                "by": edit.by,
                "reason": edit.reason,
            }
            for edit in one.edits
        ],
    }


def _row(row: FactRow | None, other: FactRow | None) -> str:
    """What a row says otherwise than the other; of one that stands alone what it is worth."""
    if row is None:
        return "–"
    if other is None:
        own = [row[name] for name in ("price", "value") if row.get(name)]
        return ", ".join(own) or ", ".join(filter(None, row.values()))
    return ", ".join(value or "–" for name, value in row.items() if value != other.get(name))


def closed_months(visit: Visit, node: str) -> dict[str, str]:
    """Names of the closings of a place's institution that stand, by period."""
    body = visit.caller.reach.institution_of(node)
    if body not in visit.caller.reach.institutions:
        return {}
    return {
        one.period: one.name
        for one in listed(visit.caller, body)
        if one.state is not ClosingState.REOPENED
    }


def _shown(visit: Visit, one: Closing) -> dict[str, Any]:
    registry = visit.caller.reach.registry
    zone = registry.zone(one.institution)

    def said(act: Signed | None) -> dict[str, str] | None:
        if act is None:
            return None
        return {"when": formats.minute(act.at_us, zone), "by": act.by, "reason": act.reason}

    return {
        "name": one.name,
        "institution": registry.nodes[one.institution].name(visit.language),
        "period": one.period,
        "state": str(one.state),
        "pins": f"{one.revision}@{one.registry_version}",
        "closed": said(one.closed),
        "asked": said(one.asked),
        "reopened": said(one.reopened),
    }
