"""What the platform must know of a kind of registered facts, said once.

    FactKind ─┬─▶ columns of its file, how a row is read and written      taking, write, absent
              ├─▶ natural key, references, what must not hold at once     merge, checks, missing
              ├─▶ what differs, and what figures depend on                differences, past
              └─▶ table, columns and rows of a database                   storage

Of the kinds that figures are made of, the registry has a field each (`metering.registry.kinds`).
Every other kind is a file of `metering.registry.facts`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Generic, Protocol, TypeVar

from metering.calendar import WorkCalendar
from metering.registry.model import Registry
from metering.registry.rows import Row, Table
from metering.registry.tables import Facts
from metering.validity import Validity

Key = tuple[Any, ...]
Fields = Mapping[str, object]
T = TypeVar("T")


class Dated(Protocol):
    """A fact that holds from a day to a day."""

    @property
    def valid(self) -> Validity:
        """The local days on which it holds."""
        ...


@dataclass(frozen=True)
class Reference:
    """A field that names another fact by its code."""

    field: str
    among: str
    """Field of the registry that holds what is named: nodes, meters or gateways."""
    column: str = ""
    """Of its file, where it is called otherwise."""
    needed: bool = True
    """Whether it may not be left empty."""

    @property
    def said(self) -> str:
        """The column in which it stands."""
        return self.column or self.field


@dataclass(frozen=True)
class Level:
    """Which columns find a registered row, and which it then fills where the file has not them."""

    key: tuple[str, ...]
    filled: tuple[str, ...]


@dataclass(frozen=True)
class FactKind(Generic[T]):
    """One kind of registered facts."""

    name: str
    """What differences, imports and the audit log call it."""
    type: type[T]
    """A frozen dataclass; `valid` holds the days of a dated one."""
    table: Table
    """Its file, which may hold another kind too."""
    by: tuple[str, ...]
    """Fields of the natural key: what has the same is the same fact, or one of a set that is
    replaced as a whole (`united`). `valid` is its first day."""
    refers: tuple[Reference, ...] = ()
    apart: tuple[str, ...] = ()
    """Fields of which no two dated facts that are equal in them may hold at once; () for none."""
    read: Callable[[Row], T | None] | None = None
    """The fact of a row, where the file holds one a row; what is wrong is noted at the row."""
    take: Callable[[Row, Facts], None] | None = None
    """Note the facts of a row, where the file holds several kinds; None where another kind does."""
    rows: Callable[[Registry], Iterable[Fields]] | None = None
    """What stands in its file, where that is not the fields of each fact."""
    levels: tuple[Level, ...] = ()
    """How columns are filled that a file leaves out; found by the key where there are none."""
    held: str = ""
    """Field of the registry; '' for a kind that has none of its own."""
    index: str = ""
    """Field by which a mapping holds it."""
    stored: str = ""
    """Table of a database, where that is not its name."""
    stored_by: tuple[str, ...] = ()
    """Columns of that table's key, where they are not the natural key."""
    united: Callable[[Iterable[T], Iterable[T]], Iterable[T]] | None = None
    """Merging, where it does not go by the key."""
    order: Callable[[T], Any] | None = None
    """How they are put in order, where that is not by the key."""
    billed: bool = False
    """Whether bills rest on it: a change of a complete month needs a reason, and books nothing."""

    def key(self, fact: T) -> Key:
        """The natural key; of a dated fact with the earliest day there is for no beginning."""
        return tuple(
            fact.valid.first if name == "valid" else getattr(fact, name)  # type: ignore[attr-defined]
            for name in self.by
        )

    @property
    def dated(self) -> bool:
        """Whether its facts begin and end."""
        return any(one.name == "valid" for one in fields(self.type))  # type: ignore[arg-type]

    @property
    def filled(self) -> tuple[Level, ...]:
        """How columns are filled that a file leaves out."""
        if self.levels:
            return self.levels
        key = tuple("valid_from" if name == "valid" else name for name in self.by)
        return (Level(key, self.table.optional),)

    def of(self, registry: Registry) -> tuple[T, ...]:
        """All of them in the registry, in its order."""
        held = getattr(registry, self.held) if self.held else registry.more.get(self.name, ())
        if isinstance(held, WorkCalendar):
            held = held.days
        return tuple(held.values()) if isinstance(held, dict) else tuple(held)

    def taken(self, facts: Facts) -> list[tuple[Row, T]]:
        """All that the files say, each with its row."""
        found: list[tuple[Row, T]] = (
            getattr(facts, self.held) if self.held else facts.more[self.name]
        )
        return found

    def note(self, row: Row, facts: Facts) -> None:
        """Note what a row of its file says."""
        if self.take is not None:
            self.take(row, facts)
        elif self.read is not None:
            fact = self.read(row)
            if fact is not None:
                self.taken(facts).append((row, fact))

    def together(self, present: Iterable[T], wanted: Iterable[T]) -> tuple[T, ...]:
        """`present` with what is wanted, in place of what has the same key."""
        if self.united is not None:
            return tuple(self.united(present, wanted))
        return tuple({self.key(one): one for one in (*present, *wanted)}.values())

    def in_order(self, facts: Iterable[T]) -> list[T]:
        """In the order of their keys, so that no store can show in it."""
        return sorted(facts, key=self.order or self.key)


def registry_of(
    version: int, kinds: Iterable[FactKind[Any]], facts: Mapping[str, Iterable[Any]]
) -> Registry:
    """A registry of the facts of each kind, by name."""
    own: dict[str, Any] = {}
    more: dict[str, tuple[Any, ...]] = {}
    for kind in kinds:
        found = tuple(facts[kind.name])
        if not kind.held:
            more |= {kind.name: found} if found else {}
        elif kind.held == "calendar":
            own[kind.held] = WorkCalendar.of(found)
        elif kind.index:
            own[kind.held] = {_index(kind, one): one for one in found}
        else:
            own[kind.held] = found
    return Registry(version=version, more=more, **own)


def _index(kind: FactKind[Any], fact: object) -> Hashable:
    index: Hashable = getattr(fact, kind.index)
    return index
