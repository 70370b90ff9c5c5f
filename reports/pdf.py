"""The report as PDF/A-2b, set by typst from our template with a font that comes along.

No system font is looked at and no clock is read, so the same report gives the same bytes on
every machine; PDF/A refuses a text with a glyph that the font does not have.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

import pylopdf_fonts_zh_cn as fonts
import typst

from metering.errors import InvalidInput
from reports.layout import layout
from reports.model import MonthReport
from reports.seal import canonical

HERE: Final = Path(__file__).parent / "templates"
TEMPLATE: Final = HERE / "month.typ"


def to_pdf(report: MonthReport, language: str) -> bytes:
    """The PDF's bytes in `zh-CN` or `en`.

    Raises InvalidInput where a name holds a character the font cannot show.
    """
    try:
        return typst.compile(
            str(TEMPLATE),
            root=str(HERE),
            font_paths=_fonts(),
            sys_inputs={"report": canonical(layout(report, language)).decode()},
            format="pdf",
            pdf_standards="a-2b",
            timestamp=(report.as_of_us or report.end_us) // 1_000_000,
        )
    except typst.TypstError as error:
        if "glyph" not in error.message and "display" not in error.message:
            raise
        raise InvalidInput(
            f"a text of the report cannot be shown: {error.message}",
            field="name",
            fix="write the names of nodes and meters in Chinese or Latin letters",
        ) from error


def has_glyphs(text: str) -> bool:
    """Whether the fonts have every character of a text."""
    try:
        typst.compile(
            b'#set text(font: "Noto Sans SC", fallback: false)\n#sys.inputs.text',
            font_paths=_fonts(),
            sys_inputs={"text": text},
            format="pdf",
            pdf_standards="a-2b",
        )
    except typst.TypstError:
        return False
    return True


@lru_cache
def _fonts() -> typst.Fonts:
    """Noto Sans SC and Noto Serif SC (OFL) of the package, and no other font."""
    return typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[fonts.sans_path().parent],
    )


def faces() -> list[str]:
    """The font families a report can be set in."""
    return _fonts().families()
