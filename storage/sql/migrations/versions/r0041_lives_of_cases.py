"""what is done with cases: events, assignee, snooze and saving; resolved is called fixed

Of cases that people or the platform gave a state, the last one is known, with who gave it, when and
why: it becomes their first event. What a state followed was not kept, and stays empty.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from metering.errors import ConfigurationError
from storage.sql.types import WORDS

revision = "r0041"
down_revision = "r0040"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CASE = sa.table(
    "finding_case",
    *(sa.column(name, sa.BigInteger) for name in ("number", "state_us", "fixed_us")),
    *(sa.column(name, WORDS) for name in ("state", "state_by", "state_note", "closed")),
)
EVENT = sa.table(
    "case_event",
    *(sa.column(name, sa.BigInteger) for name in ("number", "case_number", "at_us")),
    *(sa.column(name, WORDS) for name in ("actor", "act", "old", "new", "comment")),
    sa.column("detail", sa.JSON),
)
BEFORE, AFTER = "resolved", "fixed"
KNOWN_BEFORE = ("open", "acknowledged", AFTER, "expected", "closed")


def upgrade() -> None:
    for column in _columns():
        op.add_column("finding_case", column)
    op.create_table(
        "case_event",
        sa.Column("number", SERIAL, nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("case_number", "at_us")),
        *(
            sa.Column(name, WORDS, nullable=False)
            for name in ("actor", "act", "old", "new", "comment")
        ),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_case_event"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_case_event_case_number_number", "case_event", ["case_number", "number"])
    put_right = sa.update(CASE).where(CASE.c.state == BEFORE)
    op.execute(put_right.values(state=AFTER, fixed_us=CASE.c.state_us))
    con = op.get_bind()
    given = sa.select(CASE).where(CASE.c.state_by != "").order_by(CASE.c.state_us, CASE.c.number)
    events = [_event(row) for row in con.execute(given)]
    if events:
        con.execute(sa.insert(EVENT), events)


def downgrade() -> None:
    _check_that_nothing_is_lost()
    op.execute(sa.update(CASE).where(CASE.c.state == AFTER).values(state=BEFORE))
    op.drop_index("ix_case_event_case_number_number", "case_event")
    op.drop_table("case_event")
    for column in reversed(_columns()):
        op.drop_column("finding_case", column.name)


def _columns() -> list[sa.Column[Any]]:
    zero, big = sa.text("0"), sa.BigInteger()
    return [
        sa.Column("assignee", WORDS, nullable=False, server_default=sa.text("''")),
        sa.Column("snoozed_us", big, nullable=False, server_default=zero),
        sa.Column("snoozed_rate", sa.Float(53), nullable=False, server_default=zero),
        sa.Column("fixed_us", big, nullable=False, server_default=zero),
        sa.Column("relapses", big, nullable=False, server_default=zero),
        sa.Column("relapsed_us", big, nullable=False, server_default=zero),
        sa.Column("saving", sa.JSON(), nullable=False, server_default=sa.text("'{}'")),
    ]


def _event(row: Any) -> dict[str, Any]:
    return {
        "case_number": row.number,
        "at_us": row.state_us,
        "actor": row.state_by,
        "act": "state",
        "old": "",
        "new": row.state,
        "comment": row.state_note,
        "detail": {"cause": row.closed} if row.closed else {},
    }


def _check_that_nothing_is_lost() -> None:
    """The schema before knows of each case the last state alone, and those of its own."""
    first = sa.select(sa.func.min(EVENT.c.number)).group_by(EVENT.c.case_number)
    kept = sa.and_(EVENT.c.number.in_(first), EVENT.c.act == "state", EVENT.c.new.in_(KNOWN_BEFORE))
    counted = sa.select(sa.func.count()).select_from(EVENT).where(sa.not_(kept))
    rows = op.get_bind().scalar(counted)
    if rows:
        raise ConfigurationError(
            "the schema before r0041 cannot hold what was done with cases",
            field="case_event",
            value=f"{rows} rows",
            fix="restore the backup made before the upgrade",
        )
