"""Meters that are formulas of others: whether their sum counts the energy of a register twice.

v = t - p        v and p    t once                 may be added
w = v + h        w and t    t twice                must not
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from fractions import Fraction
from typing import Final

from metering.registry import Registry
from metering.validity import turning_days

SOME: Final = Fraction(1, 10**9)
"""What of a member is in a formula in which it is a factor: more than nothing, and unknown."""
Parts = dict[str, Fraction]
"""By meter with a register, how often its energy is in another's."""


def counted_twice(
    registry: Registry, meters: Sequence[str], first: date, last: date
) -> tuple[str, str] | None:
    """Two of the meters whose formulas put the same energy into their sum on one of the local days
    first..last; None where no formula does."""
    if not any(registry.formulas_of(one) for one in meters):
        return None
    for day in _days(registry, first, last):
        held = {one: parts_of(registry, one, day) for one in meters}
        for register in dict.fromkeys(code for parts in held.values() for code in parts):
            own = [one for one in meters if held[one].get(register, 0) > 0]
            whole = sum(parts.get(register, Fraction(0)) for parts in held.values())
            if len(own) > 1 and whole > 1:
                return own[0], own[1]
    return None


def parts_of(registry: Registry, meter: str, day: date) -> Parts:
    """What a meter's energy is made of on a local day, formulas of formulas taken apart."""
    formula = registry.formula(meter, day)
    if formula is None:
        return {meter: Fraction(1)}
    found: Parts = {}
    for member in formula.read.members:
        times = formula.read.times(member) if formula.read.is_linear else SOME
        for code, part in parts_of(registry, member, day).items():
            found[code] = found.get(code, Fraction(0)) + times * part
    return found


def _days(registry: Registry, first: date, last: date) -> Iterator[date]:
    """A day of each stretch in which all formulas stand still."""
    yield first
    turns = turning_days(one.valid for one in registry.formulas)
    yield from (day for day in turns if first < day <= last)
