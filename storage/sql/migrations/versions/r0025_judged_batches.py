"""what a batch's readings were judged to be, before they are written

No database of before has any: a batch that was broken off then is judged once more.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from metering.errors import ConfigurationError

revision = "r0025"
down_revision = "r0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "judged_batch",
        sa.Column("writer_no", sa.Integer(), autoincrement=False, nullable=False),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in ("from_segment", "from_offset", "next_segment", "next_offset")
        ),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("outcome", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("writer_no", name=op.f("pk_judged_batch")),
    )


def downgrade() -> None:
    _check_that_nothing_is_lost()
    op.drop_table("judged_batch")


def _check_that_nothing_is_lost() -> None:
    """Corrections that are written and not counted would be counted as new."""
    rows = op.get_bind().scalar(sa.select(sa.func.count()).select_from(sa.table("judged_batch")))
    if rows:
        raise ConfigurationError(
            "the schema before r0025 cannot hold batches that are judged and not committed",
            field="judged_batch",
            value=f"{rows} rows",
            fix="let the platform run until its intake has caught up, or restore the backup made"
            " before the upgrade",
        )
