"""how tariffs divided settled rows before they were completed

Nothing is filled in: what was completed before was not kept, so of those revisions the present
price windows are told.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from metering.errors import ConfigurationError

revision = "r0027"
down_revision = "r0024"
branch_labels = None
depends_on = None


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


def downgrade() -> None:
    _check_that_nothing_is_lost("book_row_before", "price windows of before")
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
