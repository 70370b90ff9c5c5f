"""Registers at random whose places are shared, move, merge and split, told in bits in any order."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from proofs.dated.formulas import some_formulas
from proofs.dated.world import (
    DAYS,
    DatedMeter,
    DatedWorld,
    DayNumbers,
    WorldEdge,
    some_feeds,
    some_meters,
)

LEVELS = ("institution", "site", "building", "room")


@dataclass(frozen=True)
class Hold:
    """Who holds a place from a day on until another: one the whole, or several a share each."""

    dates: DayNumbers
    shares: dict[str, str]
    """By place above, as the registry says a share; 1 is the whole."""


@dataclass(frozen=True)
class TreeWorld(DatedWorld):
    """A world of which places may be of several at once; `chains` has but the first of each."""

    holds: dict[str, tuple[Hold, ...]] = field(default_factory=dict)
    """By place who holds it in turn."""
    silent: dict[str, int] = field(default_factory=dict)
    """By total meter the day from which on nothing comes of it."""
    turn: int | None = None
    """The day on which all that one institution has goes to another, or comes from it."""


def weights_of(shares: dict[str, str], counted: Callable[[str], Fraction]) -> dict[str, Fraction]:
    """By place above what it has of the whole; `counted` says what a meter counts on the day."""
    amounts = {code: _amount(text, counted) for code, text in shares.items()}
    whole = sum(amounts.values(), Fraction(0))
    return {code: amount / whole for code, amount in amounts.items()}


def _amount(text: str, counted: Callable[[str], Fraction]) -> Fraction:
    first, _, second = text.partition(" ")
    return counted(second) if first == "meter" else Fraction(first)


def tree_world(seed: int) -> TreeWorld:
    """The world of a seed."""
    chance = random.Random(f"tree {seed}")  # noqa: S311 - a simulated world
    counts = {"institution": (2, 4), "site": (2, 4), "building": (2, 4), "room": (0, 3)}
    by_level = {
        level: [f"{level[0]}{n}" for n in range(chance.randint(*counts[level]))] for level in LEVELS
    }
    nodes = {code: level for level, codes in by_level.items() for code in codes}
    holds = {
        code: _holds(chance, _above(by_level, level, code))
        for code, level in nodes.items()
        if level != "institution"
    }
    apart = random.Random(f"institutions {seed}")  # noqa: S311 - a simulated world
    turn = apart.randrange(1, DAYS) if apart.random() < 0.4 else None
    if turn is not None:
        first, other = apart.sample(by_level["institution"], 2)
        merge = merged if apart.random() < 0.5 else split_off
        holds = {code: merge(found, first, other, turn) for code, found in holds.items()}
    chains = {
        code: tuple(WorldEdge(next(iter(one.shares)), code, one.dates) for one in found)
        for code, found in holds.items()
    }
    meters = some_meters(chance, list(nodes))
    feeds = some_feeds(chance, [one.code for one in meters])
    zone = chance.choice(("Asia/Shanghai", "Asia/Kathmandu"))
    subs: list[DatedMeter] = []
    if chance.random() < 0.5:
        holds = {code: _by_meters(chance, code, found, subs) for code, found in holds.items()}
    totals = [one for one in meters if one.total]
    silent = {one.code: chance.randrange(DAYS) for one in totals if chance.random() < 0.6}
    parts = [_part_of(chance, one, n) for n, one in enumerate(totals) if chance.random() < 0.7]
    metered = (*meters, *parts, *subs)
    apart = random.Random(f"formulas {seed}")  # noqa: S311 - a simulated world
    made = some_formulas(apart, metered, totals=True)
    return TreeWorld(
        seed,
        zone,
        nodes,
        chains,
        (*metered, *made.meters),
        (*feeds, *made.feeds),
        made.formulas,
        holds,
        silent,
        turn,
    )


def _by_meters(
    chance: random.Random, node: str, holds: tuple[Hold, ...], subs: list[DatedMeter]
) -> tuple[Hold, ...]:
    """Some of the times in which a place is shared by what a meter of each counts."""
    found = []
    for hold in holds:
        shares = hold.shares
        if len(shares) > 1 and chance.random() < 0.4:
            shares = {}
            for upper in hold.shares:
                loads = tuple(chance.randint(1, 900) for _ in range(DAYS))
                code = f"sub{len(subs)}"
                subs.append(DatedMeter(code, node, "01A00", False, DayNumbers(), loads))
                shares[upper] = f"meter {code}"
        found.append(Hold(hold.dates, shares))
    return tuple(found)


def _part_of(chance: random.Random, total: DatedMeter, number: int) -> DatedMeter:
    """A meter beside a total, which holds it."""
    loads = tuple(chance.randint(1, 900) for _ in range(DAYS))
    return DatedMeter(f"part{number}", total.node, total.item, False, DayNumbers(), loads)


def merged(holds: tuple[Hold, ...], one: str, other: str, turn: int) -> tuple[Hold, ...]:
    """A place's holders where all that one institution has goes to another on a day."""
    return tuple(part for hold in holds for part in _renamed(hold, one, other, turn, after=True))


