"""An import before it is done: what it will change, and whether it needs a reason.

propose(before, wanted, ...)      ─▶ Proposal: all changes, those into the past, and what is
                                     registered but not in the files
check_reason(proposal, reason)    refuses to rewrite a complete month without a word
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from metering.errors import InvalidInput
from metering.registry.differences import Change, changes
from metering.registry.merge import merged
from metering.registry.missing import Missing, missing_from
from metering.registry.model import Registry
from metering.registry.past import Complete, PastChange, into_past

MAX_REASON = 500


@dataclass(frozen=True)
class Proposal:
    """What importing `wanted` into `before` will do."""

    before: Registry
    wanted: Registry
    after: Registry
    changes: tuple[Change, ...]
    past: tuple[PastChange, ...]
    """Those of the changes that reach into complete months."""
    kept: tuple[Missing, ...] = ()
    """What is registered and not in the files, and stays."""


def propose(
    before: Registry, wanted: Registry, complete: Complete, files: Collection[str] = ()
) -> Proposal:
    """The import of `wanted`, read from the files of these names, not yet done. Raises
    InvalidInput for what cannot be imported."""
    after = merged(before, wanted)
    found = changes(before, after)
    past = into_past(found, before, after, complete)
    kept = missing_from(before, wanted, files)
    return Proposal(before, wanted, after, tuple(found), tuple(past), tuple(kept))


def check_reason(proposal: Proposal, reason: str) -> str:
    """The reason, trimmed. Raises InvalidInput with field `reason` where one is needed and
    absent, naming the first change that reaches into a complete month; or where it is no text."""
    said = reason.strip()
    if len(said) > MAX_REASON or not said.isprintable():
        raise InvalidInput(
            "the reason is too long or not printable",
            field="reason",
            value=said,
            fix=f"one line of at most {MAX_REASON} characters",
        )
    if proposal.past and not said:
        more = len(proposal.past) - 1
        raise InvalidInput(
            f"the import changes complete months: {proposal.past[0]}"
            + (f", and {more} more such changes" if more else ""),
            field="reason",
            value=reason,
            fix="say why, or date the change so that it begins after these months",
        )
    return said
