"""Tables of the intake: checkpoints, counters, deliveries, points seen, what gateways said, edge
nodes, clocks, dead letters, doubts, judged batches, statements and dirty marks."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
)

from storage.sql.schema.columns import (
    METADATA,
    SERIAL,
    key,
    number,
    text_column,
)
from storage.sql.types import WORDS

CHECKPOINT = Table(
    "checkpoint",
    METADATA,
    Column("writer_no", Integer, primary_key=True, autoincrement=False),
    number("segment"),
    number("message_offset"),
    number("at_us"),
)
GATEWAY_COUNTS = Table(
    "gateway_counts",
    METADATA,
    key("gateway"),
    *(
        number(name)
        for name in (
            "messages",
            "readings",
            "new",
            "duplicates",
            "corrections",
            "outdated",
            "dead",
            "bytes",
            "last_arrival_us",
            "last_time_us",
            "connection_us",
        )
    ),
    Column("last_skew_us", BigInteger),
    Column("connected", Boolean),
)
DELIVERY = Table(
    "delivery",
    METADATA,
    key("gateway"),
    *(number(name) for name in ("writer_no", "session", "seq", "newest_us")),
    Column("steps", JSON, nullable=False),
    Column("distances_us", JSON, nullable=False),
    Column("delays", JSON, nullable=False),
)
DELIVERY_GAP = Table(
    "delivery_gap",
    METADATA,
    Column("id", SERIAL, primary_key=True),
    text_column("gateway"),
    text_column("kind"),
    number("session"),
    number("after"),
    number("before"),
    number("least"),
    number("found_us"),
    number("changed_us"),
    text_column("state"),
    number("tries"),
    number("asked_us"),
    number("asked_as"),
    number("next_us"),
    text_column("asked_by"),
    Index(None, "gateway", "state"),
    Index(None, "state", "next_us"),
    Index(None, "asked_us"),
    sqlite_autoincrement=True,
)
RECEIPT = Table(
    "receipt",
    METADATA,
    key("gateway"),
    Column("day", BigInteger, primary_key=True, autoincrement=False),
    Column("writer_no", BigInteger, primary_key=True, autoincrement=False),
    *(number(name) for name in ("messages", "bytes", "new", "duplicates", "corrections")),
    *(number(name) for name in ("outdated", "late", "dead")),
    *(number(name) for name in ("first_segment", "first_offset", "last_segment", "last_offset")),
)
SEEN_POINT = Table(
    "seen_point",
    METADATA,
    key("gateway"),
    key("point"),
    *(number(name) for name in ("first_us", "last_us", "seen", "rises", "falls")),
    *(Column(name, JSON, nullable=False) for name in ("values", "units", "kinds")),
    Column("described", JSON(none_as_null=True)),
    number("dismissed_us"),
    text_column("dismissed_by"),
)
REMEMBERED = Table(
    "remembered",
    METADATA,
    key("gateway"),
    key("key"),
    *(
        Column(name, BigInteger, primary_key=True, autoincrement=False)
        for name in ("segment", "message_offset")
    ),
    Column("value", LargeBinary, nullable=False),
)
EDGE_NODE = Table(
    "edge_node",
    METADATA,
    key("gateway"),
    key("node"),
    Column("writer_no", Integer, nullable=False),
    Column("online", Boolean, nullable=False),
    *(number(name) for name in ("since_us", "seq", "bd_seq")),
    Column("devices", JSON, nullable=False),
    number("gaps"),
    text_column("wants"),
    *(number(name) for name in ("tries", "asked_us", "next_us", "last_us")),
)
CLOCK_REPAIR = Table(
    "clock_repair",
    METADATA,
    Column("id", SERIAL, primary_key=True),
    text_column("gateway"),
    *(number(name) for name in ("offset_us", "from_us", "until_us", "seen_us")),
    text_column("state"),
    text_column("decided_by"),
    *(number(name) for name in ("decided_us", "right_us", "rights")),
    Column("pending", Boolean, nullable=False),
    Index(None, "gateway"),
    sqlite_autoincrement=True,
)
CLOCK_MODE = Table("clock_mode", METADATA, key("gateway"), text_column("mode"))
DEAD_LETTER = Table(
    "dead_letter",
    METADATA,
    Column("id", SERIAL, primary_key=True),
    text_column("gateway"),
    text_column("digest"),
    number("message_index"),
    text_column("route"),
    text_column("reason"),
    text_column("message"),
    text_column("field"),
    text_column("value"),
    text_column("fix"),
    text_column("point"),
    number("segment"),
    number("message_offset"),
    number("arrived_us"),
    text_column("read_by"),
    Column("preview", LargeBinary, nullable=False),
    text_column("state"),
    number("seen"),
    UniqueConstraint("gateway", "digest", "message_index"),
    Index(None, "state", "reason"),
    sqlite_autoincrement=True,
)
DOUBT = Table(
    "doubt",
    METADATA,
    Column("since_us", BigInteger, primary_key=True, autoincrement=False),
    number("last_us"),
    number("writes"),
    number("looks"),
)
DOUBT_PLACE = Table(
    "doubt_place",
    METADATA,
    Column("since_us", BigInteger, primary_key=True, autoincrement=False),
    Column("writer_no", Integer, primary_key=True, autoincrement=False),
    number("segment"),
    number("message_offset"),
)
JUDGED_BATCH = Table(
    "judged_batch",
    METADATA,
    Column("writer_no", Integer, primary_key=True, autoincrement=False),
    number("from_segment"),
    number("from_offset"),
    number("next_segment"),
    number("next_offset"),
    Column("digest", LargeBinary, nullable=False),
    Column("outcome", LargeBinary, nullable=False),
)
STATEMENT = Table(
    "statement",
    METADATA,
    key("id"),
    text_column("kind"),
    text_column("subject"),
    Column("first_day", Date, nullable=False),
    Column("after_day", Date, nullable=False),
    Column("said", JSON, nullable=False),
    text_column("of"),
    text_column("entered_by"),
    number("arrived_us"),
    number("segment"),
    number("message_offset"),
    Index(None, "subject"),
    Index(None, "arrived_us"),
)
SEEN_KEY = Table("seen_key", METADATA, key("gateway"), key("key"))
DIRTY_MARK = Table(
    "dirty_mark",
    METADATA,
    Column("id", SERIAL, primary_key=True),
    Column("writer_no", Integer, nullable=False),
    Column("ready", Boolean, nullable=False),
    number("point"),
    number("start_us"),
    number("end_us"),
    text_column("cause"),
    number("segment"),
    number("message_offset"),
    Column("institution", WORDS),
    Column("node", WORDS),
    Column("item", WORDS),
    Index(None, "ready", "writer_no"),
    sqlite_autoincrement=True,
)
