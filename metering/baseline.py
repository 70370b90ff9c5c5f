"""Baselines as they are kept: by version, and frozen.

    version 1                    version 2                version 3
    ├─ history ─┤◀ judges ───────┤◀ judges ───────────────┤◀ judges ──▶
    day 1       day 14           day 28                   day 92

What a version has learned is opaque here; its name is a hash of that. Analytics makes and reads it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from metering.errors import Conflict
from metering.items import FOLLOWS

LEAST_DAYS: Final = 14
"""Days of history before which nobody is accused: a meter is not checked until then."""
THRESHOLDS: Final = (28, 92, 365)
"""Days of history at which a baseline is made anew."""
YEAR_DAYS: Final = 360
"""Likewise of what the weather makes run, a year but for a few days that were not known: a season
that was never seen is no waste."""
CHECKED: Final = ("01", *FOLLOWS)
"""Categories in which waste is looked for."""
FIRST: Final = "first"
BOOKS_CHANGED: Final = "books changed"


def is_checked(item: str) -> bool:
    """Whether waste is looked for in an item: electricity, and what the weather makes run."""
    return item.startswith(CHECKED)


def least_days(item: str) -> int:
    """Days of history before which nobody is accused, by what the meter measures."""
    return YEAR_DAYS if item.startswith(tuple(FOLLOWS)) else LEAST_DAYS


def threshold_reason(days: int) -> str:
    """The reason of a version that a length of history brings."""
    return f"{days} days"


@dataclass(frozen=True)
class BaselineVersion:
    """One version of a meter's baseline. Frozen once the local day on which it was made is over."""

    institution: str
    meter: str
    number: int
    """1, 2, 3 ... of the meter."""
    made_us: int
    day: date
    """Local day on which it was made: it judges hours from then on."""
    first_day: date
    """First local day whose hours it was fitted on."""
    last_day: date
    days: int
    """Days of history on which it was made: those with at least twelve trusted hours."""
    rung: int
    """How finely it resolves the week: 0, 1 or 2."""
    error: float | None
    """CV(RMSE), the error over the hours fitted as a share of their mean; None where unknown."""
    settings: str
    """Hash of the choices of the fit."""
    reason: str
    """`first`, `28 days`, `92 days`, `365 days`, `books changed`, or a person's words."""
    revision: int
    """Of the institution's books."""
    left_out: int
    """Hours that were not fitted: those of cases, and the evening whose night is not over."""
    inputs: str
    """Hash of the hours, weather and calendar that it was made of."""
    model: bytes
    """What it has learned; empty where only the facts were asked for."""
    id: str = ""
    """Hash of what it has learned."""
    actor: str = ""
    """Who asked for it; '' where the platform made it by itself."""
    asked: int = 0
    """Number of the request that it answers; 0 where there was none."""

    def __post_init__(self) -> None:
        if not self.id:
            object.__setattr__(self, "id", _hash(self.model))

    @property
    def name(self) -> str:
        """What findings call it: number and hash."""
        return f"{self.number}-{self.id}"

    @property
    def whole(self) -> bool:
        """Whether what it has learned is still what its hash says."""
        return _hash(self.model) == self.id


@dataclass(frozen=True)
class BaselineRequest:
    """A person's reason to fit a meter anew on the hours from a day on."""

    institution: str
    meter: str
    from_day: date
    reason: str
    actor: str
    at_us: int
    number: int = 0
    """Rising over the platform; 0 before the store has given one."""


@dataclass(frozen=True)
class BaselineProgress:
    """How much history a meter without a baseline has."""

    institution: str
    meter: str
    days: int
    day: date
    """Local day of the look that counted them."""

    def ready(self, least: int) -> date:
        """The day from which on so many days are known, if its hours keep coming."""
        return self.day + timedelta(days=max(least - self.days, 0))


def open_requests(
    requests: Collection[BaselineRequest], versions: Collection[BaselineVersion]
) -> dict[str, BaselineRequest]:
    """Meter -> its latest request, where no version has answered that yet."""
    answered: dict[str, int] = {}
    for version in versions:
        answered[version.meter] = max(answered.get(version.meter, 0), version.asked)
    latest: dict[str, BaselineRequest] = {}
    for request in sorted(requests, key=lambda one: one.number):
        if request.number > answered.get(request.meter, 0):
            latest[request.meter] = request
    return latest


def check_turn(new: BaselineVersion, last: BaselineVersion | None) -> None:
    """Conflict unless a version follows the last one of its meter, or takes the place of one that
    was made on the same local day and is not frozen yet."""
    if last is None and new.number == 1:
        return
    if last is not None and (
        new.number == last.number + 1 or (new.number == last.number and new.day == last.day)
    ):
        return
    raise Conflict(
        "a version of a baseline follows the one before it, and frozen ones stay",
        field="version",
        value=f"{new.meter} {new.number}",
        fix=f"read the versions again; the last one is {0 if last is None else last.number}",
    )


def _hash(model: bytes) -> str:
    return hashlib.sha256(model).hexdigest()[:12]
