"""Reports: books become sealed files, PDF, XLSX, CSV and JSON.

Issues ──▶ month_report ──▶ MonthReport (sealed, without language) ──▶ pdf | xlsx | csv | json
   └──▶ what was told first is kept and told again
bills ──▶ csv | xlsx, made when asked for and not kept
"""

from reports.bills import (
    BILL_FORMATS,
    BILL_HEADER,
    BilledPlace,
    bill_file,
    bills_csv,
    check_bill_format,
    cos_phi,
    demand_moment,
    line_label,
    source_said,
)
from reports.closings import Aftermath, Closings, DaySince, SumSince, issue_of, moment_of
from reports.differences import differences
from reports.formats import FORMATS, LANGUAGES, file_name, media_type, render
from reports.issues import Issued, Issues
from reports.model import MonthReport
from reports.month import month_report
from reports.revalued import ClosedSum, RegistryEdit, WorthSince, money_changes
from reports.seal import from_json, to_json
from reports.settlements import Settlements, as_table
from reports.source import ReportSource

__all__ = [
    "BILL_FORMATS",
    "BILL_HEADER",
    "FORMATS",
    "LANGUAGES",
    "Aftermath",
    "BilledPlace",
    "ClosedSum",
    "Closings",
    "DaySince",
    "Issued",
    "Issues",
    "MonthReport",
    "RegistryEdit",
    "ReportSource",
    "Settlements",
    "SumSince",
    "WorthSince",
    "as_table",
    "bill_file",
    "bills_csv",
    "check_bill_format",
    "cos_phi",
    "demand_moment",
    "differences",
    "file_name",
    "from_json",
    "issue_of",
    "line_label",
    "media_type",
    "moment_of",
    "money_changes",
    "month_report",
    "render",
    "source_said",
    "to_json",
]
