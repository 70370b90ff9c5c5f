"""The ledger's books beside those that the second implementation makes of the exported file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple
from datetime import date
from pathlib import Path
from typing import Any

from api.routes.energy import period_json, worth_json
from figures import Figures, energy, periods, worth_of_each
from greenoffice.export_facts import fact_lines, point_name
from metering.book import RULES_VERSION, BookRow, SeriesKey
from metering.localtime import day_bounds, iso
from metering.ports import BookReader
from metering.quantity import ABSENT
from metering.registry import Registry
from proofs.recompute_compare import STEPS, ComparedNumbers, compare, of_answer
from recompute import RecomputedBooks, read_file
from recompute.days import DayFigure
from recompute.story import EventSays

Sent = tuple[int, int, float, int]
"""(point, time, value, first part of the order key)."""
INSTITUTION = "o"


def journal(
    registry: Registry, sent: Iterable[Sent], first: date, after: date, as_of_us: int
) -> Iterator[dict[str, Any]]:
    """The exported file of the institution `o`, line by line."""
    yield {
        "kind": "header",
        "format": "greenoffice-journal-1",
        "institution": INSTITUTION,
        "from": first.isoformat(),
        "to": after.isoformat(),
        "as_of": iso(as_of_us),
        "rules": RULES_VERSION,
        "registry": registry.version,
        "revision": 1,
    }
    yield from fact_lines(registry, INSTITUTION)
    for place, (point, time_us, value, order) in enumerate(sent):
        name = point_name(registry, point).rpartition("/")
        yield {
            "kind": "message",
            "segment": 1,
            "offset": place,
            "arrived": iso(time_us),
            "gateway": name[0],
            "order": [order, place],
            "sha256": "",
            "readings": [[0, name[2], iso(time_us), value, None]],
        }


def sealed(file: Path, lines: Iterable[dict[str, Any]]) -> Path:
    """Lines under their seal."""
    raw = [json.dumps(line).encode() + b"\n" for line in lines]
    digest = hashlib.sha256(b"".join(raw)).hexdigest()
    end = json.dumps({"kind": "end", "lines": len(raw), "sha256": digest}).encode() + b"\n"
    file.write_bytes(b"".join(raw) + end)
    return file


def recomputed(folder: Path, lines: Iterable[dict[str, Any]]) -> RecomputedBooks:
    """The second implementation's books, from the file."""
    return RecomputedBooks.of(read_file(sealed(folder / "journal.jsonl", lines)))


def viewed(books: BookReader, registry: Registry, now_us: int):
    """What the platform tells of its books."""
    return Figures(books, lambda: registry, lambda: now_us).view()


def differing_figures(
    books: BookReader, view: Any, own: RecomputedBooks, steps: Sequence[str] = STEPS
) -> list[str]:
    """Whatever the two implementations tell otherwise: energy, quality, money and events."""
    outcome = ComparedNumbers()
    first, last = own.days[0], own.days[-1]
    for one in own.series():
        key = view.key_of(one.code, one.item)
        for step in steps:
            found = energy(view, key, first, last, step)
            answer = {
                "series": {"item": one.item},
                "data": _told(view, found),
                "remainder": [
                    {"step_min": rest.step_min, "data": _told(view, rest)}
                    for rest in found.remainder
                ],
            }
            name = f"{one.kind} {one.code} {one.item}"
            outcome.add(compare(name, dict(of_answer(step, answer)), own.at(one, step)))
    assert outcome.compared > 0
    return outcome.differing + differing_events(books, own)


def _told(view: Any, found: Any) -> list[dict[str, Any]]:
    worths = worth_of_each(view, found)
    return [
        {**period_json(period, found.zone, found.key.item), **worth_json(worth, found.key.item)}
        for period, worth in zip(periods(found), worths, strict=True)
    ]


def differing_events(books: BookReader, own: RecomputedBooks) -> list[str]:
    """What one of the two alone tells of the registers."""
    days = {}
    for code in own.measured:
        zone = own.facts.zone(own.facts.meters[code].node)
        days[code] = day_bounds(own.days[0], zone)[0], day_bounds(own.days[-1], zone)[1]
    told = {
        (e.meter, e.kind, e.start_us, e.end_us): (e.cost, e.limit, e.value, e.energy)
        for e in books.events(INSTITUTION, 0, 2**62)
        if e.start_us < days[e.meter][1] and e.end_us > days[e.meter][0]
    }
    recomputed = {
        (code, *span): astuple(one.says.get(span, EventSays()))
        for code, one in own.measured.items()
        for span in own.spans(code)
    }
    return [f"event {one}" for one in sorted(told.items() ^ recomputed.items(), key=str)]


def differing_days(books: BookReader, own: RecomputedBooks) -> list[str]:
    """Rows that are not, to the last share, those of the second implementation."""
    rows = books.rows(books.series(INSTITUTION), own.days[0], own.days[-1])
    standing = {(row.key, row.day): row for row in rows}
    found = []
    for one in own.series():
        key = SeriesKey(INSTITUTION, one.kind, one.code, one.item)
        for day in own.days:
            row, figure = standing.pop((key, day), None), own._day(one, day)
            told, wanted = _of_row(row), _of_figure(figure)
            if told != wanted:
                found.append(f"{one.kind} {one.code} {one.item} {day}: {told} / {wanted}")
    left = [f"{key} {day} alone" for (key, day), row in standing.items() if row.total is not None]
    return found + left


def _of_row(row: BookRow | None) -> object:
    if row is None or row.total is None:
        return None
    return (
        row.total,
        tuple(row.day_shares.tolist()),
        tuple(row.spill),
        [
            (
                part.step_min,
                part.meters,
                [None if n == ABSENT else n for n in part.slots.tolist()],
                [tuple(shares) for shares in part.shares.tolist()],
                [tuple(shares) for shares in part.hour_shares.tolist()],
            )
            for part in row.parts
        ],
    )


def _of_figure(one: DayFigure | None) -> object:
    if one is None or one.total is None:
        return None
    return (
        one.total,
        one.shares,
        one.spill,
        [
            (part.step_min, part.meters, list(part.slots), list(part.shares), list(part.hours))
            for part in one.parts
        ],
    )
