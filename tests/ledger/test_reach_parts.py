"""How far a change reaches: spans, runs that stand still, months, and what a step reports."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from ledger.context import Context, Open, differing, touches
from ledger.meter import OPEN_END, Service
from ledger.periods import Clock
from ledger.rebooking import Rebooked, loses, rows_of_other_rules
from ledger.recompute import Plans, Recompute, _blank, _by_series, _grouped, _stood, _Told
from ledger.series import ChangeSpan, IntervalSeries, RegisterSeries, months_around
from ledger.turning import services
from ledger.worker import ATTEMPTS, LedgerReport, _institutions
from metering.book import (
    RULES_VERSION,
    BookRow,
    DirtyMark,
    Part,
    PriceWindows,
    RegisterEvent,
    SeriesKey,
)
from metering.errors import Conflict
from metering.localtime import HOUR_US, MINUTE_US, day_bounds
from metering.quality import APPORTIONED, MEASURED, MISSING, all_of
from metering.quantity import ABSENT
from metering.reading import Kind, ReadingColumns
from metering.registry import Installation, Meter, Node, NodeType, Registry
from storage.memory import MemoryBooks, MemoryMarks, MemoryReadings

DAY, ZONE = date(2026, 3, 2), "Asia/Shanghai"
START_US = day_bounds(DAY, ZONE)[0]
DAY_US = 24 * HOUR_US
STEP_US = 15 * MINUTE_US
GAP, SPIKE, STUCK = ("gap", 10, 20), ("spike", 30, 40), ("stuck", 50, 60)


@pytest.mark.parametrize(
    ("span", "found"),
    [((10, 20), True), ((0, 10), True), ((20, 30), True), ((0, 9), False), ((21, 30), False)],
)
def test_a_span_touches_a_reach_that_shares_an_instant(span, found):
    assert touches(("gap", *span), ChangeSpan(10, 20)) == found


def test_reaches_are_joined_from_the_earlier_start_to_the_later_end():
    assert ChangeSpan(3, 5).joined(ChangeSpan(1, 4)) == ChangeSpan(1, 5)
    assert ChangeSpan(3, 5).joined(ChangeSpan(4, 9)) == ChangeSpan(3, 9)


def spans(found: list[ChangeSpan]) -> set[tuple[int, int]]:
    return {(one.start_us, one.end_us) for one in found}


def test_what_is_told_now_and_was_not_differs_and_the_other_way():
    assert differing([SPIKE], {SPIKE: True}, [], 0) == []
    assert spans(differing([SPIKE], {GAP: True}, [], 0)) == {(30, 40), (10, 20)}
    assert differing([], {}, [], 0) == []


def test_a_run_that_stood_open_and_goes_on_differs_where_it_is_new():
    longer = ("stuck", 50, 90)
    assert differing([longer], {STUCK: False}, [longer], 61) == [ChangeSpan(60, 90)]
    whole = {(50, 60), (50, 90)}
    assert spans(differing([longer], {STUCK: False}, [longer], 60)) == whole
    assert spans(differing([longer], {STUCK: True}, [longer], 61)) == whole
    assert spans(differing([longer], {STUCK: False}, [], 61)) == whole
    other = ("stuck", 51, 90)
    assert spans(differing([other], {STUCK: False}, [other], 61)) == {(50, 60), (51, 90)}
    kind = ("gap", 50, 60)
    assert spans(differing([longer], {kind: False}, [longer], 61)) == whole
    assert spans(differing([longer, SPIKE], {STUCK: False}, [longer], 61)) == {(60, 90), (30, 40)}


def at(year: int, month: int, day: int) -> int:
    return (date(year, month, day) - date(1970, 1, 1)).days * DAY_US


def test_readings_count_into_the_limits_of_two_months_either_way():
    found = months_around(at(2026, 5, 31), at(2026, 6, 1))
    assert (found.start_us, found.end_us) == (at(2026, 3, 1), at(2026, 9, 1))
    early = months_around(-(10**18), at(1970, 1, 5))
    assert (early.start_us, early.end_us) == (at(1969, 11, 1), at(1970, 4, 1))
    assert months_around(at(2026, 5, 1), 10**18).end_us == at(2100, 4, 1)


SERVICE = Service(Meter("m", "o", "01000", max_per_hour=Decimal(60)), Installation("m", 1),
                  Kind.REGISTER, ZONE, -OPEN_END, OPEN_END, "kWh")  # fmt: skip


def context_of(values: list[float], *, every=STEP_US, point=1) -> Context:
    store = MemoryReadings()
    store.upsert(
        ReadingColumns.of(
            [(point, START_US + n * every, v, 0, 0, 0, 0, n, 0) for n, v in enumerate(values)]
        )
    )
    return Context(store)


def steps(found: Open | None):
    if found is None:
        return None
    return (found.start_us - START_US) / STEP_US, (found.end_us - START_US) / STEP_US, found.missing


@pytest.mark.parametrize(
    ("values", "run"),
    [
        ([0, 1, 2, 3], None),
        ([0, 1, 2, 2, 2, 2], None),
        ([0, 1, 2, 2, 2, 2, 2], (2, 6, True)),
        ([2.0] * 40, None),
        ([0, 1, 2, 2, 2, 0, 2, 2, 2], (2, 8, True)),
        ([0, *([1.0] * 3), 0, 1, 1, 2, *([3.0] * 20)], (8, 27, False)),
        ([0, 1, *([2.0] * 60)], (2, 61, True)),
        ([0, *([1.0] * 5), 2, *([3.0] * 17)], (7, 23, False)),
        ([0, *([1.0] * 5), 2, *([3.0] * 18)], (7, 24, True)),
        ([], None),
        ([1.0], None),
    ],
)
def test_a_run_at_the_end_is_missing_once_it_is_four_times_as_long_as_any_rest(values, run):
    assert steps(context_of(values).open_run(SERVICE)) == run


@pytest.mark.parametrize("flagged", [1, 23, 24, 25, 200])
def test_readings_that_cannot_be_used_hide_no_run_before_them(flagged):
    values = [0, 1, *([2.0] * 60)]
    context = context_of([*values, *([1e300] * flagged)])
    assert steps(context.open_run(SERVICE)) == (2, 61, True)
    assert context_of([1e300] * flagged).open_run(SERVICE) is None


def test_a_rest_counts_for_four_weeks():
    """A rest of two hours just before, or longer ago than the register's memory."""
    for days, missing in ((20, False), (27, False), (29, True)):
        rest = [0.0, *([1.0] * 9)]
        moving = [1.0 + n / 10 for n in range(1, days * 24)]
        found = context_of([*rest, *moving, *([moving[-1]] * 8)], every=HOUR_US).open_run(
            replace(SERVICE, meter=replace(SERVICE.meter, step_min=60))
        )
        assert found is not None
        assert found.missing == missing


