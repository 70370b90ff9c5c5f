"""A platform in memory that is told a world bit by bit, with a ledger beside it."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from fastapi.testclient import TestClient

from api.app import create_app
from api.platform import Platform
from figures import Figures
from ledger import Ledger
from metering.access import Role
from metering.book import DirtyMark
from metering.bookhash import book_hash, worth_hash
from metering.localtime import HOUR_US, day_bounds
from metering.reading import Kind, ReadingColumns
from metering.registry import (
    Gateway,
    Installation,
    Meter,
    MeterFormula,
    Node,
    NodeType,
    Point,
    Registry,
    SpaceEdge,
    SupplyEdge,
    Validity,
)
from proofs.dated.formulas import named, text_of
from proofs.dated.world import DAYS, HOURS, Bit, DatedMeter, DatedWorld, DayNumbers
from proofs.quiet_platform import quiet_platform
from storage import MemoryReadings, memory_stores

FIRST = date(2026, 11, 9)
GATEWAY = "hub/g"
MOST_KWH = Decimal(1)
"""No meter passes more in an hour. A limit that is learned from some quiet days would call the next
day's load a fault, which is no matter of dates."""
BY = "dated"


def day_of(number: int) -> date:
    """The local day of a number."""
    return FIRST + timedelta(days=number)


def valid(dates: DayNumbers) -> Validity:
    """The same days as the registry says them."""
    start, end = (None if one is None else day_of(one) for one in (dates.start, dates.end))
    return Validity(start, end)


@dataclass
class ToldPlatform:
    """Stores, a ledger and an API."""

    world: DatedWorld
    known: set[Bit] = field(default_factory=set)
    _keys: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.stores, self.readings = memory_stores(), MemoryReadings()
        self.start_us = day_bounds(FIRST, self.world.zone)[0]
        self.now_us = day_bounds(day_of(DAYS + 1), self.world.zone)[0] + 12 * HOUR_US
        self._cached: tuple[int, Registry] | None = None
        self.restart()
        self._apply(_base(self.world))
        self._client: TestClient | None = None

    @property
    def client(self) -> TestClient:
        """A client of the API, whose loop runs until `close`."""
        if self._client is None:
            made = TestClient(create_app(self._platform()), client=("127.0.0.1", 50_000))
            self._client = made.__enter__()
        return self._client

    def close(self) -> None:
        """End the client's loop."""
        if self._client is not None:
            self._client.__exit__()

    def registry(self) -> Registry:
        """The registry as it stands, the same object for as long as it does."""
        version = self.stores.registry.version()
        if self._cached is None or self._cached[0] != version:
            self._cached = (version, self.stores.registry.load())
        return self._cached[1]

    def restart(self) -> None:
        """A process that knows nothing takes over."""
        stores = self.stores
        self.ledger = Ledger(
            self.readings, stores.books, stores.marks, self.registry, lambda: self.now_us
        )

    def tell(self, bits: Iterable[Bit]) -> None:
        """Some bits at once: readings, then what is registered, in one import."""
        for bit in bits:
            self.known.add(bit)
            if bit.kind == "readings":
                self._push(bit)
        self._apply(self._registered())

    def settle(self) -> None:
        """Book until nothing waits."""
        while self.stores.marks.waiting():
            self.ledger.step()

    def rebuilt(self) -> ToldPlatform:
        """The same world told at once in fresh stores, and booked by a rebuild."""
        other = type(self)(self.world)
        other.known = set(self.known)
        other._apply(other._registered())
        for bit in sorted(self.known, key=repr):
            if bit.kind == "readings":
                other._push(bit)
        other.ledger.rebuild()
        other.settle()
        return other

    def hashes(self) -> tuple[str, str]:
        """Of energy, and of what it is worth."""
        return book_hash(self.stores.books), worth_hash(self.stores.books)

    def events(self) -> list[object]:
        """What was found on registers, by institution."""
        bodies = [code for code, kind in self.world.nodes.items() if kind == "institution"]
        return [e for body in (*bodies, "") for e in self.stores.books.events(body, 0, 2**62)]

    def get(self, path: str, key: str, **params: object) -> tuple[int, dict[str, object]]:
        """(status, answer) of a question by the key of a place; '' is everybody's."""
        given = {name: str(value) for name, value in params.items()}
        answer = self.client.get(path, params=given, headers={"X-API-Key": self._key(key)})
        return answer.status_code, answer.json()

    def influx(self, query: str, key: str) -> list[dict[str, object]]:
        """The series of one statement."""
        answer = self.client.post(
            "/influx/query?epoch=ms",
            data={"q": query},
            headers={"Authorization": f"Token {self._key(key)}"},
        )
        found: list[dict[str, object]] = answer.json()["results"][0].get("series", [])
        return found

    def _key(self, node: str) -> str:
        if node not in self._keys:
            self._keys[node] = self.stores.access.create_key(
                node or "all", node, Role.READ, actor=BY, now_us=self.now_us
            )
        return self._keys[node]

    def _apply(self, wanted: Registry) -> None:
        self.stores.registry.apply(wanted, actor=BY, now_us=self.now_us)

    def _push(self, bit: Bit) -> None:
        place = next(n for n, one in enumerate(self.world.meters) if one.code == bit.name)
        rows = list(_rows(self.world.meters[place], place + 1, bit.hours, self.start_us))
        if rows:
            self.readings.upsert(ReadingColumns.of(rows))
            mark = DirtyMark(place + 1, int(rows[0][1]), int(rows[-1][1]))
            self.stores.marks.mark([mark], writer_no=1, ready=True)

    def _registered(self) -> Registry:
        """What the bits so far say."""
        edges = [edge for code in self.world.chains for edge in self.edges(code)]
        meters = {}
        for number, one in enumerate(self.world.meters):
            if (dates := self._dates("meter", number, one.dates)) is not None:
                meters[one.code] = Meter(
                    one.code,
                    one.node,
                    one.item,
                    total=one.total,
                    max_per_hour=MOST_KWH,
                    valid=valid(dates),
                )
        feeds = [
            SupplyEdge(one.upper, one.lower, valid(dates))
            for number, one in enumerate(self.world.feeds)
            if {one.upper, one.lower} <= meters.keys()
            and (dates := self._dates("feed", number, one.dates)) is not None
        ]
        made = {one.meter for one in self.world.formulas}
        served = [
            Installation(one.code, number)
            for number, one in enumerate(self.world.meters, start=1)
            if one.code in meters and one.code not in made
        ]
        return Registry(
            nodes=_base(self.world).nodes,
            gateways=_base(self.world).gateways,
            points=_base(self.world).points,
            space=tuple(edges),
            meters=meters,
            supply=tuple(feeds),
            installations=tuple(served),
            formulas=tuple(self._formulas(meters.keys())),
        )

    def _formulas(self, meters: Collection[str]) -> Iterator[MeterFormula]:
        """Those that are told, of meters that are: a draft is open until a later one is told."""
        known = {
            number: self._told("formula", number) for number in range(len(self.world.formulas))
        }
        for number, dated in known.items():
            one = self.world.formulas[number]
            done = one.done if dated else one.draft
            if dated is None or not {one.meter, *named(done)} <= set(meters):
                continue
            later = [
                start
                for n, other in enumerate(self.world.formulas)
                if n > number and other.meter == one.meter and known[n] is not None
                if (start := other.dates.start) is not None
            ]
            dates = one.dates if dated else DayNumbers(one.dates.start, min(later, default=None))
            yield MeterFormula(one.meter, text_of(done), valid(dates))

    def _told(self, kind: str, number: int) -> bool | None:
        """True where it is told as it is, False as it was before that; None where it is not."""
        if Bit(kind, "", number) in self.known:
            return True
        return False if Bit(kind, "", number, dated=False) in self.known else None

    def edges(self, code: str) -> Iterator[SpaceEdge]:
        """The place's edges that are told: one is open until its end is told, or a later one."""
        chain = self.world.chains[code]
        told = [n for n in range(len(chain)) if self.bits_of(code, n) & self.known]
        for number in told:
            one = chain[number]
            ends = Bit("edge", code, number) in self.known or number < told[-1]
            yield SpaceEdge(
                one.upper, code, valid=valid(one.dates if ends else DayNumbers(one.dates.start))
            )

    def bits_of(self, code: str, number: int) -> set[Bit]:
        """The bits that tell a place's nth edge."""
        return {Bit("edge", code, number, dated) for dated in (True, False)}

    def _dates(self, kind: str, number: int, dates: DayNumbers) -> DayNumbers | None:
        """As they are told so far; of a feeder its start is what it is known by."""
        told = self._told(kind, number)
        if told is None or told:
            return None if told is None else dates
        return DayNumbers(dates.start if kind == "feed" else None)

    def _platform(self) -> Platform:
        figures = Figures(self.stores.books, self.registry, lambda: self.now_us)
        return quiet_platform(
            self.stores, self.readings, figures, self.registry, lambda: self.now_us
        )


