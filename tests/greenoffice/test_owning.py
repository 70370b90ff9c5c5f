"""One owner of the work: who may be, who stands by, and that two of them count as one."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url, text

from greenoffice.assembly import Assembly
from greenoffice.commands import init, rebook, rebuild, repair_journal, restore, upgrade
from greenoffice.folder import DataFolder
from greenoffice.heartbeat import heard, tell
from greenoffice.owning import DutyLock, at_rest, open_lock
from greenoffice.ports import usable_port
from greenoffice.replay.publisher import BrokerAddress, Publisher
from greenoffice.sharing import require_shared
from greenoffice.stores import open_stores
from metering.bookhash import book_hash
from metering.errors import ConfigurationError, Conflict, Unavailable
from metering.shard import Shard, all_shards
from proofs.servers.influx import OwnServer
from proofs.servers.postgres import OwnPostgres
from proofs.steps import COMMAND, run, wait_until
from storage import open_engine
from storage.influx.setup import WantedBucket
from storage.sql import owning as session_owning
from storage.sql.engine import writing
from storage.sql.owning import CLASS, DUTIES, FENCE, LentDuties, SessionLock

BOTH = ("intake", "ledger")
OFFICE = {
    "tree.csv": "code,parent,type,zone\no,,institution,Asia/Shanghai\ns,o,site,\n",
    "gateways.csv": "site,code\ns,g\n",
    "meters.csv": "code,node,item,total,max_per_hour\nm,s,01000,yes,400\n",
    "points.csv": "gateway,point,kind,unit,meter\ns/g,E1,register,kWh,m\n",
}
PASSES_S = 110.0


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    taken: set[int] = set()
    for _ in range(3):
        taken.add(usable_port(0, taken | {0}))
    return init(tmp_path / "data", *sorted(taken), "en")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, folder: DataFolder) -> str:
    """Of the folder's database, of each kind, with the schema."""
    if request.param == "sqlite":
        return f"sqlite:///{folder.database}"
    server: OwnPostgres = request.getfixturevalue("postgres")
    return in_postgres(folder, server)


def in_postgres(folder: DataFolder, server: OwnPostgres) -> str:
    url = server.database()
    open_engine(url).dispose()
    with folder.settings_file.open("a") as file:
        file.write(f'\n[database]\nurl = "{url}"\n')
    return url


def end_sessions(server: OwnPostgres, command: str) -> None:
    """As an administrator, a firewall or a restart of the server would."""
    server.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        f" WHERE application_name LIKE '{command} %' AND pid IN"
        " (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted)"
    )


def refused(lock: DutyLock | LentDuties, url: str) -> bool:
    """Whether a transaction that writes is, under this lock."""
    engine = open_engine(url).execution_options(guard=lock.guard)
    try:
        with writing(engine) as con:
            con.execute(text("DELETE FROM seen_key"))
    except Unavailable as error:
        return error.field == "owner"
    finally:
        engine.dispose()
    return False


def test_one_owns_a_duty_and_the_next_one_after_it(folder: DataFolder, url: str) -> None:
    with (
        closing(open_lock(folder, "intake")) as intake,
        closing(open_lock(folder, "work")) as work,
        closing(open_lock(folder, "ledger")) as ledger,
    ):
        assert intake.take(["intake"])
        assert not work.take(BOTH)
        assert work.holder(BOTH).startswith("intake ")
        assert ledger.take(["ledger"]), "who could not own both owns none"
        intake.check()
        assert not refused(intake, url)
        intake.close()
        wait_until("the end", lambda: work.holder(BOTH).startswith("ledger "), 60, every_s=0.05)
        assert not work.take(BOTH)
        ledger.close()
        wait_until("the owner", lambda: work.take(BOTH), 60, every_s=0.05)
        assert work.holder(BOTH).startswith("work ")
        assert not refused(work, url)


def test_an_owner_whose_session_ends_writes_no_more(
    folder: DataFolder, postgres: OwnPostgres
) -> None:
    """Nor is one that another one of the same number of process took the place of."""
    url = in_postgres(folder, postgres)
    with closing(open_lock(folder, "intake")) as former, closing(open_lock(folder, "work")) as next:
        assert former.take(["intake"])
        end_sessions(postgres, "intake")
        wait_until("the lock to be free", lambda: next.take(BOTH), PASSES_S, 0.05)
        assert refused(former, url)
        for _ in range(3):  # who watches it is not the only one that asks
            with pytest.raises(Unavailable):
                former.check()
        assert not refused(next, url)


