"""What may take long is asked once, and nobody waits for it longer than they say."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from api import Latest, PartHealth
from metering.errors import Unavailable

LONG_S = 30.0


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Holds a store up until it is set."""
    gate = threading.Event()
    yield gate
    gate.set()


def test_the_answer_is_of_this_moment() -> None:
    asked: list[int] = []
    latest = Latest(lambda: asked.append(1) or len(asked))
    assert [latest.get(LONG_S)[0] for _ in range(3)] == [1, 2, 3]


def test_what_takes_too_long_is_told_as_it_was_with_its_age(gate: threading.Event) -> None:
    now_s, answers = [100.0], iter(["old", "new"])

    def ask() -> str:
        answer = next(answers)
        if answer == "new":
            gate.wait(LONG_S)
        return answer

    latest = Latest(ask, lambda: now_s[0])
    assert latest.get(LONG_S) == ("old", 0.0)
    now_s[0] = 107.0
    assert latest.get(0.01) == ("old", 7.0)
    assert latest.get(0.01) == ("old", 7.0), "asked once, not again while that is under way"
    gate.set()
    now_s[0] = 109.0
    assert latest.get(LONG_S)[0] in ("old", "new")


def test_there_may_be_no_answer_yet(gate: threading.Event) -> None:
    latest = Latest(lambda: gate.wait(LONG_S))
    assert latest.get(0.01) == (None, float("inf"))


def test_many_ask_once(gate: threading.Event) -> None:
    asked: list[int] = []

    def ask() -> int:
        asked.append(1)
        gate.wait(LONG_S)
        return len(asked)

    latest = Latest(ask)
    found: list[int | None] = []
    askers = [
        threading.Thread(target=lambda: found.append(latest.get(LONG_S)[0])) for _ in range(20)
    ]
    for one in askers:
        one.start()
    while not asked:
        pass
    gate.set()
    for one in askers:
        one.join(LONG_S)
    assert len(found) == 20
    assert len(asked) <= 20


def test_an_error_is_told_to_who_waits_and_the_next_one_asks_anew() -> None:
    answers = iter([Unavailable("away", field="x", fix="wait"), 5])

    def ask() -> int:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    latest = Latest(ask)
    with pytest.raises(Unavailable, match="away"):
        latest.get(LONG_S)
    assert latest.get(LONG_S)[0] == 5


def test_metrics_do_not_wait_for_a_store_that_hangs(world, gate: threading.Event) -> None:  # type: ignore[no-untyped-def]
    """They are there before the store has answered, with what it told last."""
    assert b"greenoffice_dirty_marks 0.0" in _metrics(world.client)
    answered: list[int] = []

    def waiting() -> int:
        gate.wait(LONG_S)
        answered.append(1)
        return 9

    platform = world.client.app.state.platform
    marks = platform.marks
    hung = type("Hung", (type(marks),), {"waiting": lambda _: waiting()})
    marks.__class__ = hung
    text = _metrics(world.client)
    assert not answered
    assert b"greenoffice_dirty_marks 0.0" in text
    assert b"greenoffice_told_seconds" in text


def test_what_parts_tell_stands_in_the_metrics(world) -> None:  # type: ignore[no-untyped-def]
    broken = replace(world.platform, health=lambda: {"ledger": PartHealth(False, {"error": "x"})})
    with TestClient(_app(broken), client=("127.0.0.1", 1)) as client:
        assert b'greenoffice_ready{part="ledger"} 0.0' in _metrics(client)
        assert b'greenoffice_ready{part="http"} 1.0' in _metrics(client)


def _app(platform):  # type: ignore[no-untyped-def]
    from api import create_app

    return create_app(platform)


def _metrics(client) -> bytes:  # type: ignore[no-untyped-def]
    answer = client.get("/metrics")
    assert answer.status_code == 200, answer.text
    return bytes(answer.content)
