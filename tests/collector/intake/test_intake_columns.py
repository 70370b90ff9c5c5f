"""From a message to rows: order, units, ranges, times that stand in, and what is judged of them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import collector.intake
from collector.decode import Decoded, Problem
from collector.intake.classify import CONFLICT, classify
from collector.intake.decoding import Received, only
from collector.intake.marks import dirty_marks
from collector.intake.normalise import LARGEST, columns
from collector.intake.redelivery import key_of, mark_redelivered
from collector.intake.resolve import Resolver
from collector.intake.worker import BatchSize
from collector.journal.record import Record
from metering.localtime import DAY_MIN, MINUTE_US
from metering.reading import ENTERED_ORDER, Flag, Kind, Outcome, ReadingColumns
from metering.registry import Gateway, Installation, Meter, Point, Registry
from tests.values import alone, changeable

PLAIN = Record("message", 1_000, "s/g", "client", "conn", "route", b"payload")


def registry_of(*points: Point, installations: tuple[Installation, ...] = ()) -> Registry:
    return Registry(
        gateways={"s/g": Gateway("s", "g")},
        meters={one.meter: Meter(one.meter, "s", "01000") for one in installations},
        points={one.id: one for one in points},
        installations=installations,
    )


ENERGY = Point(1, "s/g", "E", Kind.REGISTER, "kWh", low=0.0, high=100.0)
HEAT = Point(7, "s/g", "T", Kind.INSTANT, "C")
RESOLVER = Resolver(registry_of(ENERGY, HEAT))


def received(
    *readings: tuple[str, float, int | None],
    units: str | None = None,
    offset: int = 0,
    record: Record = PLAIN,
    **found: Any,
) -> Received:
    """A message of (point, value, time) whose points are looked up."""
    count = len(readings)
    decoded = Decoded(
        list(range(10, 10 + count)),
        [point for point, _, _ in readings],
        [None] * count,
        [units] * count,
        [time for _, _, time in readings],
        [value for _, value, _ in readings],
        **found,
    )
    slots, problems = RESOLVER.slots("s/g", decoded)
    return Received(5, offset, record, "s/g", "native", decoded, slots, problems)


def test_only_what_is_being_added_up_can_change() -> None:
    assert changeable(collector.intake) == {"Received", "_Seen", "_Sum"}
    assert alone(collector.intake) == {
        *("Classified", "Columns", "OutcomeTally", "SideBySide"),
        *("Parsed", "PlainReadings", "Previewed", "ReceivedBatch"),
    }


def test_a_batch_is_a_thousand_records_or_fifty_thousand_readings() -> None:
    assert BatchSize() == BatchSize(1_000, 50_000)


def test_a_message_without_a_number_is_ordered_by_arrival_then_by_its_place() -> None:
    assert received(offset=3).order_key() == (1_000, 5 * 2**32 + 3)
    later = received(offset=2**32 - 1).order_key()
    assert later < replace(received(), segment=6).order_key()
    assert received(session=4, seq=9).order_key() == (4, 9)
    assert received(session=4).order_key() == received(seq=9).order_key() == (1_000, 5 * 2**32)
    assert received(session=0, seq=0).order_key() == (0, 0)


def test_an_entry_is_ordered_above_all_messages_by_arrival_then_by_its_place() -> None:
    def entry(segment: int, offset: int, arrived_us: int = 1_000) -> tuple[int, int]:
        record = Record("entered", arrived_us, "s/g", "o.chen", "", "route", b"payload")
        told = received(("E", 1.0, 10), record=record, offset=offset, session=2**49, seq=9)
        return replace(told, segment=segment).order_key()

    first = entry(5, 3)
    assert first == (ENTERED_ORDER + 1_000, 5 * 2**32 + 3)
    assert first < entry(5, 4) < entry(5, 2**32 - 1) < entry(6, 0) < entry(5, 3, 1_001)


def test_rows_keep_the_order_of_the_journal_with_message_and_place() -> None:
    messages = [
        received(("E", 1.0, 10), ("nobody", 2.0, 20), ("T", 3.0, None)),
        received(offset=1),
        received(("T", 4.0, 40), ("E", 5.0, 50), offset=2, session=8, seq=9),
    ]
    found = columns(messages, RESOLVER.table())
    assert found.message.tolist() == [0, 0, 2, 2]
    assert found.place.tolist() == [0, 2, 0, 1]
    rows = found.rows
    assert rows.point.tolist() == [1, 7, 7, 1]
    assert rows.time_us.tolist() == [10, 1_000, 40, 50]
    assert rows.flag.tolist() == [0, Flag.ARRIVAL_TIME, 0, 0]
    assert rows.index.tolist() == [10, 12, 10, 11]
    assert rows.offset.tolist() == [0, 0, 2, 2]
    assert rows.segment.tolist() == [5] * 4
    assert rows.order_hi.tolist() == [1_000, 1_000, 8, 8]
    assert rows.order_lo.tolist() == [5 << 32, 5 << 32, 9, 9]
    assert len(columns([], RESOLVER.table()).rows) == 0


@pytest.mark.parametrize(
    ("value", "flag"),
    [
        (-0.001, Flag.OUT_OF_RANGE),
        (0.0, Flag.GOOD),
        (100.0, Flag.GOOD),
        (100.001, Flag.OUT_OF_RANGE),
    ],
)
def test_the_bounds_of_a_range_belong_to_it(value: float, flag: Flag) -> None:
    rows = columns([received(("E", value, 1), ("T", value - 1e6, 1))], RESOLVER.table()).rows
    assert rows.flag.tolist() == [flag, Flag.GOOD]


def test_a_value_outside_its_range_at_the_time_of_arrival_says_both() -> None:
    rows = columns([received(("E", -1.0, None))], RESOLVER.table()).rows
    assert rows.flag.tolist() == [Flag.OUT_OF_RANGE | Flag.ARRIVAL_TIME]


def test_ranges_are_of_the_canonical_unit() -> None:
    rows = columns(
        [received(("E", 100_000.0, 1), ("E", 100_001.0, 2), units="Wh")], RESOLVER.table()
    )
    assert rows.rows.value.tolist() == [100.0, 100.001]
    assert rows.rows.flag.tolist() == [Flag.GOOD, Flag.OUT_OF_RANGE]
    kelvin = columns([received(("T", 300.0, 1), units="K")], RESOLVER.table()).rows
    assert kelvin.value[0] == pytest.approx(26.85)


@pytest.mark.parametrize("sign", [1, -1])
def test_what_no_integer_could_hold_is_refused_with_its_value(sign: int) -> None:
    below = np.nextafter(LARGEST, 0)
    message = received(("T", sign * below, 1), ("T", sign * LARGEST, 2), ("E", 1.0, 3))
    found = columns([received(("E", 2.0, 1)), message], RESOLVER.table())
    assert found.rows.value.tolist() == [2.0, sign * below, 1.0]
    assert (found.message.tolist(), found.place.tolist()) == ([0, 1, 1], [0, 0, 2])
    (problem,) = message.problems
    assert problem == Problem(
        "bad_value",
        "beyond 1e+12 in the point's unit",
        "value",
        repr(sign * 1e12),
        "check the gateway's scaling and unit",
        11,
        "T",
    )


def test_a_redelivery_brings_only_what_has_a_time_of_its_own() -> None:
    message = received(("E", 1.0, 10), ("E", 2.0, None))
    message.redelivered = True
    rows = columns([message], RESOLVER.table()).rows
    assert rows.value.tolist() == [1.0]


def test_a_name_is_looked_up_once_with_its_kind_and_unit() -> None:
    resolver = Resolver(registry_of(ENERGY, HEAT))
    found = Decoded([0, 1, 2], ["E", "T", "E"], [None] * 3, ["kWh", None, "Wh"], [1] * 3, [1.0] * 3)
    assert resolver.slots("s/g", found) == ([0, 1, 2], [])
    assert resolver.slots("s/g", found) == ([0, 1, 2], [])
    table = resolver.table()
    assert table is resolver.table()
    assert table.point.tolist() == [1, 7, 1]
    assert (table.numerator / table.denominator).tolist() == [1.0, 1.0, 0.001]
    assert (table.low[0], table.high[0]) == (0.0, 100.0)
    assert np.isnan([table.low[1], table.high[1]]).all()
    one = Decoded([0], ["E"], [Kind.REGISTER], [None], [1], [1.0])
    assert resolver.slots("s/g", one) == ([3], [])
    assert len(resolver.table().point) == 4
    for unit, slot in (("kWh", 0), ("Wh", 2)):
        mixed = Decoded([0, 1], ["E", "nobody"], [None] * 2, [unit, None], [1] * 2, [1.0] * 2)
        assert resolver.slots("s/g", mixed)[0] == [slot, -1]
    with pytest.raises(ValueError, match="zip"):
        resolver.slots("s/g", Decoded([0], ["E"], [None], []))
    assert len(resolver.table().point) == 4


def test_what_is_not_registered_so_is_named_with_a_fix() -> None:
    found = Decoded(
        [4, 5, 6, 7],
        ["E", "nobody", "E", "E"],
        [None, None, Kind.MEAN, None],
        [None, None, None, "m3"],
        [1] * 4,
        [1.0] * 4,
    )
    slots, problems = Resolver(registry_of(ENERGY)).slots("s/g", found)
    assert slots == [0, -1, -1, -1]
    assert [(one.reason, one.field, one.value, one.index, one.point) for one in problems] == [
        ("unknown_point", "point", "nobody", 5, "nobody"),
        ("bad_kind", "kind", Kind.MEAN, 6, "E"),
        ("bad_unit", "unit", "m3", 7, "E"),
    ]
    assert "s/g" in problems[0].message
    assert problems[1].message == "registered as register"
    assert problems[1].fix == "send register, or register the point as mean"
    assert all(one.fix for one in problems)
    for kind, reason in ((Kind.STATE, ["bad_kind"]), (Kind.REGISTER, [])):
        sent = Decoded([0], ["E"], [kind], [None], [1], [1.0])
        told = Resolver(registry_of(ENERGY)).slots("s/g", sent)[1]
        assert [one.reason for one in told] == reason
    elsewhere, _ = Resolver(registry_of(ENERGY)).slots(
        "s/h", Decoded([0], ["E"], [None], [None], [1], [1.0])
    )
    assert elsewhere == [-1]


def installed(*units: str) -> Resolver:
    points = (Point(1, "s/g", "E", Kind.REGISTER, "kWh"),)
    ones = tuple(Installation(f"m{n}", 1, Decimal(1), 8, unit) for n, unit in enumerate(units))
    return Resolver(registry_of(*points, installations=ones))


@pytest.mark.parametrize(
    ("units", "sent"),
    [
        (("Wh",), "Wh"),
        (("Wh", "Wh"), "Wh"),
        (("m3",), "kWh"),
        (("furlong",), "kWh"),
        ((), "kWh"),
        (("m3", "MWh"), "MWh"),
    ],
)
def test_a_bare_number_is_in_the_unit_of_its_register(units: tuple[str, ...], sent: str) -> None:
    resolver = installed(*units)
    assert resolver.sent_unit(resolver.registry.points[1]) == sent


def test_registers_of_two_units_need_the_unit_to_be_sent() -> None:
    resolver = installed("MWh", "Wh")
    found = Decoded([3, 4], ["E", "E"], [None] * 2, [None, "Wh"], [1] * 2, [1.0] * 2)
    slots, (problem,) = resolver.slots("s/g", found)
    assert slots == [-1, 0]
    assert (problem.reason, problem.field, problem.value, problem.index) == (
        "bad_unit",
        "unit",
        "",
        3,
    )
    assert problem.message == "the point was registered with MWh and Wh over time"
    assert problem.fix == "send the unit with each reading"


def test_a_message_cut_to_some_readings_keeps_what_stands_against_them() -> None:
    message = received(("E", 1.0, 1), ("nobody", 2.0, 2), ("T", 3.0, 3))
    message.problems.append(Problem("late", "", "", "", "", 12, "T"))
    message.problems.append(Problem("whole", "", "", "", "", -1))
    assert only(message, frozenset({-1, 10})) is message
    cut = only(message, frozenset({10, 12}))
    assert (cut.found.index, cut.found.points, cut.found.values) == (
        [10, 12],
        ["E", "T"],
        [1.0, 3.0],
    )
    assert (cut.found.times, cut.found.kinds, cut.found.units) == ([1, 3], [None] * 2, [None] * 2)
    assert cut.slots == [message.slots[0], message.slots[2]]
    assert [one.reason for one in cut.problems] == ["late", "whole"]
    assert cut.found.problems == []
    assert [one.reason for one in message.problems] == ["unknown_point", "late", "whole"]


def untimed(*, offset: int = 0, payload: bytes = b"p", **more: Any) -> Received:
    told = {name: more.pop(name) for name in ("session", "seq") if name in more}
    record = Record("message", 1_000, "s/g", more.pop("client", "c"), more.pop("connection", "k"),
                    "route", payload, **more)  # fmt: skip
    return received(("E", 1.0, None), offset=offset, record=record, **told)


def marked(*messages: Received, before: tuple[tuple[str, str], ...] = ()) -> list[bool]:
    asked: list[Any] = []

    def seen(keys: Any) -> set[Any]:
        asked.append(keys)
        return set(keys) & set(before)

    mark_redelivered(messages, seen)
    assert len(asked) <= 1
    return [one.redelivered for one in messages]


def test_what_a_message_without_times_is_known_by() -> None:
    assert key_of(untimed(session=3, seq=0)) == ("s/g", "s:3:0")
    assert key_of(untimed(session=3, packet_id=9)) == ("s/g", "s:3:None")
    assert key_of(untimed(packet_id=0)) is None
    first = key_of(untimed(packet_id=1))
    assert first is not None
    assert first[1].startswith("p:c:1:")
    assert len(first[1].split(":")[-1]) == 32
    others = [
        untimed(packet_id=2),
        untimed(packet_id=1, client="d"),
        untimed(packet_id=1, payload=b"q"),
        untimed(packet_id=1, client="", connection="k"),
    ]
    assert len({first, *map(key_of, others)}) == 5
    assert key_of(untimed(packet_id=1, client="", connection="k")) != key_of(
        untimed(packet_id=1, client="", connection="l")
    )
    assert first == key_of(untimed(packet_id=1, connection="another"))


def test_a_packet_is_a_redelivery_only_where_it_says_so_and_came_before() -> None:
    key = key_of(untimed(packet_id=1))
    assert key is not None
    assert marked(untimed(packet_id=1, dup=True)) == [False]
    assert marked(untimed(packet_id=1, dup=True), before=(key,)) == [True]
    assert marked(untimed(packet_id=1), before=(key,)) == [False]
    assert marked(untimed(packet_id=1), untimed(packet_id=1, dup=True)) == [False, True]
    assert marked(untimed(packet_id=1, dup=True), untimed(packet_id=1)) == [False, False]
    assert marked(untimed(packet_id=0, dup=True), untimed(packet_id=0, dup=True)) == [False, False]
    assert marked(untimed(session=1, seq=1), untimed(session=1, seq=1)) == [False, True]


def test_keys_to_remember_are_new_in_order_and_of_messages_without_times() -> None:
    timed = received(("E", 1.0, 5), session=1, seq=7)
    messages = [
        untimed(session=1, seq=2),
        timed,
        untimed(session=1, seq=1),
        untimed(session=1, seq=2),
    ]
    known = {("s/g", "s:1:1")}
    assert mark_redelivered(messages, lambda keys: known & set(keys)) == (("s/g", "s:1:2"),)
    assert mark_redelivered(messages, lambda _: set()) == (("s/g", "s:1:2"), ("s/g", "s:1:1"))
    assert mark_redelivered([timed], lambda _: pytest.fail("nothing to ask")) == ()


Row = tuple[int, int, float, int, int, int, int, int, int]


def row(value: float, high: int, low: int, *, place: int = 0, flag: int = 0) -> Row:
    return (1, 0, value, flag, high, low, 7, place, 0)


@pytest.mark.parametrize(
    ("old", "new", "outcome"),
    [
        ((1, 9), (2, 0), Outcome.CORRECTION),
        ((2, 0), (1, 9), Outcome.OUTDATED),
        ((1, 1), (1, 2), Outcome.CORRECTION),
        ((1, 2), (1, 1), Outcome.OUTDATED),
        ((1, 1), (1, 1), CONFLICT),
    ],
)
def test_the_session_comes_before_the_sequence(
    old: tuple[int, int], new: tuple[int, int], outcome: int
) -> None:
    judged = classify(
        ReadingColumns.of([row(2.0, *new, place=1)]), ReadingColumns.of([row(1.0, *old)])
    )
    assert judged.outcome.tolist() == [outcome]
    assert judged.stands.tolist() == judged.changed.tolist() == [outcome == Outcome.CORRECTION]


def test_another_flag_of_the_same_value_is_looked_at_and_corrects_nothing() -> None:
    judged = classify(
        ReadingColumns.of([row(1.0, 1, 2, place=1, flag=Flag.OUT_OF_RANGE)]),
        ReadingColumns.of([row(1.0, 1, 1)]),
    )
    assert (judged.stands.tolist(), judged.changed.tolist()) == ([True], [True])
    assert judged.corrects.tolist() == [False]


@pytest.mark.parametrize("differs", [6, 7, 8])
def test_of_equal_order_the_one_earlier_in_the_journal_stands(differs: int) -> None:
    later = [1, 0, 1.0, 0, 1, 1, 7, 5, 3]
    earlier = list(later)
    earlier[2], earlier[differs] = 2.0, later[differs] - 1
    for first, second, stands in ((later, earlier, True), (earlier, later, False)):
        judged = classify(ReadingColumns.of([second]), ReadingColumns.of([first]))
        assert judged.stands.tolist() == [stands]
        assert judged.corrects.tolist() == [stands]
        assert judged.outcome.tolist() == [Outcome.CORRECTION if stands else CONFLICT]


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 9)), max_size=12))
def test_marks_hold_every_reading_and_nothing_far_from_one(rows: list[tuple[int, int]]) -> None:
    day = DAY_MIN * MINUTE_US
    made = [(point, n * day, 1.0, 0, 1, 1, 7, place, 0) for place, (point, n) in enumerate(rows)]
    marks = dirty_marks(ReadingColumns.of(made), ReadingColumns.empty())
    for point, time_us, *_ in made:
        assert sum(m.point == point and m.start_us <= time_us <= m.end_us for m in marks) == 1
    for one in marks:
        own = sorted(r[1] for r in made if r[0] == one.point and one.start_us <= r[1] <= one.end_us)
        assert (own[0], own[-1]) == (one.start_us, one.end_us)
        assert all(b - a <= 2 * day for a, b in pairwise(own))
    starts = [(m.point, m.start_us) for m in marks]
    assert starts == sorted(starts)


def test_readings_more_than_two_days_apart_have_marks_of_their_own_with_the_last_lineage() -> None:
    two_days = 172_800_000_000
    rows = [(1, t, 1.0, 0, 1, 1, 8, n, 0) for n, t in enumerate((0, two_days, 2 * two_days + 1))]
    first, second = dirty_marks(ReadingColumns.of(rows), ReadingColumns.empty())
    assert (first.start_us, first.end_us, first.segment, first.offset) == (0, two_days, 8, 1)
    assert (second.start_us, second.end_us, second.offset) == (
        2 * two_days + 1,
        2 * two_days + 1,
        2,
    )
    (one,) = dirty_marks(ReadingColumns.empty(), ReadingColumns.of(rows[:1]))
    assert one.cause == "correction"
    assert dirty_marks(ReadingColumns.empty(), ReadingColumns.empty()) == []
