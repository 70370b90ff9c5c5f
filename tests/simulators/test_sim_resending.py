"""What a simulated gateway sends again: just what is asked for, as long as it has it."""

from __future__ import annotations

import json

import pytest

from simulators.message import READING, MessageEntry, Publication
from simulators.resending import KEPT, KeptMessages

HOUR_US = 3_600_000_000


def publication(number: int, session: int = 1) -> Publication:
    payload = json.dumps({"session": session, "seq": number, "readings": []}).encode()
    return Publication(number, payload, (MessageEntry(READING, "E1", number * HOUR_US, 1.0),))


def memory(*numbers: int) -> KeptMessages:
    kept = KeptMessages()
    for number in numbers:
        kept.add(publication(number))
    kept.add(Publication(99, b'{"readings": [{"poi', (MessageEntry("bad", ""),)))
    return kept


def asked(kept: KeptMessages, **told: object) -> tuple[list[int], str | None]:
    found, answer = kept.asked(json.dumps({"command": "resend", "id": 7, **told}).encode())
    said = json.loads(answer) if answer else {"result": None}
    assert said.get("id", 7) == 7
    return [message.number for message in found], said["result"]


def test_numbers_of_a_session() -> None:
    kept = memory(1, 2, 3, 4)
    assert asked(kept, session=1, seq=[2, 3]) == ([2, 3], "sent")
    assert asked(kept, session=2, seq=[2, 3]) == ([], "not_kept")
    assert asked(kept, session=1, seq=[5, 9]) == ([], "not_kept")


def test_times() -> None:
    kept = memory(1, 2, 3, 4)
    times = {"from": "1970-01-01T02:00:00Z", "until": "1970-01-01T04:00:00Z"}
    assert asked(kept, **times) == ([2, 3], "sent")


def test_what_is_beyond_its_memory_is_gone() -> None:
    kept = memory(*range(KEPT + 10))
    assert asked(kept, session=1, seq=[0, 5]) == ([], "not_kept")


@pytest.mark.parametrize(
    "command",
    [
        b"",
        b"\xff",
        b"[]",
        b'{"command": "restart", "id": 1}',
        b'{"command": "resend"}',
        b'{"command": "resend", "id": 1, "session": 1, "seq": [1]}',
        b'{"command": "resend", "id": 1, "from": "yesterday", "until": "today"}',
    ],
)
def test_another_command_is_not_answered(command: bytes) -> None:
    assert memory(1).asked(command) == ([], None)
