"""`greenoffice history load`: into the journal, beside a running platform or without one."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Display
from rich.text import Text

from greenoffice.assembly import Assembly, decoding
from greenoffice.folder import DataFolder
from greenoffice.history.loading import (
    HistoryPlace,
    HistoryWays,
    TableLoaded,
    load_file,
    waiting_rows,
)
from greenoffice.history.making import MadeMeters, make_points, ways_of
from greenoffice.history.mapping import read_mapping
from greenoffice.history.options import HistoryOptions
from greenoffice.history.standing import StandingReadings
from greenoffice.history.summary import TableTold, total
from greenoffice.receivers import WRITERS, open_journal
from greenoffice.registering import print_proposal
from greenoffice.saying import say
from metering.access import by_command
from metering.registry.proposal import Proposal

WRITER = "history"


class _Rate(ProgressColumn):
    """Values in a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed or 0:,.0f}/s")


def run_load(options: HistoryOptions, data: Path, *, as_json: bool) -> list[TableTold]:
    """Load files into the points of a data folder, those made for it among them; say what became of
    each value.

    Raises as `load_file` and `make_points`, and NotFound where the gateway or the mapping is not
    there.
    """
    folder = DataFolder(data.absolute())
    found: list[TableTold] = []
    with history_place(folder, options) as (place, ways), progress_display() as display:
        if place.made is not None and not as_json:
            print_proposal(place.made)
        tasks: dict[str, int] = {}

        def progress(file: str, done: int, count: int) -> None:
            if file not in tasks:
                tasks[file] = display.add_task(file, total=count)
            display.update(tasks[file], completed=done)  # type: ignore[arg-type]

        for count, file in enumerate(options.files, start=1):
            is_last = count == len(options.files)
            loaded = list(load_file(file, place, ways, progress, is_last=is_last))
            written = write_refused(loaded, file)
            for one in loaded:
                found.append(one.told)
                if not as_json:
                    say_told(one.told)
            if written and not as_json:
                say(f"to be mended and loaded again: {written}")
    say_total(found, options, place.made, as_json=as_json)
    return found


@contextlib.contextmanager
def history_place(
    folder: DataFolder, options: HistoryOptions
) -> Iterator[tuple[HistoryPlace, HistoryWays]]:
    """What loads go to, and how; the journal is ours while it lasts, but on a dry run. Raises
    NotFound where the gateway or the mapping is not there, InvalidInput for a mapping that is
    none."""
    with contextlib.closing(Assembly.at_hand(folder)) as assembly:
        mapped, by = read_mapping(options.mapping) if options.mapping else {}, by_command()
        if not options.new:
            mapped = {name: one for name, one in mapped.items() if one.new is None}
        made = make_points(assembly, options, mapped, str(by))
        with place_over(assembly, folder, options, made, by.name) as found:
            yield found


@contextlib.contextmanager
def place_over(
    assembly: Assembly,
    folder: DataFolder,
    options: HistoryOptions,
    made: MadeMeters,
    by: str,
) -> Iterator[tuple[HistoryPlace, HistoryWays]]:
    """The same over parts that are open, with what is mapped and was made; `by` loads."""
    with contextlib.ExitStack() as held:
        registry, how = made.registry, decoding(assembly.settings)
        ways = ways_of(options, registry, made.mapped)
        write = None
        if not options.dry_run:
            write = held.enter_context(contextlib.closing(open_journal(folder, WRITER))).append
        # Read before what is stored: what is taken in meanwhile is then seen in both.
        reached = assembly.stores.intake.checkpoint(WRITERS[WRITER])
        waiting = waiting_rows(assembly.journal, WRITERS[WRITER], reached, how, registry)
        standing = StandingReadings(assembly.readings, waiting)
        yield HistoryPlace(registry, standing, how, assembly.now_us, write, by, made.done), ways


def write_refused(loaded: list[TableLoaded], file: Path) -> Path | None:
    """Rows that hold what was refused, beside the file; None where there are none."""
    data = b"".join(one.refused for one in loaded)
    if not data:
        return None
    target = file.with_name(f"{file.stem}.refused.csv")
    target.write_bytes(data)
    return target


def progress_display() -> Display:
    """Bars on stderr, beside what is said."""
    return Display(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


def say_told(told: TableTold) -> None:
    """Say what became of a table."""
    one = told.counts
    say(
        f"{told.file}: {one.read} values = {one.stored} stored + {one.corrected} corrected"
        f" + {one.duplicates} duplicates + {one.differing} differing + {one.entered} entered"
        f" + {one.unknown} unknown + {one.missing} missing + {one.refused} refused"
    )
    for example in told.examples:
        say(f"kept back: {example}")
    if told.unknown:
        names = ", ".join(told.unknown[:10])
        say(f"{len(told.unknown)} series have no point: {names}")
        say("map them with --mapping, or have meters and points made for them with --new")


def say_total(
    found: list[TableTold],
    options: HistoryOptions,
    made: Proposal | None = None,
    *,
    as_json: bool,
) -> None:
    """Say what became of all tables, and what comes now; `made` was made for them."""
    counts = total(found).as_dict()
    if as_json:
        told = {"tables": len(found), **counts, "dry_run": options.dry_run}
        told["registered"] = 0 if made is None else len(made.changes)
        told["unknown_series"] = [name for one in found for name in one.unknown]  # type: ignore[assignment]
        print(json.dumps(told, ensure_ascii=False))
    elif options.dry_run:
        say("dry run: nothing was loaded")
    elif counts["stored"] + counts["corrected"]:
        say("in the journal; a running platform takes it in at once, another when it starts")
