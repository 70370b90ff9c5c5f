"""Who waits for something to do is woken by news, and finds it without."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from collector import Record
from greenoffice.commands import init
from greenoffice.folder import DataFolder
from greenoffice.heartbeat import heard as told_health
from greenoffice.loops import Loop
from greenoffice.news import JOURNAL, MARKS, REGISTRY, News, heard, tell
from greenoffice.receivers import open_journal
from greenoffice.stores import open_stores
from metering.localtime import iso
from proofs.servers.postgres import OwnPostgres
from proofs.steps import run, wait_until
from storage import Stores, open_engine
from storage.sql.answering import Door
from storage.sql.engine import reading, writing
from storage.sql.news import tell as tell_all
from storage.sql.news import told
from storage.sql.watch import DatabaseWatch

NEVER_S = 100_000.0
OFFICE = {
    "tree.csv": "code,parent,type,zone\no,,institution,Asia/Shanghai\ns,o,site,\n",
    "gateways.csv": "site,code\ns,g\n",
    "meters.csv": "code,node,item\nm,s,01000\n",
    "points.csv": "gateway,point,kind,unit,meter\ns/g,E1,register,kWh,m\n",
}
LATER = {"points.csv": OFFICE["points.csv"] + "s/g,T1,instant,C,\n"}
PROGRAM = """
import sys
from pathlib import Path
from greenoffice import booking, taking_in, work_process
name, data, journal_s, registry_s, ledger_s = sys.argv[1:]
taking_in.LOOK_S, taking_in.REGISTRY_US = float(journal_s), int(float(registry_s) * 1e6)
booking.LOOK_S = float(ledger_s)
getattr(work_process, f"run_{name}")(Path(data))
"""


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return init(tmp_path / "data", 1, 2, 3, "en")


@pytest.fixture(params=["sqlite", "postgresql"])
def office(request: pytest.FixtureRequest, folder: DataFolder, tmp_path: Path) -> DataFolder:
    """With its registry, on each kind of database."""
    if request.param == "postgresql":
        url = request.getfixturevalue("migrated_url")("postgresql")
        with folder.settings_file.open("a") as file:
            file.write(f'\n[database]\nurl = "{url}"\n')
    register(folder, tmp_path / "first", OFFICE)
    return folder


def register(folder: DataFolder, texts: Path, files: dict[str, str]) -> None:
    texts.mkdir()
    for name, rows in files.items():
        (texts / name).write_text(rows)
    run("registry", "import", str(texts), "--data", str(folder.root), "--yes", "--reason", "r")


@contextmanager
def working(
    folder: DataFolder, *, journal_s: float, registry_s: float, ledger_s: float, together: bool
) -> Iterator[None]:
    """The work in real processes, which look without news after so many seconds."""
    names = ("work",) if together else ("intake", "ledger")
    looks = [str(journal_s), str(registry_s), str(ledger_s)]
    running = [
        subprocess.Popen([sys.executable, "-c", PROGRAM, name, str(folder.root), *looks])
        for name in names
    ]
    try:
        for name in ("intake", "ledger"):
            part = folder.heartbeat(name)
            wait_until(name, lambda part=part: told_health(part)[part.stem]["ok"], 120, 0.05)
        yield
    finally:
        for one in running:
            one.terminate()
        for one in running:
            assert one.wait(60) == 0


class Pushing:
    """A journal that registers of a gateway are written to."""

    def __init__(self, folder: DataFolder) -> None:
        self._journal = open_journal(folder, "http")
        self.count = 0
        self._now_us = folder.clock().now_us

    def close(self) -> None:
        self._journal.close()

    def push(self, point: str = "E1") -> None:
        self.count += 1
        time_us = self._now_us()
        kind = "register" if point == "E1" else "instant"
        unit = "kWh" if point == "E1" else "C"
        reading = {"point": point, "kind": kind, "unit": unit, "value": 100 + self.count * 0.5}
        payload = json.dumps({"readings": [{**reading, "time": iso(time_us)}]}).encode()
        topic = "greenoffice/v1/s/g/readings"
        self._journal.append([Record("message", time_us, "s/g", "", "", topic, payload, 1)])


def booked(stores: Stores, pushing: Pushing) -> None:
    """Push a reading, and wait until it is in the books."""
    before = stores.books.revision("o")
    time.sleep(0.4)  # so that who works has come to rest: what is pushed amid work is found anyway
    pushing.push()
    wait_until("a booking", lambda: stores.books.revision("o") > before, 120, 0.02)


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.sampled(2)
def test_news_alone_wakes_intake_and_ledger(office: DataFolder, together: bool) -> None:
    """They would not look for a day by themselves."""
    with (
        closing(open_stores(office)) as stores,
        working(office, journal_s=NEVER_S, registry_s=NEVER_S, ledger_s=NEVER_S, together=together),
        closing(Pushing(office)) as pushing,
    ):
        pushing.push()  # energy begins with the second register
        for _ in range(4):
            booked(stores, pushing)


@pytest.mark.sampled(1)
def test_nothing_waits_for_ever_when_news_is_lost(office: DataFolder) -> None:
    """Nobody can tell the intake; it can tell the ledger by the database alone, or not at all."""
    with (
        closing(open_stores(office)) as stores,
        working(office, journal_s=0.3, registry_s=0.3, ledger_s=0.3, together=False),
        closing(Pushing(office)) as pushing,
    ):
        for duty in ("intake", "ledger"):
            office.news(duty).unlink()
        pushing.push()
        for _ in range(3):
            booked(stores, pushing)


def test_the_database_tells_where_no_pipe_does(
    folder: DataFolder, postgres: OwnPostgres, tmp_path: Path
) -> None:
    """As between machines."""
    url = postgres.database()
    open_engine(url).dispose()
    with folder.settings_file.open("a") as file:
        file.write(f'\n[database]\nurl = "{url}"\n')
    register(folder, tmp_path / "first", OFFICE)
    with (
        closing(open_stores(folder)) as stores,
        working(folder, journal_s=0.3, registry_s=NEVER_S, ledger_s=NEVER_S, together=False),
        closing(Pushing(folder)) as pushing,
    ):
        for duty in ("intake", "ledger"):
            folder.news(duty).unlink()
        pushing.push()
        for _ in range(3):
            booked(stores, pushing)
        pushing.push("T1")
        wait_until("a dead letter", lambda: stores.intake.dead_letter_count() == 1, 120, 0.02)
        register(folder, tmp_path / "second", LATER)
        opened = lambda: stores.intake.dead_letters(None, state="open")  # noqa: E731
        wait_until("it to be replayed", lambda: opened() == [], 120, 0.02)


def test_a_change_of_the_registry_is_told_to_the_intake(office: DataFolder, tmp_path: Path) -> None:
    with (
        closing(open_stores(office)) as stores,
        working(office, journal_s=NEVER_S, registry_s=NEVER_S, ledger_s=NEVER_S, together=True),
        closing(Pushing(office)) as pushing,
    ):
        pushing.push("T1")
        wait_until("a dead letter", lambda: stores.intake.dead_letter_count() == 1, 120, 0.02)
        time.sleep(0.4)
        register(office, tmp_path / "second", LATER)
        opened = lambda: stores.intake.dead_letters(None, state="open")  # noqa: E731
        wait_until("it to be replayed", lambda: opened() == [], 120, 0.02)


def eventually(true: Callable[[], object]) -> None:
    wait_until("it", lambda: bool(true()), 60, 0.01)


def test_what_is_told_wakes_whom_it_concerns(folder: DataFolder) -> None:
    with heard(folder, ["intake", "ledger"]) as news:
        assert news.comes
        tell(folder, "intake", JOURNAL)
        eventually(news.intake.is_set)
        assert not news.ledger.is_set()
        assert not news.registry.is_set()
        tell(folder, "ledger", MARKS)
        eventually(news.ledger.is_set)
        tell(folder, "intake", REGISTRY)
        eventually(news.registry.is_set)


def test_nobody_who_tells_waits_for_who_hears(folder: DataFolder) -> None:
    """Nobody there, nobody who reads, one that is not a pipe: what is told is lost, and no more."""
    tell(folder, "intake", JOURNAL)
    os.mkfifo(folder.news("intake"))
    tell(folder, "intake", JOURNAL)  # nobody has it open
    with ExitStack() as stack:
        pipe = os.open(folder.news("intake"), os.O_RDWR)
        stack.callback(os.close, pipe)
        for _ in range(70_000):  # more than a pipe takes
            tell(folder, "intake", JOURNAL)
    folder.news("ledger").mkdir()
    tell(folder, "ledger", MARKS)


def test_the_next_one_hears_in_place_of_the_one_before(folder: DataFolder) -> None:
    with ExitStack() as first, heard(folder, ["intake"]) as second:
        former = first.enter_context(heard(folder, ["intake"]))
        with heard(folder, ["intake"]) as news:
            tell(folder, "intake", JOURNAL)
            eventually(news.intake.is_set)
            first.close()
            assert folder.news("intake").is_fifo(), "it is not the former one's any more"
            assert not former.intake.is_set()
            assert not second.intake.is_set()
        assert not folder.news("intake").exists()
    assert list(folder.run.glob("*.news*")) == []


def test_where_no_pipe_can_be_made_nobody_relies_on_news(folder: DataFolder) -> None:
    folder.news("intake").mkdir()
    (folder.news("intake") / "kept").touch()
    with heard(folder, ["intake"]) as news:
        assert not news.comes
    assert [one.name for one in folder.run.glob("intake.news*")] == ["intake.news"]


@contextmanager
def looping(work: Callable[[], bool], pause_s: float, least_s: float = 0.0) -> Iterator[News]:
    news, stop = News(), threading.Event()
    loop = Loop("loop", work, pause_s, stop, lambda: 0, news=news.intake, least_s=least_s)
    loop.start()
    try:
        yield news
    finally:
        stop.set()
        assert loop.join(60), "it ends at once, however long it would pause"


def test_news_ends_a_pause_and_none_of_it_is_missed() -> None:
    """What is told while the work is done is looked at after it."""
    runs: list[int] = []
    gate = threading.Event()

    def work() -> bool:
        runs.append(1)
        if len(runs) == 2:
            gate.wait(60)
        return False

    with looping(work, NEVER_S) as news:
        eventually(lambda: len(runs) == 1)
        news.intake.set()
        eventually(lambda: len(runs) == 2)
        news.intake.set()
        gate.set()
        eventually(lambda: len(runs) == 3)


def test_without_news_the_pause_ends_by_itself() -> None:
    runs: list[int] = []
    with looping(lambda: bool(runs.append(1)), 0.05, 0.01):
        eventually(lambda: len(runs) > 3)


def test_work_that_is_told_again_and_again_is_done_together() -> None:
    runs: list[int] = []
    with looping(lambda: bool(runs.append(1)), NEVER_S, NEVER_S) as news:
        eventually(lambda: len(runs) == 1)
        for _ in range(100):
            news.intake.set()
        assert len(runs) == 1


def test_what_the_database_tells_is_heard_once_it_is_committed(postgres: OwnPostgres) -> None:
    url, came = postgres.database(), list[bytes]()
    engine = open_engine(url)
    watch = DatabaseWatch(url, Door(), hear=came.append, quiet_s=NEVER_S)
    watch.start()
    eventually(lambda: came == [b"mr"])  # what may have been missed before it listened
    other = "SELECT pg_notify('greenoffice', 'r somebody')"
    with writing(engine) as con:
        con.exec_driver_sql(other)
        tell_all(con, "m")  # its own, which it needs not be told
    eventually(lambda: came[1:] == [b"r"])
    assert told("m somebody") == b"m"
    postgres.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
    )
    eventually(lambda: came[2:] == [b"mr"])  # its connection is another one
    watch.close()
    engine.dispose()


def test_a_file_tells_nobody(folder: DataFolder) -> None:
    engine = open_engine(f"sqlite:///{folder.database}")
    with writing(engine) as con:
        tell_all(con, "m")
    with reading(engine) as con:
        assert con.exec_driver_sql("SELECT 1").scalar() == 1
    engine.dispose()
