"""accounts at suppliers, their charges and steps, and the tables of the power factor

Nothing is filled in: where no account stands, nothing is billed, as before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from metering.errors import ConfigurationError
from storage.sql.types import WORDS

revision = "r0024"
down_revision = "r0023"
branch_labels = None
depends_on = None

STANDS = sa.text("gone_version IS NULL")
KEYS: dict[str, tuple[str, ...]] = {
    "account": ("account",),
    "charge": ("plan", "charge"),
    "tier": ("plan", "tier"),
    "power_factor": ("standard", "high"),
}
FACTS: dict[str, tuple[str, ...]] = {
    "account": (
        *("meter", "plan", "reading_day", "reactive", "reactive_export", "power_factor"),
        *("capacity_kva", "contract_kw", "demand", "decimals", "multiplier"),
        *("customer_class", "voltage", "supplier", "source", "grade"),
    ),
    "charge": (
        *("basis", "price", "ratios", "adjusted", "taxed", "included"),
        *("over_from", "over_factor", "relief_from", "relief_factor"),
        *("currency", "source", "grade"),
    ),
    "tier": ("above", "price", "period", "currency", "source", "grade"),
    "power_factor": ("low", "percent", "step", "source", "grade"),
}
NUMBERS = ("price", "above", "percent", "step")
MAY_LACK = (
    *("capacity_kva", "contract_kw", "multiplier"),
    *("over_from", "over_factor", "relief_from", "relief_factor"),
)
"""Exact numbers, as texts; those that may be left open."""


def upgrade() -> None:
    for table in KEYS:
        _create(table)


def _create(table: str) -> None:
    keys = (*KEYS[table], "valid_start")
    op.create_table(
        table,
        *(_key(name) for name in KEYS[table]),
        sa.Column("valid_start", sa.Date(), nullable=False),
        *(_fact(name) for name in FACTS[table]),
        sa.Column("valid_end", sa.Date()),
        sa.Column("recorded_version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("gone_version", sa.BigInteger()),
        sa.PrimaryKeyConstraint(*keys, "recorded_version", name=f"pk_{table}"),
    )
    op.create_index(
        f"uq_{table}_stands",
        table,
        [*keys],
        unique=True,
        sqlite_where=STANDS,
        postgresql_where=STANDS,
    )


def _key(name: str) -> sa.Column[object]:
    of_type = sa.Integer() if name == "tier" else WORDS
    return sa.Column(name, of_type, autoincrement=False, nullable=False)


def _fact(name: str) -> sa.Column[object]:
    if name in ("reading_day", "decimals"):
        return sa.Column(name, sa.Integer(), nullable=name == "reading_day")
    if name in ("adjusted", "taxed", "included"):
        return sa.Column(name, sa.Boolean(), nullable=False)
    if name in (*NUMBERS, *MAY_LACK):
        return sa.Column(name, sa.Text(), nullable=name in MAY_LACK)
    return sa.Column(name, WORDS, nullable=False)


def downgrade() -> None:
    for table in KEYS:
        _check_that_nothing_is_lost(table)
    for table in KEYS:
        op.drop_index(f"uq_{table}_stands", table)
        op.drop_table(table)


def _check_that_nothing_is_lost(table: str) -> None:
    """Bills would be told without their charges, or not at all."""
    rows = op.get_bind().scalar(sa.select(sa.func.count()).select_from(sa.table(table)))
    if rows:
        raise ConfigurationError(
            "the schema before r0024 cannot hold what suppliers bill",
            field=table,
            value=f"{rows} rows",
            fix="restore the backup made before the upgrade",
        )
