"""Laws of IntakeStore and DirtyMarks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from metering.book import DirtyMark, SeriesKey
from metering.errors import Conflict, NotFound
from metering.intake import (
    DeadLetter,
    GatewayCounts,
    IntakeBatch,
    JudgedBatch,
    LetterCause,
    WriteDoubt,
)
from metering.statement import Statement, StatementKind
from storage import Stores

SEGMENT = 1 << 24 | 5


def letter(gateway: str = "s/a", digest: str = "d1", index: int = -1, **more: object) -> DeadLetter:
    base = DeadLetter(
        gateway=gateway,
        route=f"greenoffice/v1/{gateway}/readings",
        reason="bad_json",
        message="not JSON",
        field="payload",
        value="{",
        fix="send JSON",
        segment=SEGMENT,
        offset=7,
        index=index,
        digest=digest,
        arrived_us=123,
        point="E1",
        read_by="csv separator=,",
        preview=b"{\x00\xff",
    )
    return replace(base, **more)  # type: ignore[arg-type]


def commit(stores: Stores, writer_no: int = 1, offset: int = 1, **more: object) -> None:
    """From wherever the checkpoint stands."""
    place = stores.intake.checkpoint(writer_no)
    batch = IntakeBatch(writer_no, *place, SEGMENT, offset, **more)  # type: ignore[arg-type]
    stores.intake.commit(batch)


def test_the_checkpoint_is_the_writers_own(stores: Stores) -> None:
    assert stores.intake.checkpoint(1) == (0, 0)
    commit(stores, writer_no=1, offset=10)
    commit(stores, writer_no=2, offset=20)
    commit(stores, writer_no=1, offset=30)
    assert stores.intake.checkpoint(1) == (SEGMENT, 30)
    assert stores.intake.checkpoint(2) == (SEGMENT, 20)


def kept(stores: Stores) -> tuple[object, ...]:
    """All that a batch can change."""
    return (
        stores.intake.checkpoint(1),
        stores.intake.gateways(),
        stores.intake.dead_letters(None),
        stores.intake.seen([("s/a", "k")]),
        stores.marks.ready(),
        stores.marks.waiting(),
    )


@pytest.mark.parametrize("place", [(0, 0), (SEGMENT, 9), (SEGMENT, 11), (SEGMENT - 1, 10)])
def test_a_batch_that_was_read_from_another_place_changes_nothing(
    stores: Stores, place: tuple[int, int]
) -> None:
    """Two intakes that read the same records: the second one counts nothing again."""
    commit(stores, offset=10, dead_letters=(letter(),))
    (open_letter,) = stores.intake.dead_letters(None)
    stores.marks.mark([DirtyMark(1, 10, 20)], writer_no=1)
    before = kept(stores)
    batch = IntakeBatch(
        1,
        *place,
        *(SEGMENT, 20),
        counts=(GatewayCounts("s/a", messages=1),),
        dead_letters=(letter(), letter(digest="d2")),
        seen_keys=(("s/a", "k"),),
        replayed=(open_letter.id,),
    )
    with pytest.raises(Conflict) as refused:
        stores.intake.commit(batch)
    assert refused.value.field == "checkpoint"
    assert kept(stores) == before
    stores.intake.commit(replace(batch, from_segment=SEGMENT, from_offset=10))
    assert stores.intake.checkpoint(1) == (SEGMENT, 20)
    assert len(stores.marks.ready()) == 1


@pytest.mark.parametrize("meanwhile", ["replayed", "discarded"])
def test_a_letter_that_is_not_open_is_not_taken_in_again(stores: Stores, meanwhile: str) -> None:
    """A replay leaves the checkpoint where it is, so that the letter itself must tell."""
    commit(stores, offset=10, dead_letters=(letter(), letter(digest="d2")))
    second, first = (x.id for x in stores.intake.dead_letters(None))
    commit(stores, offset=10, replayed=(first,), counts=(GatewayCounts("s/a", new=1),))
    if meanwhile == "discarded":
        stores.intake.discard(None, LetterCause(id=first))
    before = kept(stores)
    for ids in ((second, first), (first,), (99,)):
        with pytest.raises(Conflict) as refused:
            commit(stores, offset=10, replayed=ids, counts=(GatewayCounts("s/a", new=1),))
        assert refused.value.field == "replayed"
        assert kept(stores) == before
    commit(stores, offset=10, replayed=(second,))


def test_marks_are_ready_once_their_writer_has_committed(stores: Stores) -> None:
    first, second = DirtyMark(1, 10, 20, "correction", SEGMENT, 4), DirtyMark(2, 30, 40)
    stores.marks.mark([first], writer_no=1)
    stores.marks.mark([second], writer_no=2)
    assert stores.marks.ready() == []
    commit(stores, writer_no=1)
    (ready,) = stores.marks.ready()
    assert replace(ready, id=0) == first
    assert stores.marks.waiting() == 2
    stores.marks.mark([DirtyMark(3, 0, 1, "rollover")], writer_no=0, ready=True)
    assert [mark.point for mark in stores.marks.ready()] == [1, 3]


def test_ready_marks_come_oldest_first_and_limited(stores: Stores) -> None:
    stores.marks.mark([DirtyMark(n, 0, 1) for n in (5, 3, 4)], writer_no=1, ready=True)
    assert [mark.point for mark in stores.marks.ready(limit=2)] == [5, 3]


def test_mark_ids_are_never_given_twice(stores: Stores) -> None:
    """A cleared mark must not take a newer one with it."""
    stores.marks.mark([DirtyMark(1, 0, 1)], writer_no=1, ready=True)
    old = stores.marks.ready()[0].id
    stores.books.commit("i", [], expected_revision=0, cleared=[old], now_us=1)
    stores.marks.mark([DirtyMark(2, 0, 1)], writer_no=1, ready=True)
    stores.books.commit("i", [], expected_revision=0, cleared=[old], now_us=1)
    assert [mark.point for mark in stores.marks.ready()] == [2]


def test_a_letter_with_a_nul_character_is_kept(stores: Stores) -> None:
    """PostgreSQL's texts cannot hold one, yet a message may bring it in any of its fields."""
    commit(stores, dead_letters=(letter(point="E\0001", value="\0", message="no \0"),))
    (kept,) = stores.intake.dead_letters(None)
    assert kept.point in ("E\0001", "E\u24001")
    assert kept.preview == b"{\x00\xff"
    assert stores.intake.dead_letters(None, reason="\0") == []
    assert stores.intake.seen([("s/a", "\0")]) == set()


