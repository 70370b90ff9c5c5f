"""Sentences of errors, dead letters and the command line, told in another language.

They are made in English where something happens, with the numbers of the case in them, and
are kept so in stores. Whoever shows them finds the sentence again by its fixed words:

    said("more than 10 minutes after its arrival at 08:15", "zh")
        entry  more than {0} minutes after its arrival at {1}
        ──▶    比到达时间 08:15 晚了超过 10 分钟
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Mapping
from functools import lru_cache

from texts.catalogue import TRANSLATED, catalogue
from texts.languages import ENGLISH, code_of

PLACE = re.compile(r"\{(\d+)\}")
_ERROR = re.compile(
    r"(?P<message>.*?)(?P<where> \([\w.\[\]/-]+(?: = .*?)?\))?(?: - (?P<fix>.*))?", re.S
)
"""How an error reads on one line: message (field = value) - fix."""

FEW_WORDS = 3
ERRNO_NAMES = (
    *("EACCES", "EADDRINUSE", "EADDRNOTAVAIL", "EBUSY", "ECONNABORTED", "ECONNREFUSED"),
    *("ECONNRESET", "EDQUOT", "EEXIST", "EHOSTUNREACH", "EIO", "EISDIR"),
    *("EMFILE", "ENAMETOOLONG", "ENETUNREACH", "ENFILE", "ENOENT", "ENOSPC"),
    *("ENOTDIR", "ENOTEMPTY", "EPERM", "EPIPE", "EROFS", "ETIMEDOUT"),
)
"""Errors of the operating system that people meet; each has its words, `errno`."""
_ERRNO_LINES = {"[Errno {0}] {1}": "{1}", "[Errno {0}] {1}: {2}": "{1}: {2}"}
"""How Python writes an OSError."""


class Sentences:
    """English sentences with places, and how to say them."""

    def __init__(self, sentences: Mapping[str, str]) -> None:
        self._whole = {one: told for one, told in sentences.items() if not PLACE.search(one)}
        shaped = sorted((one for one in sentences if PLACE.search(one)), key=_fixed, reverse=True)
        self._shaped = [(_shape(one), _order(one), sentences[one]) for one in shaped]

    def of(self, english: str) -> str | None:
        """The sentence in the other language, and those that stand in its places; None where it
        is not known. Of several that fit the one with the most words of its own counts."""
        if english in self._whole:
            return self._whole[english]
        for shape, order, told in self._shaped:
            if found := shape.fullmatch(english):
                told_too = (self.of(one) or one for one in found.groups())
                return _filled(told, dict(zip(order, told_too, strict=True)))
        return None


def _filled(sentence: str, values: Mapping[str, str]) -> str:
    return PLACE.sub(lambda place: values[place[1]], sentence)


def _fixed(sentence: str) -> int:
    """How many characters of a sentence are its own."""
    return len(PLACE.sub("", sentence))


def _shape(sentence: str) -> re.Pattern[str]:
    """What the sentence looks like once its places are filled. One that begins with a place and
    has hardly a word of its own, such as `{0} to {1}`, is only told from others where no place
    holds a blank."""
    fixed = PLACE.split(sentence)[::2]
    weak = not fixed[0] and len(" ".join(fixed).split()) < FEW_WORDS
    return re.compile((r"(\S+)" if weak else "(.*?)").join(map(re.escape, fixed)), re.DOTALL)


def _order(sentence: str) -> list[str]:
    return PLACE.findall(sentence)


@lru_cache
def _sentences() -> Sentences:
    return Sentences({**_ERRNO_LINES, **_of_system(), **catalogue().sentences})


def _of_system() -> dict[str, str]:
    """What the operating system says, which is in no code of ours."""
    words = catalogue().words[TRANSLATED]
    return {
        os.strerror(getattr(errno, name)): words[f"errno.{name.lower()}"] for name in ERRNO_NAMES
    }


@lru_cache(maxsize=4096)
def _translated(english: str) -> str | None:
    return _sentences().of(english)


def said(english: str, language: str) -> str:
    """A sentence in the language; as it stands in English, or where the catalogue has none,
    such as the words of a database or of a person."""
    if code_of(language) == ENGLISH or not english:
        return english
    found = _translated(english)
    return english if found is None else found


def said_error(line: str, language: str) -> str:
    """An error on one line, `message (field = value) - fix`, told part by part."""
    found = _ERROR.fullmatch(line)
    message = line if found is None else said(found["message"], language)
    # A message that ends with a place, such as `unknown {0}`, would fit the whole line too.
    told = found is not None and found["where"] and message != found["message"]
    whole = line if told else said(line, language)
    if whole != line or found is None:
        return whole
    fix = "" if found["fix"] is None else f" - {said(found['fix'], language)}"
    return f"{message}{found['where'] or ''}{fix}"
