"""What the intake knows: checkpoints, counters, dead letters, and marks for the ledger."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from metering.book import (
    DirtyMark,
)
from metering.clock_repair import ClockMode, ClockRepair
from metering.delivery import DeliveryState, Gap, GapState, Receipt
from metering.edge_node import EdgeNode
from metering.intake import (
    DeadLetter,
    GatewayStatus,
    IntakeBatch,
    JudgedBatch,
    LetterCause,
    LetterGroup,
    WriteDoubt,
)
from metering.joining import SeenPoint
from metering.remembered import Remembered
from metering.statement import Statement, StatementKind


class DirtyMarks(Protocol):
    """What the ledger has still to look at."""

    def mark(self, marks: Sequence[DirtyMark], *, writer_no: int, ready: bool = False) -> None:
        """Durable on return. Not ready until the writer's batch has committed."""
        ...

    def ready(self, limit: int = 100_000) -> list[DirtyMark]:
        """Marks the ledger may take, oldest first."""
        ...

    def waiting(self) -> int:
        """How many marks there are, ready or not."""
        ...

    def live(self, since_us: int, limit: int = 100_000) -> list[DirtyMark]:
        """Ready marks of readings alone, and only of such as reach no further back than that
        [us]; oldest first."""
        ...

    def glance(self, limit: int = 100_000) -> tuple[list[DirtyMark], int]:
        """What `ready` and `waiting` give, at one moment."""
        ...


class DeliveryReader(Protocol):
    """What gateways brought, and what is missing of it."""

    def delivery_states(self, gateways: frozenset[str] | None) -> dict[str, DeliveryState]:
        """How far each gateway is, of those that ever sent something; `gateways` None means
        all."""
        ...

    def receipts(
        self, gateway: str, *, before: int | None = None, limit: int = 100
    ) -> list[Receipt]:
        """By day, newest first, and way in; of days before that one."""
        ...

    def gaps(
        self,
        gateway: str,
        *,
        state: GapState | None = None,
        before_id: int | None = None,
        limit: int = 100,
    ) -> list[Gap]:
        """Newest first."""
        ...

    def open_gaps(self) -> dict[str, int]:
        """How many gaps are open of each gateway that has any; not what people asked for."""
        ...


class SeenPoints(Protocol):
    """Points that gateways send or describe and nobody registered when they did."""

    def seen_points(self, gateway: str) -> list[SeenPoint]:
        """All that are kept of a gateway, by name: also those that were dismissed, and those that
        were registered since."""
        ...


class Remembering(Protocol):
    """What gateways said that later messages are read by."""

    def remembered(self, gateway: str) -> list[Remembered]:
        """All that is kept of a gateway, in the order of the journal."""
        ...


class EdgeNodeReader(Protocol):
    """Edge nodes of Sparkplug, as they are known."""

    def edge_nodes(self, gateways: frozenset[str] | None) -> list[EdgeNode]:
        """Those of some gateways, None means all, by gateway and name."""
        ...


class ClockReader(Protocol):
    """Clocks of gateways that are or were wrong, and what was decided of them."""

    def clock_repairs(self, gateway: str | None = None) -> list[ClockRepair]:
        """Of one gateway or of all, in all states, by gateway and when it began."""
        ...

    def clock_modes(self) -> dict[str, ClockMode]:
        """What the platform does about clocks by itself, of gateways of which somebody said so."""
        ...

    def quarantined(self) -> dict[str, int]:
        """How many readings and messages of each gateway wait for its clock: open dead letters of
        times to come, and of times that are doubtful."""
        ...


class ClockKeeper(ClockReader, Protocol):
    """The same, for who decides."""

    def keep_clock_repair(
        self, one: ClockRepair, known: ClockRepair | None = None
    ) -> ClockRepair | None:
        """Keep a new one, with its id; or put it in the place of `known`: None, and nothing
        changed, where that is not so any more. Durable on return. Of more proposals of a gateway
        than are kept, the oldest are forgotten."""
        ...

    def set_clock_mode(self, gateway: str, mode: ClockMode) -> None:
        """Durable on return."""
        ...


class IntakeReader(DeliveryReader, SeenPoints, Remembering, EdgeNodeReader, ClockReader, Protocol):
    """Gateways, what they brought, and dead letters, as people ask for them."""

    def gateways(self) -> list[GatewayStatus]:
        """Counters of every gateway that was ever heard of, by name."""
        ...

    def dead_letters(
        self,
        gateways: frozenset[str] | None,
        *,
        state: str | None = None,
        reason: str | None = None,
        before_id: int | None = None,
        limit: int = 100,
    ) -> list[DeadLetter]:
        """Newest first; `gateways` None means all."""
        ...

    def dead_letter(self, id: int) -> DeadLetter:
        """NotFound if there is none."""
        ...

    def dead_letter_groups(
        self, gateways: frozenset[str] | None, *, state: str = "open", limit: int = 1000
    ) -> list[LetterGroup]:
        """The letters of a state by their causes, those with the newest first; of more causes than
        `limit` the oldest are left out."""
        ...

    def ask_again(self, gateways: frozenset[str] | None, cause: LetterCause) -> int:
        """Have the intake try open letters of a cause again, as a person asks; how many. Durable
        on return. What still stands against a letter leaves it open."""
        ...

    def discard(self, gateways: frozenset[str] | None, cause: LetterCause) -> int:
        """Mark letters of a cause that are open, or asked for again, as not to be taken in; how
        many. Durable on return; what was taken in meanwhile stays so."""
        ...

    def dead_letter_count(self, gateways: frozenset[str] | None = None) -> int:
        """Of all states."""
        ...


