"""What people write: names, notes and reasons."""

from __future__ import annotations

import unicodedata

from metering.errors import InvalidInput

MOST = 2_000
"""Characters of a note or a reason."""
_BREAKS = frozenset("\n\r\t")


def worded(text: str, field: str, most: int = MOST, *, line: bool = False) -> str:
    """The text without blanks around it; InvalidInput where it is longer than `most` characters or
    holds control characters. Breaks and tabs may be in it unless it is one line."""
    found = text.strip()
    if len(found) > most:
        raise InvalidInput(
            f"longer than {most} characters", field=field, value=found[:40], fix="say it in fewer"
        )
    allowed = frozenset[str]() if line else _BREAKS
    if any(unicodedata.category(c) in ("Cc", "Cs") and c not in allowed for c in found):
        raise InvalidInput(
            "control characters are in it",
            field=field,
            value=ascii(found[:40]),
            fix="take them out",
        )
    return found
