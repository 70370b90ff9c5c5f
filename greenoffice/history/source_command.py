"""`greenoffice history from`: what another system has, listed or loaded."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from greenoffice.assembly import Assembly
from greenoffice.folder import DataFolder
from greenoffice.history.command import (
    history_place,
    progress_display,
    say_told,
    say_total,
    write_refused,
)
from greenoffice.history.from_source import SourceLoad
from greenoffice.history.loading import TableLoaded
from greenoffice.history.mapping import SeriesMapping, read_mapping
from greenoffice.history.offers import OfferedSeries, offers, proposal
from greenoffice.history.options import HistoryOptions
from greenoffice.history.sources.series import HistorySource
from greenoffice.history.summary import TableTold
from greenoffice.saying import say
from metering.errors import Conflict
from metering.localtime import iso


@dataclass(frozen=True)
class SourceOptions:
    """What is done with a source."""

    load: HistoryOptions
    listed: bool = False
    """Whether it is only said what is in it."""
    propose: Path | None = None
    """Where a mapping to begin with is written; it asks for the list."""


def run_from(
    source: Callable[[], HistorySource], options: SourceOptions, data: Path, *, as_json: bool
) -> TableTold | None:
    """List what a source has, or load it; say what became of each value, also of what was loaded
    before something broke off. None where it was listed.

    Raises as `HistorySource`, `SourceLoad.run` and `history_place`.
    """
    folder = DataFolder(data.absolute())
    with contextlib.closing(source()) as asked:
        if options.listed or options.propose:
            _list(asked, options, folder, as_json=as_json)
            return None
        return _load(asked, options.load, folder, as_json=as_json)


def _load(
    source: HistorySource, options: HistoryOptions, folder: DataFolder, *, as_json: bool
) -> TableTold:
    load = SourceLoad(source)
    with history_place(folder, options) as (place, ways), progress_display() as display:
        task = display.add_task(source.called, total=None)

        def progress(_: str, done: int, count: int) -> None:
            display.update(task, completed=done, total=count)

        try:
            load.run(place, ways, progress)
        finally:
            _say_load(load, source.called.partition(" ")[0], as_json=as_json)
    say_total([load.told], options, as_json=as_json)
    return load.told


def _say_load(load: SourceLoad, system: str, *, as_json: bool) -> None:
    if not load.told.counts.read:
        return
    loaded = TableLoaded(load.told, load.refused)
    written = write_refused([loaded], Path.cwd() / f"{system}.csv")
    if not as_json:
        say_told(load.told)
    if written and not as_json:
        say(f"to be mended and loaded again: {written}")


def _list(
    source: HistorySource, options: SourceOptions, folder: DataFolder, *, as_json: bool
) -> None:
    with contextlib.closing(Assembly.at_hand(folder)) as assembly:
        said = options.load
        mapped = read_mapping(said.mapping) if said.mapping else {}
        mapping = SeriesMapping(assembly.registry(), mapped, said.gateway, said.kind)
    offered = offers(source.series(), mapping)
    if as_json:
        print(json.dumps([one.as_row() for one in offered], ensure_ascii=False))
    else:
        _say_offered(offered)
    if options.propose is not None:
        _write(options.propose, proposal(offered))
        if not as_json:
            say(f"fill in its column point, and load with --mapping {options.propose}")


def _say_offered(offered: list[OfferedSeries]) -> None:
    for one in offered:
        series = one.series
        first, last = iso(series.first_us), iso(series.last_us)
        if series.unit:
            say(f"{series.name}: {series.count} values in {series.unit}, {first} to {last}")
        else:
            say(f"{series.name}: {series.count} values, {first} to {last}")
        if one.point:
            say(f"    maybe {one.point}")
    say(f"{len(offered)} series, of which {sum(bool(one.point) for one in offered)} have a point")


def _write(file: Path, data: bytes) -> None:
    """Never over a mapping that somebody has filled in."""
    try:
        with file.open("xb") as made:
            made.write(data)
    except FileExistsError:
        raise Conflict(
            "there is a file already",
            field="--propose",
            value=str(file),
            fix="name another one; this one may be filled in already",
        ) from None
