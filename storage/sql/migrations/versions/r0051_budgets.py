"""budgets of energy and money

Of a database of before none is registered.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from metering.errors import ConfigurationError
from storage.sql.types import WORDS

revision = "r0051"
down_revision = "r0050"
branch_labels = None
depends_on = None

STANDS = sa.text("gone_version IS NULL")
TABLE, INDEX = "energy_budget", "uq_energy_budget_stands"
KEY = ("node", "item", "budget_unit", "budget_each", "valid_start")


def upgrade() -> None:
    op.create_table(
        TABLE,
        *(sa.Column(name, WORDS, nullable=False) for name in KEY[:-1]),
        sa.Column("valid_start", sa.Date(), nullable=False),
        sa.Column("budgeted", sa.Text(), nullable=False),
        sa.Column("valid_end", sa.Date()),
        sa.Column("recorded_version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("gone_version", sa.BigInteger()),
        sa.PrimaryKeyConstraint(*KEY, "recorded_version", name=f"pk_{TABLE}"),
    )
    op.create_index(INDEX, TABLE, [*KEY], unique=True, sqlite_where=STANDS, postgresql_where=STANDS)


def downgrade() -> None:
    """Budgets that people set would be gone without a word."""
    rows = op.get_bind().scalar(sa.select(sa.func.count()).select_from(sa.table(TABLE)))
    if rows:
        raise ConfigurationError(
            "the schema before r0051 cannot hold budgets",
            field=TABLE,
            value=f"{rows} rows",
            fix="restore the backup made before the upgrade",
        )
    op.drop_index(INDEX, TABLE)
    op.drop_table(TABLE)
