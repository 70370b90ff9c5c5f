"""`make bench-feed`: what a shared platform's poll costs, over all that its key reaches.

Institutions with a node and three items each, booked by the store's own commits, are read over HTTP
by one key of a province above them. Costs are CPU seconds of all threads, the API's and the
reader's; what PostgreSQL takes, with `--stack servers`, stands by itself. Beside them stands a bare
pass over the same rows of the same database, which is what they are compared with, and the feed of
each institution by itself.
"""

from __future__ import annotations

import contextlib
import http.client
import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import numpy as np
import uvicorn
from sqlalchemy import Engine, select

from api import create_app
from figures import Figures
from metering import quality
from metering.access import Role
from metering.book import BookRow, SeriesKey
from metering.localtime import day_bounds
from metering.registry import Node, NodeType, Registry, SpaceEdge
from proofs.ingest.scene import cpu_of
from proofs.quiet_platform import quiet_platform
from proofs.servers.postgres import OwnPostgres
from proofs.steps import check_stack, finish, say
from storage import MemoryReadings, Stores, open_engine, sql_stores
from storage.sql.engine import reading
from storage.sql.schema import BOOK_ROW

ZONE, TOP = "Asia/Shanghai", "province"
FIRST = date(2026, 10, 1)
ITEMS = ("01000", "01B00", "02000")
PAGE, IDLE_POLLS, ALONE = 5000, 200, 200
"""Entries of a page, polls without news, and institutions whose own feeds are read."""
GOALS = {"entries_per_cpu_second": 100_000, "idle_poll_cpu_ms": 20}
ServerCpu = Callable[[], float]
_NEXT = re.compile(rb'"next":"([^"]*)","more":(true|false)')


def run_bench_feed(institutions: int, days: int, url: str, stack: str) -> None:
    """One line of JSON; exit status 1 where a goal is missed."""
    check_stack(stack)
    with _database(url, stack) as (address, server_cpu_s):
        bench = BenchedFeed(address, institutions)
        say(f"booking {days} days of {institutions} institutions")
        booking = bench.book(days)
        with bench.served() as reader:
            result = measured(bench, reader, server_cpu_s)
    result |= {
        "institutions": institutions,
        "days": days,
        "database": bench.engine.dialect.name,
        "commit_cpu_ms": round(booking / institutions * 1000, 2),
        "goals": GOALS,
    }
    result["missed"] = missed(result)
    finish(result, not result["missed"])


@contextlib.contextmanager
def _database(url: str, stack: str) -> Iterator[tuple[str, ServerCpu]]:
    """The address of an empty database, and what its server has taken of a core since it began
    [s]: nothing where there is none, or not one of our own."""
    with contextlib.ExitStack() as opened:
        if url or stack == "embedded":
            folder = tempfile.TemporaryDirectory(prefix="greenoffice-bench-")
            yield url or f"sqlite:///{opened.enter_context(folder)}/books.sqlite", lambda: 0.0
            return
        postgres = OwnPostgres()
        opened.callback(postgres.stop)
        yield postgres.database(), lambda: cpu_of(postgres.pid)


def missed(result: dict[str, Any]) -> list[str]:
    """The goals that were not reached."""
    return [
        *(["entries"] if result["entries"] != result["entries_due"] else []),
        *(
            name
            for name, goal in GOALS.items()
            if (result[name] < goal if "per_cpu" in name else result[name] > goal)
        ),
    ]


