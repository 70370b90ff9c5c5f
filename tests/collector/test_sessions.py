"""Sessions of clients: how long they are kept, of whom, and what outlives a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.mqtt import Connect, KeptSession, Outward, Subscription
from collector.sessions import MOST_OF_A_USER, MOST_WRITTEN, KeptSessions

LONGEST_S = 1_000
EVER = 0xFFFF_FFFF


class Clock:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now_s = 1_000_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def asks(expiry_s: int, *, clean: bool = False) -> Connect:
    return Connect(5, "c1", "s/g", b"", clean, 0, None, expiry_s=expiry_s)


def test_a_session_is_kept_as_long_as_asked_and_no_longer(clock: Clock) -> None:
    sessions = KeptSessions(None, clock, LONGEST_S)
    key = ("s/g", "c1")
    first, present, expiry_s = sessions.begin(key, asks(60))
    assert (present, expiry_s) == (False, 60)
    sessions.end(key, first, None)
    clock.now_s += 59
    second, present, _ = sessions.begin(key, asks(60))
    assert present
    assert second is first
    sessions.end(key, second, None)
    clock.now_s += 60
    third, present, _ = sessions.begin(key, asks(60))
    assert not present
    assert third is not first


def test_nobody_has_one_for_longer_than_the_limit(clock: Clock) -> None:
    sessions = KeptSessions(None, clock, LONGEST_S)
    assert sessions.begin(("s/g", "c1"), asks(EVER))[2] == LONGEST_S


def test_a_clean_start_and_a_goodbye_end_it(clock: Clock) -> None:
    sessions = KeptSessions(None, clock, LONGEST_S)
    key = ("s/g", "c1")
    first, _, _ = sessions.begin(key, asks(60))
    sessions.end(key, first, None)
    assert not sessions.begin(key, asks(60, clean=True))[1]
    second, _, _ = sessions.begin(key, asks(60))
    sessions.end(key, second, 0)  # it changed its mind
    assert not sessions.begin(key, asks(60))[1]
    passing, _, _ = sessions.begin(("s/g", "c2"), asks(0))
    sessions.end(("s/g", "c2"), passing, None)
    assert not sessions.begin(("s/g", "c2"), asks(0))[1]


def test_the_end_of_an_older_connection_is_not_that_of_a_later_session(clock: Clock) -> None:
    sessions = KeptSessions(None, clock, LONGEST_S)
    key = ("s/g", "c1")
    first, _, _ = sessions.begin(key, asks(60))
    second, _, _ = sessions.begin(key, asks(60, clean=True))
    sessions.end(key, first, 0)
    assert sessions.begin(key, asks(60)) == (second, True, 60)


def test_a_gateway_has_only_so_many_and_takes_none_of_another(clock: Clock) -> None:
    sessions = KeptSessions(None, clock, LONGEST_S)
    other, _, _ = sessions.begin(("s/h", "c"), asks(900))
    sessions.end(("s/h", "c"), other, None)
    for number in range(2 * MOST_OF_A_USER):
        clock.now_s += 1
        key = ("s/g", f"c{number}")
        sessions.end(key, sessions.begin(key, asks(900))[0], None)
    assert len(sessions) == MOST_OF_A_USER + 2
    assert sessions.begin(("s/h", "c"), asks(900))[1]
    assert not sessions.begin(("s/g", "c0"), asks(900))[1]


def test_one_with_messages_that_are_not_released_goes_last(clock: Clock) -> None:
    sessions = KeptSessions(None, clock, LONGEST_S)
    for number in range(MOST_OF_A_USER + 2):
        clock.now_s += 1
        key = ("s/g", f"c{number}")
        session, _, _ = sessions.begin(key, asks(900))
        if number == 0:
            session.received.add(7)
        sessions.end(key, session, None)
    assert not sessions.begin(("s/g", "c1"), asks(900))[1]
    assert sessions.begin(("s/g", "c0"), asks(900))[0].received == {7}


def test_what_outlives_a_restart(clock: Clock, tmp_path: Path) -> None:
    file = tmp_path / "sessions.json"
    sessions = KeptSessions(file, clock, LONGEST_S)
    assert sessions.to_write() is None
    kept, _, _ = sessions.begin(("s/g", "c1"), asks(60))
    kept.received.update({7, 3})
    kept.subscriptions["a/+"] = Subscription(1, 5)
    kept.sent[9] = Outward("a/b", b"sent", 1)
    kept.queued.append(Outward("a/b", b"waits", 1))
    over, _, _ = sessions.begin(("s/g", "c2"), asks(5))
    sessions.end(("s/g", "c2"), over, None)
    clock.now_s += 5
    content = sessions.to_write()
    assert content is not None
    sessions.write(content)
    assert sessions.to_write() is None  # nothing changed since
    later = KeptSessions(file, clock, LONGEST_S)
    assert len(later) == 1
    again, present, _ = later.begin(("s/g", "c1"), asks(60))
    assert present
    assert (again.received, again.subscriptions) == ({3, 7}, {"a/+": Subscription(1, 5)})
    assert [one.payload for one in again.queued] == [b"sent", b"waits"]


def test_what_waits_for_clients_takes_bounded_room_in_the_file(
    clock: Clock, tmp_path: Path
) -> None:
    file = tmp_path / "sessions.json"
    sessions = KeptSessions(file, clock, LONGEST_S)
    for number in range(5):
        session, _, _ = sessions.begin(("s/g", f"c{number}"), asks(60))
        session.queued.append(Outward("t", b"x" * (MOST_WRITTEN // 4), 1))
    content = sessions.to_write()
    assert content is not None
    sessions.write(content)
    later = KeptSessions(file, clock, LONGEST_S)
    waiting = [len(later.begin(("s/g", f"c{number}"), asks(60))[0].queued) for number in range(5)]
    assert waiting == [1, 1, 1, 0, 0]


def test_a_message_waits_for_those_that_are_away_and_asked_for_it(clock: Clock) -> None:
    sessions = KeptSessions(None, clock, LONGEST_S)
    granted = {"here": 1, "away": 1, "careless": 0, "deaf": None}
    found = {}
    for name, qos in granted.items():
        found[name], _, _ = sessions.begin(("s/g", name), asks(60))
        if qos is not None:
            found[name].subscriptions["t"] = Subscription(qos)
        if name != "here":
            sessions.end(("s/g", name), found[name], None)
    sessions.keep("s/g", Outward("t", b"x", 1))
    sessions.keep("s/nobody", Outward("t", b"x", 1))
    assert [name for name, one in found.items() if one.queued] == ["away"]


@pytest.mark.parametrize("content", [b"", b"[1]", b'[{"user": 3}]', b"\xff"])
def test_a_file_that_cannot_be_read_is_as_good_as_none(
    content: bytes, clock: Clock, tmp_path: Path
) -> None:
    file = tmp_path / "sessions.json"
    file.write_bytes(content)
    assert len(KeptSessions(file, clock, LONGEST_S)) == 0


def test_a_disk_that_is_full_leaves_the_file_as_it_was(clock: Clock, tmp_path: Path) -> None:
    file = tmp_path / "gone" / "sessions.json"
    KeptSessions(file, clock, LONGEST_S).write(b"[]")
    assert not file.exists()


def test_ids_go_round_and_pass_over_those_under_way() -> None:
    session = KeptSession()
    first = session.next_id()
    session._last_id = 0xFFFF
    session.sent[first] = Outward("t", b"", 1)
    assert session.next_id() == first + 1
