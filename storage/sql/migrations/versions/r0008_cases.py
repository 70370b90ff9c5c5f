"""cases, and the findings by which they are told

A finding that is there becomes a case with that one finding: its state is kept, its name becomes
the name it had before, and its number follows the order in which the findings were found.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

from metering.errors import ConfigurationError
from metering.localtime import day_number, local_day

revision = "r0008"
down_revision = "r0007"
branch_labels = None
depends_on = None

WORDS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OF_CASE = ("institution", "node", "meter", "item", "pattern")
STATE = ("state", "state_by", "state_note", "state_us")
EVIDENCE = (
    *("start_us", "end_us", "hours_us", "expected", "measured", "waste_kwh", "waste_low_kwh"),
    *("waste_high_kwh", "cost", "currency", "costs", "kgco2", "confidence", "baseline_version"),
    *("cause", "action", "detail", "hourly", "found_us"),
)
"""Columns that go over as they are."""
KEY = ("case_number", "day")


def upgrade() -> None:
    con = op.get_bind()
    before = sa.Table("finding", sa.MetaData(), *_before())
    rows = con.execute(sa.select(before).order_by(before.c.found_us, before.c.id)).all()
    op.drop_table("finding")
    case, finding = _create()
    day_of = _local_days(con) if rows else _no_days
    for row in rows:
        day = day_of(row.node, row.found_us)
        made = con.execute(sa.insert(case).values(_case_row(row, day)))
        assert made.inserted_primary_key is not None
        kept = {name: getattr(row, name) for name in EVIDENCE}
        number = made.inserted_primary_key[0]
        con.execute(
            sa.insert(finding).values(case_number=number, day=day, hours=[], revision=0, **kept)
        )


def _case_row(row: Any, day: int) -> dict[str, Any]:
    return {
        **{name: getattr(row, name) for name in (*OF_CASE, *STATE, "price")},
        "closed": "",
        "opened_us": row.found_us,
        "legacy_id": row.id,
        "told_day": day,
        "first_us": row.start_us,
        "last_us": row.end_us,
        "waste": row.waste_kwh,
    }


def downgrade() -> None:
    con = op.get_bind()
    case = sa.Table("finding_case", sa.MetaData(), *_case())
    finding = sa.Table("finding", sa.MetaData(), *_finding())
    _check_that_nothing_is_lost(con, case, finding)
    rows = con.execute(
        sa.select(case, *(finding.c[n] for n in EVIDENCE)).join(
            finding, finding.c.case_number == case.c.number
        )
    ).all()
    op.drop_table("finding")
    op.drop_table("finding_case")
    op.create_table("finding", *_before())
    op.create_index("ix_finding_institution_state", "finding", ["institution", "state"])
    before = sa.Table("finding", sa.MetaData(), *_before())
    for row in rows:
        kept = {name: getattr(row, name) for name in (*OF_CASE, *STATE, *EVIDENCE, "price")}
        con.execute(sa.insert(before).values(id=row.legacy_id, **kept))


def _create() -> tuple[sa.Table, sa.Table]:
    op.create_table("finding_case", *_case(), sqlite_autoincrement=True)
    for names in (["institution", "state"], ["legacy_id"]):
        op.create_index(f"ix_finding_case_{'_'.join(names)}", "finding_case", names)
    op.create_table("finding", *_finding())
    return (
        sa.Table("finding_case", sa.MetaData(), *_case()),
        sa.Table("finding", sa.MetaData(), *_finding()),
    )


def _no_days(_node: str, _at_us: int) -> int:
    return 0


def _local_days(con: sa.Connection) -> Callable[[str, int], int]:
    """The local day of an instant at a node: its zone is its own, or the nearest above."""
    node = sa.table("node", sa.column("code"), sa.column("zone"))
    edge = sa.table("space_edge", sa.column("parent"), sa.column("child"))
    stands = sa.text("gone_version IS NULL")
    zones = {row.code: row.zone for row in con.execute(sa.select(node).where(stands))}
    above: dict[str, list[str]] = {}
    for row in con.execute(sa.select(edge).where(stands)):
        above.setdefault(row.child, []).append(row.parent)

    def day_of(code: str, at_us: int) -> int:
        waiting, seen = [code], {code}
        for one in waiting:
            if zones.get(one):
                return day_number(local_day(at_us, zones[one]))
            fresh = [parent for parent in above.get(one, []) if parent not in seen]
            seen.update(fresh)
            waiting += fresh
        return day_number(local_day(at_us, "UTC"))

    return day_of


def _check_that_nothing_is_lost(con: sa.Connection, case: sa.Table, finding: sa.Table) -> None:
    """The schema before knows one finding a case, without its hours, under a name."""
    told = (
        sa.select(finding.c.case_number.label("number"), sa.func.count().label("findings"))
        .group_by(finding.c.case_number)
        .subquery()
    )
    newer = {
        row.number
        for row in con.execute(
            sa.select(case.c.number)
            .join(told, told.c.number == case.c.number)
            .where(sa.or_(told.c.findings > 1, case.c.legacy_id == "", case.c.closed != ""))
        )
    }
    newer |= {row.case_number for row in con.execute(sa.select(finding)) if row.hours}
    if newer:
        raise ConfigurationError(
            "revision r0007 cannot hold cases, only findings under their earlier names",
            field="finding_case",
            value=", ".join(map(str, sorted(newer))),
            fix="restore the backup made before the upgrade",
        )


def _text(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, WORDS, nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def _floats(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Float(53), nullable=False) for name in names]


def _json(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.JSON(), nullable=False) for name in names]


def _case() -> list[Any]:
    return [
        sa.Column("number", SERIAL, nullable=False),
        *_text(*OF_CASE, "state", "state_by", "state_note"),
        *_numbers("state_us"),
        *_text("closed"),
        *_numbers("opened_us"),
        *_text("legacy_id"),
        *_numbers("told_day", "first_us", "last_us"),
        *_floats("price", "waste"),
        sa.PrimaryKeyConstraint("number", name="pk_finding_case"),
    ]


def _evidence() -> list[Any]:
    return [
        *_numbers("start_us", "end_us"),
        *_json("hours_us"),
        sa.Column("expected", sa.BigInteger()),
        sa.Column("measured", sa.BigInteger()),
        *_floats("waste_kwh", "waste_low_kwh", "waste_high_kwh"),
        sa.Column("cost", sa.Text()),
        *_text("currency"),
        *_json("costs"),
        sa.Column("kgco2", sa.Text()),
        *_floats("confidence"),
        *_text("baseline_version", "cause", "action"),
        *_json("detail", "hourly"),
        *_numbers("found_us"),
    ]


def _finding() -> list[Any]:
    return [
        *(sa.Column(n, sa.BigInteger(), nullable=False, autoincrement=False) for n in KEY),
        *_evidence(),
        *_json("hours"),
        *_numbers("revision"),
        sa.PrimaryKeyConstraint(*KEY, name="pk_finding"),
    ]


def _before() -> list[Any]:
    return [
        *_text("id", *OF_CASE),
        *_evidence(),
        *_floats("price"),
        *_text(*STATE[:-1]),
        *_numbers(STATE[-1]),
        sa.PrimaryKeyConstraint("id", name="pk_finding"),
    ]
