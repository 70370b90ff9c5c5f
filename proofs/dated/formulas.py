"""Meters at random that are formulas of others, as texts and as trees of what is done.

A tree is a meter, a number, or (sign, left, right). It knows what a formula may be from
docs/registry.md, and nothing of what reads it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from proofs.dated.world import (
    DAYS,
    ITEMS,
    DatedMeter,
    DatedWorld,
    DayNumbers,
    Done,
    WorldEdge,
    WorldFormula,
)

_BINDS = {"+": 1, "-": 1, "*": 2, "/": 2}
_FACTORS = ("0.5", "0.97", "2", "1.25", "0.333333333", "3")


@dataclass(frozen=True)
class WithoutRegister:
    """Meters without a register, what they are in turn, and which meters feed them."""

    meters: tuple[DatedMeter, ...] = ()
    formulas: tuple[WorldFormula, ...] = ()
    feeds: tuple[WorldEdge, ...] = ()


def some_formulas(
    chance: random.Random, known: Sequence[DatedMeter], *, totals: bool
) -> WithoutRegister:
    """Some formulas of the meters and of each other, with dates, of one text after another."""
    meters, formulas, feeds = list[DatedMeter](), list[WorldFormula](), list[WorldEdge]()
    taken = {(one.node, one.item) for one in known if one.total}
    for number in range(chance.choice((0, 1, 2, 3, 3))):
        code, others = f"f{number}", [*known, *meters]
        node, item = chance.choice(others).node, chance.choice(ITEMS)
        near = [m for m in others if m.node == node]
        pool = [m.code for m in (near if chance.random() < 0.5 else others)]
        pool += [m.code for m in meters] * 3  # formulas of formulas are to be many
        total = totals and chance.random() < 0.3 and (node, item) not in taken
        taken |= {(node, item)} if total else set()
        dates = chance.choice((DayNumbers(), DayNumbers(), DayNumbers(chance.randrange(1, DAYS))))
        meters.append(DatedMeter(code, node, item, total, dates, (0,) * DAYS))
        formulas += _in_turn(chance, code, pool)
        if chance.random() < 0.3:
            feeds.append(WorldEdge(chance.choice(pool), code))
    return WithoutRegister(tuple(meters), tuple(formulas), tuple(feeds))


def with_formulas(one: DatedWorld) -> DatedWorld:
    """The world with some formulas of its meters."""
    chance = random.Random(f"formulas {one.seed}")  # noqa: S311 - a simulated world
    made = some_formulas(chance, one.meters, totals=False)
    meters, feeds = (*one.meters, *made.meters), (*one.feeds, *made.feeds)
    return replace(one, meters=meters, feeds=feeds, formulas=made.formulas)


def _in_turn(chance: random.Random, code: str, pool: Sequence[str]) -> Iterator[WorldFormula]:
    """One formula, or two, with a day between them or none; the first one may begin late, and the
    last one end early."""
    count = chance.choice((1, 1, 2))
    turns = sorted(chance.sample(range(1, DAYS), count + 1))
    starts = [turns[0] if chance.random() < 0.3 else None, *turns[1:count]]
    ends = [*turns[1:count], turns[count] if chance.random() < 0.3 else None]
    for start, end in zip(starts, ends, strict=True):
        yield WorldFormula(
            code, _energy(chance, pool, 2), DayNumbers(start, end), _draft(chance, pool)
        )


def _draft(chance: random.Random, pool: Sequence[str]) -> Done:
    return _energy(chance, pool, 1)


def _energy(chance: random.Random, pool: Sequence[str], depth: int) -> Done:
    """Sums, differences, multiples, and energy times a ratio."""
    if depth == 0 or chance.random() < 0.15:
        return chance.choice(pool)
    left = _energy(chance, pool, depth - 1)
    kind = chance.choice(("+", "-", "-", "factor", "half", "ratio"))
    if kind in "+-":
        return (kind, left, _energy(chance, pool, depth - 1))
    if kind == "factor":
        return ("*", chance.choice(_FACTORS), left)
    if kind == "half":
        return ("/", left, chance.choice(_FACTORS))
    over, under = (_energy(chance, pool, depth - 1) for _ in range(2))
    return ("*", left, ("/", over, under))


def text_of(done: Done, within: int = 0, *, right: bool = False) -> str:
    """As the registry says it, with no bracket more than it needs."""
    if isinstance(done, str):
        return done
    binds = _BINDS[done[0]]
    left = text_of(done[1], binds)
    text = f"{left} {done[0]} {text_of(done[2], binds, right=True)}"
    return f"({text})" if binds < within or (right and binds == within) else text


def named(done: Done) -> frozenset[str]:
    """The meters that it names."""
    if isinstance(done, str):
        return frozenset() if _is_number(done) else frozenset([done])
    return named(done[1]) | named(done[2])


def worked_out(done: Done, counted: Callable[[str], Fraction]) -> Fraction | None:
    """What comes of it; None where it divides by 0."""
    if isinstance(done, str):
        return Fraction(done) if _is_number(done) else counted(done)
    left, right = worked_out(done[1], counted), worked_out(done[2], counted)
    if left is None or right is None or (done[0] == "/" and right == 0):
        return None
    signs = {"+": left + right, "-": left - right, "*": left * right}
    return left / right if done[0] == "/" else signs[done[0]]


def to_the_nearest(value: Fraction) -> int:
    """The whole number next to it, of two the even one."""
    low = value.numerator // value.denominator
    rest = value - low
    return low + (rest > Fraction(1, 2) or (rest == Fraction(1, 2) and low % 2 == 1))


def _is_number(text: str) -> bool:
    return text[0].isdigit()


def has_ratio(done: Done) -> bool:
    """Whether it divides by a meter."""
    if isinstance(done, str):
        return False
    return (done[0] == "/" and bool(named(done[2]))) or has_ratio(done[1]) or has_ratio(done[2])
