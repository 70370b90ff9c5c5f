"""The look for waste, site by site, with what is remembered of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Protocol

import structlog

from analytics import (
    LONGEST_DAYS,
    Inputs,
    Look,
    Memory,
    Sights,
    SiteState,
    catching_up,
    is_due,
    is_same,
    look,
    may_be_due,
    said_of,
    settle,
    site_inputs,
    site_state,
    sites,
)
from figures import View
from greenoffice.assembly import Assembly
from ledger import Portion
from metering.book import READING_CAUSES
from metering.errors import Unavailable
from metering.finding import Case
from metering.localtime import day_bounds, local_day
from metering.registry import Registry
from metering.shard import WHOLE, Shard

RETRY_US = 60_000_000
"""Between two tries at a site that failed."""

log = structlog.get_logger()


class Rests(Protocol):
    """The ledger's loop, as far as a look depends on it."""

    idle_us: int
    """When it last had nothing to book [us]."""


@dataclass
class AnalyticsWork:
    """Looks for waste when the ledger has come to rest, and not more often than asked for."""

    assembly: Assembly
    ledger: Rests
    shard: Shard = WHOLE
    """Whose sites are looked at."""
    began_us: int = 0
    findings: int = 0
    _looked_back: dict[str, date] = field(default_factory=dict)
    """Site -> local day on which its long history was read for lengths that may be reached."""

    _states: dict[str, SiteState] = field(default_factory=dict)
    """What each site was like when it was last looked at."""
    _sights: dict[str, Sights] = field(default_factory=dict)
    """What was seen of its meters then: of those of which nothing changes it is not looked for
    again."""
    _stands: bool = False
    """Whether what is looked at now can be compared with later."""
    failing: dict[str, Exception] = field(default_factory=dict)
    """Sites that could not be looked at, each with why."""
    _tried_us: int = 0
    _found: dict[str, int] = field(default_factory=dict)

    def __call__(self) -> bool:
        """One look over all sites, if due. A site that fails stops no other; it is tried again
        each minute, and until it succeeds this raises what is wrong with it."""
        now_us = self.assembly.now_us()
        if self._due(now_us):
            self._look_at_all(now_us)
        elif self.failing and now_us - self._tried_us >= RETRY_US:
            self._try(list(self.failing), now_us)
        for site, error in self.failing.items():
            raise Unavailable(
                f"a site cannot be looked at: {error or type(error).__name__}",
                field="site",
                value=site,
                fix="the others are; see the log, it is tried again each minute",
            )
        return False

    def look_at(self, wanted: Sequence[str], now_us: int) -> None:
        """Look at some sites, due or not. One that fails is in `failing` and stops no other;
        Unavailable at once where a store is away."""
        self._try(wanted, now_us)

    def _look_at_all(self, now_us: int) -> None:
        registry = self.assembly.registry()
        own = Portion(registry, self.shard)
        wanted = [site for site in sites(registry) if own.node(site)]
        self.failing = {site: error for site, error in self.failing.items() if site in wanted}
        self._found = {site: count for site, count in self._found.items() if site in wanted}
        self._states = {site: state for site, state in self._states.items() if site in wanted}
        self._sights = {site: seen for site, seen in self._sights.items() if site in wanted}
        self._try(wanted, now_us)
        self.began_us = now_us

    def _try(self, wanted: Sequence[str], now_us: int) -> None:
        """Look at some sites; Unavailable at once where a store is away, which is no site's."""
        registry, self._tried_us = self.assembly.registry(), now_us
        self._stands = self._is_booked()  # after the registry was read: its marks came with it
        for site in wanted:
            try:
                self._found[site] = self._look(site, registry)
            except Unavailable:
                raise
            except Exception as error:
                log.exception("a site cannot be looked at", site=site)
                self._states.pop(site, None)
                self.failing[site] = error
            else:
                self.failing.pop(site, None)
        self.findings = sum(self._found.values())

    def _is_booked(self) -> bool:
        """Whether all that a changed registry asks for is booked: till then rows get other prices
        without a new revision."""
        return all(one.cause in READING_CAUSES for one in self.assembly.stores.marks.ready())

    def _due(self, now_us: int) -> bool:
        """Only what the ledger has finished is looked at, and not more often than asked for."""
        pause_us = self.assembly.settings.analytics.interval_s * 1_000_000
        return self.began_us < self.ledger.idle_us and now_us - self.began_us >= pause_us

    def _look(self, site: str, registry: Registry) -> int:
        """Look at a site, all of it at one revision of the books, and record what that changes
        about its baselines and cases; how many findings there were."""
        with self.assembly.figures.view(registry) as view:
            state = self._state(view, site)
            if is_same(view, self._states.get(site), state):
                return self._found[site]
            inputs = self._inputs(view, site, self.assembly.settings.analytics.history_days)
            if inputs is None:
                return 0
            memory = self._memory(inputs)
            if self._looks_back(site, inputs, memory):
                inputs = self._inputs(view, site, LONGEST_DAYS) or inputs
                memory = replace(memory, cases=self._cases(inputs))
            seen = look(inputs, memory, self._sights.get(site, {}))
        self._sights[site] = seen.sights
        self._keep(site, seen, memory.cases)
        if state is not None and self._stands:
            self._states[site] = state
        return len(seen.findings)

    def _state(self, view: View, site: str) -> SiteState | None:
        days, stores = self.assembly.settings.analytics.history_days, self.assembly.stores
        registry, zone = view.registry, view.registry.zone(site)
        today = local_day(view.now_us, zone)
        since_us = day_bounds(today - timedelta(days=days), zone)[0]
        nodes = frozenset(registry.held(site))
        codes = [meter.code for meter in registry.meters.values() if meter.node in nodes]
        cases = stores.findings.known(registry.institution(site, today), since_us)
        own = [case for case in cases if case.evidence.node in nodes]
        said = said_of(own, stores.baselines.requests(codes))
        return site_state(view, self.assembly.readings, site, said, history_days=days)

    def _inputs(self, view: View, site: str, days: int) -> Inputs | None:
        gateways = self.assembly.stores.intake.gateways()
        return site_inputs(
            view,
            self.assembly.readings,
            site,
            history_days=days,
            spared=catching_up(gateways, view.now_us),
        )

    def _memory(self, inputs: Inputs) -> Memory:
        codes = [meter.code for meter in inputs.meters]
        kept = self.assembly.stores.baselines
        return Memory(kept.versions(codes), kept.requests(codes), self._cases(inputs))

    def _cases(self, inputs: Inputs) -> list[Case]:
        """Those of the institution, and of others that the site was of before."""
        since_us = int(inputs.hours_us[0]) if inputs.hours_us.size else inputs.now_us
        known = self.assembly.stores.findings.known
        bodies = {inputs.institution, *inputs.before}
        return [case for body in sorted(bodies) for case in known(body, since_us)]

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

    def _keep(self, site: str, seen: Look, known: Sequence[Case]) -> None:
        """Baselines first: findings and marks name them."""
        stores = self.assembly.stores
        stores.baselines.keep(seen.made)
        stores.baselines.note(seen.progress)
        stores.findings.record(settle(known, seen), now_us=seen.now_us)
        stores.findings.mark(site, seen.marks)
