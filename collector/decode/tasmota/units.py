"""Units and kinds that Tasmota's names promise [Tasmota documentation: Energy monitoring, MQTT]."""

from __future__ import annotations

from collections.abc import Mapping

TEMPERATURES = frozenset({"Temperature", "DewPoint", "Temperature1", "Temperature2"})
"""In the unit that `TempUnit` names beside them."""
PRESSURES = frozenset({"Pressure", "SeaPressure"})
"""In the unit that `PressureUnit` names beside them."""
REGISTERS = frozenset(
    {"Total", "TotalTariff", "Import", "Export", "ImportActive", "ExportActive"}
    | {"TotalReactive", "ImportReactive", "ExportReactive", "ExportTariff"}
)
"""What only grows, until somebody sets it anew."""

UNITS: dict[str, str] = {
    **dict.fromkeys(("Total", "TotalTariff", "Today", "Yesterday", "Import", "Export"), "kWh"),
    **dict.fromkeys(("ImportActive", "ExportActive", "ExportTariff"), "kWh"),
    **dict.fromkeys(("TodaySumImport", "TodaySumExport"), "kWh"),
    **dict.fromkeys(("TotalReactive", "ImportReactive", "ExportReactive"), "kvarh"),
    "Period": "Wh",
    **dict.fromkeys(("Power", "ActivePower", "ImportPower", "ExportPower"), "W"),
    "ApparentPower": "VA",
    "ReactivePower": "var",
    "Factor": "1",
    "Voltage": "V",
    "Current": "A",
    "Frequency": "Hz",
    "Humidity": "%",
    "Illuminance": "lx",
    "CarbonDioxide": "ppm",
    "eCO2": "ppm",
    "TVOC": "ppb",
    **dict.fromkeys(("PM1", "PM2.5", "PM10"), "ug/m3"),
    "Dimmer": "%",
    "Vcc": "V",
}
"""By the last name."""

_TEMPERATURE = {"C": "C", "F": "F"}
_PRESSURE = {"hPa": "hPa", "mmHg": "mmHg", "inHg": "inHg"}


def unit_of(name: str, said: Mapping[str, object]) -> str | None:
    """The unit of a name in a message that says what `TempUnit` and `PressureUnit` are; Celsius
    and hectopascal are what a device counts in that says neither."""
    if name in TEMPERATURES:
        return _TEMPERATURE.get(str(said.get("TempUnit", "C")))
    if name in PRESSURES:
        return _PRESSURE.get(str(said.get("PressureUnit", "hPa")))
    return UNITS.get(name)
