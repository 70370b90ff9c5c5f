"""Backups: what comes back, what is refused, and that nothing has to stop for one."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from sqlalchemy import select

from collector import JournalReader, JournalWriter
from collector.intake import Intake
from collector.journal import Record
from greenoffice.registry_files import read_registry
from ledger import Ledger
from metering.baseline import BaselineProgress, BaselineRequest, BaselineVersion
from metering.book import DirtyMark
from metering.bookhash import book_hash
from metering.case_life import CaseAct, CaseDeed
from metering.clock_repair import ClockRepair
from metering.closing import Closing, Signed
from metering.day_mark import DayMark
from metering.delivery import by_hand
from metering.edge_node import NodeArrivals, NodeNews
from metering.errors import ConfigurationError, Conflict, GreenOfficeError, InvalidInput
from metering.finding import Case, Changes, EvidenceHour, Finding
from metering.intake import IntakeBatch, JudgedBatch, WriteDoubt
from metering.localtime import day_bounds, iso
from metering.reading import Kind
from metering.registry import (
    Gateway,
    Installation,
    Meter,
    Node,
    NodeType,
    Point,
    Registry,
    Route,
    SpaceEdge,
)
from metering.registry.facts.accounts import Account
from metering.registry.facts.charges import Basis, Charge
from metering.registry.facts.limits import DetectionLimit
from metering.registry.facts.office_hours import WorkingHours
from metering.registry.facts.power_factors import PowerFactorBand
from metering.registry.facts.tiers import Tier
from metering.remembered import Remembered
from metering.report_issue import ReportFile, ReportIssue
from metering.settlement import SettlementRun
from metering.statement import Statement, StatementKind
from proofs.servers.postgres import OwnPostgres
from storage import DuckDBReadings, open_engine, sql_stores
from storage.backup import Sources, Target, back_up, restore, verified
from storage.sql.engine import reading
from storage.sql.partitions import plain
from storage.sql.schema import METADATA

START = day_bounds(date(2026, 3, 2), "Asia/Shanghai")[0]
QUARTER_US = 900_000_000
CAMPUS = Path(__file__).parents[2] / "simulators" / "campus"
NOW = START + 30 * 96 * QUARTER_US
REGISTRY = Registry(
    nodes={
        "o": Node("o", NodeType.INSTITUTION, zone="Asia/Shanghai", area_m2=Decimal("1200.50")),
        "s": Node("s", NodeType.SITE),
    },
    space=(SpaceEdge("o", "s"),),
    gateways={"s/g": Gateway("s", "g")},
    meters={f"E{n}": Meter(f"E{n}", "s", "01A00", max_per_hour=Decimal(4000)) for n in range(3)},
    points={n + 1: Point(n + 1, "s/g", f"E{n}", Kind.REGISTER, "kWh") for n in range(3)},
    installations=tuple(Installation(f"E{n}", n + 1) for n in range(3)),
)
DAY_MARK = DayMark(
    institution="o",
    node="s",
    meter="E1",
    item="01A00",
    day=date(2026, 3, 31),
    start_us=2**51,
    end_us=2**51 + 1,
    above=False,
    measured=2**61,
    low=-1,
    high=2,
    score=1 / 3,
    baseline_version="1-室",
    revision=2**40,
    until_us=2**53,
)
NewDatabase = Callable[[Path], str]


def in_a_file(root: Path) -> str:
    return f"sqlite:///{root / 'greenoffice.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def new_database(request: pytest.FixtureRequest) -> NewDatabase:
    """Makes addresses of empty databases of each engine; on the server they have the schema."""
    fresh: Callable[[str], str] = request.getfixturevalue("migrated_url")
    return in_a_file if request.param == "sqlite" else lambda _: fresh("postgresql")


@pytest.fixture(params=["sqlite", "postgresql"])
def other_database(request: pytest.FixtureRequest) -> NewDatabase:
    """The same without a schema."""
    if request.param == "sqlite":
        return in_a_file
    server: OwnPostgres = request.getfixturevalue("postgres")
    return lambda _: server.database()


class Platform:
    """Journal, intake and ledger over real stores, in one process."""

    def __init__(self, root: Path, url: str) -> None:
        root.mkdir(exist_ok=True)
        self.root, self.url = root, url
        self.engine = open_engine(url)
        self.stores = sql_stores(self.engine)
        self.readings = DuckDBReadings(root / "readings.duckdb", threads=1)
        self.writer = JournalWriter(
            root / "journal" / "listener", 1, now_us=lambda: NOW, segment_bytes=30_000
        )
        self.reader = JournalReader(root / "journal")
        self.registry = self.stores.registry.load()
        self.intake = Intake(
            self.reader,
            self.readings,
            self.stores.intake,
            self.stores.marks,
            lambda: self.registry,
            lambda: NOW,
            limit=20,
        )
        self.ledger = Ledger(
            self.readings,
            self.stores.books,
            self.stores.marks,
            lambda: self.registry,
            lambda: NOW,
        )
        self.closed = False

    def register(self) -> None:
        self.stores.registry.apply(REGISTRY, actor="test", now_us=NOW)
        self.registry = self.stores.registry.load()

    def publish(self, first: int, last: int) -> None:
        """Messages numbered first..last, one reading of each meter a message; some disordered."""
        for seq in range(first, last):
            n = seq ^ 3  # neighbours change places
            rows = [
                {"point": f"E{m}", "time": iso(START + n * QUARTER_US), "value": n * (m + 1.5)}
                for m in range(3)
            ]
            body = json.dumps({"session": 1, "seq": seq, "readings": rows}).encode()
            topic = "greenoffice/v1/s/g/readings"
            self.writer.append([Record("message", NOW, "s/g", "c", "1", topic, body, 1)])

    def work(self) -> None:
        """Take in and book everything there is."""
        while self.intake.step(1).records or self.ledger.step().marks:
            pass

    def hash(self) -> str:
        return book_hash(self.stores.books)

    def back_up(self, folder: Path, **files: Path) -> Any:
        sources = Sources(self.url, self.root / "journal", self.readings, files)
        return back_up(sources, folder, now_us=NOW)

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self.writer.close()
            self.reader.close()
            self.readings.close()
            self.engine.dispose()


Opened = Callable[[Path, str], Platform]


@pytest.fixture
def opened() -> Iterator[Opened]:
    platforms: list[Platform] = []

    def make(root: Path, url: str) -> Platform:
        platforms.append(Platform(root, url))
        return platforms[-1]

    yield make
    for platform in platforms:
        platform.close()


def target(root: Path, url: str, **more: Any) -> Target:
    return Target(url, root / "journal", root / "readings.duckdb", **more)


def content(url: str) -> dict[str, list[Any]]:
    """All rows of all tables, in some fixed order, numbers of series as every engine tells them."""
    engine = open_engine(url)
    with reading(engine) as con:
        found = {t.name: con.execute(select(t)).mappings().all() for t in METADATA.sorted_tables}
    engine.dispose()
    return {name: sorted(repr(told(name, row)) for row in rows) for name, rows in found.items()}


def told(table: str, row: Any) -> dict[str, Any]:
    numbered = "id" if table == "series" else "series_id"
    return {**row, numbered: plain(row[numbered])} if numbered in row else dict(row)


def fill(platform: Platform) -> None:
    """Something in nearly every table."""
    stores = platform.stores
    stores.registry.apply(read_registry(CAMPUS)[0], actor="test", now_us=NOW)
    facts = {
        "office_hours": (WorkingHours("o", 420, 960, "1-6"),),
        "limit": (DetectionLimit("nights", Decimal(3), node="o"),),
        "account": (Account("3100", "E1", "p", capacity_kva=Decimal(630)),),
        "charge": (Charge("p", "capacity", Basis.CAPACITY, Decimal(23)),),
        "tier": (Tier("w", 1, Decimal(0), Decimal("3.45")),),
        "power_factor": (PowerFactorBand("0.90", "1.00", "0.95", Decimal("-0.75")),),
    }
    routed = replace(REGISTRY, routes=(Route("s/g", "vendor/#", "native"),), more=facts)
    stores.registry.apply(routed, actor="test", now_us=NOW)
    platform.register()
    platform.publish(0, 200)
    platform.work()
    stores.books.tell("o", list(stores.books.digest_rows("o")))
    platform.publish(200, 201)  # changes the last settled day
    platform.work()
    stores.access.create_key("k", "o", "read", actor="a", now_us=1)
    numbers = [float(np.nextafter(0.1, 1)), 1e300, -0.0]
    hourly = tuple((n, value, None) for n, value in enumerate(numbers))
    found = Finding(
        institution="o",
        node="s",
        meter="E1",
        item="01A00",
        pattern="after_hours",
        start_us=1,
        end_us=2,
        hours_us=(1, 2),
        expected=None,
        measured=2**62,
        waste=0.1,
        waste_low=0.0,
        waste_high=1 / 3,
        cost=Decimal("9.870"),
        currency="CNY",
        kgco2=None,
        confidence=0.5,
        baseline_version="b",
        cause="c",
        action="d",
        detail={"note": "室外", "big": 2**53 + 1},
        hourly=hourly,
        hours=(EvidenceHour(1, None, 2**62, (("CNY", Decimal("9.870")),)),),
        found_us=5,
    )
    issue = ReportIssue("o", "2026-03", 1, bytes(range(256)), "h", {"revision": 2**60}, 1, "室")
    stores.reports.add(issue)
    stores.reports.keep_file(issue, "en", "pdf", ReportFile.of(b"%PDF\0"))
    stores.findings.record(Changes((Case(found, legacy_id="Ä"),)), now_us=5)
    seen = CaseDeed(CaseAct.COMMENT, "", "看过")
    stores.findings.act(stores.findings.known("o", 0)[0].id, seen, by="a (k1)", now_us=6)
    stores.findings.mark("s", [DAY_MARK])
    stores.baselines.keep(
        [
            BaselineVersion(
                institution="o",
                meter="E1",
                number=1,
                made_us=2**52,
                day=date(2026, 3, 3),
                first_day=date(2026, 1, 1),
                last_day=date(2026, 3, 2),
                days=60,
                rung=1,
                error=1 / 3,
                settings="s",
                reason="室",
                revision=2**40,
                left_out=7,
                inputs="i",
                model=bytes(range(256)),
            )
        ]
    )
    stores.baselines.ask(BaselineRequest("o", "E1", date(2026, 3, 1), "新租户", "a", 5))
    stores.baselines.note([BaselineProgress("o", "E2", 13, date(2026, 3, 2))])
    stores.marks.mark([DirtyMark(1, 0, 9)], writer_no=1)
    stores.intake.want(by_hand("s/g", 2**40, 2**41, "甲", 2**42))
    broken = Record("message", NOW, "s/g", "c", "1", "greenoffice/v1/s/g/readings", b"{\x00", 1)
    new = msgspec.structs.replace(broken, payload=b'{"readings": [{"point": "new", "value": 1}]}')
    platform.writer.append([broken, new])
    platform.intake.step(1)


def complete_windows(platform: Platform) -> None:
    """As tariffs do that come later: how they divided a settled row before is kept."""
    row = next(iter(platform.stores.books.digest_rows("o")))
    part = replace(row.finest, meters=7)
    revision = platform.stores.books.revision("o")
    again = replace(row, parts=(part, *row.parts[1:]))
    platform.stores.books.commit("o", [again], expected_revision=revision, now_us=NOW)


@pytest.mark.sampled(2)
def test_everything_comes_back_on_either_engine(
    new_database: NewDatabase, other_database: NewDatabase, opened: Opened, tmp_path: Path
) -> None:
    old = opened(tmp_path / "old", new_database(tmp_path / "old"))
    fill(old)
    old.stores.intake.keep_doubt(WriteDoubt(5, 6, {1: (1 << 24 | 1, 2)}, writes=1))
    place = old.stores.intake.checkpoint(1)
    days = date(2026, 10, 1), date(2026, 11, 1)
    stated = Statement("a", StatementKind.QUANTITY, "m", *days, {"value": "5"})
    said = (Remembered("s/g", "G/N", *place, b"\x00said"),)
    nodes = (NodeArrivals("s/g", "G/N", 1, ((5, NodeNews("G/N", "NBIRTH", seq=0)),)),)
    more = IntakeBatch(1, *place, *place, statements=(stated,), remembered=said, nodes=nodes)
    old.stores.intake.commit(more)
    old.stores.intake.keep_clock_repair(ClockRepair("campus/gw-1", 3_600_000_000, NOW))
    old.stores.intake.set_clock_mode("campus/gw-1", "propose")
    old.stores.intake.judge(JudgedBatch(1, *place, *place, b"0" * 16, b"\x02"), [])
    month = "2026-10", days[0], date(2026, 10, 31)
    closing = Closing("o", *month, 1, 1, 1, "f", "t", Signed(5, "a", "k1", "month end"))
    old.stores.closings.add(closing)
    old.stores.closings.add_run(SettlementRun("o", *month, 1, 1, 6, "a (k1)", ()))
    complete_windows(old)
    manifest = old.back_up(tmp_path / "backup")
    assert verified(tmp_path / "backup") == manifest
    again = tmp_path / "again"
    url = other_database(again)
    restore(tmp_path / "backup", target(again, url))
    before, after = content(old.url), content(url)
    assert before.pop("feed_head") != after.pop("feed_head")
    assert before == after
    empty = {name for name, rows in after.items() if not rows}
    assert empty <= {"alert_budget", "energy_budget", "formula", "register_event", "seen_key"}
    new = opened(again, url)
    assert new.hash() == old.hash()
    books = new.stores.books, old.stores.books
    assert books[0].last_serial() == books[1].last_serial() > 0
    assert books[0].feed_secret() != books[1].feed_secret()  # earlier cursors open nothing
    given, whole = books[1].changes("o", "node", limit=3), books[1].changes("o", "node")
    then = books[0].changes("o", "node", after=given[-1][0])
    assert repr([row for _, row in [*given, *then]]) == repr([row for _, row in whole])
    assert len(given) == 3 < len(whole)
    assert new.readings.count() == old.readings.count() == 603
    assert new.reader.read(1, 0, 0, 10**6) == old.reader.read(1, 0, 0, 10**6)
    assert list(new.reader.read(1, 0, 0, 10**6)) == list(old.reader.read(1, 0, 0, 10**6))


@pytest.mark.sampled(2)
def test_numbers_that_were_given_never_come_again(
    new_database: NewDatabase, other_database: NewDatabase, tmp_path: Path
) -> None:
    """The highest mark is cleared before the backup: its number must not be another's after."""
    (tmp_path / "journal").mkdir()
    url = new_database(tmp_path)
    stores = sql_stores(open_engine(url))
    stores.marks.mark([DirtyMark(n, 0, 1) for n in range(5)], writer_no=0, ready=True)
    ids = [one.id for one in stores.marks.ready()]
    stores.books.commit("o", [], expected_revision=0, cleared=ids, now_us=1)
    back_up(Sources(url, tmp_path / "journal"), tmp_path / "backup", now_us=NOW)
    again = tmp_path / "again"
    fresh = other_database(again)
    restore(tmp_path / "backup", Target(fresh, again / "journal"))
    restored = sql_stores(open_engine(fresh))
    assert restored.marks.waiting() == 0
    restored.marks.mark([DirtyMark(9, 0, 1)], writer_no=0, ready=True)
    assert restored.marks.ready()[0].id > max(ids)


