"""What is registered and not in the files: named and kept, or ended on a day.

Only a file that was given can miss something: one that is left out says nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TypeVar

from metering.factor import Factor
from metering.registry.differences import Fact, facts_of, key_text
from metering.registry.model import (
    Installation,
    Meter,
    Registry,
    Route,
    SpaceEdge,
    SupplyEdge,
)
from metering.tariff import TariffRow
from metering.tariff_sets import set_key

T = TypeVar("T")
_KINDS_OF: dict[str, tuple[str, ...]] = {
    "tree.csv": ("node", "space"),
    "gateways.csv": ("gateway",),
    "routes.csv": ("route",),
    "meters.csv": ("meter", "supply"),
    "points.csv": ("point", "installation"),
    "tariff.csv": ("tariff",),
    "calendar.csv": ("calendar",),
    "factors.csv": ("factor",),
}
_Dated = SpaceEdge | Route | Meter | SupplyEdge | Installation | TariffRow | Factor


@dataclass(frozen=True)
class Missing:
    """A registered fact that is not in the file of its kind."""

    kind: str
    key: str
    fact: Fact = field(repr=False, compare=False)

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


def missing_from(existing: Registry, wanted: Registry, files: Collection[str]) -> list[Missing]:
    """Facts of `existing` of which the files say nothing, in the order of the files.

    A tariff's rows are missing where their whole set is: else they are replaced with it.
    """
    present, said = facts_of(existing), facts_of(wanted)
    sets = {set_key(row) for row in wanted.tariff}
    return [
        Missing(kind, key_text(kind, key), fact)
        for file, kinds in _KINDS_OF.items()
        if file in files
        for kind in kinds
        for key, fact in present[kind].items()
        if key not in said[kind] and not (isinstance(fact, TariffRow) and set_key(fact) in sets)
    ]


def with_ended(existing: Registry, wanted: Registry, files: Collection[str], day: date) -> Registry:
    """`wanted` with the missing facts that hold on the day or later ended on it.

    What has no dates, ended earlier or begins later stays as it is.
    """
    facts = [one.fact for one in missing_from(existing, wanted, files)]
    ended = [_ended(f, day) for f in facts if isinstance(f, _Dated) and _ends(f, day)]
    installed = [one for one in ended if isinstance(one, Installation)]
    return replace(
        wanted,
        space=(*wanted.space, *_of(SpaceEdge, ended)),
        routes=(*wanted.routes, *_of(Route, ended)),
        meters=wanted.meters | {one.code: one for one in _of(Meter, ended)},
        supply=(*wanted.supply, *_of(SupplyEdge, ended)),
        points={one.point: existing.points[one.point] for one in installed} | wanted.points,
        installations=(*wanted.installations, *installed),
        tariff=(*wanted.tariff, *_of(TariffRow, ended)),
        factors=(*wanted.factors, *_of(Factor, ended)),
    )


def _of(kind: type[T], facts: Iterable[object]) -> list[T]:
    return [one for one in facts if isinstance(one, kind)]


def _ends(fact: _Dated, day: date) -> bool:
    return fact.valid.first < day < fact.valid.limit


def _ended(fact: _Dated, day: date) -> _Dated:
    return replace(fact, valid=replace(fact.valid, end=day))
