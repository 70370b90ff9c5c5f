"""Keys as the page shows them: who has one, what each may, what a change of one changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from api.caller import ROLES
from api.page import formats
from api.page.places import places
from api.page.visit import Visit
from api.usecases.keys import KeyWanted, check_wanted, end_of, key_of, keys_of, past_of
from metering.access import ApiKey, Role
from texts import word

BACK = "/keys"
LONGEST_NAME, LONGEST_PURPOSE = 128, 500


def listed(visit: Visit) -> dict[str, Any]:
    """All keys of the scope, those that open something first."""
    rows = [_row(visit, one) for one in keys_of(visit.caller)]
    return {"rows": sorted(rows, key=lambda one: (not one["stands"], one["name"], one["id"]))}


def _row(visit: Visit, key: ApiKey) -> dict[str, Any]:
    zone, now_us = _zone(visit, key.node), visit.caller.platform.now_us()
    state = "revoked" if key.revoked_us else "expired" if key.expired(now_us) else "stands"
    return {
        "id": key.id,
        "name": key.name,
        "place": place_name(visit, key.node),
        "role": word("key_role", key.role, visit.language),
        "purpose": key.purpose,
        "made": formats.day(key.created_us, zone) if key.created_us else "–",
        "used": formats.age((now_us - key.used_us) / 1e6, visit.text) if key.used_us else "–",
        "ends": formats.minute(key.expires_us, zone) if key.expires_us else "",
        "revoked": formats.minute(key.revoked_us, zone) if key.revoked_us else "",
        "state": state,
        "stands": state == "stands",
        "own": key.id == visit.session.key_id,
    }


def one(visit: Visit, id: str) -> dict[str, Any]:
    """A key with what was done with it, newest first."""
    key = key_of(visit.caller, id)
    past = [
        {
            "when": formats.minute(entry.at_us, _zone(visit, key.node)),
            "actor": entry.actor,
            "what": word("key_act", entry.action.removeprefix("key."), visit.language),
            "reason": entry.reason,
        }
        for entry in past_of(visit.caller, id)
    ]
    return {**_row(visit, key), "past": past}


def form(visit: Visit, *, whole: bool) -> dict[str, Any]:
    """What the form of a new key chooses from."""
    everything = [("", visit.text("whole platform"), 0)] if whole else []
    return {
        "places": [*everything, *places(visit)],
        "roles": [(str(role), word("key_role", role, visit.language)) for role in ROLES],
        "longest_name": LONGEST_NAME,
        "longest_purpose": LONGEST_PURPOSE,
    }


def new(visit: Visit, wanted: KeyWanted) -> list[str]:
    """What making a key changes. Errors as `check_wanted`."""
    at_us = check_wanted(visit.caller, wanted)
    _ = visit.text
    may = _("%(name)s may, at %(place)s: %(role)s.") % {
        "name": wanted.name.strip(),
        "place": place_name(visit, wanted.node),
        "role": word("key_role", wanted.role, visit.language),
    }
    return [may, *_until(visit, wanted.node, at_us), *_warnings(visit, wanted)]


def _until(visit: Visit, node: str, at_us: int) -> Iterator[str]:
    if at_us:
        when = formats.minute(at_us, _zone(visit, node))
        yield visit.text("From %(when)s on it opens nothing.") % {"when": when}
    else:
        yield visit.text("It has no end: end it when nobody needs it any more.")


def _warnings(visit: Visit, wanted: KeyWanted) -> Iterator[str]:
    if wanted.role is Role.ADMIN:
        yield visit.text("It may make further keys of the same place, also such as its own.")


def rotated(visit: Visit, key: ApiKey) -> list[str]:
    """What another secret for a key changes."""
    _ = visit.text
    told = [
        _("%(name)s gets another secret, shown once; the present one opens nothing any more.")
        % {"name": key.name},
        _("Place, role, purpose and end stay as they are."),
    ]
    return [*told, *_own(visit, key)]


def ended(visit: Visit, key: ApiKey, expires: str) -> list[str]:
    """What an end of a key changes; '' takes its end back. InvalidInput for none to come."""
    return list(_until(visit, key.node, end_of(visit.caller, key, expires)))


def revoked(visit: Visit, key: ApiKey) -> list[str]:
    """What ending a key at once changes."""
    told = visit.text("The key of %(name)s opens nothing any more, from now on and for good.")
    return [told % {"name": key.name}, *_own(visit, key)]


def _own(visit: Visit, key: ApiKey) -> Iterator[str]:
    if key.id == visit.session.key_id:
        yield visit.text("You are signed in with it: you will have to sign in again.")


def place_name(visit: Visit, node: str) -> str:
    """What people call the place of a key; its code where that is gone."""
    if not node:
        return visit.text("whole platform")
    known = visit.caller.reach.registry.nodes.get(node)
    return node if known is None else known.name(visit.language)


def _zone(visit: Visit, node: str) -> str:
    registry = visit.caller.reach.registry
    return registry.zone(node) if node in registry.nodes else "UTC"
