"""Why gateways were turned away: the latest of each, a day long, of so many."""

from __future__ import annotations

from collector.mqtt import ReasonCode
from collector.tls_door import RefusedCertificate
from collector.troubles import MOST, MOST_ADDRESSES, TOLD_US, Troubles


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


def test_certificates_are_told_of_so_many_addresses() -> None:
    now_us = 10**15
    troubles = Troubles(lambda: now_us)
    for number in range(MOST_ADDRESSES + 1):
        for _ in range(2):
            troubles.note_certificate(RefusedCertificate(f"a{number}", "expired", "has expired"))
    troubles.note_certificate(RefusedCertificate("a1", "revoked", "revoked"))
    told = troubles.certificates()
    assert len(told) == MOST_ADDRESSES
    assert "a0" not in told
    assert [(told[one].reason, told[one].times) for one in ("a1", "a2")] == [
        ("revoked", 1),
        ("expired", 2),
    ]
    assert not troubles.told()
    now_us += TOLD_US + 1
    assert not troubles.certificates()
