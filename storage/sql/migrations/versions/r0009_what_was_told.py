"""what was told of the books, and which restatements were given out

Every settled row that is there counts as told, and every restatement as given: somebody may have
read them. The index of settled rows also says which were superseded, and serials of restatements
are never used again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from metering.errors import ConfigurationError

revision = "r0009"
down_revision = "r0008"
branch_labels = None
depends_on = None

ROW = sa.table(
    "book_row",
    sa.column("superseded_at", sa.BigInteger),
    sa.column("provisional", sa.Boolean),
    sa.column("told", sa.Boolean),
)
RESTATEMENT = sa.table("restatement", sa.column("given", sa.Boolean))
SETTLED = ["series_id", "revision", "day"]


def upgrade() -> None:
    # With a default neither engine writes the rows that are there anew.
    op.add_column("book_row", _true("told"))
    op.execute(sa.update(ROW).where(ROW.c.provisional.is_(True)).values(told=False))
    _index_settled([*SETTLED, "superseded_at"])
    op.add_column("restatement", _true("given"))
    _number_restatements(again=False)
    op.create_index(
        "uq_restatement_open",
        "restatement",
        ["series_id", "day"],
        unique=True,
        sqlite_where=sa.text("given IS 0"),
        postgresql_where=sa.text("given IS FALSE"),
    )


def downgrade() -> None:
    _check_that_nothing_is_lost()
    op.drop_index("uq_restatement_open", "restatement")
    _number_restatements(again=True)
    op.drop_column("restatement", "given")
    _index_settled(SETTLED)
    op.drop_column("book_row", "told")


def _true(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.true())


def _number_restatements(*, again: bool) -> None:
    """On SQLite the table is made anew, since only then its serials are never given again."""
    if op.get_bind().dialect.name == "sqlite":
        options = {} if again else {"sqlite_autoincrement": True}
        with op.batch_alter_table("restatement", recreate="always", table_kwargs=options):
            pass


def _index_settled(columns: list[str]) -> None:
    op.drop_index("ix_book_row_settled", "book_row")
    op.create_index(
        "ix_book_row_settled",
        "book_row",
        columns,
        sqlite_where=sa.text("provisional IS 0"),
        postgresql_where=sa.text("provisional IS FALSE"),
    )


def _check_that_nothing_is_lost() -> None:
    """The schema before takes every settled row for told and every restatement for given."""
    standing = sa.select(sa.func.count()).select_from(ROW).where(ROW.c.superseded_at.is_(None))
    untold = standing.where(ROW.c.provisional.is_(False), ROW.c.told.is_(False))
    rows = op.get_bind().scalar(untold)
    open_ones = sa.select(sa.func.count()).select_from(RESTATEMENT)
    restatements = op.get_bind().scalar(open_ones.where(RESTATEMENT.c.given.is_(False)))
    if rows or restatements:
        raise ConfigurationError(
            "revision r0008 cannot say what was not told yet",
            field="book_row, restatement",
            value=f"{rows} rows, {restatements} restatements",
            fix="restore the backup that was taken before the upgrade",
        )
