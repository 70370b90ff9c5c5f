"""Adeunis: frames of climate, temperature and pulses, led by a code and a status.

    code | status | newest values | earlier ones ... | time, where the status says so

Source: the technical reference guides and the manufacturer's codecs. How far apart earlier values
are is a setting that the frame does not say, so the newest alone are taken.
"""

from __future__ import annotations

from dataclasses import replace

from collector.decode.message import Problem
from collector.decode.quantity import Quantity
from collector.profiles.layout import REGISTER, STATE, Field, Reader, fields
from collector.profiles.profile import Octets, Profile, no_measurement, unknown_message

_SINCE_S = 1_356_998_400
"""2013-01-01 in UTC, from which its clocks count [s since 1970]."""
_HAS_TIME, _LOW_BATTERY, _SECOND_SENSOR = 0x04, 0x02, 0x10
_NO_PROBE = 0x8000

_TEMPERATURE = Field("temperature", -2, 0.1, "C", absent=_NO_PROBE)
_HUMIDITY = Field("humidity", 1, 1, "%")
_CO2 = Field("co2", 2, 1, "ppm")
_FIRST = replace(_TEMPERATURE, name="temperatures.0")
_SECOND = replace(_TEMPERATURE, name="temperatures.1")
_COUNTERS = [Field(f"counterValues.{place}", 4, 1, "1", REGISTER) for place in (0, 1)]
_ALARM = Field("alarm", 1, 1, "1", STATE)

_FRAMES: dict[int, Reader] = {
    0x46: fields(*_COUNTERS),
    0x47: fields(Field("flowValues.0", 2), Field("flowValues.1", 2)),
    0x4C: fields(_TEMPERATURE, _HUMIDITY),
    0x4D: fields(_ALARM, _TEMPERATURE, _HUMIDITY),
    0x57: fields(_FIRST),
    0x58: fields(_ALARM, _FIRST),
    0x5A: fields(_COUNTERS[0]),
    0x5B: fields(_COUNTERS[1]),
    0x6A: fields(_TEMPERATURE, _HUMIDITY, _CO2),
    0x6B: fields(_ALARM, _TEMPERATURE, _HUMIDITY, _CO2),
}
_TWO_SENSORS: dict[int, Reader] = {
    0x57: fields(_FIRST, _SECOND),
    0x58: fields(_ALARM, _FIRST, replace(_ALARM, name="alarm2"), _SECOND),
}
_ABOUT_ITSELF = frozenset({0x10, 0x11, 0x12, 0x1F, 0x20, 0x2F, 0x30, 0x33, 0x36, 0x37})


def adeunis(payload: bytes, port: int) -> list[Quantity | Problem]:
    """The newest values and the state of the battery; Refusal for settings and unknown frames."""
    octets = Octets(payload)
    code, status = octets.take(2)
    if code in _ABOUT_ITSELF:
        raise no_measurement("what a device says about itself", payload)
    read = _TWO_SENSORS.get(code) if status & _SECOND_SENSOR else None
    read = read or _FRAMES.get(code)
    if read is None:
        raise unknown_message(payload, port)
    found = [
        *read(octets),
        Quantity("status.lowBattery", float(bool(status & _LOW_BATTERY)), "1", STATE),
    ]
    if status & _HAS_TIME and len(octets) >= 4:
        when = (int.from_bytes(payload[-4:], "big") + _SINCE_S) * 1_000_000
        found = [replace(one, time_us=when) for one in found]
    return list(found)


ADEUNIS: dict[str, Profile] = {
    f"adeunis/{model}": adeunis
    for model in ("generic", "comfort", "comfort-co2", "pulse", "pulse-4", "temp", "temp-4")
}
"""One table: a code has one meaning in all its products."""
