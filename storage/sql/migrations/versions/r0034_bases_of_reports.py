"""on which bases of coal and carbon an issue of a report is told

Issues from before are on the usual ones: coal by equivalent value, carbon location-based.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

from metering.errors import ConfigurationError
from storage.sql.types import WORDS

revision = "r0034"
down_revision = "r0033"
branch_labels = None
depends_on = None

USUAL = {"coal": "equivalent", "carbon": "location"}
KEY_BEFORE = ("institution", "month", "number")
KEY = ("institution", "month", "coal", "carbon", "number")
UNIQUE_BEFORE = "uq_report_issue_institution_month_number"
UNIQUE = "uq_report_issue_institution_month_coal_carbon_number"
ISSUE = sa.table("report_issue", *map(sa.column, KEY))


def upgrade() -> None:
    for name, usual in USUAL.items():
        op.add_column("report_issue", sa.Column(name, WORDS, server_default=usual, nullable=False))
    _change_key(UNIQUE_BEFORE, UNIQUE, KEY)


def downgrade() -> None:
    _check_that_nothing_is_lost()
    _change_key(UNIQUE, UNIQUE_BEFORE, KEY_BEFORE)
    with _files_put_aside(), _batch() as batch:
        for name in USUAL:
            batch.drop_column(name)


def _change_key(before: str, after: str, columns: tuple[str, ...]) -> None:
    with _files_put_aside(), _batch() as batch:
        batch.drop_constraint(before, type_="unique")
        batch.create_unique_constraint(after, columns)


def _batch() -> AbstractContextManager[BatchOperations]:
    return op.batch_alter_table("report_issue", table_kwargs={"sqlite_autoincrement": True})


@contextmanager
def _files_put_aside() -> Iterator[None]:
    """SQLite makes a table anew to change its key, which files that name its rows forbid."""
    if op.get_bind().dialect.name != "sqlite":
        yield
        return
    op.execute("CREATE TABLE report_file_aside AS SELECT * FROM report_file")
    op.execute("DELETE FROM report_file")
    yield
    op.execute("INSERT INTO report_file SELECT * FROM report_file_aside")
    op.execute("DROP TABLE report_file_aside")


def _check_that_nothing_is_lost() -> None:
    other = sa.or_(*(ISSUE.c[name] != usual for name, usual in USUAL.items()))
    found = op.get_bind().execute(sa.select(ISSUE).where(other).limit(1)).first()
    if found is not None:
        raise ConfigurationError(
            "the schema before r0034 cannot keep issues on other bases of coal and carbon",
            field="report_issue",
            value=f"{found.institution} {found.month} issue {found.number}",
            fix="restore the backup made before the upgrade",
        )