def test_intervals_have_no_run_and_a_run_is_told_once_it_is_missing():
    values = [0, 1, 2, 2, 2, 2, 2]
    interval = replace(SERVICE, kind=Kind.INTERVAL)
    assert context_of(values).open_run(interval) is None
    assert context_of(values).open_spans(SERVICE) == [
        ("stuck", START_US + 2 * STEP_US, START_US + 6 * STEP_US)
    ]
    assert context_of([0, 1, 2]).open_spans(SERVICE) == []
    rested = [0, *([1.0] * 5), 2, *([3.0] * 17)]
    assert context_of(rested).open_spans(SERVICE) == []


def test_a_series_knows_its_limits_and_months_that_set_the_registered_one_aside():
    days = 6
    values = np.cumsum(5.0 + np.arange(days * 96) % 3)
    low = replace(SERVICE, meter=replace(SERVICE.meter, max_per_hour=Decimal(10)))
    context = context_of(values.tolist())
    context.look([1], START_US, START_US + DAY_US)
    for service, aside in ((SERVICE, False), (low, True)):
        series = RegisterSeries(service)
        assert series.decisions(context._glance, START_US, START_US + DAY_US) == []
        assert series.most(START_US, HOUR_US) == np.inf
        series.cover(context._glance, START_US, START_US + DAY_US)
        month = at(2026, 3, 1), at(2026, 4, 1)
        assert series.set_aside(START_US, START_US) == ([("limit", *month)] if aside else [])
        assert series.set_aside(month[1], month[1] + 5) == []
        assert series.set_aside(month[1] + 1, month[1] + 5) == []
        assert series.set_aside(0, month[0] - 1) == []
        assert len(series.set_aside(0, month[0])) == aside
        assert series.most(START_US + DAY_US, HOUR_US) > 20 * 10**6


