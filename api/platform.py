"""Everything the API needs of the platform, in one value: ports and a few functions.

Nothing here knows a database, a broker or a clock; the wiring fills it in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import BinaryIO, Literal, Protocol

from api.room import PART, PartHealth, Room
from api.workers import Workers
from figures import Figures
from metering.delivery import Gap
from metering.errors import Unavailable
from metering.history_load import HistoryAsked, HistoryTold, unknown_upload
from metering.intake import (
    DeadLetter,
    GatewayConnection,
    GatewayTrouble,
    HeldGateway,
    LetterCause,
    LetterVerdict,
)
from metering.keeping import Keeping
from metering.ports import (
    AccessStore,
    BaselineStore,
    BookAnswers,
    ClockKeeper,
    ClosingStore,
    CredentialStore,
    DirtyMarks,
    FindingStore,
    IntakeReader,
    ReadingReader,
    RegistryStore,
    ReportStore,
    StatementReader,
)
from metering.registry import Registry
from metering.statement import MOST_EVIDENCE_BYTES, EvidenceFile, Giver, Stated, Statement
from metering.tables.said_rows import RowForm, RowWays, SaidTable

MOST_HISTORY_BYTES = 64 << 20
"""Of a file that is sent to be loaded."""


class RawMessage(Protocol):
    """A journalled message, as far as the API shows it."""

    @property
    def kind(self) -> str:
        """What the record is: message, will, or an event of the connection."""
        ...

    @property
    def arrived_us(self) -> int:
        """When it came in [us]."""
        ...

    @property
    def gateway(self) -> str:
        """Whose it is, SITE/GATEWAY, or the name of the key it was pushed with."""
        ...

    @property
    def client(self) -> str:
        """MQTT client id; of entered readings who entered them."""
        ...

    @property
    def route(self) -> str:
        """Topic or way it came by."""
        ...

    @property
    def payload(self) -> bytes:
        """Its bytes as they came."""
        ...


class MessageReader(Protocol):
    """Raw messages by their place in the journal."""

    def record(self, segment: int, offset: int, /) -> RawMessage:
        """NotFound where there is none (any more)."""
        ...


@dataclass(frozen=True)
class Submission:
    """A payload that came in over HTTP, to be journalled as if its gateway had published it."""

    gateway: str
    """`site/code`"""
    route: str
    """The topic the gateway would have used."""
    payload: bytes
    key: str
    """Id of the API key that brought it; '' where the gateway did by its own password."""
    arrived_us: int
    content_type: str = ""
    once: str = ""
    """The sender's name for this payload: sent again under it, it is the same one. '' is none."""


@dataclass(frozen=True)
class PushReceipt:
    """That a payload is on disk, and where."""

    segment: int
    offset: int
    sha256: str
    """Of the payload as it lies there [hex]."""
    arrived_us: int


class Desk(Protocol):
    """Takes in what people state: durable in the journal before it answers."""

    def find(self, id: str, /) -> Statement | None:
        """The statement of that id, also one that the intake has not taken in yet."""
        ...

    def about(self, subject: str, /) -> list[Statement]:
        """All of one subject, oldest first, those that are not taken in yet with them."""
        ...

    def file(self, stated: Stated, entered_by: str, now_us: int) -> Statement:
        """Durable on return; the one that stands there already where its id is known."""
        ...


class EvidenceStore(Protocol):
    """Files that people give as evidence, by their SHA-256."""

    def put(self, content: bytes, by: Giver | None = None) -> EvidenceFile:
        """Durable on return, with who gave it; InvalidInput where its kind is none that is kept."""
        ...

    def givers(self, sha256: str, /) -> list[Giver]:
        """Who gave a file, as far as it is kept."""
        ...

    def find(self, sha256: str, /) -> EvidenceFile | None:
        """What is known of a file; None where there is none."""
        ...

    def content(self, sha256: str) -> bytes:
        """Its bytes; NotFound where there is none, Damaged where they are not what was given."""
        ...