def test_a_backup_taken_at_work_loses_nothing(
    new_database: NewDatabase, opened: Opened, tmp_path: Path
) -> None:
    """Messages, readings and books go on meanwhile; each backup then comes to the books that its
    journal tells, and to those of the end where the journal has outlived the rest."""
    old = opened(tmp_path / "old", new_database(tmp_path / "old"))
    old.register()
    finish = threading.Event()
    failures: list[Exception] = []

    def forever(step: Callable[[int], object]) -> Callable[[], None]:
        def run() -> None:
            n = 0
            try:
                while not finish.is_set():
                    step(n)
                    n += 1
            except Exception as error:  # shown by the test
                failures.append(error)

        return run

    published = [0]

    def publish(n: int) -> None:
        old.publish(4 * n, 4 * n + 4)
        published[0] = 4 * n + 4
        finish.wait(0.02)

    steps = (publish, lambda _: old.intake.step(1), lambda _: old.ledger.step())
    workers = [threading.Thread(target=forever(step)) for step in steps]
    for worker in workers:
        worker.start()
    while old.stores.books.revision("o") == 0 and not failures:
        finish.wait(0.01)
    backups = []
    for n in range(2):
        manifest = old.back_up(tmp_path / f"backup{n}")
        assert (0, 0) < manifest.checkpoints[1] <= manifest.journal_ends[1]
        backups.append(tmp_path / f"backup{n}")
    finish.set()
    for worker in workers:
        worker.join()
    assert failures == []
    old.publish(published[0], published[0] + 100)
    old.work()

    for n, backup in enumerate(backups):
        root = tmp_path / f"alone{n}"
        url = new_database(root)
        restore(backup, target(root, url))
        new = opened(root, url)
        new.work()
        by_replay = new.hash()
        new.intake.rebuild()
        new.work()
        assert new.hash() == by_replay
        new.close()

    old.close()
    kept = tmp_path / "kept"
    kept.mkdir()
    shutil.copytree(old.root / "journal", kept / "journal")
    url = new_database(kept)
    restore(backups[0], target(kept, url, keep_journal=True))
    new = opened(kept, url)
    new.work()
    assert new.hash() == book_hash(sql_stores(open_engine(old.url)).books)
    counted = new.stores.intake.gateways()[0].counts
    messages = sum(1 for _ in new.reader.read(1, 0, 0, 10**6))
    assert (counted.messages, counted.readings) == (messages, 3 * messages)