def test_who_works_for_an_owner_writes_as_long_as_it_owns(
    folder: DataFolder, postgres: OwnPostgres
) -> None:
    """It is told what the owner has, and has no session that owns anything itself."""
    url = in_postgres(folder, postgres)
    with closing(open_lock(folder, "intake")) as former, closing(open_lock(folder, "work")) as next:
        assert isinstance(former, SessionLock)
        assert former.take(["intake"])
        lent = pickle.loads(pickle.dumps(former.lent()))
        assert not refused(lent, url)
        end_sessions(postgres, "intake")
        wait_until("the lock to be free", lambda: next.take(BOTH), PASSES_S, 0.05)
        assert refused(lent, url)


def test_who_becomes_owner_waits_for_what_the_former_one_is_writing(
    folder: DataFolder, postgres: OwnPostgres
) -> None:
    url = in_postgres(folder, postgres)
    engine = open_engine(url)
    order: list[str] = []
    with closing(open_lock(folder, "intake")) as former, closing(open_lock(folder, "work")) as next:
        assert former.take(["intake"])

        def take() -> None:
            wait_until("the lock", lambda: next.take(BOTH), PASSES_S, 0.05)
            order.append("owned")

        with writing(engine.execution_options(guard=former.guard)) as con:
            end_sessions(postgres, "intake")
            taking = threading.Thread(target=take)
            taking.start()
            wait_until("it to wait", lambda: _waiting(postgres) == 1, PASSES_S, 0.05)
            con.execute(text("INSERT INTO seen_key (gateway, key) VALUES ('s/g', 'k')"))
            order.append("written")
        taking.join()
    engine.dispose()
    assert order == ["written", "owned"]


def _waiting(server: OwnPostgres) -> int:
    found = server.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    return int(found[0][0])