def split_off(holds: tuple[Hold, ...], one: str, other: str, turn: int) -> tuple[Hold, ...]:
    """A place's holders where all that one institution has was another's until a day."""
    return tuple(part for hold in holds for part in _renamed(hold, one, other, turn, after=False))


def _renamed(hold: Hold, one: str, other: str, turn: int, *, after: bool) -> Iterator[Hold]:
    """The part before the day and the one from it on; one of them is of `other` instead."""
    if one not in hold.shares:
        yield hold
        return
    start, end = hold.dates.start, hold.dates.end
    if start is None or start < turn:
        until = turn if end is None else min(end, turn)
        yield Hold(DayNumbers(start, until), hold.shares if after else _of(hold.shares, one, other))
    if end is None or end > turn:
        since = turn if start is None else max(start, turn)
        yield Hold(DayNumbers(since, end), _of(hold.shares, one, other) if after else hold.shares)


def _of(shares: dict[str, str], one: str, other: str) -> dict[str, str]:
    """With what `one` has as `other`'s; what both have is added, or is the whole."""
    found = {code: text for code, text in shares.items() if code != one}
    own, theirs = shares[one], found.get(other)
    found[other] = own if theirs is None else _sum(own, theirs)
    return found if len(found) > 1 else {other: "1"}


def _sum(one: str, other: str) -> str:
    """The sum of two shares of one kind; of two meters the first."""
    amount, _, kind = one.partition(" ")
    second = other.partition(" ")[0]
    if amount == "meter":
        return one
    if kind:
        return f"{int(amount) + int(second)} {kind}"
    return _decimal(int((Fraction(amount) + Fraction(second)) * 1000))


def _above(by_level: dict[str, list[str]], level: str, code: str) -> list[str]:
    """Places that may hold one: of the level above, and of its own those that come before."""
    place = LEVELS.index(level)
    earlier = by_level[level][: by_level[level].index(code)]
    return [*by_level[LEVELS[place - 1]], *earlier]


def _holds(chance: random.Random, parents: Sequence[str]) -> tuple[Hold, ...]:
    count = chance.choice((1, 1, 2, 2, 3))
    turns = sorted(chance.sample(range(1, DAYS), count - 1))
    starts: list[int | None] = [None, *turns]
    ends: list[int | None] = [*turns, None]
    found = []
    for start, until in zip(starts, ends, strict=True):
        gap = until is not None and chance.random() < 0.15
        end = until - 1 if gap and until is not None else until
        if start is None or end is None or start < end:
            found.append(Hold(DayNumbers(start, end), _shares(chance, parents)))
    return tuple(found)


def _shares(chance: random.Random, parents: Sequence[str]) -> dict[str, str]:
    if len(parents) < 2 or chance.random() < 0.4:
        return {chance.choice(parents): "1"}
    chosen = chance.sample(parents, chance.randint(2, min(4, len(parents))))
    kind = chance.choice(("", "", " m2", " persons"))
    if kind:
        return {code: f"{chance.randint(1, 2000)}{kind}" for code in chosen}
    cuts = sorted(chance.sample(range(1, 1000), len(chosen) - 1))
    parts = [b - a for a, b in zip([0, *cuts], [*cuts, 1000], strict=True)]
    return {code: _decimal(part) for code, part in zip(chosen, parts, strict=True)}


def _decimal(thousandths: int) -> str:
    return f"0.{thousandths:03}".rstrip("0")
