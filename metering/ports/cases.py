"""Cases of waste and the baselines they are judged by."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from metering.baseline import BaselineProgress, BaselineRequest, BaselineVersion
from metering.finding import Case, CaseState, Changes, Finding


class CaseReader(Protocol):
    """Cases and the findings by which they were told."""

    def history(self, number: int) -> list[Finding]:
        """The findings by which a case was told, oldest first; the last is its evidence."""
        ...

    def list(
        self,
        institutions: frozenset[str] | None,
        *,
        nodes: frozenset[str] | None = None,
        state: str | None = None,
        pattern: str | None = None,
        between_us: tuple[int, int] | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> list[Case]:
        """Costliest (then largest, then oldest) first; `between_us` keeps those that overlap
        [start, end), `after` is the id of the last one seen."""
        ...

    def get(self, id: str) -> Case:
        """The case of a number, or of the name it had before; NotFound where there is none."""
        ...


class FindingStore(CaseReader, Protocol):
    """Cases and the findings by which they were told. Nothing is ever deleted."""

    def record(self, changes: Changes, *, now_us: int) -> None:
        """Open, grow and close cases in one transaction.

        A case keeps one finding a local day: a later one of the same day takes its place. One
        that people settled meanwhile is neither grown nor closed.
        """
        ...

    def known(self, institution: str, since_us: int) -> list[Case]:
        """Cases that stand, and those that end after an instant, by number."""
        ...

    def set_state(self, id: str, state: CaseState, *, by: str, note: str, now_us: int) -> Case:
        """What people say of it; NotFound where there is none."""
        ...


class BaselineReader(Protocol):
    """Versions of baselines, and what people asked of them."""

    def versions(self, meters: Collection[str], *, models: bool = True) -> list[BaselineVersion]:
        """All versions of the meters, sorted by meter and number; with an empty model where only
        the facts are asked for."""
        ...

    def requests(self, meters: Collection[str]) -> list[BaselineRequest]:
        """All requests ever made for the meters, oldest first."""
        ...

    def progress(self, meters: Collection[str]) -> list[BaselineProgress]:
        """What was noted last of each of the meters, by meter."""
        ...


class BaselineStore(BaselineReader, Protocol):
    """Versions of baselines. A frozen one is never changed, and none is ever deleted."""

    def keep(self, versions: Sequence[BaselineVersion]) -> None:
        """Keep all of them in one transaction. Each follows the last one of its meter, or takes its
        place where both are of the same local day; Conflict otherwise, and nothing is kept."""
        ...

    def ask(self, request: BaselineRequest) -> BaselineRequest:
        """Keep a person's request, with the number it is given."""
        ...

    def note(self, progress: Sequence[BaselineProgress]) -> None:
        """How much history meters have; what was noted of them before is replaced."""
        ...
