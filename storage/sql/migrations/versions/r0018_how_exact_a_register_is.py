"""how exact a register is, and how long its calibration holds

Of what was registered before nobody said.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from metering.errors import ConfigurationError
from storage.sql.types import WORDS

revision = "r0018"
down_revision = "r0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("installation") as table:
        table.add_column(sa.Column("accuracy_class", WORDS, nullable=False, server_default=""))
        table.add_column(sa.Column("calibrated_until", sa.Date(), nullable=True))
    with op.batch_alter_table("installation") as table:
        table.alter_column("accuracy_class", existing_type=WORDS, server_default=None)


def downgrade() -> None:
    _check_that_nothing_is_lost()
    with op.batch_alter_table("installation") as table:
        table.drop_column("calibrated_until")
        table.drop_column("accuracy_class")


def _check_that_nothing_is_lost() -> None:
    one = sa.table("installation", sa.column("accuracy_class"), sa.column("calibrated_until"))
    known = sa.or_(one.c.accuracy_class != "", one.c.calibrated_until.is_not(None))
    rows = op.get_bind().scalar(sa.select(sa.func.count()).select_from(one).where(known))
    if rows:
        raise ConfigurationError(
            "revision r0017 cannot hold accuracy classes and calibrations",
            field="installation",
            value=f"{rows} rows",
            fix="restore the backup made before the upgrade",
        )
