"""Tables of the database.

registry   node, space_edge, gateway, meter, supply_edge, point, installation,
           tariff_row, factor, calendar_day, registry_state, credential
intake     checkpoint, gateway_counts, dead_letter, seen_key, dirty_mark
books      institution_revision, series, book_row, restatement, register_event
people     finding_case, finding, api_key, audit_entry
baselines  baseline, baseline_request, baseline_progress
reports    report_issue, report_file
"""

from storage.sql.schema.baselines import BASELINE, BASELINE_PROGRESS, BASELINE_REQUEST
from storage.sql.schema.books import (
    BOOK_ROW,
    INSTITUTION_REVISION,
    REGISTER_EVENT,
    RESTATEMENT,
    SERIES,
)
from storage.sql.schema.columns import METADATA
from storage.sql.schema.intake import CHECKPOINT, DEAD_LETTER, DIRTY_MARK, GATEWAY_COUNTS, SEEN_KEY
from storage.sql.schema.people import API_KEY, AUDIT_ENTRY, FINDING, FINDING_CASE
from storage.sql.schema.registry import (
    CALENDAR_DAY,
    CREDENTIAL,
    FACTOR,
    GATEWAY,
    INSTALLATION,
    METER,
    NODE,
    POINT,
    REGISTRY_STATE,
    SPACE_EDGE,
    SUPPLY_EDGE,
    TARIFF_ROW,
    VERSIONED,
    natural_key,
)
from storage.sql.schema.reports import REPORT_FILE, REPORT_ISSUE

__all__ = [
    "API_KEY",
    "AUDIT_ENTRY",
    "BASELINE",
    "BASELINE_PROGRESS",
    "BASELINE_REQUEST",
    "BOOK_ROW",
    "CALENDAR_DAY",
    "CHECKPOINT",
    "CREDENTIAL",
    "DEAD_LETTER",
    "DIRTY_MARK",
    "FACTOR",
    "FINDING",
    "FINDING_CASE",
    "GATEWAY",
    "GATEWAY_COUNTS",
    "INSTALLATION",
    "INSTITUTION_REVISION",
    "METADATA",
    "METER",
    "NODE",
    "POINT",
    "REGISTER_EVENT",
    "REGISTRY_STATE",
    "REPORT_FILE",
    "REPORT_ISSUE",
    "RESTATEMENT",
    "SEEN_KEY",
    "SERIES",
    "SPACE_EDGE",
    "SUPPLY_EDGE",
    "TARIFF_ROW",
    "VERSIONED",
    "natural_key",
]
