"""A place that goes over to another institution while a case of it lasts: each is told of its own
days, and of no other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from analytics import look, settle
from analytics.stays import ALL_TIME, Stay, stay_of
from metering.finding import Case, CaseState
from metering.localtime import day_bounds
from metering.registry import Node, NodeType, Registry, SpaceEdge
from metering.validity import Validity
from storage.memory import MemoryFindings
from tests.analytics.conftest import ZONE, Campus, window
from tests.analytics.test_analytics_balance import BREAKS, World, broken
from tests.analytics.test_analytics_balance import FIRST as BEGINS

Make = Callable[..., Campus]
FIRST = date(2026, 10, 19)
"""A Monday, on whose night the plant stays on."""
MOVE = FIRST + timedelta(days=4)
MOVE_US = day_bounds(MOVE, ZONE)[0]
OLD, NEW = (ALL_TIME[0], MOVE_US), (MOVE_US, ALL_TIME[1])


class Cases:
    """What is told of a campus, whose looks keep no baselines."""

    def __init__(self, place: Campus) -> None:
        self.place, self.findings = place, MemoryFindings()

    def look(self, last: date, body: str, stay: Stay, *, also: str = "") -> None:
        """A look of a site of an institution at the end of a day; cases of another one that the
        site was of are known to it."""
        inputs = window(self.place, date.min, last).inputs()
        own = dict.fromkeys(self.place.codes, stay)
        seen = look(replace(inputs, institution=body, own=own))
        known = [case for one in {body, also} for case in self.findings.known(one, 0)]
        self.findings.record(settle(known, seen), now_us=inputs.now_us)

    def of(self, body: str) -> list[Case]:
        return self.findings.list(frozenset({body}), pattern="after_hours_plant")


def plant(campus: Make) -> Cases:
    place = campus(33)
    place.run_nights("east-ac", FIRST, 8, 0.6)
    return Cases(place)


def check(old: Case, new: Case) -> None:
    """Nothing of the other's days is in either."""
    assert old.number != new.number
    assert (old.state, old.closed) == (CaseState.CLOSED, "moved")
    assert new.stands
    assert old.evidence.end_us <= MOVE_US <= new.evidence.start_us
    for case, stay in ((old, OLD), (new, NEW)):
        told = case.evidence
        assert told.hours_us
        for at in (*told.hours_us, *(row[0] for row in told.hourly)):
            assert stay[0] <= at < stay[1]
        example = told.detail.get("example_us", told.start_us)
        assert stay[0] <= int(example) < stay[1]


def test_a_building_that_moves_to_another_site_ends_one_case_and_begins_another(
    campus: Make,
) -> None:
    """Both sites know it: each is looked at for the time in which it was its own."""
    cases = plant(campus)
    cases.look(MOVE - timedelta(days=1), "bureau", ALL_TIME)
    (before,) = cases.of("bureau")
    assert before.stands
    for days in (1, 3, 8):
        for body, stay in (("bureau", OLD), ("school", NEW)):
            cases.look(MOVE + timedelta(days=days), body, stay)
    (old,), (new,) = cases.of("bureau"), cases.of("school")
    assert old.number == before.number
    check(old, new)


@pytest.mark.long
def test_a_site_that_moves_whole_ends_one_case_and_begins_another(campus: Make) -> None:
    cases = plant(campus)
    cases.look(MOVE - timedelta(days=1), "bureau", ALL_TIME)
    for days in (1, 3, 8):
        cases.look(MOVE + timedelta(days=days), "school", NEW, also="bureau")
    (old,), (new,) = cases.of("bureau"), cases.of("school")
    check(old, new)


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.sampled(1)
def test_a_move_that_is_told_late_takes_the_days_since_out_of_the_old_case(
    campus: Make, whole: bool
) -> None:
    cases = plant(campus)
    cases.look(MOVE + timedelta(days=3), "bureau", ALL_TIME)
    (before,) = cases.of("bureau")
    assert before.evidence.end_us > MOVE_US
    if not whole:
        cases.look(MOVE + timedelta(days=3), "bureau", OLD)
    cases.look(MOVE + timedelta(days=3), "school", NEW, also="bureau" if whole else "")
    (old,), (new,) = cases.of("bureau"), cases.of("school")
    check(old, new)


def test_what_people_settled_of_the_old_case_stays_as_they_said(campus: Make) -> None:
    cases = plant(campus)
    cases.look(MOVE - timedelta(days=1), "bureau", ALL_TIME)
    (before,) = cases.of("bureau")
    settled = cases.findings.set_state(before.id, CaseState.FIXED, by="x", note="", now_us=1)
    cases.look(MOVE + timedelta(days=3), "school", NEW, also="bureau")
    assert cases.of("bureau") == [settled]
    assert len(cases.of("school")) == 1


def moved(inside: bool) -> Registry:
    """A building that goes over to another site, or whose whole site does."""
    nodes = {
        "a": Node("a", NodeType.INSTITUTION, zone=ZONE),
        "b": Node("b", NodeType.INSTITUTION, zone=ZONE),
        "s": Node("s", NodeType.SITE),
        "t": Node("t", NodeType.SITE),
        "h": Node("h", NodeType.BUILDING),
    }
    until, since = Validity(None, MOVE), Validity(MOVE, None)
    own, other = SpaceEdge("a", "s"), SpaceEdge("b", "t")
    edges = (
        (own, SpaceEdge("s", "h", valid=until), other, SpaceEdge("t", "h", valid=since))
        if inside
        else (
            replace(own, valid=until),
            SpaceEdge("b", "s", valid=since),
            other,
            SpaceEdge("s", "h"),
        )
    )
    return Registry(version=1, nodes=nodes, space=edges)


def test_a_stay_is_the_time_in_a_site_of_an_institution() -> None:
    known = moved(inside=True)
    assert stay_of(known, "s", "h", "a") == OLD
    assert stay_of(known, "t", "h", "b") == NEW
    assert stay_of(known, "s", "s", "a") == ALL_TIME
    assert stay_of(known, "s", "h", "b") == (0, 0)
    known = moved(inside=False)
    assert stay_of(known, "s", "h", "a") == OLD
    assert stay_of(known, "s", "h", "b") == NEW


def test_a_balance_of_a_place_that_moved_begins_a_new_history() -> None:
    """The drift before the move is the old owner's alone; the new one is told of what drifts from
    its own days."""
    world: World = broken(days=90, last=90)
    world.look(BREAKS + 6)
    since = BEGINS + timedelta(days=BREAKS + 8)
    edges = (
        SpaceEdge("o", "s", valid=Validity(None, since)),
        SpaceEdge("p", "s", valid=Validity(since, None)),
    )
    nodes = {**world.registry.nodes, "p": Node("p", NodeType.INSTITUTION, zone=ZONE)}
    world.registry = replace(world.registry, nodes=nodes, space=edges)
    world.energy["power"][(BREAKS + 30) * 24 :] *= 0.5
    (old,) = world.look(BREAKS + 20)
    assert (old.evidence.institution, old.closed) == ("o", "moved")
    both = world.look(BREAKS + 36)
    (new,) = (one for one in both if one.evidence.institution == "p")
    assert new.evidence.start_us == day_bounds(BEGINS + timedelta(days=BREAKS + 30), ZONE)[0]
    assert min(row[0] for row in new.evidence.hourly) >= day_bounds(since, ZONE)[0]
    assert len(new.evidence.hours_us) == 6 * 24