def test_counters_add_up(stores: Stores) -> None:
    connected = GatewayCounts("s/a", connected=True, connection_us=50)
    one = GatewayCounts("s/a", messages=1, readings=10, new=7, duplicates=2, dead=1, bytes=100)
    late = replace(one, last_arrival_us=90, last_time_us=80, last_skew_us=-5)
    commit(stores, counts=(connected, one, GatewayCounts("s/b", messages=4)))
    commit(stores, counts=(late,))
    commit(stores, counts=(replace(one, last_arrival_us=70), replace(connected, connected=False)))
    commit(stores, counts=(replace(connected, connection_us=40),))
    first, second = stores.intake.gateways()
    assert (first.gateway, second.gateway) == ("s/a", "s/b")
    assert first.counts == GatewayCounts(
        "s/a",
        messages=3,
        readings=30,
        new=21,
        duplicates=6,
        dead=3,
        bytes=300,
        last_arrival_us=90,
        last_time_us=80,
        last_skew_us=-5,
        connected=False,
        connection_us=50,
    )
    assert second.counts.messages == 4


def test_a_dead_letter_comes_back_whole(stores: Stores) -> None:
    commit(stores, dead_letters=(letter(index=3),))
    (found,) = stores.intake.dead_letters(None)
    assert replace(found, id=0) == letter(index=3)
    assert stores.intake.dead_letter(found.id) == found


def test_the_same_bytes_count_up(stores: Stores) -> None:
    commit(stores, dead_letters=(letter(), letter(), letter(index=0)))
    commit(stores, dead_letters=(letter(offset=99), letter(gateway="s/b")))
    found = stores.intake.dead_letters(None)
    assert [(x.gateway, x.index, x.seen, x.offset) for x in reversed(found)] == [
        ("s/a", -1, 3, 7),
        ("s/a", 0, 1, 7),
        ("s/b", -1, 1, 7),
    ]
    assert stores.intake.dead_letter_count() == 3


