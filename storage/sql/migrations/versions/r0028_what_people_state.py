"""what people stated: readings and quantities that they entered, and what they took back

No database of before has any: there was no way to enter one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from metering.errors import ConfigurationError
from storage.sql.types import WORDS

revision = "r0028"
down_revision = "r0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "statement",
        sa.Column("id", WORDS, nullable=False),
        *(sa.Column(name, WORDS, nullable=False) for name in ("kind", "subject")),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("after_day", sa.Date(), nullable=False),
        sa.Column("said", sa.JSON(), nullable=False),
        *(sa.Column(name, WORDS, nullable=False) for name in ("of", "entered_by")),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in ("arrived_us", "segment", "message_offset")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_statement"),
    )
    for name in ("subject", "arrived_us"):
        op.create_index(f"ix_statement_{name}", "statement", [name])


def downgrade() -> None:
    _check_that_nothing_is_lost()
    for name in ("subject", "arrived_us"):
        op.drop_index(f"ix_statement_{name}", "statement")
    op.drop_table("statement")


def _check_that_nothing_is_lost() -> None:
    """Nobody could tell any more who entered what, nor take it back."""
    rows = op.get_bind().scalar(sa.select(sa.func.count()).select_from(sa.table("statement")))
    if rows:
        raise ConfigurationError(
            "the schema before r0028 cannot hold what people stated",
            field="statement",
            value=f"{rows} rows",
            fix="restore the backup made before the upgrade",
        )
