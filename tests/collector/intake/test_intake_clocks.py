"""Gateways whose clocks are wrong, in messages as they would send them.

The gateway here knows the true time of all that it measured, and its register counts seconds of
true time: so of each reading that is stored, its value says where it should stand.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pytest

from metering.clock_repair import accepted, dismissed, stated
from metering.localtime import parse_instant
from metering.reading import Flag

S, MINUTE, HOUR = 1_000_000, 60 * 1_000_000, 3_600 * 1_000_000
START = parse_instant("2026-11-20T00:00:00Z")
EXACT = 60 * S
Clock = Callable[[int], int]


def ahead(offset_us: int, since_us: int = 0, until_us: int = 1 << 62) -> Clock:
    return lambda at: at + (offset_us if since_us <= at < until_us else 0)


@dataclass
class Sent:
    made_us: int
    """True time."""
    arrived_us: int
    payload: dict[str, Any]


def messages(
    clock: Clock,
    minutes: Iterable[int],
    *,
    held_until: Callable[[int], int] = lambda at: at,
    sent: bool = True,
) -> list[Sent]:
    """One a minute, with one reading; `held_until` says when one that was made is sent."""
    found = []
    for n in minutes:
        made = START + n * MINUTE
        reading = {"point": "E1", "value": (made - START) / S, "time": clock(made) // 1000}
        payload: dict[str, Any] = {"readings": [reading], "session": 1, "seq": n + 1}
        if sent:
            payload["sent"] = clock(made) // 1000
        found.append(Sent(made, max(made, held_until(made)) + 2 * S, payload))
    return sorted(found, key=lambda one: (one.arrived_us, one.made_us))


def push(bench: Any, sent: list[Sent], *, at_once: int = 7) -> None:
    """In batches, as the intake's loop does it."""
    for first in range(0, len(sent), at_once):
        for one in sent[first : first + at_once]:
            bench.push(json.dumps(one.payload).encode(), arrived_us=one.arrived_us)
        bench.drain()
        settle(bench)


def settle(bench: Any) -> None:
    bench.intake.look_at_clocks()
    while bench.intake.replay_asked() or bench.intake.reread() or bench.intake.move():
        pass


def told(bench: Any) -> list[tuple[str, int, bool]]:
    """(state, offset [min], whether it is over) of what is known of the clock."""
    found = bench.store.clock_repairs("s/g")
    return [(one.state, round(one.offset_us / MINUTE), one.until_us > 0) for one in found]


def off_by(bench: Any) -> dict[int, int]:
    """By value how far a stored reading is from where it should stand [us]; none is stored
    twice."""
    found: dict[int, int] = {}
    for _, time_us, value, _ in bench.rows():
        assert round(value) not in found, "stored twice"
        found[round(value)] = abs(time_us - START - round(value) * S)
    return found


def check_whole(bench: Any, sent: list[Sent]) -> None:
    """Everything that came is stored once, or a dead letter; read again, all is as it was."""
    letters = bench.store.dead_letters(None, state="open", limit=10_000)
    assert len(off_by(bench)) + len(letters) == len({one.made_us for one in sent})
    before = bench.stored()
    bench.intake.rebuild()
    settle(bench)
    after = bench.stored()
    for name, column in vars(before).items():
        assert column.tolist() == getattr(after, name).tolist(), name


