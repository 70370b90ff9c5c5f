"""the version of the registry in each book row, and marks of figures

Nobody knows by which version the rows that are there were made: they say 0.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from metering.errors import ConfigurationError

revision = "r0011"
down_revision = "r0010"
branch_labels = None
depends_on = None

WORDS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
OF_FIGURE = ("institution", "node", "item")


def upgrade() -> None:
    # With a default neither engine writes the rows that are there anew.
    op.add_column(
        "book_row", sa.Column("registry", sa.Integer(), nullable=False, server_default="0")
    )
    for name in OF_FIGURE:
        op.add_column("dirty_mark", sa.Column(name, WORDS))


def downgrade() -> None:
    _check_that_nothing_is_lost()
    for name in OF_FIGURE:
        op.drop_column("dirty_mark", name)
    op.drop_column("book_row", "registry")


def _check_that_nothing_is_lost() -> None:
    row = sa.table("book_row", sa.column("registry", sa.Integer))
    statement = sa.select(sa.func.count()).select_from(row).where(row.c.registry != 0)
    named = op.get_bind().scalar(statement)
    if named:
        raise ConfigurationError(
            "the schema before cannot say by which registry rows were made",
            field="book_row",
            value=f"{named} rows",
            fix="restore the backup that was taken before the upgrade",
        )
    mark = sa.table("dirty_mark", sa.column("institution"))
    waiting = op.get_bind().scalar(
        sa.select(sa.func.count()).select_from(mark).where(mark.c.institution.is_not(None))
    )
    if waiting:
        raise ConfigurationError(
            "the schema before cannot keep marks of figures that the ledger has still to make",
            field="dirty_mark",
            value=f"{waiting} marks",
            fix="let the platform run until nothing waits, and try again",
        )
