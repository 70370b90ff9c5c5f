"""The demo's registry: the campus, a gateway for readings sent by hand, and that of an edge."""

from __future__ import annotations

from pathlib import Path

import simulators
from greenoffice.demo.options import EDGE_GATEWAY, HAND_GATEWAY, HAND_POINT, SITE

EDGE_METER = "E1"
EDGE_REGISTERS = {"import": ("register", "kWh"), "power": ("instant", "W")}
"""What the edge reads of its meter: kind and unit. It is no meter of the campus and stands for
nothing there, so that no figure of the simulated world knows of it."""
CAMPUS = Path(simulators.__file__).parent / "campus"


SAMPLES = ("tariff.csv", "calendar.csv", "factors.csv")


def sample_texts() -> dict[str, str]:
    """Files that any office may begin with, by name: prices as an example, and the days and
    factors of China, each with its source."""
    return {name: (CAMPUS / name).read_text(encoding="utf-8") for name in SAMPLES}


def campus_texts(*, edge: bool = False) -> dict[str, str]:
    """The CSV files of the campus by name, with the gateway `hand` and its one point, and where
    there is an edge with its gateway and points."""
    texts = {file.name: file.read_text(encoding="utf-8") for file in sorted(CAMPUS.glob("*.csv"))}
    texts["gateways.csv"] += f"{SITE},{HAND_GATEWAY},手工读数,Readings by hand\n"
    columns = texts["points.csv"].splitlines()[0].split(",")
    hand = {
        "gateway": f"{SITE}/{HAND_GATEWAY}",
        "point": HAND_POINT,
        "kind": "instant",
        "unit": "C",
        "low": "-30",
        "high": "60",
        "role": "room_temperature",
        "node": "office-a",
    }
    texts["points.csv"] += _row(columns, hand)
    if edge:
        texts["gateways.csv"] += f"{SITE},{EDGE_GATEWAY},Modbus 边缘采集,Edge on Modbus\n"
        for name, (kind, unit) in EDGE_REGISTERS.items():
            point = f"{EDGE_METER}.{name}"
            told = {"gateway": f"{SITE}/{EDGE_GATEWAY}", "point": point, "kind": kind, "unit": unit}
            texts["points.csv"] += _row(columns, told)
    return texts


def _row(columns: list[str], told: dict[str, str]) -> str:
    return ",".join(told.get(column, "") for column in columns) + "\n"
