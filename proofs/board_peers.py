"""What InfluxDB can be asked that a panel shows, and its answers beside ours.

It holds the energy of each interval of each meter, with tags of meter, building, item and wide
item: what somebody would write who has no books. A statement is the fastest one known for the
numbers.
"""

from __future__ import annotations

import http.client
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from math import isclose
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import psutil

from greenoffice.stores import open_stores
from metering.book import SeriesKey
from metering.localtime import HOUR_US, MINUTE_US, day_bounds, day_of_number
from metering.quantity import ABSENT
from metering.registry import Meter
from proofs.bench_campus import A_BUILDING, A_DAY, BODY, ZONE
from proofs.board_books import ALL, AREA_M2, KGCO2, BoardBooks, priced_campus
from proofs.ingest.scene import wanted
from proofs.servers.influx import OwnServer, found
from proofs.steps import say
from storage.influx.address import InfluxAddress
from texts import word

QUARTER_US: Final = 15 * MINUTE_US
DAYS_AT_ONCE = 5
_STATEMENT = re.compile(
    r'SELECT (?P<shown>.+?) FROM "(?P<source>\w+)" WHERE (?P<where>.+?)'
    r"(?: GROUP BY (?P<group>.+?))?(?: tz\(.*\))?$"
)
_NAMED = re.compile(r'"(node|meter|item)_(?:en|zh)"')
Told = dict[tuple[str, int], float]
"""Values by tag and time [ms]; the time is 0 where none is grouped by."""


@dataclass(frozen=True)
class PeerStatement:
    """A statement for InfluxDB, and what its answer means."""

    text: str
    bucket_us: int
    """Of time; 0 where nothing is grouped by it."""
    value: Callable[[float], float]
    name: Callable[[str], str] = str
    """How we call what it groups by."""
    by_hour: bool = False
    """Whether we tell the hour as a tag."""


def peer_of(
    query: str, span: tuple[int, int], buildings: int, language: str
) -> PeerStatement | str:
    """The statement for the numbers of a panel in a range [ms]; else why there is none."""
    said = _STATEMENT.match(query)
    if said is None or said["source"] not in ("energy", "meters"):
        return "InfluxDB has no such thing beside energy"
    if '"hours"' in said["where"]:
        return "InfluxQL knows no office hours"
    shown = said["shown"].replace('"', "")
    if "cost" in shown:
        return "InfluxQL knows no prices"
    if '"role"' in said["where"]:
        return "the campus has no data centre"
    group = _NAMED.sub(r"\1", said["group"] or "").replace('"', "")
    within = f"time >= {span[0]}ms AND time <= {span[1]}ms"
    sums = f"SELECT sum(v) FROM e WHERE i = '{ALL}' AND {within}"  # noqa: S608
    named = sums.replace("sum(v)", "sum(v) AS s")
    zone = f"tz('{ZONE}')"
    kwh = _times(1e-6)
    carbon = _times(float(KGCO2) * 1e-6)
    known: Mapping[tuple[str, str], PeerStatement] = {
        ("sum(kwh)", ""): PeerStatement(sums, 0, kwh),
        ("sum(kgco2) / 1000", ""): PeerStatement(sums, 0, _times(float(KGCO2) * 1e-9)),
        ("sum(kwh)", "time(1d)"): _daily(f"{sums} GROUP BY time(1d) {zone}", kwh),
        ("sum(kgco2)", "time(1d)"): _daily(f"{sums} GROUP BY time(1d) {zone}", carbon),
        ("mean(known)", "time(1d)"): _daily(
            f"{sums.replace('sum', 'count')} GROUP BY time(1d) {zone}",
            _times(1 / (A_DAY * buildings)),
        ),
        ("min(power)", "time(1d)"): _daily(
            f"SELECT min(s) FROM ({named} GROUP BY time(15m)) WHERE {within} "  # noqa: S608
            f"GROUP BY time(1d) {zone}",
            _times(4e-6),
        ),
        ("mean(power)", "time(1d), hour"): PeerStatement(
            f"{sums} GROUP BY time(1h) {zone}", HOUR_US, kwh, by_hour=True
        ),
        ("mean(power)", "time(15m), node"): PeerStatement(
            f"{sums} GROUP BY time(15m), b fill(none) {zone}", QUARTER_US, _times(4e-6)
        ),
        ("sum(per_m2)", "node"): PeerStatement(f"{sums} GROUP BY b", 0, _times(1e-6 / AREA_M2)),
        ("1 - mean(measured)", "time(6h), meter"): PeerStatement(
            f"SELECT count(v) FROM e WHERE {within} GROUP BY time(6h), m {zone}",  # noqa: S608
            6 * HOUR_US,
            lambda count: 1 - count / 24,
        ),
        **{
            (f"sum({field})", "item"): PeerStatement(
                f"SELECT sum(v) FROM e WHERE i != '{ALL}' AND {within} GROUP BY s",  # noqa: S608
                0,
                scaled,
                lambda item: word("item", item, language),
            )
            for field, scaled in (("kwh", kwh), ("kgco2", carbon))
        },
    }
    return known.get((shown, group), "InfluxDB keeps values, and not how much of the time is known")


def _times(factor: float) -> Callable[[float], float]:
    return lambda value: value * factor


