"""Rebuild, closing and look over many institutions: in this process, or lot by lot on a cluster.

Both ways a lot is done by the same function (`greenoffice.spreading.tasks`); a rebuild in one
process is one lot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing as ending
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from greenoffice.assembly import Assembly
from greenoffice.folder import DataFolder
from greenoffice.owning import Claim
from greenoffice.reporting import ACTOR
from greenoffice.saying import say
from greenoffice.spreading import tasks
from greenoffice.spreading.cluster import connected, spread
from greenoffice.spreading.lots import lots_of
from greenoffice.spreading.orders import (
    ClosedOne,
    CloseOrder,
    LookOrder,
    Order,
    RebuildOrder,
    SeenLot,
)
from greenoffice.stores import open_stores
from greenoffice.taking_in import serving
from ledger import Rebooked
from metering.access import AuditEntry
from metering.closing import days_of_period
from metering.errors import ConfigurationError, InvalidInput, NotFound
from metering.ports import AuditLog
from metering.registry import NodeType, Registry
from storage.sql.owning import LentDuties, SessionLock

if TYPE_CHECKING:
    from distributed import Client

Asked = TypeVar("Asked", bound=Order)
Done = TypeVar("Done")


@contextmanager
def scheduler_of(folder: DataFolder, address: str) -> Iterator[Client | None]:
    """The scheduler of a command; None where none is named. ConfigurationError where the books lie
    in the folder: only one process writes them there."""
    if not address:
        yield None
        return
    if not folder.settings().database.url:
        raise ConfigurationError(
            "books in SQLite are written by one process",
            field="--scheduler",
            value=address,
            fix="keep the books in PostgreSQL (database.url), or leave --scheduler out",
        )
    with connected(address, folder.settings().spread) as client:
        yield client


def rebuild_spread(
    client: Client, folder: DataFolder, assembly: Assembly, claim: Claim | None, *, whole: bool
) -> Rebooked:
    """Book everything again on a cluster, from readings that are there: what one process would
    have booked and restated. Whatever breaks it off, it is repeated from its beginning."""
    books, lent, at_us = assembly.stores.books, _lent(claim), assembly.now_us()
    marks = assembly.ledger.begin_rebuild()
    first, lots = lots_of(assembly.registry(), hands=_hands(client))
    bodies = [body for lot in (*first, *lots) for body in lot]
    began = {body: books.revision(body) for body in bodies}
    restated = {body: assembly.ledger.last_restatement(body) for body in bodies}
    told = Rebooked()

    def orders(some: Sequence[tuple[str, ...]]) -> list[RebuildOrder]:
        return [
            RebuildOrder(
                str(folder.root),
                lot,
                at_us,
                lent,
                began={body: began[body] for body in lot},
                whole=whole,
            )
            for lot in some
        ]

    with serving(folder, assembly):
        for part in (*([one] for one in first), lots):
            for done in _all_of(client, "rebuild", tasks.rebuild_lot, orders(part)):
                told.rows += done.rows
                told.differing += done.differing
                told.kept += done.kept
    assembly.ledger.end_rebuild(marks)
    told.restated = sum(assembly.ledger.restated_since(b, serial) for b, serial in restated.items())
    return told


def _lent(claim: Claim | None) -> LentDuties | None:
    lock = None if claim is None else claim.lock
    return lock.lent() if isinstance(lock, SessionLock) else None


def close_many(
    data: Path,
    institutions: Sequence[str],
    period: str,
    reason: str,
    *,
    every: bool = False,
    scheduler: str = "",
) -> int:
    """Close a period of several institutions, or of every one; print each, and how many refused.

    One that is closed already is printed as it stands; one that refuses holds up no other.
    InvalidInput where neither is named, or both are.
    """
    folder = DataFolder(data.absolute())
    days_of_period(period)
    with scheduler_of(folder, scheduler) as client, ending(open_stores(folder)) as stores:
        registry = stores.registry.load()
        wanted = _wanted(registry, institutions, every=every)
        first, lots = lots_of(registry, wanted, hands=_hands(client))
        at_us = folder.clock().now_us()
        orders = [
            CloseOrder(str(folder.root), lot, at_us, period=period, reason=reason)
            for lot in (*first, *lots)
        ]
        refused = 0

        def here(order: CloseOrder) -> list[ClosedOne]:
            return tasks.close_in(folder, stores, order)

        done = _each(client, "close", tasks.close_lot, orders, here)
        for one in (one for lot in done for one in lot):
            if one.refused:
                refused += 1
                say(f"{one.institution} is not closed: {one.refused}", aside=True)
                continue
            if one.new:
                _trace(stores.access, one, period, at_us)
            print(one.line, flush=True)
    return refused


def _wanted(registry: Registry, institutions: Sequence[str], *, every: bool) -> frozenset[str]:
    if every == bool(institutions):
        raise InvalidInput(
            "either institutions are named, or all are meant",
            field="institution",
            value=", ".join(institutions) or None,
            fix="name them before the period, or say --all",
        )
    known = {n.code for n in registry.nodes.values() if n.type is NodeType.INSTITUTION}
    for code in institutions:
        if code not in known:
            raise NotFound(
                "no such institution",
                field="institution",
                value=code,
                fix="the code of an institution in the registry",
            )
    return frozenset(institutions or known)


def _trace(log: AuditLog, one: ClosedOne, period: str, at_us: int) -> None:
    """The closing, and the issues of reports that it made, stand in the audit log."""
    for made_us, name, reason in one.issues:
        log.audit(AuditEntry(made_us, ACTOR, "report.issue", name, one.institution, reason=reason))
    subject = f"{one.institution} {period} {one.closing}"
    log.audit(
        AuditEntry(at_us, ACTOR, "closing.close", subject, one.institution, reason=one.reason)
    )


def look_folder(
    folder: DataFolder, claim: Claim | None = None, scheduler: str = ""
) -> dict[str, object]:
    """Look for waste at every site, due or not, and record what is found; what came of it. Readings
    that wait to be booked are not looked at."""
    with (
        scheduler_of(folder, scheduler) as client,
        ending(Assembly.open(folder, claim=claim)) as assembly,
        serving(folder, assembly),
    ):
        at_us, lent = assembly.now_us(), _lent(claim)
        first, lots = lots_of(assembly.registry(), hands=_hands(client))
        orders = [LookOrder(str(folder.root), lot, at_us, lent) for lot in (*first, *lots)]
        sites, findings, failed = 0, 0, list[tuple[str, str]]()

        def here(order: LookOrder) -> SeenLot:
            return tasks.look_in(assembly, order)

        for seen in _each(client, "look", tasks.look_lot, orders, here):
            sites, findings = sites + seen.sites, findings + seen.findings
            failed += seen.failed
        for site, error in failed:
            say(f"{site} could not be looked at: {error}", aside=True)
        waiting = assembly.stores.marks.waiting()
    return {"sites": sites, "findings": findings, "failed": len(failed), "waiting_marks": waiting}


def _hands(client: Client | None) -> int:
    """How many lots are done at a time."""
    return 1 if client is None else sum(client.nthreads().values())


def _each(
    client: Client | None,
    name: str,
    task: Callable[[Asked], Done],
    orders: Sequence[Asked],
    here: Callable[[Asked], Done],
) -> Iterator[Done]:
    """What came of each order, done here or on the cluster."""
    if client is None:
        yield from map(here, orders)
    else:
        yield from _all_of(client, name, task, orders)


def _all_of(
    client: Client, name: str, task: Callable[[Asked], Done], orders: Sequence[Asked]
) -> Iterator[Done]:
    """What came of each order, with progress on standard error."""
    for number, done in enumerate(spread(client, name, task, orders), 1):
        say(f"{number} of {len(orders)} lots done", aside=True)
        yield done
