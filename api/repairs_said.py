"""What a check and a repair say to a person, in a language."""

from __future__ import annotations

from api.usecases.repairs import Repair
from texts import said_error, text, word

_WORDS = {"medium": "item", "reason": "reason", "refusal": "mqtt"}
"""Values that have words of their own -> their group."""


def title(check: str, language: str) -> str:
    """What a check looks for."""
    return word("check", check, language)


def sentence(check: str, repair: Repair, language: str) -> str:
    """What it found, with its own numbers."""
    said = {name: _in_words(name, value, language) for name, value in repair.said.items()}
    return text(f"repair.{check}", language, **said)


def _in_words(name: str, value: object, language: str) -> object:
    """A value as a person reads it; an error is kept in English where it happened."""
    if name in _WORDS:
        return word(_WORDS[name], str(value), language)
    return said_error(str(value), language) if name == "error" else value


def next_step(check: str, repair: Repair, language: str) -> str:
    """What a person does about it."""
    return text(f"repair_fix.{check}", language, **repair.said)
