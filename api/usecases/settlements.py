"""Settlement runs of an institution: made by a person, listed."""

from __future__ import annotations

from api.caller import Caller
from api.usecases.reports import issues_of
from metering.settlement import SettlementRun
from reports import Settlements


def settle(caller: Caller, institution: str, period: str) -> SettlementRun:
    """Make a run for a period of an institution that the key reaches all of."""
    source = issues_of(caller, institution).source
    platform, by = caller.platform, str(caller.actor)
    load = platform.registry_store.load
    runs = Settlements(source, platform.closings, by, platform.access, load)
    made = runs.run(institution, period)
    caller.trace("settlement.run", f"{institution} {period} run {made.number}", "", institution)
    return made


def runs_of(caller: Caller, institution: str, period: str | None) -> list[SettlementRun]:
    """Runs of an institution that the key reaches all of, oldest first."""
    code = issues_of(caller, institution).source.institution(institution)
    return caller.platform.closings.runs(code, period)
