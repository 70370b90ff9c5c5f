"""What was found in a model of others, before it is rows of the registry.

Turtle ──▶ brick_reading ────┐
                             ├─▶ ModelFound ──rows_of──▶ rows by table, each with its subject
JSON ────▶ haystack_reading ─┘      └─ passed over: what the registry has no place for

A model need not be ours. What is known and lacks what the registry needs is refused, with the
thing and the fix; the rest is passed over and told.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from metering.reading import Kind
from metering.registry.rows import CODE

_OTHER = re.compile(r"[^A-Za-z0-9._-]+")
_CHINESE = re.compile(r"[\u3400-\u9fff]")
MOST_CODE: Final = 64
_MARK: Final = 8


@dataclass(frozen=True)
class ModelNames:
    """What a thing is called in both languages."""

    zh: str = ""
    en: str = ""


@dataclass(frozen=True)
class FoundPlace:
    """A place or body; it belongs to `parents`, among which may be things that are none."""

    subject: str
    type: str
    parents: tuple[str, ...] = ()
    names: ModelNames = ModelNames()
    zone: str = ""
    area_m2: str = ""


@dataclass(frozen=True)
class FoundMeter:
    """A meter of the item, '' where the model does not say."""

    subject: str
    item: str
    measures: tuple[str, ...] = ()
    """What it is said to measure the whole of."""
    located: tuple[str, ...] = ()
    """Where it stands, or what it measures a part of."""
    fed_by: tuple[str, ...] = ()
    names: ModelNames = ModelNames()


@dataclass(frozen=True)
class FoundGateway:
    """A gateway of `SITE/CODE`."""

    subject: str
    user: str
    names: ModelNames = ModelNames()


@dataclass(frozen=True)
class FoundPoint:
    """A point of meters or places; `kind` is None where the model does not say what its values
    mean."""

    subject: str
    type: str
    """What the model calls it."""
    series: str
    """The id of its readings: `SITE/GATEWAY/POINT` of ours, anything of others."""
    kind: Kind | None
    unit: str
    of: tuple[str, ...] = ()
    role: str = ""
    direction: str = ""
    ratio: str = ""
    digits: str = ""
    ours: bool = False
    """Whether we wrote it: then it is taken whatever it serves."""


@dataclass(frozen=True)
class PassedOver:
    """A thing that the registry has no place for."""

    subject: str
    type: str
    lacks_unit: bool = False
    """Whether it would have one, had the model told the unit of its values."""

    def __str__(self) -> str:
        return f"{self.subject} ({self.type})"


@dataclass
class ModelFound:
    """All that a model holds."""

    places: list[FoundPlace] = field(default_factory=list)
    gateways: list[FoundGateway] = field(default_factory=list)
    meters: list[FoundMeter] = field(default_factory=list)
    points: list[FoundPoint] = field(default_factory=list)
    passed_over: list[PassedOver] = field(default_factory=list)
    within: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What things that are no places are part of or stand in: ways up to one that is."""
    local: dict[str, str] = field(default_factory=dict)
    """The last part of a subject's name, of which its code is made."""


def names_of(labels: Iterable[tuple[str, str]]) -> ModelNames:
    """The names out of (text, language) pairs; a text without a language is Chinese where it has a
    Chinese character."""
    found = {"zh": "", "en": ""}
    for text, language in sorted(labels):
        known = language[:2].lower() if language else ("zh" if _CHINESE.search(text) else "en")
        if known in found and not found[known]:
            found[known] = text
    return ModelNames(found["zh"], found["en"])


def codes_of(local: Mapping[str, str]) -> dict[str, str]:
    """A code for each subject: its local name, or what of it a code may have; with a mark of the
    whole subject where that would be the code of another, or hardly anything."""
    codes: dict[str, str] = {}
    plain = {subject: _plain(name) for subject, name in local.items()}
    counted: dict[str, int] = {}
    for code in plain.values():
        counted[code] = counted.get(code, 0) + 1
    for subject, code in plain.items():
        exact = code == local[subject] and counted[code] == 1
        codes[subject] = code if exact else _marked(code, subject, counted[code], local[subject])
    return codes


def _plain(name: str) -> str:
    if CODE.fullmatch(name) and name.strip("."):
        return name
    code = _OTHER.sub("-", name).strip("-")[:MOST_CODE]
    return code if CODE.fullmatch(code) and code.strip(".") else ""


def _marked(code: str, subject: str, twins: int, name: str) -> str:
    if code and twins == 1 and name.isascii() and len(name) <= MOST_CODE:
        return code
    mark = hashlib.sha256(subject.encode()).hexdigest()[:_MARK]
    return f"{code[: MOST_CODE - _MARK - 1]}-{mark}" if code else f"x-{mark}"
