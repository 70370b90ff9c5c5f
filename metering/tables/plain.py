"""Text of a cell in plain characters, and what says that nothing is there."""

from __future__ import annotations

import unicodedata
from typing import Final

MISSING: Final = frozenset(
    {"", "-", "--", "---", "—", "——", "/", "n/a", "#n/a", "na", "null", "none", "nan"}
    | {"无", "空", "无数据", "缺", "缺失"}
)
"""What people and programs write where there is no value, in small letters."""
_SIGNS = str.maketrans({"−": "-", "‐": "-", "–": "-", "\ufeff": None, "\u200b": None})


class TwoReadings(ValueError):
    """A text that may mean two things, such as 10/01/2026 or 1,234."""


def plain(text: str) -> str:
    """The text with full-width digits, letters and punctuation as their ASCII kin, every kind of
    blank as one space, and none around it."""
    if text.isascii():
        return text.strip()
    return unicodedata.normalize("NFKC", text).translate(_SIGNS).strip()


def is_missing(text: str) -> bool:
    """Whether a text, plain or not, says that there is no value."""
    return len(text) < 40 and plain(text).lower() in MISSING
