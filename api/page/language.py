"""Which language a visitor reads, and the texts in it.

The English text is the message id; `locale/zh_CN` holds the Chinese. Catalogs are compiled
when they are loaded, so that only the readable .po file is kept.
"""

from __future__ import annotations

from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined

HERE = Path(__file__).parent
LANGUAGES = {"zh": "zh-CN", "en": "en"}
COOKIE = "greenoffice_language"


@lru_cache
def translations(language: str) -> NullTranslations:
    """The catalog of `zh` or `en`."""
    if language != "zh":
        return NullTranslations()
    compiled = BytesIO()
    with (HERE / "locale/zh_CN/LC_MESSAGES/messages.po").open("rb") as file:
        write_mo(compiled, read_po(file))
    compiled.seek(0)
    return GNUTranslations(compiled)


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
    return loaded


def language_of(request: Request, default: str) -> str:
    """The visitor's choice, else the browser's first that we have, else the platform's."""
    chosen = request.cookies.get(COOKIE)
    if chosen in LANGUAGES:
        return chosen
    for part in request.headers.get("accept-language", "").split(","):
        wanted = part.split(";")[0].strip().lower()[:2]
        if wanted in LANGUAGES:
            return wanted
    return default if default in LANGUAGES else "zh"
