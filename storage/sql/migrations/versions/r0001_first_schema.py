"""first schema"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0001"
down_revision = None
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WORDS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "api_key",
        sa.Column("id", WORDS, nullable=False),
        sa.Column("name", WORDS, nullable=False),
        sa.Column("node", WORDS, nullable=False),
        sa.Column("role", WORDS, nullable=False),
        sa.Column("hash", WORDS, nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("revoked_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
    )
    op.create_table(
        "audit_entry",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("actor", WORDS, nullable=False),
        sa.Column("action", WORDS, nullable=False),
        sa.Column("subject", WORDS, nullable=False),
        sa.Column("institution", WORDS, nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("reason", WORDS, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_audit_entry_institution_id"), ["institution", "id"], unique=False
        )

    op.create_table(
        "calendar_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", WORDS, nullable=False),
        sa.Column("name_zh", WORDS, nullable=False),
        sa.Column("name_en", WORDS, nullable=False),
        sa.Column("status", WORDS, nullable=False),
        sa.Column("source", WORDS, nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_calendar_day")),
    )
    op.create_table(
        "checkpoint",
        sa.Column("writer_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("segment", sa.BigInteger(), nullable=False),
        sa.Column("message_offset", sa.BigInteger(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("writer_no", name=op.f("pk_checkpoint")),
    )
    op.create_table(
        "dead_letter",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("gateway", WORDS, nullable=False),
        sa.Column("digest", WORDS, nullable=False),
        sa.Column("message_index", sa.BigInteger(), nullable=False),
        sa.Column("route", WORDS, nullable=False),
        sa.Column("reason", WORDS, nullable=False),
        sa.Column("message", WORDS, nullable=False),
        sa.Column("field", WORDS, nullable=False),
        sa.Column("value", WORDS, nullable=False),
        sa.Column("fix", WORDS, nullable=False),
        sa.Column("point", WORDS, nullable=False),
        sa.Column("segment", sa.BigInteger(), nullable=False),
        sa.Column("message_offset", sa.BigInteger(), nullable=False),
        sa.Column("arrived_us", sa.BigInteger(), nullable=False),
        sa.Column("preview", sa.LargeBinary(), nullable=False),
        sa.Column("state", WORDS, nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dead_letter")),
        sa.UniqueConstraint(
            "gateway",
            "digest",
            "message_index",
            name=op.f("uq_dead_letter_gateway_digest_message_index"),
        ),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("dead_letter", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_dead_letter_state_reason"), ["state", "reason"], unique=False
        )

    op.create_table(
        "dirty_mark",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("writer_no", sa.Integer(), nullable=False),
        sa.Column("ready", sa.Boolean(), nullable=False),
        sa.Column("point", sa.BigInteger(), nullable=False),
        sa.Column("start_us", sa.BigInteger(), nullable=False),
        sa.Column("end_us", sa.BigInteger(), nullable=False),
        sa.Column("cause", WORDS, nullable=False),
        sa.Column("segment", sa.BigInteger(), nullable=False),
        sa.Column("message_offset", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dirty_mark")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("dirty_mark", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_dirty_mark_ready_writer_no"), ["ready", "writer_no"], unique=False
        )

    op.create_table(
        "factor",
        sa.Column("item", WORDS, nullable=False),
        sa.Column("quantity", WORDS, nullable=False),
        sa.Column("region", WORDS, nullable=False),
        sa.Column("valid_start", sa.Date(), nullable=False),
        sa.Column("valid_end", sa.Date(), nullable=True),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("source", WORDS, nullable=False),
        sa.Column("grade", WORDS, nullable=False),
        sa.PrimaryKeyConstraint(
            "item", "quantity", "region", "valid_start", name=op.f("pk_factor")
        ),
    )
    op.create_table(
        "finding",
        sa.Column("id", WORDS, nullable=False),
        sa.Column("institution", WORDS, nullable=False),
        sa.Column("node", WORDS, nullable=False),
        sa.Column("meter", WORDS, nullable=False),
        sa.Column("item", WORDS, nullable=False),
        sa.Column("pattern", WORDS, nullable=False),
        sa.Column("start_us", sa.BigInteger(), nullable=False),
        sa.Column("end_us", sa.BigInteger(), nullable=False),
        sa.Column("hours_us", sa.JSON(), nullable=False),
        sa.Column("expected", sa.BigInteger(), nullable=True),
        sa.Column("measured", sa.BigInteger(), nullable=True),
        sa.Column("waste_kwh", sa.Float(precision=53), nullable=False),
        sa.Column("waste_low_kwh", sa.Float(precision=53), nullable=False),
        sa.Column("waste_high_kwh", sa.Float(precision=53), nullable=False),
        sa.Column("cost", sa.Text(), nullable=True),
        sa.Column("price", sa.Float(precision=53), nullable=False),
        sa.Column("currency", WORDS, nullable=False),
        sa.Column("kgco2", sa.Text(), nullable=True),
        sa.Column("confidence", sa.Float(precision=53), nullable=False),
        sa.Column("baseline_version", WORDS, nullable=False),
        sa.Column("cause", WORDS, nullable=False),
        sa.Column("action", WORDS, nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("hourly", sa.JSON(), nullable=False),
        sa.Column("state", WORDS, nullable=False),
        sa.Column("state_by", WORDS, nullable=False),
        sa.Column("state_note", WORDS, nullable=False),
        sa.Column("state_us", sa.BigInteger(), nullable=False),
        sa.Column("found_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding")),
    )
    with op.batch_alter_table("finding", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_finding_institution_state"), ["institution", "state"], unique=False
        )

    op.create_table(
        "gateway_counts",
        sa.Column("gateway", WORDS, nullable=False),
        sa.Column("messages", sa.BigInteger(), nullable=False),
        sa.Column("readings", sa.BigInteger(), nullable=False),
        sa.Column("new", sa.BigInteger(), nullable=False),
        sa.Column("duplicates", sa.BigInteger(), nullable=False),
        sa.Column("corrections", sa.BigInteger(), nullable=False),
        sa.Column("outdated", sa.BigInteger(), nullable=False),
        sa.Column("dead", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("last_arrival_us", sa.BigInteger(), nullable=False),
        sa.Column("last_time_us", sa.BigInteger(), nullable=False),
        sa.Column("connection_us", sa.BigInteger(), nullable=False),
        sa.Column("last_skew_us", sa.BigInteger(), nullable=True),
        sa.Column("connected", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("gateway", name=op.f("pk_gateway_counts")),
    )
    op.create_table(
        "institution_revision",
        sa.Column("institution", WORDS, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("institution", name=op.f("pk_institution_revision")),
    )
    op.create_table(
        "node",
        sa.Column("code", WORDS, nullable=False),
        sa.Column("type", WORDS, nullable=False),
        sa.Column("name_zh", WORDS, nullable=False),
        sa.Column("name_en", WORDS, nullable=False),
        sa.Column("zone", WORDS, nullable=True),
        sa.Column("area_m2", sa.Text(), nullable=True),
        sa.Column("persons", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_node")),
    )
    op.create_table(
        "register_event",
        sa.Column("institution", WORDS, nullable=False),
        sa.Column("meter", WORDS, nullable=False),
        sa.Column("kind", WORDS, nullable=False),
        sa.Column("start_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("end_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "institution", "meter", "kind", "start_us", name=op.f("pk_register_event")
        ),
    )
    op.create_table(
        "registry_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_state")),
    )
    op.create_table(
        "seen_key",
        sa.Column("gateway", WORDS, nullable=False),
        sa.Column("key", WORDS, nullable=False),
        sa.PrimaryKeyConstraint("gateway", "key", name=op.f("pk_seen_key")),
    )
    op.create_table(
        "series",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("institution", WORDS, nullable=False),
        sa.Column("kind", WORDS, nullable=False),
        sa.Column("code", WORDS, nullable=False),
        sa.Column("item", WORDS, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series")),
        sa.UniqueConstraint(
            "institution", "kind", "code", "item", name=op.f("uq_series_institution_kind_code_item")
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "tariff_row",
        sa.Column("tariff", WORDS, nullable=False),
        sa.Column("institution", WORDS, nullable=False),
        sa.Column("item", WORDS, nullable=False),
        sa.Column("valid_start", sa.Date(), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("valid_end", sa.Date(), nullable=True),
        sa.Column("months", WORDS, nullable=False),
        sa.Column("days", WORDS, nullable=False),
        sa.Column("start_min", sa.Integer(), nullable=False),
        sa.Column("end_min", sa.Integer(), nullable=False),
        sa.Column("period", WORDS, nullable=False),
        sa.Column("price", sa.Text(), nullable=False),
        sa.Column("currency", WORDS, nullable=False),
        sa.Column("source", WORDS, nullable=False),
        sa.Column("grade", WORDS, nullable=False),
        sa.PrimaryKeyConstraint(
            "tariff", "institution", "item", "valid_start", "place", name=op.f("pk_tariff_row")
        ),
    )
    op.create_table(
        "book_row",
        sa.Column("series_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("superseded_at", sa.BigInteger(), nullable=True),
        sa.Column("step_min", sa.SmallInteger(), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("slots", sa.LargeBinary(), nullable=False),
        sa.Column("shares", sa.LargeBinary(), nullable=True),
        sa.Column("hour_shares", sa.LargeBinary(), nullable=True),
        sa.Column("day_shares", sa.LargeBinary(), nullable=True),
        sa.Column("spill", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name=op.f("fk_book_row_series_id")),
        sa.PrimaryKeyConstraint("series_id", "day", "revision", name=op.f("pk_book_row")),
    )
    with op.batch_alter_table("book_row", schema=None) as batch_op:
        batch_op.create_index(
            "uq_book_row_current",
            ["series_id", "day"],
            unique=True,
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )
        batch_op.create_index(
            "ix_book_row_settled",
            ["series_id", "revision", "day"],
            unique=False,
            sqlite_where=sa.text("provisional IS 0"),
            postgresql_where=sa.text("provisional IS FALSE"),
        )

    op.create_table(
        "gateway",
        sa.Column("user", WORDS, nullable=False),
        sa.Column("site", WORDS, nullable=False),
        sa.Column("code", WORDS, nullable=False),
        sa.Column("name_zh", WORDS, nullable=False),
        sa.Column("name_en", WORDS, nullable=False),
        sa.ForeignKeyConstraint(["site"], ["node.code"], name=op.f("fk_gateway_site")),
        sa.PrimaryKeyConstraint("user", name=op.f("pk_gateway")),
    )
    op.create_table(
        "meter",
        sa.Column("code", WORDS, nullable=False),
        sa.Column("node", WORDS, nullable=False),
        sa.Column("item", WORDS, nullable=False),
        sa.Column("total", sa.Boolean(), nullable=False),
        sa.Column("step_min", sa.Integer(), nullable=False),
        sa.Column("dc_role", WORDS, nullable=True),
        sa.Column("max_per_hour", sa.Text(), nullable=True),
        sa.Column("name_zh", WORDS, nullable=False),
        sa.Column("name_en", WORDS, nullable=False),
        sa.Column("valid_start", sa.Date(), nullable=True),
        sa.Column("valid_end", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["node"], ["node.code"], name=op.f("fk_meter_node")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_meter")),
    )
    op.create_table(
        "restatement",
        sa.Column("serial", SERIAL, nullable=False),
        sa.Column("institution", WORDS, nullable=False),
        sa.Column("series_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("old_revision", sa.BigInteger(), nullable=False),
        sa.Column("new_revision", sa.BigInteger(), nullable=False),
        sa.Column("old_total", sa.BigInteger(), nullable=True),
        sa.Column("new_total", sa.BigInteger(), nullable=True),
        sa.Column("recorded_us", sa.BigInteger(), nullable=False),
        sa.Column("cause", WORDS, nullable=False),
        sa.ForeignKeyConstraint(
            ["series_id"], ["series.id"], name=op.f("fk_restatement_series_id")
        ),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_restatement")),
    )
    with op.batch_alter_table("restatement", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_restatement_institution_serial"), ["institution", "serial"], unique=False
        )

    op.create_table(
        "space_edge",
        sa.Column("parent", WORDS, nullable=False),
        sa.Column("child", WORDS, nullable=False),
        sa.Column("valid_start", sa.Date(), nullable=False),
        sa.Column("valid_end", sa.Date(), nullable=True),
        sa.Column("share", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["child"], ["node.code"], name=op.f("fk_space_edge_child")),
        sa.ForeignKeyConstraint(["parent"], ["node.code"], name=op.f("fk_space_edge_parent")),
        sa.PrimaryKeyConstraint("parent", "child", "valid_start", name=op.f("pk_space_edge")),
    )
    op.create_table(
        "credential",
        sa.Column("user", WORDS, nullable=False),
        sa.Column("hash", WORDS, nullable=False),
        sa.Column("set_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user"], ["gateway.user"], name=op.f("fk_credential_user")),
        sa.PrimaryKeyConstraint("user", name=op.f("pk_credential")),
    )
    op.create_table(
        "point",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("gateway", WORDS, nullable=False),
        sa.Column("name", WORDS, nullable=False),
        sa.Column("kind", WORDS, nullable=False),
        sa.Column("unit", WORDS, nullable=False),
        sa.Column("role", WORDS, nullable=True),
        sa.Column("node", WORDS, nullable=True),
        sa.Column("low", sa.Float(precision=53), nullable=True),
        sa.Column("high", sa.Float(precision=53), nullable=True),
        sa.Column("sent_unit", WORDS, nullable=False),
        sa.ForeignKeyConstraint(["gateway"], ["gateway.user"], name=op.f("fk_point_gateway")),
        sa.ForeignKeyConstraint(["node"], ["node.code"], name=op.f("fk_point_node")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_point")),
        sa.UniqueConstraint("gateway", "name", name=op.f("uq_point_gateway_name")),
    )
    op.create_table(
        "supply_edge",
        sa.Column("source", WORDS, nullable=False),
        sa.Column("fed", WORDS, nullable=False),
        sa.Column("valid_start", sa.Date(), nullable=False),
        sa.Column("valid_end", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["fed"], ["meter.code"], name=op.f("fk_supply_edge_fed")),
        sa.ForeignKeyConstraint(["source"], ["meter.code"], name=op.f("fk_supply_edge_source")),
        sa.PrimaryKeyConstraint("source", "fed", "valid_start", name=op.f("pk_supply_edge")),
    )
    op.create_table(
        "installation",
        sa.Column("meter", WORDS, nullable=False),
        sa.Column("point", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("valid_start", sa.Date(), nullable=False),
        sa.Column("valid_end", sa.Date(), nullable=True),
        sa.Column("ratio", sa.Text(), nullable=False),
        sa.Column("digits", sa.Integer(), nullable=True),
        sa.Column("register_unit", WORDS, nullable=False),
        sa.ForeignKeyConstraint(["meter"], ["meter.code"], name=op.f("fk_installation_meter")),
        sa.ForeignKeyConstraint(["point"], ["point.id"], name=op.f("fk_installation_point")),
        sa.PrimaryKeyConstraint("meter", "point", "valid_start", name=op.f("pk_installation")),
    )


def downgrade() -> None:
    op.drop_table("installation")
    op.drop_table("supply_edge")
    op.drop_table("point")
    op.drop_table("credential")
    op.drop_table("space_edge")
    with op.batch_alter_table("restatement", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_restatement_institution_serial"))

    op.drop_table("restatement")
    op.drop_table("meter")
    op.drop_table("gateway")
    with op.batch_alter_table("book_row", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_book_row_settled",
            sqlite_where=sa.text("provisional IS 0"),
            postgresql_where=sa.text("provisional IS FALSE"),
        )
        batch_op.drop_index(
            "uq_book_row_current",
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )

    op.drop_table("book_row")
    op.drop_table("tariff_row")
    op.drop_table("series")
    op.drop_table("seen_key")
    op.drop_table("registry_state")
    op.drop_table("register_event")
    op.drop_table("node")
    op.drop_table("institution_revision")
    op.drop_table("gateway_counts")
    with op.batch_alter_table("finding", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_finding_institution_state"))

    op.drop_table("finding")
    op.drop_table("factor")
    with op.batch_alter_table("dirty_mark", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dirty_mark_ready_writer_no"))

    op.drop_table("dirty_mark")
    with op.batch_alter_table("dead_letter", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dead_letter_state_reason"))

    op.drop_table("dead_letter")
    op.drop_table("checkpoint")
    op.drop_table("calendar_day")
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_entry_institution_id"))

    op.drop_table("audit_entry")
    op.drop_table("api_key")
