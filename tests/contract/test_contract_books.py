"""Laws of a BookStore."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metering import quality
from metering.book import BookRow, Crossing, DirtyMark, PriceWindows, RegisterEvent, SeriesKey
from metering.bookhash import book_hash, worth_hash
from metering.errors import Conflict, InvalidInput
from metering.quantity import ABSENT
from metering.tariff import TariffScope
from storage import Stores, memory_stores

DAY = date(2026, 11, 23)
NEXT = DAY + timedelta(days=1)
KEY = SeriesKey("office", "meter", "E1", "01000")
OTHER = SeriesKey("office", "node", "tower", "01B00")
AWAY = SeriesKey("hospital", "meter", "E1", "01000")


def booked(
    key: SeriesKey = KEY,
    day: date = DAY,
    energy: int = 5,
    *,
    provisional: bool = False,
    gap: bool = False,
) -> BookRow:
    """A day of 96 slots of equal energy, the third one missing where there is a gap."""
    slots = np.full(96, energy, np.int64)
    shares = quality.all_of(quality.MEASURED, 96)
    hours = quality.all_of(quality.MEASURED, 24)
    if gap:
        slots[2], shares[2], hours[0] = ABSENT, (0, 0, 0, 10_000), (7_500, 0, 0, 2_500)
    whole = quality.mean([shares[n : n + 1] for n in range(96)])[0]
    return BookRow.of(
        key,
        day,
        15,
        slots,
        shares,
        hours,
        int(slots[slots != ABSENT].sum()),
        whole,
        (0, 3, 10_000) if gap else (0, 0, 0),
        provisional=provisional,
    )


def commit(stores: Stores, *rows: BookRow, expected: int | None = None, now_us: int = 1) -> int:
    revision = stores.books.revision("office") if expected is None else expected
    return stores.books.commit("office", rows, expected_revision=revision, now_us=now_us)


def current(stores: Stores, key: SeriesKey = KEY, day: date = DAY) -> BookRow:
    (found,) = stores.books.rows([key], day, day)
    return found


@pytest.mark.parametrize("gap", [False, True])
def test_a_row_comes_back_whole(stores: Stores, gap: bool) -> None:
    row = booked(gap=gap)
    assert commit(stores, row) == 1
    found = current(stores)
    assert found.same_content(row)
    assert found.revision == 1
    assert found.finest.slots.dtype == np.int64
    assert (
        found.finest.shares.dtype
        == found.finest.hour_shares.dtype
        == found.day_shares.dtype
        == np.uint16
    )


def test_a_day_of_hours_and_a_day_without_a_total(stores: Stores) -> None:
    nothing = quality.all_of(quality.MISSING, 23)
    slots = np.full(23, ABSENT)
    row = BookRow.of(KEY, DAY, 60, slots, nothing, nothing, None, nothing[0])
    commit(stores, row)
    assert current(stores).same_content(row)


def test_the_revision_rises_by_one_and_only_for_its_institution(stores: Stores) -> None:
    assert stores.books.revision("office") == 0
    assert [commit(stores, booked(energy=e)) for e in (1, 2, 3)] == [1, 2, 3]
    assert stores.books.revision("hospital") == 0
    assert stores.books.commit("hospital", [booked(AWAY)], expected_revision=0, now_us=1) == 1


def test_equal_content_is_not_written_again(stores: Stores) -> None:
    commit(stores, booked(), booked(OTHER))
    assert commit(stores, booked(), booked(OTHER)) == 1
    assert commit(stores, booked(), booked(OTHER, energy=6)) == 2
    assert current(stores).revision == 1
    assert current(stores, OTHER).revision == 2


def test_a_wrong_revision_writes_nothing(stores: Stores) -> None:
    commit(stores, booked())
    stores.marks.mark([DirtyMark(1, 0, 9)], writer_no=1, ready=True)
    event = RegisterEvent("office", "E1", "gap", 0, 9)
    for expected in (0, 2):
        with pytest.raises(Conflict):
            stores.books.commit(
                "office",
                [booked(energy=9), booked(OTHER)],
                expected_revision=expected,
                cleared=[stores.marks.ready()[0].id],
                events=[event],
                now_us=1,
                marked=[DirtyMark(0, 0, 9, figure=AWAY)],
            )
    assert stores.books.revision("office") == 1
    assert current(stores).same_content(booked())
    assert stores.books.series("office") == [KEY]
    assert stores.books.events("office", 0, 100) == []
    assert stores.marks.waiting() == 1


def test_a_foreign_row_is_refused(stores: Stores) -> None:
    with pytest.raises(InvalidInput, match="another institution"):
        commit(stores, booked(), booked(AWAY))
    assert stores.books.revision("office") == 0


def test_of_two_workers_exactly_one_wins(stores: Stores) -> None:
    outcomes: list[int | str] = []
    start = threading.Barrier(4)

    def work(energy: int) -> None:
        start.wait()
        try:
            outcomes.append(commit(stores, booked(energy=energy), expected=0))
        except Conflict:
            outcomes.append("conflict")

    workers = [threading.Thread(target=work, args=(n,)) for n in range(1, 5)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(map(str, outcomes)) == ["1", "conflict", "conflict", "conflict"]
    assert stores.books.restatements("office") == []


def test_a_settled_row_is_superseded_and_the_change_logged(stores: Stores) -> None:
    commit(stores, booked(energy=5))
    commit(stores, booked(energy=7), now_us=77)
    assert stores.books.row_at(KEY, DAY, 0) is None
    was = stores.books.row_at(KEY, DAY, 1)
    now = stores.books.row_at(KEY, DAY, 9)
    assert was is not None
    assert now is not None
    assert was.same_content(booked(energy=5))
    assert now.same_content(booked(energy=7))
    ((serial, logged),) = stores.books.restatements("office")
    assert (logged.key, logged.day, logged.cause, logged.recorded_us) == (KEY, DAY, "reading", 77)
    assert (logged.old_revision, logged.new_revision) == (1, 2)
    assert (logged.old_total, logged.new_total) == (480, 672)
    assert stores.books.restatements("office", after=serial) == []
    assert stores.books.restatements("hospital") == []


def test_a_change_of_quality_alone_is_a_restatement(stores: Stores) -> None:
    row = booked()
    commit(stores, row)
    estimated = quality.all_of(quality.ESTIMATED, 96)
    parts = (replace(row.finest, shares=estimated),)
    commit(stores, replace(row, parts=parts, day_shares=estimated[0]))
    assert len(stores.books.restatements("office")) == 1


def test_energy_that_moves_inside_its_day_is_a_restatement(stores: Stores) -> None:
    row = booked()
    commit(stores, row)
    slots = row.finest.slots.copy()
    slots[3:5] += (7, -7)
    moved = replace(row, parts=(replace(row.finest, slots=slots),))
    assert commit(stores, moved) == 2
    assert current(stores).same_content(moved)
    assert len(stores.books.restatements("office")) == 1


def test_the_same_energy_at_other_steps_supersedes_without_news(stores: Stores) -> None:
    row = booked()
    commit(stores, row)
    slots, shares = row.finest.slots.reshape(24, 4).sum(axis=1), row.finest.hour_shares
    coarse = replace(row, parts=(replace(row.finest, step_min=60, slots=slots, shares=shares),))
    assert commit(stores, coarse) == 2
    assert current(stores).same_content(coarse)
    assert stores.books.restatements("office") == []


def parted(row: BookRow, *, price_turns_at: int = 480, meters: int = 3) -> BookRow:
    """The row in two parts, each with windows of its own tariff."""
    half = row.finest.slots // 2
    crossing = Crossing(5, 2**50, False, 0, (3, -4))
    parts = []
    for n, slots in enumerate((half, row.finest.slots - half)):
        whole = int(slots.sum())
        windows = PriceWindows(
            (0, price_turns_at),
            np.array([whole - 9, 9]),
            np.array([0, n]),
            (crossing,) * n,
        )
        scope = TariffScope("meter", f"m{n}", "01000")
        parts.append(replace(row.finest, slots=slots, scope=scope, windows=windows, meters=meters))
    return replace(row, parts=tuple(parts))


def test_parts_and_their_windows_come_back_whole(stores: Stores) -> None:
    row = parted(booked())
    commit(stores, row)
    assert current(stores).same_content(row)
    assert [part.meters for part in current(stores).parts] == [3, 3]


def test_other_windows_complete_a_settled_row_and_how_it_was_is_kept(stores: Stores) -> None:
    row = booked()
    commit(stores, row)
    others = [parted(row), parted(row, price_turns_at=450), parted(row, meters=4)]
    for n, other in enumerate(others):
        assert commit(stores, other) == n + 2
        assert current(stores).same_content(other)
        assert current(stores).revision == 1
        assert current(stores).told
    assert commit(stores, others[-1]) == 4
    late = booked(energy=7)
    commit(stores, late)
    assert commit(stores, parted(late)) == 6
    for n, stood in enumerate([row, *others, late, parted(late)]):
        (found,) = stores.books.rows_at([KEY], DAY, DAY, n + 1)
        assert found.same_content(stood), n + 1
        assert (found.revision, found.told) == ((1, True) if n < 4 else (5, False))
        with stores.books.at_rest() as books:
            assert books.rows_at([KEY], DAY, DAY, n + 1)[0].same_content(stood)
    assert [one.old_revision for _, one in stores.books.restatements("office")] == [1]


def test_other_windows_complete_a_running_day_without_a_trace(stores: Stores) -> None:
    row = booked(provisional=True)
    commit(stores, row)
    assert commit(stores, parted(row)) == 1
    assert stores.books.rows_at([KEY], DAY, DAY, 1)[0].same_content(parted(row))


def test_a_view_does_not_move_with_the_books(stores: Stores) -> None:
    commit(stores, booked(energy=1))
    with stores.books.at_rest() as books:
        before = books.revision("office"), books.rows([KEY], DAY, DAY)[0].total
        commit(stores, booked(energy=2))
        assert (books.revision("office"), books.rows([KEY], DAY, DAY)[0].total) == before
    assert stores.books.revision("office") == 2


def test_events_and_restatements_of_a_view_do_not_move_either(stores: Stores) -> None:
    commit(stores, booked(energy=1))
    with stores.books.at_rest() as books:
        before = (
            books.revision("office"),
            books.events("office", 0, 9),
            books.restatements("office"),
        )
        stores.books.commit(
            "office",
            [booked(energy=2)],
            expected_revision=1,
            events=[RegisterEvent("office", "A", "gap", 0, 9)],
            now_us=2,
        )
        after = books.revision("office"), books.events("office", 0, 9), books.restatements("office")
        assert after == before == (1, [], [])
    assert len(stores.books.events("office", 0, 9)) == 1
    assert len(stores.books.restatements("office")) == 1


def test_a_provisional_row_is_overwritten_without_a_trace(stores: Stores) -> None:
    commit(stores, booked(energy=1, provisional=True))
    commit(stores, booked(energy=2, provisional=True))
    commit(stores, booked(energy=2))
    assert stores.books.restatements("office") == []
    assert stores.books.row_at(KEY, DAY, 2) is None
    assert current(stores).revision == 3
    assert not current(stores).provisional


def test_running_days_may_be_handed_over_as_they_stood(stores: Stores) -> None:
    first, second = booked(energy=1, provisional=True), booked(OTHER, energy=1, provisional=True)
    commit(stores, first, second)
    standing = {(row.key, row.day): row for row in stores.books.rows([KEY, OTHER], DAY, DAY)}
    new = [booked(energy=2, provisional=True), parted(second), booked(energy=3, day=NEXT)]
    revision = stores.books.commit(
        "office", new, expected_revision=1, now_us=1, standing={**standing, (KEY, NEXT): None}
    )
    assert revision == 2
    found = stores.books.rows([KEY, OTHER], DAY, NEXT)
    assert [row.revision for row in found] == [2, 2, 1]
    wanted = [new[0], new[2], new[1]]
    assert all(one.same_content(other) for one, other in zip(found, wanted, strict=True))
    assert [row.told for row in found] == [False, True, False]


def test_the_last_of_equal_rows_in_a_commit_wins(stores: Stores) -> None:
    commit(stores, booked(energy=1), booked(energy=2))
    assert current(stores).same_content(booked(energy=2))


def test_rows_are_those_asked_for_sorted_by_key_and_day(stores: Stores) -> None:
    days = [DAY + timedelta(n) for n in range(-2, 3)]
    commit(stores, *(booked(key, day) for key in (OTHER, KEY) for day in reversed(days)))
    asked = [OTHER, KEY, AWAY]
    found = stores.books.rows(asked, days[1], days[3])
    assert [(row.key, row.day) for row in found] == [
        (key, day) for key in (KEY, OTHER) for day in days[1:4]
    ]
    assert stores.books.rows([], days[0], days[4]) == []


def test_cleared_marks_go_with_the_commit(stores: Stores) -> None:
    stores.marks.mark([DirtyMark(n, 0, 9) for n in range(5)], writer_no=1, ready=True)
    taken = [mark.id for mark in stores.marks.ready()][:3]
    stores.books.commit("office", [], expected_revision=0, cleared=taken, now_us=1)
    assert [mark.point for mark in stores.marks.ready()] == [3, 4]
    assert stores.books.revision("office") == 0


def test_marks_of_what_follows_come_with_the_commit(stores: Stores) -> None:
    figure = SeriesKey("other", "node", "site", "01000")
    mark = DirtyMark(0, 5, 9, "correction", figure=figure)
    stores.books.commit("office", [booked()], expected_revision=0, now_us=1, marked=[mark])
    (found,) = stores.marks.ready()
    assert (found.figure, found.start_us, found.end_us) == (figure, 5, 9)
    assert found.cause == "correction"


def test_events_are_replaced_by_range_and_meter(stores: Stores) -> None:
    def event(meter: str, start: int, end: int, kind: str = "gap") -> RegisterEvent:
        return RegisterEvent("office", meter, kind, start, end)

    def replace_with(events: list[RegisterEvent], ranges: list[tuple[str, int, int]]) -> None:
        stores.books.commit(
            "office",
            [],
            expected_revision=0,
            events=events,
            events_replaced=ranges,
            now_us=1,
        )

    before, inside, instant = event("A", 0, 10), event("A", 12, 15), event("A", 19, 19, "reset")
    other, later = event("B", 12, 15), event("A", 20, 30)
    replace_with([later, other, before, instant, inside], [])
    assert stores.books.events("office", 0, 99) == [before, inside, instant, later, other]
    assert stores.books.events("office", 10, 20) == [inside, instant, other]
    assert stores.books.events("hospital", 0, 99) == []
    fresh = replace(event("A", 11, 13, "spike"), cost=4, limit=60, value=-7, energy=2**52)
    replace_with([fresh, fresh], [("A", 10, 20)])
    assert stores.books.events("office", 0, 99) == [before, fresh, later, other]
    many = [(f"M{n}", 10, 20) for n in range(1200)]
    last = event("M1199", 12, 15)
    replace_with([last], [])
    replace_with([inside], [*many, ("A", 11, 30), ("B", 10, 12)])
    assert stores.books.events("office", 0, 99) == [before, inside, other]


def test_the_digest_is_of_settled_current_rows_in_natural_order(stores: Stores) -> None:
    commit(stores, booked(OTHER), booked(energy=1), booked(day=DAY - timedelta(1)))
    commit(stores, booked(energy=2), booked(OTHER, DAY + timedelta(1), provisional=True))
    stores.books.commit("hospital", [booked(AWAY)], expected_revision=0, now_us=1)
    found = [(row.key, row.day) for row in stores.books.digest_rows()]
    assert found == [(AWAY, DAY), (KEY, DAY - timedelta(1)), (KEY, DAY), (OTHER, DAY)]
    assert [row.key for row in stores.books.digest_rows("hospital")] == [AWAY]


def test_natural_order_is_that_of_code_points(stores: Stores) -> None:
    """A language would put a before B and B before ä; the hash needs one order everywhere."""
    codes = ["B", "a", "Z", "ä", "Ä", "e-1", "E1", "e1", "一号", "楼", "\U0001f50c", "_", "-"]
    rows = [booked(SeriesKey("office", "meter", code, "01000")) for code in codes]
    commit(stores, *rows)
    ordered = sorted(codes)
    assert [key.code for key in stores.books.series("office")] == ordered
    assert [row.key.code for row in stores.books.digest_rows()] == ordered
    found = stores.books.rows(stores.books.series("office"), DAY, DAY)
    assert [row.key.code for row in found] == ordered
    other = memory_stores()
    commit(other, *reversed(rows))
    assert book_hash(stores.books) == book_hash(other.books)


def test_equal_content_by_other_rules_keeps_its_row(stores: Stores) -> None:
    """Only what it says of its rules changes: no revision, no restatement."""
    commit(stores, booked())
    assert commit(stores, replace(booked(), rules=2)) == 1
    assert (current(stores).rules, current(stores).revision) == (2, 1)
    assert stores.books.restatements("office") == []


def test_an_institution_has_the_days_of_its_current_rows(stores: Stores) -> None:
    assert stores.books.days("office") is None
    later = DAY + timedelta(days=400)
    commit(stores, booked(energy=1), replace(booked(energy=2), day=later))
    assert stores.books.days("office") == (DAY, later)
    assert stores.books.days("other") is None


def test_a_row_names_the_registry_under_which_it_first_came_to_this(stores: Stores) -> None:
    commit(stores, replace(booked(energy=1), registry=3))
    assert commit(stores, replace(booked(energy=1), registry=4)) == 1
    assert current(stores).registry == 3
    assert commit(stores, replace(booked(energy=2), registry=5)) == 2
    old = stores.books.row_at(KEY, DAY, 1)
    assert old is not None
    assert (old.registry, current(stores).registry) == (3, 5)
    other = memory_stores()
    commit(other, booked(energy=2))
    assert (current(other).registry, book_hash(other.books)) == (0, book_hash(stores.books))


@pytest.mark.parametrize(
    ("cause", "told"), [("rules", "rules 1 to 2"), ("reading", "reading, rules 1 to 2")]
)
def test_a_restatement_names_other_rules(stores: Stores, cause: str, told: str) -> None:
    commit(stores, booked(energy=1))
    row = replace(booked(energy=2), rules=2)
    stores.books.commit("office", [row], expected_revision=1, now_us=1, cause=cause)
    ((_, found),) = stores.books.restatements("office")
    assert found.cause == told
    old = stores.books.row_at(KEY, DAY, 1)
    assert old is not None
    assert (old.rules, current(stores).rules) == (1, 2)


@given(
    steps=st.lists(
        st.tuples(st.sampled_from([KEY, OTHER]), st.integers(0, 2), st.integers(0, 3)),
        min_size=1,
        max_size=8,
    )
)
@settings(
    max_examples=20,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_the_hash_knows_content_only(
    stores: Stores, emptied: Callable[[], None], steps: list[tuple[SeriesKey, int, int]]
) -> None:
    """One commit of the last values hashes like any history that ends there."""
    emptied()
    for key, day, energy in steps:
        commit(stores, booked(key, DAY + timedelta(day), energy))
    by_history = book_hash(stores.books)
    last = {(key, day): energy for key, day, energy in steps}
    emptied()
    commit(stores, *(booked(key, DAY + timedelta(day), e) for (key, day), e in last.items()))
    assert book_hash(stores.books) == by_history
    key, day = next(iter(last))
    commit(stores, booked(key, DAY + timedelta(day), last[key, day] + 1))
    assert book_hash(stores.books) != by_history
    assert book_hash(stores.books, before=DAY) == book_hash(stores.books, institution="nobody")


@given(
    steps=st.lists(
        st.one_of(
            st.tuples(
                st.sampled_from([KEY, OTHER, AWAY]),
                st.integers(-40, 3),
                st.integers(-1, 3),
                st.booleans(),
            ),
            st.just("ask"),
        ),
        max_size=10,
    ),
    before=st.none() | st.integers(-41, 4),
)
@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_hashes_that_are_kept_are_those_of_all_rows(
    stores: Stores, emptied: Callable[[], None], steps: list[Any], before: int | None
) -> None:
    """Whenever it is asked between commits that add, restate, take back, run again or price anew,
    of one institution or all, up to any day."""
    emptied()
    for step in steps:
        if step == "ask":
            stores.books.hashes()
            continue
        key, day, energy, provisional = step
        row = booked(key, DAY + timedelta(day), max(energy, 0), provisional=provisional)
        if energy < 0:
            row = replace(row, total=None)
        elif energy == 0:
            part = replace(row.finest, scope=TariffScope("node", f"{day}", "01000"))
            row = replace(row, parts=(part,))
        body = key.institution
        revision = stores.books.revision(body)
        stores.books.commit(body, [row], expected_revision=revision, now_us=1)
    until = None if before is None else DAY + timedelta(before)
    for body in (None, "office", "hospital", "nobody"):
        for last in (until, None):
            wanted = book_hash(stores.books, last, body), worth_hash(stores.books, last, body)
            assert stores.books.hashes(last, body) == wanted


@given(
    steps=st.lists(
        st.tuples(st.integers(0, 2), st.booleans(), st.booleans()), min_size=1, max_size=8
    )
)
@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_settled_figures_are_never_lost(
    stores: Stores, emptied: Callable[[], None], steps: list[tuple[int, bool, bool]]
) -> None:
    """Every settled row can be read as it stood at its revision, whatever followed."""
    emptied()
    settled: dict[int, BookRow] = {}
    for energy, provisional, gap in steps:
        row = booked(energy=energy, provisional=provisional, gap=gap)
        before = stores.books.revision("office")
        if commit(stores, row) > before and not provisional:
            settled[before + 1] = row
    for revision, row in settled.items():
        found = stores.books.row_at(KEY, DAY, revision)
        assert found is not None
        assert found.same_content(row)


def test_what_is_asked_together_is_what_is_asked_alone(stores: Stores) -> None:
    commit(stores, booked())
    with stores.books.together():
        revision, (row,) = stores.books.revision("office"), stores.books.rows([KEY], DAY, DAY)
    assert revision == 1
    assert row.same_content(stores.books.rows([KEY], DAY, DAY)[0])
    with pytest.raises(RuntimeError), stores.books.together():
        raise RuntimeError
    commit(stores, booked(energy=6))
    assert stores.books.revision("office") == 2


def test_rows_are_given_as_they_stood_at_each_revision(stores: Stores) -> None:
    next_day = DAY + timedelta(days=1)
    commit(stores, booked(energy=5), booked(OTHER, energy=50))
    commit(stores, booked(energy=7), booked(day=next_day, energy=1, provisional=True))
    commit(stores, booked(day=next_day, energy=2))

    def told(revision: int) -> list[tuple[SeriesKey, date, int | None]]:
        rows = stores.books.rows_at([OTHER, KEY], DAY, next_day, revision)
        with stores.books.at_rest() as books:
            assert len(books.rows_at([OTHER, KEY], DAY, next_day, revision)) == len(rows)
        return [(row.key, row.day, row.total) for row in rows]

    assert told(0) == []
    assert told(1) == [(KEY, DAY, 480), (OTHER, DAY, 4800)]
    assert told(2) == [(KEY, DAY, 672), (OTHER, DAY, 4800)]
    assert told(3) == told(9) == [(KEY, DAY, 672), (KEY, next_day, 192), (OTHER, DAY, 4800)]
    assert stores.books.rows_at([KEY], next_day, next_day, 3)[0].revision == 3
    assert stores.books.rows_at([AWAY], DAY, next_day, 9) == []