@pytest.mark.parametrize("offset_s", [180, 1_500, 3_600, 8 * 3_600, -8 * 3_600, -26 * 365 * 86_400])
def test_a_clock_that_is_off_by_a_constant_is_repaired(bench: Any, offset_s: int) -> None:
    """Minutes fast, a wrong zone, and one that began again in 2000."""
    bench.store.set_clock_mode("s/g", "repair")
    clock = ahead(offset_s * S, START + 60 * MINUTE)
    sent = messages(clock, range(240))
    push(bench, sent)
    assert told(bench) == [("repaired", offset_s // 60, False)]
    off = off_by(bench)
    assert max(off.values()) <= EXACT
    assert len(off) >= 238
    flags = {flag for _, time_us, _, flag in bench.rows() if time_us > START + 61 * MINUTE}
    assert flags == {Flag.CLOCK_REPAIRED}
    check_whole(bench, sent)


def test_by_default_it_is_proposed_and_nothing_is_moved(bench: Any) -> None:
    sent = messages(ahead(HOUR), range(120))
    push(bench, sent)
    assert told(bench) == [("proposed", 60, False)]
    assert bench.rows() == []
    assert bench.store.quarantined() == {"s/g": 120}
    (one,) = bench.store.clock_repairs("s/g")
    bench.store.keep_clock_repair(accepted(one, (START, None), "me", bench.now_us), one)
    settle(bench)
    assert bench.store.quarantined() == {}
    assert max(off_by(bench).values()) <= EXACT
    check_whole(bench, sent)


def test_of_a_gateway_whose_clock_is_off_nothing_is_done(bench: Any) -> None:
    bench.store.set_clock_mode("s/g", "off")
    push(bench, messages(ahead(HOUR), range(120)))
    assert told(bench) == []


def test_what_was_kept_for_hours_is_no_slow_clock(bench: Any) -> None:
    bench.store.set_clock_mode("s/g", "repair")

    def held(at: int) -> int:
        return -(-(at - START) // (3 * HOUR)) * 3 * HOUR + START

    sent = messages(ahead(0), range(0, 720), held_until=held)
    push(bench, sent, at_once=100)
    assert told(bench) == []
    assert set(off_by(bench).values()) == {0}
    check_whole(bench, sent)


def test_a_clock_that_drifts_is_left_alone(bench: Any) -> None:
    """A minute in twenty."""
    bench.store.set_clock_mode("s/g", "repair")
    push(bench, messages(lambda at: at + (at - START) // 20, range(300)))
    assert told(bench) == []


def test_a_clock_that_jumps_back_ends_the_repair_at_once(bench: Any) -> None:
    bench.store.set_clock_mode("s/g", "repair")
    jump = START + 180 * MINUTE
    sent = messages(ahead(HOUR, 0, jump), range(300))
    push(bench, sent)
    assert told(bench) == [("repaired", 60, True)]
    off = off_by(bench)
    assert max(off.values()) <= EXACT
    assert len(off) >= 299
    times = {flag for _, time_us, _, flag in bench.rows() if time_us >= jump}
    assert times == {Flag.GOOD}
    check_whole(bench, sent)


def test_what_waited_while_the_clock_was_wrong_is_put_right_too(bench: Any) -> None:
    """From 3:00 to 5:30 nothing went out; then it all comes within a second. On the way it looks
    right for a moment."""
    bench.store.set_clock_mode("s/g", "repair")
    back = START + 330 * MINUTE

    def held(at: int) -> int:
        return back if START + 180 * MINUTE <= at < back else at

    sent = messages(ahead(HOUR), range(420), held_until=held)
    push(bench, sent, at_once=40)
    assert told(bench) == [("repaired", 60, False)]
    assert max(off_by(bench).values()) <= EXACT
    assert bench.store.quarantined() == {}
    check_whole(bench, sent)


def test_local_time_sent_as_utc_over_a_change_of_the_clocks(bench: Any) -> None:
    bench.store.set_clock_mode("s/g", "repair")
    change = START + 180 * MINUTE
    sent = messages(lambda at: at + (HOUR if at < change else 2 * HOUR), range(360))
    push(bench, sent)
    assert told(bench) == [("repaired", 60, True), ("repaired", 120, False)]
    assert max(off_by(bench).values()) <= EXACT
    assert len(off_by(bench)) >= 359
    check_whole(bench, sent)


def test_in_autumn_as_well(bench: Any) -> None:
    bench.store.set_clock_mode("s/g", "repair")
    change = START + 187 * MINUTE
    sent = messages(lambda at: at + (2 * HOUR if at < change else HOUR), range(360))
    push(bench, sent)
    assert told(bench) == [("repaired", 120, True), ("repaired", 60, False)]
    assert max(off_by(bench).values()) <= EXACT
    check_whole(bench, sent)


@pytest.mark.parametrize("offset_s", [900, -900, -3_600])
def test_readings_change_places_with_each_other(bench: Any, offset_s: int) -> None:
    """Each stands where another should; a person says so, and takes it back."""
    offset_us = offset_s * S
    sent = messages(ahead(offset_us), range(0, 240, 5), sent=False)
    bench.store.set_clock_mode("s/g", "off")
    push(bench, sent)
    before = bench.rows()
    end = START + 240 * MINUTE
    one = bench.store.keep_clock_repair(stated("s/g", offset_us, (START, end), "me", bench.now_us))
    settle(bench)
    off = off_by(bench)
    assert set(off.values()) == {0}
    assert len(off) == len(sent)
    check_whole(bench, sent)
    (one,) = bench.store.clock_repairs("s/g")
    assert not one.pending
    bench.store.keep_clock_repair(dismissed(one, "me", bench.now_us), one)
    settle(bench)
    assert bench.rows() == before
    check_whole(bench, sent)
