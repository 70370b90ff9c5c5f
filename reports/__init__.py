"""Reports: books become sealed files, PDF, XLSX, CSV and JSON.

Issues ──▶ month_report ──▶ MonthReport (sealed, without language) ──▶ pdf | xlsx | csv | json
   └──▶ what was told first is kept and told again
"""

from reports.closings import Aftermath, Closings, DaySince, SumSince, issue_of, moment_of
from reports.differences import differences
from reports.formats import FORMATS, LANGUAGES, media_type, render
from reports.issues import Issued, Issues
from reports.model import MonthReport
from reports.month import month_report
from reports.revalued import ClosedSum, RegistryEdit, WorthSince, money_changes
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
    "RegistryEdit",
    "ReportSource",
    "Settlements",
    "SumSince",
    "WorthSince",
    "as_table",
    "differences",
    "from_json",
    "issue_of",
    "media_type",
    "moment_of",
    "money_changes",
    "month_report",
    "render",
    "to_json",
]
