"""What is registered and not in the files: named and kept, or ended on a day.

Only a file that was given can miss something: one that is left out says nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from metering.registry.differences import Fact, facts_of, key_text
from metering.registry.installation_sets import set_key as installation_set
from metering.registry.kind import Key, registry_of
from metering.registry.kinds import FILES, KIND_OF, KINDS
from metering.registry.model import Installation, Registry
from metering.tariff import TariffRow
from metering.tariff_sets import set_key


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

    A tariff's rows, and those of a point at a meter on one day, are missing where their whole set
    is: else they are replaced with it.
    """
    present, said = facts_of(existing), facts_of(wanted)
    sets: set[Key] = {set_key(row) for row in wanted.tariff}
    sets |= {installation_set(one) for one in wanted.installations}
    return [
        Missing(kind, key_text(kind, key), fact)
        for file, kinds in FILES.items()
        if file in files
        for kind in (one.name for one in kinds)
        for key, fact in present[kind].items()
        if key not in said[kind] and _set(fact) not in sets
    ]


def _set(fact: Fact) -> Key:
    """The key of the set with which a fact is replaced; () where it is replaced alone."""
    if isinstance(fact, TariffRow):
        return set_key(fact)
    return installation_set(fact) if isinstance(fact, Installation) else ()


def with_ended(existing: Registry, wanted: Registry, files: Collection[str], day: date) -> Registry:
    """`wanted` with the missing facts that hold on the day or later ended on it.

    What has no dates, ended earlier or begins later stays as it is.
    """
    ended: dict[str, list[Any]] = {kind.name: [] for kind in KINDS}
    for one in missing_from(existing, wanted, files):
        if KIND_OF[one.kind].dated and _ends(one.fact, day):
            ended[one.kind].append(_ended(one.fact, day))
    installed = _whole_sets(existing, ended["installation"])
    ended["installation"] = installed
    bare = {
        one.point: existing.points[one.point] for one in installed if one.point not in wanted.points
    }
    facts = {kind.name: (*kind.of(wanted), *ended[kind.name]) for kind in KINDS}
    facts["point"] = (*bare.values(), *facts["point"])
    return registry_of(wanted.version, KINDS, facts)


def _whole_sets(existing: Registry, ended: list[Installation]) -> list[Installation]:
    """The ended ones, with the others of their sets: these are replaced with them."""
    by_place = {(installation_set(one), one.starts): one for one in ended}
    sets = {key for key, _ in by_place}
    standing = (one for one in existing.installations if installation_set(one) in sets)
    return [by_place.get((installation_set(one), one.starts), one) for one in standing]


def _ends(fact: Any, day: date) -> bool:
    return bool(fact.valid.first < day < fact.valid.limit)


def _ended(fact: Any, day: date) -> Any:
    valid = replace(fact.valid, end=day)
    if isinstance(fact, Installation):
        return replace(fact, valid=valid, ends="", final=None)
    return replace(fact, valid=valid)
