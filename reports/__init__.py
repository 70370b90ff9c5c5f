"""Reports: books become sealed files, PDF, XLSX, CSV and JSON.

month_report ──▶ MonthReport (sealed, without language) ──▶ pdf | xlsx | csv | json
"""

from reports.formats import FORMATS, LANGUAGES, media_type, render
from reports.model import MonthReport
from reports.month import month_report
from reports.seal import from_json, to_json
from reports.source import Source

__all__ = [
    "FORMATS",
    "LANGUAGES",
    "MonthReport",
    "Source",
    "from_json",
    "media_type",
    "month_report",
    "render",
    "to_json",
]
