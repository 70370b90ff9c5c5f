"""The clock of a gateway: what is known of it, and what people decide."""

from __future__ import annotations

from api.caller import Caller
from metering import clock_deciding
from metering.clock_repair import ClockRepair
from metering.localtime import parse_instant


def repair(
    caller: Caller,
    user: str,
    id: int | None,
    ahead_s: float | None = None,
    times: tuple[str, str] = ("", ""),
) -> ClockRepair:
    """Repair a clock as it is proposed under a number, or as it is said to be ahead [s]; `times`
    are since when and until when, '' where they are not said. Errors as
    `metering.clock_deciding`."""
    now_us = caller.platform.now_us()
    gateway = caller.reach.writable(user, now_us).user
    keeper, by = caller.platform.clocks, str(caller.actor)
    start, until = (
        parse_instant(text, name) if text else None
        for text, name in zip(times, ("from", "until"), strict=True)
    )
    if id is not None:
        done = clock_deciding.accept(keeper, gateway, id, (start, until), by, now_us)
    else:
        done = clock_deciding.state(keeper, gateway, ahead_s, (start, until), by, now_us)
    caller.trace("clock.repair", f"{gateway} {done.id}")
    return done


def dismiss(caller: Caller, user: str, id: int) -> ClockRepair:
    """Repair a clock not, or no more. NotFound where nothing is known under that number."""
    now_us = caller.platform.now_us()
    gateway = caller.reach.writable(user, now_us).user
    done = clock_deciding.dismiss(caller.platform.clocks, gateway, id, str(caller.actor), now_us)
    caller.trace("clock.dismiss", f"{gateway} {id}")
    return done


def set_mode(caller: Caller, user: str, mode: str) -> str:
    """What the platform does about a clock by itself; the gateway. InvalidInput where there is no
    such way."""
    gateway = caller.reach.writable(user, caller.platform.now_us()).user
    clock_deciding.set_mode(caller.platform.clocks, gateway, mode)
    caller.trace("clock.mode", f"{gateway} {mode}")
    return gateway
