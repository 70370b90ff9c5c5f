"""what gateways brought by day, how they count, and what is missing of it

Of a database of before nothing is known: it begins with the next message of each gateway, and
receipts of earlier days are made by a rebuild.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.sql.types import WORDS

revision = "r0047"
down_revision = "r0045"
branch_labels = None
depends_on = None

GAP_NUMBERS = ("session", "after", "before", "least", "found_us", "changed_us")
ASKED_NUMBERS = ("tries", "asked_us", "asked_as", "next_us")
RECEIPT_NUMBERS = (
    *("messages", "bytes", "new", "duplicates", "corrections", "outdated", "late", "dead"),
    *("first_segment", "first_offset", "last_segment", "last_offset"),
)


def upgrade() -> None:
    op.create_table(
        "delivery",
        sa.Column("gateway", WORDS, nullable=False),
        *_numbers("writer_no", "session", "seq", "newest_us"),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.Column("distances_us", sa.JSON(), nullable=False),
        sa.Column("delays", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("gateway", name="pk_delivery"),
    )
    op.create_table(
        "delivery_gap",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("gateway", WORDS, nullable=False),
        sa.Column("kind", WORDS, nullable=False),
        *_numbers(*GAP_NUMBERS),
        sa.Column("state", WORDS, nullable=False),
        *_numbers(*ASKED_NUMBERS),
        sa.Column("asked_by", WORDS, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_delivery_gap"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_delivery_gap_gateway_state", "delivery_gap", ["gateway", "state"])
    op.create_index("ix_delivery_gap_state_next_us", "delivery_gap", ["state", "next_us"])
    op.create_index("ix_delivery_gap_asked_us", "delivery_gap", ["asked_us"])
    op.create_table(
        "receipt",
        sa.Column("gateway", WORDS, nullable=False),
        sa.Column("day", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("writer_no", sa.BigInteger(), autoincrement=False, nullable=False),
        *_numbers(*RECEIPT_NUMBERS),
        sa.PrimaryKeyConstraint("gateway", "day", "writer_no", name="pk_receipt"),
    )


def downgrade() -> None:
    # Receipts are made again by a rebuild; gaps are found again where they are still open.
    op.drop_table("receipt")
    op.drop_index("ix_delivery_gap_asked_us", "delivery_gap")
    op.drop_index("ix_delivery_gap_state_next_us", "delivery_gap")
    op.drop_index("ix_delivery_gap_gateway_state", "delivery_gap")
    op.drop_table("delivery_gap")
    op.drop_table("delivery")


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]
