"""The work as processes: the intake, which owns the readings; the ledger with analytics; or both of
them in one, as containers start them.

Each is done by one process at a time, whatever number of them runs: the others stand by
(`greenoffice.owning`). Nobody waits for another at the start: what asks before its answerer runs is
Unavailable, and asks again.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from prometheus_client import CollectorRegistry

from greenoffice.assembly import Assembly
from greenoffice.damage import telling_damage
from greenoffice.folder import DataFolder
from greenoffice.handles import raise_handles
from greenoffice.logs import set_up_logs
from greenoffice.owning import Claim, own
from greenoffice.parent import end_with_parent
from greenoffice.private import keep_private
from greenoffice.signals import stop_event
from greenoffice.threads import end_with_threads
from greenoffice.working import keep


def run_intake(data: Path, parent: int = 0) -> None:
    """Take in until terminated; ConfigurationError where the readings cannot be had."""
    from collector.intake import IntakeMetrics
    from greenoffice.taking_in import intake_work, owned

    folder = _begun(data, "intake", parent)
    stop, counters = stop_event(), CollectorRegistry()
    metrics = IntakeMetrics(counters)

    def work(claim: Claim) -> None:
        end = claim.end
        with telling_damage(folder, ["intake"], end), owned(folder, metrics, claim) as assembly:
            keep(folder, {"intake": intake_work(folder, assembly, end)}, end, counters)

    own(folder, "intake", stop, work)


def run_ledger(data: Path, parent: int = 0) -> None:
    """Book, and look for waste, until terminated."""
    from greenoffice.booking import ledger_work

    folder = _begun(data, "ledger", parent)

    def work(claim: Claim) -> None:
        with contextlib.closing(Assembly.beside(folder, claim)) as assembly:
            keep(folder, {"ledger": ledger_work(assembly, claim.end)}, claim.end)

    own(folder, "ledger", stop_event(), work)


def run_work(data: Path) -> None:
    """Both in one process until terminated."""
    from collector.intake import IntakeMetrics
    from greenoffice.booking import ledger_work
    from greenoffice.taking_in import intake_work, owned

    folder = _begun(data, "work")
    stop, counters = stop_event(), CollectorRegistry()
    metrics = IntakeMetrics(counters)

    def work(claim: Claim) -> None:
        end = claim.end
        with (
            telling_damage(folder, ["intake", "ledger"], end),
            owned(folder, metrics, claim) as assembly,
        ):
            sides = {
                "intake": intake_work(folder, assembly, end),
                "ledger": ledger_work(assembly, end),
            }
            keep(folder, sides, end, counters)

    own(folder, "work", stop, work)


def _begun(data: Path, process: str, parent: int = 0) -> DataFolder:
    if parent:
        end_with_parent(parent)
    folder = DataFolder(data.absolute())
    keep_private(folder)
    set_up_logs(process, folder.clock())
    end_with_threads()
    raise_handles()
    return folder
