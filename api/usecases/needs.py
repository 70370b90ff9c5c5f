"""What needs a person: the checks of repairs that found something, by what is at stake."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from api.caller import Caller
from api.usecases.repairs import RepairSeverity, check_all
from metering.localtime import MINUTE_US

KEPT_US: Final = MINUTE_US
"""All checks of 1,000 meters take about a second: who reloads a page does not ask for them anew."""


@dataclass(frozen=True)
class PersonNeeded:
    """A check that found something to mend."""

    check: str
    severity: RepairSeverity
    count: int


def needs(caller: Caller) -> Sequence[PersonNeeded]:
    """What is at stake most comes first, as of a minute ago at most; advice is left out."""
    now_us = caller.platform.now_us()
    name = f"needs {caller.role}"  # a reach is shared by keys of all roles
    kept: tuple[int, Sequence[PersonNeeded]] | None = caller.reach.listed.get(name)
    if kept is None or not kept[0] <= now_us < kept[0] + KEPT_US:
        kept = (now_us, _looked(caller))
        caller.reach.listed[name] = kept
    return kept[1]


def _looked(caller: Caller) -> list[PersonNeeded]:
    order = list(RepairSeverity)
    found = [
        PersonNeeded(one.check.name, one.check.severity, len(one.found.repairs))
        for one in check_all(caller)
        if one.found.repairs and one.check.severity is not RepairSeverity.ADVICE
    ]
    return sorted(found, key=lambda one: order.index(one.severity))
