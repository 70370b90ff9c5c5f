"""installations dated to an instant or a window, and register values of their change

Days that stand are what they were: an empty text is no instant.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.sql.types import WORDS, Exact

revision = "r0016"
down_revision = "r0015"
branch_labels = None
depends_on = None

MOMENTS, VALUES = ("starts", "ends"), ("first", "final")


def upgrade() -> None:
    for name in MOMENTS:
        op.add_column("installation", sa.Column(name, WORDS, nullable=False, server_default=""))
    for name in VALUES:
        op.add_column("installation", sa.Column(name, Exact()))


def downgrade() -> None:
    """The days are left."""
    for name in (*MOMENTS, *VALUES):
        op.drop_column("installation", name)
