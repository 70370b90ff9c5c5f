"""Axioma: water meters of the Qalcosonic series, with what they counted at the begin of their log.

    time | status | volume | time of the log | volume then | what passed in each interval since

Source: the manufacturer's description of the payload of Qalcosonic W1. The length of an
interval is a setting of the meter that it does not send, so what passed in each is left out: the
volumes say it too.
"""

from __future__ import annotations

from dataclasses import replace

from collector.decode.message import Problem
from collector.decode.quantity import Quantity
from collector.profiles.layout import REGISTER, STATE, Field, fields
from collector.profiles.profile import Octets, Profile

_NOW = fields(Field("status_code", 1, 1, "1", STATE), Field("current_volume", 4, 1, "L", REGISTER))
_LOGGED = fields(Field("log_volume", 4, 1, "L", REGISTER))


def axioma(payload: bytes, port: int) -> list[Quantity | Problem]:  # noqa: ARG001
    """The volume at the meter's time, and the one that its log begins with at that of the log."""
    octets = Octets(payload, "little")
    found: list[Quantity | Problem] = []
    for part in (_NOW, _LOGGED) if len(payload) > 9 else (_NOW,):
        seconds = octets.unsigned(4)
        found += [replace(one, time_us=seconds * 1_000_000) for one in part(octets)]
    return found


AXIOMA: dict[str, Profile] = dict.fromkeys(
    ("axioma/qalcosonic-w1", "axioma/qalcosonic-f1", "axioma/generic"), axioma
)
