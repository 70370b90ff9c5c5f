"""What prices and factors made of figures since: as a restatement names a day that was read
otherwise, this names a figure that is worth otherwise.

    audit log ─▶ edits of the registry since a version ─┐
    view of then ─▶ money and carbon of each figure     ├─▶ figures that are worth otherwise, each
    view of now  ─▶ the same                            ┘   with the edits of the rows it rests on
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from figures import Cost, View
from figures import energy as energy_of
from figures import worth as worth_of
from metering.access import AuditEntry
from metering.book import SeriesKey
from metering.factor import Factor
from metering.items import covers
from metering.ports import AuditLog
from metering.registry import Registry
from metering.registry.differences import Change, FactRow, changes, facts_of, key_text
from metering.tariff import TariffRow

APPLIED: Final = "registry.apply"
PAGE: Final = 200
PRICES: Final = ("tariff", "factor")
"""Kinds whose rows figures name: those alone that a figure rests on are told of it."""
STEERS: Final = ("calendar", "meter", "space", "supply")
"""Kinds by which another row prices, or another meter counts; told where no row says why."""
Views = Callable[[], AbstractContextManager[View]]


@dataclass(frozen=True)
class RegistryEdit:
    """One fact of the registry that somebody changed."""

    kind: str
    key: str
    """Its natural key as people read it."""
    old: FactRow | None
    """None where it was added."""
    new: FactRow | None
    """None where it is gone."""
    version: int
    """Of the registry, from which on it holds."""
    at_us: int
    by: str
    reason: str

    @property
    def what(self) -> str:
        """added, changed or gone."""
        return Change(self.kind, self.key, self.old, self.new).what

    def __str__(self) -> str:
        told = str(Change(self.kind, self.key, self.old, self.new))
        return f"{told} (version {self.version}, {self.by})"


@dataclass(frozen=True)
class ClosedSum:
    """What a figure comes to over some days."""

    amount: int | None
    """Book units; None where nothing is known."""
    money: tuple[tuple[str, Decimal], ...]
    """(currency, amount) of the energy that has a price."""
    kgco2: Decimal | None


NOTHING: Final = ClosedSum(None, (), None)


@dataclass(frozen=True)
class WorthSince:
    """A figure of some days that is worth otherwise than it was."""

    key: SeriesKey
    first: date
    last: date
    """Included."""
    closed: ClosedSum
    present: ClosedSum
    restated: int
    """Of its days those whose energy is told otherwise."""
    edits: tuple[RegistryEdit, ...]
    """Of the rows that it rested on or rests on, oldest first."""


Rows = frozenset[tuple[str, str]]
"""(kind, key) of registered rows."""


@dataclass(frozen=True)
class _Valued:
    sum: ClosedSum
    rests_on: Rows


def edits_since(
    audit: AuditLog, version: int, registry_at: Callable[[int], Registry]
) -> list[RegistryEdit]:
    """What was changed in the registry after a version, oldest first, as the audit log has it."""
    found: list[AuditEntry] = []
    before: int | None = None
    while True:
        page = audit.entries(None, before_id=before, limit=PAGE)
        applied = [one for one in page if one.action == APPLIED]
        found += [one for one in applied if _version(one) > version]
        if len(page) < PAGE or any(_version(one) <= version for one in applied):
            break
        before = page[-1].id
    return [edit for one in reversed(found) for edit in _edits(one, registry_at)]


def _version(entry: AuditEntry) -> int:
    return int(entry.subject.removeprefix("version "))


def _edits(entry: AuditEntry, registry_at: Callable[[int], Registry]) -> Iterable[RegistryEdit]:
    version = _version(entry)
    kept = entry.detail.get("changes", [])
    if len(kept) < entry.detail.get("total", 0):  # an entry holds the first ones alone
        kept = [one.as_json() for one in changes(registry_at(version - 1), registry_at(version))]
    who = (version, entry.at_us, entry.actor, entry.reason)
    return [
        RegistryEdit(str(one["kind"]), str(one["key"]), one["old"], one["new"], *who)
        for one in kept
    ]


def revalued(
    then: Views,
    now: Views,
    keys: Sequence[SeriesKey],
    days: tuple[date, date],
    edits: Sequence[RegistryEdit],
    restated: Mapping[SeriesKey, int],
) -> list[WorthSince]:
    """Of figures those whose money or carbon over some days is another than then. `restated` says
    of how many of their days the energy is told otherwise; a figure that neither a row nor a
    reading can have changed is not worked out."""
    concerned = [key for key in keys if restated.get(key) or any(_meets(e, key) for e in edits)]
    if not concerned:
        return []
    with then() as view:
        before = _valued(view, concerned, days)
    with now() as view:
        after = _valued(view, concerned, days)
        own = _codes(view.registry, {key.institution for key in concerned})
    found = []
    for key in concerned:
        old, new = before[key], after[key]
        if (old.sum.money, old.sum.kgco2) == (new.sum.money, new.sum.kgco2):
            continue
        told = tuple(e for e in edits if (e.kind, e.key) in old.rests_on | new.rests_on)
        if not told and not restated.get(key):
            told = tuple(e for e in edits if _steers(e, days, own))
        found.append(WorthSince(key, *days, old.sum, new.sum, restated.get(key, 0), told))
    return found


def _meets(edit: RegistryEdit, key: SeriesKey) -> bool:
    """Whether an edit can change what a figure of an item is worth."""
    if edit.kind in STEERS:
        return True
    items = {row["item"] for row in (edit.old, edit.new) if row is not None and "item" in row}
    near = any(covers(one, key.item) or covers(key.item, one) for one in items)
    return edit.kind in PRICES and (near or not items)  # a set whose rows changed places has none


def _steers(edit: RegistryEdit, days: tuple[date, date], own: frozenset[str]) -> bool:
    if edit.kind == "calendar":
        return days[0].isoformat() <= edit.key[:10] <= days[1].isoformat()
    said = {one for row in (edit.old, edit.new) if row is not None for one in row.values()}
    return edit.kind in STEERS and bool(said & own)


def _codes(registry: Registry, institutions: Iterable[str]) -> frozenset[str]:
    """Codes of an institution's places and meters."""
    nodes = frozenset().union(*(registry.held(one) for one in institutions))
    return nodes | {meter.code for meter in registry.meters.values() if meter.node in nodes}