def test_a_stretch_says_what_is_known_of_its_time():
    values = np.cumsum(5.0 + np.arange(6 * 96) % 3).tolist()
    low = replace(SERVICE, meter=replace(SERVICE.meter, max_per_hour=Decimal(10)))
    context = context_of([*values, *([values[-1]] * 40)])
    noon, month = START_US + DAY_US // 2, (at(2026, 3, 1), at(2026, 4, 1))
    last = START_US + (6 * 96 - 1) * STEP_US
    for end in (noon, noon + 1):
        (found,) = context.stretches([low], noon, end).values()
        assert found.set_aside == (("limit", *month),)
        assert found.missing == (last, last + 40 * STEP_US)
        assert found.time_us.tolist() == [noon, *([noon + STEP_US] * (end > noon))]
        assert found.earlier_us.tolist() == [noon - n * STEP_US for n in range(8, 0, -1)]
        assert (found.passage, found.repeated) == (None, {})
    assert context.stretches([SERVICE], noon, noon)[0].set_aside == ()
    rested = context_of([0, *([1.0] * 5), 2, *([3.0] * 17)])
    assert rested.stretches([SERVICE], START_US, noon)[0].missing is None
    assert context_of([]).stretches([SERVICE], START_US, noon) == {}


def test_an_interval_beyond_its_limit_is_left_out_alone_with_what_held():
    values = [1.0] * (5 * 96)
    values[200] = 500.0
    context = context_of(values)
    service = replace(SERVICE, kind=Kind.INTERVAL)
    found = IntervalSeries(service)
    found.cover(context._glance, START_US, START_US + 5 * DAY_US)
    (one,) = found.decisions(context._glance, START_US, START_US + 5 * DAY_US)
    spike_us = START_US + 200 * STEP_US
    assert (one.here_us, one.first_us, one.there_us) == (spike_us, spike_us, spike_us + STEP_US)
    assert (one.kind, one.turns, one.cost) == ("spike", False, 0)
    assert (one.facts.value, one.facts.limit, one.facts.cost, one.facts.energy) == (
        500 * 10**6,
        60 * 10**6,
        None,
        None,
    )
    assert found.decisions(context._glance, spike_us + STEP_US + 1, START_US + 5 * DAY_US) == []
    assert len(found.decisions(context._glance, spike_us + STEP_US, START_US + 5 * DAY_US)) == 1
    assert found.decisions(context._glance, START_US, spike_us - 1) == []
    assert len(found.decisions(context._glance, START_US, spike_us)) == 1


KEY = SeriesKey("o", "meter", "m", "01000")