class Dismiss(Protocol):
    """Notes that points nobody registered are not wanted, or are after all."""

    def __call__(self, gateway: str, points: Sequence[str], *, by: str, now_us: int) -> list[str]:
        """Those of the names that are known; by '' at 0 takes it back."""
        ...


class ReadRows(Protocol):
    """Reads tables of which each row says one thing, in any kind of file that people have."""

    def __call__(self, name: str, data: bytes, form: RowForm, ways: RowWays) -> list[SaidTable]:
        """The tables of a file; InvalidInput, or AmbiguousFormat, where it cannot be read."""
        ...


def _no_rows(
    name: str,  # noqa: ARG001
    data: bytes,  # noqa: ARG001
    form: RowForm,  # noqa: ARG001
    ways: RowWays,  # noqa: ARG001
) -> list[SaidTable]:
    return []


class Histories(Protocol):
    """Years of readings that people and programs send, each found by who sent it alone."""

    def put(self, name: str, content: BinaryIO, asked: HistoryAsked) -> str:
        """Keep a file of `asked.by`, and begin its first step; what it is found by from then on.
        InvalidInput for none, and for one above the bound; Conflict where too many are kept or
        read."""
        ...

    def ask(self, id: str, asked: HistoryAsked) -> None:
        """Begin a step; NotFound for a file that `asked.by` did not send, Conflict while a step of
        it runs, and once it is loaded."""
        ...

    def told(self, id: str, by: str) -> HistoryTold:
        """How far a file is; NotFound as above."""
        ...

    def all_of(self, by: str) -> Sequence[HistoryTold]:
        """How far all files are that they sent, the newest act first."""
        ...

    def refused(self, id: str, by: str) -> bytes:
        """Rows that hold what was refused, CSV; NotFound as above, and where there are none."""
        ...


class _NoHistories:
    """Where no data folder is behind the API."""

    def put(self, name: str, content: BinaryIO, asked: HistoryAsked) -> str:  # noqa: ARG002
        raise Unavailable(
            "histories cannot be loaded here",
            field="file",
            fix="load them with `greenoffice history load`",
        )

    def ask(self, id: str, asked: HistoryAsked) -> None:  # noqa: ARG002
        raise unknown_upload(id)

    def told(self, id: str, by: str) -> HistoryTold:  # noqa: ARG002
        raise unknown_upload(id)

    def all_of(self, by: str) -> Sequence[HistoryTold]:  # noqa: ARG002
        return ()

    def refused(self, id: str, by: str) -> bytes:  # noqa: ARG002
        raise unknown_upload(id)


def _no_refusals(_: Submission) -> Sequence[DeadLetter]:
    return ()


def _no_verdict(_: DeadLetter) -> LetterVerdict | None:
    return None


def _nothing_dismissed(
    gateway: str,  # noqa: ARG001
    points: Sequence[str],  # noqa: ARG001
    *,
    by: str,  # noqa: ARG001
    now_us: int,  # noqa: ARG001
) -> list[str]:
    return []


def _nothing_kept() -> None:
    return None


def _nothing_forgotten(_: str) -> None:
    return None


def _nothing_asked(_: frozenset[str] | None, __: LetterCause) -> int:
    return 0


@dataclass(frozen=True)
class GatewayDoor:
    """Where gateways connect to over MQTT."""

    host: str
    """As the listener has it: 0.0.0.0 or :: is every address of the machine."""
    port: int
    tls: bool = False
    broker: str = ""
    """URL of a broker that messages are taken from too; '' for none."""


