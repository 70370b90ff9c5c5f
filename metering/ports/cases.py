"""Cases of waste and the baselines they are judged by."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from metering.alerting import Opening
from metering.baseline import BaselineProgress, BaselineRequest, BaselineVersion
from metering.case_life import CaseAct, CaseDeed, CaseEvent
from metering.day_mark import DayMark, MarkPlace
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
        snoozed: bool | None = None,
        wastes: bool | None = None,
        numbers: frozenset[int] | None = None,
        changed_us: int | None = None,
        now_us: int = 0,
        after: str | None = None,
        limit: int = 100,
    ) -> list[Case]:
        """In the order of `case_worth.order_of` at an instant [us]; at 0 as though all had just
        begun. `between_us` keeps those that overlap [start, end), `snoozed` those that are put off
        then, or that are not, `wastes` those that waste, or meter faults, `numbers` these,
        `changed_us` those that were opened or given another state from an instant on; `after` is
        the id of the last one seen."""
        ...

    def openings(self, institutions: frozenset[str]) -> Sequence[Opening]:
        """What was known of each case of the institutions when it was opened, in any order; place
        and institution are those that the case has now."""
        ...

    def get(self, id: str) -> Case:
        """The case of a number, or of the name it had before; NotFound where there is none."""
        ...

    def events(self, number: int) -> Sequence[CaseEvent]:
        """All that was done with a case, in order."""
        ...

    def day_marks(
        self,
        institutions: frozenset[str] | None,
        *,
        now_us: int,
        nodes: frozenset[str] | None = None,
        after: MarkPlace | None = None,
        limit: int = 100,
    ) -> Sequence[DayMark]:
        """Marks of the day that have not vanished, in the order of `place_of_mark`, those behind a
        place where one is given."""
        ...


class FindingStore(CaseReader, Protocol):
    """Cases and the findings by which they were told. Nothing of them is ever deleted."""

    def record(self, changes: Changes, *, now_us: int) -> None:
        """Open, grow, close and reopen cases in one transaction, and say what fixing them saved.

        A case keeps one finding a local day: a later one of the same day takes its place. One
        that people settled meanwhile is neither grown nor closed.
        """
        ...

    def mark(self, site: str, marks: Sequence[DayMark]) -> None:
        """The marks of the day of a site, in the place of those that it had."""
        ...

    def known(self, institution: str, since_us: int) -> list[Case]:
        """Cases that stand or teach, those that end after an instant, and those that were put
        right within a year before it, by number."""
        ...

    def act(self, id: str, deed: CaseDeed, *, by: str, now_us: int) -> Case:
        """What a person does with it, kept as an event; NotFound where there is none, and the
        errors of `event_of`."""
        ...

    def set_state(self, id: str, state: CaseState, *, by: str, note: str, now_us: int) -> Case:
        """What people say of it; as `act`."""
        return self.act(id, CaseDeed(CaseAct.STATE, str(state), note), by=by, now_us=now_us)


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
