"""Bringing the schema to a revision, inside a transaction that the caller holds.

Two processes that start at once do not meet: the second waits for the first one's transaction
and then finds nothing to do.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from metering.errors import ConfigurationError

_FOLDER = Path(__file__).parent / "migrations"


def upgrade(con: Connection, revision: str = "head") -> None:
    """Apply the migrations up to a revision; ConfigurationError for a newer database."""
    present = MigrationContext.configure(con).get_current_revision()
    scripts = ScriptDirectory.from_config(_config(con))
    if present is not None and present not in {s.revision for s in scripts.walk_revisions()}:
        raise ConfigurationError(
            "the database was made by a newer version of the platform",
            field="schema revision",
            value=present,
            fix="upgrade the platform, or restore the backup of this version",
        )
    if revision != "head" or present != scripts.get_current_head():
        command.upgrade(_config(con), revision)


def downgrade(con: Connection, revision: str = "base") -> None:
    """Undo the migrations down to a revision."""
    command.downgrade(_config(con), revision)


def _config(con: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = con
    return config
