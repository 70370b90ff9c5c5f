"""shares of places that divide them

Before, every share counted as the whole, however it was written: they become the whole.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from metering.errors import ConfigurationError

revision = "r0029"
down_revision = "r0028"
branch_labels = None
depends_on = None

EDGE = sa.table("space_edge", sa.column("share", sa.Text()))


def upgrade() -> None:
    op.execute(sa.update(EDGE).where(EDGE.c.share != "1").values(share="1"))


def downgrade() -> None:
    _check_that_nothing_is_lost()


def _check_that_nothing_is_lost() -> None:
    """Each who has a share would have the whole."""
    counted = sa.select(sa.func.count()).select_from(EDGE).where(EDGE.c.share != "1")
    rows = op.get_bind().scalar(counted)
    if rows:
        raise ConfigurationError(
            "the schema before r0029 cannot hold places of several",
            field="space_edge",
            value=f"{rows} rows",
            fix="restore the backup made before the upgrade",
        )
