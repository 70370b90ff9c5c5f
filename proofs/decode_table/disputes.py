"""Where the other side says what the device does not: each with a law that must hold, and why.

Counted apart (`disputed`), never as agreeing. A dispute stands for a kind of device and a name, and
its law relates their number to one of ours; so it explains nothing else that is wrong there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from proofs.decode_table.expected import Needed

Law = Callable[[float, float], bool]
"""(theirs, ours): whether the dispute is what sets them apart."""


@dataclass(frozen=True)
class Dispute:
    """One cause, by patterns of the model and of the quantity's name."""

    model: str
    name: str
    law: Law | None
    """None: the quantity is none, and nothing of ours need stand for it."""
    cause: str


DISPUTES = (
    Dispute(
        r"AM(307|308|319)L?", "tvoc", lambda theirs, ours: math.isclose(theirs, 100 * ours),
        "the maker's guide gives 0.37 for the bytes that are said to be 37",
    ),
    Dispute(
        r"EM300-.*|EM500-SMTC", "humidity|moisture", lambda theirs, ours: theirs == int(ours),
        "half percents cut off",
    ),
    Dispute(
        r"EM300-SLD-ZLD", "humidity", lambda theirs, ours: (theirs, ours) == (79.0, 46.5),
        "the byte is twice the humidity, in past records as in present ones",
    ),
    Dispute(
        r"R718AB", "deltValue", lambda theirs, ours: theirs - 2**16 == ours,
        "a signed value taken as unsigned",
    ),
    Dispute(
        r"G4_NPS_.M", "battery_voltage", lambda theirs, ours: (theirs, ours) == (2.32, 3.344),
        "the maker's own example gives 3.344 V for these bytes",
    ),
    Dispute(r"DS3604", "template", None, "the number of a layout on a display"),
    Dispute(
        r"WT2[01]1(-v2)?", r"plan_(schedule|settings).*", None, "a setting, not a measurement"
    ),
    Dispute(
        r"em400-(tld|udl)", "startFlag|length|flag|frameCnt|csq|data_length", None,
        "the head of a frame",
    ),
    Dispute(
        r"ebzwmbe", "current_power_consumption_kw", None, "a sum of what the meter sends"
    ),
    Dispute(r"hydrocalm4", "power_kw", None, "3.6 kJ/h rounded to one digit"),
    Dispute(
        r"em24", r"total_(reactive|apparent)_energy_.*", None,
        "a power of ten left out [EN 13757-3, VIFE 75]",
    ),
)  # fmt: skip
_NO_BCD = "error states with digits above 9, which EN 13757-3 does not make numbers"
LINES = {
    "8c63a36d50c8": _NO_BCD,
    "cca7507fbea5": _NO_BCD,
    "345b692c9a37": _NO_BCD,
    "ad40fca9986a": "a template in which no bytes were ever put",
    "385e73226cd1": "bytes of another device than the numbers, and none is named",
}
"""By the id of a line of which no model is told."""
REFUSED = {
    r"WT201|wt201(-v2)?|wt211": ("not_a_measurement", "settings, not measurements"),
    r"wt201-v2|wt211|em320-th-v2": ("bad_message", "a record of the first version's length"),
}
"""By pattern of the model: why a dead letter is right though numbers are expected."""


def dispute_of(model: str, need: Needed, readings: Sequence[dict[str, Any]]) -> str | None:
    """The cause that sets a number that lacks apart from ours; None where it is not known."""
    found = (one.cause for one in DISPUTES if _stands(one, model, need, readings))
    return next(found, None)


def right_to_refuse(model: str, reason: str) -> str:
    """Why a message of which numbers are expected holds none; '' where it should be read."""
    for pattern, (refused, cause) in REFUSED.items():
        if re.fullmatch(pattern, model) and reason == refused:
            return cause
    return ""


def _stands(one: Dispute, model: str, need: Needed, readings: Sequence[dict[str, Any]]) -> bool:
    own = need.name.rpartition(".")[2]
    if not re.fullmatch(one.model, model):
        return False
    if not (re.fullmatch(one.name, own) or re.fullmatch(one.name, need.name)):
        return False
    law = one.law
    return law is None or any(
        law(need.value, float(reading["value"]))
        for reading in readings
        if str(reading["name"]).rpartition(".")[2].lower() == own.lower()
    )
