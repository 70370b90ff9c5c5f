"""Browan: sensors of rooms, each with a layout of its own on an FPort of its own.

Source: the manufacturer's reference manuals and decoders, whose names these are.
"""

from __future__ import annotations

from functools import partial

from collector.decode.message import Problem
from collector.decode.quantity import Quantity
from collector.profiles.layout import STATE, Field, Reader, fields
from collector.profiles.profile import Octets, Profile, unknown_message

_STATUS = Field("status", 1, 1, "1", STATE, mask=0x01)
_BATTERY = Field("battery", 1, 0.1, "V", mask=0x0F, offset=2.5)
_HUMIDITY = Field("humidity", 1, 1, "%", mask=0x7F)


def _warmth(name: str) -> Field:
    return Field(name, 1, 1, "C", mask=0x7F, offset=-32)


_CLIMATE = fields(
    Field("status", 1, 1, "1", STATE, mask=0xF8), _BATTERY, _warmth("temperature"), _HUMIDITY
)
_AIR = fields(
    _STATUS,
    Field("tempHumidChanged", 1, 1, "1", STATE, mask=0x10, again=True),
    Field("iaqChanged", 1, 1, "1", STATE, mask=0x20, again=True),
    _BATTERY,
    _warmth("temperatureBoard"),
    _HUMIDITY,
    Field("eco2", 2, 1, "ppm"),
    Field("voc", 2),
    Field("iaq", 2),
    _warmth("temperature"),
)
_COUNTED = fields(
    _STATUS, _BATTERY, _warmth("temperatureBoard"), Field("time", 2), Field("count", 3, kind=None)
)


def _read(port: int, reader: Reader, payload: bytes, sent_on: int) -> list[Quantity | Problem]:
    """The values of the FPort of this model; Refusal for others."""
    if sent_on != port:
        raise unknown_message(payload, sent_on)
    return list(reader(Octets(payload, "little")))


BROWAN: dict[str, Profile] = {
    "browan/tbhh100": partial(_read, 103, _CLIMATE),
    "browan/tbhv110": partial(_read, 103, _AIR),
    "browan/tbms100": partial(_read, 102, _COUNTED),
}
