"""Opening, transactions and errors of the SQL database."""

from __future__ import annotations

import threading
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import Engine, delete, insert, inspect, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from metering.errors import ConfigurationError, Damaged, StorageFull, Unavailable
from metering.registry import Gateway, Node, NodeType, Registry
from storage import Schema, open_engine, sql_stores
from storage.sql.engine import insert_missing, reading, upsert, writing
from storage.sql.schema import CHECKPOINT, METADATA, SEEN_KEY


@pytest.mark.parametrize(
    "url", ["", "not a url", "oracle://x/y", "greenoffice.db", "sqlite://", "postgresql://h:port/n"]
)
def test_an_unknown_url_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        open_engine(url)
    assert refused.value.field == "database"


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        open_engine(f"sqlite:///{tmp_path / 'none' / 'x.db'}")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"no database" * 999)
    with pytest.raises(Damaged, match=r"damaged.*not a database.*restore"):
        open_engine(f"sqlite:///{tmp_path / 'x.db'}")


def test_sqlite_is_durable_and_shared(sqlite_engine: Engine) -> None:
    with reading(sqlite_engine) as con:
        settings = {
            name: con.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_reader_sees_one_state_throughout(engine: Engine) -> None:
    row = {"gateway": "s/a", "key": "k"}
    with reading(engine) as con:
        assert con.execute(select(SEEN_KEY)).all() == []
        with writing(engine) as other:
            other.execute(insert(SEEN_KEY), [row])
        assert con.execute(select(SEEN_KEY)).all() == []
    with reading(engine) as con:
        assert len(con.execute(select(SEEN_KEY)).all()) == 1


def test_writers_wait_for_each_other(engine: Engine) -> None:
    """Hold a row, read, then write, in many threads: no addition is lost and none is refused."""

    def add() -> None:
        row = {"writer_no": 1, "segment": 0, "message_offset": 0, "at_us": 0}
        for _ in range(10):
            with writing(engine) as con:
                insert_missing(con, CHECKPOINT, [row], ["writer_no"])
                old = con.scalar(select(CHECKPOINT.c.segment).with_for_update()) or 0
                upsert(con, CHECKPOINT, [{**row, "segment": old + 1}], ["writer_no"])

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading(engine) as con:
        assert con.scalar(select(CHECKPOINT.c.segment)) == 40


def test_upsert_replaces_and_insert_missing_does_not(engine: Engine) -> None:
    row = {"writer_no": 1, "segment": 1, "message_offset": 0, "at_us": 0}
    with writing(engine) as con:
        insert_missing(con, CHECKPOINT, [row], ["writer_no"])
        insert_missing(con, CHECKPOINT, [{**row, "segment": 2}], ["writer_no"])
        assert con.scalar(select(CHECKPOINT.c.segment)) == 1
        upsert(con, CHECKPOINT, [{**row, "segment": 3}], ["writer_no"])
        assert con.scalar(select(CHECKPOINT.c.segment)) == 3


def test_an_exception_rolls_back(engine: Engine) -> None:
    def write_and_fail() -> None:
        with writing(engine) as con:
            con.execute(insert(SEEN_KEY), [{"gateway": "s/a", "key": "k"}])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    with reading(engine) as con:
        assert con.execute(select(SEEN_KEY)).all() == []


def test_a_full_disk_is_told_apart(sqlite_engine: Engine) -> None:
    """SQLite's own limit on pages gives the very error of a full disk."""

    def write_beyond_the_limit() -> None:
        with writing(sqlite_engine) as con:
            pages = con.scalar(text("PRAGMA page_count"))
            con.execute(text(f"PRAGMA max_page_count = {pages}"))
            rows = [{"gateway": "s/a", "key": "k" * 900 + str(n)} for n in range(999)]
            con.execute(insert(SEEN_KEY), rows)

    with pytest.raises(StorageFull, match="full"):
        write_beyond_the_limit()
    with reading(sqlite_engine) as con:
        assert con.execute(select(SEEN_KEY)).all() == []


def test_other_trouble_is_unavailable(engine: Engine) -> None:
    with pytest.raises(Unavailable, match="no_such_thing"), reading(engine) as con:
        con.execute(text("SELECT no_such_thing"))


def test_another_process_sees_a_change_of_the_registry(engine: Engine) -> None:
    """Two engines on one database stand for two processes: the snapshot follows the version."""
    url = engine.url.render_as_string(hide_password=False)
    ours, theirs = sql_stores(engine), sql_stores(open_engine(url))
    site = Registry(nodes={"s": Node("s", NodeType.SITE)}, gateways={"s/g": Gateway("s", "g")})
    assert theirs.registry.load().nodes == {}
    secret = ours.registry.apply(site, actor="a", now_us=1)["s/g"]
    assert theirs.registry.load().nodes == site.nodes
    assert theirs.registry.load() is theirs.registry.load()
    assert theirs.credentials.verify("s/g", secret.encode(), 0)
    renewed = ours.credentials.renew("s/g", actor="a", now_us=2)
    assert not theirs.credentials.verify("s/g", secret.encode(), 0)
    assert theirs.credentials.verify("s/g", renewed.encode(), 0)


def test_the_schema_compiles_for_postgresql() -> None:
    """Nothing in the tables belongs to one engine alone."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    for table in METADATA.sorted_tables:
        made = str(CreateTable(table).compile(dialect=dialect))
        assert "AUTOINCREMENT" not in made
        for index in table.indexes:
            assert str(CreateIndex(index).compile(dialect=dialect))


def test_an_engine_that_only_reads_sees_all_and_writes_nothing(database_url: str) -> None:
    writer = open_engine(database_url)
    reader = open_engine(database_url, schema=Schema.READ)
    row = {"gateway": "s/a", "key": "k"}
    with writing(writer) as con:
        con.execute(insert(SEEN_KEY), [row])
    with reading(reader) as con:
        assert len(con.execute(select(SEEN_KEY)).all()) == 1
    statements = [insert(SEEN_KEY).values(gateway="s/b", key="k"), delete(SEEN_KEY)]
    statements += [text("DROP TABLE seen_key"), text("CREATE TABLE other (id integer)")]
    for statement in statements:
        refused = pytest.raises(Unavailable, match=r"readonly database|read-only transaction")
        with refused, writing(reader) as con:
            con.execute(statement)
    with reading(writer) as con:
        assert len(con.execute(select(SEEN_KEY)).all()) == 1
    reader.dispose()
    writer.dispose()


def test_who_only_reads_makes_no_tables_and_waits_for_them(database_url: str) -> None:
    for _ in range(2):
        with pytest.raises(Unavailable, match="no tables of the platform yet"):
            open_engine(database_url, schema=Schema.READ)
    engine = open_engine(database_url, schema=Schema.UNTOUCHED)
    assert inspect(engine).get_table_names() == []
    engine.dispose()
    open_engine(database_url).dispose()
    open_engine(database_url, schema=Schema.READ).dispose()


def test_who_only_reads_needs_no_right_to_write(tmp_path: Path) -> None:
    """Neither to the file nor to its folder, once the writer keeps it open."""
    file = tmp_path / "a folder?" / "x#1%.db"
    file.parent.mkdir()
    writer = open_engine(f"sqlite:///{quote(str(file))}")
    file.chmod(0o444)
    reader = open_engine(f"sqlite:///{quote(str(file))}", schema=Schema.READ)
    assert reader.url.query["mode"] == "ro"
    with reading(reader) as con:
        assert con.execute(select(SEEN_KEY)).all() == []
    reader.dispose()
    writer.dispose()
