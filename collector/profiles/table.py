"""The table of device profiles, and finding one by what people call a device."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from collector.profiles.elsys import ELSYS
from collector.profiles.profile import Profile

PROFILES: dict[str, Profile] = {**ELSYS}
"""By `vendor/model` in lower case."""

_WORDS_LOOKED_AT = 12


@lru_cache(maxsize=4096)
def find_profile(name: str) -> Profile | None:
    """The profile that a name means: `elsys/ers2-co2`, `ERS2_CO2`, `Elsys ERS2 CO2`, or a text that
    names a model with a digit in it among other words. The longest name counts; None where
    there is none, or where two vendors have a model of that name."""
    known = _known()
    words = [word for word in re.split(r"[^0-9a-z]+", name.lower()) if word][:_WORDS_LOOKED_AT]
    whole = known.get("".join(words))
    if whole is not None:
        return whole
    for run in _runs(words):
        if re.search(r"\d", run) and re.search(r"[a-z]", run) and run in known:
            return known[run]
    return None


def _runs(words: list[str]) -> Iterator[str]:
    """Neighbouring words as one, the longest first."""
    for length in range(len(words) - 1, 0, -1):
        for first in range(len(words) - length + 1):
            yield "".join(words[first : first + length])


@lru_cache(maxsize=1)
def _known() -> dict[str, Profile | None]:
    """By the letters and digits of a model, and of vendor and model; None where two differ."""
    found: dict[str, Profile | None] = {}
    for name, profile in PROFILES.items():
        vendor, _, model = name.partition("/")
        for key in {_plain(model), _plain(vendor + model)}:
            found[key] = profile if found.get(key, profile) is profile else None
    return found


def _plain(name: str) -> str:
    return re.sub(r"[^0-9a-z]+", "", name)