def test_dead_letters_are_listed_in_scope_and_in_pages(stores: Stores) -> None:
    for n in range(5):
        gateway, reason = f"s/{'ab'[n % 2]}", "bad_unit" if n > 2 else "bad_json"
        commit(stores, dead_letters=(letter(gateway, f"d{n}", reason=reason),))
    every = stores.intake.dead_letters(None)
    assert [x.digest for x in every] == ["d4", "d3", "d2", "d1", "d0"]
    mine = stores.intake.dead_letters(frozenset({"s/a"}))
    assert [x.digest for x in mine] == ["d4", "d2", "d0"]
    assert stores.intake.dead_letters(frozenset()) == []
    page = stores.intake.dead_letters(None, before_id=every[1].id, limit=2)
    assert [x.digest for x in page] == ["d2", "d1"]
    assert [x.digest for x in stores.intake.dead_letters(None, reason="bad_unit")] == ["d4", "d3"]
    assert stores.intake.dead_letter_count(frozenset({"s/b"})) == 2
    assert stores.intake.dead_letter_count(frozenset()) == 0


def test_replayed_letters_open_again_only_if_they_fail_again(stores: Stores) -> None:
    commit(stores, dead_letters=(letter(), letter(digest="d2")))
    second, first = (x.id for x in stores.intake.dead_letters(None))
    commit(stores, replayed=(first,))
    assert stores.intake.discard(None, LetterCause(id=second)) == 1
    assert stores.intake.dead_letters(None, state="open") == []
    assert [x.id for x in stores.intake.dead_letters(None, state="replayed")] == [first]
    commit(stores, dead_letters=(letter(), letter(digest="d2")))
    assert [x.id for x in stores.intake.dead_letters(None, state="open")] == [first]
    assert stores.intake.dead_letter(second).state == "discarded"


def test_an_unknown_dead_letter_is_not_found(stores: Stores) -> None:
    with pytest.raises(NotFound):
        stores.intake.dead_letter(1)
    assert stores.intake.discard(None, LetterCause(id=1)) == 0


def test_letters_of_a_cause_are_discarded_unless_they_were_taken_in(stores: Stores) -> None:
    for n in range(4):
        commit(stores, dead_letters=(letter(f"s/{'ab'[n % 2]}", f"d{n}", reason="bad_unit"),))
    fourth, third, second, first = (x.id for x in stores.intake.dead_letters(None))
    commit(stores, replayed=(first,))
    stores.intake.ask_again(None, LetterCause(id=third))
    mine = frozenset({"s/a"})
    assert stores.intake.discard(mine, LetterCause(reason="bad_json")) == 0
    assert stores.intake.discard(mine, LetterCause(reason="bad_unit")) == 1
    told = {x.id: x.state for x in stores.intake.dead_letters(None)}
    assert told == {first: "replayed", third: "discarded", second: "open", fourth: "open"}


def test_seen_keys_are_remembered(stores: Stores) -> None:
    commit(stores, seen_keys=(("s/a", "k1"), ("s/a", "k1"), ("s/b", "k2")))
    commit(stores, seen_keys=(("s/a", "k1"),))
    asked = [("s/a", "k1"), ("s/a", "k2"), ("s/b", "k2")]
    assert stores.intake.seen(asked) == {("s/a", "k1"), ("s/b", "k2")}
    assert stores.intake.seen([]) == set()


def test_clear_forgets_all_but_changes_of_the_registry_and_gives_no_id_twice(
    stores: Stores,
) -> None:
    stores.marks.mark([DirtyMark(1, 0, 1)], writer_no=1, ready=True)
    old = stores.marks.ready()[0].id
    commit(stores, dead_letters=(letter(),), seen_keys=(("s/a", "k"),))
    stores.intake.clear()
    assert stores.intake.checkpoint(1) == (0, 0)
    assert stores.intake.dead_letters(None) == []
    assert stores.intake.gateways() == []
    assert stores.intake.seen([("s/a", "k")]) == set()
    assert stores.marks.waiting() == 0
    stores.marks.mark([DirtyMark(3, 0, 1, "registry")], writer_no=0, ready=True)
    stores.intake.clear()
    assert [mark.point for mark in stores.marks.ready()] == [3]
    stores.books.commit(
        "o", [], expected_revision=0, cleared=[stores.marks.ready()[0].id], now_us=1
    )
    stores.marks.mark([DirtyMark(2, 0, 1)], writer_no=1, ready=True)
    assert stores.marks.ready()[0].id > old


