"""What people decide about the clocks of gateways, whoever asks them."""

from __future__ import annotations

from collections.abc import Callable

from metering.clock_repair import (
    CLOCK_MODES,
    ClockRepair,
    accepted,
    check_apart,
    dismissed,
    stated,
)
from metering.errors import Conflict, InvalidInput, NotFound
from metering.ports import ClockKeeper


def set_mode(keeper: ClockKeeper, gateway: str, mode: str) -> None:
    """What the platform does about that clock by itself; InvalidInput where there is no such
    way."""
    for known in CLOCK_MODES:
        if mode == known:
            return keeper.set_clock_mode(gateway, known)
    raise InvalidInput(
        "no such way to deal with a clock",
        field="mode",
        value=mode,
        fix=f"one of {', '.join(CLOCK_MODES)}",
    )


def accept(
    keeper: ClockKeeper,
    gateway: str,
    id: int,
    times_us: tuple[int | None, int | None],
    by: str,
    now_us: int,
) -> ClockRepair:
    """Repair a clock as it is proposed, in the times given or its own; also one that was repaired
    or dismissed, in other times. NotFound where there is none of that number, InvalidInput where
    the times cannot be, Conflict where another repair covers them."""
    return _changed(keeper, gateway, id, lambda one: accepted(one, times_us, by, now_us))


def dismiss(keeper: ClockKeeper, gateway: str, id: int, by: str, now_us: int) -> ClockRepair:
    """Repair it not, or no more: what was moved goes back. NotFound as `accept`."""
    return _changed(keeper, gateway, id, lambda one: dismissed(one, by, now_us))


def state(
    keeper: ClockKeeper,
    gateway: str,
    ahead_s: float | None,
    times_us: tuple[int | None, int | None],
    by: str,
    now_us: int,
) -> ClockRepair:
    """Repair a clock by what a person knows of it: how far it is ahead [s], and since when.
    InvalidInput and Conflict as `accept`."""
    start_us, until_us = times_us
    if ahead_s is None or start_us is None:
        raise InvalidInput(
            "how far the clock was ahead, or since when, is not said",
            field="ahead_s" if ahead_s is None else "from",
            fix="seconds, negative where it was behind, and an instant, 2026-11-24T02:00:00Z",
        )
    made = stated(gateway, round(ahead_s * 1e6), (start_us, until_us), by, now_us)
    check_apart(made, keeper.clock_repairs(gateway))
    kept = keeper.keep_clock_repair(made)
    if kept is None:
        raise _changed_meanwhile(0)
    return kept


def _changed(
    keeper: ClockKeeper, gateway: str, id: int, change: Callable[[ClockRepair], ClockRepair]
) -> ClockRepair:
    known = keeper.clock_repairs(gateway)
    for one in known:
        if one.id == id:
            made = change(one)
            if made.state == "repaired":
                check_apart(made, known)
            if (kept := keeper.keep_clock_repair(made, one)) is None:
                raise _changed_meanwhile(id)
            return kept
    raise NotFound(
        "nothing of that number is known of this clock",
        field="id",
        value=id,
        fix="list what is known of it without a number",
    )


def _changed_meanwhile(id: int) -> Conflict:
    return Conflict(
        "it was changed meanwhile",
        field="id",
        value=id,
        fix="look at it again, and decide then",
    )
