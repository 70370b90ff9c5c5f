"""SensiEDGE: one layout of a station with climate, motion and light.

Source: the manufacturer's description of the payload of SensiLoRa. Its acceleration [mg], turn
[mdeg/s] and field [0.1 uT] are told as m/s2, rad/s and uT, as its decoder does.
"""

from __future__ import annotations

from collector.decode.message import Problem
from collector.decode.quantity import Quantity
from collector.profiles.layout import Field, fields
from collector.profiles.profile import Octets, Profile

_G = 9.80665 / 1000
_TURN = 0.017453 / 1000

_STATION = fields(
    Field("pressure", 2, 10, "Pa"),
    Field("temperature", -2, 0.01, "C"),
    Field("humidity", 2, 0.01, "%"),
    *(Field(f"acceleration{axis}", -2, _G) for axis in "XYZ"),
    *(Field(f"gyro{axis}", -2, _TURN) for axis in "XYZ"),
    *(Field(f"mag{axis}", -2, 0.1) for axis in "XYZ"),
    Field("light", 2, 1, "lx"),
    Field("batteryVolt", 2, 0.01, "V"),
)


def sensiedge(payload: bytes, port: int) -> list[Quantity | Problem]:  # noqa: ARG001
    """All values; Refusal where there are too few bytes."""
    return list(_STATION(Octets(payload)))


SENSIEDGE: dict[str, Profile] = dict.fromkeys(
    ("sensiedge/sensilora2-0", "sensiedge/sensilora"), sensiedge
)
