"""Every text that people read, in all languages: one catalogue at the bottom of the house.

    zh_CN.po ──▶ catalogue ──┬─▶ text("report.title", language)       words of ours, by key
                             ├─▶ word("pattern", found, language)     a value, by its group
                             ├─▶ said("no such tag", language)        a sentence, by its English
                             └─▶ translations(language)               what gettext asks for

`languages` knows which languages there are and which one a person wants; nothing else does.
"""

from texts.catalogue import catalogue, named, own_meaning, text, translations, word
from texts.dates import day_of, month_of, short_weekday, weekday
from texts.languages import (
    ENGLISH,
    LANGUAGES,
    TAGS,
    accepted,
    both,
    code_of,
    language_of,
    negotiated,
    of_terminal,
    own,
    tag,
)
from texts.said import said, said_error

__all__ = [
    "ENGLISH",
    "LANGUAGES",
    "TAGS",
    "accepted",
    "both",
    "catalogue",
    "code_of",
    "day_of",
    "language_of",
    "month_of",
    "named",
    "negotiated",
    "of_terminal",
    "own",
    "own_meaning",
    "said",
    "said_error",
    "short_weekday",
    "tag",
    "text",
    "translations",
    "weekday",
    "word",
]
