"""points that gateways send and nobody registered

Of a database of before nothing is known: it begins with the next message of each point, or with a
rebuild.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from metering.errors import ConfigurationError
from storage.sql.types import WORDS

revision = "r0048"
down_revision = "r0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "seen_point",
        sa.Column("gateway", WORDS, nullable=False),
        sa.Column("point", WORDS, nullable=False),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in ("first_us", "last_us", "seen", "rises", "falls")
        ),
        *(sa.Column(name, sa.JSON(), nullable=False) for name in ("values", "units", "kinds")),
        sa.Column("described", sa.JSON()),
        sa.Column("dismissed_us", sa.BigInteger(), nullable=False),
        sa.Column("dismissed_by", WORDS, nullable=False),
        sa.PrimaryKeyConstraint("gateway", "point", name="pk_seen_point"),
    )


def downgrade() -> None:
    _check_that_nothing_is_lost()
    op.drop_table("seen_point")


def _check_that_nothing_is_lost() -> None:
    """What gateways send is seen again by a rebuild; what people dismissed is not."""
    seen = sa.table("seen_point", sa.column("dismissed_us"))
    dismissed = sa.select(sa.func.count()).select_from(seen).where(seen.c.dismissed_us != 0)
    rows = op.get_bind().scalar(dismissed)
    if rows:
        raise ConfigurationError(
            "the schema before r0048 cannot hold points that were dismissed",
            field="seen_point",
            value=f"{rows} rows",
            fix="have them proposed again first, or restore the backup made before the upgrade",
        )
