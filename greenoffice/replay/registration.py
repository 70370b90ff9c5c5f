"""Registry files for the series of a recorded table: a new site, one gateway, one meter each."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence

from greenoffice.replay.options import ReplayOptions
from greenoffice.replay.recording import RecordedSeries
from metering.errors import InvalidInput
from metering.tables import csv_text
from metering.units import BOOK_UNITS, POWER_OF_ENERGY, unit

GATEWAY = "replay"
_ITEM_OF_UNIT = {"kWh": "01000", "m3": "02000", "MJ": "04000", "kvarh": "90000", "kg": "07000"}
_ENERGY_OF_POWER = {power: energy for energy, power in reversed(POWER_OF_ENERGY.items())}
"""Of kW electricity, which comes first."""


def registry_texts(options: ReplayOptions, series: Sequence[RecordedSeries]) -> dict[str, str]:
    """The CSV files that register every series; pass them to the registry import.

    The site `options.site` stands under the institution `<site>-recorded`. Each series whose
    values can be booked gets a building of its own with one total meter, so that no series
    is counted into another. One with values below 0 is of energy that goes both ways.
    """
    codes = _codes([one.name for one in series])
    institution = f"{options.site}-recorded"
    tree = [
        [institution, "", "institution", "", "Recorded data", "", "", ""],
        [options.site, institution, "site", "", options.site, options.zone, "", ""],
    ]
    meters, points = [], []
    for one in series:
        code, booked = codes[one.name], options.booked(one.unit)
        if booked:
            node = f"{options.site}.{code}"
            tree.append([node, options.site, "building", "", one.name, "", "", ""])
            meters.append([code, node, _item(one.unit), "yes", options.interval_min or 15])
        points.append(
            [
                f"{options.site}/{GATEWAY}",
                one.name,
                options.kind,
                one.unit,
                code if booked else "",
                "" if booked else options.site,
                "yes" if one.negative else "",
            ]
        )
    return {
        "tree.csv": _csv("code,parent,type,name_zh,name_en,zone,area_m2,persons", tree),
        "gateways.csv": _csv(
            "site,code,name_zh,name_en", [[options.site, GATEWAY, "回放", "Replay"]]
        ),
        "meters.csv": _csv("code,node,item,total,step_min", meters),
        "points.csv": _csv("gateway,point,kind,unit,meter,node,signed", points),
    }


def _item(of_unit: str) -> str:
    canonical = unit(of_unit).canonical
    energy = _ENERGY_OF_POWER.get(canonical, canonical)
    assert energy in BOOK_UNITS
    return _ITEM_OF_UNIT[energy]


def meter_code(identity: str) -> str:
    """The code of the meter of a series, by its name: the characters that a code may have; of names
    in other letters, which have hardly any of them, with a mark that tells one from another."""
    code = re.sub(r"[^A-Za-z0-9._-]", "_", identity)[:48]
    if identity.isascii():
        return code
    return f"{code[:39]}-{hashlib.sha256(identity.encode()).hexdigest()[:8]}"


def _codes(identities: Iterable[str]) -> dict[str, str]:
    codes = {identity: meter_code(identity) for identity in identities}
    taken: dict[str, str] = {}
    for identity, code in codes.items():
        if code in taken:
            raise InvalidInput(
                f"two ids become the same code {code!r}",
                field="id",
                value=[taken[code], identity],
                fix="rename one of them in the file, or register them by hand",
            )
        taken[code] = identity
    return codes


def _csv(header: str, rows: Iterable[Sequence[object]]) -> str:
    return csv_text([header.split(","), *rows])
