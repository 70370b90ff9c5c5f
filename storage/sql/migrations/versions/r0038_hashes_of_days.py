"""hashes of days and months, of which the book hash is put together

Which days there are is taken from the books; their hashes are made when somebody asks.
"""

from __future__ import annotations

from datetime import date, timedelta

import sqlalchemy as sa
from alembic import op

from storage.sql.types import WORDS

revision = "r0038"
down_revision = "r0037"
branch_labels = None
depends_on = None

DIGEST = sa.table(
    "book_digest",
    sa.column("institution", WORDS),
    sa.column("level", sa.SmallInteger),
    sa.column("number", sa.Integer),
)
ROW = sa.table(
    "book_row",
    sa.column("series_id", sa.BigInteger),
    sa.column("day", sa.Integer),
    sa.column("superseded_at", sa.BigInteger),
    sa.column("provisional", sa.Boolean),
)
SERIES = sa.table("series", sa.column("id", sa.BigInteger), sa.column("institution", WORDS))
EPOCH = date(1970, 1, 1)


def upgrade() -> None:
    op.create_table(
        "book_digest",
        sa.Column("institution", WORDS),
        sa.Column("level", sa.SmallInteger, autoincrement=False),
        sa.Column("number", sa.Integer, autoincrement=False),
        sa.Column("energy", sa.LargeBinary),
        sa.Column("worth", sa.LargeBinary),
        sa.PrimaryKeyConstraint("institution", "level", "number", name="pk_book_digest"),
    )
    op.create_index(
        "ix_book_digest_gone",
        "book_digest",
        ["institution", "level", "number"],
        sqlite_where=sa.text("energy IS NULL"),
        postgresql_where=sa.text("energy IS NULL"),
    )
    settled = (
        sa.select(SERIES.c.institution, ROW.c.day)
        .join(ROW, ROW.c.series_id == SERIES.c.id)
        .where(ROW.c.superseded_at.is_(None), ROW.c.provisional.is_(False))
        .distinct()
    )
    con = op.get_bind()
    days = [(institution, int(day)) for institution, day in con.execute(settled)]
    months = {(institution, _month(day)) for institution, day in days}
    rows = [
        {"institution": institution, "level": level, "number": number}
        for level, some in ((0, days), (1, sorted(months)))
        for institution, number in some
    ]
    for start in range(0, len(rows), 10_000):
        con.execute(sa.insert(DIGEST), rows[start : start + 10_000])


def downgrade() -> None:
    op.drop_table("book_digest")


def _month(number: int) -> int:
    day = EPOCH + timedelta(days=number)
    return day.year * 12 + day.month - 1
