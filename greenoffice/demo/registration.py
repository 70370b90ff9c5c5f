"""The demo's registry: the campus files, and a gateway for readings sent by hand."""

from __future__ import annotations

from pathlib import Path

import simulators
from greenoffice.demo.options import HAND_GATEWAY, HAND_POINT, SITE

CAMPUS = Path(simulators.__file__).parent / "campus"


def campus_texts() -> dict[str, str]:
    """The CSV files of the campus by name, with the gateway `hand` and its one point."""
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
    texts["points.csv"] += ",".join(hand.get(column, "") for column in columns) + "\n"
    return texts
