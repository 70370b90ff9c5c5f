"""The look for waste, site by site, with what is remembered of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Protocol

from analytics import (
    LONGEST_DAYS,
    Inputs,
    Look,
    Memory,
    is_due,
    look,
    may_be_due,
    settle,
    site_inputs,
    sites,
)
from figures import View
from greenoffice.assembly import Assembly
from metering.finding import Case
from metering.localtime import day_bounds, local_day
from metering.registry import Registry


class Rests(Protocol):
    """The ledger's loop, as far as a look depends on it."""

    idle_us: int
    """When it last had nothing to book [us]."""


@dataclass
class AnalyticsWork:
    """Looks for waste when the ledger has come to rest, and not more often than asked for."""

    assembly: Assembly
    ledger: Rests
    began_us: int = 0
    findings: int = 0
    _looked_back: dict[str, date] = field(default_factory=dict)
    """Site -> local day on which its long history was read for lengths that may be reached."""

    def __call__(self) -> bool:
        """One look over all sites, if due."""
        now_us = self.assembly.now_us()
        if not self._due(now_us):
            return False
        registry = self.assembly.registry()
        found = sum(self._look(site, registry) for site in sites(registry))
        self.began_us, self.findings = now_us, found
        return False

    def _due(self, now_us: int) -> bool:
        """Only what the ledger has finished is looked at, and not more often than asked for."""
        pause_us = self.assembly.settings.analytics.interval_s * 1_000_000
        return self.began_us < self.ledger.idle_us and now_us - self.began_us >= pause_us

    def _look(self, site: str, registry: Registry) -> int:
        """Look at a site, all of it at one revision of the books, and record what that changes
        about its baselines and cases; how many findings there were."""
        with self.assembly.figures.view(registry) as view:
            inputs = self._inputs(view, site, self.assembly.settings.analytics.history_days)
            if inputs is None:
                return 0
            memory = self._memory(inputs)
            if self._looks_back(site, inputs, memory):
                inputs = self._inputs(view, site, LONGEST_DAYS) or inputs
                memory = replace(memory, cases=self._cases(inputs))
            seen = look(inputs, memory)
        self._keep(seen, memory.cases)
        return len(seen.findings)

    def _inputs(self, view: View, site: str, days: int) -> Inputs | None:
        return site_inputs(view, self.assembly.readings, site, history_days=days)

    def _memory(self, inputs: Inputs) -> Memory:
        codes = [meter.code for meter in inputs.meters]
        kept = self.assembly.stores.baselines
        return Memory(kept.versions(codes), kept.requests(codes), self._cases(inputs))

    def _cases(self, inputs: Inputs) -> list[Case]:
        since_us = int(inputs.hours_us[0]) if inputs.hours_us.size else inputs.now_us
        return self.assembly.stores.findings.known(inputs.institution, since_us)

    def _looks_back(self, site: str, inputs: Inputs, memory: Memory) -> bool:
        """Whether versions are due and the window may not hold all that they are fitted on."""
        today = local_day(inputs.now_us, inputs.zone)
        days = self.assembly.settings.analytics.history_days
        opens_us = day_bounds(today - timedelta(days=days), inputs.zone)[0]
        if days >= LONGEST_DAYS or not inputs.hours_us.size or inputs.hours_us[0] > opens_us:
            return False
        if is_due(inputs, memory):
            return True
        last = {version.meter: version for version in memory.versions}
        reached = any(may_be_due(version, today) for version in last.values())
        if not reached or self._looked_back.get(site) == today:
            return False
        self._looked_back[site] = today
        return True

    def _keep(self, seen: Look, known: Sequence[Case]) -> None:
        """Baselines first: findings name them."""
        stores = self.assembly.stores
        stores.baselines.keep(seen.made)
        stores.baselines.note(seen.progress)
        stores.findings.record(settle(known, seen), now_us=seen.now_us)