def row(total: int | None, measured=10_000, missing=0, slot=MEASURED, **more) -> BookRow:
    shares = np.array([measured, 10_000 - measured - missing, 0, missing], dtype=np.uint16)
    slots = all_of(slot, 24)
    part = Part(60, np.full(24, 1), slots, slots)
    return replace(BookRow(KEY, DAY, (part,), total, shares), **more)


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (row(5), row(5), False),
        (row(5), row(None), True),
        (row(None), row(None), False),
        (row(None, missing=0), row(5, 9_000, 1_000, MISSING), False),
        (row(5), row(5, 9_999, 1), True),
        (row(5, 9_999, 1), row(5), False),
        (row(5), row(5, slot=APPORTIONED), True),
        (row(5, slot=APPORTIONED), row(5), False),
    ],
)
def test_a_row_loses_where_it_knows_less_than_the_one_that_stands(old, new, found):
    assert loses(old, new) == found


def test_a_row_without_anything_to_make_it_of_knows_nothing():
    priced = replace(row(24).finest, windows=PriceWindows((0,), np.array([24]), np.array([0]), ()))
    full = replace(row(24, 9_000), spill=(1, 2, 3), parts=(priced,))
    bare = _blank(full)
    (part,) = bare.parts
    assert (bare.key, bare.day, bare.total, bare.spill) == (KEY, DAY, None, (0, 0, 0))
    assert bare.day_shares.tolist() == all_of(MISSING, 1)[0].tolist()
    assert (part.step_min, part.meters, part.windows) == (60, priced.meters, None)
    assert part.slots.tolist() == [ABSENT] * 24
    assert part.shares.tolist() == part.hour_shares.tolist() == all_of(MISSING, 24).tolist()


def test_rows_of_other_rules_are_those_that_others_made():
    class Digest:
        def digest_rows(self, institution=None):
            return [
                row(1, rules=RULES_VERSION),
                row(1, rules=RULES_VERSION - 1, day=DAY + timedelta(1)),
            ]

    assert rows_of_other_rules(Digest(), None) == {(KEY, DAY + timedelta(1))}
    told = Rebooked()
    assert (told.rows, told.differing, told.restated, told.kept) == (0, 0, 0, 0)


def test_reports_add_up_and_the_later_revision_stays():
    report = LedgerReport(1, 2, 3, 4, 5, {"a": 1, "b": 2}, 6)
    report.add(LedgerReport(10, 20, 30, 40, 50, {"b": 7}, 60))
    assert report == LedgerReport(11, 22, 33, 44, 55, {"a": 1, "b": 7}, 66)
    assert LedgerReport() == LedgerReport(0, 0, 0, 0, 0, {}, 0)


def world_of(helpers, *meters, days=3):
    return helpers.World(helpers.campus(list(meters) or [helpers.meter("m")]), helpers.later(days))


def test_a_step_reports_what_it_took_wrote_and_looked_at(helpers):
    world = world_of(helpers)
    assert world.ledger.step() == LedgerReport()
    world.push(1, helpers.quarters(96), np.arange(96.0))
    report = world.ledger.step()
    assert (report.marks, report.commits, report.revisions) == (1, 1, {"o": 1})
    assert (report.rows, report.computed, report.days) == (3, 3, 1)
    again = world.ledger.step()
    assert (again.marks, again.commits) == (0, 0)
    world.push(9, helpers.quarters(1), [1.0])
    idle = world.ledger.step()
    assert (idle.marks, idle.rows, idle.commits, idle.revisions) == (1, 0, 1, {})
    assert world.marks.waiting() == 0


def test_a_step_takes_so_many_marks_at_most(helpers):
    world = world_of(helpers, helpers.meter("m"), helpers.meter("n"))
    for point in (1, 2):
        world.push(point, helpers.quarters(97), np.arange(97.0))
    assert world.ledger.step(limit=1).marks == 1
    assert world.marks.waiting() == 1
    assert world.ledger.step().marks == 1


def test_a_step_takes_twenty_thousand_marks_where_nobody_says_otherwise(helpers):
    world = world_of(helpers)
    marks = [DirtyMark(9, n, n) for n in range(20_001)]
    world.marks.mark(marks, writer_no=1, ready=True)
    assert [world.ledger.step().marks for _ in range(3)] == [20_000, 1, 0]


