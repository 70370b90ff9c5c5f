"""What a change of the registry means for the books: what must be booked again, and on which days.

    changed_meters    rows that the same readings are booked to otherwise: an installation, its
                      ratio, the step, the zone, where the prices turn
    changed_figures   figures that the same meters' rows add up to otherwise: the tree, the
                      feeders, totals, which meters count; made again without any reading

Names, areas, persons, prices, factors and the calendar book nothing. What is marked may come out
equal; what is not marked is surely as it stands.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import timedelta

from metering.book import DirtyMark, SeriesKey
from metering.localtime import day_bounds
from metering.registry.differences import differing
from metering.registry.installed import turns_between, undated
from metering.registry.kinds import FORMULA, METER, SPACE, SUPPLY
from metering.registry.model import (
    Installation,
    Meter,
    MeterFormula,
    NodeType,
    Registry,
    SpaceEdge,
    SupplyEdge,
)
from metering.registry.repricing import changed_windows, downstream
from metering.validity import ALWAYS, Validity, epochs, joined, turning_days

_Valid = Meter | MeterFormula | SpaceEdge | SupplyEdge
ALL_TIME_US = 2**62
"""Later than any reading: a mark from 0 to here covers whatever a point has."""
REGISTRY_CAUSE = "registry"

Days = dict[str, list[Validity]]
"""By meter, the days in as few spans as can be."""


def registry_cause(version: int) -> str:
    """The cause of what a change to that version books differently, such as `registry 12`."""
    return f"{REGISTRY_CAUSE} {version}"


def is_registry_cause(cause: str) -> bool:
    """Whether a mark or a restatement comes of a change of the registry, of whatever version."""
    return cause.split(" ", 1)[0] == REGISTRY_CAUSE


def marks_of_change(old: Registry, new: Registry) -> list[DirtyMark]:
    """Marks of the points behind changed meters, and of changed figures, over the days touched;
    their cause names the new version."""
    cause, windows = registry_cause(new.version), changed_windows(old, new)
    marks: list[DirtyMark] = []
    for code, spans in changed_meters(old, new, windows).items():
        zone = new.zone(new.meters[code].node)
        installed = (*new.installations_of(code), *old.installations_of(code))
        for point in sorted({one.point for one in installed}):
            marks += [DirtyMark(point, *_span_us(span, zone), cause) for span in spans]
    for key, spans in changed_figures(old, new, windows).items():
        zone = new.zone(key.code) if key.code else "UTC"
        marks += [DirtyMark(0, *_span_us(span, zone), cause, figure=key) for span in spans]
    return marks


def _span_us(span: Validity, zone: str) -> tuple[int, int]:
    start_us = 0 if span.start is None else day_bounds(span.start, zone)[0]
    end_us = ALL_TIME_US if span.end is None else day_bounds(span.end, zone)[0] - 1
    return max(0, start_us), end_us


def changed_meters(old: Registry, new: Registry, windows: Days | None = None) -> Days:
    """Meters of the new registry whose own rows are computed otherwise; a new one is so while a
    point serves it. `windows` are `changed_windows`, where they are known already."""
    found: Days = defaultdict(list)
    for code, meter in new.meters.items():
        found[code] += _served_otherwise(old, new, code)
        if code in old.meters:
            otherwise = _of_another(old, old.meters[code].node, new, meter.node)
            found[code] += _while_served(old, new, code, otherwise)
    for code, spans in (changed_windows(old, new) if windows is None else windows).items():
        found[code] += spans
    return {code: joined(spans) for code, spans in sorted(found.items()) if spans}


def _served_otherwise(old: Registry, new: Registry, code: str) -> list[Validity]:
    """Days on which another register, or the same one otherwise, is the meter."""
    before, after = old.installations_of(code), new.installations_of(code)
    if _own(old, code) != _own(new, code):
        return [one.valid for one in (*before, *after)]
    then, now = _dated(old, before), _dated(new, after)
    turned = turns_between(before, after)
    if then == now:
        return turned
    spans = epochs(turning_days(valid for _, valid in then | now))
    differing = [span for span in spans if _at(then, span) != _at(now, span)]
    moved = turning_days(valid for _, valid in then ^ now)
    return differing + turned + [Validity(day, day + timedelta(days=1)) for day in moved]


def _of_another(old: Registry, was: str, new: Registry, becomes: str) -> list[Validity]:
    """Days on which a node is of another institution than one was before; [] of a new one."""
    if was not in old.nodes or becomes not in new.nodes:
        return []
    return [
        span
        for before, one in old.bodies(was)
        for after, other in new.bodies(becomes)
        if one != other and (span := before.shared(after)) is not None
    ]


def _while_served(
    old: Registry, new: Registry, code: str, spans: Iterable[Validity]
) -> list[Validity]:
    installed = (*old.installations_of(code), *new.installations_of(code))
    return [s for span in spans for one in installed if (s := span.shared(one.valid)) is not None]


def _own(registry: Registry, code: str) -> tuple[object, ...]:
    """What a meter's rows depend on beside its installations, institutions and prices: its item,
    then how they are computed; () for an unknown one."""
    meter = registry.meters.get(code)
    if meter is None:
        return ()
    return (meter.item, registry.zone(meter.node), meter.step_min, meter.max_per_hour)


_Dated = set[tuple[Hashable, Validity]]


def _dated(registry: Registry, installed: Iterable[Installation]) -> _Dated:
    """Each installation, with what its point is, and its days."""
    points = registry.points
    return {
        ((undated(one), points[one.point].kind, points[one.point].unit), one.valid)
        for one in installed
        if one.point in points
    }


def _at(dated: _Dated, span: Validity) -> set[Hashable]:
    return {fact for fact, valid in dated if valid.holds(span.some_day)}


_Touched = Iterator[tuple[str, str, Validity]]
"""(node, item or '', days)."""


def changed_figures(
    old: Registry, new: Registry, windows: Days | None = None
) -> dict[SeriesKey, list[Validity]]:
    """Figures of nodes that may be made otherwise, and with them all above: by node, and by the
    item that changes, '' for every item. A node '' stands for none: only what is booked of
    series that the institution has no more is asked for. `windows` as for `changed_meters`."""
    found: dict[SeriesKey, list[Validity]] = defaultdict(list)
    repriced = changed_windows(old, new) if windows is None else windows
    for code, item, span in (
        *_by_meters(old, new),
        *_by_supply(old, new),
        *_by_formulas(old, new),
        *_by_tree(old, new),
        *((new.meters[m].node, new.meters[m].item, s) for m, ss in repriced.items() for s in ss),
    ):
        for institution in _counting(old, new, code):
            found[SeriesKey(institution, "node", code, item)].append(span)
    for institution, span in _left(old, new):
        found[SeriesKey(institution, "node", "", "")].append(span)
    return {key: joined(spans) for key, spans in sorted(found.items())}


def _counting(old: Registry, new: Registry, code: str) -> set[str]:
    """Institutions whose figures a place counts into, or did: it may stand below several."""
    if code not in new.nodes:
        return set()
    own = set(new.institutions(code))
    above = {*own, *new.ancestors(code)}
    if code in old.nodes:
        above |= {*old.institutions(code), *old.ancestors(code)}
    kinds = ((one, new.nodes[one].type) for one in above if one in new.nodes)
    return own | {o for o, kind in kinds if kind is NodeType.INSTITUTION}


def _by_meters(old: Registry, new: Registry) -> _Touched:
    for before, after in differing(old.meters.values(), new.meters.values(), METER.key):
        same = before and after and _counted(before) == _counted(after)
        for span in _days(before, after, same=bool(same)):
            for one in {(m.node, m.item) for m in (before, after) if m is not None}:
                yield *one, span


def _counted(meter: Meter) -> object:
    """What of a meter a figure depends on, beside its rows and its days."""
    return (meter.node, meter.item, meter.total, meter.step_min)


def _by_supply(old: Registry, new: Registry) -> _Touched:
    """What a feeder feeds, near or far, counts there or not."""
    for before, after in differing(old.supply, new.supply, SUPPLY.key):
        edge = after or before
        spans = _days(before, after, same=bool(before and after))
        for registry in (old, new):
            for code in downstream(registry, [edge.fed] if edge else []):
                meter = registry.meters[code]
                for span in spans:
                    yield meter.node, meter.item, span


def _by_formulas(old: Registry, new: Registry) -> _Touched:
    """A formula is another one, or a member is booked under another name, or not as it was."""
    for before, after in differing(old.formulas, new.formulas, FORMULA.key):
        same = bool(before and after and before.formula == after.formula)
        one = after or before
        meter = new.meters.get(one.meter) if one else None
        if meter is not None:
            for span in _days(before, after, same=same):
                yield meter.node, meter.item, span
    for one in new.formulas:
        for code in one.read.members:
            was, becomes = old.meters.get(code), new.meters.get(code)
            if was is None or becomes is None:
                continue
            spans = _of_another(old, was.node, new, becomes.node)
            if (was.item, was.step_min) != (becomes.item, becomes.step_min):
                spans = [ALWAYS]
            meter = new.meters[one.meter]
            for span in spans:
                if (days := span.shared(one.valid)) is not None:
                    yield meter.node, meter.item, days


def _by_tree(old: Registry, new: Registry) -> _Touched:
    for before, after in differing(old.space, new.space, SPACE.key):
        same = bool(before and after and before.share == after.share)
        above = _with_a_share(old, new, [one for one in (after, before) if one is not None])
        for span in _days(before, after, same=same):
            yield from ((parent, "", span) for parent in above)
    for code in sorted(old.nodes.keys() & new.nodes.keys()):
        if old.zone(code) != new.zone(code):
            yield code, "", ALWAYS
        for span in _of_another(old, code, new, code):
            yield code, "", span


def _with_a_share(old: Registry, new: Registry, told: Sequence[SpaceEdge]) -> list[str]:
    """The place above, and all that ever have a share beside it: theirs is another one too."""
    edge = told[0]
    shared = edge.child in old.shared | new.shared
    others = [p for one in (old, new) for p in one.parents(edge.child)] if shared else []
    return list(dict.fromkeys([edge.parent, *others]))


def _days(before: _Valid | None, after: _Valid | None, *, same: bool) -> list[Validity]:
    """Days on which two facts of one key say otherwise; `same` where only their dates differ."""
    if before is not None and after is not None and same:
        return before.valid.except_for(after.valid)
    return [one.valid for one in (before, after) if one is not None]


def _left(old: Registry, new: Registry) -> Iterator[tuple[str, Validity]]:
    """(institution, days) of which something was booked under a name that it has no more."""
    for code in old.nodes:
        if code not in new.nodes:
            yield from ((body, span) for span, body in old.bodies(code))
            continue
        for before, body in old.bodies(code):
            for span in _of_another(old, code, new, code):
                if (days := before.shared(span)) is not None:
                    yield body, days
    for code, meter in old.meters.items():
        becomes = new.meters.get(code)
        if becomes is None or becomes.item != meter.item or becomes.node != meter.node:
            yield from ((body, span) for span, body in old.bodies(meter.node))
