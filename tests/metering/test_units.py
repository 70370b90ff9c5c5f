"""Units: every unit has one canonical unit, and conversion says so or refuses."""

from fractions import Fraction

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
        ("t", 1.25, "kg", 1250),
        ("g", 250, "kg", 0.25),
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


def booked(value: Fraction, sent: str, meter: str) -> Fraction:
    """Book units of a value as sent, in a meter's unit."""
    one = units.unit(sent)
    per = units.BOOK_UNITS[meter].per_canonical
    return value * one.factor * units.equivalent(one.canonical, meter) * per


@given(
    st.integers(-(10**12), 10**12),
    st.sampled_from(["mWh", "Wh", "kWh", "MWh", "GWh", "kJ", "MJ", "GJ"]),
)
def test_heat_is_the_same_whatever_its_meter_counts(kilojoules, sent):
    """Exactly: a kWh is 3,600 kJ, through every unit and back."""
    of_one = booked(Fraction(1), sent, "MJ")
    assert booked(kilojoules / of_one, sent, "MJ") == kilojoules
    joules = {"Wh": 3600, "J": 1}[sent.lstrip("mkMG")] * units.unit(sent).factor
    base = 1000 if sent.endswith("Wh") else 10**6
    assert of_one == joules * base / 1000


def test_only_heat_may_be_counted_in_another_dimension():
    assert units.counts_for("MJ") == ["MJ", "kWh"]
    for meter in units.BOOK_UNITS:
        if meter != "MJ":
            assert units.counts_for(meter) == [meter]
        for counted in units.counts_for(meter):
            power = units.POWER_OF_ENERGY.get(counted)
            if power is not None and power in ("kW", "kvar"):
                assert units.equivalent(power, meter) == units.equivalent(
                    "kWh" if power == "kW" else "kvarh", meter
                )


def test_reactive_energy_is_a_category_of_its_own():
    assert items.category("90000").unit == "kvarh"
    assert not items.covers("01000", "90000")
    assert not items.covers("90000", "01000")