class Requests(Protocol):
    """What gateways are asked for, as who tells them reads it."""

    def asked_nodes(
        self, since_us: int, writers: Sequence[int], limit: int = 1_000
    ) -> list[EdgeNode]:
        """Edge nodes that were asked for their births at or after an instant, and came last by one
        of these ways in; in that order."""
        ...

    def asked(self, since_us: int, writers: Sequence[int], limit: int = 1_000) -> list[Gap]:
        """Open gaps that were asked for at or after an instant, of gateways that came last by one
        of these ways in; in that order."""
        ...


class Resending(Requests, Protocol):
    """What gateways are asked to send again, as who decides it keeps it."""

    def want(self, gap: Gap) -> Gap:
        """Keep what a person asks for; with its id. Conflict where the gateway has as many open
        already as are kept."""
        ...

    def due(
        self, now_us: int, quiet_us: int, writers: Sequence[int], limit: int = 100
    ) -> list[Gap]:
        """Open gaps that may be asked for now, and of which nothing came for so long, of gateways
        that came last by one of these ways in and are not known to be away; first those that have
        waited longest. What a person asks for waits for nothing."""
        ...

    def settle(self, gap: Gap, known: Gap) -> bool:
        """Put a gap in the place of one that is as `known`; False, and nothing changed, where it
        is not so any more."""
        ...

    def due_nodes(self, now_us: int, writers: Sequence[int], limit: int = 100) -> list[EdgeNode]:
        """Edge nodes that may be asked for their births now (`metering.edge_node.is_due`), that
        came last by one of these ways in."""
        ...

    def settle_node(self, node: EdgeNode, known: EdgeNode) -> bool:
        """Note that a node was asked, where it wants the same and was asked as often as `known`;
        False, and nothing changed, where it is not so any more."""
        ...


class StatementReader(Protocol):
    """What people stated, as far as it is taken in."""

    def statement(self, id: str) -> Statement | None:
        """The one of that id; None where there is none."""
        ...

    def statements(
        self,
        kinds: frozenset[StatementKind],
        subjects: frozenset[str] | None = None,
        *,
        before: tuple[int, str] | None = None,
        limit: int = 1000,
    ) -> list[Statement]:
        """Newest first, of these kinds and subjects; `subjects` None means all. `before` is the
        (arrived_us, id) of the last one that was told."""
        ...

    def about(self, subject: str) -> list[Statement]:
        """All of one subject, of every kind, oldest first."""
        ...


class Doubts(Protocol):
    """Upserts of readings that may still be done."""

    def doubts(self) -> list[WriteDoubt]:
        """Open ones, the one that began first first."""
        ...

    def keep_doubt(self, doubt: WriteDoubt) -> None:
        """Durable on return; takes the place of the one that began at the same time."""
        ...

    def end_doubt(self, since_us: int) -> None:
        """Forget the one that began then; nothing where there is none."""
        ...


class IntakeStore(IntakeReader, ClockKeeper, Resending, StatementReader, Doubts, Protocol):
    """Checkpoints, counters, dead letters, deliveries and doubts of the intake."""

    def checkpoint(self, writer_no: int) -> tuple[int, int]:
        """(segment, offset) of the next record to read; (0, 0) at first."""
        ...

    def judge(self, judged: JudgedBatch, marks: Sequence[DirtyMark]) -> None:
        """Keep what a batch's readings are judged to be, in the place of the writer's one before,
        and its marks, not ready: both or nothing, durable on return."""
        ...

    def judged(self) -> list[JudgedBatch]:
        """Those of batches that have not committed, by writer: at most one of each."""
        ...

    def commit(self, batch: IntakeBatch) -> None:
        """All of the batch, its checkpoint and the readiness of its marks, or nothing. What the
        writer's readings were judged to be is forgotten.

        Raises Conflict, and changes nothing, where the writer's checkpoint is not the place that
        the batch was read from, or a letter that it replays is not open any more.
        """
        ...

    def seen(self, keys: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        """Which of the (gateway, key) pairs were committed before."""
        ...

    def leave_open(self, ids: Sequence[int]) -> None:
        """Letters that were asked for again and cannot be taken in yet are open as before."""
        ...

    def dismiss(self, gateway: str, points: Sequence[str], *, by: str, now_us: int) -> list[str]:
        """Note that points are not wanted; by '' at 0 that they are after all. Those of these names
        that are kept, by name; durable on return."""
        ...

    def forget_remembered(self, segments: Collection[int]) -> None:
        """Forget what gateways said in these segments of the journal, and all edge nodes: both are
        made again of it. What was said in segments that have expired stays."""
        ...

    def clear(self) -> None:
        """Forget checkpoints, counters, receipts, dead letters, judged batches and the intake's own
        marks, for `rebuild`. Gaps and how far gateways are stay: what came again changes
        neither. Of points that nobody registered, it stays that they were dismissed; what was
        decided of clocks stays too. Marks of a changed registry (writer 0) stay, and so do doubts:
        what may still be done may be done after it. Statements stay too: they are never taken
        back, and their messages may have expired."""
        ...