def _valued(
    view: View, keys: Sequence[SeriesKey], days: tuple[date, date]
) -> dict[SeriesKey, _Valued]:
    facts = facts_of(view.registry)
    named: dict[object, tuple[str, str]] = {
        fact: (kind, key_text(kind, key)) for kind in PRICES for key, fact in facts[kind].items()
    }
    sets = {row.tariff: ("tariff", row.tariff) for row in view.registry.tariff}
    found = {}
    for key in keys:
        found[key] = _of(view, key, days, named, sets)
        view.forget(key)
    return found


def _of(
    view: View,
    key: SeriesKey,
    days: tuple[date, date],
    named: Mapping[object, tuple[str, str]],
    sets: Mapping[str, tuple[str, str]],
) -> _Valued:
    if key.code not in view.registry.nodes:
        return _Valued(NOTHING, frozenset())
    money = worth_of(view, key, *days)
    amounts = [one for one in energy_of(view, key, *days, "day").values() if one is not None]
    rows: list[TariffRow | Factor] = [*money.cost.rows, *money.kgco2.factors]
    rests_on = {named[row] for row in rows} | {sets[row.tariff] for row in money.cost.rows}
    amount = sum(amounts) if amounts else None
    return _Valued(ClosedSum(amount, money_of(money.cost), money.kgco2.amount), frozenset(rests_on))


def money_of(cost: Cost) -> tuple[tuple[str, Decimal], ...]:
    """(currency, amount) of what has a price."""
    return tuple((one.currency, one.amount) for one in cost.money)


def money_changes(one: WorthSince) -> dict[str, Decimal]:
    """Present money less that of then, by currency."""
    old, new = dict(one.closed.money), dict(one.present.money)
    zero = Decimal(0)
    return {name: new.get(name, zero) - old.get(name, zero) for name in sorted(old | new)}
