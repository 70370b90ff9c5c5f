"""News that PostgreSQL passes on between processes, on whatever machines they are.

It is part of the transaction that it tells of: who hears it finds what was committed. Nothing is
kept of it, so who was not connected heard nothing, and has to look. A file of SQLite tells nobody.
"""

from __future__ import annotations

import secrets

from sqlalchemy import Connection, text

CHANNEL = "greenoffice"
LISTEN = f"LISTEN {CHANNEL}"
MARKS, REGISTRY = "m", "r"
"""Days are to be booked again; the registry has changed."""
EVERYTHING = (MARKS + REGISTRY).encode()
"""What is to be looked at by who heard nothing for a while."""
_OWN = secrets.token_hex(8)
"""This process, which needs no telling of what it did itself."""
_TELL = text(f"SELECT pg_notify('{CHANNEL}', :told)")


def tell(con: Connection, what: str) -> None:
    """Tell all who listen, once the transaction is committed."""
    if con.dialect.name == "postgresql":
        con.execute(_TELL, {"told": f"{what} {_OWN}"})


def told(payload: str) -> bytes:
    """What was told, as processes of a machine tell each other; nothing of this process's own."""
    what, _, by = payload.partition(" ")
    return b"" if by == _OWN else what.encode("ascii", "ignore")