def test_institutions_are_told_with_that_of_places_in_none():
    nodes = {code: Node(code, NodeType.INSTITUTION) for code in ("p", "o")}
    assert _institutions(Registry(nodes=nodes)) == ["", "o", "p"]
    alone = {**nodes, "b": Node("b", NodeType.BUILDING)}
    assert _institutions(Registry(nodes=alone)) == ["", "o", "p"]
    assert _institutions(Registry()) == [""]


@pytest.mark.parametrize("failures", [1, ATTEMPTS - 1, ATTEMPTS])
def test_a_commit_is_tried_again_where_another_came_between(helpers, monkeypatch, failures):
    world = world_of(helpers)
    world.push(1, helpers.quarters(97), np.arange(97.0))
    commit, left = type(world.books).commit, [failures]

    def refused(self, *args, **more):
        if left[0]:
            left[0] -= 1
            raise Conflict("another was quicker")
        return commit(self, *args, **more)

    monkeypatch.setattr(type(world.books), "commit", refused)
    if failures == 5:
        with pytest.raises(Conflict):
            world.ledger.step()
        assert world.marks.waiting() == 1
    else:
        assert world.ledger.step().commits == 1
        assert world.marks.waiting() == 0


def test_running_days_are_looked_at_every_quarter_hour_and_settled_once(helpers):
    world = world_of(helpers)
    world.now_us = helpers.midnight() + 6 * HOUR_US
    world.push(1, helpers.quarters(25), np.arange(25.0))
    world.ledger.step()
    (row_,) = world.rows("meter", "m")
    assert (row_.provisional, row_.total) == (True, 24 * 10**6)
    world.now_us += 14 * MINUTE_US
    assert world.ledger.roll_day().commits == 0
    world.now_us += MINUTE_US
    assert world.ledger.roll_day().commits == 1
    world.now_us = helpers.midnight() + DAY_US + 20 * MINUTE_US - 1
    world.ledger.roll_day()
    assert world.rows("meter", "m")[0].provisional
    world.now_us += 1
    world.ledger.roll_day()
    assert not world.rows("meter", "m")[0].provisional
    world.now_us += HOUR_US
    assert world.ledger.roll_day() == LedgerReport()


def test_a_day_that_begins_to_run_shortly_before_it_settles_is_settled_in_time(helpers):
    world = world_of(helpers)
    world.now_us = helpers.midnight() + DAY_US + 17 * MINUTE_US
    world.ledger.step()
    world.push(1, helpers.quarters(25), np.arange(25.0))
    world.ledger.step()
    assert world.rows("meter", "m")[0].provisional
    world.now_us += 3 * MINUTE_US
    world.ledger.step()
    assert not world.rows("meter", "m")[0].provisional


def test_a_fresh_process_settles_days_however_old(helpers):
    for days in (1, 92, 93, 4000):
        world = world_of(helpers, days=0)
        world.now_us = helpers.midnight() + 6 * HOUR_US
        world.push(1, helpers.quarters(25), np.arange(25.0))
        world.ledger.step()
        world.now_us += days * DAY_US
        world.restart()
        world.ledger.step()
        assert not world.rows("meter", "m")[0].provisional


def test_a_mark_of_a_figure_makes_it_again(helpers):
    world = world_of(helpers)
    world.push(1, helpers.quarters(97), np.arange(97.0))
    world.ledger.step()
    (key,) = [key for key in world.books._current if key.code == "b"]
    kept = world.books._current.pop(key)
    mark = DirtyMark(
        0, -(2**62), 2**62, cause="registry 2", figure=SeriesKey("o", "node", "b", "01000")
    )
    world.marks.mark([mark], writer_no=0, ready=True)
    report = world.ledger.step()
    assert (report.marks, report.rows) == (1, len(kept))
    assert world.marks.waiting() == 0