@pytest.mark.parametrize(
    "figure",
    [None, SeriesKey("office", "node", "floor-2", "01A00"), SeriesKey("", "node", "", "")],
)
def test_a_mark_of_a_figure_comes_back_as_it_was(stores: Stores, figure: SeriesKey | None) -> None:
    marked = DirtyMark(0, 10, 2**62, "registry 7", figure=figure)
    stores.marks.mark([marked], writer_no=0, ready=True)
    (ready,) = stores.marks.ready()
    assert replace(ready, id=0) == marked
    stores.intake.clear()
    assert stores.marks.waiting() == 1


def test_doubts_stay_until_they_are_ended(stores: Stores) -> None:
    """Also over a rebuild, which forgets all else: what may still be done may be done after it."""
    store = stores.intake
    assert store.doubts() == []
    first = WriteDoubt(5, 9, {1: (SEGMENT, 7), 2: (0, 0)}, writes=2, looks=1)
    second = WriteDoubt(2**52, 2**52, {})
    for doubt in (second, first):
        store.keep_doubt(doubt)
    assert store.doubts() == [first, second]
    further = replace(first, last_us=11, places={2: (2 << 24 | 1, 3)}, writes=3, looks=0)
    store.keep_doubt(further)
    assert store.doubts() == [further, second]
    store.clear()
    assert store.doubts() == [further, second]
    store.end_doubt(4)
    store.end_doubt(5)
    assert store.doubts() == [second]


def judged(writer_no: int = 1, outcome: bytes = b"\x00\xff\x02") -> JudgedBatch:
    return JudgedBatch(writer_no, SEGMENT, 3, SEGMENT, 10, b"\x00" * 16, outcome)


def test_what_a_batch_was_judged_to_be_is_kept_until_its_writer_commits(stores: Stores) -> None:
    assert stores.intake.judged() == []
    stores.intake.judge(judged(2), [DirtyMark(1, 10, 20)])
    stores.intake.judge(judged(1, b"\x01"), [])
    stores.intake.judge(judged(1), [])
    assert stores.intake.judged() == [judged(1), judged(2)]
    assert (stores.marks.ready(), stores.marks.waiting()) == ([], 1)
    commit(stores, writer_no=1)
    assert stores.intake.judged() == [judged(2)]
    assert (stores.marks.ready(), stores.marks.waiting()) == ([], 1)
    commit(stores, writer_no=2)
    assert stores.intake.judged() == []
    assert len(stores.marks.ready()) == 1


def test_a_batch_that_is_refused_leaves_what_was_judged(stores: Stores) -> None:
    commit(stores, offset=10)
    stores.intake.judge(judged(), [])
    with pytest.raises(Conflict):
        stores.intake.commit(IntakeBatch(1, SEGMENT, 9, SEGMENT, 20))
    assert stores.intake.judged() == [judged()]


def test_clearing_forgets_what_was_judged(stores: Stores) -> None:
    stores.intake.judge(judged(), [DirtyMark(1, 10, 20)])
    stores.intake.clear()
    assert (stores.intake.judged(), stores.marks.waiting()) == ([], 0)


def test_marks_are_given_and_counted_at_one_moment(stores: Stores) -> None:
    assert stores.marks.glance() == ([], 0)
    stores.marks.mark([DirtyMark(1, 10, 20)], writer_no=1)
    assert stores.marks.glance() == ([], 1)
    stores.marks.mark([DirtyMark(2, 10, 20), DirtyMark(3, 10, 20)], writer_no=0, ready=True)
    assert stores.marks.glance() == (stores.marks.ready(), 3)
    assert stores.marks.glance(1) == (stores.marks.ready(1), 3)


def stated(id: str, subject: str = "m", arrived_us: int = 1, **more: object) -> Statement:
    base = Statement(
        id,
        StatementKind.QUANTITY,
        subject,
        date(2026, 10, 1),
        date(2026, 11, 1),
        {"value": "5", "read_by": "王工", "evidence": [{"sha256": "ab", "size": 3}]},
        "",
        "desk (k1)",
        arrived_us,
        SEGMENT,
        7,
    )
    return replace(base, **more)  # type: ignore[arg-type]


