"""formulas: meters that are made of other meters

No registry of before has any: every meter had registers, or nothing.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from metering.errors import ConfigurationError
from storage.sql.types import WORDS

revision = "r0030"
down_revision = "r0029"
branch_labels = None
depends_on = None

STANDS = sa.text("gone_version IS NULL")


def upgrade() -> None:
    op.create_table(
        "formula",
        sa.Column("meter", WORDS, autoincrement=False, nullable=False),
        sa.Column("valid_start", sa.Date(), nullable=False),
        sa.Column("formula", WORDS, nullable=False),
        sa.Column("valid_end", sa.Date()),
        sa.Column("recorded_version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("gone_version", sa.BigInteger()),
        sa.PrimaryKeyConstraint("meter", "valid_start", "recorded_version", name="pk_formula"),
    )
    op.create_index(
        "uq_formula_stands",
        "formula",
        ["meter", "valid_start"],
        unique=True,
        sqlite_where=STANDS,
        postgresql_where=STANDS,
    )


def downgrade() -> None:
    _check_that_nothing_is_lost()
    op.drop_index("uq_formula_stands", "formula")
    op.drop_table("formula")


def _check_that_nothing_is_lost() -> None:
    """The meter would have neither a register nor a formula."""
    rows = op.get_bind().scalar(sa.select(sa.func.count()).select_from(sa.table("formula")))
    if rows:
        raise ConfigurationError(
            "the schema before r0030 cannot hold formulas of meters",
            field="formula",
            value=f"{rows} rows",
            fix="restore the backup made before the upgrade",
        )
