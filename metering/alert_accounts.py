"""Accounts of what places are told of, as the registry has them.

    case ─▶ the nearest place above with a budget of its own, or that is a site ─▶ its account
                                       else the institution

A site is whom one person looks after: the trouble of one uses up nothing of another's.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from metering.alerting import AlertAccount, AlertTerms, Opening, account_of
from metering.localtime import local_day
from metering.registry import NodeType, Registry
from metering.registry.facts.alert_budgets import KIND, USUAL, AlertBudget


@dataclass(frozen=True)
class Accounts:
    """Where accounts are kept, and what they allow; the tree is that of a day, the budgets and the
    meters are those of each day that is asked for."""

    registry: Registry
    today: date

    @cached_property
    def _budgets(self) -> Mapping[str, list[AlertBudget]]:
        found: dict[str, list[AlertBudget]] = defaultdict(list)
        for one in KIND.of(self.registry):
            found[one.node].append(one)
        return found

    @cached_property
    def _homes(self) -> dict[str, str]:
        return {}

    def home(self, node: str) -> str:
        """The place that keeps the account of a node."""
        if node not in self._homes:
            self._homes[node] = self._find_home(node)
        return self._homes[node]

    def _find_home(self, node: str) -> str:
        if node not in self.registry.nodes:
            return node
        chain = self._chain(node)
        kinds = {code: self.registry.nodes[code].type for code in chain}
        own = (c for c in chain if c in self._budgets or kinds[c] is NodeType.SITE)
        whole = (c for c in chain if kinds[c] is NodeType.INSTITUTION)
        return next(own, next(whole, chain[-1]))

    def _chain(self, node: str) -> list[str]:
        return [node, *self.registry.ancestors(node, self.today)]

    @cached_property
    def _meters(self) -> Mapping[str, tuple[list[date], list[date]]]:
        """Account -> first days of its meters and first days without them, each sorted."""
        found: dict[str, tuple[list[date], list[date]]] = defaultdict(lambda: ([], []))
        for meter in self.registry.meters.values():
            starts, ends = found[self.home(meter.node)]
            starts.append(meter.valid.first)
            ends.append(meter.valid.limit)
        return {home: (sorted(starts), sorted(ends)) for home, (starts, ends) in found.items()}

    def meters(self, home: str, day: date) -> int:
        """How many meters an account has on a day."""
        starts, ends = self._meters.get(home, ([], []))
        return bisect_right(starts, day) - bisect_right(ends, day)

    def budget(self, home: str, day: date) -> AlertBudget:
        """That of the nearest place from the account's up on a day, else the usual one."""
        chain = self._chain(home) if home in self.registry.nodes else []
        standing = (one for code in chain for one in self._budgets.get(code, ()))
        held = (one for one in standing if one.valid.holds(day))
        return next(held, AlertBudget(home, USUAL))

    def allowed(self, home: str, day: date) -> int:
        """How many new cases in the 365 days until a day, in whole ones."""
        return int(self.budget(home, day).per_meter_year * self.meters(home, day))

    def terms(self, home: str) -> AlertTerms:
        """What an account allows."""
        zone = self.registry.zone(home) if home in self.registry.nodes else "UTC"

        def dear(at_us: int) -> float | None:
            amount = self.budget(home, local_day(at_us, zone)).dear_a_year
            return None if amount is None else float(amount)

        return AlertTerms(lambda at_us: self.allowed(home, local_day(at_us, zone)), dear)

    def of(self, openings: Iterable[Opening]) -> dict[tuple[str, str], AlertAccount]:
        """(institution, place) -> account; each institution that had a place has its own."""
        apart: dict[tuple[str, str], list[Opening]] = defaultdict(list)
        for one in openings:
            apart[one.institution, self.home(one.node)].append(one)
        return {key: account_of(own, self.terms(key[1])) for key, own in apart.items()}
