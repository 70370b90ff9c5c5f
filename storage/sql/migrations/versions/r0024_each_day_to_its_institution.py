"""what moved from one institution to another is booked again, each day under its own

Before, all days of a place were booked under one institution. Places that never were of two are
left as they stand.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "r0024"
down_revision = "r0022"
branch_labels = None
depends_on = None

ALL_TIME_US = 2**62
NODE = sa.table("node", sa.column("code"), sa.column("type"), sa.column("gone_version"))
EDGE = sa.table("space_edge", sa.column("parent"), sa.column("child"), sa.column("gone_version"))
METER = sa.table("meter", sa.column("code"), sa.column("node"), sa.column("gone_version"))
INSTALLATION = sa.table(
    "installation", sa.column("meter"), sa.column("point"), sa.column("gone_version")
)
STATE = sa.table("registry_state", sa.column("version"))
MARK = sa.table(
    "dirty_mark",
    *(
        sa.column(name)
        for name in (
            *("writer_no", "ready", "point", "start_us", "end_us", "cause", "segment"),
            *("message_offset", "institution", "node", "item"),
        )
    ),
)


def upgrade() -> None:
    con = op.get_bind()
    moved = _moved(con)
    if not moved:
        return
    cause = f"registry {con.scalar(sa.select(STATE.c.version)) or 0}"
    on = {code for code, node in _rows(con, METER) if node in moved}
    points = sorted({point for meter, point in _rows(con, INSTALLATION) if meter in on})
    marks = [_mark(cause, point) for point in points]
    marks += [_mark(cause, 0, body, code) for code in sorted(moved) for body in sorted(moved[code])]
    marks += [_mark(cause, 0, body, "") for body in sorted(set().union(*moved.values()))]
    con.execute(sa.insert(MARK), marks)


def downgrade() -> None:
    """The schema is the same; what is booked under two institutions stays so."""


def _moved(con: sa.Connection) -> dict[str, set[str]]:
    """Places below more than one institution over time, with these."""
    types = dict(_rows(con, NODE))
    above: dict[str, set[str]] = defaultdict(set)
    for parent, child in _rows(con, EDGE):
        above[child].add(parent)

    def bodies(code: str, path: tuple[str, ...]) -> Iterator[str]:
        if types.get(code) == "institution":
            yield code
            return
        for parent in above[code] - set(path):
            yield from bodies(parent, (*path, code))

    found = {code: set(bodies(code, ())) for code in types}
    return {code: own for code, own in found.items() if len(own) > 1}


def _rows(con: sa.Connection, table: Any) -> list[Any]:
    """The first two columns of the rows that stand."""
    first, second, *_ = table.c
    return list(con.execute(sa.select(first, second).where(table.c.gone_version.is_(None))))


def _mark(cause: str, point: int, institution: str | None = None, node: str | None = None) -> Any:
    return {
        "writer_no": 0,
        "ready": True,
        "point": point,
        "start_us": 0,
        "end_us": ALL_TIME_US,
        "cause": cause,
        "segment": 0,
        "message_offset": 0,
        "institution": institution,
        "node": node,
        "item": None if institution is None else "",
    }
