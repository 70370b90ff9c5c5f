"""budgets of alerts, and what was known of a case when it was opened

Of earlier cases that is read of their first finding: what a year of it cost for sure, by the lower
end of its waste, times the confidence, spread over the days until it was found, 14 at least.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from metering.errors import ConfigurationError
from storage.sql.types import WORDS, Exact

revision = "r0043"
down_revision = "r0041"
branch_labels = None
depends_on = None

STANDS = sa.text("gone_version IS NULL")
TABLE, INDEX = "alert_budget", "uq_alert_budget_stands"
CASE = sa.table(
    "finding_case",
    *(sa.column(name, sa.BigInteger) for name in ("number", "first_by")),
    *(sa.column(name, WORDS) for name in ("item", "first_unit")),
    sa.column("first_sure", sa.Float(53)),
)
FINDING = sa.table(
    "finding",
    *(sa.column(name, sa.BigInteger) for name in ("case_number", "day", "start_us", "found_us")),
    *(sa.column(name, sa.Float(53)) for name in ("waste", "waste_low", "confidence")),
    *(sa.column(name, Exact) for name in ("cost", "kgco2")),
    sa.column("currency", WORDS),
)
MONEY, CARBON, ENERGY, FAULT = range(4)
UNITS = {
    **{"01": "kWh", "02": "m3", "03": "m3", "04": "MJ", "05": "MJ", "07": "kg", "08": "kg"},
    **{"09": "m3", "10": "m3", "11": "m3", "12": "m3", "90": "kvarh"},
}
DAY_US = 24 * 3_600_000_000
FEW = 500


def upgrade() -> None:
    _create_table()
    for column in _columns():
        op.add_column("finding_case", column)
    con = op.get_bind()
    numbers = con.execute(sa.select(CASE.c.number).order_by(CASE.c.number)).scalars().all()
    for start in range(0, len(numbers), FEW):
        _fill(con, numbers[start : start + FEW])


def downgrade() -> None:
    _check_that_nothing_is_lost()
    for column in reversed(_columns()):
        op.drop_column("finding_case", column.name)
    op.drop_index(INDEX, TABLE)
    op.drop_table(TABLE)


def _create_table() -> None:
    op.create_table(
        TABLE,
        sa.Column("node", WORDS, nullable=False),
        sa.Column("valid_start", sa.Date(), nullable=False),
        sa.Column("per_meter_year", sa.Text(), nullable=False),
        sa.Column("dear_a_year", sa.Text()),
        sa.Column("valid_end", sa.Date()),
        sa.Column("recorded_version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("gone_version", sa.BigInteger()),
        sa.PrimaryKeyConstraint("node", "valid_start", "recorded_version", name=f"pk_{TABLE}"),
    )
    op.create_index(
        INDEX,
        TABLE,
        ["node", "valid_start"],
        unique=True,
        sqlite_where=STANDS,
        postgresql_where=STANDS,
    )


def _columns() -> list[sa.Column[Any]]:
    zero = sa.text("0")
    return [
        sa.Column("first_by", sa.BigInteger(), nullable=False, server_default=sa.text(str(FAULT))),
        sa.Column("first_unit", WORDS, nullable=False, server_default=sa.text("''")),
        sa.Column("first_sure", sa.Float(53), nullable=False, server_default=zero),
    ]


def _fill(con: sa.Connection, numbers: Any) -> None:
    """What the first findings of some cases say."""
    own, days = FINDING.c, sa.func.min(FINDING.c.day)
    first = (
        sa.select(own.case_number, days.label("day"))
        .where(own.case_number.in_(numbers))
        .group_by(own.case_number)
        .subquery()
    )
    told = sa.and_(own.case_number == first.c.case_number, own.day == first.c.day)
    rows = con.execute(
        sa.select(FINDING, CASE.c.item)
        .join(first, told)
        .join(CASE, CASE.c.number == own.case_number)
    )
    known = [_known(row) for row in rows]
    if known:
        names = ("first_by", "first_unit", "first_sure")
        given: dict[str, Any] = {name: sa.bindparam(f"is_{name}") for name in names}
        con.execute(sa.update(CASE).where(CASE.c.number == sa.bindparam("of")).values(given), known)


def _known(row: Any) -> dict[str, Any]:
    by, unit, total = _total(row)
    low = min(1.0, max(0.0, row.waste_low / row.waste)) if row.waste > 0 else 0.0
    days = max(row.found_us - row.start_us, 14 * DAY_US) / DAY_US
    sure = total * low * row.confidence * 365 / days
    return {
        **{"of": row.case_number, "is_first_by": by},
        **{"is_first_unit": unit, "is_first_sure": sure},
    }


def _total(row: Any) -> tuple[int, str, float]:
    if row.waste <= 0:
        return FAULT, "h", 0.0
    if row.cost is not None:
        return MONEY, row.currency, float(row.cost)
    if row.kgco2 is not None:
        return CARBON, "kg", float(row.kgco2)
    return ENERGY, UNITS.get(row.item[:2], ""), row.waste


def _check_that_nothing_is_lost() -> None:
    """Places would be told of more or fewer cases, without a word."""
    rows = op.get_bind().scalar(sa.select(sa.func.count()).select_from(sa.table(TABLE)))
    if rows:
        raise ConfigurationError(
            "the schema before r0043 cannot hold budgets of alerts",
            field=TABLE,
            value=f"{rows} rows",
            fix="restore the backup made before the upgrade",
        )
