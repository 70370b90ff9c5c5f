"""what a tariff names: a node or a meter, beside an institution"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from metering.errors import ConfigurationError

revision = "r0002"
down_revision = "r0001"
branch_labels = None
depends_on = None

WORDS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
KEY_BEFORE = ["tariff", "institution", "item", "valid_start", "place"]
KEY = ["tariff", "institution", "node", "meter", "item", "valid_start", "place"]


def upgrade() -> None:
    # The rows that are there name neither; the default fills them in and then goes.
    with op.batch_alter_table("tariff_row") as batch_op:
        batch_op.add_column(sa.Column("node", WORDS, nullable=False, server_default=""))
        batch_op.add_column(sa.Column("meter", WORDS, nullable=False, server_default=""))
    with op.batch_alter_table("tariff_row") as batch_op:
        batch_op.drop_constraint("pk_tariff_row", type_="primary")
        batch_op.create_primary_key("pk_tariff_row", KEY)
        batch_op.alter_column("node", existing_type=WORDS, server_default=None)
        batch_op.alter_column("meter", existing_type=WORDS, server_default=None)


def downgrade() -> None:
    _check_that_nothing_is_lost()
    with op.batch_alter_table("tariff_row") as batch_op:
        batch_op.drop_constraint("pk_tariff_row", type_="primary")
        batch_op.create_primary_key("pk_tariff_row", KEY_BEFORE)
    with op.batch_alter_table("tariff_row") as batch_op:
        batch_op.drop_column("meter")
        batch_op.drop_column("node")


def _check_that_nothing_is_lost() -> None:
    """A row for one meter must not become one for everybody."""
    named = op.get_bind().scalars(
        sa.text("SELECT DISTINCT tariff FROM tariff_row WHERE node <> '' OR meter <> ''")
    )
    tariffs = ", ".join(sorted(named))
    if tariffs:
        raise ConfigurationError(
            "revision r0001 cannot hold tariffs that name a node or a meter",
            field="tariff_row",
            value=tariffs,
            fix="delete these rows first, or restore the backup made before the upgrade",
        )
