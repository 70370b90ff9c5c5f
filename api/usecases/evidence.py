"""Files of evidence: kept with the place that gave them, and named only by who may know them.

    file ─▶ kept, with the place of the key ─▶ entry or bill names it: given from within the reach
                                                or named already by a statement in it

Whoever names a file reads it back through what names it. So a file of others is answered like one
that is not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, Final

from api.caller import Caller
from api.usecases.bills import accounts_in
from api.usecases.reached import BILLS, ENTRIES, bill_reached, entry_reached
from metering.errors import InvalidInput
from metering.statement import (
    MOST_EVIDENCE,
    EvidenceFile,
    Giver,
    Statement,
    StatementKind,
    check_sha256,
)

_PAGE: Final = 1000
_QUARTER_US: Final = 900_000_000
"""To which it is kept when a file came: the same file sent over and over leaves one note, and no
day begins within a quarter of an hour."""


def keep_evidence(caller: Caller, content: bytes) -> EvidenceFile:
    """Keep a file that the caller gives, durable on return; errors as of `EvidenceStore.put`. Who
    reaches the whole platform gives it for nobody: an entry or a bill says whose it is."""
    if caller.reach.scope.whole:
        return caller.platform.evidence.put(content)
    at = caller.platform.now_us() // _QUARTER_US * _QUARTER_US
    return caller.platform.evidence.put(content, Giver(caller.node, at))


def evidence_named(caller: Caller, named: Sequence[str], subject: str) -> list[dict[str, Any]]:
    """The files that a statement of a subject names, as it keeps them; InvalidInput for one that is
    not kept, or is neither given from within the caller's reach nor named by a statement in it."""
    if len(named) > MOST_EVIDENCE or len(set(named)) < len(named):
        raise InvalidInput(
            f"more than {MOST_EVIDENCE} files, or one of them twice",
            field="evidence",
            value=len(named),
            fix="put the pages into one PDF",
        )
    strange = {one for one in named if not _is_given(caller, check_sha256(one))}
    if strange:
        strange -= _named_in_reach(caller, subject, strange)
    found = []
    for sha256 in named:
        file = None if sha256 in strange else caller.platform.evidence.find(sha256)
        if file is None:
            raise InvalidInput(
                "no such file of evidence",
                field="evidence",
                value=sha256,
                fix="send the file to /v1/evidence first, and name the sha256 it answers with",
            )
        found.append({"sha256": file.sha256, "media": file.media, "size": file.size})
    return found


def _is_given(caller: Caller, sha256: str) -> bool:
    """Whether a place gave the file that was the caller's at that time."""
    reach = caller.reach
    return reach.scope.whole or any(
        one.place in reach.scope.nodes
        and one.place in reach.registry.nodes
        and reach.holds_now(one.place, one.at_us)
        for one in caller.platform.evidence.givers(sha256)
    )


def _named_in_reach(caller: Caller, subject: str, wanted: set[str]) -> set[str]:
    """Those of some files that an entry or a bill names which the caller reaches."""
    registry, found = caller.reach.registry, set[str]()
    known = accounts_in(caller, registry)
    waiting = caller.platform.desk.about(subject)
    entries = _all(caller, ENTRIES, frozenset(caller.reach.meters))
    bills = _all(caller, BILLS, frozenset(known))
    for one in chain(waiting, entries, bills):
        names = {file["sha256"] for file in one.said.get("evidence", ())} & wanted
        if names - found and (
            bill_reached(caller, registry, one, known)
            if one.kind in BILLS
            else entry_reached(caller, one)
        ):
            found |= names
        if found == wanted:
            break
    return found


def _all(
    caller: Caller, kinds: frozenset[StatementKind], subjects: frozenset[str]
) -> Iterator[Statement]:
    """All statements of subjects that are taken in, newest first."""
    place: tuple[int, str] | None = None
    while True:
        page = caller.platform.statements.statements(kinds, subjects, before=place, limit=_PAGE)
        yield from page
        if len(page) < _PAGE:
            return
        place = page[-1].arrived_us, page[-1].id