def measured(bench: BenchedFeed, reader: FeedReader, server_cpu_s: ServerCpu) -> dict[str, Any]:
    """The whole pull, polls without news, one change among all, a bare pass, and single feeds."""
    reader.page("/v1/feed/all?limit=1")
    say("pulling all")
    began, of_server = time.process_time(), [server_cpu_s()]
    entries, cursor = reader.pull("/v1/feed/all", PAGE)
    pulling = time.process_time() - began
    of_server.append(server_cpu_s())
    idle = cost_ms(lambda: reader.page(f"/v1/feed/all?cursor={cursor}"), IDLE_POLLS)
    of_server.append(server_cpu_s())
    bench.change(bench.bodies[0], 7)
    began = time.process_time()
    news, _ = reader.pull("/v1/feed/all", PAGE, cursor)
    one_change = time.process_time() - began
    say("a bare pass over the same rows")
    began = time.process_time()
    rows = bench.bare()
    bare = time.process_time() - began
    say("single feeds")
    some = bench.bodies[:: max(1, len(bench.bodies) // ALONE)][:ALONE]
    cursors, single = {}, 0
    began = time.process_time()
    for body in some:
        count, cursors[body] = reader.pull(f"/v1/feed?institution={body}", 1000)
        single += count
    alone = time.process_time() - began
    began = time.process_time()
    for body in some:
        reader.page(f"/v1/feed?institution={body}&cursor={cursors[body]}")
    idle_alone = (time.process_time() - began) * 1000 / len(some)
    return {
        "entries": entries,
        "entries_due": bench.rows,
        "entries_per_cpu_second": round(entries / pulling),
        "idle_poll_cpu_ms": round(idle, 2),
        "server_us_per_entry": round(1e6 * (of_server[1] - of_server[0]) / entries, 2),
        "idle_poll_server_ms": round(1e3 * (of_server[2] - of_server[1]) / IDLE_POLLS, 2),
        "entries_of_one_change": news,
        "one_change_cpu_ms": round(one_change * 1000, 2),
        "rows_per_cpu_second_bare": round(rows / bare),
        "ratio_to_bare_pass": round(pulling / entries / (bare / rows), 2),
        "single_feeds_entries_per_cpu_second": round(single / alone),
        "single_feeds_idle_round_cpu_ms": round(idle_alone * len(bench.bodies)),
    }


def cost_ms(work: Any, times: int) -> float:
    """CPU time of all threads, of one of several times [ms]."""
    began = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - began) * 1000 / times


class BenchedFeed:
    """Books of many institutions in a database, and a platform that serves them."""

    def __init__(self, url: str, institutions: int) -> None:
        self.engine: Engine = open_engine(url)
        self.stores: Stores = sql_stores(self.engine)
        self.bodies = [f"body-{n}" for n in range(institutions)]
        self.rows = 0
        nodes = {TOP: Node(TOP, NodeType.PROVINCE, zone=ZONE)}
        nodes |= {one: Node(one, NodeType.INSTITUTION, zone=ZONE) for one in self.bodies}
        space = tuple(SpaceEdge(TOP, one) for one in self.bodies)
        self.registry = Registry(version=1, nodes=nodes, space=space)
        self.now_us = day_bounds(FIRST + timedelta(days=400), ZONE)[0]
        self.secret = self.stores.access.create_key(
            "bench", TOP, Role.READ, actor="bench", now_us=self.now_us
        )

    def book(self, days: int) -> float:
        """A commit for each institution; the CPU seconds of all of them."""
        whole = quality.all_of(quality.MEASURED, 24)
        rng = np.random.default_rng(1)
        began = time.process_time()
        for body in self.bodies:
            slots = rng.integers(1, 10**6, (days * len(ITEMS), 24))
            rows = [
                BookRow.of(
                    SeriesKey(body, "node", body, item),
                    FIRST + timedelta(days=day),
                    60,
                    slots[day * len(ITEMS) + n],
                    whole,
                    whole,
                    int(slots[day * len(ITEMS) + n].sum()),
                    whole[0],
                )
                for day in range(days)
                for n, item in enumerate(ITEMS)
            ]
            self._commit(body, rows)
            self.rows += len(rows)
        return time.process_time() - began

    def change(self, body: str, energy: int) -> None:
        """Restate a day of an institution."""
        key = SeriesKey(body, "node", body, ITEMS[0])
        whole, slots = quality.all_of(quality.MEASURED, 24), np.full(24, energy)
        row = BookRow.of(key, FIRST, 60, slots, whole, whole, 24 * energy, whole[0])
        self._commit(body, [row])

    def _commit(self, body: str, rows: list[BookRow]) -> None:
        revision = self.stores.books.revision(body)
        self.stores.books.commit(body, rows, expected_revision=revision, now_us=self.now_us)

    def bare(self) -> int:
        """Read the columns that an entry needs of every row, page by page, in the order in which
        they lie; how many there were."""
        columns = (BOOK_ROW.c[n] for n in ("series_id", "day", "revision", "total", "day_shares"))
        with reading(self.engine) as con:
            found = con.execute(select(*columns), execution_options={"yield_per": PAGE})
            return sum(len(part) for part in found.partitions())

    @contextlib.contextmanager
    def served(self) -> Iterator[FeedReader]:
        """The API over HTTP in a thread of this process, and who reads it."""
        stores, readings = self.stores, MemoryReadings()
        figures = Figures(stores.books, lambda: self.registry, lambda: self.now_us)
        platform = quiet_platform(
            stores, readings, figures, lambda: self.registry, lambda: self.now_us
        )
        config = uvicorn.Config(create_app(platform), port=0, log_level="error", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield FeedReader(port, self.secret)
        finally:
            server.should_exit = True
            thread.join(10)
            self.engine.dispose()


class FeedReader:
    """Asks over one connection, and looks at no more of an answer than it must."""

    def __init__(self, port: int, secret: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port)
        self._headers = {"Authorization": f"Bearer {secret}"}

    def page(self, path: str) -> bytes:
        """The body of an answer."""
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != http.client.OK:
            raise AssertionError(f"{path}: {answer.status} {body[:300]!r}")
        return body

    def pull(self, path: str, limit: int, cursor: str = "") -> tuple[int, str]:
        """(entries, cursor) of all there is behind a cursor."""
        count = 0
        while True:
            sign = "&" if "?" in path else "?"
            on = f"&cursor={cursor}" if cursor else ""
            body = self.page(f"{path}{sign}limit={limit}{on}")
            found = _NEXT.search(body, len(body) - 5000 if len(body) > 5000 else 0)
            assert found is not None
            count += body.count(b'{"key":')
            cursor = found[1].decode()
            if found[2] == b"false":
                return count, cursor
