"""The languages there are, and which of them a person wants."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Language:
    """A language in the spellings that others ask for."""

    code: str
    """How names and tags end: `name_zh`, `node_en`."""
    tag: str
    """BCP 47, as in HTML and in settings."""
    locale: str
    """As dates are formatted."""
    region: str
    """Whose typography a printed page follows."""
    own_name: str


ENGLISH: Final = "en"
"""The language that code, journal and log are written in."""

_KNOWN = (
    Language("zh", "zh-CN", "zh_CN", "CN", "中文"),
    Language("en", "en", "en", "GB", "English"),
)
LANGUAGES: Final[Mapping[str, Language]] = {one.code: one for one in _KNOWN}
"""All languages by code, the first one where nobody has a wish."""

TAGS: Final = tuple(one.tag for one in _KNOWN)
"""How settings, reports and boards name them."""


def language_of(wanted: str | None) -> str | None:
    """The code of a tag or locale such as zh, zh-CN, zh_CN.UTF-8 or en-GB; None for others."""
    found = re.split(r"[-_.@]", (wanted or "").strip().lower(), maxsplit=1)[0]
    return found if found in LANGUAGES else None


def code_of(language: str) -> str:
    """The code of a tag or locale, English of one that is none of ours."""
    return language_of(language) or ENGLISH


def negotiated(*wanted: str | None) -> str:
    """The code of the first wish that can be met, else of the first language there is."""
    return next((found for one in wanted if (found := language_of(one))), next(iter(LANGUAGES)))


def accepted(header: str) -> list[str]:
    """The languages of an Accept-Language header, as they stand in it."""
    return [part.split(";")[0] for part in header.split(",")]


def of_terminal(environment: Mapping[str, str]) -> str:
    """Of a command line, by LC_ALL, LC_MESSAGES or LANG, whichever is set first; else English."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    said = next((environment[name] for name in names if environment.get(name)), None)
    return language_of(said) or ENGLISH


def own(language: str, **told: T) -> T:
    """Which of what is told in every language, `own(language, en=..., zh=...)`; English where
    the language is none of ours."""
    return told[code_of(language)]


def both(make: Callable[[str], T], codes: Iterable[str] = LANGUAGES) -> dict[str, T]:
    """A value for every language, by its code."""
    return {code: make(code) for code in codes}


def tag(language: str) -> str:
    """The tag of a language, English of one that is none of ours."""
    return LANGUAGES[code_of(language)].tag
