"""`greenoffice gateway clock`: the clock of a gateway, and what is decided of it."""

from __future__ import annotations

from dataclasses import dataclass

from greenoffice.folder import DataFolder
from greenoffice.stores import open_stores
from metering import clock_deciding
from metering.access import AuditEntry, by_command
from metering.clock_repair import DEFAULT_MODE, ClockRepair
from metering.gateway_life import require_registered
from metering.localtime import iso, parse_instant
from storage import Stores


@dataclass(frozen=True)
class ClockWish:
    """What is to be decided; nothing of it: only what is known is told."""

    mode: str = ""
    accept: int = 0
    dismiss: int = 0
    ahead_s: float | None = None
    start: str = ""
    until: str = ""


def decide(folder: DataFolder, gateway: str, wish: ClockWish) -> dict[str, object]:
    """What is known of the clock once the wish is done. NotFound for a gateway that is not
    registered or a number that is not known, else errors as `metering.clock_deciding`."""
    stores, now_us = open_stores(folder), folder.clock().now_us()
    require_registered(stores.registry.load(), gateway)
    if done := _done(stores, gateway, wish, now_us):
        action, target = done
        entry = AuditEntry(now_us, str(by_command()), action, f"{gateway} {target}")
        stores.access.audit(entry)
    intake = stores.intake
    return {
        "gateway": gateway,
        "mode": intake.clock_modes().get(gateway, DEFAULT_MODE),
        "quarantined": intake.quarantined().get(gateway, 0),
        "repairs": [_told(one) for one in intake.clock_repairs(gateway)],
    }


def _done(stores: Stores, gateway: str, wish: ClockWish, now_us: int) -> tuple[str, str] | None:
    """(action, what it was done to) for the audit log."""
    keeper, by = stores.intake, str(by_command())
    start = parse_instant(wish.start, "from") if wish.start else None
    until = parse_instant(wish.until, "until") if wish.until else None
    if wish.mode:
        clock_deciding.set_mode(keeper, gateway, wish.mode)
        return "clock.mode", wish.mode
    if wish.accept:
        clock_deciding.accept(keeper, gateway, wish.accept, (start, until), by, now_us)
        return "clock.repair", str(wish.accept)
    if wish.dismiss:
        clock_deciding.dismiss(keeper, gateway, wish.dismiss, by, now_us)
        return "clock.dismiss", str(wish.dismiss)
    if wish.ahead_s is None and start is None:
        return None
    one = clock_deciding.state(keeper, gateway, wish.ahead_s, (start, until), by, now_us)
    return "clock.repair", str(one.id)


def _told(one: ClockRepair) -> dict[str, object]:
    return {
        "id": one.id,
        "state": one.state,
        "ahead_s": one.offset_us / 1e6,
        "from": iso(one.from_us),
        "until": iso(one.until_us) if one.until_us else None,
        "seen": iso(one.seen_us) if one.seen_us else None,
        "decided": iso(one.decided_us) if one.decided_us else None,
        "decided_by": one.decided_by or None,
        "moving": one.pending,
    }