def test_the_cadence_before_a_reading_is_told_by_eight():
    context = context_of([float(n) for n in range(30)])
    for nth, known in ((20, range(12, 20)), (5, range(5)), (0, range(0))):
        found = context._earlier(SERVICE, START_US + nth * STEP_US)
        assert found.tolist() == [START_US + n * STEP_US for n in known]
    assert len(context._earlier(replace(SERVICE, kind=Kind.MEAN), START_US + 20 * STEP_US)) == 0


def test_a_reading_a_microsecond_before_is_one_of_the_eight():
    context, now = context_of([float(n) for n in range(30)]), START_US + 20 * STEP_US
    context.store.upsert(ReadingColumns.of([(1, now - 1, 19.5, 0, 0, 0, 0, 0, 0)]))
    found = context._earlier(SERVICE, now)
    assert found.tolist() == [*(START_US + n * STEP_US for n in range(13, 20)), now - 1]


def test_running_rows_of_a_meter_that_is_no_more_are_left(helpers):
    world = world_of(helpers, helpers.meter("m"), helpers.meter("n"))
    world.now_us = helpers.midnight() + 6 * HOUR_US
    for point in (1, 2):
        world.push(point, helpers.quarters(25), np.arange(25.0))
    world.ledger.step()
    world.registry = helpers.campus([helpers.meter("m")], version=2)
    world.now_us = helpers.later(2)
    assert world.ledger.roll_day().commits == 1
    assert [row.provisional for row in world.rows("meter", "m")] == [False]
    assert [row.provisional for row in world.rows("meter", "n")] == [True]


def test_what_a_step_has_just_computed_is_not_looked_at_again_in_it(helpers):
    world = world_of(helpers, helpers.meter("m"), helpers.meter("n"))
    start = helpers.midnight()
    world.now_us = start + 6 * HOUR_US
    for point in (1, 2):
        world.push(point, helpers.quarters(25), np.arange(25.0))
    assert world.ledger.step().commits == 1
    world.now_us += 15 * MINUTE_US
    world.push(1, [start + 25 * STEP_US], [25.0])
    report = world.ledger.step()  # one meter as its reading came, the other as time goes on
    assert (report.commits, report.days) == (2, 2)
    world.push(1, [start + 26 * STEP_US], [26.0])
    assert world.ledger.step().commits == 1
    world.now_us += 15 * MINUTE_US
    assert world.ledger.roll_day().days == 1
    assert world.ledger.roll_day().days == 0


def test_runs_of_one_value_are_told_again_as_far_as_they_say_what_is_usual(helpers):
    """Two days on either side, whose length a reading tells, and four weeks after."""
    registry = helpers.campus([helpers.meter("m")], kinds={"m": Kind.INTERVAL})
    context, asked = Context(MemoryReadings()), []
    made = Recompute(registry, Plans(registry), context, MemoryBooks(MemoryMarks()), Clock(0))
    context.repeated = lambda _, start_us, end_us: asked.append((start_us, end_us)) or {}
    told = _Told(made.books, "o")
    own = services(registry, "m")
    assert made._repeated_otherwise(told, "m", own, START_US, START_US + 5) == []
    wide = START_US - 2 * DAY_US, START_US + 5 + 30 * DAY_US
    assert asked == [wide]
    assert list(told._read) == [(wide[0], wide[1] + 1)]
    registers = services(helpers.campus([helpers.meter("m")]), "m")
    assert made._repeated_otherwise(told, "m", registers, 0, 5) == []
    assert asked == [wide]


def test_a_registry_that_is_read_anew_is_planned_anew(helpers):
    world = world_of(helpers)
    world.ledger.step()
    plans, context = world.ledger._plans, world.ledger._context
    world.ledger.step()
    assert (world.ledger._plans, world.ledger._context) == (plans, context)
    world.registry = replace(world.registry)
    world.ledger.step()
    assert world.ledger._plans is plans  # nothing asks for it yet
    world.marks.mark([DirtyMark(1, START_US, START_US)], writer_no=0, ready=True)
    assert world.ledger.step().waiting == 1
    assert world.ledger._plans is not plans
    assert world.ledger._context is not context


