"""clocks that are wrong, and what was decided of them

Of the clocks of before it is kept how far they were off in each quarter hour, as of one message.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from metering.errors import ConfigurationError
from storage.sql.types import WORDS

revision = "r0049"
down_revision = "r0048"
branch_labels = None
depends_on = None

_QUARTER_US = 900_000_000
_DELIVERY = sa.table("delivery", sa.column("gateway"), sa.column("delays", sa.JSON))


def upgrade() -> None:
    op.create_table(
        "clock_repair",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("gateway", WORDS, nullable=False),
        *(_number(name) for name in ("offset_us", "from_us", "until_us", "seen_us")),
        sa.Column("state", WORDS, nullable=False),
        sa.Column("decided_by", WORDS, nullable=False),
        *(_number(name) for name in ("decided_us", "right_us", "rights")),
        sa.Column("pending", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_clock_repair"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_clock_repair_gateway", "clock_repair", ["gateway"])
    op.create_table(
        "clock_mode",
        sa.Column("gateway", WORDS, nullable=False),
        sa.Column("mode", WORDS, nullable=False),
        sa.PrimaryKeyConstraint("gateway", name="pk_clock_mode"),
    )
    _change_delays(lambda one: [*one, 1, one[0] * _QUARTER_US, one[0] * _QUARTER_US])


def downgrade() -> None:
    _check_that_nothing_is_lost()
    op.drop_table("clock_mode")
    op.drop_index("ix_clock_repair_gateway", "clock_repair")
    op.drop_table("clock_repair")
    _change_delays(lambda one: one[:2])


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _change_delays(changed) -> None:  # type: ignore[no-untyped-def]
    con = op.get_bind()
    for gateway, delays in con.execute(sa.select(_DELIVERY)).all():
        if delays:
            mine = sa.update(_DELIVERY).where(_DELIVERY.c.gateway == gateway)
            con.execute(mine.values(delays=[changed(one) for one in delays]))


def _check_that_nothing_is_lost() -> None:
    """Clocks are found again by what gateways send; what was decided of them is not."""
    repair, mode = sa.table("clock_repair", sa.column("state")), sa.table("clock_mode")
    count, con = sa.func.count(), op.get_bind()
    decided = sa.select(count).select_from(repair).where(repair.c.state != "proposed")
    rows = (con.scalar(decided) or 0) + (con.scalar(sa.select(count).select_from(mode)) or 0)
    if rows:
        raise ConfigurationError(
            "the schema before r0049 cannot hold what was decided of clocks",
            field="clock_repair",
            value=f"{rows} rows",
            fix="restore the backup made before the upgrade",
        )
