"""`make tree-check`: what trees of shared places add up to, against an oracle and a rebuild."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import Any

from metering.quality import MEASURED
from proofs.dated.asked import MWH, DatedReader
from proofs.dated.check import DatedOutcome, judge_books, kinds_of_formulas
from proofs.dated.told import FIRST, ToldPlatform, told
from proofs.dated.world import DAYS, ITEMS, bits
from proofs.steps import finish, say
from proofs.tree.oracle import TreeOracle
from proofs.tree.told import TreePlatform
from proofs.tree.world import tree_world

MOST_SHOWN = 10
READERS = 2
"""Keys of places beside those of institutions, in each world."""


@dataclass
class TreeOutcome(DatedOutcome):
    """What came of the trees."""

    parts: int = 0
    """Parts of shared places, by item and day."""
    stood_in: int = 0
    """Figures of days whose total is silent."""
    unbalanced: int = 0
    """Shared figures whose parts are not the whole."""

    @property
    def passed(self) -> bool:
        """Whether all adds up, nothing differs and nothing leaks."""
        return super().passed and not self.unbalanced

    def line(self) -> dict[str, Any]:
        """For the last line."""
        found = super().line()
        return {
            "trees": found.pop("worlds"),
            "parts": self.parts,
            "stood_in": self.stood_in,
            "unbalanced": self.unbalanced,
            **found,
        }


def run_tree(trees: int, seed: int) -> None:
    """The trees from a seed on, and the line."""
    outcome, began = TreeOutcome(), time.process_time()
    for one in range(seed, seed + trees):
        before = _wrong(outcome)
        prove_tree(one, outcome)
        found = [*outcome.different, *outcome.asked.different, *outcome.asked.leaked]
        if before < _wrong(outcome) and before <= MOST_SHOWN:
            say(f"tree {one}: {_wrong(outcome) - before} wrong, such as {found[-1:]}")
    result = {**outcome.line(), "seed": seed, "cpu_s": round(time.process_time() - began, 1)}
    finish(result, outcome.passed)


def _wrong(outcome: TreeOutcome) -> int:
    asked = outcome.asked
    return len(outcome.different) + len(asked.different) + len(asked.leaked) + outcome.unbalanced


def prove_tree(seed: int, outcome: TreeOutcome) -> None:
    """One tree, told in pieces with readers beside it, then judged."""
    one, chance = tree_world(seed), random.Random(f"told {seed}")  # noqa: S311 - a simulated order
    oracle, readers = TreeOracle(one), list[DatedReader]()
    bodies = [code for code, kind in one.nodes.items() if kind == "institution"]
    platform: ToldPlatform | None = None
    for platform in told(one, bits(one, chance), chance, TreePlatform):
        if not readers:
            readers = [DatedReader(platform, oracle, body) for body in bodies]
        for reader in readers:
            if chance.random() < 0.5:
                reader.follow()
                reader.follow_all()
    assert platform is not None
    judge_books(platform, oracle, outcome)
    _judge_stand_ins(platform, oracle, outcome)
    for reader in readers:
        reader.follow()
        reader.follow_all()
        reader.told(outcome.asked)
        reader.ask(outcome.asked, chance)
    inner = [code for code in one.nodes if code not in bodies]
    others = ["", *chance.sample(inner, min(READERS, len(inner)))]
    for root in others:
        DatedReader(platform, oracle, root).ask(outcome.asked, chance)
    for root in [*bodies, *others]:
        _ask_parts(platform, oracle, root, outcome, chance)
    platform.close()
    rebuilt = platform.rebuilt()
    if platform.hashes() != rebuilt.hashes():
        outcome.different.append(f"tree {seed}: another hash than a rebuild's")
    if platform.events() != rebuilt.events():
        outcome.different.append(f"tree {seed}: other register events than a rebuild's")
    outcome.worlds += 1
    outcome.kinds.update(_kinds(oracle))


def _judge_stand_ins(platform: ToldPlatform, oracle: TreeOracle, outcome: TreeOutcome) -> None:
    """What stands in for a silent total is estimated, all of it."""
    wanted = oracle.stood_in()
    outcome.stood_in += len(wanted)
    for row in platform.stores.books.digest_rows():
        place = (row.key.code, row.key.item, (row.day - FIRST).days)
        if row.key.kind != "node" or place not in wanted:
            continue
        if oracle.body(place[0], place[2]) == row.key.institution and row.day_shares[MEASURED]:
            outcome.different.append(f"tree {oracle.world.seed}: {place} stood in and measured")


def _ask_parts(
    platform: ToldPlatform,
    oracle: TreeOracle,
    root: str,
    outcome: TreeOutcome,
    chance: random.Random,
) -> None:
    """What a key is told of the parts of each place, on some days; that of everybody, on all, finds
    them the whole."""
    told_parts: Counter[tuple[str, str, int]] = Counter()
    uppers = sorted({holder for _, holder, _ in oracle.parts()})
    for holder in uppers:
        for item in ITEMS:
            for number in range(DAYS) if not root else chance.sample(range(DAYS), 1):
                day = FIRST + timedelta(days=number)
                asked = {"start": day.isoformat(), "end": (day + timedelta(days=1)).isoformat()}
                status, answer = platform.get(
                    "/v1/energy/shares", root, node=holder, item=item, **asked
                )
                own = not root or oracle.reads(root, holder, number)
                rows: Any = answer.get("data", []) if status == 200 else []
                amounts = {row["place"]: row["amount"] for row in rows}
                _judge_text(outcome, oracle, root, (holder, number), rows)
                for place in oracle.world.holds:
                    owed = None
                    if own and holder in oracle.shares(place, number):
                        owed = oracle.part(place, holder, item, number)
                    amount = amounts.get(place)
                    value = None if amount is None else Fraction(amount, MWH)
                    name = f"part for {root}: {place} of {holder} {item} {number}"
                    outcome.asked.take(name, value, owed, own=own)
                    told_parts[place, item, number] += amount or 0
                    outcome.parts += amount is not None
    if root:
        return
    for (place, item, number), found in told_parts.items():
        if oracle.shares(place, number):
            whole = (oracle.energy(place, item, number) or Fraction(0)) * MWH
            outcome.unbalanced += found != whole


def _judge_text(
    outcome: TreeOutcome, oracle: TreeOracle, root: str, asked: tuple[str, int], rows: Any
) -> None:
    """Nothing of who else has a share stands in what is told."""
    holder, number = asked
    for row in rows:
        others = oracle.shares(row["place"], number).keys() - {holder}
        if root and any(f"'{code}'" in str(row) for code in others):
            outcome.asked.leaked.append(f"part for {root}: {row} names others")


def _kinds(oracle: TreeOracle) -> list[str]:
    """What a tree has."""
    found, world = [], oracle.world
    parts = oracle.parts()
    if parts:
        found.append("shares")
    if any(len({oracle.body(h, d) for h in oracle.shares(n, d)}) > 1 for n, _, d in parts):
        found.append("shares_across_institutions")
    texts = [s for holds in world.holds.values() for h in holds for s in h.shares.values()]
    if any(text.startswith("meter") for text in texts):
        found.append("shares_by_meter")
    if any(oracle.shares(upper, day) for _, upper, day in parts):
        found.append("parts_of_parts")
    if any(len(holds) > 1 for holds in world.holds.values()):
        found.append("moves")
    turned = [h for held in world.holds.values() for h in held if h.dates.start == world.turn]
    if world.turn is not None and turned:
        found.append("institutions_that_merge_or_split")
        if any(len(hold.shares) > 1 for hold in turned):
            found.append("shares_that_merge_or_split")
    if any(m.total for m in world.meters):
        found.append("totals")
    if world.feeds:
        found.append("feeders")
    return [*found, *kinds_of_formulas(oracle)]
