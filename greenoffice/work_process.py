"""The work as processes: the intake, which owns the readings; the ledger with analytics; or both of
them in one, as containers start them.

Nobody waits for another of them at the start: what asks before its answerer runs is Unavailable,
and asks again. A server that holds the books is waited for.
"""

from __future__ import annotations

from contextlib import closing, suppress
from pathlib import Path

from prometheus_client import CollectorRegistry

from greenoffice.assembly import Assembly
from greenoffice.damage import standing_by
from greenoffice.folder import DataFolder
from greenoffice.handles import raise_handles
from greenoffice.logs import set_up_logs
from greenoffice.parent import end_with_parent
from greenoffice.private import keep_private
from greenoffice.signals import Stopped, stop_event
from greenoffice.threads import end_with_threads
from greenoffice.waiting import awaited_stores
from greenoffice.working import keep


def run_intake(data: Path, parent: int = 0) -> None:
    """Take in until terminated; ConfigurationError where the readings cannot be had."""
    from collector.intake import IntakeMetrics
    from greenoffice.taking_in import intake_work, owned

    folder = _begun(data, "intake", parent)
    stop, counters = stop_event(), CollectorRegistry()
    with (
        standing_by(folder, ["intake"], stop),
        owned(
            folder, IntakeMetrics(counters), awaited_stores(folder, ["intake"], stop)
        ) as assembly,
    ):
        keep(folder, {"intake": intake_work(folder, assembly, stop)}, stop, counters)


def run_ledger(data: Path, parent: int = 0) -> None:
    """Book, and look for waste, until terminated."""
    from greenoffice.booking import ledger_work

    folder = _begun(data, "ledger", parent)
    stop = stop_event()
    with (
        suppress(Stopped),
        closing(Assembly.beside(folder, awaited_stores(folder, ["ledger"], stop))) as assembly,
    ):
        keep(folder, {"ledger": ledger_work(assembly, stop)}, stop)


def run_work(data: Path) -> None:
    """Both in one process until terminated."""
    from collector.intake import IntakeMetrics
    from greenoffice.booking import ledger_work
    from greenoffice.taking_in import intake_work, owned

    folder = _begun(data, "work")
    stop, counters = stop_event(), CollectorRegistry()
    with (
        standing_by(folder, ["intake", "ledger"], stop),
        owned(
            folder, IntakeMetrics(counters), awaited_stores(folder, ["intake", "ledger"], stop)
        ) as assembly,
    ):
        sides = {
            "intake": intake_work(folder, assembly, stop),
            "ledger": ledger_work(assembly, stop),
        }
        keep(folder, sides, stop, counters)


def _begun(data: Path, process: str, parent: int = 0) -> DataFolder:
    if parent:
        end_with_parent(parent)
    folder = DataFolder(data.absolute())
    keep_private(folder)
    set_up_logs(process, folder.clock())
    end_with_threads()
    raise_handles()
    return folder
