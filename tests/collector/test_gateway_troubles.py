"""Why gateways were turned away: the latest of each, a day long, of so many."""

from __future__ import annotations

from collector.mqtt import ReasonCode
from collector.troubles import MOST, TOLD_US, Troubles


def test_the_latest_of_each_is_told_for_a_day() -> None:
    now_us = 10**15
    troubles = Troubles(lambda: now_us)
    troubles.note("s/g", ReasonCode.PACKET_TOO_LARGE, "a packet of 9 bytes", "a")
    troubles.note("s/h", ReasonCode.SERVER_SHUTTING_DOWN, "", "a")
    troubles.note("", ReasonCode.MALFORMED, "", "a")
    assert set(troubles.told()) == {"s/g"}
    now_us += TOLD_US
    assert set(troubles.told()) == {"s/g"}
    now_us += 1
    assert not troubles.told()


def test_names_that_anybody_may_claim_take_bounded_room() -> None:
    troubles = Troubles(lambda: 10**15)
    for number in range(MOST + 5):
        troubles.note(f"s/{number}", ReasonCode.BAD_USER_OR_PASSWORD, "", "a")
    assert len(troubles.told()) == MOST
    assert "s/4" not in troubles.told()
