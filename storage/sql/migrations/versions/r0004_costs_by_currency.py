"""what a finding costs in each currency

A finding that is there costs one sum or none, which its cost and currency tell: nothing of it has
to be filled in.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from metering.errors import ConfigurationError

revision = "r0004"
down_revision = "r0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The default fills in the findings that are there and then goes.
    with op.batch_alter_table("finding") as batch_op:
        batch_op.add_column(sa.Column("costs", sa.JSON(), nullable=False, server_default="[]"))
    with op.batch_alter_table("finding") as batch_op:
        batch_op.alter_column("costs", existing_type=sa.JSON(), server_default=None)


def downgrade() -> None:
    _check_that_nothing_is_lost()
    with op.batch_alter_table("finding") as batch_op:
        batch_op.drop_column("costs")


def _check_that_nothing_is_lost() -> None:
    """A finding that costs something in two currencies must not become one without a price."""
    finding = sa.table("finding", sa.column("id"), sa.column("costs", sa.JSON))
    rows = op.get_bind().execute(sa.select(finding.c.id, finding.c.costs))
    several = sorted(row.id for row in rows if len(row.costs) > 1)
    if several:
        raise ConfigurationError(
            "revision r0003 cannot hold findings that cost something in several currencies",
            field="finding",
            value=", ".join(several),
            fix="delete these rows first, or restore the backup made before the upgrade",
        )
