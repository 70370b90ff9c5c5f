"""The API over stores that are filled by hand: no gateway sends, and nobody enters anything."""

from __future__ import annotations

from collections.abc import Callable

from api.platform import Platform, PushReceipt, RawMessage, Submission
from figures import Figures
from metering.errors import NotFound
from metering.ports import ReadingStore
from metering.registry import Registry
from metering.statement import EvidenceFile, Giver, Stated, Statement
from storage import Stores


def quiet_platform(
    stores: Stores,
    readings: ReadingStore,
    figures: Figures,
    registry: Callable[[], Registry],
    now_us: Callable[[], int],
) -> Platform:
    """The API's view of the stores."""
    return Platform(
        readings=readings,
        books=stores.books,
        figures=figures,
        intake=stores.intake,
        clocks=stores.intake,
        want_again=stores.intake.want,
        marks=stores.marks,
        findings=stores.findings,
        baselines=stores.baselines,
        reports=stores.reports,
        closings=stores.closings,
        statements=stores.intake,
        desk=NoPeople(),
        evidence=NoPeople(),
        registry=registry,
        registry_store=stores.registry,
        credentials=stores.credentials,
        access=stores.access,
        messages=_NoMessages(),
        ingest=_NoMessages().add,
        read_registry=lambda *_: Registry(),
        read_uploaded=lambda *_: (Registry(), []),
        workbook=lambda *_: b"",
        model=lambda *_: "",
        now_us=now_us,
        health=dict,
        language="en",
    )


class _NoMessages:
    """Readings are put into the store."""

    def record(self, segment: int, offset: int) -> RawMessage:
        raise NotFound("no message", field="message", value=f"{segment}/{offset}", fix="none")

    def add(self, submission: Submission) -> PushReceipt:
        raise NotFound("no journal", field="gateway", value=submission.gateway, fix="none")


class NoPeople:
    """Nobody enters anything."""

    def find(self, _: str, /) -> None:
        """No statement."""
        return

    def about(self, _: str, /) -> list[Statement]:
        """No statements of a meter."""
        return []

    def file(self, stated: Stated, entered_by: str, now_us: int) -> Statement:
        """Raises NotFound."""
        raise NotFound(
            f"no desk for {stated} at {now_us}", field="by", value=entered_by, fix="none"
        )

    def put(self, content: bytes, by: Giver | None = None) -> EvidenceFile:
        """What the file is; neither it nor who gave it is kept."""
        del by
        return EvidenceFile.of(content)

    def givers(self, _: str, /) -> list[Giver]:
        """Nobody gave a file that is not kept."""
        return []

    def content(self, sha256: str) -> bytes:
        """Raises NotFound."""
        raise NotFound("no file", field="evidence", value=sha256, fix="none")
