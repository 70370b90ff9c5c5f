"""What must hold across rows and files, judged together with what is registered already."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from metering.reading import Kind
from metering.registry.examples import EXAMPLE_CODES
from metering.registry.facts import FACTS
from metering.registry.formulas import check_formulas
from metering.registry.installed import check_installed
from metering.registry.kind import FactKind, Key
from metering.registry.kinds import (
    CALENDAR,
    FACTOR,
    FORMULA,
    GATEWAY,
    KINDS,
    METER,
    NODE,
    POINT,
    SPACE,
    SUPPLY,
)
from metering.registry.model import Meter, NodeType, Point, Registry, SpaceEdge
from metering.registry.rows import Row
from metering.registry.sharing import Share, read_share
from metering.registry.tables import Facts
from metering.units import BOOK_UNITS, POWER_OF_ENERGY, counts_for
from metering.validity import Validity, epochs, turning_days

T = TypeVar("T")
_Edge = tuple[str, str]
"""(above, below)."""
Spans = dict[Hashable, list[tuple[Row | None, Validity]]]

_FILES = {"nodes": "tree.csv", "meters": "meters.csv", "gateways": "gateways.csv"}
_CUMULATIVE = {*BOOK_UNITS, "persons", "1"}


def check_facts(facts: Facts, whole: Registry, existing: Registry) -> None:
    """Note every contradiction at the row that brings it; `whole` is old and new together."""
    _check_repeats(facts)
    _check_names(facts, whole, existing)
    _check_references(facts, whole)
    space = [(row, (e.parent, e.child)) for row, e in facts.space]
    _check_cycle(space, {(e.parent, e.child) for e in whole.space}, "parent")
    supply = [(row, (e.source, e.fed)) for row, e in facts.supply]
    _check_cycle(supply, {(e.source, e.fed) for e in whole.supply}, "fed_by")
    _check_shares(facts, whole)
    for row, meter in facts.meters:
        if meter.node in whole.nodes:
            _check_place(row, meter, whole)
    for row, point in facts.points:
        _check_point(row, point, whole)
    _check_overlaps(facts, whole)
    check_formulas(facts, whole)


def _check_repeats(facts: Facts) -> None:
    """What stands in two rows would be taken once: the later row would silently win."""
    for row in _repeated(facts.meters, METER.key):
        row.wrong("code", "the same meter a second time", "one row for each meter")
    for row in _repeated(facts.gateways, GATEWAY.key):
        row.wrong("code", "the same gateway a second time", "one row for each gateway")
    for row in _repeated(facts.calendar, CALENDAR.key):
        row.wrong("date", "the same day a second time", "one row for each day")
    for row in _repeated(facts.factors, FACTOR.key):
        row.wrong("item", "the same factor a second time", "one row for each valid_from")
    for row in _repeated_places(facts):
        row.wrong("code", "the same place a second time", "one row for each parent and valid_from")
    bare = [(row, point) for row, point in facts.points if not row.text("meter")]
    for row in _repeated(bare, POINT.key):
        row.wrong("point", "the same point a second time", "one row for each point")
    for row in _repeated(facts.supply, SUPPLY.key):
        row.wrong("fed_by", "the same meter a second time", "name each meter that feeds it once")
    for row in _differing(facts.nodes, NODE.key):
        row.wrong("code", "an earlier row says otherwise", "repeat all but parent, share, dates")
    for row in _differing(facts.points, POINT.key):
        row.wrong("point", "an earlier row says otherwise", "repeat all but the meter's columns")


def _check_names(facts: Facts, whole: Registry, existing: Registry) -> None:
    """A question names a node or a meter by its code alone. Pairs of old stay as they are, so
    that the rest of such a registry can still be edited."""
    old = existing.nodes.keys() & existing.meters.keys()
    fix = "a code that no node and no meter has"
    for row, meter in facts.meters:
        if meter.code in whole.nodes and meter.code not in old:
            row.wrong("code", "a node has the code of this meter", fix)
    stated = {meter.code for _, meter in facts.meters} | old
    for row, node in facts.nodes:
        if node.code in existing.meters and node.code not in stated:
            row.wrong("code", "a meter has the code of this node", fix)


def _repeated_places(facts: Facts) -> Iterator[Row]:
    """Rows of tree.csv: those with a parent by their edge, those at the top by their node."""
    tops = [(row, node) for row, node in facts.nodes if not row.text("parent")]
    yield from _repeated(tops, NODE.key)
    yield from _repeated(facts.space, SPACE.key)


def _repeated(pairs: Iterable[tuple[Row, T]], key: Callable[[T], Hashable]) -> Iterator[Row]:
    seen: set[Hashable] = set()
    for row, one in pairs:
        if key(one) in seen:
            yield row
        seen.add(key(one))


def _differing(pairs: Iterable[tuple[Row, T]], key: Callable[[T], Hashable]) -> Iterator[Row]:
    first: dict[Hashable, T] = {}
    for row, one in pairs:
        if first.setdefault(key(one), one) != one:
            yield row


def _check_references(facts: Facts, whole: Registry) -> None:
    for kind in KINDS:
        for reference in kind.refers:
            among, file = getattr(whole, reference.among), _FILES[reference.among]
            for row, fact in kind.taken(facts):
                _known(row, reference.said, getattr(fact, reference.field) or "", among, file)


def _known(row: Row, column: str, code: str, among: Mapping[str, object], file: str) -> None:
    if code and code not in among:
        table = row.header.table(file)
        fix = f"add it to {table}, or correct the code"
        if code in EXAMPLE_CODES and "#" in row.file:  # of a workbook
            fix = f"add it to {table}: the example of this code is not imported with its mark"
        row.wrong(column, f"{code} is not registered", fix)


def _check_cycle(pairs: Iterable[tuple[Row, _Edge]], edges: set[_Edge], column: str) -> None:
    """Edges are taken without their dates: what was once below never stands above."""
    left, before = edges, -1
    while len(left) != before:
        before = len(left)
        below, above = {child for _, child in left}, {parent for parent, _ in left}
        left = {edge for edge in left if edge[0] in below and edge[1] in above}
    for row, edge in pairs:
        if edge in left:
            row.wrong(column, f"{edge[1]} comes round to itself", "break the circle")


def _check_shares(facts: Facts, whole: Registry) -> None:
    """Shares of one place and day are of one kind, fractions add up to 1, and nobody beside them
    has the whole; without shares a place is below one other, or it would count in both. Told at
    the last row of the place. Figures of institutions are not added, so they may be below many."""
    rows = {
        edge.child: row
        for row, edge in facts.space
        if whole.nodes[edge.child].type is not NodeType.INSTITUTION
    }
    for child, row in rows.items():
        edges = [edge for edge in whole.space if edge.child == child]
        for span in epochs(turning_days(edge.valid for edge in edges)):
            held = [edge for edge in edges if edge.valid.holds(span.some_day)]
            if not _check_share(row, held):
                break
        for edge in edges:
            _check_share_meter(row, edge, whole)


def _check_share_meter(row: Row, edge: SpaceEdge, whole: Registry) -> None:
    """A meter that says a share hangs on the place, or below."""
    share = read_share(edge.share)
    if share is None or not share.meter:
        return
    _known(row, "share", share.meter, whole.meters, "meters.csv")
    meter = whole.meters.get(share.meter)
    if meter is not None and edge.child not in (meter.node, *whole.ancestors(meter.node)):
        fix = "a meter that hangs on the place or below"
        row.wrong("share", f"{share.meter} measures nothing of the place", fix)


def _check_share(row: Row, held: Sequence[SpaceEdge]) -> bool:
    shares = [read_share(edge.share) or Share(Decimal(1)) for edge in held]
    parents = {edge.parent for edge in held}
    if not any(edge.divided for edge in held):
        if len(parents) < 2:
            return True
        fix = "a share for each, or one parent; end one that is registered by its row with valid_to"
        row.wrong("parent", f"whole below {' and '.join(sorted(parents))} at once", fix)
    elif len(parents) < len(held):
        fix = "one row for each parent and day; end one that is registered by its row with valid_to"
        row.wrong("share", "two shares of one parent at once", fix)
    elif len({share.unit for share in shares}) > 1:
        fix = "fractions, areas, people or meters for all who share a place"
        row.wrong("share", "shares of different kinds at once", fix)
    elif not shares[0].unit and sum(share.amount for share in shares) != 1:
        total = sum(share.amount for share in shares)
        row.wrong("share", f"the shares add up to {total}", "fractions that add up to 1")
    else:
        return True
    return False


def _check_place(row: Row, meter: Meter, whole: Registry) -> None:
    """One institution above at any time on each way up, and a time zone. There are several ways
    where a place is shared."""
    above = [meter.node, *_present(whole.ancestors(meter.node), whole)]
    institutions = _institutions(above, whole)
    if not institutions:
        row.wrong("node", "no institution above", "put the node below an institution in tree.csv")
    elif len(institutions) > 1:
        for day in _turning_days(above, meter, whole):
            if _most_institutions(meter.node, day, whole, frozenset()) > 1:
                names = " and ".join(sorted(institutions))
                fix = "one institution above each meter, or shares in tree.csv"
                row.wrong("node", f"below {names} at once", fix)
                break
    if not any(
        whole.nodes[code].zone for code in _present([*above, *whole.subtree(meter.node)], whole)
    ):
        row.wrong("node", "no time zone", "give the site a zone in tree.csv, e.g. Asia/Shanghai")


def _most_institutions(node: str, day: date, whole: Registry, seen: frozenset[str]) -> int:
    """How many institutions are above a place at most, itself among them: on one of the ways where
    it is shared, else on all together."""
    if node in seen or node not in whole.nodes:
        return 0
    parties = whole.shares(node, day)
    if not parties:
        above = [one for one in whole.parents(node, day) if one in whole.nodes]
        if len(above) > 1:
            return len(_institutions([node, *whole.ancestors(node, day)], whole))
        parties = dict.fromkeys(above, "")
    own = whole.nodes[node].type is NodeType.INSTITUTION
    inside = seen | {node}
    return own + max((_most_institutions(p, day, whole, inside) for p in parties), default=0)


def _present(codes: Iterable[str], whole: Registry) -> list[str]:
    return [code for code in codes if code in whole.nodes]


def _institutions(codes: Iterable[str], whole: Registry) -> set[str]:
    return {c for c in _present(codes, whole) if whole.nodes[c].type is NodeType.INSTITUTION}


def _turning_days(above: list[str], meter: Meter, whole: Registry) -> list[date]:
    """Days from which the tree above may be another one."""
    starts = {edge.valid.first for edge in whole.space if edge.child in above}
    starts.add(meter.valid.first)
    return sorted(day for day in starts if meter.valid.holds(day))


def _check_point(row: Row, point: Point, whole: Registry) -> None:
    meter = whole.meters.get(row.text("meter"))
    if meter is None:
        _check_bare_unit(row, point)
    elif point.kind in (Kind.INSTANT, Kind.STATE):
        row.wrong("kind", f"{point.kind} cannot serve a meter", "register, interval or mean")
    elif point.kind is Kind.MEAN:
        power = POWER_OF_ENERGY.get(meter.unit)
        if power is None:
            row.wrong("kind", f"no mean power for a meter in {meter.unit}", "register or interval")
        elif point.unit != power:
            row.wrong("unit", f"does not convert to {power}", f"a unit such as {power}")
    elif point.unit not in counts_for(meter.unit):
        fix = f"such as {' or '.join(counts_for(meter.unit))}"
        row.wrong("unit", f"does not convert to the meter's {meter.unit}", fix)


def _check_bare_unit(row: Row, point: Point) -> None:
    if point.kind in (Kind.REGISTER, Kind.INTERVAL) and point.unit not in _CUMULATIVE:
        row.wrong("unit", f"not a quantity that a {point.kind} counts", "kWh, m3, MJ, kvarh or kg")
    elif point.kind is Kind.MEAN and point.unit in ("kWh", "kvarh", "MJ"):
        row.wrong("unit", "energy is no mean power", "a unit of power, or kind interval")
    elif point.kind is Kind.STATE and point.unit != "1":
        row.wrong("unit", "a state has no unit", "1")


def _check_overlaps(facts: Facts, whole: Registry) -> None:
    check_installed(facts.installations, whole)
    routed: Spans = {}
    for row, route in facts.routes:
        routed.setdefault((route.gateway, route.topic), []).append((row, route.valid))
    said = {(r.gateway, r.topic, r.valid.start) for _, r in facts.routes}
    for known in whole.routes:
        if (known.gateway, known.topic, known.valid.start) not in said:
            routed.setdefault((known.gateway, known.topic), []).append((None, known.valid))
    fix = "end the earlier route with valid_to, or start this one later"
    for row in overlapping(routed):
        row.wrong("topic", "two routes of the topic at the same time", fix)
    for kind in (FORMULA, *FACTS):
        _check_apart(kind, facts, whole)
    totals: Spans = {}
    rows = {meter.code: row for row, meter in facts.meters}
    for meter in whole.meters.values():
        if meter.total:
            spans = totals.setdefault((meter.node, meter.item), [])
            spans.append((rows.get(meter.code), meter.valid))
    for row in overlapping(totals):
        row.wrong("total", "two total meters of one node and item", "total is yes for one of them")


def _check_apart(kind: FactKind[Any], facts: Facts, whole: Registry) -> None:
    """No fact stands twice; of a kind of which one at a time holds, no two do."""
    taken = kind.taken(facts)
    if not kind.apart:
        for row in _repeated(taken, kind.key):
            fix = "one row for each, with dates that meet where it changes"
            row.wrong(kind.table.required[0], "the same row a second time", fix)
        return
    spans: Spans = {}
    for row, fact in taken:
        spans.setdefault(_group(kind, fact), []).append((row, fact.valid))
    said = {kind.key(fact) for _, fact in taken}
    for fact in kind.of(whole):
        if kind.key(fact) not in said:
            spans.setdefault(_group(kind, fact), []).append((None, fact.valid))
    fix = "end the earlier one with valid_to, or start this one later"
    for row in overlapping(spans):
        row.wrong("valid_from", "two rows of it hold at the same time", fix)


def _group(kind: FactKind[Any], fact: object) -> Key:
    return tuple(getattr(fact, name) for name in kind.apart)


def overlapping(spans: Spans) -> Iterator[Row]:
    """Rows of the groups whose validity overlaps another's, each once."""
    for group in spans.values():
        last, held, told = date.min, None, None
        for row, valid in sorted(group, key=lambda one: one[1].first):
            reported = row or held
            overlaps = valid.first < last
            if reported is not None and overlaps and reported is not told:
                told = reported
                yield reported
            held, last = row, max(last, valid.limit)