def _base(world: DatedWorld) -> Registry:
    kinds = world.nodes.items()
    nodes = {code: Node(code, NodeType(kind), zone=world.zone) for code, kind in kinds}
    hub = Node("hub", NodeType.PROVINCE, zone=world.zone)
    points = {
        n: Point(n, GATEWAY, f"{n:03}", Kind.REGISTER, "kWh")
        for n in range(1, len(world.meters) + 1)
    }
    gateways = {GATEWAY: Gateway("hub", "g")}
    return Registry(nodes={**nodes, "hub": hub}, gateways=gateways, points=points)


def _rows(
    meter: DatedMeter, point: int, hours: tuple[int, int], start_us: int
) -> Iterator[tuple[int, int, float, int, int, int, int, int, int]]:
    value = 0
    for hour in range(min(hours[1], DAYS * HOURS + 1)):
        if hour >= hours[0]:
            yield (point, start_us + hour * HOUR_US, value / 1000, 0, 0, hour, 0, 0, 0)
        if hour < DAYS * HOURS:
            value += meter.loads[hour // HOURS]


def told(
    world: DatedWorld,
    found: list[Bit],
    chance: random.Random,
    of: type[ToldPlatform] = ToldPlatform,
) -> Iterator[ToldPlatform]:
    """The platform after each of some pieces of bits, booked or not; at last all is booked."""
    one, left = of(world), list(found)
    while left:
        size = chance.randint(1, max(1, len(found) // 3))
        piece, left = left[:size], left[size:]
        one.tell(piece)
        if chance.random() < 0.2:
            one.restart()
        if chance.random() < 0.7:
            one.settle()
            yield one
    one.settle()
    yield one
