"""`greenoffice journal ls` and `cat`: what the journal holds, beside a platform at work or without.

Nothing is changed by it, and a page of records is in memory at a time, whatever there is.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from dataclasses import dataclass

from collector.journal import JournalReader, Located, SegmentListed, list_segments
from collector.journal.segment import split_segment
from greenoffice.folder import DataFolder
from greenoffice.stores import open_stores
from metering.errors import InvalidInput, Unavailable
from metering.gateway_life import require_registered
from metering.localtime import iso, parse_instant
from metering.topic_filter import check_filter, matches

PAGE = 500
FOLLOW_S = 0.5
"""Between two looks whether something new has come [s]."""
LATE_US = 600_000_000
"""Records of one journal are out of the order of their arrival by less than this."""
DAY_US = 86_400_000_000


@dataclass(frozen=True)
class RecordsAsked:
    """Which records are told; '' and None are all."""

    gateway: str = ""
    topic: str = ""
    """An MQTT filter."""
    from_us: int | None = None
    to_us: int | None = None
    """Before which they arrived."""
    segment: int | None = None
    limit: int | None = None

    def takes(self, one: Located) -> bool:
        """Whether a record is among them."""
        record = one.record
        return (
            self.gateway in ("", record.gateway)
            and (not self.topic or matches(self.topic, record.route))
            and (self.from_us is None or record.arrived_us >= self.from_us)
            and (self.to_us is None or record.arrived_us < self.to_us)
            and self.segment in (None, one.segment)
        )

    def ends_before(self, one: Located) -> bool:
        """Whether nothing from this record on can be among them."""
        if self.segment is not None and one.segment > self.segment:
            return True
        return self.to_us is not None and one.record.arrived_us >= self.to_us + LATE_US


def wanted(
    gateway: str, topic: str, since: str, until: str, segment: int | None, limit: int | None
) -> RecordsAsked:
    """What was asked for on the command line; InvalidInput where that is no filter or instant."""
    return RecordsAsked(
        gateway,
        check_filter(topic) if topic else "",
        parse_instant(since, "from") if since else None,
        parse_instant(until, "to") if until else None,
        segment,
        limit,
    )


def list_folder(folder: DataFolder) -> Iterator[dict[str, object]]:
    """Each segment, oldest first of each writer; when it will expire where that is known."""
    kept_us = folder.settings().journal.retention_days * DAY_US
    for one in list_segments(folder.journal):
        yield _segment_told(one, kept_us)


def _segment_told(one: SegmentListed, kept_us: int) -> dict[str, object]:
    last_us = one.last_us
    return {
        "writer": one.writer,
        "segment": one.segment,
        "file": one.file or None,
        "state": one.state,
        "messages": one.messages,
        "bytes": one.bytes,
        "first": None if one.first_us is None else iso(one.first_us),
        "last": None if last_us is None else iso(last_us),
        "kept_until": None if last_us is None else iso(last_us + kept_us),
    }


def tell_records(
    folder: DataFolder, asked: RecordsAsked, *, follow: bool = False
) -> Iterator[dict[str, object]]:
    """Records in the order of each writer's journal, one writer after the other; with `follow` on
    and on, from now where neither a segment nor a time is named. A journal that is damaged is told
    up to there and holds up no other: Unavailable comes after what the others have. NotFound where
    nothing came of a gateway that nobody registered."""
    reader, told = JournalReader(folder.journal), 0
    try:
        places = _places(folder, reader, asked, follow)
        for one in _taken(reader, asked, places, follow):
            if told == asked.limit:
                return
            told += 1
            yield record_told(one)
    finally:
        reader.close()
    if not told and asked.gateway:
        require_registered(open_stores(folder).registry.load(), asked.gateway)


def record_told(one: Located) -> dict[str, object]:
    """A record with its place; `text` where its payload is UTF-8, else `base64`."""
    record = one.record
    return {
        "segment": one.segment,
        "offset": one.offset,
        "arrived": None if record.kind == "lost" else iso(record.arrived_us),
        "kind": record.kind,
        "gateway": record.gateway,
        "topic": record.route,
        **payload_told(record.payload),
    }


def payload_told(payload: bytes) -> dict[str, str]:
    """As `text` where it is UTF-8, else as `base64`."""
    try:
        return {"text": payload.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(payload).decode()}


def _places(
    folder: DataFolder, reader: JournalReader, asked: RecordsAsked, follow: bool
) -> dict[int, tuple[int, int]]:
    """Where to begin, by writer. A segment that ended before the time asked for is not read."""
    writers = reader.writers()
    if asked.segment is not None:
        own = split_segment(asked.segment)[0]
        if own not in writers:
            raise InvalidInput(
                "no writer has such a segment",
                field="segment",
                value=asked.segment,
                fix="list them: greenoffice journal ls DATA",
            )
        return {own: (asked.segment, 0)}
    if asked.from_us is None:
        return {n: reader.end(n) if follow else (0, 0) for n in writers}
    begins = dict.fromkeys(writers, (0, 0))
    for one in list_segments(folder.journal):
        if one.last_us is not None and one.last_us < asked.from_us - LATE_US:
            begins[split_segment(one.segment)[0]] = (one.segment + 1, 0)
    return begins


def _taken(
    reader: JournalReader, asked: RecordsAsked, places: dict[int, tuple[int, int]], follow: bool
) -> Iterator[Located]:
    done: set[int] = set()
    while True:
        failed: Unavailable | None = None
        for writer_no in sorted(places.keys() - done):
            try:
                for one in _of_writer(reader, places, writer_no):
                    if asked.ends_before(one):
                        done.add(writer_no)
                        break
                    if asked.takes(one):
                        yield one
            except Unavailable as error:
                failed = error
        if failed is not None:
            raise failed
        if not follow or not places.keys() - done:
            return
        time.sleep(FOLLOW_S)
        if asked.segment is None:
            places.update(dict.fromkeys(set(reader.writers()) - places.keys(), (0, 0)))


def _of_writer(
    reader: JournalReader, places: dict[int, tuple[int, int]], writer_no: int
) -> Iterator[Located]:
    """What a writer has now; `places` moves on behind each page."""
    while page := reader.read(writer_no, *places[writer_no], PAGE):
        yield from page
        places[writer_no] = (page[-1].segment, page[-1].offset + 1)
