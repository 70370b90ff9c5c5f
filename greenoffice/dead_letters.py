"""`greenoffice dead-letters`: what could not be taken in, on the host itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from collector import JournalReader
from greenoffice.asking_again import ask_again, verdict_of
from greenoffice.assembly import decoding_by_clocks
from greenoffice.folder import DataFolder
from greenoffice.journal_telling import payload_told
from greenoffice.saying import language
from greenoffice.stores import open_stores
from metering.access import AuditEntry, by_command
from metering.errors import InvalidInput, NotFound
from metering.intake import DeadLetter, LetterCause, LetterVerdict
from metering.localtime import iso
from metering.registry.proposal import MAX_REASON
from metering.tables import csv_text
from metering.wording import worded
from storage import Stores
from texts import said

PAGE = 500
MOST_GROUPS = 1_000
_MOST_ID = 2**62
"""No database numbers a letter so."""
STATES = ("open", "asked", "replayed", "discarded")


def check_state(state: str) -> str:
    """The state itself; InvalidInput where there is none of that name."""
    if state not in STATES:
        raise InvalidInput(
            "no such state", field="state", value=state, fix=f"one of {', '.join(STATES)}"
        )
    return state


def list_letters(
    folder: DataFolder, state: str, gateway: str, reason: str, limit: int | None
) -> Iterator[dict[str, object]]:
    """Letters of a state, newest first, a page at a time; '' and None are all."""
    intake, before, left = open_stores(folder).intake, None, limit
    gateways = frozenset({gateway}) if gateway else None
    while left is None or left > 0:
        page = intake.dead_letters(
            gateways,
            state=check_state(state),
            reason=reason or None,
            before_id=before,
            limit=PAGE if left is None else min(PAGE, left),
        )
        if not page:
            return
        yield from map(_letter_told, page)
        before, left = page[-1].id, None if left is None else left - len(page)


def list_groups(folder: DataFolder, state: str, gateway: str) -> Iterator[dict[str, object]]:
    """Causes of the letters of a state, those with the newest letters first, each with its newest
    letter."""
    intake = open_stores(folder).intake
    gateways = frozenset({gateway}) if gateway else None
    for one in intake.dead_letter_groups(gateways, state=check_state(state), limit=MOST_GROUPS):
        yield {**one.told(), "example": _letter_told(intake.dead_letter(one.example))}


def show_letter(folder: DataFolder, id: int) -> dict[str, object]:
    """A letter with its whole message, what decoding says of it now, and the file of the registry
    that would mend it; NotFound where there is none. `payload` and `now` are None where the message
    has expired."""
    stores = open_stores(folder)
    letter, registry = _letter_of(stores, id), stores.registry.load()
    how = decoding_by_clocks(folder.settings(), stores.intake)
    with closing(JournalReader(folder.journal)) as journal:
        now = verdict_of(letter, journal, how, registry, stores.intake)
        payload = None
        if now is not None:
            payload = payload_told(journal.record(letter.segment, letter.offset).payload)
    return {
        **_letter_told(letter),
        "payload": payload,
        "now": None if now is None else _verdict_told(now),
    }


def _letter_of(stores: Stores, id: int) -> DeadLetter:
    try:
        if 0 <= id < _MOST_ID:
            return stores.intake.dead_letter(id)
    except NotFound:
        pass
    raise NotFound(
        "no such dead letter",
        field="id",
        value=id,
        fix="list them: greenoffice dead-letters list DATA",
    )


def replay_letters(folder: DataFolder, cause: LetterCause) -> dict[str, int]:
    """Have the intake try open letters of a cause again; how many. Errors as of `_named`, and
    NotFound where there is none that is open."""
    named, stores = _named(cause), open_stores(folder)
    asked = ask_again(folder, stores.intake, None, cause)
    _note(folder, stores, "dead_letters.replay", named, asked)
    return {"asked": asked}


def discard_letters(folder: DataFolder, cause: LetterCause, why: str) -> dict[str, int]:
    """Have open letters of a cause tried no more; how many. Errors as of `replay_letters`;
    InvalidInput where it is not said why."""
    named, stores = _named(cause), open_stores(folder)
    said_why = worded(why, "why", MAX_REASON, line=True)
    if not said_why:
        raise InvalidInput("a reason is needed", field="why", value=why, fix="say why")
    discarded = stores.intake.discard(None, cause)
    _note(folder, stores, "dead_letters.discard", named, discarded, said_why)
    return {"discarded": discarded}


def _named(cause: LetterCause) -> str:
    """A cause as the audit log names it; InvalidInput where none is."""
    if cause == LetterCause():
        raise InvalidInput(
            "no cause is named",
            field="reason",
            fix="name --id, --gateway, --reason, --topic or --point, as `dead-letters groups` does",
        )
    return " ".join(f"{name}={value}" for name, value in vars(cause).items() if value is not None)


def _note(
    folder: DataFolder, stores: Stores, action: str, named: str, letters: int, reason: str = ""
) -> None:
    """In the audit log; NotFound where it was done with no letter."""
    if not letters:
        raise NotFound(
            "no open dead letter is of that cause",
            field="reason",
            value=named,
            fix="list them: greenoffice dead-letters groups DATA",
        )
    entry = AuditEntry(folder.clock().now_us(), str(by_command()), action, named, reason=reason)
    stores.access.audit(entry)


def _letter_told(letter: DeadLetter) -> dict[str, object]:
    return {
        "id": letter.id,
        "arrived": iso(letter.arrived_us),
        "gateway": letter.gateway,
        "topic": letter.route,
        "state": letter.state,
        "seen": letter.seen,
        "segment": letter.segment,
        "offset": letter.offset,
        "point": letter.point,
        **_problem_told(letter),
    }


def _problem_told(letter: DeadLetter) -> dict[str, object]:
    spoken = language()
    return {
        "index": letter.index,
        "reason": letter.reason,
        "field": letter.field,
        "value": letter.value,
        "message": said(letter.message, spoken),
        "fix": said(letter.fix, spoken),
    }


def _verdict_told(now: LetterVerdict) -> dict[str, object]:
    file = None
    if now.row is not None:
        file = {"file": now.file, "text": csv_text([tuple(now.row), tuple(now.row.values())])}
    return {
        "read_by": now.read_by,
        "readings": now.readings,
        "problems": [_problem_told(one) for one in now.problems],
        "proposal": file,
    }
