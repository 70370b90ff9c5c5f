"""Points that gateways of a scope send and nobody registered: told, approved, dismissed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from api.caller import Caller
from api.usecases.registering import ImportWishes, import_texts
from metering.commissioning import Proposed, approval, proposals, sure_ones
from metering.errors import NotFound
from metering.joining import SeenPoint
from metering.registry.proposal import Proposal


@dataclass(frozen=True)
class PointsApproved:
    """What an approval came to."""

    approved: tuple[str, ...]
    already: tuple[str, ...]
    version: int
    """Of the registry that stands now."""
    proposal: Proposal | None = None
    """What the import changes; None where there is none."""


def proposals_of(caller: Caller, user: str, *, dismissed: bool) -> list[Proposed]:
    """What is proposed of a gateway of the scope, or was dismissed, by name; nothing of one that
    carries points of others, as of its dead letters."""
    gateway = caller.reach.gateway(user).user
    if not caller.reach.scope.whole and gateway not in caller.reach.messages_of:
        return []
    return proposals(_seen(caller, gateway), caller.reach.registry, dismissed=dismissed)


def approve(
    caller: Caller,
    user: str,
    wanted: Sequence[Mapping[str, str]],
    *,
    sure: bool,
    reason: str,
    dry_run: bool = False,
) -> PointsApproved:
    """Register points of a gateway that may be written for, as proposed or as `wanted` corrects
    them, or only tell what that changes; `sure`: all others too of which kind and unit are sure.
    Meters and nodes that a correction names lie in the scope. Errors as `approval`, and those of
    an import."""
    platform = caller.platform
    gateway = caller.reach.writable(user, platform.now_us()).user
    for said in wanted:
        if said.get("meter"):
            caller.reach.meter(said["meter"])
        if said.get("node"):
            caller.reach.node(said["node"])
    seen, registry = _seen(caller, gateway), platform.registry()
    named = {said["point"] for said in wanted}
    firm = sure_ones(proposals(seen, registry)) if sure else []
    points = [*wanted, *(one for one in firm if one["point"] not in named)]
    if sure and not points:
        return PointsApproved((), (), registry.version)
    found = approval(gateway, seen, registry, points)
    if not found.files:
        return PointsApproved(found.approved, found.already, registry.version)
    done = import_texts(caller, found.files, ImportWishes(dry_run, reason, None))
    return PointsApproved(found.approved, found.already, done.version, done.proposal)


def dismiss(caller: Caller, user: str, points: Sequence[str], *, undo: bool) -> list[str]:
    """Propose points of a gateway that may be written for no more, or again; those that there
    are. NotFound where nothing came of any of them."""
    platform, now_us = caller.platform, caller.platform.now_us()
    gateway = caller.reach.writable(user, now_us).user
    by, at_us = ("", 0) if undo else (str(caller.actor), now_us)
    done = platform.dismiss(gateway, points, by=by, now_us=at_us)
    if not done:
        raise NotFound(
            "nothing came of a point of that name",
            field="points",
            value=", ".join(points),
            fix="list what was proposed",
        )
    for point in done:
        caller.trace(f"points.{'undismiss' if undo else 'dismiss'}", f"{gateway} {point}")
    return done


def _seen(caller: Caller, gateway: str) -> list[SeenPoint]:
    return caller.platform.intake.seen_points(gateway)
