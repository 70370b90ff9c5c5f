"""What a database's refusal means: which error of the platform, and how to put it right.

PostgreSQL names its refusals by a five-character SQLSTATE, except while a connection is made:
then there is only a sentence, in English unless the server was set up to speak another
language. A sentence that is not recognised is Unavailable, and shown as it is.
"""

from __future__ import annotations

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError

from metering.errors import StorageFull, Unavailable
from storage.sql.damage import damaged_database

SILENT = "timeout expired"
"""What is said of a server that was not heard of for too long."""
_DAMAGED = ("malformed", "not a database", "disk I/O error", "Could not decode to UTF-8")
"""What SQLite says of a file that is not as it was written."""
_FULL = ("disk is full", "No space left")
_SETTINGS = {
    "password authentication failed": "correct the user or the password",
    "no password supplied": "put the password into the URL: //user:password@host/name",
    "no pg_hba.conf entry": "let pg_hba.conf admit this user from this address",
    "Peer authentication failed": "give a host and a password, or run as that system user",
    '" does not exist': "create the role or the database that is named, or correct its name",
    "permission denied for database": "GRANT CONNECT ON DATABASE ... TO this user",
}
_STATES = {
    "42501": "GRANT CREATE, USAGE ON SCHEMA public TO this user, or make it the owner",
    "3F000": "create a schema that this user's search_path names",
    "25006": "name the server that takes writes, not one that only follows it",
}
_WAITING = {
    "53300": "raise max_connections, or let fewer processes connect",
    "too many clients": "raise max_connections, or let fewer processes connect",
    "Connection refused": "start the server, or correct the host and the port",
    "could not translate host name": "correct the host",
    "failed to resolve host": "correct the host",
    "timeout expired": "look whether the host can be reached, and whether the server hangs",
    "starting up": "wait: it goes on by itself",
}
_AWAY = ("", "08", "40", "53", "55", "57", "58")
"""Classes of SQLSTATE that say nothing against the statement; SQLite has none."""
_GOES_ON = "look at the database: work goes on by itself once it answers"


class DatabaseRefused(Unavailable):
    """Only a changed setting helps. In flight it is waited for like any other trouble: whoever
    changed the setting may change it back, and the journal keeps everything until then."""


class DatabaseSilent(Unavailable):
    """Nothing was heard of the server for too long: whoever asks it next would wait as long."""


def shown(url: URL) -> str:
    """The address without its password."""
    return url.render_as_string(hide_password=True)


def translated(error: DBAPIError, url: URL) -> Unavailable:
    """The platform's error for the driver's."""
    text = " ".join(str(error.orig).split())
    state = getattr(error.orig, "sqlstate", None) or ""
    if state == "53100" or any(sign in text for sign in _FULL):
        return StorageFull(
            "the disk of the database is full; nothing of it was stored",
            field="database",
            fix="free space: work goes on by itself",
        )
    if url.get_backend_name() == "sqlite" and any(sign in text for sign in _DAMAGED):
        return damaged_database(shown(url), text)
    fix = _STATES.get(state) or (None if state else _found(_SETTINGS, text))
    if fix:
        return DatabaseRefused(
            f"the database refuses: {text}", field="database", value=shown(url), fix=fix
        )
    what = "does not answer" if state[:2] in _AWAY else "refuses"
    told = Unavailable(
        f"the database {what}: {text}",
        field="database",
        value=shown(url),
        fix=_WAITING.get(state) or _found(_WAITING, text) or _GOES_ON,
    )
    if state or SILENT not in text:
        return told
    return DatabaseSilent(told.message, field=told.field, value=told.value, fix=told.fix)


def busy(url: URL) -> Unavailable:
    """All connections of the pool are taken."""
    return Unavailable(
        "all connections to the database are busy",
        field="database",
        value=shown(url),
        fix="ask again in a moment",
    )


def _found(table: dict[str, str], text: str) -> str | None:
    return next((fix for sign, fix in table.items() if sign in text), None)
