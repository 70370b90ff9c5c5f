"""upserts of readings that may still be done, and from where on messages are looked at again

No database of before has any: what was in doubt then was not noted.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from metering.errors import ConfigurationError

revision = "r0022"
down_revision = "r0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "doubt",
        sa.Column("since_us", sa.BigInteger(), autoincrement=False, nullable=False),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in ("last_us", "writes", "looks")
        ),
        sa.PrimaryKeyConstraint("since_us", name=op.f("pk_doubt")),
    )
    op.create_table(
        "doubt_place",
        sa.Column("since_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("writer_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("segment", sa.BigInteger(), nullable=False),
        sa.Column("message_offset", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("since_us", "writer_no", name=op.f("pk_doubt_place")),
    )


def downgrade() -> None:
    _check_that_nothing_is_lost()
    op.drop_table("doubt_place")
    op.drop_table("doubt")


def _check_that_nothing_is_lost() -> None:
    """What is done late would stand for ever."""
    rows = op.get_bind().scalar(sa.select(sa.func.count()).select_from(sa.table("doubt")))
    if rows:
        raise ConfigurationError(
            "the schema before r0022 cannot hold writes that are in doubt",
            field="doubt",
            value=f"{rows} rows",
            fix="let the platform run until it tells of none, or restore the backup made before the"
            " upgrade",
        )
