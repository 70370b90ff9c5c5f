"""which revisions of other institutions a closing pins, for the places that it shares with them

Closings from before say none, and are asked no figure of a shared place that another books.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from metering.errors import ConfigurationError

revision = "r0033"
down_revision = "r0030"
branch_labels = None
depends_on = None

CLOSING = sa.table("closing", sa.column("others", sa.JSON()))


def upgrade() -> None:
    op.add_column("closing", sa.Column("others", sa.JSON(), server_default="{}", nullable=False))


def downgrade() -> None:
    _check_that_nothing_is_lost()
    op.drop_column("closing", "others")


def _check_that_nothing_is_lost() -> None:
    pinned = op.get_bind().scalars(sa.select(CLOSING.c.others))
    rows = sum(1 for others in pinned if others)
    if rows:
        raise ConfigurationError(
            "the schema before r0033 cannot hold what closings pin of shared places",
            field="closing",
            value=f"{rows} rows",
            fix="restore the backup made before the upgrade",
        )
