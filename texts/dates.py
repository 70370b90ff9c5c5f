"""Days and months by their names."""

from __future__ import annotations

from datetime import date

from texts.languages import LANGUAGES, code_of


def _locale(language: str) -> str:
    return LANGUAGES[code_of(language)].locale


def month_of(day: date, language: str) -> str:
    """The day's month with its year: October 2026, 2026年10月."""
    from babel.dates import format_skeleton

    return format_skeleton("yMMMM", day, locale=_locale(language))


def weekday(day: date, language: str) -> str:
    """The day's name: Tuesday, 星期二."""
    from babel.dates import format_date

    return format_date(day, "EEEE", locale=_locale(language))


def short_weekday(day: date, language: str) -> str:
    """The day's short name: Tue, 周二."""
    from babel.dates import format_date

    return format_date(day, "EEE", locale=_locale(language))


def day_of(day: date, language: str, *, year: bool) -> str:
    """The day and its month, with or without its year: 3 March, 3月3日."""
    from babel.dates import format_skeleton

    return format_skeleton("yMMMMd" if year else "MMMMd", day, locale=_locale(language))
