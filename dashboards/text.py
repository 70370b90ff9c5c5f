"""Words of the boards in English and Chinese, side by side."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Text:
    """One text in both languages."""

    en: str
    zh: str

    def of(self, language: str) -> str:
        """The text in `zh-CN` or, for anything else, in English."""
        return self.zh if language.startswith("zh") else self.en


def suffix(language: str) -> str:
    """How tags of names end in the language: `node_zh`, `node_en`."""
    return "zh" if language.startswith("zh") else "en"
