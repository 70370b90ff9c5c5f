"""The words of a report: its headings for the template, and why a day was restated."""

from __future__ import annotations

from typing import Final

from metering.errors import InvalidInput
from texts import TAGS, catalogue, code_of, text, word

LANGUAGES: Final = TAGS
_GROUP: Final = "report."


def check_language(language: str) -> str:
    """The language itself, if a report can be had in it; InvalidInput otherwise."""
    if language not in LANGUAGES:
        raise InvalidInput(
            "no such language",
            field="language",
            value=language,
            fix=f"one of: {', '.join(LANGUAGES)}",
        )
    return language


def headings(language: str) -> dict[str, str]:
    """What the template sets, by the key without its group."""
    words = catalogue().words[code_of(language)]
    found = {key.removeprefix(_GROUP): words[key] for key in words if key.startswith(_GROUP)}
    before, after = text("report.page_number", language).split("%d")
    return {**found, "page": before.strip(), "page_end": after.strip()}


def restated(cause: str, language: str) -> str:
    """Why a day was restated, in words; a change of the registry with its version, such as
    `registry 12`, other rules with both of theirs, such as `rules 1 to 2`. Several causes come
    with a comma between them."""
    return ", ".join(_restated(one, language) for one in cause.split(", "))


def _restated(cause: str, language: str) -> str:
    match cause.split(" "):
        case ["registry", version] if version.isdigit():
            return text("restated.registry_version", language, version=version)
        case ["rules", old, "to", new]:
            return text("restated.rules_version", language, old=old, new=new)
    return word("restated", cause, language)
