"""rows of mixed quality beside their key, and the step of a day beside its total

Both indexes are made of what there is; no row is written.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0039"
down_revision = "r0038"
branch_labels = None
depends_on = None

DAYS = ("series_id", "day", "total", "provisional", "day_shares", "spill", "superseded_at")
CURRENT = "superseded_at IS NULL"
MORE = (
    "shares IS NOT NULL OR hour_shares IS NOT NULL OR length(slots) * step_min <> 11520"
    " OR parts IS NOT NULL"
)
MIXED = {
    "sqlite": f"{CURRENT} AND ({MORE} AND substr(parts, length(parts), 1) <> X'90')",
    "postgresql": f"{CURRENT} AND ({MORE} AND get_byte(parts, length(parts) - 1) <> 144)",
}


def upgrade() -> None:
    op.drop_index("ix_book_row_days", "book_row")
    _index("ix_book_row_days", [*DAYS, "step_min"], dict.fromkeys(MIXED, CURRENT))
    _index("ix_book_row_mixed", ["series_id", "day"], MIXED)


def downgrade() -> None:
    op.drop_index("ix_book_row_mixed", "book_row")
    op.drop_index("ix_book_row_days", "book_row")
    _index("ix_book_row_days", list(DAYS), dict.fromkeys(MIXED, CURRENT))


def _index(name: str, columns: list[str], where: dict[str, str]) -> None:
    op.create_index(
        name,
        "book_row",
        columns,
        sqlite_where=sa.text(where["sqlite"]),
        postgresql_where=sa.text(where["postgresql"]),
    )
