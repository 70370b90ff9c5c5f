"""issues of the month's reports, and their first renderings"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from metering.errors import ConfigurationError
from storage.sql.types import WORDS

revision = "r0006"
down_revision = "r0005"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "report_issue",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("institution", WORDS, nullable=False),
        sa.Column("month", WORDS, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("content_hash", WORDS, nullable=False),
        sa.Column("pins", sa.JSON(), nullable=False),
        sa.Column("made_us", sa.BigInteger(), nullable=False),
        sa.Column("made_by", WORDS, nullable=False),
        sa.Column("reason", WORDS, nullable=False),
        sa.Column("differences", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_report_issue"),
        sa.UniqueConstraint(
            "institution", "month", "number", name="uq_report_issue_institution_month_number"
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "report_file",
        sa.Column("issue_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("language", WORDS, nullable=False),
        sa.Column("format", WORDS, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", WORDS, nullable=False),
        sa.ForeignKeyConstraint(
            ["issue_id"], ["report_issue.id"], name="fk_report_file_issue_id_report_issue"
        ),
        sa.PrimaryKeyConstraint("issue_id", "language", "format", name="pk_report_file"),
    )


def downgrade() -> None:
    _check_that_nothing_is_lost()
    op.drop_table("report_file")
    op.drop_table("report_issue")


def _check_that_nothing_is_lost() -> None:
    """What was told once must not be forgotten."""
    issue = sa.table("report_issue", *map(sa.column, ("institution", "month", "number")))
    order = (issue.c.institution, issue.c.month, issue.c.number)
    found = op.get_bind().execute(sa.select(issue).order_by(*order)).all()
    if found:
        raise ConfigurationError(
            "revision r0005 cannot keep issues of reports",
            field="report_issue",
            value=", ".join(f"{row.institution} {row.month} issue {row.number}" for row in found),
            fix="restore the backup that was made before the upgrade",
        )
