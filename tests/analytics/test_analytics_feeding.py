"""From the books to inputs and on to findings: what is found costs what the books say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from analytics import catching_up, find, site_inputs, sites
from analytics.feeding import _is_declared
from figures import Figures, View, costs_of_each, energy
from ledger import Ledger
from metering.book import DirtyMark, RegisterEvent, SeriesKey
from metering.calendar import WorkCalendar
from metering.factor import Factor
from metering.finding import Finding
from metering.intake import GatewayCounts, GatewayStatus
from metering.localtime import (
    HOUR_US,
    MINUTE_US,
    day_bounds,
    days_between,
    iso,
    parse_instant,
    slot_starts,
)
from metering.quality import MISSING, WHOLE
from metering.quantity import ABSENT
from metering.reading import Kind, ReadingColumns
from metering.registry import Installation, Meter, Node, NodeType, Point, Registry, SpaceEdge
from metering.registry.facts.accounts import Account
from metering.registry.facts.charges import Basis, Charge
from metering.registry.facts.limits import DetectionLimit
from metering.registry.facts.office_hours import WorkingHours
from metering.tariff import TariffRow
from metering.validity import Validity
from storage.memory import MemoryBooks, MemoryMarks, MemoryReadings

FIRST, ZONE = date(2026, 3, 2), "Asia/Shanghai"
DAYS = 28
MORNINGS = [date(2026, 3, 23) + timedelta(days=n) for n in range(4)]
"""Monday to Thursday, on whose mornings something runs."""
STEPS = {"fine": 15, "hourly": 60, "daily": 1440}
OUTDOOR = 9


def row(start_min: int, end_min: int, price: str, currency: str = "CNY") -> TariffRow:
    months = frozenset(range(1, 13))
    return TariffRow("t", "01000", months, "all", start_min, end_min, "p", Decimal(price), currency)


HALF_PAST_EIGHT = (row(0, 510, "0.30"), row(510, 1440, "1.00"))


def registry(tariff: Sequence[TariffRow] = HALF_PAST_EIGHT) -> Registry:
    """An institution with one site: a meter of each step, and a thermometer."""
    meters = [
        Meter(code, "s", "01000", step_min=step, max_per_hour=Decimal(60))
        for code, step in STEPS.items()
    ]
    points = [
        *(Point(n, "o/g", m.code, Kind.REGISTER, "kWh") for n, m in enumerate(meters, start=1)),
        Point(OUTDOOR, "o/g", "t", Kind.INSTANT, "C", node="s", role="outdoor_temperature"),
    ]
    return Registry(
        version=1,
        nodes={
            "o": Node("o", NodeType.INSTITUTION, zone=ZONE),
            "s": Node("s", NodeType.SITE),
        },
        space=(SpaceEdge("o", "s"),),
        meters={m.code: m for m in meters},
        points={p.id: p for p in points},
        installations=tuple(Installation(m.code, n) for n, m in enumerate(meters, start=1)),
        tariff=tuple(tariff),
        factors=(Factor("01000", "kgco2", Decimal("0.5306")),),
        calendar=WorkCalendar(),
        more={
            "office_hours": (WorkingHours("o", 11 * 60, 18 * 60),),
            "limit": (DetectionLimit("nights", Decimal(1)),),
        },
    )


class World:
    """Readings, the ledger and its books; the clock stands at noon after the last day."""

    def __init__(self, known: Registry) -> None:
        self.registry, self.marks, self.readings = known, MemoryMarks(), MemoryReadings()
        self.books = MemoryBooks(self.marks)
        self.now_us = day_bounds(FIRST + timedelta(days=DAYS), ZONE)[0] + 12 * HOUR_US

    def push(self, point: int, times: np.ndarray, values: np.ndarray) -> None:
        zeros = np.zeros(len(times), dtype=np.int64)
        rows = ReadingColumns(
            np.full(len(times), point, dtype=np.int64),
            times.astype(np.int64),
            values.astype(np.float64),
            zeros.astype(np.int16),
            zeros,
            np.arange(len(times), dtype=np.int64),
            zeros,
            zeros,
            zeros,
        )
        self.readings.upsert(rows)
        if point < OUTDOOR:
            mark = DirtyMark(point, int(times[0]), int(times[-1]))
            self.marks.mark([mark], writer_no=1, ready=True)

    def use(self, meter: str, slots: np.ndarray, kept: np.ndarray | None = None) -> None:
        """A register that counts so many kWh in each of the meter's slots; all of its readings
        arrive, or those that are kept."""
        step_us = STEPS[meter] * MINUTE_US
        times = day_bounds(FIRST, ZONE)[0] + np.arange(len(slots) + 1) * step_us
        values = np.concatenate([[0.0], np.cumsum(slots)])
        chosen = np.ones(len(times), dtype=bool) if kept is None else kept
        self.push(list(STEPS).index(meter) + 1, times[chosen], values[chosen])

    @contextmanager
    def view(self) -> Iterator[View]:
        def now_us() -> int:
            return self.now_us

        Ledger(self.readings, self.books, self.marks, lambda: self.registry, now_us).step()
        with Figures(self.books, lambda: self.registry, now_us).view() as view:
            yield view


def office(per_hour: int, **morning: float) -> np.ndarray:
    """1 kWh an hour from 11:00 to 18:00 on working days, nothing else; on some mornings so many
    kWh in slots `s<number>`."""
    slots = []
    for day in days_between(FIRST, FIRST + timedelta(days=DAYS - 1)):
        own = np.zeros(24 * per_hour)
        if day.weekday() < 5:
            own[11 * per_hour : 18 * per_hour] = 1.0 / per_hour
        if day in MORNINGS:
            for name, used in morning.items():
                own[int(name[1:])] = used
        slots.append(own)
    return np.concatenate(slots)


def found(view: View, world: World) -> list[Finding]:
    """What wastes where nobody works before eleven."""
    inputs = site_inputs(view, world.readings, "s", history_days=60)
    assert inputs is not None
    return find(inputs)


@pytest.mark.parametrize(
    ("meter", "per_hour", "morning", "wanted"),
    [
        ("hourly", 1, {"s8": 1.0}, "0.65"),
        ("fine", 4, {"s32": 0.25, "s33": 0.25, "s34": 0.25, "s35": 0.25}, "0.65"),
        ("fine", 4, {"s33": 0.25, "s34": 0.75}, "0.825"),
        ("fine", 4, {"s35": 1.0}, "1.00"),
    ],
)
def test_a_finding_costs_what_the_books_say_its_hours_cost(
    meter: str, per_hour: int, morning: dict[str, float], wanted: str
) -> None:
    """1 kWh from 08:00 to 09:00 where nothing was expected; the price turns at 08:30."""
    world = World(registry())
    world.use(meter, office(per_hour, **morning))
    with world.view() as view:
        (finding,) = found(view, world)
        key = SeriesKey("o", "meter", meter, "01000")
        hours = energy(view, key, MORNINGS[0], MORNINGS[-1], "hour")
        booked = dict(zip(hours.start_us.tolist(), costs_of_each(view, hours), strict=True))
    wasted = [one for one in finding.hours if one.waste]
    assert [one.start_us for one in wasted] == [slot_starts(d, ZONE, 60)[8] for d in MORNINGS]
    for one in wasted:
        assert (one.expected, one.measured) == (0, 1_000_000)
        sole = booked[one.start_us].sole
        assert sole is not None
        assert one.costs == (("CNY", sole.amount),) == (("CNY", Decimal(wanted)),)
    assert finding.cost == 4 * Decimal(wanted)
    assert finding.costs == (("CNY", 4 * Decimal(wanted)),)
    assert finding.kgco2 == 4 * Decimal("0.5306")


def test_a_finding_over_two_currencies_has_a_sum_of_each() -> None:
    world = World(registry((row(0, 510, "0.30"), row(510, 1440, "1.00", "EUR"))))
    world.use("fine", office(4, s33=0.25, s34=0.75))
    with world.view() as view:
        (finding,) = found(view, world)
    assert (finding.cost, finding.currency) == (None, "")
    assert finding.costs == (("CNY", Decimal("0.30")), ("EUR", Decimal("3.00")))


def test_a_finding_whose_hours_lack_a_price_has_no_money() -> None:
    for rows in (HALF_PAST_EIGHT[:1], ()):
        world = World(replace(registry(rows), factors=()))
        world.use("fine", office(4, s33=0.25, s34=0.75))
        with world.view() as view:
            (finding,) = found(view, world)
        assert (finding.cost, finding.currency, finding.costs) == (None, "", ())
        assert finding.kgco2 is None
        assert finding.waste == 4.0


def test_inputs_are_the_books_by_the_hour() -> None:
    world = World(registry())
    slots = office(4) + np.arange(DAYS * 96) / 1000
    kept = np.ones(DAYS * 96 + 1, dtype=bool)
    kept[100:130] = False
    world.use("fine", slots, kept)
    world.use("hourly", office(1))
    world.use("daily", np.full(DAYS, 24.0))
    times = day_bounds(FIRST, ZONE)[0] + np.arange(DAYS * 24) * HOUR_US
    warm = np.ones(len(times), dtype=bool)
    warm[30:32] = warm[50:60] = False
    world.push(OUTDOOR, times[warm], np.arange(len(times), dtype=np.float64)[warm])
    with world.view() as view:
        inputs = site_inputs(view, world.readings, "s", history_days=60)
        assert inputs is not None
        books = {
            meter.code: energy(
                view,
                SeriesKey("o", "meter", meter.code, "01000"),
                FIRST,
                FIRST + timedelta(days=DAYS),
                "hour",
            )
            for meter in inputs.meters
        }
    complete = DAYS * 24
    assert [meter.code for meter in inputs.meters] == list(STEPS)
    assert inputs.hours_us.tolist() == books["fine"].start_us.tolist()
    for line, code in enumerate(("fine", "hourly")):
        assert (inputs.energy[line] == books[code].quantity).all()
        assert (inputs.shares[line] == books[code].shares).all()
    assert inputs.energy[1, :complete].sum() == 20 * 7 * 1_000_000
    assert (inputs.energy[2] == ABSENT).all()
    assert (inputs.shares[2, :complete, MISSING] == 0).all()
    assert (inputs.shares[2, complete:, MISSING] == WHOLE).all()
    assert [(event.meter, event.kind) for event in inputs.events] == [("fine", "gap")]
    known = ~np.isnan(inputs.temperature[:complete])
    assert known.tolist() == [not 50 <= n < 60 for n in range(complete)]
    assert inputs.temperature[30] == 30.0
    assert inputs.now_us == world.now_us


def test_a_meter_read_once_a_day_is_never_waste() -> None:
    world = World(registry())
    world.use("daily", np.where(np.arange(DAYS) == 20, 500.0, 7.0))
    with world.view() as view:
        assert found(view, world) == []


def test_the_history_asked_for_bounds_what_is_read() -> None:
    world = World(registry())
    world.use("hourly", office(1))
    with world.view() as view:
        inputs = site_inputs(view, world.readings, "s", history_days=5)
        assert inputs is not None
        assert inputs.hours_us[0] == day_bounds(FIRST + timedelta(days=DAYS - 5), ZONE)[0]


def test_a_site_without_books_has_no_inputs() -> None:
    world = World(registry())
    with world.view() as view:
        assert sites(view.registry) == ["s"]
        assert site_inputs(view, world.readings, "s", history_days=60) is None


@pytest.mark.parametrize(
    ("shift_min", "told"), [(0, False), (-30, False), (-31, True), (31, True), (600, True)]
)
def test_the_window_in_which_a_meter_was_changed_is_no_silence(shift_min: int, told: bool) -> None:
    """A gap that reaches further than two steps beyond the window is one all the same."""
    start, end = (iso(day_bounds(FIRST, ZONE)[0] + hour * HOUR_US) for hour in (14, 16))
    window = f"{start}/{end}"
    known = Registry(
        nodes={"o": Node("o", NodeType.INSTITUTION, zone=ZONE)},
        meters={"m": Meter("m", "o", "01000")},
        installations=(
            Installation("m", 1, valid=Validity(None, FIRST + timedelta(days=1)), ends=window),
            Installation("m", 2, valid=Validity(FIRST, None), starts=window),
        ),
    )
    at, until = (parse_instant(one) for one in (start, end))
    shift_us = shift_min * 60_000_000
    event = RegisterEvent("o", "m", "gap", at + min(shift_us, 0), until + max(shift_us, 0))
    assert _is_declared(known, event) is not told
    assert not _is_declared(known, replace(event, kind="reset"))
    assert not _is_declared(replace(known, installations=(Installation("m", 1),)), event)


def events_of(world: World) -> list[tuple[str, str, int, int]]:
    """(meter, kind, first day, end) of events, in days since the first one."""
    with world.view() as view:
        inputs = site_inputs(view, world.readings, "s", history_days=60)
    assert inputs is not None
    day_us, first_us = 24 * HOUR_US, day_bounds(FIRST, ZONE)[0]
    return [
        (
            one.meter,
            one.kind,
            (one.start_us - first_us) // day_us,
            (one.end_us - first_us) // day_us,
        )
        for one in inputs.events
    ]


def test_what_is_silent_is_a_gap_until_yesterday_whether_or_not_it_comes_back() -> None:
    world = World(registry())
    world.use("hourly", office(1))
    world.use("fine", office(4)[: 96 * 20])
    assert events_of(world) == [("fine", "gap", 20, DAYS)], "the third one was never heard"
    with world.view() as view:
        inputs = site_inputs(view, world.readings, "s", history_days=60)
        assert inputs is not None
        (told,) = [one for one in find(inputs) if one.pattern == "meter_gap"]
    assert (told.meter, told.detail["hours"]) == ("fine", 8 * 24)
    late = np.arange(96 * DAYS + 1) >= 96 * 24
    world.use("fine", office(4), late)
    assert events_of(world) == [("fine", "gap", 20, 24)], "the ledger tells it now"
    world.use("fine", office(4))
    assert events_of(world) == []


@pytest.mark.parametrize(("days", "told"), [(DAYS, []), (DAYS - 1, ["hourly"]), (20, ["hourly"])])
def test_a_day_of_silence_is_told_and_a_night_is_not(days: int, told: list[str]) -> None:
    world = World(registry())
    world.use("hourly", office(1)[: 24 * days])
    assert [one[0] for one in events_of(world)] == told


def test_a_gateway_that_sends_what_it_kept_is_not_silent() -> None:
    world = World(registry())
    world.use("hourly", office(1)[: 24 * 10])
    day_us = 24 * HOUR_US

    def told(arrived_us: int, newest_us: int) -> bool:
        counts = GatewayCounts("o/g", last_arrival_us=arrived_us, last_time_us=newest_us)
        spared = catching_up([GatewayStatus("o/g", counts)], world.now_us)
        with world.view() as view:
            inputs = site_inputs(view, world.readings, "s", history_days=60, spared=spared)
        assert inputs is not None
        return bool(inputs.events)

    lately, long_ago = world.now_us - 1, world.now_us - day_us
    assert not told(lately, long_ago), "it sends what it kept"
    assert told(lately, lately), "another of its meters goes on"
    assert told(long_ago, long_ago), "nothing comes at all"


def test_a_meter_that_no_point_serves_any_more_is_not_silent() -> None:
    world = World(registry())
    end = FIRST + timedelta(days=20)
    taken_out = [
        replace(one, valid=Validity(None, end)) if one.point == 1 else one
        for one in world.registry.installations
    ]
    world.registry = replace(world.registry, installations=tuple(taken_out))
    world.use("hourly", office(1))
    world.use("fine", office(4)[: 96 * 20])
    assert events_of(world) == []


def test_meters_of_a_gateway_that_is_silent_are_one_outage_while_it_lasts() -> None:
    world = World(registry())
    for meter, per_hour in (("hourly", 1), ("fine", 4)):
        world.use(meter, office(per_hour)[: 24 * per_hour * 20])
    with world.view() as view:
        inputs = site_inputs(view, world.readings, "s", history_days=60)
        assert inputs is not None
        told = [one for one in find(inputs) if one.pattern in ("meter_gap", "gateway_silent")]
    (one,) = told
    assert (one.pattern, one.detail["meters"]) == ("gateway_silent", "fine hourly")


def test_a_demand_above_the_contract_of_an_account_is_told_of_the_books() -> None:
    world = World(registry())
    contract = Account("1", "hourly", contract_kw=Decimal("0.9"))
    more = {**world.registry.more, "account": (contract,)}
    world.registry = replace(world.registry, more=more)
    world.use("hourly", office(1))
    with world.view() as view:
        inputs = site_inputs(view, world.readings, "s", history_days=60)
        assert inputs is not None
        (over,) = [one for one in find(inputs) if one.pattern == "demand_over_contract"]
    assert (over.meter, over.detail["days"], over.detail["peak_kw"]) == ("hourly", 20, 1.0)
    assert (over.waste, over.costs) == (0.0, ())


def test_peaks_of_a_year_are_read_where_a_kw_has_a_price() -> None:
    base = registry()
    account = Account("1", "fine", plan="two", contract_kw=Decimal(9))
    charge = Charge("two", "contract", Basis.CONTRACT, Decimal(40))
    dear = {**base.more, "account": (account,), "charge": (charge,)}
    world = World(replace(base, more=dear))
    world.use("fine", office(4))
    with world.view() as view:
        inputs = site_inputs(view, world.readings, "s", history_days=14)
    assert inputs is not None
    (one,) = inputs.billed
    assert one.peaks is not None
    assert one.peaks.year is None, "a month is no year"
    worked = one.peaks.kw[np.isfinite(one.peaks.kw)]
    assert worked.tolist() == [1.0 if day % 7 < 5 else 0.0 for day in range(DAYS)]
    assert set(one.peaks.known.tolist()) >= {96}


def test_heating_and_cooling_are_read_for_a_year_whatever_the_window() -> None:
    base = registry()
    meters = {
        **base.meters,
        "hourly": replace(base.meters["hourly"], item="03000"),
        "fine": replace(base.meters["fine"], item="01B10"),
    }
    points = {**base.points, 2: replace(base.points[2], unit="m3")}
    factors = (Factor("03000", "kgce", Decimal("1.33")),)
    world = World(replace(base, meters=meters, points=points, factors=factors))
    world.use("hourly", office(1))
    world.use("fine", office(4))
    start_us = day_bounds(FIRST, ZONE)[0]
    world.push(OUTDOOR, start_us + np.arange(24 * DAYS) * HOUR_US, np.full(24 * DAYS, 12))
    with world.view() as view:
        inputs = site_inputs(view, world.readings, "s", history_days=14)
        assert inputs is not None
        find(inputs)
    (place,) = inputs.opposed
    assert (place.node, place.meter, place.hours_us.size) == ("s", "hourly", 400 * 24)
    known = np.isfinite(place.heating)
    assert known.sum() > 24 * 20 > 24 * 14
    heat = 1.33 * 29.3076
    assert np.nanmax(place.heating) == pytest.approx(heat)
    assert np.nanmax(place.cooling) == pytest.approx(3.6)
    assert np.nansum(place.outdoor[known]) == pytest.approx(12 * known.sum())


def test_rooms_are_read_by_the_hour_for_the_last_weeks() -> None:
    world = World(registry())
    sensors = [
        Point(OUTDOOR + n, "o/g", f"c{n}", Kind.INSTANT, "ppm", node="s", role="co2", high=5000)
        for n in (1, 2)
    ]
    points = {**world.registry.points, **{one.id: one for one in sensors}}
    world.registry = replace(world.registry, points=points)
    world.use("hourly", office(1))
    start_us = day_bounds(FIRST, ZONE)[0]
    world.push(
        OUTDOOR + 1, start_us + np.arange(48 * DAYS) * 30 * MINUTE_US, np.full(48 * DAYS, 800)
    )
    world.push(OUTDOOR + 2, start_us + np.arange(24 * DAYS) * HOUR_US, np.full(24 * DAYS, 1400))
    with world.view() as view:
        inputs = site_inputs(view, world.readings, "s", history_days=60)
        assert inputs is not None
    (room,) = inputs.sensed
    assert (room.node, room.role, room.meter) == ("s", "co2", "daily")
    known = np.isfinite(room.values)
    assert room.values[known] == pytest.approx(1000.0)
    assert known[: 24 * DAYS].sum() == 24 * DAYS - (len(known) - 24 * 28 - 1)


def test_each_role_is_read_over_its_window_and_in_its_way() -> None:
    world = World(registry())
    points = [
        Point(OUTDOOR + 1, "o/g", "rh", Kind.INSTANT, "%", node="s", role="outdoor_humidity"),
        Point(OUTDOOR + 2, "o/h", "ia", Kind.INSTANT, "A", node="s", role="current_a"),
        Point(OUTDOOR + 3, "o/h", "kWh", Kind.REGISTER, "kWh"),
        Point(OUTDOOR + 4, "o/h", "on", Kind.STATE, "1", node="s", role="compressor"),
    ]
    known = {**world.registry.points, **{one.id: one for one in points}}
    served = (*world.registry.installations, Installation("hourly", OUTDOOR + 3))
    world.registry = replace(world.registry, points=known, installations=served)
    world.use("hourly", office(1))
    times = day_bounds(FIRST, ZONE)[0] + np.arange(24 * DAYS) * HOUR_US
    world.push(OUTDOOR + 1, times, np.full(24 * DAYS, 60))
    world.push(OUTDOOR + 2, times, np.full(24 * DAYS, 8))
    changes = times[0] + np.arange(24 * DAYS * 12) * 5 * MINUTE_US
    world.push(OUTDOOR + 4, changes, np.arange(changes.size) % 2)
    with world.view() as view:
        inputs = site_inputs(view, world.readings, "s", history_days=60)
        assert inputs is not None
    assert inputs.humidity is not None
    phase, compressor = inputs.sensed
    assert (compressor.role, compressor.values[24 * DAYS - 1]) == ("compressor", 6.0)
    assert (phase.role, phase.meter) == ("current_a", "hourly")
    assert (inputs.humidity[: 24 * DAYS] == 60.0).all()
    assert (phase.values[: 24 * DAYS] == 8.0).all()