@pytest.fixture
def small(opened: Opened, tmp_path: Path) -> Path:
    """A backup of a small platform on SQLite, with settings beside it."""
    old = opened(tmp_path / "old", f"sqlite:///{tmp_path / 'old' / 'greenoffice.db'}")
    old.register()
    old.publish(0, 12)
    old.work()
    settings = tmp_path / "settings"
    settings.write_text("language = 'en'\n")
    settings.chmod(0o600)
    sources = Sources(old.url, old.root / "journal", old.readings, {"secrets/a": settings})
    back_up(sources, tmp_path / "backup", now_us=NOW)
    return tmp_path / "backup"


def refused(backup: Path, tmp_path: Path) -> GreenOfficeError:
    again = tmp_path / "again"
    with pytest.raises(GreenOfficeError) as error:
        restore(backup, target(again, f"sqlite:///{again / 'greenoffice.db'}", files=again))
    assert not again.exists()
    return error.value


def test_one_flipped_byte_in_any_file_is_refused_by_name(small: Path, tmp_path: Path) -> None:
    files = sorted(path for path in small.rglob("*") if path.is_file())
    assert len(files) == 6
    for path in files:
        whole = path.read_bytes()
        for place in (0, len(whole) // 2, len(whole) - 1):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            error = refused(small, tmp_path)
            assert isinstance(error, InvalidInput)
            assert error.value == str(path)
            assert error.fix
        path.write_bytes(whole)
    verified(small)


def test_an_absent_or_short_file_is_refused_by_name(small: Path, tmp_path: Path) -> None:
    for path in sorted(path for path in small.rglob("*") if path.is_file()):
        whole = path.read_bytes()
        path.unlink()
        assert refused(small, tmp_path).value == str(path)
        path.write_bytes(whole[:-1])
        assert refused(small, tmp_path).value == str(path)
        path.write_bytes(whole)


def test_a_backup_that_broke_off_is_none(opened: Opened, tmp_path: Path) -> None:
    """The journal cannot be read: an error, and the folder is refused as a backup."""
    old = opened(tmp_path / "old", f"sqlite:///{tmp_path / 'old' / 'greenoffice.db'}")
    old.publish(0, 4)
    old.writer.close()
    segment = old.root / "journal" / "listener" / "00000001.sqlite"
    segment.write_bytes(b"no database" * 999)
    with pytest.raises(GreenOfficeError) as error:
        old.back_up(tmp_path / "backup")
    assert (error.value.field, error.value.value) == ("segment", "listener/00000001")
    assert "not a backup" in refused(tmp_path / "backup", tmp_path).message


def test_files_keep_their_rights(small: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    url = f"sqlite:///{again / 'greenoffice.db'}"
    restore(small, target(again, url, files=again))
    assert (again / "secrets" / "a").read_text() == "language = 'en'\n"
    modes = [
        path.stat().st_mode & 0o777 for path in (small, again / "secrets/a", again / "secrets")
    ]
    assert modes == [0o700, 0o600, 0o700]
    for path in (again / "journal").rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600)


def test_nothing_is_written_over(
    small: Path, tmp_path: Path, opened: Opened, new_database: NewDatabase
) -> None:
    old = tmp_path / "old"
    url = f"sqlite:///{tmp_path / 'x.db'}"
    with pytest.raises(ConfigurationError, match="something already"):
        restore(small, Target(url, old / "journal"))
    with pytest.raises(Conflict, match="a file already"):
        restore(small, Target(url, tmp_path / "j", old / "readings.duckdb"))
    assert not (tmp_path / "x.db").exists()
    used = new_database(tmp_path)
    sql_stores(open_engine(used)).marks.mark([DirtyMark(1, 0, 1)], writer_no=0)
    with pytest.raises(Conflict, match="data already"):
        restore(small, Target(used, tmp_path / "j"))
    assert not (tmp_path / "j").exists()
    with pytest.raises(ConfigurationError, match="something already"):
        back_up(Sources(url, old / "journal"), small, now_us=NOW)
    verified(small)


def test_a_journal_of_another_platform_is_refused(small: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with pytest.raises(ConfigurationError, match="has read writer 1"):
        restore(
            small,
            Target(f"sqlite:///{tmp_path / 'x.db'}", tmp_path / "other", keep_journal=True),
        )
    database = f"sqlite:///{tmp_path / 'old' / 'greenoffice.db'}"
    with pytest.raises(ConfigurationError, match="has read writer 1"):
        back_up(Sources(database, tmp_path / "other"), tmp_path / "second", now_us=NOW)


def test_a_kept_journal_that_begins_too_late_is_refused(opened: Opened, tmp_path: Path) -> None:
    """Segments expire: restoring a backup older than what is left would leave a silent gap."""
    old = opened(tmp_path / "old", f"sqlite:///{tmp_path / 'old' / 'greenoffice.db'}")
    old.register()
    old.publish(0, 4)
    old.work()
    old.back_up(tmp_path / "backup")
    old.publish(4, 400)
    old.writer.close()
    kept = tmp_path / "old" / "journal"
    url = f"sqlite:///{tmp_path / 'x.db'}"
    expired = list((kept / "listener").glob("00000001.*"))
    assert expired
    assert list((kept / "listener").glob("00000002.*"))
    for path in expired:
        path.unlink()
    with pytest.raises(ConfigurationError, match="no longer holds"):
        restore(tmp_path / "backup", Target(url, kept, keep_journal=True))
    segments = (tmp_path / "backup" / "journal" / "listener").glob("*.sqlite")
    for path in segments:
        shutil.copy(path, kept / "listener")
    restore(tmp_path / "backup", Target(url, kept, keep_journal=True))


def test_readings_that_a_server_keeps_are_not_in_it(small: Path, tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'old' / 'greenoffice.db'}"
    manifest = back_up(
        Sources(database, tmp_path / "old" / "journal"), tmp_path / "second", now_us=NOW
    )
    assert manifest.readings is None
    assert "a server kept them" in refused(tmp_path / "second", tmp_path).message


def test_what_came_while_a_batch_was_half_done_is_taken_again(
    opened: Opened, tmp_path: Path
) -> None:
    """The backed-up checkpoint lies before readings that the copy has: they are new once more."""
    old = opened(tmp_path / "old", f"sqlite:///{tmp_path / 'old' / 'greenoffice.db'}")
    old.register()
    old.publish(0, 40)
    old.intake.step(1)
    segment, offset = old.stores.intake.checkpoint(1)
    old.intake.step(1)
    old.stores.intake.commit(IntakeBatch(1, *old.stores.intake.checkpoint(1), segment, offset))
    manifest = old.back_up(tmp_path / "backup")
    assert manifest.checkpoints == {1: (segment, offset)}
    again = tmp_path / "again"
    restore(tmp_path / "backup", target(again, f"sqlite:///{again / 'greenoffice.db'}"))
    new = opened(again, f"sqlite:///{again / 'greenoffice.db'}")
    assert new.readings.count() == 120
    report = new.intake.step(1)
    assert (report.records, report.new, report.duplicates) == (20, 60, 0)


def forged(backup: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the manifest and seal it again, as somebody would who means harm."""
    from storage.backup import manifest

    path = backup / "manifest.json"
    content = json.loads(path.read_text())
    content.pop("sha256")
    change(content)
    sealed = {**content, "sha256": manifest._digest(content)}
    path.write_text(json.dumps(sealed))


@pytest.mark.parametrize(
    "change",
    [
        {"database": "/etc/passwd"},
        {"database": "../elsewhere.db"},
        {"readings": "/etc/passwd"},
        {"database": "not-there.db"},
        {"checkpoints": {"1": "x"}},
        {"files": {"x": {"bytes": 1}}},
    ],
)
@pytest.mark.sampled(3)
def test_a_forged_manifest_leads_nowhere(
    small: Path, tmp_path: Path, change: dict[str, Any]
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(small, copy)
    forged(copy, lambda content: content.update(change))
    with pytest.raises(InvalidInput) as refused:
        verified(copy)
    assert refused.value.field == "backup"


@pytest.mark.parametrize("text", ["[]", '"x"', "3", "null", "[1]", "{}", '{"sha256": "x"}', "{"])
@pytest.mark.sampled(3)
def test_what_is_no_manifest_is_refused(small: Path, tmp_path: Path, text: str) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(small, copy)
    (copy / "manifest.json").write_text(text)
    with pytest.raises(InvalidInput, match="manifest is damaged"):
        verified(copy)


def test_a_manifest_that_names_no_format_is_refused(small: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(small, copy)
    forged(copy, lambda content: content.pop("format"))
    with pytest.raises(InvalidInput):
        verified(copy)


@pytest.mark.parametrize("where", ["journal/listener/evil.sqlite", "files/secrets/evil", "evil"])
def test_what_the_manifest_does_not_name_is_refused(
    small: Path, tmp_path: Path, where: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(small, copy)
    (copy / where).parent.mkdir(parents=True, exist_ok=True)
    (copy / where).write_text("evil")
    with pytest.raises(InvalidInput, match="does not name") as refused:
        verified(copy)
    assert Path(where).name in str(refused.value.value)


def test_a_link_in_a_backup_is_refused(small: Path, tmp_path: Path) -> None:
    copy, kept = tmp_path / "copy", tmp_path / "kept"
    shutil.copytree(small, copy)
    database = copy / "greenoffice.db"
    shutil.copyfile(database, kept)
    database.unlink()
    database.symlink_to(kept)
    with pytest.raises(InvalidInput, match="neither file nor folder"):
        verified(copy)
    database.unlink()
    shutil.copyfile(kept, database)
    (copy / "journal").rename(tmp_path / "journal")
    (copy / "journal").symlink_to(tmp_path / "journal")
    with pytest.raises(InvalidInput, match="neither file nor folder"):
        verified(copy)
