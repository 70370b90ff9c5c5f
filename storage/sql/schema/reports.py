"""Tables of the reports' issues: what was told of a month, and how it was first rendered."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Integer, LargeBinary, Table
from sqlalchemy import UniqueConstraint as Unique

from storage.sql.schema.columns import METADATA, SERIAL, key, number, text_column
from storage.sql.types import WORDS

REPORT_ISSUE = Table(
    "report_issue",
    METADATA,
    Column("id", SERIAL, primary_key=True),
    text_column("institution"),
    text_column("month"),
    Column("coal", WORDS, nullable=False, server_default="equivalent"),
    Column("carbon", WORDS, nullable=False, server_default="location"),
    Column("number", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
    text_column("content_hash"),
    Column("pins", JSON, nullable=False),
    number("made_us"),
    text_column("made_by"),
    text_column("reason"),
    Column("differences", JSON, nullable=False),
    Unique("institution", "month", "coal", "carbon", "number"),
    sqlite_autoincrement=True,
)
REPORT_FILE = Table(
    "report_file",
    METADATA,
    Column(
        "issue_id",
        BigInteger,
        ForeignKey("report_issue.id"),
        primary_key=True,
        autoincrement=False,
    ),
    key("language"),
    key("format"),
    Column("data", LargeBinary, nullable=False),
    text_column("sha256"),
)
