"""The table of device profiles, and finding one by what people call a device."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from collector.profiles.adeunis import ADEUNIS
from collector.profiles.axioma import AXIOMA
from collector.profiles.browan import BROWAN
from collector.profiles.bus_modules import BUS_MODULES
from collector.profiles.cayenne import CAYENNE
from collector.profiles.decentlab import DECENTLAB
from collector.profiles.dragino import DRAGINO
from collector.profiles.elsys import ELSYS
from collector.profiles.enginko import ENGINKO
from collector.profiles.mclimate import MCLIMATE
from collector.profiles.milesight import MILESIGHT
from collector.profiles.netvox import NETVOX
from collector.profiles.parking import PARKING
from collector.profiles.profile import Profile
from collector.profiles.sensiedge import SENSIEDGE
from collector.profiles.tektelic import TEKTELIC
from collector.profiles.yobiiq import YOBIIQ

PROFILES: dict[str, Profile] = {
    **ADEUNIS,
    **AXIOMA,
    **BROWAN,
    **BUS_MODULES,
    **CAYENNE,
    **DECENTLAB,
    **DRAGINO,
    **ELSYS,
    **ENGINKO,
    **MCLIMATE,
    **MILESIGHT,
    **NETVOX,
    **PARKING,
    **SENSIEDGE,
    **TEKTELIC,
    **YOBIIQ,
}
"""By `vendor/model` in lower case; `vendor/generic` where one format serves all its models."""

_WORDS_LOOKED_AT = 12
_GENERIC = "generic"


@lru_cache(maxsize=4096)
def find_profile(name: str) -> Profile | None:
    """The profile that a name means: `elsys/ers2-co2`, `ERS2_CO2`, `Elsys ERS2 CO2`, or a text
    that names among other words a model with a digit in it, a vendor with its model, or a vendor
    with one format. The longest counts; None where there is none, or where two vendors have a
    model of that name."""
    known, telling = _known()
    words = [word for word in re.split(r"[^0-9a-z]+", name.lower()) if word][:_WORDS_LOOKED_AT]
    whole = known.get("".join(words))
    if whole is not None:
        return whole
    return next((known[run] for run in _runs(words) if run in telling), None)


def _runs(words: list[str]) -> Iterator[str]:
    """Neighbouring words as one, the longest first."""
    for length in range(len(words) - 1, 0, -1):
        for first in range(len(words) - length + 1):
            yield "".join(words[first : first + length])


@lru_cache(maxsize=1)
def _known() -> tuple[dict[str, Profile | None], frozenset[str]]:
    """By the letters and digits of a model, and of vendor and model; None where two differ. And
    which of these tell a device among other words: `comfort` may be said of anything."""
    found: dict[str, Profile | None] = {}
    telling: set[str] = set()
    for name, profile in PROFILES.items():
        vendor, _, model = name.partition("/")
        keys = {_plain(vendor)} if model == _GENERIC else {_plain(model), _plain(vendor + model)}
        for key in keys:
            found[key] = profile if found.get(key, profile) is profile else None
            both = re.search(r"\d", key) and re.search(r"[a-z]", key)
            if both or key.startswith(_plain(vendor)):
                telling.add(key)
    return found, frozenset(telling)


def _plain(name: str) -> str:
    return re.sub(r"[^0-9a-z]+", "", name)
