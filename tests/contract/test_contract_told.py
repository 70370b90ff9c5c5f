"""Laws of what is told: restatements are the net changes between told values, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metering import quality
from metering.book import BookRow, DirtyMark, SeriesKey, StandingRows
from metering.errors import Conflict, InvalidInput
from metering.quantity import ABSENT
from storage import Stores

DAY = date(2026, 11, 23)
KEY = SeriesKey("office", "node", "office", "01000")
OTHER = SeriesKey("office", "meter", "E1", "01000")


def booked(
    energy: int = 5,
    *,
    key: SeriesKey = KEY,
    day: date = DAY,
    gap: bool = False,
    provisional: bool = False,
    rules: int = 1,
) -> BookRow:
    """A day of 24 slots; with a gap it is not complete."""
    slots = np.full(24, energy, np.int64)
    shares = quality.all_of(quality.MEASURED, 24)
    if gap:
        slots[2], shares[2] = ABSENT, (0, 0, 0, 10_000)
    whole = quality.mean([shares[n : n + 1] for n in range(24)])[0]
    total = int(slots[slots != ABSENT].sum())
    row = BookRow.of(key, day, 60, slots, shares, shares, total, whole, provisional=provisional)
    return replace(row, rules=rules)


def commit(stores: Stores, *rows: BookRow, cause: str = "reading") -> int:
    """With what stands at the revision, so that the laws hold of those who hand it over too."""
    revision = stores.books.revision("office")
    return stores.books.commit(
        "office",
        rows,
        expected_revision=revision,
        now_us=revision + 1,
        cause=cause,
        standing=standing(stores, *rows),
    )


def standing(stores: Stores, *rows: BookRow) -> StandingRows:
    """What stands in the rows' places, and that nothing does."""
    places = {(row.key, row.day): row for row in rows}
    found = {p: stores.books.rows([p[0]], p[1], p[1]) for p in places}
    return {place: own[0] if own else None for place, own in found.items()}


def current(stores: Stores, key: SeriesKey = KEY, day: date = DAY) -> BookRow:
    (row,) = stores.books.rows([key], day, day)
    return row


def tell(stores: Stores, *rows: BookRow) -> None:
    stores.books.tell("office", rows or [current(stores)])


def restated(stores: Stores) -> list[tuple[int | None, int | None, bool]]:
    found = [one for _, one in stores.books.restatements("office")]
    return [(one.old_total, one.new_total, one.given) for one in found]


def test_the_first_complete_value_is_told_by_its_commit(stores: Stores) -> None:
    commit(stores, booked(provisional=True))
    assert not current(stores).told
    commit(stores, booked(gap=True))
    assert not current(stores).told
    commit(stores, booked())
    assert current(stores).told
    assert restated(stores) == []


def test_a_slot_that_a_mean_would_round_away_is_looked_at(stores: Stores) -> None:
    row = booked()
    shares = row.finest.shares.copy()
    shares[2] = (9_999, 0, 0, 1)
    part = replace(row.finest, shares=shares)
    commit(stores, replace(row, parts=(part,)))
    assert not current(stores).told


def test_values_before_the_first_complete_one_leave_nothing(stores: Stores) -> None:
    for energy in (1, 2, 3):
        commit(stores, booked(energy, gap=True))
    commit(stores, booked(4))
    assert restated(stores) == []
    commit(stores, booked(5))
    assert restated(stores) == [(96, 120, False)]


def test_changes_that_nobody_took_are_one_net_change(stores: Stores) -> None:
    for energy in (1, 2, 3):
        commit(stores, booked(energy))
    assert restated(stores) == [(24, 72, False)]
    ((_, found),) = stores.books.restatements("office")
    assert (found.old_revision, found.new_revision, found.recorded_us) == (1, 3, 3)


def test_what_is_undone_before_anyone_took_it_leaves_nothing(stores: Stores) -> None:
    for energy in (1, 2, 1):
        commit(stores, booked(energy))
    assert restated(stores) == []
    tell(stores)
    assert restated(stores) == []
    commit(stores, booked(3))
    ((_, found),) = stores.books.restatements("office")
    assert (found.old_revision, found.old_total) == (3, 24)


def test_what_was_taken_between_leaves_two(stores: Stores) -> None:
    commit(stores, booked(1))
    commit(stores, booked(2))
    tell(stores)
    commit(stores, booked(1))
    assert restated(stores) == [(24, 48, True), (48, 24, False)]


