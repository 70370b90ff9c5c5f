"""The work as processes: the intake, which owns the readings; the ledger with analytics; or both of
them in one, as containers start them.

Each is done by one process at a time, whatever number of them runs: the others stand by
(`greenoffice.owning`). Nobody waits for another of them at the start: what asks before its answerer
runs is Unavailable, and asks again. A server that holds the books is waited for.
"""

from __future__ import annotations

from contextlib import closing, suppress
from pathlib import Path
from typing import IO

import structlog
from prometheus_client import CollectorRegistry, start_http_server

from greenoffice.assembly import Assembly
from greenoffice.damage import telling_damage
from greenoffice.folder import DataFolder
from greenoffice.handles import raise_handles
from greenoffice.heartbeat import hold
from greenoffice.logs import set_up_logs
from greenoffice.news import MARKS, heard, tell
from greenoffice.owning import Claim, own
from greenoffice.parent import end_with_parent
from greenoffice.private import keep_private
from greenoffice.sharing import require_shared
from greenoffice.signals import Stopped, stop_event
from greenoffice.threads import end_with_threads
from greenoffice.waiting import awaited_stores
from greenoffice.working import keep, leave
from metering.shard import WHOLE, Shard, read_name

_log = structlog.get_logger()


def run_intake(data: Path, parent: int = 0) -> None:
    """Take in until terminated; ConfigurationError where the readings cannot be had."""
    from collector.intake import IntakeMetrics
    from greenoffice.taking_in import intake_work, owned

    folder = _begun(data, "intake", parent)
    stop, counters = stop_event(), _counters(folder, "intake")
    metrics = IntakeMetrics(counters)

    def marked() -> None:
        tell(folder, "ledger", MARKS)

    def work(claim: Claim) -> None:
        end = claim.end
        with (
            telling_damage(folder, ["intake"], end),
            heard(folder, ["intake"]) as news,
            owned(folder, metrics, awaited_stores(folder, ["intake"], claim, news), claim) as parts,
        ):
            sides = {"intake": intake_work(folder, parts, end, news, marked)}
            leave(folder, keep(folder, sides, end, counters), stop)

    own(folder, "intake", stop, work)


def run_ledger(data: Path, parent: int = 0, shard: Shard = WHOLE) -> None:
    """Book, and look for waste, all or a share of it, until terminated; ConfigurationError where
    the settings know no such share."""
    from greenoffice.booking import LedgerMetrics, ledger_work

    name = shard.named("ledger")
    folder = _begun(data, name, parent)
    require_shared(folder.settings(), shard)
    stop, counters = stop_event(), _counters(folder, name)
    metrics = LedgerMetrics(counters)

    def work(claim: Claim) -> None:
        with (
            suppress(Stopped),
            heard(folder, [name]) as news,
            closing(
                Assembly.beside(folder, awaited_stores(folder, [name], claim, news), shard)
            ) as assembly,
        ):
            sides = {name: ledger_work(assembly, claim.end, news, metrics)}
            leave(folder, keep(folder, sides, claim.end, counters), stop)

    own(folder, name, stop, work)


def run_work(data: Path) -> None:
    """Both in one process until terminated."""
    from collector.intake import IntakeMetrics
    from greenoffice.booking import LedgerMetrics, ledger_work
    from greenoffice.taking_in import intake_work, owned

    folder = _begun(data, "work")
    stop, counters = stop_event(), _counters(folder, "intake")
    metrics, booked, both = IntakeMetrics(counters), LedgerMetrics(counters), ["intake", "ledger"]

    def work(claim: Claim) -> None:
        end = claim.end
        folder.counters_of("ledger").unlink(missing_ok=True)  # one of before; one tells of both
        with (
            telling_damage(folder, both, end),
            heard(folder, both) as news,
            owned(folder, metrics, awaited_stores(folder, both, claim, news), claim) as assembly,
        ):
            sides = {
                "intake": intake_work(folder, assembly, end, news, news.ledger.set),
                "ledger": ledger_work(assembly, end, news, booked),
            }
            leave(folder, keep(folder, sides, end, counters), stop)

    own(folder, "work", stop, work)


def _begun(data: Path, process: str, parent: int = 0) -> DataFolder:
    if parent:
        end_with_parent(parent)
    folder = DataFolder(data.absolute())
    keep_private(folder)
    set_up_logs(process, folder.clock())
    end_with_threads()
    raise_handles()
    for told in ("intake", "ledger") if process == "work" else (process,):
        _ALIVE.append(hold(folder.heartbeat(told)))
    return folder


_ALIVE: list[IO[bytes] | None] = []
"""Open until the process ends, however it does."""


def _counters(folder: DataFolder, process: str) -> CollectorRegistry:
    """What the process counts, served where the settings name a port. Another process that stands
    by on the same machine may have that port: then its counters are in the API's alone."""
    settings, counters = folder.settings(), CollectorRegistry()
    whole, shard = read_name(process)
    port = getattr(settings, whole).metrics_port
    if port:
        port += shard.index - 1
        try:
            start_http_server(port, settings.mqtt.metrics_host, registry=counters)
        except OSError as refused:
            _log.warning("the port of /metrics cannot be had", port=port, error=str(refused))
    return counters
