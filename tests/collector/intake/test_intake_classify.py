"""Classification against the plainest oracle: a loop over a dict."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.intake.classify import CONFLICT, classify
from collector.intake.marks import APART_US, dirty_marks
from metering.reading import Outcome, ReadingColumns

Row = tuple[int, int, float, int, int, int, int, int, int]


def row(value: float, key: int, offset: int, *, point: int = 1, time_us: int = 0) -> Row:
    return (point, time_us, value, 0, 1, key, 7, offset, 0)


def outcomes(incoming: list[Row], existing: list[Row]) -> list[int]:
    judged = classify(ReadingColumns.of(incoming), ReadingColumns.of(existing))
    return [int(one) for one in judged.outcome]


@pytest.mark.parametrize(
    ("incoming", "outcome", "stands", "changed", "corrects"),
    [
        (row(1.0, 5, 3), Outcome.NEW, True, True, False),
        (row(1.0, 6, 3), Outcome.DUPLICATE, True, False, False),
        (row(1.0, 5, 3), Outcome.DUPLICATE, False, False, False),
        (row(1.0, 4, 3), Outcome.DUPLICATE, False, False, False),
        (row(2.0, 6, 3), Outcome.CORRECTION, True, True, True),
        (row(2.0, 5, 3), CONFLICT, False, False, False),
        (row(2.0, 4, 3), Outcome.OUTDATED, False, False, False),
        (row(1.0, 5, 0), Outcome.NEW, True, True, False),
    ],
)
def test_one_against_what_is_stored(
    incoming: Row, outcome: int, stands: bool, changed: bool, corrects: bool
) -> None:
    stored = [] if (outcome == Outcome.NEW and incoming[7] == 3) else [row(1.0, 5, 0)]
    judged = classify(ReadingColumns.of([incoming]), ReadingColumns.of(stored))
    found = judged.outcome, judged.stands, judged.changed, judged.corrects
    assert [one.tolist() for one in found] == [[outcome], [stands], [changed], [corrects]]


def test_several_of_one_identity_in_one_batch() -> None:
    incoming = [row(1.0, 5, 0), row(1.0, 5, 1), row(2.0, 6, 2), row(1.0, 5, 3), row(2.0, 7, 4)]
    judged = classify(ReadingColumns.of(incoming), ReadingColumns.empty())
    assert judged.outcome.tolist() == [
        Outcome.NEW,
        Outcome.DUPLICATE,
        Outcome.CORRECTION,
        Outcome.OUTDATED,
        Outcome.DUPLICATE,
    ]
    assert judged.stands.tolist() == [False, False, False, False, True]
    assert judged.changed.tolist() == judged.stands.tolist()
    assert not judged.corrects.any()


def test_a_changed_flag_is_looked_at() -> None:
    flagged = (1, 0, 1.0, 1, 1, 6, 7, 3, 0)
    judged = classify(ReadingColumns.of([flagged]), ReadingColumns.of([row(1.0, 5, 0)]))
    assert judged.changed.tolist() == [True]
    assert not judged.corrects.any()


@pytest.mark.parametrize("number", [4, 5])
@pytest.mark.parametrize(
    ("value", "outcome"), [(1.0, Outcome.DUPLICATE), (2.0, Outcome.CORRECTION)]
)
def test_a_record_that_other_rules_number_higher_is_judged_like_any_other(
    value: float, outcome: int, number: int
) -> None:
    """Its session is another one now, or its number in the same one."""
    stored, again = row(1.0, 5, 3), list(row(value, 5, 3))
    again[number] += 1
    judged = classify(ReadingColumns.of([tuple(again)]), ReadingColumns.of([stored]))
    assert judged.outcome.tolist() == [outcome]
    assert judged.stands.tolist() == judged.changed.tolist() == [True]
    assert judged.corrects.tolist() == [value != 1.0]


def test_nothing_in_nothing_out() -> None:
    judged = classify(ReadingColumns.empty(), ReadingColumns.empty())
    assert len(judged.outcome) == len(judged.stands) == 0


@st.composite
def journals(draw: st.DrawFn) -> list[Row]:
    """Rows in the order of a journal, over few identities, keys and values."""
    count = draw(st.integers(0, 25))
    small = st.integers(0, 2)
    return [
        row(
            float(draw(small)),
            draw(st.integers(0, 4)),
            offset,
            point=draw(small),
            time_us=draw(small),
        )
        for offset in range(count)
    ]


def fold(stored: dict[tuple[int, int], Row], rows: list[Row]) -> list[int]:
    """The oracle: one row after the other."""
    said = []
    for new in rows:
        old = stored.get(new[:2])
        rank = (new[4], new[5], [-part for part in new[6:]])
        if old is None or old[6:] == new[6:]:
            said.append(int(Outcome.NEW))
        elif old[2] == new[2]:
            said.append(int(Outcome.DUPLICATE))
        elif rank > (old[4], old[5], [-part for part in old[6:]]):
            said.append(int(Outcome.CORRECTION))
        else:
            said.append(CONFLICT if new[4:6] == old[4:6] else int(Outcome.OUTDATED))
        if old is None or rank >= (old[4], old[5], [-part for part in old[6:]]):
            stored[new[:2]] = new
    return said


def applied(stored: dict[tuple[int, int], Row], rows: list[Row]) -> None:
    """One batch through classify, as the intake does it."""
    incoming, existing = ReadingColumns.of(rows), ReadingColumns.of(list(stored.values()))
    judged = classify(incoming, existing)
    for place in np.flatnonzero(judged.stands):
        stored[rows[place][:2]] = rows[place]


@given(journals(), st.integers(0, 25), st.integers(0, 25))
def test_agrees_with_the_loop(journal: list[Row], cut: int, start: int) -> None:
    stored: dict[tuple[int, int], Row] = {}
    fold(stored, journal[:cut])
    rows = journal[min(start, cut) :]  # a crash makes the batch begin before what is stored
    here = {r[:2] for r in rows}
    existing = [r for identity, r in stored.items() if identity in here]
    judged = classify(ReadingColumns.of(rows), ReadingColumns.of(existing))
    initial = dict(stored)
    assert judged.outcome.tolist() == fold(stored, rows)
    final = {rows[i][:2]: rows[i] for i in np.flatnonzero(judged.stands)}
    assert initial | final == stored
    for place in np.flatnonzero(judged.stands):
        old = initial.get(rows[place][:2])
        assert judged.corrects[place] == (old is not None and old[2] != rows[place][2])


@given(journals(), st.randoms(), st.integers(1, 7))
def test_order_of_arrival_and_batches_do_not_matter(
    rows: list[Row], random: object, size: int
) -> None:
    in_order: dict[tuple[int, int], Row] = {}
    applied(in_order, rows)
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    other: dict[tuple[int, int], Row] = {}
    for start in range(0, len(shuffled), size):
        applied(other, shuffled[start : start + size])
    assert other == in_order


def test_marks_are_per_point_and_split_at_long_gaps() -> None:
    times = [0, APART_US, 2 * APART_US + 1, 5]
    changed = [row(1.0, 1, i, time_us=t) for i, t in enumerate(times)]
    changed.append(row(1.0, 1, 9, point=2, time_us=3))
    marks = dirty_marks(ReadingColumns.of(changed), ReadingColumns.of([row(1.0, 1, 8, time_us=5)]))
    assert [(m.point, m.start_us, m.end_us, m.cause) for m in marks] == [
        (1, 0, APART_US, "reading"),
        (1, 2 * APART_US + 1, 2 * APART_US + 1, "reading"),
        (2, 3, 3, "reading"),
        (1, 5, 5, "correction"),
    ]
