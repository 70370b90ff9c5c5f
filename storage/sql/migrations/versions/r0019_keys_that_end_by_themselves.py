"""what a key is for, when it ends, and when it was last used

Earlier keys have no purpose and no end, and nobody noted when they were used.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from metering.errors import ConfigurationError
from storage.sql.types import WORDS

revision = "r0019"
down_revision = "r0018"
branch_labels = None
depends_on = None

TIMES = ("expires_us", "used_us")


def upgrade() -> None:
    with op.batch_alter_table("api_key") as table:
        table.add_column(sa.Column("purpose", WORDS, nullable=False, server_default=""))
        for name in TIMES:
            column = sa.Column(name, sa.BigInteger(), nullable=False, server_default="0")
            table.add_column(column)
    with op.batch_alter_table("api_key") as table:
        table.alter_column("purpose", existing_type=WORDS, server_default=None)
        for name in TIMES:
            table.alter_column(name, existing_type=sa.BigInteger(), server_default=None)


def downgrade() -> None:
    _check_that_nothing_is_lost()
    with op.batch_alter_table("api_key") as table:
        for name in (*TIMES, "purpose"):
            table.drop_column(name)


def _check_that_nothing_is_lost() -> None:
    """A key that ends by itself would stand for ever."""
    one = sa.table("api_key", sa.column("expires_us"), sa.column("revoked_us"))
    ending = sa.and_(one.c.expires_us != 0, one.c.revoked_us == 0)
    rows = op.get_bind().scalar(sa.select(sa.func.count()).select_from(one).where(ending))
    if rows:
        raise ConfigurationError(
            "revision r0018 cannot hold keys that expire",
            field="api_key",
            value=f"{rows} rows",
            fix="revoke them, or restore the backup made before the upgrade",
        )
