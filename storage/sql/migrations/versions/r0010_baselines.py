"""versions of baselines, requests for them, and how much history new meters have"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from metering.errors import ConfigurationError
from storage.sql.types import WORDS

revision = "r0010"
down_revision = "r0009"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "baseline",
        sa.Column("meter", WORDS, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        *_words("institution", "id"),
        *_numbers("made_us", "day", "first_day", "last_day", "days"),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("error", sa.Float(53)),
        *_words("settings", "reason", "actor"),
        *_numbers("asked", "revision", "left_out"),
        *_words("inputs"),
        sa.Column("model", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("meter", "number", name="pk_baseline"),
    )
    op.create_table(
        "baseline_request",
        sa.Column("number", SERIAL, nullable=False),
        *_words("institution", "meter"),
        *_numbers("from_day"),
        *_words("reason", "actor"),
        *_numbers("at_us"),
        sa.PrimaryKeyConstraint("number", name="pk_baseline_request"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "baseline_progress",
        *_words("meter", "institution"),
        *_numbers("days", "day"),
        sa.PrimaryKeyConstraint("meter", name="pk_baseline_progress"),
    )


def downgrade() -> None:
    _check_that_nothing_is_lost()
    for name in ("baseline_progress", "baseline_request", "baseline"):
        op.drop_table(name)


def _words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, WORDS, nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def _check_that_nothing_is_lost() -> None:
    """A version that was made anew later would be another one."""
    kept = sa.table("baseline", sa.column("meter"))
    count = op.get_bind().scalar(sa.select(sa.func.count()).select_from(kept))
    if count:
        raise ConfigurationError(
            "revision r0009 cannot keep versions of baselines",
            field="baseline",
            value=f"{count} versions",
            fix="restore the backup that was made before the upgrade",
        )
