"""Units: every unit has one canonical unit, and conversion says so or refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering import items, units
from metering.errors import InvalidInput

NAMES = st.sampled_from(sorted(units.UNITS))


@given(NAMES)
def test_canonical_units_are_their_own(name):
    canonical = units.unit(name).canonical
    assert units.conversion(canonical, canonical) == (1.0, 0.0)


@given(NAMES, NAMES)
def test_conversion_stays_within_a_dimension(sent, other):
    target = units.unit(other).canonical
    if units.unit(sent).canonical == target:
        factor, _ = units.conversion(sent, target)
        assert factor > 0
    else:
        with pytest.raises(InvalidInput) as refused:
            units.conversion(sent, target)
        assert refused.value.value == sent
        assert target in str(refused.value.fix)


@pytest.mark.parametrize(
    ("sent", "value", "canonical", "expected"),
    [
        ("MWh", 1.5, "kWh", 1500),
        ("Wh", 250, "kWh", 0.25),
        ("GJ", 2, "MJ", 2000),
        ("L", 12, "m3", 0.012),
        ("m³", 3, "m3", 3),
        ("F", 212, "C", 100),
        ("F", -40, "C", -40),
        ("K", 273.15, "C", 0),
        ("m3/h", 6, "L/min", 100),
        ("Mvar", 0.5, "kvar", 500),
    ],
)
def test_known_conversions(sent, value, canonical, expected):
    factor, offset = units.conversion(sent, canonical)
    assert value * factor + offset == pytest.approx(expected)


@pytest.mark.parametrize("name", ["", "kwh", "KWH", None, 3, "kW h"])
def test_an_unknown_unit_is_named_with_the_known_ones(name):
    with pytest.raises(InvalidInput) as refused:
        units.unit(name)
    assert refused.value.field == "unit"
    assert "kWh" in str(refused.value.fix)


def test_every_category_can_be_booked():
    for category in items.CATEGORIES.values():
        assert units.BOOK_UNITS[category.unit].per_canonical > 0


def test_book_units_agree_with_the_unit_table():
    for canonical, book in units.BOOK_UNITS.items():
        assert units.unit(book.name).canonical == canonical
        assert units.unit(book.name).factor * book.per_canonical == 1
