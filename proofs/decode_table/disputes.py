"""Where the other side says what the device does not: each with a law that must hold, and why.

Counted apart (`disputed`), never as agreeing. A dispute stands for a kind of device and a name, and
its law relates their number to ours; so it explains nothing else that is wrong there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from proofs.decode_table.expected import Needed

Law = Callable[[float, Sequence[float]], bool]
"""(theirs, ours): whether the dispute is what sets them apart; ours are all under the names that it
compares with."""


@dataclass(frozen=True)
class Dispute:
    """One cause, by patterns of the device and of the quantity's name."""

    device: str
    """Its model; where nobody says it, the id of the line."""
    name: str
    law: Law
    cause: str
    ours: str = ""
    """Of the last words of our names; '': that of theirs."""


@dataclass(frozen=True)
class Refused:
    """Why a dead letter is right though numbers are expected."""

    device: str
    """As in Dispute."""
    reason: str
    names: str
    """Pattern of what is expected; where anything else is, the dead letter is wrong."""
    cause: str


def _some(relation: Callable[[float, float], bool]) -> Law:
    """That one of ours stands in this relation to theirs."""
    return lambda theirs, ours: any(relation(theirs, one) for one in ours)


def _untold(_: float, ours: Sequence[float]) -> bool:
    """That the quantity is none, and we do not tell it either."""
    return not ours


def _apparent(theirs: float, ours: Sequence[float]) -> bool:
    """That it is worked out of our energy and ten times our reactive energy, to 6 digits."""
    return len(ours) == 2 and math.isclose(theirs, math.hypot(ours[0], 10 * ours[1]), abs_tol=1e-6)


DISPUTES = (
    Dispute(
        r"AM(307|308|319)L?", "tvoc",
        _some(lambda theirs, ours: math.isclose(theirs, 100 * ours)),
        "an index in hundredths, which the maker's guide and decoder give as 0.37 for 37",
    ),
    Dispute(
        r"EM300-.*|EM500-SMTC", "humidity|moisture",
        _some(lambda theirs, ours: theirs == int(ours)),
        "half percents cut off",
    ),
    Dispute(
        r"EM300-SLD-ZLD", "humidity",
        _some(lambda theirs, ours: (theirs, ours) == (79.0, 46.5)),
        "the byte is twice the humidity, in past records as in present ones",
    ),
    Dispute(
        r"R718AB", "deltValue", _some(lambda theirs, ours: theirs - 2**16 == ours),
        "a signed value taken as unsigned",
    ),
    Dispute(
        r"G4_NPS_.M", "battery_voltage",
        _some(lambda theirs, ours: (theirs, ours) == (2.32, 3.344)),
        "the maker's own example gives 3.344 V for these bytes",
    ),
    Dispute(r"DS3604", "template", _untold, "the number of a layout on a display"),
    Dispute(
        r"WT2[01]1(-v2)?", r"plan_(schedule|settings).*", _untold, "a setting, not a measurement"
    ),
    Dispute(
        r"em400-(tld|udl)", "startFlag|length|flag|frameCnt|csq|data_length", _untold,
        "the head of a frame",
    ),
    Dispute(
        r"ebzwmbe", "current_power_consumption_kw",
        lambda theirs, ours: math.isclose(theirs, sum(ours)),
        "a sum of what the meter sends", ours=r"power_own\d+",
    ),
    Dispute(
        r"hydrocalm4", "power_kw", _some(lambda theirs, ours: theirs == round(ours, 6)),
        "10 J/h rounded to a milliwatt", ours="power",
    ),
    Dispute(
        r"em24", r"total_reactive_energy_.*",
        _some(lambda theirs, ours: math.isclose(theirs, 10 * ours)),
        "a power of ten left out [EN 13757-3, VIFE 75]", ours=r"reactive_energy(_backward)?",
    ),
    Dispute(
        r"em24", "total_apparent_energy_consumption_kvah", _apparent,
        "worked out of a reactive energy with a power of ten left out",
        ours=r"(reactive_)?energy",
    ),
    Dispute(
        r"em24", "total_apparent_energy_production_kvah", _apparent,
        "worked out of a reactive energy with a power of ten left out",
        ours=r"(reactive_)?energy_backward",
    ),
    Dispute(
        r"8c63a36d50c8|cca7507fbea5", "Power|Volume flow",
        lambda theirs, _: theirs in (13131113.0, 131.113, 1311041.3, 11.0413),
        "error states with digits above 9, which EN 13757-3 does not make numbers",
    ),
    Dispute(
        r"345b692c9a37", "(Flow|Return) temperature",
        lambda theirs, _: theirs in (41065374.6, 40953732.3),
        "the time of a maximum taken for a number [EN 13757-3, VIFE 6F]",
    ),
    Dispute(
        r"345b692c9a37", "Power|Volume flow",
        lambda theirs, ours: theirs == 0 and list(ours) == 6 * [0.0],
        "the time of a maximum that never was, taken for a 0 [EN 13757-3, VIFE 6F]",
        ours=r"(power|volume_flow)(_max.*)?",
    ),
)  # fmt: skip
REFUSED = (
    Refused(
        r"WT201|wt201(-v2)?|wt211", "not_a_measurement", r"plan_(schedule|settings|config)\..*",
        "settings, not measurements",
    ),
    Refused(
        r"wt201-v2|wt211|em320-th-v2", "bad_message", r"history\..*",
        "a record of the first version's length",
    ),
    Refused(
        "ad40fca9986a", "bad_message", "", "a template in which no bytes were ever put",
    ),
    Refused(
        "385e73226cd1", "unknown_device", ".*",
        "bytes of another device than the numbers, and none is named",
    ),
)  # fmt: skip


def dispute_of(device: str, need: Needed, readings: Sequence[dict[str, Any]]) -> str | None:
    """The cause that sets a number that lacks apart from ours; None where it is not known."""
    found = (one.cause for one in DISPUTES if _stands(one, device, need, readings))
    return next(found, None)


def right_to_refuse(device: str, reason: str, expected: Sequence[Needed]) -> str:
    """Why a message of which numbers are expected holds none; '' where it should be read."""
    for one in REFUSED:
        meant = re.fullmatch(one.device, device) and reason == one.reason
        if meant and all(re.fullmatch(one.names, need.name) for need in expected):
            return one.cause
    return ""


def _stands(one: Dispute, device: str, need: Needed, readings: Sequence[dict[str, Any]]) -> bool:
    own = need.name.rpartition(".")[2]
    if not re.fullmatch(one.device, device):
        return False
    if not (re.fullmatch(one.name, own) or re.fullmatch(one.name, need.name)):
        return False
    ours = one.ours or re.escape(own)
    values = [
        float(reading["value"])
        for reading in readings
        if re.fullmatch(ours, str(reading["name"]).rpartition(".")[2], re.IGNORECASE)
    ]
    return one.law(need.value, values)
