"""The judge of the faults of the ways in, and where a process is hurt."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edge import Spool
from edge.values import EdgeReading
from metering.errors import InvalidInput
from proofs.fault_ingest.check import row_of, run_fault_ingest
from proofs.fault_ingest.edge import GOOD, Tickets
from proofs.fault_ingest.faults import FAULTS
from proofs.fault_ingest.hurt import point_of
from proofs.fault_ingest.judge import KeptOfWay, judged
from proofs.fault_ingest.messages import JSON, PAYLOADS, WayWording, bare, good
from proofs.fault_ingest.national import XML
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


def test_points_of_an_edges_spool_are_found_too() -> None:
    spool = "/d/s-edge/edge-spool/spool.db"
    assert point_of(spool, "INSERT INTO message (session, seq) VALUES (?, ?)") == "keep:spool"
    assert point_of(spool, "UPDATE message SET waiting = 0 WHERE number = ?") == "told:spool"
    assert point_of(spool, "UPDATE message SET waiting = 1 WHERE seq = ?") == ""


def test_every_way_is_tried_or_says_why_not() -> None:
    names = {fault.name for fault in FAULTS}
    assert len(names) == len(FAULTS)
    for name, way in WAYS.items():
        assert way.spared.keys() <= names, name
        kinds = {kind for one in WAYS.values() for kind in one.wording.kinds}
        assert kinds - way.wording.kinds.keys() == kinds & way.spared.keys(), name
        assert bool(way.wording.large) != ("10-mb" in way.spared), name
    assert not {"kill-random", "torn-tail", "flipped-bit", "disk-full"} & {
        fault for way in WAYS.values() for fault in way.spared
    }
    with pytest.raises(InvalidInput):
        run_fault_ingest("carrier-pigeon/")


@pytest.mark.parametrize("wording", [JSON, XML], ids=["json", "xml"])
def test_a_letter_tells_the_number_of_its_message(wording: WayWording) -> None:
    for make in (wording.good, *wording.kinds.values()):
        one = make(1234, 1_780_000_000_000_000)
        framed = b"<sequence>1234</sequence>" + one.payload if wording is XML else one.payload
        assert wording.number.findall(framed) == [b"1234"]


def test_what_a_meter_shows_stands_until_it_is_kept_and_comes_once(tmp_path: Path) -> None:
    tickets = Tickets(tmp_path)
    for seq in range(1, 7):
        tickets.put(GOOD, seq)
    assert [one for one in tickets.shown("E1") if one < 100] == [1, 2, 3, 4]
    assert tickets.shown("E1") == [1, 2, 3, 4]  # nobody kept it
    with Spool(tmp_path, 10**6, 1) as spool:
        readings = [EdgeReading(f"E1.c{n}", "instant", "C", 7, float(n)) for n in (1, 2)]
        spool.put("E1", readings, 7)
        assert tickets.shown("E1") == [5, 6, 3, 4]
        assert (tickets.acknowledged(), tickets.under_way()) == (set(), 5)
        spool.acknowledged([1])
        assert (tickets.acknowledged(), tickets.under_way()) == ({1, 2}, 4)
        spool.again_by_time(7, 8)
        assert (tickets.acknowledged(), tickets.under_way()) == ({1, 2}, 5)
        assert tickets.read_between([1, 2, 3]) == (7, 1_000_007)
    tickets.close()
