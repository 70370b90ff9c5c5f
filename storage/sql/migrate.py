"""The schema's revision: what a database has, what the program wants, and the way between them.

Everything runs inside a transaction that the caller holds. Two processes that start at once do
not meet: the second waits for the first one's transaction and then finds nothing to do. The library
that migrates is loaded by the one that migrates; whoever finds the present schema does without.
"""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from metering.errors import ConfigurationError, Unavailable
from storage.sql.schema import METADATA

if TYPE_CHECKING:
    from alembic.config import Config

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
    return max(_known())


def revision(con: Connection) -> str | None:
    """The revision a database has, None for an empty one. ConfigurationError for one that a newer
    program made, or that is not the platform's."""
    tables = set(inspect(con).get_table_names())
    present = _stamped(con) if "alembic_version" in tables else None
    if present is None and tables & METADATA.tables.keys():
        raise ConfigurationError(
            "the database has tables of the platform, but does not say of which revision",
            field="schema revision",
            value="",
            fix="name an empty database, or restore a backup into one",
        )
    if present is not None and present not in _known():
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
        _migrate(con, "head")


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
    _migrate(con, to)


def downgrade(con: Connection, to: str = "base") -> None:
    """Undo the migrations down to a revision."""
    from alembic import command

    command.downgrade(_config(con), to)


def _migrate(con: Connection, to: str) -> None:
    from alembic import command

    command.upgrade(_config(con), to)


def _known() -> set[str]:
    """Revisions that the program has: a migration's file is named after its own."""
    return {file.name.partition("_")[0] for file in (_FOLDER / "versions").glob("r*_*.py")}


def _stamped(con: Connection) -> str | None:
    found = con.scalar(text("SELECT version_num FROM alembic_version"))
    return None if found is None else str(found)


def _config(con: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = con
    return config
