"""Measurement `restatements`: what changed of days that had been told, when it was recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from api.influxql.engine.rows import (
    FieldKind,
    LabelValues,
    Rows,
    ScopedView,
    Series,
    Values,
    Wanted,
)
from api.influxql.tables import names
from api.usecases.restatements import told_changes
from metering.book import Restatement
from metering.errors import InvalidInput
from metering.items import category
from metering.units import BOOK_UNITS

MOST_CHANGES = 20_000


class Corrections:
    """Restatements of the scope, of nodes and of meters, newest not left out."""

    fields: Mapping[str, FieldKind] = {
        "count": FieldKind.AMOUNT,
        **dict.fromkeys(("change", "old", "new"), FieldKind.AMOUNT),
        "given": FieldKind.AMOUNT,
        "old_revision": FieldKind.LEVEL,
        "new_revision": FieldKind.LEVEL,
        "cause": FieldKind.TEXT,
    }
    tags = ("kind", "meter", "serial", "date", *names.NODE_TAGS, *names.ITEM_TAGS)
    labels: Mapping[str, LabelValues] = {}
    needs_start = False

    def series(self, view: ScopedView) -> list[Series]:
        """Every restatement of the scope, by institution and serial; InvalidInput for too many."""
        reach, found = view.caller.reach, list[Series]()
        for institution in reach.institutions:
            for serial, change in told_changes(view.caller, institution):
                if len(found) == MOST_CHANGES:
                    raise InvalidInput(
                        f"more than {MOST_CHANGES} restatements",
                        field="q",
                        value=institution,
                        fix="/v1/restatements lists them in pages",
                    )
                tags, code = _tags(view, serial, change)
                found.append(Series(tags, names.under(reach, code), change))
        return found

    def rows(self, view: ScopedView, chosen: Sequence[Series], wanted: Wanted) -> Iterator[Rows]:
        """One row for each that was recorded in the range and has been by now."""
        end_us = min(wanted.end_us, view.now_us + 1)
        for series in chosen:
            change = _change(series)
            if wanted.start_us <= change.recorded_us < end_us:
                yield _row(series, change)

    def overlap(self, chosen: Sequence[Series], field: str, *_: object) -> str:
        """A change of a meter is in its nodes too, so amounts are of one node or meter."""
        if field not in ("change", "old", "new"):
            return ""
        told = {(one.tags["kind"], one.tags["node"], one.tags["meter"]) for one in chosen}
        if len(told) > 1:
            return "what changed at a meter is in its places too"
        items = {one.tags["item"] for one in chosen}
        return f"they are of {' and '.join(sorted(items))}" if len(items) > 1 else ""


def _change(series: Series) -> Restatement:
    if not isinstance(series.source, Restatement):
        raise TypeError(series.source)
    return series.source


def _tags(view: ScopedView, serial: int, change: Restatement) -> tuple[dict[str, str], str]:
    """Tags of a change, and its node; '' where it is no more."""
    key, reach = change.key, view.caller.reach
    meter = reach.meters.get(key.code) if key.kind == "meter" else None
    node = key.code if key.kind == "node" else meter.node if meter else ""
    return {
        "kind": key.kind,
        "meter": key.code if key.kind == "meter" else "",
        "serial": str(serial),
        "date": change.day.isoformat(),
        **names.node_tags(reach, node),
        **names.item_tags(key.item),
        "institution": key.institution,
    }, node


def _row(series: Series, change: Restatement) -> Rows:
    scale = BOOK_UNITS[category(change.key.item).unit].per_canonical
    old, new = change.old_total, change.new_total
    amounts = {"old": old, "new": new}
    if old is not None and new is not None:
        amounts["change"] = new - old
    numbers = {
        name: Values(np.array([np.nan if one is None else one], np.float64), scale)
        for name, one in amounts.items()
    }
    plain = {
        "count": 1.0,
        "given": 1.0 if change.given else 0.0,
        "old_revision": float(change.old_revision),
        "new_revision": float(change.new_revision),
    }
    numbers |= {name: Values(np.array([one])) for name, one in plain.items()}
    return Rows(
        series, np.array([change.recorded_us], np.int64), numbers, {"cause": [change.cause]}
    )
