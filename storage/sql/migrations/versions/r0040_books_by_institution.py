"""on PostgreSQL, rows of the books in partitions by institution

Series get numbers that say whose they are, so their rows are written anew, once; all in one
transaction, which needs as much room again as the books take. On SQLite nothing changes.
"""

# ruff: noqa: S608 - what is put into statements are names and numbers of our own

from __future__ import annotations

from typing import Any, NamedTuple

import sqlalchemy as sa
from alembic import op

from storage.sql.partitions import PARTITIONED, first_number, partitions, plain
from storage.sql.types import WORDS

revision = "r0040"
down_revision = "r0039"
branch_labels = None
depends_on = None

SERIES = sa.table("series", sa.column("id", sa.BigInteger), sa.column("institution", WORDS))
BY_RANGE = "PARTITION BY RANGE (series_id)"
RESTATED = "restatement"
"""Refers to series as well, and is not partitioned: it grows with what changes."""
ALL_PLAIN = plain(-1)


class _Rules(NamedTuple):
    """What a table is told beside its columns, as the database itself writes it."""

    constraints: dict[str, str]
    indexes: tuple[str, ...]


def upgrade() -> None:
    con = op.get_bind()
    if con.dialect.name != "postgresql":
        return
    rules = {name: _taken(con, name) for name in (*PARTITIONED, RESTATED)}
    _number(con)
    for name in PARTITIONED:
        con.exec_driver_sql(f"CREATE TABLE {name} (LIKE {name}_whole INCLUDING ALL) {BY_RANGE}")
        for part, (first, end) in partitions(name).items():
            con.exec_driver_sql(
                f"CREATE TABLE {part} PARTITION OF {name} FOR VALUES FROM ({first}) TO ({end})"
            )
        _copy(con, name, "s.id", f"JOIN series AS s ON s.id & {ALL_PLAIN} = old.series_id")
    con.exec_driver_sql(
        f"UPDATE {RESTATED} AS old SET series_id = s.id FROM series AS s"
        f" WHERE s.id & {ALL_PLAIN} = old.series_id"
    )
    _give(con, rules)


def downgrade() -> None:
    con = op.get_bind()
    if con.dialect.name != "postgresql":
        return
    rules = {name: _taken(con, name) for name in (*PARTITIONED, RESTATED)}
    con.exec_driver_sql(f"UPDATE series SET id = id & {ALL_PLAIN}")
    for name in PARTITIONED:
        con.exec_driver_sql(f"CREATE TABLE {name} (LIKE {name}_whole INCLUDING ALL)")
        _copy(con, name, f"old.series_id & {ALL_PLAIN}")
    con.exec_driver_sql(f"UPDATE {RESTATED} SET series_id = series_id & {ALL_PLAIN}")
    _give(con, rules)


def _taken(con: sa.Connection, name: str) -> _Rules:
    """Take a table its keys, references and indexes, which rows are moved faster without; one that
    is to be partitioned or was gets another name too."""
    oid = con.scalar(sa.text("SELECT CAST(CAST(:name AS regclass) AS oid)"), {"name": name})
    of_table: dict[str, Any] = {"oid": oid}
    constraints = con.execute(
        sa.text(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE conrelid = :oid AND contype IN ('p', 'f', 'u') ORDER BY contype = 'f', conname"
        ),
        of_table,
    ).all()
    named = {str(constraint): str(said) for constraint, said in constraints}
    if name == RESTATED:
        named = {one: said for one, said in named.items() if said.startswith("FOREIGN KEY")}
    indexes = con.execute(
        sa.text(
            "SELECT relname, pg_get_indexdef(indexrelid) FROM pg_index"
            " JOIN pg_class ON pg_class.oid = indexrelid WHERE indrelid = :oid"
            " AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)"
            " ORDER BY relname"
        ),
        of_table,
    ).all()
    for constraint in reversed(named):
        con.exec_driver_sql(f"ALTER TABLE {name} DROP CONSTRAINT {constraint}")
    if name == RESTATED:
        return _Rules(named, ())
    for index, _ in indexes:
        con.exec_driver_sql(f"DROP INDEX {index}")
    con.exec_driver_sql(f"ALTER TABLE {name} RENAME TO {name}_whole")
    return _Rules(named, tuple(str(said).replace(" ON ONLY ", " ON ") for _, said in indexes))


def _number(con: sa.Connection) -> None:
    """Give each series the number that says whose it is."""
    found = con.scalars(sa.select(SERIES.c.institution).distinct())
    counted = [{"institution": one, "first": first_number(one)} for one in found]
    if counted:
        con.execute(
            sa.text("UPDATE series SET id = id + :first WHERE institution = :institution"), counted
        )


def _copy(con: sa.Connection, name: str, series_id: str, joined: str = "") -> None:
    columns = [column["name"] for column in sa.inspect(con).get_columns(f"{name}_whole")]
    told = ", ".join(f'"{column}"' for column in columns)
    taken = ", ".join(series_id if one == "series_id" else f'old."{one}"' for one in columns)
    con.exec_driver_sql(
        f"INSERT INTO {name} ({told}) SELECT {taken} FROM {name}_whole AS old {joined}"
    )
    con.exec_driver_sql(f"DROP TABLE {name}_whole")


def _give(con: sa.Connection, rules: dict[str, _Rules]) -> None:
    for name, own in rules.items():
        for index in own.indexes:
            con.exec_driver_sql(index)
        for constraint, said in own.constraints.items():
            con.exec_driver_sql(f"ALTER TABLE {name} ADD CONSTRAINT {constraint} {said}")
        con.exec_driver_sql(f"ANALYZE {name}")
