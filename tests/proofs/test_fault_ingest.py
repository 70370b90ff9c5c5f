"""The judge of the faults of the ways in, and where a process is hurt."""

from __future__ import annotations

from dataclasses import replace

import pytest

from metering.errors import InvalidInput
from proofs.fault_ingest.check import row_of, run_fault_ingest
from proofs.fault_ingest.faults import FAULTS
from proofs.fault_ingest.hurt import point_of
from proofs.fault_ingest.judge import KeptOfWay, judged
from proofs.fault_ingest.messages import PAYLOADS, bare, good
from proofs.fault_ingest.ways import WAYS

MESSAGES = [
    good(1, 10),
    good(2, 20),
    PAYLOADS["bad-json"](3, 30),
    PAYLOADS["unknown-point"](4, 40),
    bare(5, 50),
    bare(6, 50),  # corrects it
]
ALL = frozenset(range(1, 7))
KEPT = KeptOfWay([(101, 1), (102, 2), (104, 4)], [(10, 1), (20, 2), (50, 6)], frozenset({3, 4}))


def test_whatever_is_stored_or_a_dead_letter_is_not_missing() -> None:
    row = row_of(judged(MESSAGES, ALL, KEPT))
    assert row == {
        **{"acknowledged": 6, "stored": 5, "dead_letters": 2},
        **{"missing": 0, "duplicated": 0, "ok": True},
    }


@pytest.mark.parametrize(
    ("kept", "missing", "duplicated", "wrongly_refused"),
    [
        (replace(KEPT, untimed=KEPT.untimed[1:]), (1,), 0, ()),
        (replace(KEPT, timed=KEPT.timed[1:]), (1,), 0, ()),
        (replace(KEPT, timed=[*KEPT.timed[:2], (50, 5)]), (6,), 0, ()),
        (replace(KEPT, letters=frozenset({4})), (3,), 0, ()),
        (replace(KEPT, letters=frozenset({3})), (4,), 0, ()),
        (replace(KEPT, untimed=KEPT.untimed[:2]), (4,), 0, ()),
        (replace(KEPT, untimed=[*KEPT.untimed, (105, 2)]), (), 1, ()),
        (replace(KEPT, timed=[*KEPT.timed, (20, 2)]), (), 1, ()),
        (replace(KEPT, untimed=KEPT.untimed[1:], letters=frozenset({1, 3, 4})), (), 0, (1,)),
    ],
)
def test_what_is_lost_there_twice_or_refused_for_nothing_is_named(
    kept: KeptOfWay, missing: tuple[int, ...], duplicated: int, wrongly_refused: tuple[int, ...]
) -> None:
    verdict = judged(MESSAGES, ALL, kept)
    assert (verdict.missing, verdict.duplicated) == (missing, duplicated)
    assert verdict.wrongly_refused == wrongly_refused
    assert not row_of(verdict)["ok"]


def test_what_was_not_acknowledged_is_the_senders_to_send_again() -> None:
    verdict = judged(MESSAGES, ALL - {1}, replace(KEPT, untimed=KEPT.untimed[1:]))
    assert (verdict.acknowledged, verdict.missing) == (5, ())


def test_points_are_found_in_what_is_written() -> None:
    batch = "INSERT INTO batch (first_offset) VALUES (?)"
    assert point_of("/d/journal/broker/00000001.sqlite", batch) == "commit:broker"
    assert point_of("/d/journal/broker/00000001.sqlite", "INSERT OR REPLACE INTO origin") == ""
    assert (
        point_of("/d/greenoffice.sqlite", "INSERT INTO checkpoint (a) VALUES (?)") == "checkpoint"
    )
    assert point_of("/d/greenoffice.sqlite", "INSERT INTO dead_letter (a)") == "letter"
    assert point_of("/d/greenoffice.sqlite", "SELECT 1") == ""


def test_every_way_has_a_sender_or_says_why_not() -> None:
    assert all(bool(one.absent) != bool(one.sender) for one in WAYS.values())
    assert {way for fault in FAULTS for way in fault.ways} == set(WAYS)
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
    with pytest.raises(InvalidInput):
        run_fault_ingest("carrier-pigeon/")
