"""closed periods, settlement runs, and how tariffs divided settled rows before they were completed

Nothing is filled in: what was completed before was not kept, so of those revisions the present
price windows are told.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from metering.errors import ConfigurationError
from storage.sql.types import WORDS

revision = "r0027"
down_revision = "r0025"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STANDS = sa.text("reopened_us IS NULL")


def upgrade() -> None:
    op.create_table(
        "book_row_before",
        sa.Column("series_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("until", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("step_min", sa.SmallInteger(), nullable=False),
        sa.Column("total", sa.BigInteger()),
        sa.Column("slots", sa.LargeBinary(), nullable=False),
        *(
            sa.Column(name, sa.LargeBinary())
            for name in ("shares", "hour_shares", "day_shares", "spill", "parts")
        ),
        sa.Column("rules", sa.SmallInteger(), nullable=False),
        sa.Column("registry", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["series_id"], ["series.id"], name=op.f("fk_book_row_before_series_id_series")
        ),
        sa.PrimaryKeyConstraint("series_id", "day", "until", name=op.f("pk_book_row_before")),
    )
    op.create_table(
        "closing",
        sa.Column("number", SERIAL, nullable=False),
        _words("institution"),
        _words("period"),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in ("revision", "registry_version", "rules_version")
        ),
        _words("factor_set"),
        _words("tariff_version"),
        sa.Column("lacking", sa.JSON(), nullable=False),
        sa.Column("issues", sa.JSON(), nullable=False),
        sa.Column("closed_us", sa.BigInteger(), nullable=False),
        *(_words(name) for name in ("closed_by", "closed_key", "reason")),
        sa.Column("asked_us", sa.BigInteger()),
        *(sa.Column(name, WORDS) for name in ("asked_by", "asked_key", "asked_reason")),
        sa.Column("reopened_us", sa.BigInteger()),
        *(sa.Column(name, WORDS) for name in ("reopened_by", "reopened_key")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_closing")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_closing_stands",
        "closing",
        ["institution", "period"],
        unique=True,
        sqlite_where=STANDS,
        postgresql_where=STANDS,
    )
    op.create_table(
        "settlement_run",
        sa.Column("id", SERIAL, nullable=False),
        _words("institution"),
        _words("period"),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("through", sa.Date(), nullable=False),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in ("revision", "registry_version", "run_us")
        ),
        _words("run_by"),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlement_run")),
        sa.UniqueConstraint(
            "institution", "period", "number", name="uq_settlement_run_institution_period_number"
        ),
        sqlite_autoincrement=True,
    )


def _words(name: str) -> sa.Column[object]:
    return sa.Column(name, WORDS, nullable=False)


def downgrade() -> None:
    _check_that_nothing_is_lost("book_row_before", "price windows of before")
    _check_that_nothing_is_lost("closing", "closed periods")
    _check_that_nothing_is_lost("settlement_run", "settlement runs")
    op.drop_table("settlement_run")
    op.drop_index("uq_closing_stands", "closing")
    op.drop_table("closing")
    op.drop_table("book_row_before")


def _check_that_nothing_is_lost(table: str, what: str) -> None:
    """What was told once could not be told again."""
    rows = op.get_bind().scalar(sa.select(sa.func.count()).select_from(sa.table(table)))
    if rows:
        raise ConfigurationError(
            f"the schema before r0027 cannot hold {what}",
            field=table,
            value=f"{rows} rows",
            fix="restore the backup made before the upgrade",
        )
