"""The formats in which a report can be had."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Final

from metering.errors import InvalidInput
from metering.extras import extra
from metering.factor import Bases
from reports.changes import changes
from reports.details import Details
from reports.model import MonthReport
from reports.seal import to_json
from reports.table import to_csv
from reports.words import LANGUAGES


def _pdf(report: MonthReport, language: str) -> bytes:
    with extra("reports"):
        from reports.pdf import to_pdf

    return to_pdf(report, language)


def _xlsx(report: MonthReport, language: str) -> bytes:
    with extra("reports"):
        from reports.xlsx import to_xlsx

    return to_xlsx(report, language)


def _csv(report: MonthReport, language: str) -> bytes:
    tables = Details(report, language)
    return to_csv(
        [
            tables.nodes(),
            tables.daily(),
            *tables.sub_items(),
            tables.costs(),
            *tables.tariffs(),
            *([tables.ratios()] if report.ratios else []),
            tables.bases(),
            *([tables.issue()] if report.issue else []),
            *([changes(report, language)] if report.issue > 1 else []),
        ]
    )


def _json(report: MonthReport, language: str) -> bytes:  # noqa: ARG001
    return to_json(report)


FORMATS: Final[dict[str, Callable[[MonthReport, str], bytes]]] = {
    "pdf": _pdf,
    "xlsx": _xlsx,
    "csv": _csv,
    "json": _json,
}
_MEDIA: Final = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
}


def render(report: MonthReport, language: str, format: str) -> bytes:
    """The report as a file; the same report gives the same bytes.

    `language` is zh-CN or en (json has none), `format` pdf, xlsx, csv or json. PDF and XLSX need
    the extra `reports`; ConfigurationError without it.
    """
    return FORMATS[check_format(format)](report, language)


def file_name(institution: str, month: str, bases: Bases, format: str) -> str:
    """How the file of a report is called; bases that are not the usual ones stand in its name."""
    told = "".join(f"-{name}-{value}" for name, value in bases.unusual)
    return f"{institution}-{month}{told}.{format}"


def can_be_set(text: str) -> bool:
    """Whether a PDF can show every character of a text; True where no PDF can be made."""
    if find_spec("typst") is None or find_spec("pylopdf_fonts_zh_cn") is None:
        return True
    from reports.pdf import has_glyphs

    return has_glyphs(text)


def check_format(format: str) -> str:
    """The format itself, if a report can be had in it; InvalidInput otherwise."""
    if format not in FORMATS:
        raise InvalidInput(
            "no such format", field="format", value=format, fix=f"one of: {', '.join(FORMATS)}"
        )
    return format


def media_type(format: str) -> str:
    """The MIME type of a format."""
    return _MEDIA[check_format(format)]


__all__ = ["FORMATS", "LANGUAGES", "check_format", "file_name", "media_type", "render"]
