"""what was of several institutions, or of none on some days, is booked again, each day by itself

Before, all days of a place were booked under one institution. Places below undated edges alone, and
of one institution, are left as they stand.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "r0023"
down_revision = "r0022"
branch_labels = None
depends_on = None

ALL_TIME_US = 2**62
NODE = sa.table("node", sa.column("code"), sa.column("type"), sa.column("gone_version"))
EDGE = sa.table(
    "space_edge",
    *(sa.column(name) for name in ("parent", "child", "gone_version")),
    *(sa.column(name, sa.Date()) for name in ("valid_start", "valid_end")),
)
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
    """Places below more than one institution, or below an edge with dates, with the institutions;
    '' is among them where there are dates."""
    types = dict(_rows(con, NODE))
    above: dict[str, set[str]] = defaultdict(set)
    for parent, child in _rows(con, EDGE):
        above[child].add(parent)
    ends = sa.or_(EDGE.c.valid_start > date.min, EDGE.c.valid_end.is_not(None))
    standing = sa.select(EDGE.c.child).where(EDGE.c.gone_version.is_(None), ends)
    dated = set(con.scalars(standing))

    def walk(code: str, path: tuple[str, ...]) -> Iterator[str]:
        if types.get(code) == "institution":
            yield code
            return
        if code in dated:
            yield ""
        for parent in above[code] - set(path):
            yield from walk(parent, (*path, code))

    found = {code: set(walk(code, ())) for code in types}
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
