"""The migrations make the schema that the code expects, both ways."""

from __future__ import annotations

import multiprocessing

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from metering.errors import ConfigurationError
from storage import open_engine
from storage.sql.engine import reading, writing
from storage.sql.migrate import downgrade, upgrade
from storage.sql.schema import METADATA


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names()) - {"alembic_version"}


def test_opening_brings_the_schema_to_the_model(engine: Engine) -> None:
    assert tables(engine) == set(METADATA.tables)
    with reading(engine) as con:
        context = MigrationContext.configure(con, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_the_one_current_row_of_a_day_is_guarded_by_an_index(engine: Engine) -> None:
    found = {index["name"]: index for index in inspect(engine).get_indexes("book_row")}
    assert found["uq_book_row_current"]["unique"]


def test_ids_that_must_not_come_again_never_do(sqlite_engine: Engine) -> None:
    """The comparison with the model cannot see SQLite's AUTOINCREMENT, so it is looked up."""
    wanted = {
        table.name
        for table in METADATA.tables.values()
        if table.dialect_options["sqlite"]["autoincrement"]
    }
    with reading(sqlite_engine) as con:
        made = con.execute(text("SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%'"))
        assert set(made.scalars()) == wanted
    assert {"dirty_mark", "audit_entry", "dead_letter", "series"} <= wanted


def test_down_and_up_again(engine: Engine) -> None:
    with writing(engine) as con:
        downgrade(con)
    assert tables(engine) == set()
    with writing(engine) as con:
        upgrade(con)
    assert tables(engine) == set(METADATA.tables)


def test_a_migration_that_breaks_off_leaves_the_schema_as_it_was(engine: Engine) -> None:
    def go_down_and_fail() -> None:
        with writing(engine) as con:
            downgrade(con)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        go_down_and_fail()
    assert tables(engine) == set(METADATA.tables)


def test_a_newer_database_is_refused(engine: Engine, url: str) -> None:
    with writing(engine) as con:
        con.execute(text("UPDATE alembic_version SET version_num = 'r9999'"))
    with pytest.raises(ConfigurationError, match="newer version") as refused:
        open_engine(url)
    assert refused.value.value == "r9999"


def test_processes_that_start_at_once_share_one_migration(url: str) -> None:
    context = multiprocessing.get_context("spawn")
    starters = [context.Process(target=open_engine, args=(url,)) for _ in range(3)]
    for process in starters:
        process.start()
    for process in starters:
        process.join()
    assert [process.exitcode for process in starters] == [0, 0, 0]
    assert tables(open_engine(url, migrate=False)) == set(METADATA.tables)
