"""What Brick and Haystack call the units, items and roles of the registry.

Where a vocabulary has no word and the tables cannot do without, a word of our own stands beside:
the item of a meter, what a point's values mean, the type of a place.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Final

from metering.reading import Kind
from metering.registry.rows import as_text

QUDT: Final = {
    **{"kWh": "KiloW-HR", "Wh": "W-HR", "MWh": "MegaW-HR", "GWh": "GigaW-HR"},
    **{"kvarh": "KiloV-A_Reactive-HR", "varh": "V-A_Reactive-HR", "Mvarh": "MegaV-A_Reactive-HR"},
    **{"MJ": "MegaJ", "J": "J", "kJ": "KiloJ", "GJ": "GigaJ"},
    **{"m3": "M3", "L": "L", "mL": "MilliL", "dm3": "DeciM3"},
    **{"kg": "KiloGM", "mg": "MilliGM", "g": "GM", "t": "TONNE"},
    **{"kW": "KiloW", "W": "W", "MW": "MegaW"},
    **{"kvar": "KiloV-A_Reactive", "var": "V-A_Reactive", "Mvar": "MegaV-A_Reactive"},
    **{"kVA": "KiloV-A", "VA": "V-A", "kVAh": "KiloV-A-HR", "VAh": "V-A-HR"},
    **{"V": "V", "kV": "KiloV", "mV": "MilliV", "A": "A", "mA": "MilliA", "kA": "KiloA"},
    **{"Hz": "HZ", "%": "PERCENT", "lx": "LUX", "W/m2": "W-PER-M2", "ppm": "PPM", "ppb": "PPB"},
    **{"Pa": "PA", "kPa": "KiloPA", "bar": "BAR", "hPa": "HectoPA", "MPa": "MegaPA"},
    **{"mbar": "MilliBAR", "mmHg": "MilliM_HG", "inHg": "IN_HG", "psi": "PSI"},
    **{"ug/m3": "MicroGM-PER-M3", "mg/m3": "MilliGM-PER-M3"},
    **{"m/s": "M-PER-SEC", "km/h": "KiloM-PER-HR", "mph": "MI-PER-HR"},
    **{"dB": "DeciB", "deg": "DEG", "L/min": "L-PER-MIN", "kg/h": "KiloGM-PER-HR"},
    **{"h": "HR", "s": "SEC", "min": "MIN", "d": "DAY", "1": "UNITLESS"},
    **{"C": "DEG_C", "K": "K", "F": "DEG_F"},
    **{"m3/h": "M3-PER-HR", "L/h": "L-PER-HR", "L/s": "L-PER-SEC"},
}
"""Names in the QUDT vocabulary of units, by ours; of those that it has."""
HAYSTACK_UNITS: Final = {
    **{one: one for one in ("kWh", "Wh", "MWh", "MJ", "J", "kJ", "GJ", "L", "mL", "kg", "g", "mg")},
    **{one: one for one in ("kW", "W", "MW", "kVA", "VA", "kVAh", "VAh", "V", "kV", "mV", "A")},
    **{one: one for one in ("mA", "Hz", "%", "lx", "ppm", "ppb", "Pa", "kPa", "bar", "mbar")},
    **{one: one for one in ("mmHg", "inHg", "psi", "m/s", "km/h", "mph", "dB", "deg", "L/min")},
    **{one: one for one in ("kg/h", "s", "min", "K", "L/h", "L/s")},
    **{"kvarh": "kVARh", "varh": "VARh", "Mvarh": "MVARh"},
    **{"kvar": "kVAR", "var": "VAR", "Mvar": "MVAR"},
    **{"m3": "m³", "t": "metric_ton", "W/m2": "W/m²", "hPa": "hPa", "ug/m3": "µg/m³"},
    **{"mg/m3": "mg/m³", "h": "h", "d": "day", "C": "°C", "F": "°F", "m3/h": "m³/h"},
}
"""Symbols of Haystack's units, by ours; of those that it has."""
OF_QUDT: Final = {
    **{name: ours for ours, name in QUDT.items()},
    **{"KiloVAR": "kvar", "VAR": "var", "MegaVAR": "Mvar", "KiloVAR-HR": "kvarh"},
    **{"KiloW-HR_e": "kWh", "TON_Metric": "t", "NUM": "1"},
}
_SQUARE_METRES: Final = {
    **{"M2": Decimal(1), "m²": Decimal(1)},
    **{"FT2": Decimal("0.09290304"), "ft²": Decimal("0.09290304")},
}
"""How many square metres a unit of area of QUDT, or of Haystack, is."""
_MOST_DIGITS: Final = 20
ITEM_CLASSES: Final = {
    **{"Electrical_Meter": "01000", "Building_Electrical_Meter": "01000"},
    **{"Water_Meter": "02000", "Building_Water_Meter": "02000"},
    **{"Hot_Water_Meter": "02000", "Building_Hot_Water_Meter": "02000"},
    **{"Gas_Meter": "03000", "Building_Gas_Meter": "03000"},
    **{"Thermal_Power_Meter": "04000"},
    **{"Chilled_Water_Meter": "05000", "Building_Chilled_Water_Meter": "05000"},
    **{"Meter": "", "Building_Meter": "", "Waste_Meter": ""},
}
"""The item of each of Brick's classes of meters; '' of those that do not say."""
METER_CLASSES: Final = {
    **{"01": "Electrical_Meter", "02": "Water_Meter", "03": "Gas_Meter", "09": "Gas_Meter"},
    **{"04": "Thermal_Power_Meter", "05": "Thermal_Power_Meter", "90": "Electrical_Meter"},
}
"""Brick's class of the meters of a category; of others it is Meter."""
ROLE_CLASSES: Final = {
    "outdoor_temperature": "Outside_Air_Temperature_Sensor",
    "outdoor_humidity": "Outside_Air_Humidity_Sensor",
    "room_temperature": "Room_Air_Temperature_Sensor",
    "co2": "CO2_Level_Sensor",
    "occupancy": "Occupancy_Count_Sensor",
}
"""Brick's class of the sensors of a role."""
CLASS_ROLES: Final = {
    **{name: role for role, name in ROLE_CLASSES.items()},
    **{"Zone_Air_Temperature_Sensor": "room_temperature", "CO2_Sensor": "co2"},
}
UNIT_CLASSES: Final = {
    **{"kWh": "Energy_Sensor", "MJ": "Energy_Sensor", "kvarh": "Reactive_Energy_Sensor"},
    **{"kW": "Active_Power_Sensor", "kvar": "Reactive_Power_Sensor", "m3": "Usage_Sensor"},
    **{"kg": "Usage_Sensor", "V": "Voltage_Sensor", "A": "Current_Sensor"},
    **{"Hz": "Frequency_Sensor", "C": "Temperature_Sensor", "lx": "Illuminance_Sensor"},
    **{"ppm": "CO2_Level_Sensor", "Pa": "Pressure_Sensor", "L/min": "Flow_Sensor"},
    **{"m/s": "Speed_Sensor", "h": "Duration_Sensor", "W/m2": "Solar_Irradiance_Sensor"},
}
"""Brick's class of the sensors of a canonical unit; of others it is Sensor."""
CATEGORY_CLASSES: Final = {
    ("02", "m3"): "Water_Usage_Sensor",
    ("03", "m3"): "Natural_Gas_Usage_Sensor",
    ("04", "kW"): "Thermal_Power_Sensor",
    ("05", "kW"): "Thermal_Power_Sensor",
}
"""Likewise where the category of the meter says more than the unit."""
COUNTING: Final = frozenset(
    {
        *("Energy_Sensor", "Electric_Energy_Sensor", "Reactive_Energy_Sensor", "Usage_Sensor"),
        *("Energy_Usage_Sensor", "Electrical_Energy_Usage_Sensor", "Thermal_Energy_Usage_Sensor"),
        *("Water_Usage_Sensor", "Hot_Water_Usage_Sensor", "Natural_Gas_Usage_Sensor"),
        "Steam_Usage_Sensor",
    }
)
"""Brick's classes of points whose values are what was counted."""
POWER: Final = frozenset(
    {
        *("Power_Sensor", "Electric_Power_Sensor", "Active_Power_Sensor", "Reactive_Power_Sensor"),
        *("Thermal_Power_Sensor", "Heating_Thermal_Power_Sensor"),
    }
)
AGGREGATES: Final = {"mean": Kind.MEAN, "sum": Kind.INTERVAL}
"""What the values of a point mean that is an aggregate; others are of no use to the books."""


def square_metres(size: str, unit: str) -> str:
    """An area [m2] as the tables write it. ValueError where it is no number, or the unit none of
    area."""
    try:
        area = Decimal(size) * _SQUARE_METRES[unit]
    except (InvalidOperation, KeyError):
        raise ValueError(size) from None
    if not area.is_finite() or abs(area.adjusted()) > _MOST_DIGITS:
        raise ValueError(size)
    text = as_text(area)
    return text.rstrip("0").rstrip(".") if "." in text else text
