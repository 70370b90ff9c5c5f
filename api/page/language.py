"""Which language a visitor reads, and the templates in it."""

from __future__ import annotations

from functools import lru_cache, partial
from pathlib import Path

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api.page.assets import way_to
from texts import LANGUAGES, accepted, negotiated, said, said_error, translations, word

HERE = Path(__file__).parent
COOKIE = "greenoffice_language"


@lru_cache
def environment(language: str) -> Environment:
    """Templates with the language's texts; everything is escaped, nothing may be undefined."""
    loaded = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    install = loaded.install_gettext_translations  # type: ignore[attr-defined]
    install(translations(language), newstyle=True)
    loaded.globals |= {
        "word": partial(word, language=language),
        "asset": way_to,
        "languages": [one for one in LANGUAGES.values() if one.code != language],
    }
    loaded.filters |= {
        "said": partial(said, language=language),
        "said_error": partial(said_error, language=language),
    }
    return loaded


def visitor_language(request: Request, default: str) -> str:
    """The visitor's choice, else the browser's first that we have, else the platform's."""
    wished = accepted(request.headers.get("accept-language", ""))
    chosen = request.cookies.get(COOKIE)
    return negotiated(chosen if chosen in LANGUAGES else None, *wished, default)


def N_(text: str) -> str:  # noqa: N802
    """Marks a text for translation where it is not yet shown."""
    return text
