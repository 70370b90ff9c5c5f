"""routes: which decoder reads which topics of a gateway; and which one refused a dead letter

A letter that is there was refused by the decoder that its topic alone decided on, since there were
no routes; where no decoder was chosen it stays empty.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from metering.errors import ConfigurationError
from storage.sql.types import WORDS

revision = "r0012"
down_revision = "r0011"
branch_labels = None
depends_on = None

STANDS = sa.text("gone_version IS NULL")
READ_BY = {
    "native": ("greenoffice/v1/%/readings", "http/v1/ingest%"),
    "status": ("greenoffice/v1/%/status",),
}
BEFORE_A_DECODER = ("unknown_topic", "foreign_topic")


def upgrade() -> None:
    op.create_table(
        "route",
        sa.Column("gateway", WORDS, nullable=False),
        sa.Column("topic", WORDS, nullable=False),
        sa.Column("valid_start", sa.Date(), nullable=False),
        sa.Column("valid_end", sa.Date()),
        sa.Column("decoder", WORDS, nullable=False),
        sa.Column("options", WORDS, nullable=False),
        sa.Column("recorded_version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("gone_version", sa.BigInteger()),
        sa.PrimaryKeyConstraint(
            "gateway", "topic", "valid_start", "recorded_version", name="pk_route"
        ),
    )
    op.create_index(
        "uq_route_stands",
        "route",
        ["gateway", "topic", "valid_start"],
        unique=True,
        sqlite_where=STANDS,
        postgresql_where=STANDS,
    )
    # In place: a table made anew would forget which ids must not come again on SQLite. So the
    # default that fills in the letters that are there stays.
    op.add_column("dead_letter", sa.Column("read_by", WORDS, nullable=False, server_default=""))
    letter = sa.table(
        "dead_letter", sa.column("route"), sa.column("reason"), sa.column("read_by", WORDS)
    )
    for decoder, topics in READ_BY.items():
        theirs = sa.or_(*(letter.c.route.like(topic) for topic in topics))
        refused = sa.and_(theirs, letter.c.reason.not_in(BEFORE_A_DECODER))
        op.execute(sa.update(letter).where(refused).values(read_by=decoder))


def downgrade() -> None:
    _check_that_nothing_is_lost()
    op.execute("ALTER TABLE dead_letter DROP COLUMN read_by")
    op.drop_index("uq_route_stands", "route")
    op.drop_table("route")


def _check_that_nothing_is_lost() -> None:
    """What a gateway sends would be read by another decoder, without a word."""
    route = sa.table("route", sa.column("gateway"), sa.column("topic"))
    rows = op.get_bind().execute(sa.select(route.c.gateway, route.c.topic)).all()
    if rows:
        raise ConfigurationError(
            "revision r0011 cannot hold routes",
            field="route",
            value=", ".join(f"{row.gateway} {row.topic}" for row in rows[:5]),
            fix="restore the backup made before the upgrade",
        )
