"""book rows in parts, by step and tariff

Every meter is marked to be booked again: its rows then also hold their energy between the edges
of its prices, and those of nodes every step of what counts into them. Energy that stands is not
changed by that, and leaves no restatement.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from metering.errors import ConfigurationError

revision = "r0003"
down_revision = "r0002"
branch_labels = None
depends_on = None

ALL_TIME_US = 2**62


def upgrade() -> None:
    op.add_column("book_row", sa.Column("parts", sa.LargeBinary()))
    op.execute(
        sa.text(
            "INSERT INTO dirty_mark"
            " (point, start_us, end_us, cause, segment, message_offset, writer_no, ready)"
            " SELECT DISTINCT point, 0, CAST(:until AS BIGINT), 'registry', 0, 0, 0, :ready"
            " FROM installation WHERE EXISTS (SELECT 1 FROM book_row)"
        ).bindparams(sa.bindparam("until", ALL_TIME_US), sa.bindparam("ready", True))
    )


def downgrade() -> None:
    kept = op.get_bind().scalar(sa.text("SELECT count(*) FROM book_row WHERE parts IS NOT NULL"))
    if kept:
        raise ConfigurationError(
            "the schema before cannot keep the parts of book rows",
            field="book_row",
            value=f"{kept} rows",
            fix="restore the backup that was taken before the upgrade",
        )
    op.drop_column("book_row", "parts")
