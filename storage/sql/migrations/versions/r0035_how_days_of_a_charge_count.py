"""how the days of a bill count of a charge that stands for a time

Charges from before say nothing, and are taken once for what the supplier bills at a time, as they
were.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from metering.errors import ConfigurationError
from storage.sql.types import WORDS

revision = "r0035"
down_revision = "r0034"
branch_labels = None
depends_on = None

CHARGE = sa.table("charge", sa.column("per", WORDS))


def upgrade() -> None:
    op.add_column("charge", sa.Column("per", WORDS, nullable=False, server_default=""))


def downgrade() -> None:
    _check_that_nothing_is_lost()
    with op.batch_alter_table("charge") as table:
        table.drop_column("per")


def _check_that_nothing_is_lost() -> None:
    """Bills would count the days of these charges otherwise."""
    count = sa.select(sa.func.count()).select_from(CHARGE).where(CHARGE.c.per != "")
    rows = op.get_bind().scalar(count)
    if rows:
        raise ConfigurationError(
            "the schema before r0035 cannot hold how days of a charge count",
            field="charge",
            value=f"{rows} rows",
            fix="restore the backup made before the upgrade",
        )