def test_what_is_remembered_is_forgotten_where_another_ledger_booked(helpers):
    world = world_of(helpers)
    world.push(1, helpers.quarters(25), np.arange(25.0))
    world.ledger.step()
    one, context = world.ledger, world.ledger._context
    world.push(1, helpers.quarters(26)[25:], [25.0])
    one.step()
    assert one._context is context
    world.restart()
    world.push(1, helpers.quarters(27)[26:], [26.0])
    world.ledger.step()
    world.push(1, helpers.quarters(28)[27:], [27.0])
    one.step()
    assert one._context is not context
    context = one._context
    world.push(1, helpers.quarters(29)[28:], [28.0])
    one.step()
    assert one._context is context


def test_a_standstill_is_looked_for_among_four_times_as_many_readings_each_time(monkeypatch):
    context, asked = context_of([0.0, *([1.0] * 1000)]), []
    known_before = context._glance.known_before

    def recorded(service, time_us, count):
        asked.append(count)
        return known_before(service, time_us, count)

    monkeypatch.setattr(context._glance, "known_before", recorded)
    assert steps(context.open_run(SERVICE)) == (1, 1000, True)
    assert [one for one in asked if one > 2] == [24, 96, 384, 1536]  # and its limit, once


def test_events_of_a_stretch_are_read_once_for_all_meters():
    class Events:
        def events(self, institution, start_us, end_us):
            asked.append((institution, start_us, end_us))
            return [RegisterEvent("o", "m", "gap", 1, 2), RegisterEvent("o", "n", "gap", 3, 4)]

    asked, told = [], _Told(Events(), "o")
    assert [one.start_us for one in told.of("m", 5, 9)] == [1]
    assert [one.start_us for one in told.of("n", 5, 9)] == [3]
    assert told.of("k", 5, 9) == []
    assert asked == [("o", 5, 10)]
    told.of("m", -7, 9)
    told.of("m", 0, 9)
    told.of("m", 1, 9)
    assert asked[1:] == [("o", 0, 10), ("o", 1, 10)]


def test_what_events_tell_of_readings_and_whether_it_was_decided():
    events = [
        RegisterEvent("o", "m", "spike", 10, 20, cost=4),
        RegisterEvent("o", "m", "stuck", 30, 40),
        RegisterEvent("o", "m", "stuck", 30, 41, value=7),
        *(RegisterEvent("o", "m", kind, 10, 20) for kind in ("gap", "off_grid", "negative")),
        RegisterEvent("o", "m", "reset", 50, 60, cost=0),
    ]
    every = {("spike", 10, 20): True, ("stuck", 30, 40): False, ("reset", 50, 60): True}
    assert _stood(events, ChangeSpan(0, 99)) == every
    assert _stood(events, ChangeSpan(20, 29)) == {("spike", 10, 20): True}
    assert _stood(events, ChangeSpan(21, 29)) == {}


def test_rows_by_series_and_days_by_what_they_have_in_common():
    other = replace(KEY, code="n")
    rows = [row(1), row(2, day=DAY + timedelta(1)), row(3, key=other), row(4)]
    found = _by_series(rows)
    assert {key: {day: one.total for day, one in own.items()} for key, own in found.items()} == {
        KEY: {DAY: 4, DAY + timedelta(1): 2},
        other: {DAY: 3},
    }
    days = [DAY + timedelta(n) for n in (3, 0, 2, 1)]
    grouped = _grouped(days, lambda day: (day - DAY).days % 2)
    assert grouped == {0: [days[1], days[2]], 1: [days[3], days[0]]}
    assert list(grouped) == [0, 1]
