"""Tags of Project Haystack by which a model of it is written, and those that are our own."""

from __future__ import annotations

from typing import Any, Final

MARKER: Final[dict[str, Any]] = {"_kind": "marker"}
METER_TAGS: Final = {
    **{"01": ("elec",), "90": ("elec",), "02": ("water",), "03": ("naturalGas",)},
    **{"04": ("thermal",), "05": ("thermal",), "07": ("coal",), "09": ("gas",)},
    **{"10": ("gasoline",), "12": ("diesel",)},
}
"""Tags of what the meters of a category measure."""
TAG_ITEMS: Final = (
    *(("elec", "01000"), ("naturalGas", "03000"), ("gas", "03000"), ("chilled", "05000")),
    *(("thermal", "04000"), ("water", "02000"), ("coal", "07000"), ("gasoline", "10000")),
    ("diesel", "12000"),
)
"""The item of a meter by its tags; the first that it has counts."""
SENSOR_TAGS: Final = {
    **{"kWh": ("energy",), "MJ": ("energy",), "kvarh": ("reactive", "energy")},
    **{"kW": ("power",), "kvar": ("reactive", "power"), "m3": ("volume",), "V": ("volt",)},
    **{"A": ("current",), "Hz": ("freq",), "C": ("temp",), "lx": ("illuminance",)},
    **{"ppm": ("co2", "concentration"), "Pa": ("pressure",), "L/min": ("flow",)},
    **{"m/s": ("speed",), "W/m2": ("irradiance",)},
}
"""Tags of the sensors of a canonical unit."""
ROLE_TAGS: Final = {
    "outdoor_temperature": ("outside", "air", "temp"),
    "outdoor_humidity": ("outside", "air", "humidity"),
    "room_temperature": ("zone", "air", "temp"),
    "co2": ("zone", "air", "co2", "concentration"),
    "occupancy": ("occupancy",),
}
"""Tags of the sensors of a role."""
COUNTS: Final = ("energy", "volume")
OWN: Final = "go"
"""Tags of our own begin so: what Haystack has no word for and the registry cannot do without."""


def own_tag(name: str) -> str:
    """A tag of our own."""
    return OWN + name[0].upper() + name[1:]
