"""Reports: books become sealed files, PDF, XLSX, CSV and JSON.

Issues ──▶ month_report ──▶ MonthReport (sealed, without language) ──▶ pdf | xlsx | csv | json
   └──▶ what was told first is kept and told again
"""

from reports.differences import differences
from reports.formats import FORMATS, LANGUAGES, media_type, render
from reports.issues import Issued, Issues
from reports.model import MonthReport
from reports.month import month_report
from reports.seal import from_json, to_json
from reports.source import ReportSource

__all__ = [
    "FORMATS",
    "LANGUAGES",
    "Issued",
    "Issues",
    "MonthReport",
    "ReportSource",
    "differences",
    "from_json",
    "media_type",
    "month_report",
    "render",
    "to_json",
]
