"""Years of readings that an administrator of the whole platform sends: kept, looked at, tried,
loaded. The page does it step by step; a program says all of it at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from api.caller import Caller
from api.usecases.setting_up import need_setup
from metering.errors import Conflict, InvalidInput
from metering.history_load import (
    HistoryAnswers,
    HistoryAsked,
    HistoryStep,
    HistoryTold,
    SeriesChoice,
)
from metering.registry.proposal import MAX_REASON


@dataclass(frozen=True)
class HistoryWishes:
    """How a file is to be loaded, said at once."""

    answers: HistoryAnswers = field(default_factory=HistoryAnswers)
    choices: Mapping[str, SeriesChoice] = field(default_factory=dict)
    dry_run: bool = False
    reason: str = ""


def send_history(
    caller: Caller, name: str, content: BinaryIO, wishes: HistoryWishes | None = None
) -> str:
    """Keep a file and begin to look at it, or to do what is wished; what it is found by from then
    on. InvalidInput for none, one above the bound, and a load without a reason; Conflict where too
    many are kept or read."""
    need_setup(caller)
    step, said = HistoryStep.LOOK, wishes or HistoryWishes()
    if wishes is not None:
        step = HistoryStep.TRY if wishes.dry_run else HistoryStep.LOAD
    reason = _reasoned(said.reason) if step is HistoryStep.LOAD else ""
    asked = HistoryAsked(step, _by(caller), said.answers, said.choices, reason)
    id = caller.platform.histories.put(name, content, asked)
    if step is HistoryStep.LOAD:
        caller.trace("history.load", history_told(caller, id).file, reason)
    return id


def history_told(caller: Caller, id: str) -> HistoryTold:
    """How far a file is; NotFound for one that the caller did not send."""
    need_setup(caller)
    return caller.platform.histories.told(id, _by(caller))


def histories_told(caller: Caller) -> Sequence[HistoryTold]:
    """How far all files are that the caller sent within a day, the newest act first."""
    need_setup(caller)
    return caller.platform.histories.all_of(_by(caller))


def history_refused(caller: Caller, id: str) -> bytes:
    """Rows that hold what was refused, CSV; NotFound as above, and where there are none."""
    need_setup(caller)
    return caller.platform.histories.refused(id, _by(caller))


def ask_history(
    caller: Caller,
    id: str,
    step: HistoryStep,
    answers: HistoryAnswers,
    choices: Mapping[str, SeriesChoice],
) -> None:
    """Begin to look at a file, or to tell what would become of its values. NotFound as above,
    Conflict while a step of it runs, and once it is loaded."""
    need_setup(caller)
    caller.platform.histories.ask(id, HistoryAsked(step, _by(caller), answers, choices))


def load_history(caller: Caller, id: str, reason: str) -> None:
    """Load a file as it was shown last. Errors as above, Conflict where nothing was shown, and
    InvalidInput where there is no reason."""
    told = history_told(caller, id)
    if told.outcome is None or told.asked.step is not HistoryStep.TRY:
        raise Conflict(
            "what would be loaded was not shown yet",
            field="step",
            value="load",
            fix="look at what would become of the values first",
        )
    said, was = _reasoned(reason), told.asked
    asked = HistoryAsked(HistoryStep.LOAD, _by(caller), was.answers, was.choices, said)
    caller.platform.histories.ask(id, asked)
    caller.trace("history.load", told.file, said)


def _reasoned(reason: str) -> str:
    said = reason.strip()
    if not said or len(said) > MAX_REASON or not said.isprintable():
        raise InvalidInput(
            "no reason", field="reason", value=said[:40], fix="say why it is loaded, in one line"
        )
    return said


def _by(caller: Caller) -> str:
    return str(caller.actor)
