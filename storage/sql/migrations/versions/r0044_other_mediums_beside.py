"""what other mediums of the place took, beside a finding

Of earlier findings that was not asked: nothing stands beside them until they are told anew.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from metering.errors import ConfigurationError

revision = "r0044"
down_revision = "r0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The default fills in the findings that are there and then goes.
    with op.batch_alter_table("finding") as batch_op:
        batch_op.add_column(sa.Column("beside", sa.JSON(), nullable=False, server_default="[]"))
    with op.batch_alter_table("finding") as batch_op:
        batch_op.alter_column("beside", existing_type=sa.JSON(), server_default=None)


def downgrade() -> None:
    told = sa.table("finding", sa.column("beside", sa.JSON()))
    some = sa.cast(told.c.beside, sa.Text()) != "[]"
    rows = op.get_bind().scalar(sa.select(sa.func.count()).select_from(told).where(some))
    if rows:
        raise ConfigurationError(
            "the schema before r0044 cannot hold what stands beside findings",
            field="finding",
            value=f"{rows} rows",
            fix="restore the backup made before the upgrade",
        )
    with op.batch_alter_table("finding") as batch_op:
        batch_op.drop_column("beside")
