"""Closing of periods: by a person, listed with what became of them, reopened by two."""

from __future__ import annotations

from api.caller import Caller
from api.moments import closing_of
from api.usecases.reports import issues_of, trace_issue
from metering.closing import Closing
from reports import Aftermath, Closings


def closings_of(caller: Caller, institution: str) -> Closings:
    """The institution's closings, if the key reaches all of it."""
    platform = caller.platform
    return Closings(
        issues_of(caller, institution),
        platform.books,
        platform.closings,
        caller.actor.proof.key_id,
        platform.access,
        platform.registry_store.load,
    )


def listed(caller: Caller, institution: str | None) -> list[Closing]:
    """Closings of an institution, or of all that the key reaches something of, oldest first."""
    wanted = caller.reach.institutions
    if institution is not None:
        wanted = (caller.reach.institution(institution),)
    found = [one for code in wanted for one in caller.platform.closings.closings(code)]
    return sorted(found, key=lambda one: one.number)


def close(caller: Caller, institution: str, period: str, reason: str) -> Closing:
    """Close a period of an institution that the key reaches all of."""
    closing, issued = closings_of(caller, institution).close(institution, period, reason)
    for one in issued:
        trace_issue(caller, one)
    _trace(caller, "closing.close", closing, closing.closed.reason)
    return closing


def told(caller: Caller, name: str) -> tuple[Closing, Aftermath]:
    """A closing with what became of its days, for a key that reaches all of its institution."""
    closing = closing_of(caller, name)
    return closing, closings_of(caller, closing.institution).aftermath(closing)


def ask_to_reopen(caller: Caller, name: str, reason: str) -> Closing:
    """Ask for a closing to be reopened; another key confirms it."""
    one = closing_of(caller, name)
    found = closings_of(caller, one.institution).ask(name, reason)
    _trace(caller, "closing.ask", found, found.asked.reason if found.asked else "")
    return found


def reopen(caller: Caller, name: str) -> Closing:
    """Confirm that a closing is reopened, with a key of another name than the one that asked."""
    one = closing_of(caller, name)
    found = closings_of(caller, one.institution).confirm(name)
    _trace(caller, "closing.reopen", found, found.asked.reason if found.asked else "")
    return found


def _trace(caller: Caller, action: str, closing: Closing, reason: str) -> None:
    subject = f"{closing.institution} {closing.period} {closing.name}"
    caller.trace(action, subject, reason, closing.institution)
