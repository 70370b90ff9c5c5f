"""the instant or window of a beginning in the key of an installation

A point may begin more than once on one local day at a meter. Those that are there keep their texts.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from metering.errors import ConfigurationError

revision = "r0021"
down_revision = "r0020"
branch_labels = None
depends_on = None

TABLE, STANDS = "installation", "uq_installation_stands"
KEY_BEFORE = ["meter", "point", "valid_start"]
KEY = [*KEY_BEFORE, "starts"]


def upgrade() -> None:
    _rekey(KEY)


def downgrade() -> None:
    _check_that_nothing_is_lost()
    _rekey(KEY_BEFORE)


def _rekey(key: list[str]) -> None:
    op.drop_index(STANDS, TABLE)
    with op.batch_alter_table(TABLE) as table:
        table.drop_constraint(f"pk_{TABLE}", type_="primary")
        table.create_primary_key(f"pk_{TABLE}", [*key, "recorded_version"])
    standing = sa.text("gone_version IS NULL")
    op.create_index(
        STANDS, TABLE, key, unique=True, sqlite_where=standing, postgresql_where=standing
    )


def _check_that_nothing_is_lost() -> None:
    """Of two rows of one day one would have to go, also where they stood at an earlier version."""
    one = sa.table(TABLE, *(sa.column(name) for name in (*KEY_BEFORE, "recorded_version")))
    columns = list(one.c)
    twice = sa.select(columns[0]).group_by(*columns).having(sa.func.count() > 1).subquery()
    days = op.get_bind().scalar(sa.select(sa.func.count()).select_from(twice))
    if days:
        raise ConfigurationError(
            "revision r0020 cannot hold a point that begins more than once on one day",
            field=TABLE,
            value=f"{days} days",
            fix="restore the backup made before the upgrade",
        )
