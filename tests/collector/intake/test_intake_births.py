"""Metrics of Sparkplug by their aliases: named by births, whenever these come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from metering.reading import Kind
from metering.registry import Point
from metering.remembered import MOST_BYTES, MOST_VALUES
from tests.collector.intake.conftest import NOW_US, REGISTRY, Bench
from tests.sparkplug_payloads import born, by_alias, numbered, part, payload, real, whole

NAMES = ("a", "b", "c")
POINTS = [
    Point(10 + at, "s/g", f"G/N.{name}", Kind.INSTANT, "kW") for at, name in enumerate(NAMES)
] + [Point(20, "s/g", "G/N/D.a", Kind.INSTANT, "kW")]
MakeBench = Callable[..., Bench]


def ready(make: MakeBench) -> Bench:
    bench = make()
    points = {one.id: one for one in POINTS}
    bench.registry = replace(REGISTRY, points=REGISTRY.points | points)
    return bench


def send(bench: Bench, kind: str, *metrics: bytes, seq: int | None = None, device: str = "") -> int:
    """Journal a message of the node or a device; its time, of which each has its own [ms]."""
    at = len(bench.journal.records.get(1, []))
    time_ms = NOW_US // 1000 - 1_000_000 + at
    topic = f"spBv1.0/G/{kind}/N{device and '/' + device}"
    bench.push(payload(*metrics, seq=seq, time_ms=time_ms), route=topic)
    return time_ms


def birth(bench: Bench, kind: str = "NBIRTH", device: str = "", **names: int) -> int:
    metrics = [born(name, alias, 10) for name, alias in names.items()]
    return send(bench, kind, *metrics, seq=0, device=device)


def stored(bench: Bench) -> dict[int, tuple[str, float]]:
    """What is stored by time [ms]."""
    points = bench.registry.points
    return {time // 1000: (points[p].name, value) for p, time, value, _ in bench.rows()}


Step = tuple[str, object]
maps = st.dictionaries(st.sampled_from(NAMES), st.integers(1, 3), max_size=3)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("birth"), maps),
        st.tuples(st.just("death"), st.none()),
        st.tuples(st.just("data"), st.integers(1, 3)),
        st.tuples(st.just("again"), st.none()),
        st.tuples(st.just("drain"), st.none()),
        st.tuples(st.just("restart"), st.none()),
    ),
    max_size=30,
)


def oracle(events: list[tuple[str, object]], at: int) -> str | None:
    """The name of an alias in a list of births, deaths and data, by the obvious way."""
    alias = events[at][1]
    said = [(n, one) for n, one in enumerate(events) if one[0] in ("birth", "death")]
    before = [one for n, one in said if n < at]
    after = [one for n, one in said if n > at]
    for kind, told in [*before[-1:], *after[:1]]:
        if kind == "birth":
            assert isinstance(told, dict)
            named_so = [name for name, of in told.items() if of == alias]
            if named_so:
                return str(named_so[-1])
    return None


def act(bench: Bench, kind: str, told: object, at: int) -> int | None:
    """Do one step; the time of what was sent [ms], None where nothing new was."""
    if kind == "birth":
        assert isinstance(told, dict)
        return birth(bench, **told)
    if kind == "death":
        return send(bench, "NDEATH")
    if kind == "data":
        assert isinstance(told, int)
        return send(bench, "NDATA", by_alias(told, real(13, float(at))))
    if kind == "again" and bench.journal.records.get(1):
        bench.journal.records[1].append(bench.journal.records[1][-1])
    elif kind == "drain":
        bench.drain()
    return None


@given(steps=steps, size=st.integers(1, 4))
def test_an_alias_is_named_by_the_births_around_it_however_they_are_taken_in(
    make_bench: MakeBench, steps: list[Step], size: int
) -> None:
    bench = ready(make_bench)
    bench.intake = bench.fresh(limit=size)
    events: list[Step] = []
    times: list[int] = []
    for kind, told in steps:
        time_ms = act(bench, kind, told, len(events))
        if kind == "restart":
            bench.intake = bench.fresh(limit=size)
        if time_ms is not None:
            events.append((kind, told))
            times.append(time_ms)
    bench.drain()
    wanted = {}
    for at, (kind, _) in enumerate(events):
        name = oracle(events, at) if kind == "data" else None
        if name is not None:
            wanted[times[at]] = (f"G/N.{name}", float(at))
    found = stored(bench)
    assert found == wanted
    unnamed = [reason for reason, _ in bench.reasons() if reason == "unknown_alias"]
    assert len(unnamed) == sum(kind == "data" for kind, _ in events) - len(wanted)
    before = bench.rows()
    bench.intake = bench.fresh(limit=5 - size)
    bench.intake.rebuild()
    assert bench.rows() == before


def test_what_a_birth_says_of_a_metric_holds_for_its_data(bench: Bench) -> None:
    """Its unit and data type, also where the data names it; not the word of a text."""
    bench = ready(lambda: bench)
    metrics = [
        born("a", 1, 3, unit="W"),
        born("text", 2, 12),
        born("when", 3, 13),
        born("b", 4, 11),
    ]
    send(bench, "NBIRTH", *metrics)
    data = [
        by_alias(3, whole(11, 1_790_000_000_000)),
        by_alias(1, whole(10, 2**32 - 500)),
        part(2, part(1, b"b") + whole(10, 1)),
        by_alias(2, part(15, b"word")),
    ]
    time_ms = send(bench, "NDATA", *data)
    bench.drain()
    assert [(point, value) for point, _, value, _ in bench.rows()] == [(10, -0.5), (11, 1.0)]
    assert {time for _, time, _, _ in bench.rows()} == {time_ms * 1000}
    assert bench.reasons() == []


def test_a_device_is_born_anew_after_its_node(bench: Bench) -> None:
    bench = ready(lambda: bench)
    birth(bench)
    birth(bench, "DBIRTH", "D", a=1)
    known = send(bench, "DDATA", by_alias(1, real(13, 1.0)), device="D")
    birth(bench)
    between = send(bench, "DDATA", by_alias(1, real(13, 2.0)), device="D")
    bench.drain()
    assert stored(bench) == {known: ("G/N/D.a", 1.0)}
    assert bench.reasons() == [("unknown_alias", 0)]
    birth(bench, "DBIRTH", "D", a=1)
    bench.drain()
    assert stored(bench) == {known: ("G/N/D.a", 1.0), between: ("G/N/D.a", 2.0)}
    send(bench, "DDEATH", device="D")
    send(bench, "DDATA", by_alias(1, real(13, 3.0)), device="D")
    send(bench, "NDEATH")
    birth(bench, "DBIRTH", "D", a=1)
    bench.drain()
    assert bench.reasons() == [("unknown_alias", 0)]


def test_the_death_of_an_earlier_birth_ends_nothing(bench: Bench) -> None:
    bench = ready(lambda: bench)
    send(bench, "NBIRTH", numbered(5), born("a", 1, 10))
    send(bench, "NDEATH", numbered(4))
    late = send(bench, "NDATA", by_alias(1, real(13, 1.0)))
    send(bench, "NDEATH", numbered(5))
    send(bench, "NDATA", by_alias(1, real(13, 2.0)))
    bench.drain()
    assert stored(bench) == {late: ("G/N.a", 1.0)}
    assert bench.reasons() == [("unknown_alias", 0)]


def test_a_historical_value_is_of_its_own_time(bench: Bench) -> None:
    bench = ready(lambda: bench)
    birth(bench, a=1)
    earlier = NOW_US // 1000 - 5_000_000
    historical = [
        by_alias(1, whole(5, 1), real(13, 1.0), *more) for more in ([], [whole(3, earlier)])
    ]
    send(bench, "NDATA", *historical)
    bench.drain()
    assert stored(bench) == {earlier: ("G/N.a", 1.0)}
    assert bench.reasons() == [("bad_time", 0)]


def test_gateways_name_nothing_for_each_other(bench: Bench) -> None:
    bench = ready(lambda: bench)
    birth(bench, a=1)
    data = payload(by_alias(1, real(13, 1.0)), time_ms=NOW_US // 1000)
    bench.push(data, route="spBv1.0/G/NDATA/N", gateway="s/h")
    bench.push(data, route="spBv1.0/G/NDATA/N", writer_no=2)
    bench.drain()
    bench.drain(2)
    assert stored(bench) == {}
    assert bench.reasons() == [("unknown_alias", 0)] * 2


def test_of_births_so_many_are_kept_and_none_of_before_is_taken_for_one_that_went(
    bench: Bench,
) -> None:
    bench = ready(lambda: bench)
    for _ in range(3 * MOST_VALUES):
        birth(bench, a=1)
    bench.drain()
    kept = bench.store.remembered("s/g")
    assert len(kept) == MOST_VALUES + 1
    assert [bool(one.value) for one in kept] == [False] + [True] * MOST_VALUES
    long = [born("x" * 120 + str(n), n, 10) for n in range(6_500)]
    longer = [born('"' * 110 + str(n), n, 10) for n in range(5_000)]
    for device, metrics in enumerate([longer] + [long] * 8):
        bench.push(payload(*metrics), route=f"spBv1.0/G/DBIRTH/N/{device}")
    bench.drain()
    kept = bench.store.remembered("s/g")
    sizes = {one.key: len(one.value) for one in kept}
    assert sizes["G/N/8"] > 0
    assert "G/N/0" not in sizes  # too long: nothing is kept of it, and that went with the oldest
    assert sum(len(one.value) for one in kept) <= MOST_BYTES
    assert bench.fresh().step(1).records == 0