def test_an_incomplete_value_that_was_given_out_is_told(stores: Stores) -> None:
    commit(stores, booked(1, gap=True))
    tell(stores)
    commit(stores, booked(1))
    assert restated(stores) == [(23, 24, False)]
    assert not current(stores).told


def test_the_same_at_another_step_leaves_nothing(stores: Stores) -> None:
    row = booked(4)
    commit(stores, row)
    slots = np.repeat(row.finest.slots // 4, 4)
    fine = replace(row.finest, step_min=15, slots=slots, shares=np.repeat(row.finest.shares, 4, 0))
    assert commit(stores, replace(row, parts=(fine,))) == 2
    assert restated(stores) == []


def test_an_entry_never_changes_under_its_serial(stores: Stores) -> None:
    commit(stores, booked(1), booked(1, key=OTHER))
    commit(stores, booked(2), booked(2, key=OTHER))
    first = stores.books.restatements("office")
    commit(stores, booked(3))
    second = stores.books.restatements("office", after=first[-1][0])
    assert [(one.key, one.new_total) for _, one in second] == [(KEY, 72)]
    tell(stores)
    ((_, third),) = stores.books.restatements("office", after=second[-1][0])
    assert third == replace(second[0][1], given=True)
    assert len(restated(stores)) == 2


def test_causes_are_joined_in_their_order(stores: Stores) -> None:
    commit(stores, booked(1))
    for energy, cause in ((2, "correction"), (3, "registry 7"), (4, "correction, reading")):
        commit(stores, booked(energy), cause=cause)
    ((_, found),) = stores.books.restatements("office")
    assert found.cause == "correction, registry 7, reading"


def test_other_rules_are_named_from_the_value_that_was_told(stores: Stores) -> None:
    commit(stores, booked(1))
    commit(stores, booked(2), cause="correction")
    commit(stores, booked(3, rules=2), cause="rules")
    commit(stores, booked(4, rules=3), cause="rules")
    ((_, found),) = stores.books.restatements("office")
    assert found.cause == "correction, rules 1 to 3"


def test_telling_what_stands_no_more_tells_nothing(stores: Stores) -> None:
    commit(stores, booked(1, gap=True), booked(1, key=OTHER, gap=True))
    seen = [current(stores, OTHER), current(stores)]
    commit(stores, booked(2, gap=True))
    with pytest.raises(Conflict):
        tell(stores, *seen)
    assert not current(stores).told
    assert not current(stores, OTHER).told
    with pytest.raises(Conflict):
        tell(stores, replace(current(stores), day=DAY + timedelta(1)))
    with pytest.raises(InvalidInput):
        stores.books.tell("hospital", [current(stores)])


def test_a_value_that_is_told_between_reading_and_committing_is_restated(stores: Stores) -> None:
    commit(stores, booked(1, gap=True))
    before = standing(stores, booked(2))
    tell(stores)
    stores.books.commit("office", [booked(2)], expected_revision=1, now_us=2, standing=before)
    assert restated(stores) == [(23, 48, False)]


def test_what_is_handed_over_is_of_the_expected_revision(stores: Stores) -> None:
    before = standing(stores, booked(2))
    commit(stores, booked(1, provisional=True))
    with pytest.raises(Conflict):
        stores.books.commit("office", [booked(2)], expected_revision=0, now_us=2, standing=before)
    assert current(stores).provisional


def test_a_running_day_is_never_told(stores: Stores) -> None:
    commit(stores, booked(provisional=True))
    with pytest.raises(Conflict):
        tell(stores)
    assert not current(stores).told


def test_a_settled_day_that_runs_again_is_compared_when_it_settles(stores: Stores) -> None:
    commit(stores, booked(1))
    commit(stores, booked(2))
    commit(stores, booked(3, provisional=True))
    commit(stores, booked(4, provisional=True))
    assert restated(stores) == []
    commit(stores, booked(5))
    assert restated(stores) == [(24, 120, False)]


def test_tariffs_that_come_later_leave_what_is_told(stores: Stores) -> None:
    commit(stores, booked())
    part = replace(current(stores).finest, meters=7)
    assert commit(stores, replace(booked(), parts=(part,))) == 2
    assert current(stores).told
    assert current(stores).finest.meters == 7


def test_a_row_that_says_it_is_told_is_not_believed(stores: Stores) -> None:
    commit(stores, replace(booked(gap=True), told=True, superseded_at=9))
    row = current(stores)
    assert (row.told, row.superseded_at) == (False, None)


def test_only_what_stands_is_a_change_and_history_has_the_rest(stores: Stores) -> None:
    for energy in (1, 2):
        commit(stores, booked(energy))
    (standing,) = stores.books.changes("office", "node")
    assert (standing[1].total, standing[1].superseded_at) == (48, None)
    found = [row for _, row in stores.books.changes("office", "node", history=True)]
    assert [(row.total, row.superseded_at) for row in found] == [(24, 2), (48, None)]


def test_a_mark_says_what_is_still_to_be_booked(stores: Stores) -> None:
    marks = [DirtyMark(point, 10 * point, 10 * point + 5) for point in (1, 2)]
    stores.marks.mark(marks[:1], writer_no=1, ready=True)
    stores.marks.mark(marks[1:], writer_no=1)

    def waits(start_us: int, end_us: int) -> list[int]:
        return [one.point for one in stores.books.unbooked(start_us, end_us)]

    assert waits(0, 100) == [1, 2]
    assert waits(0, 10) == waits(16, 20) == waits(26, 99) == []
    assert (waits(15, 16), waits(15, 21)) == ([1], [1, 2])
    (ready,) = stores.marks.ready()
    with stores.books.at_rest() as books:
        assert len(books.unbooked(0, 100)) == 2
        stores.books.commit("office", [], expected_revision=0, cleared=[ready.id], now_us=1)
        assert len(books.unbooked(0, 100)) == 2
    assert waits(0, 100) == [2]


Entry = tuple[SeriesKey, date, int, int, bool]
"""(series, day, revision from, revision to, whether it was given)."""


@dataclass
class Oracle:
    """What must be told, found by looking through everything that ever was."""

    rows: dict[tuple[SeriesKey, date], list[tuple[int, BookRow]]] = field(default_factory=dict)
    """Settled values in their order, each with its revision."""
    told: set[int] = field(default_factory=set)
    """Revisions of values that were told; a commit of the test has one row."""

    def commit(self, row: BookRow, revision: int) -> None:
        known = self.rows.setdefault((row.key, row.day), [])
        if known and known[-1][1].same_content(row):
            return
        known.append((revision, row))
        if row.complete and not any(one in self.told for one, _ in known):
            self.told.add(revision)

    def tell(self, key: SeriesKey, day: date) -> None:
        self.told.add(self.rows[key, day][-1][0])

    def restatements(self) -> list[Entry]:
        found = []
        for (key, day), known in self.rows.items():
            told = [one for one in known if one[0] in self.told]
            open_one = known[-1:] if told and known[-1] not in told else []
            for (old, before), (new, after) in pairwise([*told, *open_one]):
                if not before.same_energy(after):
                    found.append((key, day, old, new, new in self.told))
        return sorted(found)


STEP = st.tuples(
    st.sampled_from(["commit", "commit", "commit", "tell"]),
    st.sampled_from([KEY, OTHER]),
    st.integers(0, 1),
    st.integers(1, 3),
    st.sampled_from([False, False, True]),
)


@given(steps=st.lists(STEP, min_size=1, max_size=14))
@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_restatements_are_the_net_changes_between_told_values(
    stores: Stores,
    emptied: Callable[[], None],
    steps: list[tuple[str, SeriesKey, int, int, bool]],
) -> None:
    emptied()
    oracle = Oracle()
    for what, key, number, energy, gap in steps:
        day = DAY + timedelta(number)
        if what == "commit":
            row = booked(energy, key=key, day=day, gap=gap)
            oracle.commit(row, commit(stores, row))
        elif found := stores.books.rows([key], day, day):
            tell(stores, *found)
            oracle.tell(key, day)
    entries = [one for _, one in stores.books.restatements("office", limit=999)]
    assert oracle.restatements() == sorted(
        (one.key, one.day, one.old_revision, one.new_revision, one.given) for one in entries
    )
    for one in entries:
        was, now = (
            stores.books.row_at(one.key, one.day, revision)
            for revision in (one.old_revision, one.new_revision)
        )
        assert was is not None
        assert now is not None
        assert (was.total, now.total) == (one.old_total, one.new_total)
