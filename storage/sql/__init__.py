"""Books, registry, findings, intake and access on SQL: SQLite embedded, or PostgreSQL."""