def test_an_owner_that_stops_while_it_sends_a_statement_is_ended_by_the_next_one(
    folder: DataFolder, postgres: OwnPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the server such a transaction is at work, so that no time of its own ends it."""
    monkeypatch.setattr(session_owning, "_PATIENCE_S", 1)
    monkeypatch.setattr(session_owning, "_SETTINGS", ("SET statement_timeout = '1s'",))
    url = in_postgres(folder, postgres)
    stuck = psycopg.connect(make_url(url).set(drivername="postgresql").render_as_string(False))
    stuck.execute("SELECT set_config('idle_in_transaction_session_timeout', '1s', true)")
    fence = DUTIES["intake"] + FENCE
    stuck.execute("SELECT pg_advisory_xact_lock_shared(%s, %s)", (CLASS, fence))
    stuck.pgconn.send_query(b"CREATE TEMP TABLE sent (word text); COPY sent FROM STDIN")
    with closing(open_lock(folder, "second")) as lock, pytest.raises(Unavailable, match="timeout"):
        lock.take(BOTH)
    monkeypatch.setattr(session_owning, "MIDWAY_S", 1)
    with closing(open_lock(folder, "second")) as lock:
        assert lock.take(BOTH)
    with pytest.raises(psycopg.OperationalError):
        stuck.execute("SELECT 1")


def test_an_owner_whose_lock_file_is_gone_writes_no_more(folder: DataFolder) -> None:
    with closing(open_lock(folder, "intake")) as former, closing(open_lock(folder, "work")) as next:
        assert former.take(BOTH)
        shutil.rmtree(folder.run)
        folder.run.mkdir()
        assert next.take(BOTH)
        assert refused(former, f"sqlite:///{folder.database}")
        next.check()


def test_an_owner_begins_in_doubt_of_what_the_one_before_wrote(folder: DataFolder) -> None:
    """On a server of readings, which may still do what a process that is gone asked of it."""
    with folder.settings_file.open("a") as file:
        file.write('\n[influx]\nurl = "http://127.0.0.1:1"\ntoken_file = "secrets/admin.key"\n')
    with at_rest(folder, "rebuild") as claim, closing(Assembly.open(folder, claim=claim)) as parts:
        parts.intake.step(1)
        assert [doubt.writes for doubt in parts.stores.intake.doubts()] == [0]


@pytest.mark.parametrize("command", ["rebuild", "rebook", "upgrade", "repair", "restore"])
@pytest.mark.sampled(4)
def test_commands_that_change_the_folder_wait_for_its_owner_to_be_stopped(
    folder: DataFolder, url: str, tmp_path: Path, command: str
) -> None:
    """Also where no supervisor runs on it, but a process of another machine."""
    run("backup", str(tmp_path / "backup"), "--data", str(folder.root))
    commands: dict[str, Callable[[], None]] = {
        "rebuild": lambda: rebuild(folder.root),
        "rebook": lambda: rebook(folder.root, "because", None),
        "upgrade": lambda: upgrade(folder.root, None),
        "repair": lambda: repair_journal(folder.root),
        "restore": lambda: restore(tmp_path / "backup", folder.root, "", keep_journal=True),
    }
    with closing(open_lock(folder, "work")) as owner:
        assert owner.take(BOTH)
        with pytest.raises(Conflict, match="owned by another process") as told:
            commands[command]()
        assert (told.value.field, "stop it" in str(told.value.fix)) == ("owner", True)
        assert str(told.value.value).startswith("work ")
        assert not folder.unfinished.exists()


def test_the_one_that_stands_by_is_told_of_beside_the_owner(folder: DataFolder) -> None:
    file = folder.heartbeat("intake")
    beside = file.with_name("intake.stands-by-b-2.json")
    standing: dict[str, Any] = {"ok": True, "stands_by": ["b:2"], "error": ""}
    tell(beside, {"intake": dict(standing), "readings": dict(standing)})
    assert heard(file)["intake"] == standing, "nobody else was ever heard of"
    tell(file, {"intake": {"ok": True, "error": ""}, "readings": {"ok": True, "error": ""}})
    assert heard(file)["intake"] == {"ok": True, "error": "", "stands_by": ["b:2"]}
    assert heard(file)["readings"] == {"ok": True, "error": ""}
    old = json.loads(file.read_text()) | {"at": time.time() - 60}
    file.write_text(json.dumps(old))
    silent = heard(file)["intake"]
    assert (silent["ok"], silent["stands_by"]) == (False, ["b:2"])
    assert "has not been heard of" in silent["error"]
    beside.write_text(json.dumps(json.loads(beside.read_text()) | {"at": time.time() - 60}))
    assert "stands_by" not in heard(file)["intake"]


@contextmanager
def working(folder: DataFolder, count: int = 1) -> Iterator[list[subprocess.Popen[bytes]]]:
    """So many processes of the work, one after the other; killed at the end."""
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for number in range(count):
            processes.append(subprocess.Popen([*COMMAND, "work", str(folder.root)]))
            if number == 0:
                wait_until("an owner", lambda: owner(folder) > 0, PASSES_S, 0.1, of=processes[0])
            else:
                pid = processes[-1].pid
                wait_until("a stand-by", lambda pid=pid: stands_by(folder, pid), PASSES_S, 0.1)
        yield processes
    finally:
        for one in processes:
            one.kill()
            one.wait()


def owner(folder: DataFolder) -> int:
    """Number of the process that owns the work and says so; 0 where none does."""
    with closing(open_lock(folder, "test")) as lock:
        command, _, where = lock.holder(["ledger"]).rpartition(" ")
    fresh = heard(folder.heartbeat("intake"))["intake"]
    return int(where.rpartition(":")[2]) if command == "work" and fresh["ok"] else 0


def stands_by(folder: DataFolder, pid: int) -> bool:
    told = heard(folder.heartbeat("ledger"))["ledger"]
    return any(who.endswith(f":{pid}") for who in told.get("stands_by", []))


def test_a_rebuild_is_waited_for(folder: DataFolder, url: str) -> None:
    """Who starts meanwhile stands by, is told why, and works when it is over."""
    with at_rest(folder, "rebuild"):
        process = subprocess.Popen([*COMMAND, "work", str(folder.root)])
        file = folder.heartbeat("ledger")
        wait_until("a stand-by", lambda: stands_by(folder, process.pid), PASSES_S, 0.1, of=process)
        assert "`greenoffice rebuild` is at work" in heard(file)["ledger"]["error"]
        assert not heard(file)["ledger"]["ok"]
    try:
        wait_until("it to work", lambda: owner(folder) == process.pid, PASSES_S, 0.1, of=process)
        wait_until("its word", lambda: "stands_by" not in heard(file)["ledger"], PASSES_S, 0.1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()


@dataclass
class Sender:
    """A gateway that sends without end, until told: good readings, unknown points, no JSON."""

    address: BrokerAddress
    count: int = 0
    enough: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        publisher = Publisher(self.address)
        while not self.enough.is_set():
            publisher.publish("greenoffice/v1/s/g/readings", self._message())
            self.count += 1
            self.enough.wait(0.02)  # the intake, which is disturbed, shall not be far behind
        publisher.close()

    def _message(self) -> bytes:
        number = self.count
        if number % 50 == 49:
            return b"{no json %d" % (number % 3)
        point = "E9" if number % 20 == 19 else "E1"
        day, quarter = divmod(number, 96)
        time = f"2026-10-{day % 28 + 1:02}T{quarter // 4:02}:{quarter % 4 * 15:02}:00+08:00"
        readings = [{"point": point, "value": number, "time": time}]
        return json.dumps({"session": 1, "seq": number, "readings": readings}).encode()


@pytest.fixture
def sender(folder: DataFolder, tmp_path: Path) -> Callable[[], Sender]:
    """A sender, once the folder's office is registered."""

    def made() -> Sender:
        for name, rows in OFFICE.items():
            (tmp_path / name).write_text(rows)
        told = run("registry", "import", str(tmp_path), "--data", str(folder.root), "--yes")
        password = told.split("password")[1].split()[0]
        mqtt = folder.settings().mqtt
        return Sender(BrokerAddress("127.0.0.1", mqtt.port, "s/g", password))

    return made


def kept(folder: DataFolder) -> dict[str, Any]:
    """All that was counted and booked, asked of the stores themselves."""
    stores = open_stores(folder)
    letters = [replace(one, id=0) for one in stores.intake.dead_letters(None, limit=10_000)]
    return {
        "counters": stores.intake.gateways(),
        "letters": sorted(letters, key=lambda one: (one.digest, one.index)),
        "checkpoint": stores.intake.checkpoint(1),
        "books": book_hash(stores.books),
    }


def undisturbed(folder: DataFolder, office: Path, root: Path) -> dict[str, Any]:
    """The same journal, read by one process over the embedded stores."""
    alone = init(root, 18080, 11883, 19464, "en")
    run("registry", "import", str(office), "--data", str(root), "--yes")
    shutil.rmtree(alone.journal)
    shutil.copytree(folder.journal, alone.journal)
    with closing(Assembly.open(alone)) as assembly:
        for writer in assembly.journal.writers():
            while assembly.intake.step(writer).records:
                pass
        while assembly.ledger.step().marks or assembly.stores.marks.waiting():
            pass
    return kept(alone)


@pytest.fixture(params=["embedded", "servers"])
def disturbances(request: pytest.FixtureRequest, folder: DataFolder) -> list[Callable[[int], None]]:
    """What befalls the owner, by its number, of embedded stores and of servers."""
    with folder.settings_file.open("a") as file:
        file.write("\n[intake]\nbatch_messages = 20\n")
    if request.param == "embedded":
        return [_kill]
    server: OwnPostgres = request.getfixturevalue("postgres")
    influx: Callable[[int], OwnServer] = request.getfixturevalue("influx_server")
    wanted = WantedBucket(now_us=0, password="correct horse")
    address, _ = influx(1).bucket(f"own-{os.getpid()}", wanted)
    in_postgres(folder, server)
    with folder.settings_file.open("a") as file:
        file.write(f'\n[influx]\nurl = "{address.url}"\nbucket = "{address.bucket}"\n')
    return [lambda _: end_sessions(server, "work"), _kill]


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_what_two_do_is_what_one_does(
    folder: DataFolder,
    disturbances: list[Callable[[int], None]],
    sender: Callable[[], Sender],
    tmp_path: Path,
) -> None:
    """The owner is disturbed again and again while a gateway sends, each time in the middle."""
    gateway = sender()
    collector = subprocess.Popen([*COMMAND, "collector", str(folder.root)])
    sending = threading.Thread(target=gateway.run)
    try:
        listener = folder.heartbeat("collector")
        wait_until(
            "the listener", lambda: heard(listener)["listener"]["ok"], PASSES_S, of=collector
        )
        intake = open_stores(folder).intake
        with working(folder, 2) as processes:
            sending.start()
            for disturb in disturbances:
                before, place = owner(folder), intake.checkpoint(1)
                wait_until(
                    "more work", lambda place=place: intake.checkpoint(1) > place, PASSES_S, 0.05
                )
                disturb(before)
                place = intake.checkpoint(1)
                wait_until(
                    "an owner again",
                    lambda place=place: owner(folder) > 0 and intake.checkpoint(1) > place,
                    PASSES_S,
                    0.1,
                )
            gateway.enough.set()
            sending.join()
            stopped = [one.poll() for one in processes]
            wait_until("all to be booked", lambda: _at_rest(folder), PASSES_S, 0.5)
    finally:
        gateway.enough.set()
        with suppress(RuntimeError):
            sending.join()
        collector.kill()
        collector.wait()
    assert stopped.count(None) == len(processes) - disturbances.count(_kill)
    found, alone = kept(folder), undisturbed(folder, tmp_path, tmp_path / "alone")
    assert found["counters"][0].counts.messages == gateway.count
    assert found == alone
    assert found["letters"]


def _at_rest(folder: DataFolder) -> bool:
    from collector import JournalReader
    from greenoffice.health import waiting_messages

    stores = open_stores(folder)
    waiting = waiting_messages(JournalReader(folder.journal), stores.intake)
    return waiting == 0 and stores.marks.waiting() == 0


def shares(count: int) -> list[str]:
    return [shard.named("ledger") for shard in all_shards(count)]


def test_several_share_a_duty_and_no_two_a_share(folder: DataFolder, postgres: OwnPostgres) -> None:
    url = in_postgres(folder, postgres)
    first, second = shares(2)
    with (
        closing(open_lock(folder, first)) as one,
        closing(open_lock(folder, second)) as two,
        closing(open_lock(folder, second)) as again,
        closing(open_lock(folder, "ledger")) as whole,
        closing(open_lock(folder, "work")) as work,
    ):
        assert one.take([first])
        assert two.take([second])
        assert not again.take([second]), "it has an owner"
        assert again.holder([second]).startswith(f"{second} ")
        assert not whole.take(["ledger"]), "who would own all waits for every share"
        assert whole.holder(["ledger"]).startswith("ledger-")
        assert not work.take(BOTH)
        with closing(open_lock(folder, "ledger-3of3")) as other:
            assert not other.take(["ledger-3of3"]), "of another number, some of the same buckets"
        assert not refused(one, url)
        assert not refused(two, url)
        end_sessions(postgres, second)
        wait_until("the share", lambda: again.take([second]), PASSES_S, 0.05)
        assert refused(two, url)
        assert not refused(one, url), "another share is not concerned"
        one.close()
        again.close()
        wait_until("the whole", lambda: whole.take(["ledger"]), PASSES_S, 0.05)
        with closing(open_lock(folder, first)) as late:
            assert not late.take([first])
            assert late.holder([first]).startswith("ledger ")


def test_who_takes_over_waits_for_the_writes_of_every_former_owner(
    folder: DataFolder, postgres: OwnPostgres
) -> None:
    """Of a share for one that owned all, and the other way round; not for those of other shares."""
    url = in_postgres(folder, postgres)
    engine = open_engine(url)
    first, second = shares(2)
    for former, following in (("ledger", first), (first, "ledger"), (first, first)):
        order: list[str] = []
        with (
            closing(open_lock(folder, former)) as old,
            closing(open_lock(folder, following)) as new,
        ):
            assert old.take([former])

            def take(new: DutyLock = new, duty: str = following, order: list[str] = order) -> None:
                wait_until("the lock", lambda: new.take([duty]), PASSES_S, 0.05)
                order.append("owned")

            with writing(engine.execution_options(guard=old.guard)) as con:
                end_sessions(postgres, former)
                taking = threading.Thread(target=take)
                taking.start()
                if following == first == former:
                    with closing(open_lock(folder, second)) as beside:
                        wait_until("another", lambda: beside.take([second]), PASSES_S, 0.05)
                        order.append("beside")
                        beside.close()
                time.sleep(1.0)
                con.execute(text("DELETE FROM seen_key"))
                order.append("written")
            taking.join()
            assert order == [*(["beside"] if former == following else []), "written", "owned"]
    engine.dispose()


def test_a_file_of_books_has_one_ledger(folder: DataFolder, postgres: OwnPostgres) -> None:
    with pytest.raises(ConfigurationError) as wrong:
        require_shared(folder.settings(), Shard(1, 2))
    assert wrong.value.field == "database.url"
    in_postgres(folder, postgres)
    with pytest.raises(ConfigurationError) as wrong:
        require_shared(folder.settings(), Shard(1, 2))
    assert (wrong.value.field, wrong.value.value) == ("ledger.shards", 1)
