"""To read energy of many series at once: which are meant, how much that is, and their columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import figures
from api.caller import Caller
from api.moments import as_of_text
from api.usecases.energy import Days, Step, intervals_of, series_of
from api.wrong_values import too_many_characters
from figures import FIELDS, AsOf, FigureSheet
from metering import items
from metering.book import SeriesKey
from metering.errors import InvalidInput, NotFound
from metering.factor import USUAL_BASES, Bases
from metering.registry import Registry

MOST_INTERVALS: Final = 4_000_000
"""Of an answer: periods of all series, or their days where these are more."""
MOST_WORTH: Final = 1_000_000
"""Likewise with money, carbon or coal, which are wider."""
MOST_PRICED_DAYS: Final = 400_000
"""Days of all series whose slots and price windows an answer may rest on."""
MOST_SERIES: Final = 100_000
"""Of a list of nodes with every item of another: looked at before what each holds."""
MOST_CODE: Final = 128
"""Characters of one code of a list."""


@dataclass(frozen=True)
class EnergyTable:
    """Columns of many series at one moment."""

    days: Days
    sheets: tuple[FigureSheet, ...]
    """In no order that says anything."""
    revisions: dict[str, int]
    """By institution that something was read of."""
    registry_version: int


def listed(text: str | None, field: str) -> list[str | None]:
    """The values of a list with commas; one None where nothing is said. InvalidInput for an empty
    one, one that is too long, or one that is said twice."""
    if text is None:
        return [None]
    found = text.split(",")
    for one in found:
        if not one and len(found) > 1:
            raise InvalidInput(
                "a list with nothing between two commas",
                field=field,
                value=text,
                fix="take one out",
            )
        if len(one) > MOST_CODE:
            raise InvalidInput(
                too_many_characters(MOST_CODE),
                field=field,
                value=one,
                fix="see /docs for what this query part accepts",
            )
    if len(set(found)) < len(found):
        twice = next(one for n, one in enumerate(found) if one in found[:n])
        raise InvalidInput("a code said twice", field=field, value=twice, fix="say it once")
    return [*found]


def series_listed(
    caller: Caller, node: str | None, meter: str | None, below: str | None, item: str | None
) -> list[SeriesKey]:
    """The booked series that lists of codes mean, each in the scope on some day: every node with
    every item, or every meter, or the meters of a place and of all below it. Errors as
    `series_of`."""
    asked = listed(item, "item")
    if below is not None and node is None and meter is None:
        return _meters_below(caller, below, asked)
    if below is not None:
        raise InvalidInput(
            "exactly one of node, meter and below is needed",
            field="below",
            value=below,
            fix="?below=CODE for the meters of a place and of all below it",
        )
    nodes, meters = listed(node, "node"), listed(meter, "meter")
    if (asked_for := len(nodes) * len(meters) * len(asked)) > MOST_SERIES:
        raise InvalidInput(
            f"more than {MOST_SERIES} series at once",
            field="item",
            value=asked_for,
            fix="ask for fewer series, in several requests",
        )
    return [
        series_of(caller, own_node, own_meter, one)
        for own_node in nodes
        for own_meter in meters
        for one in asked
    ]


def _meters_below(caller: Caller, below: str, asked: Sequence[str | None]) -> list[SeriesKey]:
    reach = caller.reach
    inside = reach.registry.subtree(reach.node(below).code)
    wanted = {items.check_item(one) for one in asked if one is not None}
    found = [
        SeriesKey(reach.institution_of(one.node), "meter", one.code, one.item)
        for one in reach.meters.values()
        if one.node in inside and (not wanted or one.item in wanted)
    ]
    if not found:
        raise NotFound(
            "no meter of these items lies below this node"
            if wanted
            else "no meter lies below this node",
            field="below",
            value=below,
            fix="a node of /v1/meters, or node=CODE for its own figure",
        )
    return found


def fields_listed(text: str | None) -> tuple[str, ...]:
    """Which fields a list names; all where nothing is said. InvalidInput for one that there is
    not."""
    found = [one for one in listed(text, "fields") if one is not None]
    for one in found:
        if one not in FIELDS:
            raise InvalidInput(
                "no such field", field="fields", value=one, fix=f"some of: {', '.join(FIELDS)}"
            )
    return tuple(one for one in FIELDS if one in found or not found)


def check_size(
    registry: Registry, keys: Sequence[SeriesKey], step: Step, days: Days, fields: Sequence[str]
) -> None:
    """InvalidInput where an answer would hold too much; it names what was asked, and the most."""
    count = (days.last - days.first).days + 1
    asked = sum(intervals_of(registry, key, step, count) for key in keys)
    if asked > MOST_INTERVALS:
        raise InvalidInput(
            f"more than {MOST_INTERVALS} intervals at once",
            field="end",
            value=asked,
            fix="ask for fewer series, fewer days or a wider step",
        )
    if asked > MOST_WORTH and {"money", "carbon", "coal"} & {*fields}:
        raise InvalidInput(
            f"more than {MOST_WORTH} intervals with money, carbon or coal at once",
            field="fields",
            value=asked,
            fix="ask for fewer series, fewer days or a wider step, or for other fields",
        )
    rests_on = count * len(keys)
    if "money" in fields and rests_on > MOST_PRICED_DAYS:
        raise InvalidInput(
            f"money of more than {MOST_PRICED_DAYS} days of all series at once",
            field="fields",
            value=rests_on,
            fix="ask for fewer series or fewer days, or without money",
        )


def table_of(
    caller: Caller,
    keys: Sequence[SeriesKey],
    step: Step,
    days: Days,
    fields: Sequence[str],
    as_of: str | None = None,
    bases: Bases = USUAL_BASES,
) -> EnergyTable:
    """Columns of the series, all at one moment: the present one where none is named."""
    check_size(caller.reach.registry, keys, step, days, fields)
    own, moment = _at_moment(caller, keys, days.last, as_of)
    with caller.view(moment, bases) as view:
        found = tuple(figures.sheets(view, own, *days, str(step), fields))
        for key in own:
            view.revision(key.institution)
        return EnergyTable(days, found, view.revisions, view.registry.version)


def _at_moment(
    caller: Caller, keys: Sequence[SeriesKey], last: date, as_of: str | None
) -> tuple[list[SeriesKey], AsOf | None]:
    """The series under the institution whose moment is asked for. InvalidInput where it is not
    that of all of them."""
    if as_of is None:
        return list(keys), None
    reach, known = caller.reach, dict[str, AsOf]()
    for key in keys:
        node = reach.registry.meters[key.code].node if key.kind == "meter" else key.code
        body = reach.registry.institution(node, reach.last_day(node, last))
        body = body or reach.institution_of(node)
        if body not in known:
            known[body] = as_of_text(caller, as_of, body)
        moment = known[body]
        one = next(iter(known.values()))
        if moment != one or moment.institution not in reach.registry.institutions(node):
            raise InvalidInput(
                "revisions are of one institution",
                field="as_of",
                value=as_of,
                fix=f"ask for figures of {one.institution} alone",
            )
    moment = next(iter(known.values()))
    return [replace(key, institution=moment.institution) for key in keys], moment
