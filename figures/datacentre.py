"""Ratios of a data centre's energies, each with category, boundary and cover.

    boundary      meters with a role at the node and below
    utility ──▶ ups_in ──▶ ups_out ──▶ it        cooling

A ratio is of energies over the time in which both are wholly known, and is not stated where
that is less than 95 % of the time asked: a side that is silent for a while would otherwise be
set against one that is not. Power over power is never called PUE; the ratio of utility to IT
over less than twelve months is an interim one (ISO/IEC 30134-2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

import numpy as np
from numpy.typing import NDArray

from figures.energy import energy as energy_of
from figures.power import rates
from figures.series import Energy
from figures.view import View
from metering.localtime import DAY_MIN, local_day
from metering.quality import MISSING, WHOLE
from metering.quantity import ABSENT, I64
from metering.registry import Meter, NodeType
from metering.units import BOOK_UNITS
from metering.validity import ALWAYS, Validity

ROLES: Final = ("utility", "ups_in", "ups_out", "it", "cooling")
RATIOS: Final[Mapping[str, tuple[str, str]]] = {
    "utility_per_it": ("utility", "it"),
    "ups_efficiency": ("ups_out", "ups_in"),
}
CATEGORIES: Final = {"ups_out": 1, "it": 3}
"""Where the IT energy is measured (ISO/IEC 30134-2): 1 at the UPS output, 3 at the input of the
IT equipment."""
LEAST_COVER: Final = 9_500
"""Of the time asked [1/10,000]."""
DIGITS: Final = Decimal("0.000001")


@dataclass(frozen=True)
class Ratio:
    """One energy over another."""

    name: str
    value: Decimal | None
    """Rounded to 0.000001; None where it is not stated."""
    above: int | None
    below: int | None
    """Energies of the time in which both are known [mWh]; None where there is no such time."""
    cover: int
    """That time, of the time asked up to now [1/10,000]."""
    category: int | None
    """Where the IT energy is measured; None for a ratio that is not of IT energy, and where no
    meter measures it."""
    boundary: str
    """Node whose meters with a role, there and below, are taken."""


@dataclass(frozen=True)
class RoleSum:
    """Energy of one role over a stretch of time."""

    role: str
    amount: int | None
    """Of the time in which it is wholly known [mWh]; None where that is none."""
    cover: int
    """That time, of the time asked up to now [1/10,000]."""


@dataclass(frozen=True, eq=False)
class RoleEnergy:
    """Energy of roles side by side, all at one step (n periods)."""

    node: str
    step_min: int
    start_us: I64
    """(n,)"""
    end_us: I64
    quantity: Mapping[str, I64]
    """Role -> (n,) sum of its meters [mWh]; ABSENT where one of them is not wholly known."""
    until_us: int
    """Periods that end later are not over."""
    metered: frozenset[str]
    """Roles that have a meter."""

    def ratio(self, name: str, start_us: int, end_us: int) -> Ratio:
        """The ratio of that name over the periods that begin in [start, end)."""
        over, under = RATIOS[name]
        asked = self._asked(start_us, end_us)
        above, below = self.quantity[over], self.quantity[under]
        both = asked & (above != ABSENT) & (below != ABSENT)
        cover = self._cover(both, asked)
        category = CATEGORIES.get(under) if under in self.metered else None
        if not both.any():
            return Ratio(name, None, None, None, cover, category, self.node)
        a, b = int(above[both].sum()), int(below[both].sum())
        stated = cover >= LEAST_COVER and b > 0
        value = (Decimal(a) / Decimal(b)).quantize(DIGITS) if stated else None
        return Ratio(name, value, a, b, cover, category, self.node)

    def sum_of(self, role: str, start_us: int, end_us: int) -> RoleSum:
        """The energy of a role over the periods that begin in [start, end)."""
        asked, own = self._asked(start_us, end_us), self.quantity[role]
        known = asked & (own != ABSENT)
        amount = int(own[known].sum()) if known.any() else None
        return RoleSum(role, amount, self._cover(known, asked))

    def power(self, role: str) -> NDArray[np.float64]:
        """(n,) mean power of a role [kW]; NaN where one of its meters is not wholly known."""
        own = rates(self.quantity[role], self.start_us, self.end_us, self.until_us)
        return own / BOOK_UNITS["kWh"].per_canonical

    def _asked(self, start_us: int, end_us: int) -> NDArray[np.bool_]:
        inside = (self.start_us >= start_us) & (self.start_us < end_us)
        return inside & (self.end_us <= self.until_us)

    def _cover(self, known: NDArray[np.bool_], asked: NDArray[np.bool_]) -> int:
        lengths = self.end_us - self.start_us
        expected = int(lengths[asked].sum())
        return WHOLE * int(lengths[known].sum()) // expected if expected else 0


def centres(view: View) -> list[str]:
    """Codes of all data centres, sorted."""
    nodes = view.registry.nodes.values()
    return sorted(node.code for node in nodes if node.type is NodeType.DATACENTRE)


def meters_of(view: View, node: str) -> dict[str, list[Meter]]:
    """Meters with a role that are ever at a node or below, by role."""
    below = view.registry.held(node)
    found: dict[str, list[Meter]] = {role: [] for role in ROLES}
    for code in sorted(view.registry.meters):
        meter = view.registry.meters[code]
        if meter.dc_role in found and meter.node in below:
            found[meter.dc_role].append(meter)
    return found


def role_energy(
    view: View, node: str, first: date, last: date, roles: Sequence[str] = ROLES
) -> RoleEnergy:
    """Energy by role on the local days first..last, at the finest step that all its meters
    have: a quarter hour, an hour or a day."""
    by_role = meters_of(view, node)
    chosen = [meter for role in roles for meter in by_role[role]]
    view.load([view.key_of(meter.code) for meter in chosen], first, last)
    step = _step(chosen)
    read = {m.code: energy_of(view, view.key_of(m.code), first, last, step) for m in chosen}
    frame = next(iter(read.values()), None) or _frame(view, node, first, last)
    held = view.registry.held(node)
    masks = {m.code: _valid((m.valid, *held[m.node]), frame) for m in chosen}
    return RoleEnergy(
        node,
        frame.step_min,
        frame.start_us,
        frame.end_us,
        {role: _sum(by_role[role], read, masks, len(frame)) for role in roles},
        view.now_us,
        frozenset(role for role in roles if by_role[role]),
    )


def ratio(view: View, node: str, name: str, first: date, last: date) -> Ratio:
    """A ratio over the local days first..last, both included."""
    found = role_energy(view, node, first, last, RATIOS[name])
    return found.ratio(name, int(found.start_us[0]), int(found.end_us[-1]))


def role_sums(view: View, node: str, first: date, last: date) -> list[RoleSum]:
    """The energy of each role over the local days first..last, each at its own step."""
    found = []
    for role in ROLES:
        own = role_energy(view, node, first, last, (role,))
        found.append(own.sum_of(role, int(own.start_us[0]), int(own.end_us[-1])))
    return found


def _step(meters: Sequence[Meter]) -> str:
    coarsest = max((meter.step_min for meter in meters), default=DAY_MIN)
    return "15min" if coarsest <= 15 else "hour" if coarsest <= 60 else "day"


def _frame(view: View, node: str, first: date, last: date) -> Energy:
    return energy_of(view, view.key_of(node, "01000"), first, last, "day")


def _valid(dates: tuple[Validity, ...], frame: Energy) -> NDArray[np.bool_]:
    """(n,) periods in which a meter of these dates is there, on its node and with the node below:
    the first are its own, the others those of the node."""
    own, *held = dates
    if own == ALWAYS and held == [ALWAYS]:
        return np.ones(len(frame), dtype=np.bool_)
    days = [local_day(start, frame.zone) for start in frame.start_us.tolist()]
    there = [own.holds(day) and any(one.holds(day) for one in held) for day in days]
    return np.array(there, dtype=np.bool_)


def _sum(
    meters: Sequence[Meter],
    read: Mapping[str, Energy],
    masks: Mapping[str, NDArray[np.bool_]],
    count: int,
) -> I64:
    """(n,) of all meters of a role; ABSENT where one is not wholly known, or there is none."""
    total = np.zeros(count, dtype=np.int64)
    known, any_there = np.ones(count, dtype=np.bool_), np.zeros(count, dtype=np.bool_)
    for meter in meters:
        own, there = read[meter.code], masks[meter.code]
        sure = (own.quantity != ABSENT) & (own.shares[:, MISSING] == 0)
        total += np.where(there & sure, own.quantity, 0)
        known &= sure | ~there
        any_there |= there
    return np.where(known & any_there, total, ABSENT)
