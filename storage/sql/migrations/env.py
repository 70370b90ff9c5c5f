"""Alembic's entry point: runs the migrations on the connection it is handed."""

from alembic import context

from storage.sql.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
)
context.run_migrations()
