"""Points and meters for series that have none: looked at, proposed, registered, all or nothing.

They are made before anything is loaded. What breaks off after it finds them by their names when
the files are loaded again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from figures import complete_months
from greenoffice.assembly import Assembly
from greenoffice.history.loading import HistoryWays
from greenoffice.history.looking import look
from greenoffice.history.mapping import MappedSeries, SeriesMapping
from greenoffice.history.options import HistoryOptions
from metering.history_load import NewMeter, SeriesSeen
from metering.new_meters import made_points, proposed
from metering.registry import Registry
from metering.registry.files import read_registry_texts
from metering.registry.proposal import Proposal, check_reason, propose


@dataclass(frozen=True)
class MadeMeters:
    """What series go to once those are made that were wanted."""

    registry: Registry
    """As it stands now, or on a trial as it would."""
    mapped: Mapping[str, MappedSeries]
    done: Proposal | None = None
    """What was registered; None for nothing."""


def ways_of(
    options: HistoryOptions, registry: Registry, mapped: Mapping[str, MappedSeries]
) -> HistoryWays:
    """How the files of these options are read. Raises as the form and the mapping do."""
    mapping = SeriesMapping(registry, mapped, options.gateway, options.kind)
    return HistoryWays(options.form(registry), options.text, mapping, options.correct)


def make_points(
    assembly: Assembly, options: HistoryOptions, mapped: Mapping[str, MappedSeries], by: str
) -> MadeMeters:
    """Register what the series of the files need that is not there, in one import; `by` makes it.

    Raises as `look` and `made_points`, InvalidInput where a reason is needed and not said, and
    Conflict where the registry changed meanwhile; then nothing is registered.
    """
    registry = assembly.registry()
    seen, wanted = _wanted(options, ways_of(options, registry, mapped))
    if not wanted:
        return MadeMeters(registry, mapped)
    made = made_points(wanted, seen, registry, options.gateway)
    named = {
        name: MappedSeries(point, proposed(seen[name], wanted[name]).unit)
        for name, point in made.points.items()
    }
    mapped = {**mapped, **named}
    if not made.files:
        return MadeMeters(registry, mapped)
    now_us = assembly.now_us()
    rows = read_registry_texts(made.files, registry)
    proposal = propose(registry, rows, complete_months(assembly.stores.books, registry, now_us))
    if options.dry_run:
        return MadeMeters(proposal.after, mapped, proposal)
    assembly.stores.registry.apply(
        rows,
        actor=by,
        now_us=now_us,
        reason=check_reason(proposal, options.reason),
        expected_version=registry.version,
    )
    return MadeMeters(assembly.registry(), mapped, proposal)


def _wanted(
    options: HistoryOptions, ways: HistoryWays
) -> tuple[dict[str, SeriesSeen], dict[str, NewMeter]]:
    """(all series of the files, what is said of those that get something new) by name."""
    seen: dict[str, SeriesSeen] = {}
    wanted: dict[str, NewMeter] = {}
    if not (options.new or ways.mapping.says_new):
        return seen, wanted
    for file in options.files:
        for one in look(file, ways).series:
            seen.setdefault(one.name, one)
    for name in seen:
        said = ways.mapping.makes(name, others=options.new)
        if said is not None:
            wanted[name] = NewMeter(
                said.node or options.node,
                said.item or options.item,
                said.unit,
                said.kind or options.kind or "",
            )
    return seen, wanted
