"""units beside waste: names of a finding's figures carry no unit, which stands beside them

`waste_kwh` held cubic metres for water and megajoules for heat, `expected_kw` their hourly rates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "r0014"
down_revision = "r0013"
branch_labels = None
depends_on = None

COLUMNS = {"waste_kwh": "waste", "waste_low_kwh": "waste_low", "waste_high_kwh": "waste_high"}
NAMES = {
    "expected_kw": "expected",
    "measured_kw": "measured",
    "sigma_kw": "sigma",
    "load_kw": "load",
}
RATES = {"01": "kW", "02": "m3/h", "03": "m3/h", "04": "MJ/h", "05": "MJ/h"}
"""Unit of the rate by the first two figures of an item's code."""
Detail = dict[str, Any]

FINDING = sa.table(
    "finding", sa.column("case_number"), sa.column("day"), sa.column("detail", sa.JSON)
)
CASE = sa.table("finding_case", sa.column("number"), sa.column("item"))


def upgrade() -> None:
    for old, new in COLUMNS.items():
        op.execute(f"ALTER TABLE finding RENAME COLUMN {old} TO {new}")
    _rewrite(_with_unit)


def downgrade() -> None:
    _rewrite(_without_unit)
    for old, new in COLUMNS.items():
        op.execute(f"ALTER TABLE finding RENAME COLUMN {new} TO {old}")


def _with_unit(detail: Detail, item: str) -> Detail:
    named = _renamed(detail, NAMES)
    return {**named, "unit": RATES[item[:2]]} if "expected_kw" in detail else named


def _without_unit(detail: Detail, _item: str) -> Detail:
    bare = {name: value for name, value in detail.items() if name != "unit"}
    return _renamed(bare, {new: old for old, new in NAMES.items()})


def _renamed(detail: Detail, names: Mapping[str, str]) -> Detail:
    return {names.get(name, name): value for name, value in detail.items()}


def _rewrite(change: Callable[[Detail, str], Detail]) -> None:
    con = op.get_bind()
    joined = sa.select(FINDING.c.case_number, FINDING.c.day, FINDING.c.detail, CASE.c.item).join(
        CASE, CASE.c.number == FINDING.c.case_number
    )
    for number, day, detail, item in con.execute(joined).all():
        changed = change(detail, item)
        if changed != detail:
            one = sa.and_(FINDING.c.case_number == number, FINDING.c.day == day)
            con.execute(sa.update(FINDING).where(one).values(detail=changed))
