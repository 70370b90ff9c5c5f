"""rows of the registry with the versions that recorded and replaced them

What is registered is recorded at the present version: what stood before it was overwritten at
the time and is not known. References between rows are no longer keys of the database, since a
row may have older ones of the same key beside it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from metering.errors import ConfigurationError

revision = "r0005"
down_revision = "r0004"
branch_labels = None
depends_on = None

KEYS = {
    "installation": ["meter", "point", "valid_start"],
    "supply_edge": ["source", "fed", "valid_start"],
    "point": ["id"],
    "meter": ["code"],
    "space_edge": ["parent", "child", "valid_start"],
    "gateway": ["user"],
    "node": ["code"],
    "tariff_row": ["tariff", "institution", "node", "meter", "item", "valid_start", "place"],
    "factor": ["item", "quantity", "region", "valid_start"],
    "calendar_day": ["day"],
}
"""Natural keys; who refers to others comes before them."""
REFERENCES = {
    "credential": {"user": "gateway.user"},
    "installation": {"meter": "meter.code", "point": "point.id"},
    "supply_edge": {"source": "meter.code", "fed": "meter.code"},
    "point": {"gateway": "gateway.user", "node": "node.code"},
    "meter": {"node": "node.code"},
    "space_edge": {"parent": "node.code", "child": "node.code"},
    "gateway": {"site": "node.code"},
}
STANDS = sa.text("gone_version IS NULL")


def upgrade() -> None:
    version = op.get_bind().scalar(sa.text("SELECT version FROM registry_state")) or 0
    for table, columns in REFERENCES.items():
        with op.batch_alter_table(table) as batch_op:
            for column in columns:
                batch_op.drop_constraint(f"fk_{table}_{column}", type_="foreignkey")
    with op.batch_alter_table("point") as batch_op:
        batch_op.drop_constraint("uq_point_gateway_name", type_="unique")
    for table, key in KEYS.items():
        _add_versions(table, key, version)
    _one_stands("point", "name_stands", ["gateway", "name"])


def _add_versions(table: str, key: list[str], version: int) -> None:
    """The default fills in the rows that are there and then goes."""
    present = sa.text(str(int(version)))
    with op.batch_alter_table(table) as batch_op:
        batch_op.add_column(
            sa.Column("recorded_version", sa.BigInteger(), nullable=False, server_default=present)
        )
        batch_op.add_column(sa.Column("gone_version", sa.BigInteger()))
    with op.batch_alter_table(table) as batch_op:
        batch_op.drop_constraint(f"pk_{table}", type_="primary")
        batch_op.create_primary_key(f"pk_{table}", [*key, "recorded_version"])
        batch_op.alter_column(
            "recorded_version", existing_type=sa.BigInteger(), server_default=None
        )
    _one_stands(table, "stands", key)


def _one_stands(table: str, name: str, columns: list[str]) -> None:
    op.create_index(
        f"uq_{table}_{name}",
        table,
        columns,
        unique=True,
        sqlite_where=STANDS,
        postgresql_where=STANDS,
    )


def downgrade() -> None:
    _check_that_nothing_is_lost()
    op.drop_index("uq_point_name_stands", "point")
    for table, key in reversed(KEYS.items()):
        op.drop_index(f"uq_{table}_stands", table)
        with op.batch_alter_table(table) as batch_op:
            batch_op.drop_constraint(f"pk_{table}", type_="primary")
            batch_op.create_primary_key(f"pk_{table}", key)
        with op.batch_alter_table(table) as batch_op:
            batch_op.drop_column("gone_version")
            batch_op.drop_column("recorded_version")
    with op.batch_alter_table("point") as batch_op:
        batch_op.create_unique_constraint("uq_point_gateway_name", ["gateway", "name"])
    for table, columns in reversed(REFERENCES.items()):
        with op.batch_alter_table(table) as batch_op:
            for column, refers in columns.items():
                other, code = refers.split(".")
                batch_op.create_foreign_key(f"fk_{table}_{column}", other, [column], [code])


def _check_that_nothing_is_lost() -> None:
    """What stood at an earlier version must not be forgotten."""
    union = " UNION ".join(
        f"SELECT recorded_version AS version FROM {table}"  # noqa: S608 - names of our own
        f" UNION SELECT gone_version FROM {table} WHERE gone_version IS NOT NULL"
        for table in KEYS
    )
    versions = sorted(op.get_bind().scalars(sa.text(union)))
    if len(versions) > 1:
        raise ConfigurationError(
            "revision r0004 cannot hold what the registry said at earlier versions",
            field="registry versions",
            value=f"{versions[0]} to {versions[-1]}",
            fix="restore the backup made before the upgrade",
        )
