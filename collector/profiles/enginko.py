"""Enginko (mcf88): the electricity meter MCF-LW12MET and plugs that count, led by a code.

    09 | date | active, reactive, apparent energy | powers, voltage, current, period | running time

Source: the manufacturer's decoder, whose names these are. The date is by a clock whose time zone it
does not say, so the time of the network server stands.
"""

from __future__ import annotations

from collector.decode.message import Problem
from collector.decode.quantity import Quantity
from collector.profiles.layout import REGISTER, Field, fields
from collector.profiles.profile import Octets, Profile, no_measurement, unknown_message

_METERING, _TIME_SYNC = 0x09, 0x01
_ENERGIES = fields(
    Field("", 4),
    Field("activeEnergy", -4, 1, "Wh", REGISTER),
    Field("reactiveEnergy", -4, 1, "varh", REGISTER),
    Field("apparentEnergy", -4, 1, "VAh", REGISTER),
)
_POWERS = fields(
    Field("activePower", -2, 1, "W"),
    Field("reactivePower", -2, 1, "var"),
    Field("apparentPower", -2, 1, "VA"),
    Field("voltage", 2, 0.1, "V"),
    Field("current", 2, 1, "mA"),
    Field("period", 2),
)
_RUNNING = fields(Field("activation", 4, 1, "s", None))
_SHORT = 21


def enginko(payload: bytes, port: int) -> list[Quantity | Problem]:
    """Energies, and powers where they are sent too; Refusal for other frames."""
    octets = Octets(payload, "little")
    code = octets.unsigned(1)
    if code == _TIME_SYNC:
        raise no_measurement("what a device says about itself", payload)
    if code != _METERING:
        raise unknown_message(payload, port)
    found = _ENERGIES(octets)
    if len(payload) > _SHORT:
        found += _POWERS(octets)
        found += _frequency(found[-1].value)
    return [*found, *_RUNNING(octets)]


def _frequency(period_us: float) -> list[Quantity]:
    """Of the mains, by its period; none without one."""
    return [Quantity("frequency", round(1e6 / period_us, 2), "Hz")] if period_us else []


ENGINKO: dict[str, Profile] = dict.fromkeys(
    ("enginko/mcf-lw12met", "enginko/mcf-lw12plg", "enginko/egk-lw22plg"), enginko
)
