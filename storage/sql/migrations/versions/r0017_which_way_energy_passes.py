"""which way energy passes that a register counts, and whether the register may fall

Whatever was registered before counts what is drawn, and falls by a fault alone.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from metering.errors import ConfigurationError
from storage.sql.types import WORDS

revision = "r0017"
down_revision = "r0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("installation") as table:
        table.add_column(
            sa.Column("signed", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        table.add_column(sa.Column("direction", WORDS, nullable=False, server_default="import"))
    with op.batch_alter_table("installation") as table:
        table.alter_column("signed", existing_type=sa.Boolean(), server_default=None)
        table.alter_column("direction", existing_type=WORDS, server_default=None)


def downgrade() -> None:
    _check_that_nothing_is_lost()
    with op.batch_alter_table("installation") as table:
        table.drop_column("signed")
        table.drop_column("direction")


def _check_that_nothing_is_lost() -> None:
    """What is exported would be added to what is drawn, without a word."""
    one = sa.table("installation", sa.column("signed"), sa.column("direction"))
    other = sa.or_(one.c.signed, one.c.direction != "import")
    rows = op.get_bind().scalar(sa.select(sa.func.count()).select_from(one).where(other))
    if rows:
        raise ConfigurationError(
            "revision r0016 cannot hold exports and signed registers",
            field="installation",
            value=f"{rows} rows",
            fix="restore the backup made before the upgrade",
        )
