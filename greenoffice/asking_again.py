"""Dead letters as a person sees to them: what decoding says of one now, and trying some again."""

from __future__ import annotations

from collector import JournalReader
from collector.intake import Decoding, GatewayMemory, verdict
from greenoffice.folder import DataFolder
from greenoffice.news import REGISTRY, tell
from metering.errors import NotFound
from metering.intake import DeadLetter, LetterCause, LetterVerdict
from metering.ports import IntakeStore
from metering.registry import Registry


def verdict_of(
    letter: DeadLetter,
    journal: JournalReader,
    decoding: Decoding,
    registry: Registry,
    intake: IntakeStore,
) -> LetterVerdict | None:
    """None where the letter's message has expired."""
    try:
        record = journal.record(letter.segment, letter.offset)
    except NotFound:
        return None
    return verdict(letter, record, decoding.remembering(GatewayMemory(intake)), registry)


def ask_again(
    folder: DataFolder, intake: IntakeStore, gateways: frozenset[str] | None, cause: LetterCause
) -> int:
    """Mark open letters to be tried again, and tell the intake, which looks at them as after a
    change of the registry; how many there are."""
    asked = intake.ask_again(gateways, cause)
    if asked:
        tell(folder, "intake", REGISTRY)
    return asked
