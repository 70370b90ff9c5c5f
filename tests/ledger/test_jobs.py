"""From dirty marks to pieces of work: what is done together, and when a mark is done with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import jobs
from ledger.jobs import (
    DAYS_A_PIECE,
    EARLIEST_US,
    LATEST_US,
    METERS_A_PIECE,
    MOST_METERS,
    SHORT_METERS,
    SHORT_ROWS,
    Cluster,
    Job,
    Work,
    clusters,
    widened,
    windows,
)
from ledger.turning import services
from metering.book import DirtyMark, SeriesKey
from metering.localtime import HOUR_US, day_bounds
from metering.reading import Kind
from metering.registry import (
    Installation,
    Meter,
    Node,
    NodeType,
    Point,
    Registry,
    SpaceEdge,
    Validity,
)
from metering.registry.changes import is_registry_cause, marks_of_change

DAY = date(2026, 3, 2)
ZONE = "Asia/Shanghai"
START_US = day_bounds(DAY, ZONE)[0]
DAY_US = 24 * HOUR_US
FIGURE = SeriesKey("o", "node", "o", "01000")


def work(registry: Registry, marks: Sequence[DirtyMark]) -> jobs.Work:
    """With what serves a meter asked of the registry each time."""
    return jobs.work(registry, marks, lambda meter: services(registry, meter))


def campus(count: int = 2, **more) -> Registry:
    """Institution `o` in Shanghai and `p` in Berlin; meters m0, m1 ... of `o` on points 0, 1 ..."""
    codes = [f"m{n}" for n in range(count)]
    plain = {
        "nodes": {
            "o": Node("o", NodeType.INSTITUTION, zone=ZONE),
            "p": Node("p", NodeType.INSTITUTION, zone="Europe/Berlin"),
        },
        "meters": {code: Meter(code, "o", "01000") for code in codes},
        "points": {n: Point(n, "o/g", code, Kind.REGISTER, "kWh") for n, code in enumerate(codes)},
        "installations": tuple(Installation(code, n) for n, code in enumerate(codes)),
    }
    return Registry(**(plain | more))


def mark(
    point: int, start: float, end: float, mark_id: int = 1, cause="reading", figure=None
) -> DirtyMark:
    """A mark between these hours of the day."""
    at = (START_US + round(one * HOUR_US) for one in (start, end))
    return DirtyMark(point, *at, cause=cause, id=mark_id, figure=figure)


def jobs_of(*marks: DirtyMark, registry: Registry | None = None) -> list[tuple]:
    found = work(registry or campus(), marks)
    return [
        (
            job.meter,
            (job.start_us - START_US) / HOUR_US,
            (job.end_us - START_US) / HOUR_US,
            set(job.marks),
        )
        for cluster in found.clusters
        for job in cluster.jobs
    ]


def test_marks_no_further_apart_than_a_day_are_one_job():
    assert jobs_of(mark(0, 1, 2, 7), mark(0, 26, 27, 8)) == [("m0", 1, 27, {7, 8})]
    assert jobs_of(mark(0, 26, 27, 8), mark(0, 1, 2, 7)) == [("m0", 1, 27, {7, 8})]
    apart = jobs_of(mark(0, 1, 2, 7), mark(0, 26.001, 27, 8))
    assert [one[3] for one in apart] == [{7}, {8}]
    assert jobs_of(mark(0, 1, 9, 7), mark(0, 2, 3, 8)) == [("m0", 1, 9, {7, 8})]
    long = (mark(0, 1, 99, 7), mark(0, 2, 3, 8), mark(0, 90, 91, 9))
    assert jobs_of(*long) == [("m0", 1, 99, {7, 8, 9})]
    (cluster,) = work(campus(), [mark(0, 1, 2, 7), mark(0, 3, 4, 8, "correction")]).clusters
    assert cluster.cause == "correction, reading"
    assert cluster.marks == {7, 8}


def test_marks_that_somebody_asked_for_stay_apart_and_the_same_days_are_one_job():
    asked = [
        mark(0, 0, 24, 7, "asked"),
        mark(0, 24, 48, 8, "asked"),
        mark(0, 24, 48, 9, "asked"),
        mark(0, 1, 2, 10),
    ]
    jobs = sorted(jobs_of(*asked), key=lambda job: (job[1], job[2]))
    assert [job[3] for job in jobs] == [{7}, {10}, {8, 9}]


def test_marks_without_bounds_are_of_all_time():
    endless = DirtyMark(0, -(2**62), 2**62, id=1)
    ((job,),) = (one.jobs for one in work(campus(), [endless]).clusters)
    assert (job.start_us, job.end_us) == (EARLIEST_US, LATEST_US) == (0, 4_102_444_800_000_000)


def test_a_point_that_serves_no_meter_is_nobodys_work():
    registry = campus(3)
    states = {**registry.points, 2: Point(2, "o/g", "s", Kind.STATE, "1")}
    registry = replace(registry, points=states)
    found = work(registry, [mark(9, 1, 2, 3), mark(2, 1, 2, 4), mark(0, 1, 2, 5)])
    assert found.idle == [3, 4]
    assert [job.meter for one in found.clusters for job in one.jobs] == ["m0"]
    gone = replace(registry, meters={"m1": registry.meters["m1"]})
    assert work(gone, [mark(0, 1, 2, 6)]).idle == [6]


def test_a_point_of_several_meters_is_work_for_each_and_done_with_the_last():
    registry = campus(3)
    shared = (*registry.installations, Installation("m2", 0))
    registry = replace(registry, installations=shared)
    found = work(registry, [mark(0, 1, 2, 7), mark(2, 1, 40, 8)])
    assert [[job.meter for job in one.jobs] for one in found.clusters] == [["m0"], ["m2"]]
    first, second = found.clusters
    assert found.done(first) == []
    assert found.done(second) == [7, 8]


def test_clusters_are_of_one_institution_and_the_same_days():
    registry = campus(4)
    moved = {**registry.meters, "m3": replace(registry.meters["m3"], node="p")}
    registry = replace(registry, meters=moved)
    jobs = [
        Job("m0", START_US, START_US + HOUR_US, frozenset({1})),
        Job("m1", START_US + 5, START_US + DAY_US - 1, frozenset({2})),
        Job("m2", START_US, START_US + DAY_US, frozenset({3})),
        Job("m3", START_US, START_US + HOUR_US, frozenset({4})),
    ]
    found = clusters(registry, jobs)
    assert [(one.institution, one.zone, [job.meter for job in one.jobs]) for one in found] == [
        ("o", ZONE, ["m0", "m1"]),
        ("o", ZONE, ["m2"]),
        ("p", "Europe/Berlin", ["m3"]),
    ]
    assert (found[0].start_us, found[0].end_us) == (START_US, START_US + DAY_US - 1)
    assert found[0].marks == {1, 2}


def test_a_cluster_holds_so_many_meters_at_most():
    """Fewer where they are dirty for longer."""
    assert (METERS_A_PIECE, MOST_METERS, DAYS_A_PIECE) == (64, 1024, 31)
    registry = campus(1030)
    for days, sizes in ((1, [1024, 6]), (200, [64] * 16 + [6])):
        end = START_US + (days - 1) * DAY_US
        found = clusters(registry, [Job(f"m{n}", START_US, end) for n in range(1030)])
        assert [len(one.jobs) for one in found] == sizes


def test_a_short_piece_holds_fewer():
    assert (SHORT_METERS, SHORT_ROWS) == (8, 512)
    registry = campus(300)
    for days, sizes in ((1, [256, 44]), (200, [8] * 37 + [4])):
        marks = [mark(n, 0, days * 24 - 1, n) for n in range(300)]
        served = partial(services, registry)
        found = jobs.work(registry, marks, served, short=True).clusters
        assert [len(one.jobs) for one in found] == sizes


@pytest.mark.parametrize(
    ("cause", "forced"), [("reading", False), ("correction", False), ("registry 3", True)]
)
def test_the_registry_forces_its_clusters(cause, forced):
    plain = Job("m0", START_US, START_US, causes=frozenset({"reading"}))
    other = Job("m1", START_US, START_US, causes=frozenset({cause}))
    cluster = Cluster("o", ZONE, (plain, other), START_US, START_US)
    assert cluster.forced == is_registry_cause(cause)
    assert Cluster("o", ZONE, (Job("m0", 0, 0),), 0, 0).cause == "reading"
    assert Cluster("o", ZONE, (Job("m0", 0, 0),), 0, 0).marks == frozenset()


def test_what_a_changed_registry_asks_is_told_by_institution():
    before = campus()
    after = replace(
        before, version=2, meters={**before.meters, "m0": replace(before.meters["m0"], step_min=60)}
    )
    causes = {one.cause for one in marks_of_change(before, after)}
    forced = Cluster("p", "UTC", (Job("m0", 0, 0, causes=frozenset(causes)),), 0, 0)
    plain = Cluster("o", ZONE, (Job("m1", 0, 0, causes=frozenset({"reading"})),), 0, 0)
    figure = mark(0, 0, 1, 5, figure=FIGURE)
    found = Work([forced, plain], [figure], []).changed()
    assert list(found) == ["o", "p"]
    assert found == {"o": ([], [figure]), "p": ([forced], [])}
    assert work(campus(), [figure]).figures == [figure]
    assert work(campus(), [figure]).clusters == []


@given(st.sets(st.integers(0, 400), max_size=90))
def test_windows_hold_every_day_once_and_a_month_at_most(numbers):
    days = [DAY + timedelta(days=n) for n in numbers]
    found = windows(days)
    assert [day for part in found for day in part] == sorted(days)
    assert all(len(part) == 31 for part in found[:-1])
    assert all(0 < len(part) <= 31 for part in found)


def replaced(starts: str = "") -> list:
    """A meter whose register was replaced on the second day, at an instant or on that day."""
    second = DAY + timedelta(days=1)
    registry = campus(2)
    old = Installation("m0", 0, valid=Validity(None, second), ends=starts)
    new = Installation("m0", 1, valid=Validity(second), starts=starts)
    return services(replace(registry, installations=(old, new)), "m0")


@pytest.mark.parametrize(
    ("start", "end", "widest"),
    [(25, 26, (24, 48)), (24, 48, (24, 48)), (20, 23.9, (20, 23.9)), (10, 24, (10, 48)),
     (48, 60, (24, 60)), (48.1, 60, (48.1, 60)), (0, 99, (0, 99))],
)  # fmt: skip
def test_a_change_on_the_day_of_a_replacement_concerns_the_whole_day(start, end, widest):
    at = [START_US + round(one * HOUR_US) for one in (start, end)]
    found = [(one - START_US) / HOUR_US for one in widened(replaced(), *at)]
    assert found == list(widest)
    told = replaced("2026-03-03T10:00:00+08:00")
    assert widened(told, *at) == tuple(at)
    assert widened(services(campus(), "m0"), *at) == tuple(at)


def test_every_edge_of_the_space_has_its_institution():
    registry = campus()
    below = replace(
        registry,
        nodes={**registry.nodes, "b": Node("b", NodeType.BUILDING)},
        space=(SpaceEdge("p", "b"),),
        meters={**registry.meters, "m0": Meter("m0", "b", "01000")},
    )
    (cluster,) = work(below, [mark(0, 1, 2)]).clusters
    assert (cluster.institution, cluster.zone) == ("p", "Europe/Berlin")
