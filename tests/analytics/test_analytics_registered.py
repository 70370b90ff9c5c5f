"""Office hours and limits as they are registered, and what they change about findings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from analytics import Limits, OfficeHours, Working, find, look
from analytics.registered import limits, timetables
from analytics.service import alike
from metering.finding import Finding
from metering.registry import Meter, Node, NodeType, Registry, SpaceEdge, Validity
from metering.registry.facts.limits import COUNTS, SIZES, DetectionLimit
from metering.registry.facts.office_hours import WorkingHours
from tests.analytics.conftest import Campus
from tests.registry_examples import registered

Make = Callable[..., Campus]
MAY, JULY = date(2026, 5, 1), date(2026, 7, 1)
NODES = {"o": NodeType.INSTITUTION, "s": NodeType.SITE, "b": NodeType.BUILDING, "f": NodeType.FLOOR}


def registry(*hours: WorkingHours, limits: tuple[DetectionLimit, ...] = ()) -> Registry:
    """A floor in a building that moves to another site in July."""
    return Registry(
        nodes={code: Node(code, kind) for code, kind in NODES.items()}
        | {"t": Node("t", NodeType.SITE)},
        space=(
            SpaceEdge("o", "s"),
            SpaceEdge("o", "t"),
            SpaceEdge("s", "b", valid=Validity(None, JULY)),
            SpaceEdge("t", "b", valid=Validity(JULY)),
            SpaceEdge("b", "f"),
        ),
        meters={"m": Meter("m", "f", "01000"), "n": Meter("n", "s", "01000")},
        more={"office_hours": hours, "limit": limits},
    )


def week(known: Registry, meter: str = "m") -> list[tuple[date, int, int]]:
    found = timetables(known, known.meters.values()).get(meter, (Working(),))
    return [(one.since, one.hours.opens, one.hours.closes) for one in found]


USUAL = [(date.min, 8, 18)]


def test_the_usual_week_holds_where_nothing_is_registered() -> None:
    assert timetables(Registry(), [Meter("m", "f", "01000")]) == {}
    assert week(registry(WorkingHours("t", 0, 1440)), "n") == USUAL
    assert limits(Registry(), [], MAY) == {}


def test_the_nearest_place_above_wins_day_by_day() -> None:
    office = WorkingHours("o", 510, 1050)
    own = WorkingHours("b", 420, 960, valid=Validity(MAY, date(2026, 6, 1)))
    other = WorkingHours("t", 540, 1200)
    assert week(registry(office)) == [(date.min, 8, 18)], "half hours are office hours"
    assert week(registry(replace(office, start_min=540, end_min=1020))) == [(date.min, 9, 17)]
    late = replace(office, start_min=600)
    assert week(registry(late, own, other)) == [
        (date.min, 10, 18),
        (MAY, 7, 16),
        (date(2026, 6, 1), 10, 18),
        (JULY, 9, 20),
    ]
    assert week(registry(late, own, other), "n") == [(date.min, 10, 18)]


def test_days_of_the_week_are_read() -> None:
    assert WorkingHours("b", 0, 60, "1,3-4,7").weekdays == {0, 2, 3, 6}
    found = timetables(registered("office_hours.csv"), [Meter("charging", "b", "01000")])
    first, second = found["charging"]
    assert first.hours == second.hours == OfficeHours(7, 16)
    assert (first.weekdays, second.weekdays) == (frozenset(range(5)), frozenset(range(6)))
    assert second.since == MAY


def test_the_limit_of_the_meter_stands_before_those_of_places() -> None:
    known = registry(
        limits=(
            DetectionLimit("sigmas", Decimal("2.5")),
            DetectionLimit("nights", Decimal(3), node="o"),
            DetectionLimit("nights", Decimal(4), node="b", valid=Validity(MAY)),
            DetectionLimit("nights", Decimal(1), meter="n"),
        )
    )
    meters = list(known.meters.values())
    assert limits(known, meters, MAY) == {
        "m": Limits(sigmas=2.5, nights=4),
        "n": Limits(sigmas=2.5, nights=1),
    }
    assert limits(known, meters, date(2026, 4, 30))["m"].nights == 3


def test_every_limit_of_the_detectors_can_be_registered() -> None:
    for name in (*SIZES, *COUNTS):
        known = registry(limits=(DetectionLimit(name, Decimal(7)),))
        found = limits(known, known.meters.values(), MAY)["m"]
        assert getattr(found, name) == 7
        assert type(getattr(found, name)) is type(getattr(Limits(), name))
        assert replace(found, **{name: getattr(Limits(), name)}) == Limits()


def named(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.pattern, finding.meter) for finding in findings]


def of_west(place: Campus, one: Working) -> dict[str, tuple[Working, ...]]:
    return {code: (one,) for code in place.codes if code.startswith("west")}


@pytest.mark.long
def test_an_early_stop_shows_where_its_hours_are_registered(campus: Make) -> None:
    """Two weeks in which the plant runs until 22:00: half of that is the edge of usual hours."""
    place = campus(51)
    day = (place.clock.day >= place.clock.day[-1] - 13) & place.clock.working
    inside = day & (place.clock.hour >= 18) & (place.clock.hour < 22)
    place._raise("west-ac", inside, 1.2)
    usual = find(place.inputs())
    early = Working(hours=OfficeHours(7, 15))
    told = find(replace(place.inputs(), weeks=of_west(place, early)))
    assert ("after_hours_plant", "west-ac") in named(told)
    assert ("late_stop", "west-ac") in named(usual), "by the hours it has kept so far"


def test_a_run_on_saturdays_is_none_where_people_work_on_them(campus: Make) -> None:
    place = campus(36)
    place.run_days("west-ac", date(2026, 11, 14), 1)
    place.run_days("west-ac", date(2026, 11, 21), 1)
    assert ("weekend_run", "west-ac") in named(find(place.inputs()))
    six = Working(date.min, weekdays=frozenset(range(6)))
    told = find(replace(place.inputs(), weeks=of_west(place, six)))
    assert ("weekend_run", "west-ac") not in named(told)


@pytest.mark.long
def test_meters_that_are_alike_are_judged_as_by_themselves(campus: Make) -> None:
    """Another week or other limits for one building changes nothing about the other."""
    place = campus(30)
    place.run_nights("east-ac", date(2026, 11, 9), 4, 0.7)
    inputs = place.inputs()
    usual = look(inputs)
    strict = {code: Limits(sigmas=1e9) for code in place.codes if code.startswith("west")}
    parts = replace(inputs, limits=strict)
    assert [len(one.meters) for one in alike(inputs)] == [8]
    assert [len(one.meters) for one in alike(parts)] == [4, 4]
    apart = look(parts)
    assert [(f.pattern, f.meter, f.hours_us) for f in apart.findings] == [
        (f.pattern, f.meter, f.hours_us) for f in usual.findings if f.meter.startswith("east")
    ]
    assert [p.meter for p in apart.progress] == [p.meter for p in usual.progress]
    assert {one.meter for one in apart.made} == {one.meter for one in usual.made}


def test_what_a_meter_below_explains_is_told_once_over_all_of_them(campus: Make) -> None:
    place = campus(30)
    place.run_nights("east-ac", date(2026, 11, 9), 4, 0.7)
    inputs = place.inputs()
    own = replace(inputs, limits={"east-total": Limits(nights=1)})
    assert [len(one.meters) for one in alike(own)] == [1, 7]
    assert named(find(own)) == named(find(inputs)) == [("after_hours_plant", "east-ac")]


def test_the_name_of_a_version_is_as_before_where_nothing_is_registered(campus: Make) -> None:
    place = campus(30)
    usual = look(place.inputs())
    same = look(replace(place.inputs(), weeks=dict.fromkeys(place.codes, (Working(),))))
    early = (Working(), Working(date(2026, 10, 1), OfficeHours(7, 16)))
    later = (Working(), Working(date(2026, 11, 1), OfficeHours(7, 16)))
    dated = [
        look(replace(place.inputs(), weeks=dict.fromkeys(place.codes, one)))
        for one in (early, later)
    ]
    assert [v.inputs for v in same.made] == [v.inputs for v in usual.made]
    names = [[v.inputs for v in one.made] for one in (usual, *dated)]
    assert all(len(set(pair)) == 3 for pair in zip(*names, strict=True))
    assert np.array_equal(usual.energy, dated[0].energy)


@pytest.mark.parametrize("hours", [OfficeHours(0, 24), OfficeHours(0, 1), OfficeHours(23, 24)])
@pytest.mark.sampled(1)
def test_any_hours_can_be_worked(campus: Make, hours: OfficeHours) -> None:
    place = campus(30)
    find(replace(place.inputs(), weeks=dict.fromkeys(place.codes, (Working(hours=hours),))))