def _daily(text: str, value: Callable[[float], float]) -> PeerStatement:
    return PeerStatement(text, 24 * HOUR_US, value)


def disagreement(ours: bytes, theirs: bytes, peer: PeerStatement, span: tuple[int, int]) -> str:
    """What the two answers tell otherwise, of buckets that lie in the range [ms]; '' where they
    agree in some."""
    own, other = _ours(ours, peer), _theirs(theirs, peer)
    length = peer.bucket_us // 1000
    inside = [
        place
        for place in other
        if not length or (span[0] <= place[1] and place[1] + length <= span[1])
    ]
    for place in inside:
        mine = own.get(place)
        if mine is None or not isclose(mine, other[place], rel_tol=1e-9, abs_tol=1e-6):
            return f"{place}: {mine}, InfluxDB {other[place]}"
    return "" if inside else "nothing to compare"


def _ours(answer: bytes, peer: PeerStatement) -> Told:
    told: Told = {}
    for one in _series(answer):
        tag = next(iter(one.get("tags", {"": ""}).values()))
        for at, value in one["values"]:
            if value is None:
                continue
            if peer.by_hour:
                told["", at + int(tag) * 3_600_000] = value
            else:
                told[tag, at if peer.bucket_us else 0] = value
    return told


def _theirs(answer: bytes, peer: PeerStatement) -> Told:
    return {
        (peer.name(tag) if tag else "", at if peer.bucket_us else 0): peer.value(value)
        for one in _series(answer)
        for tag in one.get("tags", {"": ""}).values()
        for at, value in one["values"]
        if value is not None
    }


def _series(answer: bytes) -> list[Any]:
    (result,) = json.loads(answer)["results"]
    return list(result.get("series", []))


class PeerDatabase:
    """An InfluxDB with the intervals of the books."""

    def __init__(self, root: Path, books: BoardBooks) -> None:
        self._server = OwnServer(root, 2 if found(2) else 1)
        self._address, _ = self._server.bucket("bench", wanted())
        self.version = self._server.version
        to = urlsplit(self._server.own_url)
        self._line = http.client.HTTPConnection(to.hostname or "", to.port, timeout=600)
        begun = time.monotonic()
        self.points = sum(self._write(lines) for lines in _lines(books))
        self.loaded_s = round(time.monotonic() - begun, 1)
        self._rest()
        say(f"InfluxDB {self.version} has {self.points} points after {self.loaded_s} s")

    def ask(self, statement: str) -> bytes:
        """The body of an answer, times in milliseconds."""
        asked = urlencode({"db": self._address.bucket, "epoch": "ms", "q": statement})
        self._line.request("GET", f"/query?{asked}", headers=_headers(self._address))
        answer = self._line.getresponse()
        body = answer.read()
        assert answer.status == 200, body[:300]
        return body

    def _write(self, lines: list[str]) -> int:
        where = f"/write?{urlencode({'db': self._address.bucket, 'precision': 's'})}"
        self._line.request("POST", where, "\n".join(lines).encode(), _headers(self._address))
        answer = self._line.getresponse()
        told = answer.read()
        assert answer.status == 204, told[:300]
        return sum(one.count("\n") + 1 for one in lines)

    def _rest(self, calm_s: float = 3.0, patience_s: float = 300.0) -> None:
        """Wait until it has put its files together, so that this does not slow its answers."""
        process, until = psutil.Process(self._server.pid), time.monotonic() + patience_s
        while time.monotonic() < until and process.cpu_percent(calm_s) > 5:
            pass

    def stop(self) -> None:
        """End the server."""
        self._line.close()
        self._server.stop()


def _headers(address: InfluxAddress) -> dict[str, str]:
    return {"Authorization": f"Token {address.token}"} if address.token else {}


def _lines(books: BoardBooks) -> Iterator[list[str]]:
    """Line protocol of all intervals, some thousand lines at a time."""
    meters = priced_campus(len(books.meters)).meters
    keys = [SeriesKey(BODY, "meter", one.code, one.item) for one in meters.values()]
    heads = [f"e,{_tags(n, one)} v=" for n, one in enumerate(meters.values())]
    with closing(open_stores(books.folder)) as stores, stores.books.at_rest() as reader:
        first = books.first
        while first <= books.last:
            last = min(books.last, first + timedelta(days=DAYS_AT_ONCE - 1))
            found = reader.columns(keys, first, last, priced=False)
            for part in found.parts:
                series = found.days.series[part.row].tolist()
                days = found.days.day[part.row].tolist()
                starts = [day_bounds(day_of_number(day), ZONE)[0] // 1_000_000 for day in days]
                lines = [
                    _row(heads[n], start, slots)
                    for n, start, slots in zip(series, starts, part.slots.tolist(), strict=True)
                ]
                yield from (lines[at : at + 200] for at in range(0, len(lines), 200))
            first = last + timedelta(days=1)


def _tags(place: int, meter: Meter) -> str:
    wide = meter.item[:3] + "00"
    return f"b=b{place // A_BUILDING},i={meter.item},m={meter.code},s={wide}"


def _row(head: str, start_s: int, slots: list[int]) -> str:
    return "\n".join(
        f"{head}{quantity}i {start_s + n * 900}"
        for n, quantity in enumerate(slots)
        if quantity != ABSENT
    )
