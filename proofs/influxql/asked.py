"""What may be asked of each measurement, and a statement with what of it the judge has to know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

HOUR_S: Final = 3_600
DAY_S: Final = 24 * HOUR_S


@dataclass(frozen=True)
class AskedTable:
    """What may be asked of a measurement so that both sides mean one thing."""

    name: str
    added: tuple[str, ...]
    """Fields that add up."""
    levels: tuple[str, ...]
    """Fields that do not."""
    alone: tuple[str, ...]
    """Tags that together name one series."""
    groups: tuple[str, ...] = ()
    """Further tags to group by."""
    steps: tuple[str, ...] = ("15m", "30m", "1h", "2h", "6h", "1d")
    texts: tuple[str, ...] = ()

    @property
    def wide(self) -> bool:
        """Whether a row is a day or more, or whatever happened."""
        return self.steps is WIDE

    @property
    def fields(self) -> frozenset[str]:
        """All of them."""
        return frozenset((*self.added, *self.levels, *self.texts))


AMOUNTS = ("value", "kwh", "cost", "kgco2", "kgce")
SHARES = ("known", "measured", "estimated", "missing")
MOMENTS = ("hour", "weekday", "day", "hours")
WIDE = ("1d", "7d", "1w", "14d", "30d")
TABLES: Final = (
    AskedTable("energy", AMOUNTS, ("power", *SHARES), ("node", "item"), MOMENTS),
    AskedTable("meters", AMOUNTS, ("power", *SHARES), ("meter",), MOMENTS),
    AskedTable(
        "energy_hour", AMOUNTS, SHARES, ("node", "item"), MOMENTS, ("1h", "3h", "12h", "1d")
    ),
    AskedTable("energy_day", (*AMOUNTS, "per_m2"), SHARES, ("node", "item"), ("day",), WIDE),
    AskedTable("energy_week", AMOUNTS, SHARES, ("node", "item"), (), WIDE),
    AskedTable("energy_month", AMOUNTS, SHARES, ("node", "item"), (), WIDE),
    AskedTable(
        "indicators", ("value",), ("per_m2", "per_person", "area_m2"), ("node", "item"), (), WIDE
    ),
    AskedTable("datacentre", ("utility", "ups_in", "it", "cooling"), (), ("node",), ("zone",)),
    AskedTable("readings", (), ("value",), ("point",), ("role",), ("30m", "1h", "4h", "1d")),
    AskedTable(
        "findings",
        ("count", "waste", "evidence_hours"),
        ("confidence",),
        ("id",),
        ("pattern", "node", "state"),
        WIDE,
        ("sentence_en", "cause_zh"),
    ),
    AskedTable(
        "cases", ("count", "standing"), ("start",), ("id",), ("pattern", "node_en"), WIDE, ()
    ),
    AskedTable(
        "restatements", ("count", "given"), ("new_revision",), ("serial",), ("kind",), WIDE, ()
    ),
    AskedTable(
        "gateways", ("points", "messages", "connected"), (), ("gateway",), ("node",), ("1d",)
    ),
)


@dataclass(frozen=True)
class Cut:
    """In which order rows are told, and how many."""

    descending: bool = False
    limit: int | None = None
    offset: int = 0
    series: int | None = None

    def told(self) -> str:
        """As a statement ends."""
        return "".join(
            (
                " ORDER BY time DESC" if self.descending else "",
                "" if self.limit is None else f" LIMIT {self.limit}",
                f" OFFSET {self.offset}" if self.offset else "",
                "" if self.series is None else f" SLIMIT {self.series}",
            )
        )


@dataclass(frozen=True)
class PlainQuestion:
    """Aggregates of the rows of a measurement, as they are meant."""

    columns: tuple[tuple[str, str], ...]
    """(function, field)."""
    names: tuple[str, ...]
    tags: tuple[tuple[str, str], ...]
    """That hold."""
    keys: tuple[str, ...]
    """Tags to group by."""
    start_us: int
    end_us: int
    """Not included."""
    step_s: int
    offset_s: int
    zone: str
    fill: str


@dataclass(frozen=True)
class ToolStatement:
    """A statement, and what of it the judge has to know."""

    text: str
    table: str = ""
    zone: str = ""
    words: frozenset[str] = frozenset()
    """Functions and clauses in it."""
    plain: PlainQuestion | None = None
    """What it asks, where that is plain aggregates by time."""
    within: tuple[str, str, str] | None = None
    """The SELECT within alone, the function of it, and how the outer one groups."""
    cut: Cut = Cut()

    def told(self, *, cut: bool = True) -> str:
        """The whole of it; or without what cuts its answer."""
        zone = f" tz('{self.zone}')" if self.zone and "within" not in self.words else ""
        return f"{self.text}{self.cut.told() if cut else ''}{zone}"
