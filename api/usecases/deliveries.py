"""Receipts of gateways, what is missing of them, and asking for it again."""

from __future__ import annotations

from api.caller import Caller
from metering.delivery import Gap, by_hand
from metering.gateway_life import require_let_in
from metering.localtime import parse_instant


def ask_again(caller: Caller, user: str, from_text: str, until_text: str) -> Gap:
    """Have a gateway asked to send the readings of a time again, once. InvalidInput where the time
    is none that can be asked for; Conflict where it was revoked, or too much is asked for."""
    now_us = caller.platform.now_us()
    gateway = caller.reach.writable(user, now_us).user
    require_let_in(caller.platform.credentials, gateway)
    times = parse_instant(from_text, "from"), parse_instant(until_text, "until")
    return caller.platform.want_again(by_hand(gateway, *times, str(caller.actor), now_us))
