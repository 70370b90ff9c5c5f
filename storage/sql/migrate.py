"""The schema's revision: what a database has, what the program wants, and the way between them.

Everything runs inside a transaction that the caller holds. Two processes that start at once do
not meet: the second waits for the first one's transaction and then finds nothing to do.
"""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from metering.errors import ConfigurationError, Unavailable
from storage.sql.schema import METADATA

_FOLDER = Path(__file__).parent / "migrations"


class Schema(Enum):
    """What opening a database does about its schema. A newer one is refused by all but the last."""

    PRESENT = "present"
    """Make it in an empty database; refuse an older one."""
    UPGRADED = "upgraded"
    """Make it, or bring an older one up to date."""
    READ = "read"
    """Only read: refuse an older one, and be Unavailable while there is none. Nothing can be
    written through such an engine."""
    UNTOUCHED = "untouched"
    """Leave it as it is, and do not look."""


class Unmade(Unavailable):
    """Who only reads the database came before the process that makes its tables."""


def head() -> str:
    """The revision the program wants."""
    found = _scripts().get_current_head()
    assert found is not None
    return found


def revision(con: Connection) -> str | None:
    """The revision a database has, None for an empty one. ConfigurationError for one that a newer
    program made, or that is not the platform's."""
    present = MigrationContext.configure(con).get_current_revision()
    if present is None and set(inspect(con).get_table_names()) & METADATA.tables.keys():
        raise ConfigurationError(
            "the database has tables of the platform, but does not say of which revision",
            field="schema revision",
            value="",
            fix="name an empty database, or restore a backup into one",
        )
    if present is not None and present not in {s.revision for s in _scripts().walk_revisions()}:
        raise ConfigurationError(
            "the database was made by a newer version of the platform",
            field="schema revision",
            value=present,
            fix="upgrade the platform, or restore the backup of this version",
        )
    return present


def bring(con: Connection, schema: Schema) -> None:
    """Do what opening asks for; ConfigurationError says what to do about an older schema."""
    if schema is Schema.UNTOUCHED:
        return
    present = revision(con)
    if present is None and schema is Schema.READ:
        raise unmade()
    if present not in (None, head()) and schema is not Schema.UPGRADED:
        raise ConfigurationError(
            f"the database has the schema of an older version; this one wants {head()}",
            field="schema revision",
            value=present,
            fix="run `greenoffice upgrade DATA`",
        )
    if present != head():
        command.upgrade(_config(con), "head")


def unmade() -> Unmade:
    """The error of a database without tables."""
    return Unmade(
        "the database holds no tables of the platform yet",
        field="database",
        fix="start the process that writes it: `greenoffice up` or `greenoffice work`",
    )


def upgrade(con: Connection, to: str = "head") -> None:
    """Apply the migrations up to a revision; ConfigurationError for a newer database."""
    revision(con)
    command.upgrade(_config(con), to)


def downgrade(con: Connection, to: str = "base") -> None:
    """Undo the migrations down to a revision."""
    command.downgrade(_config(con), to)


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config(con: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = con
    return config