def test_what_people_stated_is_kept_as_it_was_said_and_once(stores: Stores) -> None:
    commit(stores, statements=(stated("a"),))
    commit(stores, offset=2, statements=(stated("a", arrived_us=9), stated("b", arrived_us=2)))
    assert stores.intake.statement("a") == stated("a")
    assert stores.intake.statement("c") is None
    assert stores.intake.about("m") == [stated("a"), stated("b", arrived_us=2)]
    stores.intake.clear()
    assert [one.id for one in stores.intake.about("m")] == ["a", "b"]


def test_statements_are_listed_newest_first_from_a_place_on(stores: Stores) -> None:
    kinds = frozenset({StatementKind.QUANTITY})
    pairs = zip("abcd", "mmno", (1, 3, 3, 2), strict=True)
    told = [stated(id, subject, at) for id, subject, at in pairs]
    commit(stores, statements=(*told, stated("e", kind=StatementKind.WITHDRAWAL, of="a")))
    found = stores.intake.statements(kinds)
    assert [one.id for one in found] == ["c", "b", "d", "a"]
    assert [one.id for one in stores.intake.statements(kinds, frozenset("mn"))] == ["c", "b", "a"]
    assert stores.intake.statements(kinds, frozenset()) == []
    rest = stores.intake.statements(kinds, before=(3, "b"), limit=1)
    assert [one.id for one in rest] == ["d"]


def test_letters_of_one_cause_are_a_group(stores: Stores) -> None:
    same = {"reason": "unknown_point", "point": "E9"}
    letters = [
        letter(digest="a", index=0, field="readings[0].point", arrived_us=5, **same),
        letter(digest="b", index=1, field="readings[1].point", arrived_us=7, seen=3, **same),
        letter(digest="c", index=2, field="readings[2].point", **{**same, "point": "E8"}),
        letter("s/b", digest="a", **same),
    ]
    commit(stores, dead_letters=tuple(letters))
    groups = stores.intake.dead_letter_groups(frozenset({"s/a"}))
    found = {one.point: one for one in groups}
    ids = {one.digest: one.id for one in stores.intake.dead_letters(frozenset({"s/a"}))}
    one = found["E9"]
    assert (one.letters, one.seen, one.first_us, one.last_us) == (2, 4, 5, 7)
    assert (one.field, one.example) == ("readings[].point", ids["b"])
    assert found["E8"].letters == 1
    assert [each.point for each in groups] == ["E8", "E9"]
    assert len(stores.intake.dead_letter_groups(None, limit=1)) == 1
    assert stores.intake.dead_letter_groups(None, state="replayed") == []


def test_letters_are_asked_for_by_their_cause_and_open_until_taken_in(stores: Stores) -> None:
    letters = (letter(digest="a", point="x"), letter(digest="b", point="y"), letter("s/b"))
    commit(stores, dead_letters=letters)
    assert stores.intake.ask_again(frozenset({"s/a"}), LetterCause(point="x")) == 1
    assert stores.intake.ask_again(frozenset({"s/a"}), LetterCause(gateway="s/b")) == 0
    (asked,) = stores.intake.dead_letters(None, state="asked")
    assert asked.point == "x"
    assert stores.intake.ask_again(None, LetterCause(id=asked.id)) == 0
    stores.intake.leave_open([asked.id])
    assert len(stores.intake.dead_letters(None, state="open")) == 3
    assert stores.intake.ask_again(None, LetterCause(id=asked.id)) == 1
    commit(stores, offset=2, replayed=(asked.id,))
    assert [one.id for one in stores.intake.dead_letters(None, state="replayed")] == [asked.id]
    stores.intake.leave_open([asked.id])
    assert stores.intake.dead_letter(asked.id).state == "replayed"


def test_a_letter_that_is_refused_again_as_it_is_taken_in_stays_open(stores: Stores) -> None:
    commit(stores, dead_letters=(letter(),))
    (one,) = stores.intake.dead_letters(None)
    commit(stores, offset=2, replayed=(one.id,), dead_letters=(letter(),))
    assert stores.intake.dead_letter(one.id).state == "open"
