"""the version of the booking rules in each book row

Every row that is there was booked by the first rules.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from metering.errors import ConfigurationError

revision = "r0007"
down_revision = "r0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # With a default neither engine writes the rows that are there anew.
    op.add_column(
        "book_row", sa.Column("rules", sa.SmallInteger(), nullable=False, server_default="1")
    )


def downgrade() -> None:
    _check_that_nothing_is_lost()
    op.drop_column("book_row", "rules")


def _check_that_nothing_is_lost() -> None:
    row = sa.table("book_row", sa.column("rules", sa.SmallInteger))
    statement = sa.select(sa.func.count()).select_from(row).where(row.c.rules != 1)
    others = op.get_bind().scalar(statement)
    if others:
        raise ConfigurationError(
            "revision r0006 cannot say that rows were booked by other rules than the first",
            field="book_row",
            value=f"{others} rows",
            fix="restore the backup that was taken before the upgrade",
        )
