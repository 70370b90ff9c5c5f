"""Units: what a gateway may send, what is stored, and the integers that are booked.

A reading is stored in the *canonical* unit of its dimension; energy, volume and mass are
booked as integers of a *book unit* small enough that rounding never shows:

    sent           canonical      booked
    Wh kWh MWh  -> kWh      x 1e6 -> mWh
    L m3        -> m3       x 1e6 -> mL
    kJ MJ GJ    -> MJ       x 1e3 -> kJ
    varh kvarh  -> kvarh    x 1e6 -> mvarh
    g kg t      -> kg       x 1e6 -> mg

Heat and cooling are booked in MJ whatever their meter counts: a kWh of them is 3.6 MJ.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from metering.errors import InvalidInput


@dataclass(frozen=True)
class Unit:
    """A unit that may be sent: canonical = sent * factor + offset."""

    name: str
    canonical: str
    factor: Fraction = Fraction(1)
    offset: Fraction = Fraction(0)


@dataclass(frozen=True)
class BookUnit:
    """The integer unit in which a canonical quantity is booked."""

    name: str
    canonical: str
    per_canonical: int


def _units(canonical: str, **factors: str) -> dict[str, Unit]:
    table = {canonical: Unit(canonical, canonical)}
    for name, factor in factors.items():
        table[name] = Unit(name, canonical, Fraction(factor))
    return table


UNITS: dict[str, Unit] = {
    **_units("kWh", mWh="1/1000000", Wh="1/1000", MWh="1000", GWh="1000000"),
    **_units("kvarh", mvarh="1/1000000", varh="1/1000", Mvarh="1000"),
    **_units("MJ", J="1/1000000", kJ="1/1000", GJ="1000"),
    **_units("m3", L="1/1000", mL="1/1000000", dm3="1/1000"),
    **_units("kg", mg="1/1000000", g="1/1000", t="1000"),
    **_units("kW", W="1/1000", MW="1000"),
    **_units("kvar", var="1/1000", Mvar="1000"),
    **_units("kVA", VA="1/1000"),
    **_units("kVAh", VAh="1/1000"),
    **_units("V", kV="1000", mV="1/1000"),
    **_units("A", mA="1/1000", kA="1000"),
    **_units("Hz"),
    **_units("%"),
    **_units("lx", klx="1000"),
    **_units("W/m2"),
    **_units("ppm", ppb="1/1000"),
    **_units(
        "Pa",
        kPa="1000",
        bar="100000",
        hPa="100",
        mbar="100",
        MPa="1000000",
        mmHg="133.322387415",
        inHg="3386.389",
        psi="6894.757",
    ),
    **_units("ug/m3", **{"mg/m3": "1000"}),
    **_units("m/s", **{"km/h": "5/18", "mph": "0.44704"}),
    **_units("dB"),
    **_units("deg"),
    **_units("L/min"),
    **_units("kg/h"),
    **_units("h", s="1/3600", min="1/60", d="24", y="8765.82"),
    **_units("persons"),
    **_units("dBm"),
    **_units("1"),
    "C": Unit("C", "C"),
    "°C": Unit("°C", "C"),
    "K": Unit("K", "C", Fraction(1), Fraction("-273.15")),
    "F": Unit("F", "C", Fraction(5, 9), Fraction(-160, 9)),
    "m³": Unit("m³", "m3"),
    "m3/h": Unit("m3/h", "L/min", Fraction(1000, 60)),
    "L/h": Unit("L/h", "L/min", Fraction(1, 60)),
    "L/s": Unit("L/s", "L/min", Fraction(60)),
}

BOOK_UNITS: dict[str, BookUnit] = {
    "kWh": BookUnit("mWh", "kWh", 1_000_000),
    "m3": BookUnit("mL", "m3", 1_000_000),
    "MJ": BookUnit("kJ", "MJ", 1_000),
    "kvarh": BookUnit("mvarh", "kvarh", 1_000_000),
    "kg": BookUnit("mg", "kg", 1_000_000),
}

RATE_UNITS = {"kWh": "kW", "m3": "m3/h", "MJ": "MJ/h", "kvarh": "kvar", "kg": "kg/h"}
"""The unit of an amount an hour, by that of the amount."""

POWER_OF_ENERGY = {"kWh": "kW", "kvarh": "kvar", "MJ": "kW"}
"""The power unit whose mean over an interval books as that energy."""

EQUIVALENTS = {("kWh", "MJ"): Fraction(18, 5), ("kW", "MJ"): Fraction(18, 5)}
"""By canonical unit of a point and of the meter it serves: how much of the one the other is; of a
power in an hour. Others that may serve are 1."""


def equivalent(counted: str, booked: str) -> Fraction:
    """What one of a point's canonical unit is in the unit that its meter is booked in: 3.6 for
    heat in kWh, else 1."""
    return EQUIVALENTS.get((counted, booked), Fraction(1))


def counts_for(booked: str) -> list[str]:
    """The canonical units that a meter booked in one may be counted in, its own first."""
    others = [one for one, other in EQUIVALENTS if other == booked and one in BOOK_UNITS]
    return [booked, *others]


def unit(name: str) -> Unit:
    """The unit of that name; InvalidInput names the value and the known units."""
    try:
        return UNITS[name]
    except (KeyError, TypeError):
        known = ", ".join(UNITS)
        raise InvalidInput(
            "unknown unit", field="unit", value=name, fix=f"use one of: {known}"
        ) from None


def conversion(sent: str, canonical: str) -> tuple[float, float]:
    """(factor, offset) so that canonical = sent * factor + offset, as floats.

    Raises InvalidInput when `sent` is unknown or of another dimension.
    """
    source = unit(sent)
    if source.canonical != canonical:
        fitting = ", ".join(u.name for u in UNITS.values() if u.canonical == canonical)
        raise InvalidInput(
            f"unit does not fit a point in {canonical}",
            field="unit",
            value=sent,
            fix=f"send one of: {fitting}",
        )
    return float(source.factor), float(source.offset)
