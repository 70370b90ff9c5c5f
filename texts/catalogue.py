"""The catalogue: `zh_CN.po`, compiled when it is first asked.

An entry with a context is a word of ours: the context is its key (`report.title`,
`pattern.weekend_run`), the message id its English, the string its Chinese. An entry without
one is a sentence, known by its English; `{0}`, `{1}` are places for what is computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from texts.languages import ENGLISH, code_of

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

FILE = Path(__file__).with_name("zh_CN.po")
TRANSLATED = "zh"
"""The language of the file's strings; their ids are English."""


@dataclass(frozen=True)
class Catalogue:
    """All texts, compiled."""

    words: Mapping[str, Mapping[str, str]]
    """By language, then by key."""
    sentences: Mapping[str, str]
    """Translated, by English."""
    gettext: Mapping[str, NullTranslations]
    """By language, for templates and plural forms."""


@lru_cache
def catalogue() -> Catalogue:
    """The catalogue of the committed file."""
    from babel.messages.pofile import read_po  # loaded by who speaks, not by who might

    with FILE.open("rb") as file:
        return compiled(read_po(file))


def compiled(found: Catalog) -> Catalogue:
    """A catalogue of the entries of a .po file."""
    from babel.messages.mofile import write_mo

    entries = [one for one in found if one.id]
    words = {str(one.context): one for one in entries if one.context}
    plain = [one for one in entries if not one.context and isinstance(one.id, str)]
    machine = BytesIO()
    write_mo(machine, found)
    machine.seek(0)
    return Catalogue(
        words={
            ENGLISH: {key: str(one.id) for key, one in words.items()},
            TRANSLATED: {key: str(one.string) for key, one in words.items()},
        },
        sentences={str(one.id): str(one.string) for one in plain},
        gettext={ENGLISH: NullTranslations(), TRANSLATED: GNUTranslations(machine)},
    )


def translations(language: str) -> NullTranslations:
    """What gettext and templates ask, for a language."""
    return catalogue().gettext[code_of(language)]


def text(key: str, language: str, **values: Any) -> str:
    """The text of a key, its {places} filled; KeyError where there is none: keys are our own."""
    found = catalogue().words[code_of(language)][key]
    return found.format(**values) if values else found


def named(group: str, value: str, kind: str, language: str) -> str:
    """The text of `group.value.kind`, or else of `group.value`, as `word` gives it."""
    found = catalogue().words[code_of(language)].get(f"{group}.{value}.{kind}")
    return word(group, value, language) if found is None else found


def own_meaning(table: str, column: str, language: str) -> str:
    """What a column of the registry means in this table, where that is another than elsewhere;
    '' where it is not. `table` is its file without the ending."""
    return catalogue().words[code_of(language)].get(f"column.{column}.{table}", "")


def word(group: str, value: str, language: str) -> str:
    """The text of `group.value`; a value from outside without one reads as its own words."""
    found = catalogue().words[code_of(language)].get(f"{group}.{value}")
    return value.replace("_", " ") if found is None else found
