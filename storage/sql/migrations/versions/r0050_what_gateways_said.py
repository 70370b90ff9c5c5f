"""what gateways said that later messages are read by, and edge nodes of Sparkplug

Of a database of before nothing is known: it begins with the next birth or announcement of each
gateway, or with a rebuild.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.sql.types import WORDS

revision = "r0050"
down_revision = "r0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "remembered",
        *(sa.Column(name, WORDS, nullable=False) for name in ("gateway", "key")),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False, autoincrement=False)
            for name in ("segment", "message_offset")
        ),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(
            "gateway", "key", "segment", "message_offset", name="pk_remembered"
        ),
    )
    op.create_table(
        "edge_node",
        *(sa.Column(name, WORDS, nullable=False) for name in ("gateway", "node")),
        sa.Column("writer_no", sa.Integer(), nullable=False),
        sa.Column("online", sa.Boolean(), nullable=False),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in ("since_us", "seq", "bd_seq")
        ),
        sa.Column("devices", sa.JSON(), nullable=False),
        sa.Column("gaps", sa.BigInteger(), nullable=False),
        sa.Column("wants", WORDS, nullable=False),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in ("tries", "asked_us", "next_us", "last_us")
        ),
        sa.PrimaryKeyConstraint("gateway", "node", name="pk_edge_node"),
    )


def downgrade() -> None:
    op.drop_table("edge_node")
    op.drop_table("remembered")
