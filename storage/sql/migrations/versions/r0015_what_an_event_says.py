"""what an event says: its cost in the story, the limit, the reading and the energy over it

Events that stand were told without them: they stay empty until their days are booked again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0015"
down_revision = "r0014"
branch_labels = None
depends_on = None

COLUMNS = ("cost", "limit", "value", "energy")


def upgrade() -> None:
    for name in COLUMNS:
        op.add_column("register_event", sa.Column(name, sa.BigInteger()))


def downgrade() -> None:
    """They can be told of the readings again."""
    for name in COLUMNS:
        op.drop_column("register_event", name)
