"""Laws of what an IntakeStore keeps of the clocks of gateways."""

from __future__ import annotations

from dataclasses import replace

from metering.clock_repair import MOST_REPAIRS, ClockRepair, dismissed
from metering.delivery import Arrived, ClockDelay
from metering.intake import DeadLetter, IntakeBatch
from storage import Stores

SEGMENT = 1 << 24 | 5
OFF = ClockRepair("s/a", -3_600_000_000, 1_764_000_000_000_000, seen_us=1_764_000_900_000_000)


def kept(stores: Stores, one: ClockRepair, known: ClockRepair | None = None) -> ClockRepair:
    found = stores.intake.keep_clock_repair(one, known)
    assert found is not None
    return found


def letter(gateway: str, reason: str, digest: str) -> DeadLetter:
    words = ("", "", "", "", SEGMENT, 0, 0, digest, 1)
    return DeadLetter(gateway, "t", reason, *words)


def test_what_is_decided_is_kept_through_a_rebuild(stores: Stores) -> None:
    first = kept(stores, OFF)
    other = kept(stores, replace(OFF, gateway="s/b", state="repaired", pending=True))
    assert first == replace(OFF, id=first.id)
    assert stores.intake.clock_repairs() == [first, other]
    done = kept(stores, dismissed(first, "me", 7), first)
    stores.intake.set_clock_mode("s/a", "off")
    stores.intake.set_clock_mode("s/a", "repair")
    stores.intake.clear()
    assert stores.intake.clock_repairs("s/a") == [done]
    assert stores.intake.clock_modes() == {"s/a": "repair"}


def test_what_somebody_else_decided_meanwhile_stands(stores: Stores) -> None:
    known = kept(stores, OFF)
    first = kept(stores, replace(known, state="repaired"), known)
    assert stores.intake.keep_clock_repair(dismissed(known, "me", 7), known) is None
    assert stores.intake.clock_repairs("s/a") == [first]


def test_proposals_are_bounded_and_repairs_stay(stores: Stores) -> None:
    repair = kept(stores, replace(OFF, state="repaired"))
    for n in range(MOST_REPAIRS + 3):
        kept(stores, replace(OFF, from_us=OFF.from_us + n))
    found = stores.intake.clock_repairs("s/a")
    assert len(found) == MOST_REPAIRS + 1
    assert repair in found
    assert found[1].from_us == OFF.from_us + 3


def test_letters_that_wait_for_a_clock_are_counted(stores: Stores) -> None:
    letters = [
        letter("s/a", "future_time", "1"),
        letter("s/a", "doubtful_clock", "2"),
        letter("s/a", "bad_unit", "3"),
        letter("s/b", "bad_unit", "4"),
    ]
    stores.intake.commit(IntakeBatch(1, 0, 0, SEGMENT, 1, dead_letters=tuple(letters)))
    assert stores.intake.quarantined() == {"s/a": 2}


def test_what_messages_say_of_a_clock_adds_up(stores: Stores) -> None:
    second_us = 1_000_000
    for n, (quarter, least_s, near) in enumerate([(1, 9, 2), (1, 20, 3), (1, 99, 4), (2, 5, 1)]):
        place = stores.intake.checkpoint(1)
        delay = ClockDelay(quarter, least_s * second_us, near, 10 + n, 20 + n)
        came = (Arrived("s/a", 1, 1, delays=(delay,)),)
        stores.intake.commit(IntakeBatch(1, *place, SEGMENT, n + 1, arrived=came))
    assert stores.intake.delivery_states(None)["s/a"].delays == (
        ClockDelay(1, 9 * second_us, 5, 10, 21),
        ClockDelay(2, 5 * second_us, 1, 13, 23),
    )
