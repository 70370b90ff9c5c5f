"""Which time of an institution waits for its booking."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from metering.book import DirtyMark
from metering.reading import Kind
from metering.registry import Installation, Meter, Node, NodeType, Point, Registry
from metering.waiting import touch, waiting


def registry() -> Registry:
    """Two institutions with a meter each; point 3 serves nobody."""
    codes = {1: "a", 2: "b"}
    return Registry(
        nodes={code: Node(code, NodeType.INSTITUTION, zone="UTC") for code in codes.values()},
        meters={f"m-{code}": Meter(f"m-{code}", code, "01000") for code in codes.values()},
        points={n: Point(n, "a/g", f"p{n}", Kind.REGISTER, "kWh") for n in (1, 2, 3)},
        installations=tuple(Installation(f"m-{code}", n) for n, code in codes.items()),
    )


REGISTRY = registry()


def spans(*marks: tuple[int, int, int]) -> list[tuple[int, int]]:
    return waiting([DirtyMark(*mark) for mark in marks], REGISTRY, "a")


def test_only_marks_of_its_own_meters_count() -> None:
    assert spans((1, 5, 9), (2, 0, 99), (3, 0, 99), (4, 0, 99)) == [(5, 9)]


def test_spans_that_meet_are_one() -> None:
    assert spans((1, 7, 9), (1, 1, 3), (1, 3, 7), (1, 11, 11)) == [(1, 9), (11, 11)]


def test_an_end_is_included_and_that_of_a_day_is_not() -> None:
    assert touch([(5, 9)], 9, 10)
    assert touch([(5, 9)], 0, 6)
    assert not touch([(5, 9)], 10, 20)
    assert not touch([(5, 9)], 0, 5)


@given(
    st.lists(st.tuples(st.just(1), st.integers(0, 30), st.integers(0, 5)), max_size=6),
    st.integers(0, 40),
    st.integers(1, 5),
)
def test_as_if_each_mark_were_asked(marks: list[tuple[int, int, int]], at: int, wide: int) -> None:
    made = [(point, start, start + length) for point, start, length in marks]
    alone = any(start < at + wide and end >= at for _, start, end in made)
    assert touch(spans(*made), at, at + wide) == alone
