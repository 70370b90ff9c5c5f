"""What a worker does with an order. It opens stores of its own and closes them; whatever it wrote
before it broke off is found by whoever does the order again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing as ending
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from analytics import sites
from greenoffice.assembly import Assembly
from greenoffice.closing import told_closing
from greenoffice.folder import DataFolder
from greenoffice.looking import AnalyticsWork
from greenoffice.reporting import ACTOR, issues_of
from greenoffice.spreading.orders import (
    ClosedOne,
    CloseOrder,
    LookOrder,
    Order,
    RebuildOrder,
    RebuiltLot,
    SeenLot,
)
from greenoffice.stores import open_stores
from greenoffice.unfinished import REBUILD
from metering.closing import Closing
from metering.errors import Conflict, InvalidInput, NotFound
from metering.report_issue import ReportIssue
from reports import Closings
from storage import Stores


@contextmanager
def opened(order: Order, finishing: str = "") -> Iterator[Assembly]:
    """The stores of an order's folder, beside who owns them, at its instant."""
    order.check()
    folder = DataFolder(Path(order.data))
    guard = None if order.lent is None else order.lent.guard
    stores = open_stores(folder, finishing=finishing, guard=guard)
    with ending(Assembly.beside(folder, stores)) as assembly:
        yield replace(assembly, now_us=lambda: order.at_us)


def rebuild_lot(order: RebuildOrder) -> RebuiltLot:
    """Book the lot's institutions again."""
    with opened(order, REBUILD) as assembly:
        told = assembly.ledger.rebuild_some(order.institutions, order.began, whole=order.whole)
    return RebuiltLot(told.rows, told.differing, told.kept)


def look_lot(order: LookOrder) -> SeenLot:
    """Look for waste at the lot's sites."""
    with opened(order) as assembly:
        return look_in(assembly, order)


def look_in(assembly: Assembly, order: LookOrder) -> SeenLot:
    """The same, over stores that are open."""
    registry = assembly.registry()
    wanted = [site for site in sites(registry) if registry.institution(site) in order.institutions]
    work = AnalyticsWork(assembly, _Resting(order.at_us))
    work.look_at(wanted, order.at_us)
    failed = tuple((site, str(error)) for site, error in sorted(work.failing.items()))
    return SeenLot(len(wanted), work.findings, failed)


@dataclass
class _Resting:
    """A ledger that has nothing to book."""

    idle_us: int


def close_lot(order: CloseOrder) -> list[ClosedOne]:
    """Close the period of each of the lot's institutions."""
    with opened(order) as assembly:
        return close_in(DataFolder(Path(order.data)), assembly.stores, order)


def close_in(folder: DataFolder, stores: Stores, order: CloseOrder) -> list[ClosedOne]:
    """The same, over stores that are open; who asks writes the audit log, of what it is told."""
    issues = replace(issues_of(folder, stores), now_us=lambda: order.at_us)
    load = stores.registry.load
    closings = Closings(issues, stores.books, stores.closings, "", stores.access, load)
    return [_closed(closings, stores, order, one) for one in order.institutions]


def _closed(closings: Closings, stores: Stores, order: CloseOrder, institution: str) -> ClosedOne:
    """One that is closed already is told as it is; one that refuses holds up no other."""
    if not (made := _standing(stores, order, institution)):
        try:
            made, _ = closings.close(institution, order.period, order.reason)
        except (Conflict, InvalidInput, NotFound) as refused:
            if not (made := _standing(stores, order, institution)):
                return ClosedOne(institution, refused=str(refused))
    new = made.closed.at_us == order.at_us  # by this command, be it by an earlier try
    return ClosedOne(
        institution,
        told_closing(made),
        made.name,
        made.closed.reason,
        tuple((one.made_us, one.name, one.reason) for one in _issues(stores, made)) if new else (),
        new=new,
    )


def _standing(stores: Stores, order: CloseOrder, institution: str) -> Closing | None:
    """The closing that holds; an earlier try of the same order may have made it."""
    known = stores.closings.closings(institution)
    return next((c for c in known if c.period == order.period and c.reopened is None), None)


def _issues(stores: Stores, made: Closing) -> Iterator[ReportIssue]:
    """Those that were made for the closing."""
    for month, number in sorted(made.issues.items()):
        found = stores.reports.issue(made.institution, month, number)
        if found and found.made_us == made.closed.at_us and found.made_by == ACTOR:
            yield found
