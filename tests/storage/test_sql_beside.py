"""Processes that write to one SQLite file side by side: each gets its turn, and none is refused."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

from sqlalchemy import text

from metering.access import AuditEntry
from metering.book import DirtyMark
from metering.intake import IntakeBatch
from storage import Stores, open_engine, sql_stores
from storage.sql.engine import writing

SPAWN = multiprocessing.get_context("spawn")
TIMES = 60


def take_in(stores: Stores) -> None:
    """As the intake: marks, then a batch."""
    for n in range(TIMES):
        stores.marks.mark([DirtyMark(p, n, n + 1) for p in range(50)], writer_no=1)
        stores.intake.commit(IntakeBatch(1, *stores.intake.checkpoint(1), 1, n + 1, at_us=n))


def do(work: str, url: str, done: multiprocessing.Queue[str]) -> None:
    """One process; tells what it came to."""
    try:
        engine = open_engine(url)
        stores = sql_stores(engine)
        if work == "intake":
            take_in(stores)
        elif work == "ledger":
            for _ in range(TIMES):
                with writing(engine) as con:
                    con.execute(text("DELETE FROM dirty_mark WHERE point % 7 = 0 AND ready"))
        else:
            for n in range(TIMES):
                stores.access.audit(AuditEntry(n, "somebody", "did", "something"))
        done.put(f"{work} done")
    except Exception as failed:
        done.put(f"{work}: {failed!r}")


def test_intake_ledger_and_api_write_side_by_side(tmp_path: Path) -> None:
    """They open an empty database at the same moment, too: one makes its tables."""
    url = f"sqlite:///{tmp_path / 'greenoffice.db'}"
    done: multiprocessing.Queue[str] = SPAWN.Queue()
    works = ("intake", "ledger", "api")
    processes = [SPAWN.Process(target=do, args=(work, url, done)) for work in works]
    for process in processes:
        process.start()
    told = sorted(done.get(timeout=100) for _ in works)
    for process in processes:
        process.join()
    assert told == ["api done", "intake done", "ledger done"]
    stores = sql_stores(open_engine(url))
    assert stores.intake.checkpoint(1) == (1, TIMES)
    assert len(stores.access.entries(None, limit=1000)) == TIMES
