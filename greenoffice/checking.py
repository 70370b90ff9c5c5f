"""`greenoffice check`: what is wrong with what is stored, and what to do about it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path

from api.caller import Caller
from api.reach import Reach
from api.repairs_said import next_step, sentence, title
from api.routes.repairs import check_json
from api.usecases.repairs import (
    Checked,
    CheckState,
    LookedInto,
    LookProgress,
    RepairSeverity,
    check_all,
)
from greenoffice.api_process import desk_of, platform_of
from greenoffice.assembly import Assembly
from greenoffice.folder import DataFolder
from greenoffice.saying import language, say
from greenoffice.worker_process import no_filing, no_ingest
from metering.access import Role, Scope, by_command
from texts import word


def check(data: Path, *, as_json: bool) -> int:
    """Print what every check found, as text or a line of JSON each; 1 where numbers may be wrong,
    else 0. The platform may run or not. What is looked into is told aside."""
    checked = checked_of(DataFolder(data.absolute()), _tell)
    if as_json:
        for one in checked:
            print(json.dumps(check_json(one), ensure_ascii=False))
    else:
        for line in lines(checked, language()):
            print(line)
    return int(
        any(one.found.repairs and one.check.severity is RepairSeverity.WRONG for one in checked)
    )


def _tell(what: LookedInto, count: int) -> None:
    if what is LookedInto.GATEWAYS:
        say(f"looking at {count} gateways", aside=True)
    elif what is LookedInto.READINGS:
        say(f"looking at the latest readings of {count} points", aside=True)
    elif what is LookedInto.BOOKS:
        say(f"looking at the books of {count} meters", aside=True)
    else:
        say(f"looking at {count} meters of the whole and what is below them", aside=True)


def checked_of(folder: DataFolder, progress: LookProgress) -> list[Checked]:
    """Every check over the whole platform."""
    with contextlib.closing(Assembly.at_hand(folder)) as assembly:
        platform = platform_of(folder, assembly, no_ingest, desk_of(assembly, "http", no_filing))
        registry = platform.registry()
        reach = Reach(registry, Scope(frozenset(registry.nodes), whole=True))
        return check_all(Caller(platform, by_command(), Role.ADMIN, "", reach), progress)


def lines(checked: Sequence[Checked], spoken: str) -> list[str]:
    """As text: what is at stake, the check, and of each thing found what is wrong with it and what
    to do; in the end how many checks are fine and how many had nothing to look at."""
    found: list[str] = []
    for severity in RepairSeverity:
        rows = [one for one in checked if one.found.repairs and one.check.severity is severity]
        found += [f"== {word('repair_severity', severity, spoken)}"] if rows else []
        for one in rows:
            name = one.check.name
            found.append(title(name, spoken))
            for repair in one.found.repairs:
                found.append(f"  {repair.code}: {sentence(name, repair, spoken)}")
                found.append(f"    {next_step(name, repair, spoken)}")
    states = [one.found.state for one in checked]
    counts = (f"{word('repair_state', one, spoken)}: {states.count(one)}" for one in CheckState)
    return [*found, " · ".join(counts)]
