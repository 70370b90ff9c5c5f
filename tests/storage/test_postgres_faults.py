"""What PostgreSQL refuses and how it fails: a clear error, and nothing half done."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import date

import numpy as np
import pytest
from sqlalchemy import Engine, insert, select, text

from metering import quality
from metering.book import BookRow, DirtyMark, SeriesKey
from metering.errors import ConfigurationError, Conflict, GreenOfficeError, StorageFull, Unavailable
from proofs.servers.postgres import OwnPostgres
from storage import open_engine, sql_stores
from storage.sql.book_commit import expect, set_revision
from storage.sql.engine import reading, writing
from storage.sql.faults import DatabaseSilent
from storage.sql.schema import CHECKPOINT, SEEN_KEY

DAY = date(2026, 11, 23)
KEYS = [SeriesKey("office", "meter", f"E{n}", "01000") for n in range(50)]


@pytest.fixture
def own(postgres: OwnPostgres) -> Iterator[OwnPostgres]:
    """A server that a test may stop; the shared one only tells that there is one."""
    server = OwnPostgres()
    yield server
    server.stop()


def row(key: SeriesKey, energy: int = 1) -> BookRow:
    shares = quality.all_of(quality.MEASURED, 96)
    slots = np.full(96, energy, np.int64)
    return BookRow.of(key, DAY, 15, slots, shares, shares[:24], 96 * energy, shares[0])


def refusal(url: str) -> GreenOfficeError:
    with pytest.raises(GreenOfficeError) as refused:
        open_engine(url)
    assert refused.value.fix
    assert refused.value.field == "database"
    assert "wrong-secret" not in str(refused.value)
    return refused.value


def test_a_wrong_password_a_missing_database_and_an_unknown_user(postgres: OwnPostgres) -> None:
    for url, sign in (
        (postgres.url(password="wrong-secret"), "password"),
        (postgres.url("nowhere"), '"nowhere" does not exist'),
        (postgres.url(user="nobody", password="wrong-secret"), "password"),
    ):
        error = refusal(url)
        assert isinstance(error, ConfigurationError)
        assert sign in error.message
        assert "***" in str(error.value)
        assert postgres.password not in str(error)


def test_a_server_that_is_not_there_may_come_yet(postgres: OwnPostgres) -> None:
    url = postgres.url(password="wrong-secret")
    error = refusal(url.replace(f":{postgres.port}/", ":1/"))
    assert type(error) is Unavailable
    assert "start the server" in str(error.fix)
    error = refusal(url.replace("127.0.0.1", "no-such-host.invalid"))
    assert type(error) is Unavailable
    assert "correct the host" in str(error.fix)


def test_a_server_that_never_speaks_is_given_up(postgres: OwnPostgres) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        error = refusal(f"postgresql+psycopg://u:wrong-secret@127.0.0.1:{port}/x?connect_timeout=2")
    assert type(error) is DatabaseSilent
    assert "can be reached" in str(error.fix)


def test_what_cannot_be_stored_is_a_refusal(postgres: OwnPostgres) -> None:
    engine = open_engine(postgres.database())
    row = {"writer_no": 2**40, "segment": 0, "message_offset": 0, "at_us": 0}
    with pytest.raises(Unavailable, match="the database refuses: integer out of range"):
        insert_row(engine, row)


def insert_row(engine: Engine, values: dict[str, int]) -> None:
    with writing(engine) as con:
        con.execute(insert(CHECKPOINT), [values])


def test_a_user_who_may_not_make_tables(postgres: OwnPostgres) -> None:
    database = postgres.database().rsplit("/", 1)[1]
    postgres.execute(f"CREATE ROLE \"{database}\" LOGIN PASSWORD 'pw'")
    error = refusal(postgres.url(database, user=database, password="pw"))
    assert isinstance(error, ConfigurationError)
    assert "GRANT CREATE" in str(error.fix)
    assert "permission denied" in error.message


def test_a_database_in_another_encoding(postgres: OwnPostgres) -> None:
    url = postgres.database(options="ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(ConfigurationError, match="every character") as refused:
        open_engine(url)
    assert refused.value.value == "SQL_ASCII"


def test_a_database_that_only_follows(postgres: OwnPostgres) -> None:
    url = postgres.database()
    name = url.rsplit("/", 1)[1]
    postgres.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    error = refusal(url)
    assert isinstance(error, ConfigurationError)
    assert "takes writes" in str(error.fix)


def test_a_full_disk_is_told_apart(postgres: OwnPostgres) -> None:
    engine = open_engine(postgres.database())
    raise_full = text("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = 'disk_full'; END $$")
    with pytest.raises(StorageFull), writing(engine) as con:
        con.execute(raise_full)


def test_commits_are_on_disk_whatever_the_server_thinks(postgres: OwnPostgres) -> None:
    url = postgres.database()
    name = url.rsplit("/", 1)[1]
    postgres.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    postgres.execute(
        f"ALTER DATABASE \"{name}\" SET default_transaction_isolation = 'serializable'"
    )
    engine = open_engine(url)
    with writing(engine) as con:
        assert con.scalar(text("SHOW synchronous_commit")) == "on"
        assert con.scalar(text("SHOW transaction_isolation")) == "read committed"
    with reading(engine) as con:
        assert con.scalar(text("SHOW synchronous_commit")) == "on"
        assert con.scalar(text("SHOW transaction_isolation")) == "repeatable read"


@pytest.mark.parametrize("how", [signal.SIGQUIT, signal.SIGINT], ids=["crash", "shutdown"])
def test_a_server_that_stops_in_flight_comes_back(own: OwnPostgres, how: signal.Signals) -> None:
    engine = open_engine(own.database())
    stores = sql_stores(engine)
    stores.books.commit("office", [row(key) for key in KEYS], expected_revision=0, now_us=1)

    def write_while_it_stops() -> None:
        with writing(engine) as con:
            con.execute(insert(SEEN_KEY), [{"gateway": "s/a", "key": "k"}])
            own.halt(how)
            con.execute(insert(SEEN_KEY), [{"gateway": "s/a", "key": "l"}])

    with pytest.raises(Unavailable) as failed:
        write_while_it_stops()
    assert failed.value.field == "database"
    for _ in range(2):
        with pytest.raises(Unavailable, match="does not answer") as absent:
            stores.books.revision("office")
        assert own.password not in str(absent.value)
    own.start()
    assert stores.books.revision("office") == 1
    assert len(stores.books.rows(KEYS, DAY, DAY)) == len(KEYS)
    assert stores.intake.seen([("s/a", "k"), ("s/a", "l")]) == set()
    again = [row(key, 2) for key in KEYS]
    assert stores.books.commit("office", again, expected_revision=1, now_us=2) == 2


def test_a_password_that_changes_in_flight_is_waited_for(postgres: OwnPostgres) -> None:
    """Nothing ends because of it: it is Unavailable until the setting is right again."""
    url = postgres.database()
    name = url.rsplit("/", 1)[1]
    postgres.execute(f"CREATE ROLE \"{name}\" LOGIN PASSWORD 'one'")
    postgres.execute(f'ALTER DATABASE "{name}" OWNER TO "{name}"')
    engine = open_engine(postgres.url(name, user=name, password="one"))
    postgres.execute(f"ALTER ROLE \"{name}\" PASSWORD 'two'")
    engine.dispose()
    with pytest.raises(Unavailable, match="password"):
        sql_stores(engine).books.revision("office")
    postgres.execute(f"ALTER ROLE \"{name}\" PASSWORD 'one'")
    assert sql_stores(engine).books.revision("office") == 0


def test_a_second_writer_waits_for_the_row_and_sees_the_result(postgres: OwnPostgres) -> None:
    """READ COMMITTED is enough where the row is held: a snapshot taken before would be refused."""
    engine = open_engine(postgres.database())
    place = {"writer_no": 1, "segment": 1, "message_offset": 0, "at_us": 0}
    held = select(CHECKPOINT.c.segment).with_for_update()
    seen: list[int | None] = []
    with writing(engine) as con:
        con.execute(insert(CHECKPOINT), [place])

    def second() -> None:
        with writing(engine) as con:
            seen.append(con.scalar(held))

    with writing(engine) as con:
        con.scalar(held)
        waiting = threading.Thread(target=second)
        waiting.start()
        _until(lambda: _waiting(postgres) == 1)
        con.execute(CHECKPOINT.update().values(segment=7))
    waiting.join()
    assert seen == [7]


def test_a_commit_that_begins_inside_another_is_refused(postgres: OwnPostgres) -> None:
    """It waits for the institution's row, although it books other series, and then sees that its
    revision is not the expected one any more; another institution's goes through meanwhile."""
    engine = open_engine(postgres.database())
    books = sql_stores(engine).books
    books.commit("office", [row(KEYS[0])], expected_revision=0, now_us=1)
    outcomes: list[str] = []

    def second() -> None:
        try:
            books.commit("office", [row(KEYS[1])], expected_revision=1, now_us=1)
            outcomes.append("committed")
        except Conflict:
            outcomes.append("conflict")

    with writing(engine) as con:
        expect(con, "office", 1)
        waiting = threading.Thread(target=second)
        waiting.start()
        _until(lambda: _waiting(postgres) == 1)
        away = row(SeriesKey("hospital", "meter", "E1", "01000"))
        assert books.commit("hospital", [away], expected_revision=0, now_us=1) == 1
        set_revision(con, "office", 2)
    waiting.join()
    assert outcomes == ["conflict"]
    assert books.revision("office") == 2
    assert books.series("office") == KEYS[:1]


def test_ready_marks_of_many_writers_are_all_found(postgres: OwnPostgres) -> None:
    """Ids rise while transactions overlap: a mark that commits late is still there to be taken."""
    stores = sql_stores(open_engine(postgres.database()))

    def mark(writer: int) -> None:
        for n in range(20):
            stores.marks.mark([DirtyMark(writer * 100 + n, 0, 1)], writer_no=0, ready=True)

    writers = [threading.Thread(target=mark, args=(n,)) for n in range(3)]
    for writer in writers:
        writer.start()
    taken: list[int] = []
    while any(writer.is_alive() for writer in writers) or stores.marks.waiting():
        found = stores.marks.ready()
        taken.extend(one.point for one in found)
        stores.books.commit(
            "office", [], expected_revision=0, cleared=[one.id for one in found], now_us=1
        )
    assert sorted(taken) == sorted(w * 100 + n for w in range(3) for n in range(20))


def _waiting(server: OwnPostgres) -> int:
    found = server.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    return int(found[0][0])


def _until(true: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(1000):
        if true():
            return
        pause.wait(0.02)
    raise AssertionError("it never came true")
