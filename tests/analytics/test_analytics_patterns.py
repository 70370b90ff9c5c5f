"""What a place lacks is what its detectors need and nobody registered, no more."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from analytics.detectors import DETECTORS
from analytics.detectors.site import Input
from analytics.patterns import CATALOGUE, REQUIRED, Checking, Need, checked, provided
from metering.reading import Kind
from metering.registry import Installation, Meter, Node, NodeType, Point, Registry, SpaceEdge
from metering.validity import Validity

DAY = date(2026, 5, 4)


def registry(*meters: Meter, gateways: tuple[str, ...] = ("s/g",), **more: object) -> Registry:
    """A site with a building; each meter has a point, of the gateways in turn."""
    nodes = [Node("s", NodeType.SITE, zone="UTC"), Node("b", NodeType.BUILDING)]
    points = [
        Point(n, gateways[n % len(gateways)], one.code, Kind.REGISTER, one.unit)
        for n, one in enumerate(meters)
    ]
    return Registry(
        nodes={one.code: one for one in nodes},
        space=(SpaceEdge("s", "b"),),
        meters={one.code: one for one in meters},
        points={one.id: one for one in points},
        installations=tuple(Installation(one.name, one.id) for one in points),
        **more,  # type: ignore[arg-type]
    )


def of(known: Registry) -> frozenset[Need]:
    return provided(known, ["s", "b"], DAY)


def test_every_input_and_every_detector_can_be_told() -> None:
    assert REQUIRED.keys() == set(Input)
    told = [one.pattern for one in checked(())]
    assert sorted(told) == sorted(
        DETECTORS.keys() | {name for names in CATALOGUE.values() for name in names}
    )


@given(st.frozensets(st.sampled_from(Need)))
def test_a_pattern_is_checked_where_nothing_is_lacking(there: frozenset[Need]) -> None:
    for one in checked(there):
        detector = DETECTORS.get(one.pattern)
        if detector is None:
            assert (one.checking, one.needs) == (Checking.NOT_THERE, ())
            continue
        wanted = {need for given in detector.needs for need in REQUIRED[given]}
        assert set(one.needs) == wanted - there
        assert (one.checking is Checking.CHECKED) == (not one.needs)


def test_an_empty_place_lacks_all_that_is_looked_for() -> None:
    assert provided(registry(), ["s", "b"], DAY) == frozenset()
    assert {one.checking for one in checked(())} == {Checking.NEEDS, Checking.NOT_THERE}


def test_a_meter_counts_with_its_readings_its_days_and_its_step() -> None:
    assert of(registry(Meter("m", "b", "01000"))) == {Need.METER, Need.HOURLY_ENERGY}
    assert of(registry(Meter("m", "b", "01000", step_min=1440))) == {Need.METER}
    assert of(registry(Meter("m", "b", "01000", valid=Validity(date(2026, 6, 1))))) == frozenset()
    assert Need.HOURLY_FLOW in of(registry(Meter("m", "b", "02000", step_min=60)))
    bare = registry(Meter("m", "b", "01000"))
    assert of(Registry(nodes=bare.nodes, space=bare.space, meters=bare.meters)) == frozenset()


def test_a_total_has_parts_of_its_own_energy_at_its_place_or_below() -> None:
    total = Meter("t", "b", "01000", total=True)
    assert Need.TOTAL_WITH_PARTS in of(registry(total, Meter("p", "b", "01B00")))
    assert Need.TOTAL_WITH_PARTS not in of(registry(total, Meter("p", "b", "02000")))
    assert Need.TOTAL_WITH_PARTS not in of(registry(total, Meter("p", "s", "01B00")))
    above = Meter("t", "s", "01000", total=True)
    assert Need.TOTAL_WITH_PARTS in of(registry(above, Meter("p", "b", "01000", total=True)))


def test_a_gateway_serves_two_meters() -> None:
    two = (Meter("m", "b", "01000"), Meter("n", "b", "01B00"))
    assert Need.GATEWAY_OF_METERS in of(registry(*two))
    assert Need.GATEWAY_OF_METERS not in of(registry(*two, gateways=("s/g", "s/h")))
