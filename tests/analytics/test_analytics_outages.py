"""Gaps of a gateway's meters: one case, which names them; what is apart stays apart."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import Inputs, find
from analytics.feeding_outages import site_served
from analytics.outages import Outage, Served, outages
from analytics.stays import ALL_TIME
from metering.book import RegisterEvent
from metering.finding import Case, CaseState
from metering.localtime import HOUR_US, MINUTE_US, day_bounds
from metering.quality import MISSING, all_of
from metering.quantity import ABSENT
from metering.reading import Kind
from metering.registry import (
    Gateway,
    Installation,
    Meter,
    Node,
    NodeType,
    Point,
    Registry,
    SpaceEdge,
)
from metering.validity import Validity
from tests.analytics.conftest import Campus, Platform, window

Make = Callable[..., Any]
QUARTER_US = 15 * MINUTE_US
BASE_US = 500_000 * HOUR_US


def gap(meter: str, start_min: int, end_min: int, kind: str = "gap") -> RegisterEvent:
    start, end = BASE_US + start_min * MINUTE_US, BASE_US + end_min * MINUTE_US
    return RegisterEvent("bureau", meter, kind, start, end)


def served(meter: str, gateway: str = "s/g", step_min: int = 15, *places: str) -> Served:
    return Served(meter, gateway, step_min, places or ("house", "site"), *ALL_TIME)


def behind(*meters: str, gateway: str = "s/g") -> list[Served]:
    return [served(one, gateway) for one in meters]


def told(found: tuple[Outage, ...]) -> list[tuple[str, str]]:
    return [(" ".join(one.gateways), " ".join(one.meters)) for one in found]


def test_gaps_that_begin_and_end_together_are_one_outage() -> None:
    events = [gap("a", 0, 300), gap("b", 15, 290), gap("c", -15, 315), gap("d", 0, 346)]
    (found,) = outages(events, behind("a", "b", "c", "d", "e"))
    assert (found.meters, found.served, found.subject) == (("a", "b", "c"), 5, "a")
    assert (found.start_us, found.end_us) == (BASE_US - QUARTER_US, BASE_US + 315 * MINUTE_US)
    assert found.gaps == {(e.meter, e.start_us, e.end_us) for e in events[:3]}
    assert found.whole == 4 / 7


def test_what_is_no_gap_short_alone_or_of_no_gateway_is_none() -> None:
    meters = behind("a", "b")
    assert outages([gap("a", 0, 300), gap("b", 0, 300, "stuck")], meters) == ()
    assert outages([gap("a", 0, 59), gap("b", 0, 59)], meters) == ()
    assert outages([gap("a", 0, 300), gap("b", 400, 700)], meters) == ()
    assert outages([gap("a", 0, 300), gap("x", 0, 300)], meters) == ()
    assert outages([gap("a", 0, 300), gap("a", 0, 300)], meters) == ()


def test_a_meter_that_is_read_daily_is_held_against_its_own_interval() -> None:
    """Its gap of two days agrees with none of five hours, though both ends are within two days."""
    meters = [*behind("a"), served("daily", "s/g", 1440)]
    assert outages([gap("a", 0, 300), gap("daily", -1440, 1440)], meters) == ()
    (found,) = outages([gap("a", 0, 6000), gap("daily", -900, 6400)], meters)
    assert found.meters == ("a", "daily")


def test_gateways_that_fall_silent_together_are_one_matter_and_a_lone_meter_beside_is_not() -> None:
    meters = [
        *behind("a", "b", gateway="s/g"),
        *behind("c", gateway="s/h"),
        *behind("d", "e", "f", "g", gateway="s/k"),
    ]
    events = [gap(one, 0, 300) for one in "abcd"]
    assert told(outages(events, meters)) == [("s/g s/h", "a b c")]
    assert told(outages([gap("a", 0, 300), gap("d", 0, 300), gap("e", 0, 300)], meters)) == [
        ("s/g s/k", "a d e")
    ]
    assert told(outages([gap("d", 0, 300), gap("a", 100, 400)], meters)) == []


def test_the_gateway_that_serves_at_the_time_counts() -> None:
    moved = BASE_US + 1000 * MINUTE_US
    meters = [
        *behind("a", "b"),
        replace(served("c", "s/old"), end_us=moved),
        replace(served("c", "s/g"), start_us=moved),
    ]
    events = [gap(one, at, at + 300) for one in "abc" for at in (0, 2000)]
    before, after = outages(events, meters)
    assert (before.meters, before.served) == (("a", "b", "c"), 3)
    assert before.gateways == ("s/g", "s/old")
    assert (after.gateways, after.served, after.subject) == (("s/g",), 3, "a")


def test_the_place_is_the_nearest_that_holds_all_meters_of_the_gateway() -> None:
    meters = [
        served("a", "s/g", 15, "floor-1", "house", "site"),
        served("b", "s/g", 15, "floor-2", "house", "site"),
        served("c", "s/g", 15, "yard", "site"),
    ]
    events = [gap("a", 0, 300), gap("b", 0, 300)]
    assert outages(events, meters[:2])[0].place == "house"
    assert outages(events, meters)[0].place == "site"
    alone = replace(meters[2], places=("elsewhere",))
    assert outages(events, [*meters[:2], alone])[0].place == ""


@given(
    st.lists(
        st.tuples(st.sampled_from("abcdef"), st.integers(0, 40), st.integers(4, 40)), max_size=14
    )
)
def test_whatever_the_order_each_gap_counts_once_and_members_agree(
    spans: list[tuple[str, int, int]],
) -> None:
    meters = [*behind("a", "b", "c", gateway="s/g"), *behind("d", "e", "f", gateway="s/h")]
    events = [gap(one, 15 * start, 15 * (start + size)) for one, start, size in spans]
    found = outages(events, meters)
    assert found == outages(events[::-1], meters)
    told_gaps = [one for each in found for one in each.gaps]
    assert len(told_gaps) == len(set(told_gaps))
    assert set(told_gaps) <= {(e.meter, e.start_us, e.end_us) for e in events}
    for one in found:
        assert len(one.meters) > 1
        assert set(one.meters) == {meter for meter, _, _ in one.gaps}
        assert 0 < one.whole < 1
        for first, second in combinations(one.gaps, 2):
            assert abs(first[1] - second[1]) <= 4 * QUARTER_US
            assert abs(first[2] - second[2]) <= 4 * QUARTER_US


def test_installations_say_which_gateway_serves_a_meter_and_since_when() -> None:
    day = date(2026, 3, 1)
    registry = Registry(
        nodes={
            "site": Node("site", NodeType.SITE, zone="Asia/Shanghai"),
            "house": Node("house", NodeType.BUILDING),
        },
        space=(SpaceEdge("site", "house"),),
        gateways={"site/g": Gateway("site", "g"), "site/h": Gateway("site", "h")},
        meters={"m": Meter("m", "house", "01000"), "sum": Meter("sum", "house", "01000")},
        points={
            1: Point(1, "site/g", "E1", Kind.REGISTER, "kWh"),
            2: Point(2, "site/h", "E1", Kind.REGISTER, "kWh"),
        },
        installations=(
            Installation("m", 1, valid=Validity(None, day)),
            Installation("m", 2, valid=Validity(day, None)),
        ),
    )
    turn = day_bounds(day, "Asia/Shanghai")[0]
    meters = list(registry.meters.values())
    both = site_served(registry, meters, {})
    assert both == (
        Served("m", "site/g", 15, ("house", "site"), ALL_TIME[0], turn),
        Served("m", "site/h", 15, ("house", "site"), turn, ALL_TIME[1]),
    )
    (late,) = site_served(registry, meters, {"m": (turn + 5, ALL_TIME[1])})
    assert (late.gateway, late.start_us) == ("site/h", turn + 5)


def silent(
    place: Campus, codes: list[str], day: date = date(2026, 11, 4), hours: tuple[int, int] = (9, 14)
) -> Inputs:
    """Inputs in which meters of one gateway are silent over the same hours."""
    start, end = (place.at(day, hour) for hour in hours)
    inputs = place.inputs()
    rows = [Served(code, "campus/gw-1", 15, ("campus",), *ALL_TIME) for code in place.codes]
    events = [RegisterEvent("bureau", code, "gap", start, end) for code in codes]
    first, last = np.searchsorted(inputs.hours_us, (start, end))
    for code in codes:
        inputs.energy[place.row(code), first:last] = ABSENT
        inputs.shares[place.row(code), first:last] = all_of(MISSING, int(last - first))
    return replace(inputs, events=events, outages=outages(events, rows))


def test_one_outage_is_one_finding_that_names_its_meters(campus: Make) -> None:
    place = campus(36)
    (finding,) = find(silent(place, place.codes))
    assert (finding.pattern, finding.meter, finding.node) == (
        "gateway_silent",
        min(place.codes),
        "campus",
    )
    assert finding.detail["meters"] == " ".join(sorted(place.codes))
    assert (finding.detail["gateways"], finding.cause) == ("campus/gw-1", "gateway_down")
    assert finding.confidence == pytest.approx(9 / 10)
    assert (finding.expected, finding.measured, finding.waste, finding.costs) == (None, None, 0, ())
    assert len(finding.hours_us) == 5


def test_two_of_eight_point_to_a_line_and_one_alone_to_the_meter(campus: Make) -> None:
    place = campus(36)
    (two,) = find(silent(place, place.codes[1:3]))
    assert (two.cause, two.detail["also"]) == ("line_down", "gateway_down")
    assert two.confidence == two.detail["odds"] == pytest.approx(0.7)
    (one,) = find(silent(place, place.codes[1:2]))
    assert (one.pattern, one.meter) == ("meter_gap", place.codes[1])


def looked(platform: Platform, day: date, inputs: Inputs) -> list[Case]:
    """The cases after a look at the end of a day whose faults are those of other inputs."""
    cut = window(platform.place, date.min, day).inputs()
    hours = cut.hours_us.size
    return platform.look(
        day,
        events=inputs.events,
        outages=inputs.outages,
        energy=inputs.energy[:, :hours],
        shares=inputs.shares[:, :hours],
    )


def test_an_outage_takes_over_the_gaps_that_were_told_before_it_was_seen(campus: Make) -> None:
    platform = Platform(campus(36))
    place, day = platform.place, date(2026, 11, 6)
    alone = looked(platform, day, silent(place, place.codes[:1]))
    assert [(c.evidence.pattern, c.closed) for c in alone] == [("meter_gap", "")]
    both = looked(platform, day, silent(place, place.codes))
    assert {(c.evidence.pattern, c.closed) for c in both} == {
        ("meter_gap", "merged"),
        ("gateway_silent", ""),
    }
    again = looked(platform, day, silent(place, place.codes[:1]))
    assert sorted((c.evidence.pattern, c.closed) for c in again) == [
        ("gateway_silent", "refuted"),
        ("meter_gap", ""),
        ("meter_gap", "merged"),
    ]


def test_an_outage_that_people_settled_meter_by_meter_is_not_told_again(campus: Make) -> None:
    platform = Platform(campus(36))
    place, day = platform.place, date(2026, 11, 6)
    gaps = replace(silent(place, place.codes), outages=())
    cases = looked(platform, day, gaps)
    assert len(cases) == len(place.codes)
    for case in cases[1:]:
        platform.say(case.number, CaseState.FIXED)
    platform.say(cases[0].number, CaseState.EXPECTED)
    after = looked(platform, day, silent(place, place.codes))
    assert {case.evidence.pattern for case in after} == {"meter_gap"}


def test_a_case_grows_with_the_next_outage_of_its_gateway_and_names_all(campus: Make) -> None:
    platform = Platform(campus(36))
    place = platform.place
    first = silent(place, place.codes[:4], date(2026, 11, 4))
    (once,) = looked(platform, date(2026, 11, 6), first)
    second = silent(place, place.codes[2:], date(2026, 11, 12))
    both = replace(
        second,
        events=[*first.events, *second.events],
        outages=(*first.outages, *second.outages),
    )
    (twice,) = looked(platform, date(2026, 11, 14), both)
    assert (once.number, twice.number) == (1, 1)
    assert len(twice.evidence.hours_us) == 10
    assert twice.evidence.detail["meters"] == " ".join(sorted(place.codes))
