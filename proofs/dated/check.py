"""`make dated-check`: books and answers of registers that move, against an oracle and a rebuild."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from proofs.dated.asked import MWH, AskedDays, DatedReader
from proofs.dated.formulas import has_ratio, named, with_formulas
from proofs.dated.oracle import DatedOracle
from proofs.dated.told import FIRST, ToldPlatform, told
from proofs.dated.world import DAYS, DatedWorld, bits, world
from proofs.steps import finish, say

MOST_TOLD = 10
READERS = 2
"""Keys of places beside those of institutions, in each world."""

Figures = dict[tuple[str, str, str, str, int], Fraction]
"""kWh by institution, kind, code, item and day."""


@dataclass
class DatedOutcome:
    """What came of the worlds."""

    worlds: int = 0
    figures: int = 0
    different: list[str] = field(default_factory=list)
    lost: Fraction = Fraction(0)
    """kWh that institutions' sums have too little or too much."""
    asked: AskedDays = field(default_factory=AskedDays)
    kinds: Counter[str] = field(default_factory=Counter)

    @property
    def passed(self) -> bool:
        """Whether nothing differs, is lost or leaks."""
        return not (self.different or self.asked.different or self.asked.leaked or self.lost)

    def line(self) -> dict[str, Any]:
        """For the last line."""
        return {
            "worlds": self.worlds,
            "figures": self.figures,
            "values_asked": self.asked.values,
            "different": len(self.different) + len(self.asked.different),
            "lost_kwh": float(self.lost),
            "leaked": len(self.asked.leaked),
            **{f"with_{kind}": count for kind, count in sorted(self.kinds.items())},
        }


def run_dated(worlds: int, seed: int) -> None:
    """The worlds from a seed on, and the line."""
    outcome, began = DatedOutcome(), time.process_time()
    for one in range(seed, seed + worlds):
        before = len(outcome.different) + len(outcome.asked.different) + len(outcome.asked.leaked)
        prove(one, outcome)
        found = [*outcome.different, *outcome.asked.different, *outcome.asked.leaked]
        if len(found) > before <= MOST_TOLD:
            say(f"world {one}: {len(found) - before} wrong, such as {found[-1]}")
    result = {**outcome.line(), "seed": seed, "cpu_s": round(time.process_time() - began, 1)}
    finish(result, outcome.passed)


def prove(seed: int, outcome: DatedOutcome) -> None:
    """One world, told in pieces with readers beside it, then judged."""
    one = with_formulas(world(seed))
    chance = random.Random(f"told {seed}")  # noqa: S311 - a simulated order
    oracle, readers = DatedOracle(one), list[DatedReader]()
    bodies = [code for code, kind in one.nodes.items() if kind == "institution"]
    platform: ToldPlatform | None = None
    for platform in told(one, bits(one, chance), chance):
        if not readers:
            readers = [DatedReader(platform, oracle, body) for body in bodies]
        for reader in readers:
            if chance.random() < 0.5:
                reader.follow()
                reader.follow_all()
    assert platform is not None
    judge_books(platform, oracle, outcome)
    for reader in readers:
        reader.follow()
        reader.follow_all()
        reader.told(outcome.asked)
        reader.ask(outcome.asked, chance)
    inner = [code for code in one.nodes if code not in bodies]
    for root in ["", *chance.sample(inner, min(READERS, len(inner)))]:
        DatedReader(platform, oracle, root).ask(outcome.asked, chance)
    platform.close()
    rebuilt = platform.rebuilt()
    if platform.hashes() != rebuilt.hashes():
        outcome.different.append(f"world {seed}: another hash than a rebuild's")
    if platform.events() != rebuilt.events():
        outcome.different.append(f"world {seed}: other register events than a rebuild's")
    outcome.worlds += 1
    outcome.kinds.update(_kinds(one, oracle))


def judge_books(platform: ToldPlatform, oracle: DatedOracle, outcome: DatedOutcome) -> None:
    """Every row of the books against the oracle, both ways."""
    wanted = _of_oracle(oracle)
    booked: Figures = {}
    for row in platform.stores.books.digest_rows():
        key, number = row.key, (row.day - FIRST).days
        if row.total is not None and 0 <= number < DAYS:
            value = Fraction(row.total, MWH)
            booked[key.institution, key.kind, key.code, key.item, number] = value
    outcome.figures += len(wanted)
    for place in sorted(wanted.keys() | booked.keys()):
        own, theirs = wanted.get(place), booked.get(place)
        if own == theirs:
            continue
        outcome.different.append(f"world {oracle.world.seed}: {place}: {theirs} / {own}")
        if place[0] == place[2]:
            outcome.lost += abs((own or Fraction(0)) - (theirs or Fraction(0)))


def _of_oracle(oracle: DatedOracle) -> Figures:
    found: Figures = {
        (oracle.body(node, day), "node", node, item, day): value
        for (node, item, day), value in oracle.figures().items()
    }
    for meter in oracle.world.meters:
        for day in range(DAYS):
            place = (oracle.body(meter.node, day), "meter", meter.code, meter.item, day)
            value = oracle.of_meter(meter, day)
            if value is not None:
                found[place] = value
    return found


def _kinds(one: DatedWorld, oracle: DatedOracle) -> list[str]:
    """What a world has."""
    found = []
    bodies = {n: {oracle.body(n, day) for day in range(DAYS)} - {""} for n in one.nodes}
    if any(len(own) > 1 for own in bodies.values()):
        found.append("moves_between_institutions")
    if any(len(chain) > 1 for chain in one.chains.values()):
        found.append("moves")
    if any(not oracle.parent(n, day) for n in one.chains for day in range(DAYS)):
        found.append("days_of_nobody")
    if any(m.dates.start is not None or m.dates.end is not None for m in one.meters):
        found.append("meters_that_begin_or_end")
    if any(m.total for m in one.meters):
        found.append("totals")
    if one.feeds:
        found.append("feeders")
    return [*found, *kinds_of_formulas(oracle)]


def kinds_of_formulas(oracle: DatedOracle) -> Iterator[str]:
    """What a world has of formulas."""
    formulas = oracle.world.formulas
    if formulas:
        yield "formulas"
    if any(oracle.is_made(code) for one in formulas for code in named(one.done)):
        yield "formulas_of_formulas"
    if any(has_ratio(one.done) for one in formulas):
        yield "ratios"
    if any(one.dates.start is not None or one.dates.end is not None for one in formulas):
        yield "formulas_that_begin_or_end"
    meters = [one for one in oracle.world.meters if oracle.is_made(one.code)]
    if any(oracle.is_apart(one, day) for one in meters for day in range(DAYS)):
        yield "members_of_others"
