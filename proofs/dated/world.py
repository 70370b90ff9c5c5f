"""Registers at random whose places move, begin, end, and are told in bits and in any order.

A day is a number: 0 is the first with readings. None is without limit.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

DAYS = 6
HOURS = 24
ITEMS = ("01000", "01A00", "01B00")
LEVELS = ("institution", "site", "building", "room")


@dataclass(frozen=True)
class DayNumbers:
    """From a day on, until the day before another."""

    start: int | None = None
    end: int | None = None

    def hold(self, day: int) -> bool:
        """Whether the day is one of them."""
        return (self.start is None or self.start <= day) and (self.end is None or day < self.end)


@dataclass(frozen=True)
class WorldEdge:
    """`upper` holds `lower`, or feeds it."""

    upper: str
    lower: str
    dates: DayNumbers = DayNumbers()


@dataclass(frozen=True)
class DatedMeter:
    """A meter and what it truly counts."""

    code: str
    node: str
    item: str
    total: bool
    dates: DayNumbers
    loads: tuple[int, ...]
    """What passes in each hour of each day [Wh]."""


Done = str | tuple[str, "Done", "Done"]
"""A meter or a number, or (sign, left, right): what is done with them."""


@dataclass(frozen=True)
class WorldFormula:
    """What a meter is of others on its days; `draft` is what is told before it is known rightly."""

    meter: str
    done: Done
    dates: DayNumbers
    draft: Done


@dataclass(frozen=True)
class DatedWorld:
    """All that is true in the end."""

    seed: int
    zone: str
    nodes: dict[str, str]
    """Type of each place."""
    chains: dict[str, tuple[WorldEdge, ...]]
    """By place where it hangs in turn, earliest first, side by side or with gaps."""
    meters: tuple[DatedMeter, ...]
    feeds: tuple[WorldEdge, ...]
    formulas: tuple[WorldFormula, ...] = ()
    """What meters without a register are in turn, of each meter the earliest first."""

    @property
    def edges(self) -> list[WorldEdge]:
        """Every edge of the tree."""
        return [edge for chain in self.chains.values() for edge in chain]


@dataclass(frozen=True)
class Bit:
    """One thing that is told: of a place's nth edge, a meter, a feeder or a formula; whether as it
    is in the end, or without its dates; or readings of a meter between two hours."""

    kind: str
    """edge, meter, feed, formula or readings."""
    name: str
    number: int = 0
    dated: bool = True
    hours: tuple[int, int] = (0, 0)


def world(seed: int) -> DatedWorld:
    """The world of a seed."""
    chance = random.Random(seed)  # noqa: S311 - a simulated world
    counts = {
        "institution": chance.randint(2, 4),
        "site": chance.randint(2, 4),
        "building": chance.randint(2, 4),
        "room": chance.randint(0, 3),
    }
    by_level = {one: [f"{one[0]}{n}" for n in range(counts[one])] for one in LEVELS}
    nodes = {code: level for level, codes in by_level.items() for code in codes}
    chains = {
        code: _chain(chance, code, by_level[LEVELS[LEVELS.index(level) - 1]])
        for code, level in nodes.items()
        if level != "institution"
    }
    if chance.random() < 0.25:
        chains |= _merged_institutions(chance, by_level, chains)
    meters = some_meters(chance, list(nodes))
    return DatedWorld(
        seed,
        chance.choice(("Asia/Shanghai", "Asia/Kathmandu")),
        nodes,
        chains,
        meters,
        some_feeds(chance, [one.code for one in meters]),
    )


def _chain(chance: random.Random, code: str, parents: Sequence[str]) -> tuple[WorldEdge, ...]:
    count = chance.choice((1, 1, 2, 2, 3))
    turns = sorted(chance.sample(range(1, DAYS), count - 1))
    first = chance.randint(0, 2) if chance.random() < 0.1 else None
    last = chance.randint(DAYS - 2, DAYS) if chance.random() < 0.1 else None
    starts: list[int | None] = [first, *turns]
    ends: list[int | None] = [*turns, last]
    found: list[WorldEdge] = []
    for start, until in zip(starts, ends, strict=True):
        end = until
        if end is not None and chance.random() < 0.15:
            end -= 1
        if start is not None and end is not None and start >= end:
            continue
        found.append(WorldEdge(chance.choice(parents), code, DayNumbers(start, end)))
    return tuple(found)


def _merged_institutions(
    chance: random.Random, by_level: dict[str, list[str]], chains: dict[str, tuple[WorldEdge, ...]]
) -> dict[str, tuple[WorldEdge, ...]]:
    """All sites of one institution go over to another on a day."""
    one, other = chance.sample(by_level["institution"], 2)
    turn = chance.randint(1, DAYS - 1)
    return {
        code: (
            WorldEdge(one, code, DayNumbers(None, turn)),
            WorldEdge(other, code, DayNumbers(turn)),
        )
        for code in by_level["site"]
        if chains[code] and chains[code][0].upper == one
    }


def some_meters(chance: random.Random, nodes: Sequence[str]) -> tuple[DatedMeter, ...]:
    """Meters on places, some of which begin, end, merge or are split."""
    found: list[DatedMeter] = []
    totals: set[tuple[str, str]] = set()

    def add(node: str, item: str, dates: DayNumbers, *, total: bool) -> None:
        loads = tuple(chance.randint(1, 900) for _ in range(DAYS))
        found.append(DatedMeter(f"m{len(found)}", node, item, total, dates, loads))

    for _ in range(chance.randint(3, 7)):
        node, item = chance.choice(nodes), chance.choice(ITEMS)
        total = chance.random() < 0.35 and (node, item) not in totals
        if total:
            totals.add((node, item))
        turn = chance.randint(1, DAYS - 1)
        befalls = chance.choice(("", "", "starts", "ends", "merges", "splits"))
        if befalls == "starts":
            add(node, item, DayNumbers(turn), total=total)
        elif befalls == "ends":
            add(node, item, DayNumbers(None, turn), total=total)
        elif befalls == "merges":
            add(node, item, DayNumbers(None, turn), total=False)
            add(node, item, DayNumbers(None, turn), total=False)
            add(node, item, DayNumbers(turn), total=total)
        elif befalls == "splits":
            add(node, item, DayNumbers(None, turn), total=total)
            add(node, item, DayNumbers(turn), total=False)
            add(node, item, DayNumbers(turn), total=False)
        else:
            add(node, item, DayNumbers(), total=total)
    return tuple(found)


def some_feeds(chance: random.Random, meters: Sequence[str]) -> tuple[WorldEdge, ...]:
    """The earlier of two meters feeds the later one, so none comes round to itself."""
    found: dict[tuple[str, str], WorldEdge] = {}
    for _ in range(chance.choice((0, 0, 1, 2))):
        upper, lower = sorted(chance.sample(range(len(meters)), 2))
        turn = chance.randint(1, DAYS - 1)
        dates = chance.choice((DayNumbers(), DayNumbers(turn), DayNumbers(None, turn)))
        found[meters[upper], meters[lower]] = WorldEdge(meters[upper], meters[lower], dates)
    return tuple(found.values())


def bits(one: DatedWorld, chance: random.Random) -> list[Bit]:
    """All that is told of a world, shuffled: many facts first without their dates, readings in
    pieces of any size."""
    found = list(_facts(one, chance))
    made = {formula.meter for formula in one.formulas}
    for meter in (known for known in one.meters if known.code not in made):
        edges = sorted({0, DAYS * HOURS + 1, *(chance.randrange(DAYS * HOURS) for _ in range(3))})
        found += [Bit("readings", meter.code, hours=pair) for pair in pairwise(edges)]
    chance.shuffle(found)
    return found


def _facts(one: DatedWorld, chance: random.Random) -> Iterator[Bit]:
    def drafted() -> bool:
        return chance.random() < 0.5

    for code, chain in one.chains.items():
        for number in range(len(chain)):
            yield Bit("edge", code, number)
            if drafted():
                yield Bit("edge", code, number, dated=False)
    counts = {"meter": len(one.meters), "feed": len(one.feeds), "formula": len(one.formulas)}
    for kind, count in counts.items():
        for number in range(count):
            yield Bit(kind, "", number)
            if drafted():
                yield Bit(kind, "", number, dated=False)
