"""What a worker is told and what it tells: names and numbers, small whatever the readings are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version

from ledger import rules
from metering.errors import ConfigurationError
from storage.sql.owning import LentDuties


def own_version() -> str:
    """By what a worker computes: the release, and the rules of booking."""
    return f"{version('greenoffice')}, rules {rules.RULES_VERSION}"


@dataclass(frozen=True)
class Order:
    """One lot of a command."""

    data: str
    """The data folder, the same path on every machine."""
    institutions: tuple[str, ...]
    at_us: int
    """The instant that all lots take for now [us]."""
    lent: LentDuties | None = None
    """The duties of who asks, without which nothing is written."""
    version: str = field(default_factory=own_version)

    def check(self) -> None:
        """ConfigurationError where this process computes by something else than who asks."""
        if self.version != (own := own_version()):
            raise ConfigurationError(
                "a worker has another version than who asks it",
                field="version",
                value=own,
                fix=f"install {self.version} on every machine of the cluster",
            )


@dataclass(frozen=True)
class RebuildOrder(Order):
    """A part of a rebuild."""

    began: Mapping[str, int] = field(default_factory=dict)
    """The revision of each institution before the rebuild."""
    whole: bool = False


@dataclass(frozen=True)
class CloseOrder(Order):
    """Closings of a period, one for each institution."""

    period: str = ""
    reason: str = ""


@dataclass(frozen=True)
class LookOrder(Order):
    """Looks for waste at all sites of the institutions."""


@dataclass(frozen=True)
class RebuiltLot:
    """What a part of a rebuild did."""

    rows: int
    differing: int
    kept: int


@dataclass(frozen=True)
class ClosedOne:
    """What became of one institution's period."""

    institution: str
    line: str = ""
    """The closing as it is printed; '' where there is none."""
    closing: str = ""
    reason: str = ""
    """Of the closing."""
    issues: tuple[tuple[int, str, str], ...] = ()
    """(instant [us], name, reason) of each issue of a report that this command made."""
    new: bool = False
    """Whether this command made the closing."""
    refused: str = ""
    """Why it could not be closed."""


@dataclass(frozen=True)
class SeenLot:
    """What looks at some sites found."""

    sites: int
    findings: int
    failed: tuple[tuple[str, str], ...] = ()
    """Sites that could not be looked at, each with why."""
