"""Reports: books become sealed files, PDF, XLSX, CSV and JSON.

Issues ──▶ month_report ──▶ MonthReport (sealed, without language) ──▶ pdf | xlsx | csv | json
   └──▶ what was told first is kept and told again
"""

from reports.closings import Aftermath, ClosedSum, Closings, DaySince, SumSince, issue_of, moment_of
from reports.differences import differences
from reports.formats import FORMATS, LANGUAGES, media_type, render
from reports.issues import Issued, Issues
from reports.model import MonthReport
from reports.month import month_report
from reports.seal import from_json, to_json
from reports.settlements import Settlements, as_table
from reports.source import ReportSource

__all__ = [
    "FORMATS",
    "LANGUAGES",
    "Aftermath",
    "ClosedSum",
    "Closings",
    "DaySince",
    "Issued",
    "Issues",
    "MonthReport",
    "ReportSource",
    "Settlements",
    "SumSince",
    "as_table",
    "differences",
    "from_json",
    "issue_of",
    "media_type",
    "moment_of",
    "month_report",
    "render",
    "to_json",
]
