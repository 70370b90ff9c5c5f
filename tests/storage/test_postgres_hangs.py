"""A PostgreSQL that hangs, keeping its connections: nobody waits for it for long."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import event, text

from metering.errors import ConfigurationError, GreenOfficeError, Unavailable
from proofs.servers.hanging import freeze, kill, thaw
from proofs.servers.postgres import OwnPostgres
from storage import open_engine, sql_stores
from storage.sql.answering import Door
from storage.sql.engine import reading, unopened_engine
from storage.sql.watch import DatabaseWatch


@pytest.fixture
def own(postgres: OwnPostgres) -> Iterator[OwnPostgres]:
    """A server that a test may stop; the shared one only tells that there is one."""
    server = OwnPostgres(sync=False)
    yield server
    thaw(server)
    server.stop()


def until(true: Callable[[], object]) -> None:
    pause = threading.Event()
    for _ in range(3000):
        if true():
            return
        pause.wait(0.02)
    raise AssertionError("it never came true")


def away(error: Exception | None) -> bool:
    return isinstance(error, Unavailable) and error.field == "database" and bool(error.fix)


def test_who_bounds_each_wait_gives_up_and_finds_the_server_again(own: OwnPostgres) -> None:
    engine = open_engine(own.database(), door=Door(silent_s=2))
    books = sql_stores(engine).books
    assert books.revision("office") == 0
    freeze(own)
    for _ in range(2):  # over a connection of before, and over a new one
        with pytest.raises(Unavailable, match=r"does not answer: .*timeout expired") as silent:
            books.revision("office")
        assert away(silent.value)
    thaw(own)
    assert books.revision("office") == 0


def test_who_finds_a_connection_silent_makes_no_other_one(own: OwnPostgres) -> None:
    """It would be waited for as long again before the server is known to hang."""
    engine = open_engine(own.database(), door=Door(silent_s=1))
    made: list[object] = []
    event.listen(engine, "do_connect", lambda *given: made.append(given[0]))
    books = sql_stores(engine).books
    assert books.revision("office") == 0
    before = len(made)
    freeze(own)
    with pytest.raises(Unavailable, match="timeout expired"):
        books.revision("office")
    assert len(made) == before
    thaw(own)
    assert books.revision("office") == 0


def test_an_answer_that_comes_bit_by_bit_is_not_silence(own: OwnPostgres) -> None:
    engine = open_engine(own.database(), door=Door(silent_s=1))
    slowly = text("SELECT pg_sleep(0.2), repeat('x', 100000) FROM generate_series(1, 12)")
    with reading(engine) as con:
        assert len(con.execute(slowly).all()) == 12


def test_a_watch_ends_the_waiting_of_all_others(own: OwnPostgres) -> None:
    """Also of a statement that would take for ever; with the first answer all go on."""
    url, door = own.database(), Door()
    engine = open_engine(url, door=door)
    books = sql_stores(engine).books
    watch = DatabaseWatch(url, door, every_s=0.1, silent_s=2)
    failed: list[Exception] = []

    def wait_for_ever() -> None:
        try:
            with reading(engine) as con:
                con.execute(text("SELECT pg_sleep(100000)"))
        except Exception as error:
            failed.append(error)

    waiting = threading.Thread(target=wait_for_ever, daemon=True)
    waiting.start()
    watch.start()
    until(lambda: own.execute("SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(1000%'"))
    assert books.revision("office") == 0
    assert waiting.is_alive()  # a long statement is no silence
    freeze(own)
    waiting.join()
    assert away(failed[0])
    until(lambda: door.why)
    with pytest.raises(Unavailable, match="timeout expired"):
        books.revision("office")
    thaw(own)
    until(lambda: door.why is None)
    assert books.revision("office") == 0
    watch.close()


def test_a_server_that_goes_while_its_door_is_shut_is_told_as_it_is(own: OwnPostgres) -> None:
    url, door = own.database(), Door()
    engine = open_engine(url, door=door)
    watch = DatabaseWatch(url, door, every_s=0.1, silent_s=2)
    watch.start()
    freeze(own)
    until(lambda: door.why)
    kill(own)
    until(lambda: door.why is None)

    def told() -> str:
        with pytest.raises(Unavailable) as refused:
            sql_stores(engine).books.revision("office")
        return str(refused.value)

    first = told()  # the word that a connection of before has ended may be under way still
    assert "Connection refused" in first or "closed the connection" in first
    until(lambda: "Connection refused" in told())
    own.start()
    assert sql_stores(engine).books.revision("office") == 0
    watch.close()


def test_who_opens_later_makes_the_tables_before_anybody_is_let_in(own: OwnPostgres) -> None:
    url, refused = own.database(), list[GreenOfficeError]()
    own.halt()
    door = Door(why=Unavailable("nobody asked yet", field="database", fix="wait"))
    books = sql_stores(unopened_engine(url, door=door)).books
    with pytest.raises(Unavailable, match="nobody asked yet"):
        books.revision("office")
    watch = DatabaseWatch(url, door, refused=refused.append, every_s=0.1)
    watch.start()
    until(lambda: "Connection refused" in str(door.why))
    with pytest.raises(Unavailable, match="Connection refused"):
        books.revision("office")
    own.start()
    until(lambda: door.why is None)
    assert books.revision("office") == 0
    watch.close()
    assert refused == []


def test_who_opens_later_tells_of_a_refusal_and_lets_nobody_in(own: OwnPostgres) -> None:
    refused = list[GreenOfficeError]()
    door = Door(why=Unavailable("nobody asked yet", field="database", fix="wait"))
    watch = DatabaseWatch(own.url(password="wrong"), door, refused=refused.append, every_s=0.1)
    watch.start()
    until(lambda: refused)
    assert isinstance(refused[0], ConfigurationError)
    assert "password" in refused[0].message
    assert door.why is not None
    watch.close()


def test_who_waits_has_the_server_asked_that_nobody_asked_for_long(own: OwnPostgres) -> None:
    """By itself the watch would ask in a day; so would one that nobody could connect for."""
    url, door = own.database(), Door()
    engine = open_engine(url, door=door)
    books = sql_stores(engine).books
    watch = DatabaseWatch(url, door, every_s=0.1, quiet_s=100_000.0, silent_s=2)
    watch.start()
    assert books.revision("office") == 0
    freeze(own)
    with pytest.raises(Unavailable, match="does not answer"):
        books.revision("office")
    until(lambda: door.why)
    thaw(own)
    until(lambda: door.why is None)
    assert books.revision("office") == 0
    watch.close()


def test_a_server_that_nobody_waits_for_is_seldom_asked(own: OwnPostgres) -> None:
    """But a long statement of somebody has it asked again and again."""
    url, door = own.database("seldom"), Door()
    engine = open_engine(url, door=door)
    watch = DatabaseWatch(url, door, every_s=0.1, quiet_s=100_000.0)
    watch.start()
    asked = (
        "SELECT query_start FROM pg_stat_activity"
        " WHERE datname = 'seldom' AND query = 'SELECT 1' AND state = 'idle'"
    )
    until(lambda: own.execute(asked))
    first = own.execute(asked)
    threading.Event().wait(1.0)
    assert own.execute(asked) == first
    with reading(engine) as con:
        con.execute(text("SELECT pg_sleep(2.5)"))
    assert own.execute(asked) != first
    watch.close()
    engine.dispose()


def test_a_connection_that_its_server_has_ended_is_not_lent(own: OwnPostgres) -> None:
    engine = open_engine(own.database())
    books = sql_stores(engine).books
    for _ in range(3):
        assert books.revision("office") == 0
        own.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE datname <> 'postgres' AND backend_type = 'client backend'"
        )
    assert books.revision("office") == 0
    engine.dispose()


def test_a_watch_that_waits_to_be_let_in_keeps_nobody_from_the_end(own: OwnPostgres) -> None:
    """A server that hangs lets nobody in, nor does it refuse, for as long as it hangs."""
    url, door = own.database(), Door()
    engine = open_engine(url, door=door)
    watch = DatabaseWatch(url, door, every_s=0.1, silent_s=30)
    freeze(own)
    watch.start()
    until(lambda: watch._thread.is_alive() and watch._engine is not None)
    time.sleep(0.5)  # so that it is on its way
    ended = threading.Event()

    def end() -> None:
        watch.close()
        ended.set()

    threading.Thread(target=end, daemon=True).start()
    assert ended.wait(8)
    assert watch._thread.is_alive()  # else nothing hung
    thaw(own)
    watch._thread.join(60)
    assert not watch._thread.is_alive()
    engine.dispose()