@dataclass(frozen=True)
class Platform:
    """What `create_app` is given."""

    readings: ReadingReader
    books: BookAnswers
    figures: Figures
    """What is told of the same books, under the same registry and clock."""
    intake: IntakeReader
    clocks: ClockKeeper
    """The same, for what people decide about clocks."""
    want_again: Callable[[Gap], Gap]
    """Keeps what a person wants a gateway to send again; with its id."""
    statements: StatementReader
    marks: DirtyMarks
    findings: FindingStore
    baselines: BaselineStore
    reports: ReportStore
    closings: ClosingStore
    registry: Callable[[], Registry]
    """The present snapshot; reflects `registry_store.apply` as soon as that returns."""
    registry_store: RegistryStore
    credentials: CredentialStore
    access: AccessStore
    messages: MessageReader
    ingest: Callable[[Submission], PushReceipt]
    """Journals it, durable on return. A name for a payload that came before gets the receipt of
    then, or InvalidInput where that was of another payload."""
    desk: Desk
    evidence: EvidenceStore
    read_registry: Callable[[Mapping[str, str | bytes], date | None], Registry]
    """A registry from its CSV files by name, as texts or as they were uploaded; InvalidFiles names
    every problem."""
    read_uploaded: Callable[[Mapping[str, str | bytes], date | None], tuple[Registry, list[str]]]
    """Likewise of CSV files and workbooks, with the tables that they hold."""
    workbook: Callable[[Registry | None, str], bytes]
    """The workbook of a registry, or one to fill in, in a language."""
    model: Callable[[Registry, date, str], str]
    """What a registry says on a local day as a building model: `.ttl` of Brick, `.json` of
    Haystack. ConfigurationError where this installation cannot write it."""
    now_us: Callable[[], int]
    read_rows: ReadRows = _no_rows
    health: Callable[[], Mapping[str, PartHealth]] = dict
    """Of the parts beside the API."""
    held: Callable[[], Mapping[str, HeldGateway]] = dict
    """Gateways that the listener holds back, by `site/code`."""
    connections: Callable[[], Mapping[str, Sequence[GatewayConnection]]] = dict
    """Those that are open at the listener, by `site/code`."""
    troubles: Callable[[], Mapping[str, GatewayTrouble]] = dict
    """Those that it turned away or cut off in the last day."""
    certificates: Callable[[], Mapping[str, GatewayTrouble]] = dict
    """Of which it refused a certificate in the last day, by address."""
    subscribed: Callable[[], Mapping[str, tuple[str, ...]]] = dict
    """What they subscribed to where nothing is ever published."""
    verdict: Callable[[DeadLetter], LetterVerdict | None] = _no_verdict
    """What decoding says now of a letter's message; None where the journal has that no more."""
    ask_again: Callable[[frozenset[str] | None, LetterCause], int] = _nothing_asked
    """Has the intake try open letters of some gateways and a cause again; how many."""
    dismiss: Dismiss = _nothing_dismissed
    """Has points of a gateway proposed no more, or again."""
    forget_secret: Callable[[str], None] = _nothing_forgotten
    """Takes what a gateway logged in with by the national protocol away."""
    refusals: Callable[[Submission], Sequence[DeadLetter]] = _no_refusals
    """What a dry decode of the payload would refuse; nothing is stored by asking."""
    histories: Histories = field(default_factory=_NoHistories)
    more_metrics: Callable[[], bytes] = bytes
    """Counters of the parts beside the API, in the Prometheus text format."""
    workers: Workers | None = None
    """Answer what costs much; where there are none, it is answered in place."""
    keeping: Callable[[], Keeping | None] = _nothing_kept
    """How safely the data folder keeps what it has; None where there is none."""
    samples: Callable[[], Mapping[str, str]] = dict
    """Files of prices, days and factors that a new office may begin with, by name."""
    door: GatewayDoor = GatewayDoor("127.0.0.1", 1883)
    language: str = "zh"
    """Of a visitor whose browser prefers none of ours."""
    secure_cookies: bool = False
    """Set where the page is served over TLS."""
    details: Literal["local", "key", "open"] = "local"
    """Who sees the counters and the details of health: whoever asks from this machine, or brings
    a key of the whole platform; such a key alone; or anybody."""
    max_body_bytes: int = 1 << 20
    max_import_bytes: int = 32 << 20
    max_evidence_bytes: int = MOST_EVIDENCE_BYTES
    max_table_bytes: int = 2 << 20
    """Of a table of bills or readings."""

    max_history_bytes: int = MOST_HISTORY_BYTES
    failed_keys_per_minute: int = 20
    room: Room = field(default_factory=Room)
    """For what is asked of this API."""

    def parts(self) -> Mapping[str, PartHealth]:
        """Every part, this API with them."""
        return {**self.health(), PART: self.room.health()}
