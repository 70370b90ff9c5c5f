"""One step of an upload, in a process of its own: a large file costs the API nothing, and what goes
wrong with it ends this process alone."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from pathlib import Path

from greenoffice.assembly import Assembly
from greenoffice.folder import DataFolder
from greenoffice.history.command import place_over
from greenoffice.history.loading import HistoryPlace, HistoryWays, load_file
from greenoffice.history.looking import look
from greenoffice.history.making import make_points, ways_of
from greenoffice.history.mapping import MappedSeries
from greenoffice.history.options import HistoryOptions
from greenoffice.history.state import UploadFolder
from greenoffice.history.summary import total
from greenoffice.parent import end_with_parent
from greenoffice.private import keep_private
from metering.errors import GreenOfficeError
from metering.history_load import (
    HistoryAsked,
    HistoryOutcome,
    HistoryRefusal,
    HistoryStep,
    HistoryTold,
)
from metering.tables import AmbiguousFormat

TELL_EVERY_S = 0.5
MOST_EXAMPLES = 20
MOST_NAMED = 100
"""Series without a point that are named; the values of all are counted."""
_LINE = b"\r\n"


def run_step(place: Path, data: Path, parent: int = 0) -> None:
    """Do the step that is asked for in the folder of an upload, and tell there how far it is."""
    if parent:
        end_with_parent(parent)
    folder, upload = DataFolder(data.absolute()), UploadFolder(place.absolute())
    keep_private(folder)
    file = next(upload.sent.iterdir())
    step = _StepRun(folder, upload, file, replace(upload.told(), asked=upload.asked()))
    try:
        step.run()
    except GreenOfficeError as error:
        step.tell(refusal=refusal_of(error))
    if step.told.loaded:
        file.unlink()


def refusal_of(error: GreenOfficeError) -> HistoryRefusal:
    """What a page is told of an error; `asks` names the answer that it wants."""
    asks = ""
    if isinstance(error, AmbiguousFormat):
        asks = error.asks
    elif error.field == "--zone":
        asks = "zone"
    value = "" if error.value is None else str(error.value)
    return HistoryRefusal(
        error.code, error.message, error.field or "", value, error.fix or "", asks
    )


class _StepRun:
    """A step on its way; `told` is what was told last."""

    def __init__(
        self, folder: DataFolder, upload: UploadFolder, file: Path, told: HistoryTold
    ) -> None:
        self._folder, self._upload, self._file = folder, upload, file
        self.told = replace(told, running=True, outcome=None, refusal=None)
        self._told_at = 0.0

    def run(self) -> None:
        """Do it. Raises as `load_file` and `look`."""
        asked = self.told.asked
        with contextlib.closing(Assembly.beside(self._folder)) as assembly:
            options, mapped = _said(asked, self._file)
            if asked.step is HistoryStep.LOOK:
                ways = ways_of(options, assembly.registry(), mapped)
                self.tell(seen=look(self._file, ways))
                return
            made = make_points(assembly, options, mapped, asked.by)
            with place_over(assembly, self._folder, options, made, asked.by) as (place, ways):
                self._load(place, ways)

    def tell(self, **found: object) -> None:
        """The step is done, and found this."""
        self.told = replace(self.told, running=False, **found)  # type: ignore[arg-type]
        self._upload.tell(self.told)

    def _load(self, place: HistoryPlace, ways: HistoryWays) -> None:
        loaded = list(load_file(self._file, place, ways, self._progress, is_last=True))
        tables = [one.told for one in loaded]
        # One row of headings is enough.
        parts = [one.refused for one in loaded if one.refused]
        refused = b"".join([*parts[:1], *(one.partition(_LINE)[2] for one in parts[1:])])
        self._upload.refused.write_bytes(refused)
        names = dict.fromkeys(name for one in tables for name in one.unknown)
        examples = [text for one in tables for text in one.examples]
        outcome = HistoryOutcome(
            len(tables),
            total(tables).as_dict(),
            tuple(names)[:MOST_NAMED],
            tuple(examples[:MOST_EXAMPLES]),
            tuple(map(str, place.made.changes[:MOST_NAMED])) if place.made else (),
        )
        self.tell(outcome=outcome, mendable=bool(refused))

    def _progress(self, _: str, done: int, count: int) -> None:
        if time.monotonic() - self._told_at < TELL_EVERY_S:
            return
        self._told_at = time.monotonic()
        self._upload.tell(replace(self.told, done=done, count=count))


def _said(asked: HistoryAsked, file: Path) -> tuple[HistoryOptions, dict[str, MappedSeries]]:
    options = HistoryOptions(
        **vars(asked.answers),
        files=(file,),
        dry_run=asked.step is not HistoryStep.LOAD,
        reason=asked.reason,
    )
    mapped = {
        name: MappedSeries(one.point, one.unit, one.new) for name, one in asked.choices.items()
    }
    return options, mapped
