"""Tables of the database.

registry   node, space_edge, gateway, route, meter, supply_edge, point, installation,
           tariff_row, factor, calendar_day, and one for each of `metering.registry.facts`;
           registry_state, credential
intake     checkpoint, gateway_counts, delivery, delivery_gap, receipt, seen_point,
           clock_repair, clock_mode, dead_letter, doubt, doubt_place, seen_key, statement,
           dirty_mark
books      institution_revision, feed_head, series, book_row, book_row_before, book_digest,
           restatement, register_event
people     finding_case, case_event, finding, day_mark, api_key, audit_entry
baselines  baseline, baseline_request, baseline_progress
reports    report_issue, report_file
"""

from storage.sql.schema.baselines import BASELINE, BASELINE_PROGRESS, BASELINE_REQUEST
from storage.sql.schema.books import (
    BOOK_DIGEST,
    BOOK_ROW,
    BOOK_ROW_BEFORE,
    FEED_HEAD,
    INSTITUTION_REVISION,
    MIXED,
    REGISTER_EVENT,
    RESTATEMENT,
    SERIES,
)
from storage.sql.schema.closings import CLOSING, SETTLEMENT_RUN
from storage.sql.schema.columns import METADATA
from storage.sql.schema.intake import (
    CHECKPOINT,
    CLOCK_MODE,
    CLOCK_REPAIR,
    DEAD_LETTER,
    DELIVERY,
    DELIVERY_GAP,
    DIRTY_MARK,
    DOUBT,
    DOUBT_PLACE,
    EDGE_NODE,
    GATEWAY_COUNTS,
    JUDGED_BATCH,
    RECEIPT,
    REMEMBERED,
    SEEN_KEY,
    SEEN_POINT,
    STATEMENT,
)
from storage.sql.schema.people import (
    API_KEY,
    AUDIT_ENTRY,
    CASE_EVENT,
    DAY_MARK,
    FINDING,
    FINDING_CASE,
)
from storage.sql.schema.registry import (
    CREDENTIAL,
    GATEWAY,
    REGISTRY_STATE,
    TABLE_OF,
    VERSIONED,
    natural_key,
    type_of,
)
from storage.sql.schema.reports import REPORT_FILE, REPORT_ISSUE

__all__ = [
    "API_KEY",
    "AUDIT_ENTRY",
    "BASELINE",
    "BASELINE_PROGRESS",
    "BASELINE_REQUEST",
    "BOOK_DIGEST",
    "BOOK_ROW",
    "BOOK_ROW_BEFORE",
    "CASE_EVENT",
    "CHECKPOINT",
    "CLOCK_MODE",
    "CLOCK_REPAIR",
    "CLOSING",
    "CREDENTIAL",
    "DAY_MARK",
    "DEAD_LETTER",
    "DELIVERY",
    "DELIVERY_GAP",
    "DIRTY_MARK",
    "DOUBT",
    "DOUBT_PLACE",
    "EDGE_NODE",
    "FEED_HEAD",
    "FINDING",
    "FINDING_CASE",
    "GATEWAY",
    "GATEWAY_COUNTS",
    "INSTITUTION_REVISION",
    "JUDGED_BATCH",
    "METADATA",
    "MIXED",
    "RECEIPT",
    "REGISTER_EVENT",
    "REGISTRY_STATE",
    "REMEMBERED",
    "REPORT_FILE",
    "REPORT_ISSUE",
    "RESTATEMENT",
    "SEEN_KEY",
    "SEEN_POINT",
    "SERIES",
    "SETTLEMENT_RUN",
    "STATEMENT",
    "TABLE_OF",
    "VERSIONED",
    "natural_key",
    "type_of",
]
