"""`greenoffice gateway resend`: what a gateway is asked to send again."""

from __future__ import annotations

from greenoffice.folder import DataFolder
from greenoffice.stores import open_stores
from metering.access import by_command
from metering.delivery import by_hand
from metering.gateway_life import require_let_in, require_registered
from metering.localtime import parse_instant


def resend(folder: DataFolder, gateway: str, start: str, until: str) -> dict[str, object]:
    """Have a gateway asked once for the readings of a time [start, until); the request. NotFound
    for a gateway that is not registered, InvalidInput for a time that cannot be asked for,
    Conflict where it was revoked, or too much is asked for already."""
    stores = open_stores(folder)
    require_registered(stores.registry.load(), gateway)
    require_let_in(stores.credentials, gateway)
    times = parse_instant(start, "from"), parse_instant(until, "until")
    now_us = folder.clock().now_us()
    gap = stores.intake.want(by_hand(gateway, *times, str(by_command()), now_us))
    return {"id": gap.id, "gateway": gateway, "from": start, "until": until, "state": gap.state}
