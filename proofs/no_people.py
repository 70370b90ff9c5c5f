"""A desk for platforms of proofs at which nobody enters anything."""

from __future__ import annotations

from metering.errors import NotFound
from metering.statement import EvidenceFile, Stated, Statement


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

    def put(self, content: bytes) -> EvidenceFile:
        """What the file is; it is not kept."""
        return EvidenceFile.of(content)

    def content(self, sha256: str) -> bytes:
        """Raises NotFound."""
        raise NotFound("no file", field="evidence", value=sha256, fix="none")
