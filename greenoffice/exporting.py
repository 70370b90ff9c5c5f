"""`greenoffice export journal`: one file from which a stranger can compute the books again.

journal ─▶ decoded as a rebuild would ─▶ the institution's readings, message by message
registry ─▶ dated rows                      │
                                            ▼
                                 lines of JSON, sealed by a SHA-256 over all of them
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import math
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import IO

import numpy as np

from collector import JournalReader
from collector.intake.decoding import Received
from collector.intake.redelivery import key_of
from collector.intake.resolve import Resolver
from greenoffice.assembly import decoding_by_clocks
from greenoffice.evidence_files import EvidenceFiles
from greenoffice.export_facts import Fields, fact_lines, point_name, points_of
from greenoffice.folder import DataFolder
from greenoffice.saying import say
from greenoffice.stores import open_readings, open_stores
from metering.book import RULES_VERSION
from metering.bookhash import book_hash
from metering.errors import Conflict, InvalidInput, NotFound
from metering.localtime import day_bounds, iso
from metering.ports import ReadingStore
from metering.reading import Flag
from metering.registry import NodeType, Registry
from metering.statement import Statement
from storage import Stores

FORMAT = "greenoffice-journal-1"
MARGIN = timedelta(days=560)
"""Readings so long before and after the days asked can decide on them: two stretches of 180 days
in which a story may be cut, the longest detour, and the months that count into a limit."""
PAGE, PAGE_DAYS = 500, 31


@dataclass(frozen=True)
class Span:
    """The days that are exported."""

    first: date
    after: date
    """The day behind the last one."""

    @classmethod
    def of(cls, first: str, after: str) -> Span:
        """From two dates; InvalidInput where one is none, or they are in the wrong order."""
        days = [_day(first, "--from"), _day(after, "--to")]
        if days[0] >= days[1]:
            raise InvalidInput(
                "the range ends before it starts",
                field="--to",
                value=after,
                fix=f"a day after {first}; it is the first day that is left out",
            )
        return cls(*days)

    def readings_us(self, zone: str) -> tuple[int, int]:
        """[start, end) of the readings that belong to it, the margin included [us UTC]."""
        start = day_bounds(max(self.first - MARGIN, date(1970, 1, 2)), zone)[0]
        return start, day_bounds(min(self.after + MARGIN, date(9998, 1, 1)), zone)[1]


@dataclass
class _Sealed:
    """Lines into a file, counted and hashed as they are written."""

    into: IO[bytes]
    lines: int = 0
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)

    def write(self, fields: Fields) -> None:
        text = json.dumps(fields, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        line = text.encode() + b"\n"
        self.into.write(line)
        self.digest.update(line)
        self.lines += 1

    def close(self) -> str:
        """Write the seal; its hash."""
        found = self.digest.hexdigest()
        self.write({"kind": "end", "lines": self.lines, "sha256": found})
        self.into.flush()
        os.fsync(self.into.fileno())
        return found


def export_journal(
    data: Path, institution: str, first: str, after: str, target: Path
) -> dict[str, object]:
    """Write the file and say what is in it; nothing of it is there before all of it is.

    Beside a running platform too, unless the journal's first segments have expired: what was kept
    of them is asked of the readings, which belong to one process. NotFound for an unknown
    institution, Conflict for a file that is there already.
    """
    folder, span = DataFolder(data.absolute()), Span.of(first, after)
    stores = open_stores(folder)
    registry = stores.registry.load()
    _check(registry, institution, target)
    part = target.with_name(f".{target.name}.part")
    export = _Export(folder, stores, registry, institution, span)
    try:
        with part.open("xb") as into:
            told = export.write(_Sealed(into))
        os.link(part, target)
    except FileExistsError as taken:
        raise _taken(Path(taken.filename2 or taken.filename)) from None
    finally:
        with suppress(FileNotFoundError):
            if export.began:
                part.unlink()
    return {"file": str(target), **told}


def _check(registry: Registry, institution: str, target: Path) -> None:
    known = [n.code for n in registry.nodes.values() if n.type is NodeType.INSTITUTION]
    if institution not in known:
        raise NotFound(
            "no such institution",
            field="--institution",
            value=institution,
            fix=f"one of {', '.join(sorted(known))}",
        )
    if target.exists():
        raise _taken(target)
    if not target.absolute().parent.is_dir():
        raise NotFound(
            "no such folder",
            field="FILE",
            value=str(target.parent),
            fix="make the folder first, or name another one",
        )


def _taken(file: Path) -> Conflict:
    return Conflict(
        "the file is there already",
        field="FILE",
        value=str(file),
        fix="name a new file, or move this one away",
    )


def _day(text: str, name: str) -> date:
    try:
        day = date.fromisoformat(text)
        for edge in (day - MARGIN, day + MARGIN):
            day_bounds(edge, "UTC")  # raises where there are no such instants
        return day
    except (ValueError, OverflowError):
        raise InvalidInput(
            "not a date", field=name, value=text, fix="YYYY-MM-DD, such as 2026-10-01"
        ) from None


@dataclass
class _Export:
    folder: DataFolder
    stores: Stores
    registry: Registry
    institution: str
    span: Span
    began: bool = False
    _readings: int = 0
    _messages: int = 0
    _stored: int = 0
    _evidence: set[str] = field(default_factory=set)

    def write(self, out: _Sealed) -> dict[str, object]:
        """All of the file; what was counted on the way."""
        self.began = True
        zone = self.registry.zone(self.institution)
        self._window = self.span.readings_us(zone)
        self._points = points_of(self.registry, self.institution)
        out.write(self._header(zone))
        for fact in fact_lines(self.registry, self.institution):
            out.write(fact)
        journal = JournalReader(self.folder.journal)
        try:
            for line in itertools.chain(self._expired(journal), self._told(journal)):
                out.write(line)
        finally:
            journal.close()
        return {
            "institution": self.institution,
            "readings": self._readings,
            "messages": self._messages,
            "stored": self._stored,
            "sha256": out.close(),
        }

    def _header(self, zone: str) -> Fields:
        books = self.stores.books
        return {
            "kind": "header",
            "format": FORMAT,
            "institution": self.institution,
            "from": self.span.first.isoformat(),
            "to": self.span.after.isoformat(),
            "zone": zone,
            "as_of": iso(self.folder.clock().now_us()),
            "readings_from": iso(self._window[0]),
            "readings_to": iso(self._window[1]),
            "rules": RULES_VERSION,
            "registry": self.registry.version,
            "revision": books.revision(self.institution),
            "book_hash": book_hash(books, institution=self.institution),
            "unbooked_marks": self.stores.marks.waiting(),
        }

    def _told(self, journal: JournalReader) -> Iterator[Fields]:
        """Every message of the journal that has readings of the institution in the window."""
        read = decoding_by_clocks(self.folder.settings(), self.stores.intake)
        resolver = Resolver(self.registry)
        for writer_no in journal.writers():
            segment, offset = 0, 0
            while page := journal.read(writer_no, segment, offset, PAGE):
                for segment, offset, record in page:
                    yield from self._message(read.read(segment, offset, record, resolver), resolver)
                offset += 1

    def _message(self, one: Received, resolver: Resolver) -> Iterator[Fields]:
        if not any(slot >= 0 for slot in one.slots):
            return
        point = resolver.table().point
        found, names = one.found, []
        for row, slot in enumerate(one.slots):
            time = one.record.arrived_us if found.times[row] is None else found.times[row]
            inside = time is not None and self._window[0] <= time < self._window[1]
            if slot >= 0 and inside and int(point[slot]) in self._points:
                names.append(row)
        if not names:
            return
        key = key_of(one) if one.is_untimed else None
        yield from self._shown(one.statement)
        self._messages += 1
        self._readings += len(names)
        yield {
            "kind": "message",
            "segment": one.segment,
            "offset": one.offset,
            "arrived": iso(one.record.arrived_us),
            "gateway": one.gateway,
            "order": list(one.order_key()),
            "sha256": hashlib.sha256(one.record.payload).hexdigest(),
            "whole": len(names) == len(one.slots),
            **({} if key is None else _delivery(one, key)),
            **({} if one.statement is None else {"statement": _stated(one.statement)}),
            "readings": [
                [
                    found.index[row],
                    found.points[row],
                    None if (at := found.times[row]) is None else iso(at),
                    None if math.isnan(found.values[row]) else found.values[row],
                    found.units[row],
                ]
                for row in names
                if not math.isinf(found.values[row])
            ],
        }

    def _shown(self, statement: Statement | None) -> Iterator[Fields]:
        """The files that a statement names, each once, before the first message that does."""
        for file in () if statement is None else statement.said.get("evidence", ()):
            sha256 = str(file["sha256"])
            if sha256 not in self._evidence:
                self._evidence.add(sha256)
                content = EvidenceFiles(self.folder.evidence).content(sha256)
                yield {
                    "kind": "evidence",
                    "sha256": sha256,
                    "media": file["media"],
                    "base64": base64.b64encode(content).decode(),
                }

    def _expired(self, journal: JournalReader) -> Iterator[Fields]:
        """Readings whose messages the journal holds no more, as they were kept."""
        there = journal.segments()
        if not any(number & 0xFFFFFF > 1 for number in _firsts(there)):
            return
        readings = open_readings(self.folder)
        try:
            for point in sorted(self._points):
                yield from self._kept(readings, point, there)
        finally:
            readings.close()

    def _kept(self, readings: ReadingStore, point: int, there: list[int]) -> Iterator[Fields]:
        page = PAGE_DAYS * 86_400_000_000
        name = point_name(self.registry, point)
        for start in range(*self._window, page):
            rows = readings.scan([point], start, min(start + page, self._window[1]))
            for n in np.flatnonzero(~np.isin(rows.segment, there)).tolist():
                self._stored += 1
                yield {
                    "kind": "stored",
                    "point": name,
                    "time": iso(int(rows.time_us[n])),
                    "value": float(rows.value[n]),
                    "order": [int(rows.order_hi[n]), int(rows.order_lo[n])],
                    "out_of_range": bool(int(rows.flag[n]) & Flag.OUT_OF_RANGE),
                }


def _firsts(segments: list[int]) -> list[int]:
    """The first segment of each writer."""
    firsts: dict[int, int] = {}
    for number in segments:
        firsts.setdefault(number >> 24, number)
    return list(firsts.values())


def _stated(one: Statement) -> Fields:
    return {
        "id": one.id,
        "kind": one.kind,
        "meter": one.subject,
        "of": one.of,
        "said": one.said,
        "entered_by": one.entered_by,
    }


def _delivery(one: Received, key: tuple[str, str]) -> Fields:
    again = one.found.session is not None or one.record.dup
    return {"delivery": f"{key[0]} {key[1]}", "delivered_again": again}


def tell(told: dict[str, object]) -> None:
    """What was exported, for people."""
    say(f"{told['readings']} readings of {told['messages']} messages in {told['file']}")
