"""office hours of places, and limits of the detectors

Nothing is filled in: where no row stands, detectors take what is usual, as before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from metering.errors import ConfigurationError
from storage.sql.types import WORDS

revision = "r0013"
down_revision = "r0012"
branch_labels = None
depends_on = None

STANDS = sa.text("gone_version IS NULL")
KEYS = {"office_hours": ("node",), "detection_limit": ("name", "node", "meter")}


def upgrade() -> None:
    _create(
        "office_hours",
        sa.Column("start_min", sa.Integer(), nullable=False),
        sa.Column("end_min", sa.Integer(), nullable=False),
        sa.Column("days", WORDS, nullable=False),
    )
    _create("detection_limit", sa.Column("value", sa.Text(), nullable=False))


def _create(table: str, *facts: sa.Column[object]) -> None:
    keys = (*KEYS[table], "valid_start")
    op.create_table(
        table,
        *(sa.Column(name, WORDS, nullable=False) for name in KEYS[table]),
        sa.Column("valid_start", sa.Date(), nullable=False),
        *facts,
        sa.Column("valid_end", sa.Date()),
        sa.Column("recorded_version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("gone_version", sa.BigInteger()),
        sa.PrimaryKeyConstraint(*keys, "recorded_version", name=f"pk_{table}"),
    )
    op.create_index(
        f"uq_{table}_stands",
        table,
        [*keys],
        unique=True,
        sqlite_where=STANDS,
        postgresql_where=STANDS,
    )


def downgrade() -> None:
    for table in KEYS:
        _check_that_nothing_is_lost(table)
        op.drop_index(f"uq_{table}_stands", table)
        op.drop_table(table)


def _check_that_nothing_is_lost(table: str) -> None:
    """Buildings would be judged by usual hours and limits again, without a word."""
    rows = op.get_bind().scalar(sa.select(sa.func.count()).select_from(sa.table(table)))
    if rows:
        raise ConfigurationError(
            "revision r0012 cannot hold office hours and limits",
            field=table,
            value=f"{rows} rows",
            fix="restore the backup made before the upgrade",
        )
