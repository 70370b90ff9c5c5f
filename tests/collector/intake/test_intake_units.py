"""Bare numbers are in the unit their point was registered with."""

from collector.intake.resolve import Resolver
from metering.reading import Kind
from metering.registry import Point, Registry


def test_a_sensor_registered_in_fahrenheit_sends_fahrenheit() -> None:
    point = Point(1, "s/g", "T1", Kind.INSTANT, "C", sent_unit="F")
    resolver = Resolver(Registry(points={1: point}))
    assert resolver.sent_unit(point) == "F"


def test_a_point_registered_in_its_canonical_unit_sends_that() -> None:
    point = Point(1, "s/g", "T1", Kind.INSTANT, "C")
    assert Resolver(Registry(points={1: point})).sent_unit(point) == "C"
